// The worker's side of quota folders (weakenings/quota_folders.h), for code that runs locked down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "sandbox/descriptor.h"

namespace firebreak::sandbox {

// To be asked at the beginning of a worker's life, before lockdown.
bool has_quota_folders();

enum class Stored {
    kAll,
    kFull,  // there is no room for it, and nothing of it is there
};

inline constexpr auto kLogName = "log";

// At the end of the file kLogName in the log folder. Errors: a system call failed.
base::Result<Stored> append_to_log(std::string_view text);

// A file in the folder for large objects. Its end removes it; if the worker is killed before, it is
// left over.
class LargeObject {
  public:
    // Empty. nullopt: the folder has no room for another file. Errors: one of that name has been
    // left over; the name is not a plain one; a system call failed.
    static base::Result<std::optional<LargeObject>> create(const std::string& name);
    LargeObject(LargeObject&& other) noexcept;
    LargeObject& operator=(LargeObject&&) noexcept = delete;
    ~LargeObject();

    uint64_t size() const { return size_; }
    // Errors: a system call failed.
    base::Result<Stored> append(base::ByteView bytes);
    // How many bytes there are from there on, at most as many as fit. Errors: a system call failed.
    base::Result<size_t> read(uint64_t offset, std::span<uint8_t> into) const;
    // All of it, mapped, until it is appended to or ends. Errors: a system call failed.
    base::Result<base::ByteView> view();

  private:
    void unmap();
    LargeObject(std::string name, Descriptor file);
    std::string name_;
    Descriptor file_;
    uint64_t size_ = 0;
    void* mapped_ = nullptr;
    size_t mapped_size_ = 0;
};

// Empties the folder for large objects; how many files there were. Errors: a system call failed.
base::Result<size_t> remove_left_over_objects();

}  // namespace firebreak::sandbox
