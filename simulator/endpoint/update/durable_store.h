// The store of a real endpoint: two complete copies on disk, of which one is always whole.
//
// What it withstands: its process killed or the power cut at any write or sync; a disk that is
// full, read-only or answers with errors, now or for a while; one file of the two damaged, missing
// or replaced by an older one. What it does not: both copies damaged at once, or both taken back
// together to an older time. Against the latter stand the product's build floor and signed heads
// (content/head.h). A forged copy that claims to be newer wins, too: whoever can write this folder
// is not held off by it, but by the signatures of what it names.
//
// How: `a.db` and `b.db` hold all entries, a generation number and a checksum over both, and all
// payloads. A change is synced to the first and then to the second, so that only one of them is
// ever in the middle of something. The newest sound copy wins when the store is opened; the other
// is brought in step with it. A change that reached the first copy only (the disk filled up in
// between) counts as done; nothing else is accepted then until the second has caught up.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ports/store.h"

namespace firebreak::endpoint::update {

// Not thread-safe. One process at a time: a second one is turned away. Entries are kept in memory.
class DurableStore final : public ports::Store {
  public:
    struct Settings {
        std::string vfs;  // the name of SQLite's way to the disk; empty: its default
    };

    // Opens the store in this folder, or makes both, and checks every byte that it holds. A copy
    // that cannot be mended now (no room, read-only) is mended by the first change that can.
    // Errors: both copies are damaged (see start_over), in use by another process, no permission.
    static base::Result<std::unique_ptr<DurableStore>> open(const std::filesystem::path& folder,
                                                            const Settings& settings);
    static base::Result<std::unique_ptr<DurableStore>> open(const std::filesystem::path& folder);
    // For who decides to go on as a fresh machine where open() found both copies damaged: moves
    // what is there into a folder of its own, whose path it returns. Errors: a sound copy is
    // there, in which case nothing is touched; unwritable.
    static base::Result<std::filesystem::path> start_over(const std::filesystem::path& folder);
    ~DurableStore() override;

    // What was found damaged and what came of it, one sentence each, for an alert. Interrupted
    // changes are no damage. Empty: all was well.
    const std::vector<std::string>& repairs() const;

    base::Result<std::optional<std::string>> get(const std::string& key) override;
    base::Result<std::vector<std::string>> values(const std::string& prefix) override;
    base::Status commit(const ports::Changes& changes) override;
    // The writer must not outlive the store.
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override;
    // Whether both copies have it: what only one has can be read, and is worth another download.
    base::Result<bool> has_blob(const base::Digest& digest) override;
    // A copy of it that turns out to be damaged is replaced from the other.
    base::Result<base::Bytes> blob(const base::Digest& digest) override;
    base::Status keep_only(const std::set<base::Digest>& digests) override;

  private:
    class Copies;
    class Writer;
    explicit DurableStore(std::unique_ptr<Copies> copies);
    std::unique_ptr<Copies> copies_;
};

}  // namespace firebreak::endpoint::update
