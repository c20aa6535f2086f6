// One of the two copies that a durable store keeps of everything: an SQLite database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"

struct sqlite3;

namespace firebreak::endpoint::update {

using Entries = std::map<std::string, std::string>;

// Every change is one transaction of this database, synced on return. SQLite itself has no
// checksums: the entries carry one together with their generation, and payloads are read by digest.
// An error leaves the database as it was, with one exception: where the very last sync of a
// transaction fails, the whole change may be there after a restart. Not thread-safe.
class Replica {
  public:
    enum class Condition : uint8_t {
        kAbsent,      // no file
        kEmpty,       // a file into which nothing was ever committed
        kSound,       // what was committed last
        kDamaged,     // something else: damage() says what
        kUnreadable,  // the disk does not answer with all of it
        kFrozen,      // interrupted in a change, which a read-only disk does not let us take back
    };
    using Sink = std::function<base::Status(base::ByteView)>;

    // `vfs`: the name of SQLite's way to the disk; empty: its default.
    Replica(std::filesystem::path file, std::string vfs);
    Replica(const Replica&) = delete;
    Replica& operator=(const Replica&) = delete;
    ~Replica();

    // Opens the database, takes back what was interrupted, and reads and checks all of it.
    // Payloads that are not what their digest says are out of payloads() afterwards. Errors: what
    // it holds cannot be known now: another process uses it, no permission, no memory.
    base::Result<Condition> examine();
    const std::string& damage() const { return damage_; }
    // Payloads that examine() found damaged.
    size_t damaged_payloads() const { return damaged_payloads_; }
    // It can be read and not written.
    bool read_only() const;

    // Deletes what is there, whatever it is, and makes a new database without payloads.
    base::Status create(uint64_t generation, const Entries& entries);
    // Opens again what is there. A payload being written is lost.
    base::Status reconnect();

    // As examine() found them.
    uint64_t generation() const { return generation_; }
    const Entries& entries() const { return entries_; }
    // In place of all entries that were there.
    base::Status write(uint64_t generation, const Entries& entries);

    const std::map<base::Digest, int64_t>& payloads() const { return payloads_; }
    bool has(const base::Digest& digest) const { return payloads_.contains(digest); }
    // Hands over a payload piece by piece and checks the digest last. Errors: not there, damaged,
    // unreadable, or the sink's own.
    base::Status read_payload(const base::Digest& digest, const Sink& sink);

    // A payload comes as begin_payload(), append() …, seal(). Until it is sealed, it is not there;
    // another transaction may come in between. At most one at a time.
    base::Status begin_payload();
    base::Status append(base::ByteView part);  // at most kPartBytes
    base::Status seal(const base::Digest& digest);
    void drop_unsealed();
    bool has_unsealed() const { return unsealed_ != 0; }
    // Forgets every payload but these, and what is left over of unsealed and damaged ones.
    base::Status keep_only(const std::set<base::Digest>& digests);
    // Only from payloads(): what the file holds goes with the next keep_only().
    void forget(const base::Digest& digest) { payloads_.erase(digest); }

    // There is nothing sound, or a read, a write or a sync went wrong: examine() tells what is
    // there.
    bool broken() const { return broken_; }
    const std::filesystem::path& file() const { return file_; }

    // Of a payload's pieces in the database: 1 GiB goes through 1 MiB of memory.
    static constexpr size_t kPartBytes = 1 << 20;

  private:
    base::Status connect(int flags);
    void close();
    bool may_exist() const;
    base::Status remove_files();
    bool run(const char* sql);
    base::Status transaction(std::string_view doing, const std::function<bool()>& body);
    base::Error failure(std::string_view doing);
    base::Result<Condition> open_and_judge();
    base::Result<Condition> judge();
    base::Status settle_unsealed();
    bool in_transaction() const;

    int64_t page_count();
    std::string first_complaint();
    std::string schema_complaint();
    std::string entries_complaint();
    bool find_payloads();
    bool put(uint64_t generation, const Entries& entries);
    base::Result<std::set<int64_t>> payload_ids();
    bool remove_payloads(const std::set<int64_t>& ids);
    base::Status read_parts(int64_t id, const base::Digest& digest, const Sink& sink);

    std::filesystem::path file_;
    std::string vfs_;
    sqlite3* database_ = nullptr;
    int open_code_ = 0;  // SQLite's answer to the last connect()
    bool broken_ = false;

    uint64_t generation_ = 0;
    Entries entries_;
    std::map<base::Digest, int64_t> payloads_;  // sealed and sound, with their ids
    std::string damage_;
    size_t damaged_payloads_ = 0;
    int64_t unsealed_ = 0;  // id of the payload that is being written; 0: none
    int64_t parts_ = 0;     // of it so far
    bool settled_ = false;  // some of them were committed with another transaction
};

}  // namespace firebreak::endpoint::update
