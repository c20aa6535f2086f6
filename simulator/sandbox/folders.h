// The parent's side of quota folders (weakenings/quota_folders.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "sandbox/policy.h"
#include "sandbox/worker.h"

namespace firebreak::sandbox {

// A log folder and a folder for large objects, both empty at first. They live as long as this
// object and the workers that have them, and nobody else can see them. What lies in them is hostile
// bytes under hostile names. Thread-safe.
class Folders {
  public:
    enum class Which { kLog, kObjects };
    struct File {
        std::string name;  // as it is: printable() before showing
        uint64_t bytes = 0;
    };

    // With the quotas of a policy that allows them. Errors: this machine lacks a layer that they
    // need (named); the kernel refuses; as Worker::start().
    static base::Result<Folders> make(Spawner& spawner, const Policy& policy);
    Folders(Folders&&) noexcept;
    Folders& operator=(Folders&&) noexcept;
    ~Folders();

    // By name. Errors: a system call failed.
    base::Result<std::vector<File>> list(Which which) const;
    // Its first bytes, `at_most` of them. Errors: there is no plain file of that name.
    base::Result<base::Bytes> read(Which which, const std::string& name, uint64_t at_most) const;
    // Of the quota, in whole pages. Errors: a system call failed.
    base::Result<uint64_t> used_bytes(Which which) const;

    int descriptor(Which which) const;

  private:
    explicit Folders(std::unique_ptr<QuotaFolders> folders);
    std::unique_ptr<QuotaFolders> folders_;
};

}  // namespace firebreak::sandbox
