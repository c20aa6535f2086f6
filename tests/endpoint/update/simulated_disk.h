// A disk in memory behind SQLite's interface to the disk (an sqlite3_vfs), which can lose power,
// and whose user can be killed at any moment.
//
// Fault model
// - What was written is read back at once. It is safe when its file has been synced since.
// - Power cut: of each write that is not safe, in any combination, nothing is there afterwards, or
//   all of it, or any choice of its 512-byte sectors; of a truncation nothing or all. Sectors are
//   not torn themselves, and bytes beside those written stay what they were (SQLite's assumption
//   of "powersafe overwrite", which its own code for Linux makes as well).
// - A file that was made or deleted is so after a power cut only if its folder was synced since;
//   otherwise it may or may not be. The folder is synced when SQLite's code for Unix does it: with
//   the first sync of a new journal, and with a deletion that asks for it.
// - Kill: all that was written stays; of the write in which it happens, the first so many bytes.
// - Full: a write goes as far as there is room and then fails. Deleting makes room.
// - Read-only: what exists can be opened and read; every change fails.
// - I/O errors: chosen changes fail and change nothing. A sync that fails leaves it to chance which
//   of the waiting writes are ever safe, although all can be read until the machine goes off: so it
//   is on Linux, where a later sync does not try them again.
// - A disk that lies answers syncs and does not do them.
// Not in it: bytes that change by themselves (tests do that through flip_bit), several processes.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace firebreak::test {

// Writes, truncations, syncs, creations and deletions are changes; they are counted. Must outlive
// every database that is open on it. Not thread-safe.
class SimulatedDisk {
  public:
    enum class End { kKill, kPowerCut };
    // All files, safe and quiet: what a machine that is off has.
    using Image = std::map<std::string, base::Bytes>;

    explicit SimulatedDisk(uint64_t seed);
    SimulatedDisk(const SimulatedDisk&) = delete;
    SimulatedDisk& operator=(const SimulatedDisk&) = delete;
    ~SimulatedDisk();

    // The name by which SQLite knows this disk.
    const std::string& vfs() const { return name_; }

    // The end comes in the nth change from now, n from 1; nothing works after it until restart().
    void end_at(uint64_t n, End end);
    bool ended() const { return ended_; }
    // After the end, or as an end of its own between two changes. Every database must be closed.
    void restart(End end = End::kKill);

    // Changes since the disk was made.
    uint64_t changes() const { return changes_; }

    // Changes from the nth from now on fail with an I/O error, `count` of them.
    void fail_at(uint64_t n, uint64_t count);
    // Room for so many bytes in all; nullopt: for everything.
    void set_capacity(std::optional<uint64_t> bytes) { capacity_ = bytes; }
    uint64_t used() const;
    void set_read_only(bool read_only) { read_only_ = read_only; }
    void set_lying(bool lying) { lying_ = lying; }
    // Reading this file fails; empty: none.
    void set_unreadable(std::string path) { unreadable_ = std::move(path); }

    // As far as is asked of it, and until the end comes.
    bool healthy() const { return !capacity_ && !read_only_ && !lying_ && unreadable_.empty(); }

    // For a machine that is off.
    Image image() const;
    void load(const Image& image);
    uint64_t size(const std::string& path) const;
    void flip_bit(const std::string& path, uint64_t bit);

  private:
    struct Waiting {  // a write, or a truncation to `offset` if `bytes` is nullopt
        uint64_t offset = 0;
        std::optional<base::Bytes> bytes;
    };
    struct Contents {
        base::Bytes seen;  // as it is read now
        base::Bytes safe;
        std::vector<Waiting> waiting;
    };
    using ContentsRef = std::shared_ptr<Contents>;
    struct Renaming {  // a creation, or a deletion if null
        std::string path;
        ContentsRef contents;
    };
    struct File;
    struct Methods;

    uint64_t draw(uint64_t bound);
    // What the coming change may do.
    enum class Turn { kGo, kEndsHere, kFails };
    Turn next_change();
    void keep_by_chance(Contents& contents);
    static void apply(const Waiting& waiting, base::Bytes& bytes);
    void sync_folder();

    int write(Contents& contents, base::ByteView bytes, uint64_t offset);
    int truncate(Contents& contents, uint64_t size);
    int sync(Contents& contents, bool with_folder);
    int remove(const std::string& path, bool sync);

    const base::RandomStream random_;
    uint64_t draws_ = 0;
    std::string name_;
    sqlite3_vfs vfs_{};

    std::map<std::string, ContentsRef> seen_, safe_;
    std::vector<Renaming> waiting_;

    uint64_t changes_ = 0;
    std::optional<uint64_t> end_at_;
    End end_ = End::kKill;
    bool ended_ = false;
    uint64_t fail_from_ = 0, fail_until_ = 0;
    std::optional<uint64_t> capacity_;
    bool read_only_ = false, lying_ = false;
    std::string unreadable_;
};

}  // namespace firebreak::test
