// What is served: the files of the CDN's static layout (content/head.h, content/manifest.h),
// wherever they lie.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::cloud {

// One version of a file, which stays as it was opened. Safe from any thread.
class StaticFile {
  public:
    virtual ~StaticFile() = default;
    virtual uint64_t size() const = 0;
    // Copies the bytes from `offset` on and says how many those were: fewer than the buffer takes
    // only where the file ends, 0 from there on. Errors: unreadable.
    virtual base::Result<size_t> read(uint64_t offset, std::span<uint8_t> buffer) const = 0;
};

class Origin {
  public:
    virtual ~Origin() = default;
    // The file as it is now; null: there is none. Errors: whether there is one cannot be told.
    // Safe from any thread.
    virtual base::Result<std::shared_ptr<const StaticFile>> open(const std::string& path) = 0;
};

// A file in memory.
class MemoryFile final : public StaticFile {
  public:
    explicit MemoryFile(std::shared_ptr<const base::Bytes> bytes) : bytes_(std::move(bytes)) {}
    uint64_t size() const override { return bytes_->size(); }
    base::Result<size_t> read(uint64_t offset, std::span<uint8_t> buffer) const override;

  private:
    std::shared_ptr<const base::Bytes> bytes_;
};

// Whether the layout can have such a file: 1 to 300 of [A-Za-z0-9._/-], no part of the path empty
// or beginning with a dot. So nothing leads out of the layout, and nothing hidden is in it.
bool is_layout_path(std::string_view path);

// Whether other bytes may come to stand there: heads and the newest root statement. All else is
// named for its digest or its number.
bool is_replaced_in_place(std::string_view path);

}  // namespace firebreak::cloud
