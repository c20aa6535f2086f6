// Archives taken apart in the sandboxed process, by libarchive, within limits: what is in them is
// as hostile as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "endpoint/scanner/messages.h"
#include "endpoint/scanner/working_folders.h"

namespace firebreak::endpoint::scanner {

struct ArchiveLimits {
    unsigned depth = 5;        // of archives in archives
    uint64_t members = 2'000;  // of all archives in one subject
    // Unpacked, likewise. Bytes that take long to unpack count several times (archive.cpp), so that
    // no harmless archive takes the scanner to its limit of processor time.
    uint64_t bytes = 32ull * 1024 * 1024;
    // Of unpacked bytes to those of the subject, once more than `modest` are unpacked. Text packs
    // to a hundredth at best; bombs to a thousandth.
    uint64_t ratio = 200;
    uint64_t modest = 1024 * 1024;
};

// What is left of the limits, for one subject and all that is in it.
class ArchiveBudget {
  public:
    ArchiveBudget(const ArchiveLimits& limits, uint64_t subject_bytes)
        : limits_(limits), subject_bytes_(subject_bytes) {}

    const ArchiveLimits& limits() const { return limits_; }
    // One member more; `bytes` more unpacked bytes. A reason: not within the limits.
    std::optional<GapReason> take_member();
    std::optional<GapReason> take_bytes(uint64_t bytes, uint64_t weight);

  private:
    ArchiveLimits limits_;
    uint64_t subject_bytes_;
    uint64_t members_ = 0;
    uint64_t bytes_ = 0;
    uint64_t work_ = 0;  // bytes by their weights
};

// Loads what libarchive needs, without any content, so that it can be called before lockdown.
void prepare_archives();

// By the first bytes: zip, 7-zip, RAR, cabinet, tar; gzip, bzip2, xz, zstd and lz4, of one file or
// of a tar. A wrong guess costs nothing but an attempt.
bool may_be_archive(base::ByteView bytes);

// Members that are larger go to working folders, if there are any.
inline constexpr uint64_t kLargeMember = 4 * 1024 * 1024;

// Each member: its name as written, cut at 1,000 bytes, and its contents. What cannot be unpacked,
// in whole or in part, is told as a gap, with the member's name ("": the archive itself); the
// bytes that there are are members all the same.
struct ArchiveVisitor {
    std::function<void(const std::string& name, base::ByteView contents)> member;
    std::function<void(GapReason reason, const std::string& name)> gap;
};
void take_apart(base::ByteView archive, ArchiveBudget& budget, const ArchiveVisitor& visitor,
                WorkingFolders* folders = nullptr);

}  // namespace firebreak::endpoint::scanner
