#include "endpoint/update/durable_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "endpoint/update/replica.h"

namespace firebreak::endpoint::update {

namespace {

using Condition = Replica::Condition;

constexpr std::array kFiles = {"a.db", "b.db"};

struct Copy {
    Copy(const std::filesystem::path& folder, const char* name, const std::string& vfs)
        : replica(folder / name, vfs) {}

    std::string name() const { return replica.file().filename().string(); }
    bool ready() const { return in_step && !replica.broken(); }

    Replica replica;
    bool in_step = false;   // its entries are the store's
    bool complete = false;  // it has every payload that the store has
};

// Makes what happened to the folder's list of files durable.
void sync_folder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        ::fsync(fd);
        ::close(fd);
    }
}

base::Status make_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    if (std::filesystem::create_directories(folder, failed)) {
        sync_folder(std::filesystem::absolute(folder).parent_path());
    }
    return failed ? base::Status{base::Error{"cannot make the folder: " + failed.message(),
                                             folder.string(), ""}}
                  : base::Status{};
}

// Moves both copies into a new folder beside them, and returns its path.
base::Result<std::filesystem::path> set_aside(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::path aside;
    for (int n = 1; aside.empty() && !failed; ++n) {
        const auto candidate = folder / fmt::format("set-aside-{}", n);
        if (std::filesystem::create_directory(candidate, failed)) {
            aside = candidate;
        }
    }
    for (const char* name : kFiles) {
        for (const char* suffix : {"", "-journal"}) {
            const std::string file = std::string(name) + suffix;
            if (!failed && std::filesystem::exists(folder / file)) {
                std::filesystem::rename(folder / file, aside / file, failed);
            }
        }
    }
    if (failed) {
        return base::Error{"cannot set the damaged store aside: " + failed.message(),
                           folder.string(), "let this program write to its folder"};
    }
    sync_folder(folder);
    return aside;
}

std::string in_words(const Replica& replica, Condition condition) {
    switch (condition) {
        case Condition::kAbsent:
            return "is missing";
        case Condition::kEmpty:
            return "is empty";
        case Condition::kSound:
            return "is sound";
        case Condition::kDamaged:
            return "is damaged (" + replica.damage() + ")";
        case Condition::kUnreadable:
            return "cannot be read (" + replica.damage() + ")";
        case Condition::kFrozen:
            return "waits for its disk to be writable";
    }
    return "";
}

}  // namespace

class DurableStore::Copies {
  public:
    Copies(std::filesystem::path folder, const std::string& vfs)
        : folder_(std::move(folder)),
          copies_{Copy{folder_, kFiles[0], vfs}, Copy{folder_, kFiles[1], vfs}} {}

    base::Status open();
    // Brings both copies in step with the entries, if they are not.
    base::Status mend();
    base::Status write(const Entries& next);
    // From a sound copy of it.
    base::Result<base::Bytes> payload(const base::Digest& digest);
    // Whether both have it.
    bool has(const base::Digest& digest);
    // From one copy to the other, which may have it already.
    base::Status copy_payload(const base::Digest& digest, Copy& from, Copy& to);

    Copy& first() { return copies_[0]; }
    Copy& second() { return copies_[1]; }

    Entries entries;
    std::vector<std::string> repairs;
    bool writing = false;  // somebody has a writer

  private:
    // What open() finds in one copy, the other being the store.
    struct Finding {
        std::string what;
        bool damage = false;  // and not just an interrupted change
        bool remake = false;  // nothing in it is worth keeping
    };

    base::Status choose(const std::array<Condition, 2>& conditions);
    Finding compare(const Copy& copy, Condition condition) const;
    void replace_if_unwritable(Copy& copy, Copy& other);
    void bring_in_step(Copy& copy, Copy& source, Condition condition);
    void receive_payloads(Copy& to, Copy& from);
    void mend_payload(const base::Digest& digest, Copy& copy, Copy& other);
    void note_damaged_payloads(const Copy& copy);
    base::Status examine_again();
    base::Status rewrite(Copy& copy);
    base::Status remake(Copy& copy, Copy& other);
    void note(std::string sentence) { repairs.push_back(std::move(sentence)); }

    std::filesystem::path folder_;
    std::array<Copy, 2> copies_;
    // The highest number in use. Each attempt to write takes a new one, so that a number always
    // means the same entries, whatever became of the attempt.
    uint64_t generation_ = 0;
};

// ---- Opening

base::Status DurableStore::Copies::open() {
    std::array<Condition, 2> conditions{};
    for (size_t i = 0; i < copies_.size(); ++i) {
        FB_TRY(conditions[i], copies_[i].replica.examine());
    }
    // The second file is made when the first one is complete. So where it does not exist and the
    // first holds nothing, there never was a store, or its making was interrupted.
    const auto [a, b] = conditions;
    if (b == Condition::kAbsent && (a == Condition::kAbsent || a == Condition::kEmpty)) {
        generation_ = 1;
        FB_CHECK(first().replica.create(generation_, entries));
        first().in_step = first().complete = true;
        bring_in_step(second(), first(), b);
    } else {
        FB_CHECK(choose(conditions));
    }
    for (const Copy& copy : copies_) {
        note_damaged_payloads(copy);
    }
    receive_payloads(first(), second());
    receive_payloads(second(), first());
    replace_if_unwritable(first(), second());
    replace_if_unwritable(second(), first());
    return {};
}

// The newest sound copy is the store; the other is brought in step with it.
base::Status DurableStore::Copies::choose(const std::array<Condition, 2>& conditions) {
    const Replica& a = first().replica;
    const Replica& b = second().replica;
    const bool a_sound = conditions[0] == Condition::kSound;
    const bool b_sound = conditions[1] == Condition::kSound;
    if (!a_sound && !b_sound) {
        return base::Error{
            fmt::format("neither copy of the store can be used: {} {}, {} {}", kFiles[0],
                        in_words(a, conditions[0]), kFiles[1], in_words(b, conditions[1])),
            folder_.string(), "put one of them back from a backup, or start over as a new machine"};
    }
    if (a_sound && b_sound && a.generation() == b.generation() && a.entries() != b.entries()) {
        return base::Error{"the two copies of the store are those of two machines",
                           folder_.string(), "put back the one that belongs here"};
    }
    const size_t newest = !a_sound || (b_sound && b.generation() > a.generation()) ? 1 : 0;
    Copy& source = copies_[newest];
    entries = source.replica.entries();
    generation_ = source.replica.generation();
    source.in_step = source.complete = true;
    bring_in_step(copies_[1 - newest], source, conditions[1 - newest]);
    return {};
}

DurableStore::Copies::Finding DurableStore::Copies::compare(const Copy& copy,
                                                            Condition condition) const {
    const Replica& replica = copy.replica;
    if (condition != Condition::kSound) {
        const bool in_making = condition == Condition::kAbsent && generation_ == 1;
        return {in_words(replica, condition), !in_making, condition != Condition::kFrozen};
    }
    // An interrupted change leaves a copy behind by one generation.
    return {"is of an older time", replica.generation() + 1 < generation_, false};
}

// Where this fails, it is noted, and the next change meets it again.
void DurableStore::Copies::bring_in_step(Copy& copy, Copy& source, Condition condition) {
    const Finding finding = compare(copy, condition);
    if (!finding.remake && condition == Condition::kSound && copy.replica.entries() == entries) {
        copy.in_step = true;
        return;
    }
    const base::Status mended = finding.remake ? remake(copy, source) : rewrite(copy);
    if (!mended.ok()) {
        note(fmt::format("{} {} and cannot be mended now: {}", copy.name(), finding.what,
                         mended.error().text()));
    } else if (finding.damage) {
        note(fmt::format("{} {}; mended from {}", copy.name(), finding.what, source.name()));
    }
}

// One file alone that cannot be written is not a read-only disk.
void DurableStore::Copies::replace_if_unwritable(Copy& copy, Copy& other) {
    if (copy.replica.read_only() && other.ready() && !other.replica.read_only() &&
        remake(copy, other).ok()) {
        note(fmt::format("{} could not be written; made again from {}", copy.name(), other.name()));
    }
}

void DurableStore::Copies::note_damaged_payloads(const Copy& copy) {
    if (copy.replica.damaged_payloads() > 0) {
        note(fmt::format("payloads found damaged in {}: {}", copy.name(),
                         copy.replica.damaged_payloads()));
    }
}

// What only the other copy has; and what is of no use goes.
void DurableStore::Copies::receive_payloads(Copy& to, Copy& from) {
    std::set<base::Digest> all;
    for (const auto& [digest, id] : to.replica.payloads()) {
        all.insert(digest);
    }
    to.complete = to.ready() && to.replica.keep_only(all).ok();
    for (const auto& [digest, id] : std::map(from.replica.payloads())) {
        const bool copied = to.ready() && copy_payload(digest, from, to).ok();
        to.complete = to.complete && copied;
        if (!copied && to.ready()) {  // of a copy that is not, more is lacking
            note(fmt::format("payload {} is in {} alone", digest.hex().substr(0, 12), from.name()));
        }
    }
}

// ---- Changing

base::Status DurableStore::Copies::mend() {
    if (first().replica.broken() || second().replica.broken()) {
        FB_CHECK(examine_again());
    }
    for (Copy& copy : copies_) {
        if (!copy.replica.broken()) {
            FB_CHECK(rewrite(copy));
        }
    }
    for (size_t i = 0; i < copies_.size(); ++i) {
        Copy& copy = copies_[i];
        Copy& other = copies_[1 - i];
        if (!copy.ready()) {
            FB_CHECK(remake(copy, other));
            note(fmt::format("{} was of no use; made again from {}", copy.name(), other.name()));
        }
    }
    return {};
}

// After errors of the disk: whatever can be read and is sound by itself is gone on from.
base::Status DurableStore::Copies::examine_again() {
    for (Copy& copy : copies_) {
        copy.in_step = false;
        FB_CHECK(copy.replica.examine());
        note_damaged_payloads(copy);
    }
    for (Copy& copy : copies_) {
        if (!copy.replica.broken()) {
            FB_CHECK(rewrite(copy));
        }
    }
    receive_payloads(first(), second());
    receive_payloads(second(), first());
    return {};
}

// Its entries, if they are not the store's.
base::Status DurableStore::Copies::rewrite(Copy& copy) {
    if (!copy.in_step) {
        FB_CHECK(copy.replica.reconnect());
        FB_CHECK(copy.replica.write(++generation_, entries));
        copy.in_step = true;
    }
    return {};
}

// From the beginning of it to its end the other copy is the only one.
base::Status DurableStore::Copies::remake(Copy& copy, Copy& other) {
    if (!other.ready() || !other.complete) {
        return base::Error{"the other copy is no better", copy.replica.file().string(),
                           "check the disk"};
    }
    copy.in_step = false;
    FB_CHECK(copy.replica.create(++generation_, entries));
    copy.in_step = true;
    receive_payloads(copy, other);
    return {};
}

base::Status DurableStore::Copies::write(const Entries& next) {
    const uint64_t generation = ++generation_;
    first().in_step = false;
    FB_CHECK(first().replica.write(generation, next));
    first().in_step = true;
    entries = next;
    // Durable from here on, whatever becomes of the second copy.
    const base::Status followed = second().replica.write(generation, next);
    second().in_step = followed.ok();
    if (!followed.ok()) {
        note(fmt::format("{} missed a change: {}", second().name(), followed.error().text()));
    }
    return {};
}

// ---- Payloads

bool DurableStore::Copies::has(const base::Digest& digest) {
    return first().replica.has(digest) && second().replica.has(digest);
}

base::Status DurableStore::Copies::copy_payload(const base::Digest& digest, Copy& from, Copy& to) {
    if (to.replica.has(digest)) {
        return {};
    }
    if (to.replica.has_unsealed()) {
        return base::Error{"another payload is being written", folder_.string(), ""};
    }
    FB_CHECK(to.replica.begin_payload());
    const base::Status copied = from.replica.read_payload(
        digest, [&](base::ByteView part) { return to.replica.append(part); });
    if (!copied.ok()) {
        to.replica.drop_unsealed();
        return copied;
    }
    return to.replica.seal(digest);
}

base::Result<base::Bytes> DurableStore::Copies::payload(const base::Digest& digest) {
    base::Error error{"payload " + digest.hex().substr(0, 12) + " was never kept", folder_.string(),
                      ""};
    for (size_t i = 0; i < copies_.size(); ++i) {
        Replica& replica = copies_[i].replica;
        if (!replica.has(digest)) {
            continue;
        }
        base::Bytes bytes;
        const base::Status read = replica.read_payload(digest, [&](base::ByteView part) {
            bytes.insert(bytes.end(), part.begin(), part.end());
            return base::Status{};
        });
        if (read.ok()) {
            return bytes;
        }
        error = read.error();
        // A broken copy is made again as a whole, with the next change.
        if (!replica.broken()) {
            mend_payload(digest, copies_[i], copies_[1 - i]);
        }
    }
    return error;
}

// Where this fails, has() says that the payload is worth another download.
void DurableStore::Copies::mend_payload(const base::Digest& digest, Copy& copy, Copy& other) {
    copy.replica.forget(digest);
    const base::Status mended = copy_payload(digest, other, copy);
    copy.complete = copy.complete && mended.ok();
    note(fmt::format("payload {} is damaged in {}{}", digest.hex().substr(0, 12), copy.name(),
                     mended.ok() ? "; mended from " + other.name()
                                 : " and cannot be mended now: " + mended.error().text()));
}

// Goes into the first copy piece by piece, and from there into the second as a whole.
class DurableStore::Writer final : public ports::BlobWriter {
  public:
    Writer(Copies& copies, const base::Digest& digest) : copies_(copies), digest_(digest) {
        copies_.writing = true;
    }
    ~Writer() override {
        if (!finished_) {
            copies_.first().replica.drop_unsealed();
        }
        copies_.writing = false;
    }

    base::Status write(base::ByteView bytes) override {
        sum_.add(bytes);
        while (!bytes.empty()) {
            const size_t n = std::min(bytes.size(), Replica::kPartBytes - part_.size());
            part_.insert(part_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(n));
            bytes = bytes.subspan(n);
            if (part_.size() == Replica::kPartBytes) {
                FB_CHECK(append());
            }
        }
        return {};
    }

    base::Status finish() override {
        if (sum_.finish() != digest_) {
            return base::Error{"what was written is not payload " + digest_.hex().substr(0, 12),
                               copies_.first().replica.file().string(), "download it again"};
        }
        if (!part_.empty()) {
            FB_CHECK(append());
        }
        FB_CHECK(copies_.first().replica.seal(digest_));
        finished_ = true;
        return copies_.copy_payload(digest_, copies_.first(), copies_.second());
    }

  private:
    base::Status append() {
        FB_CHECK(copies_.first().replica.append(part_));
        part_.clear();
        return {};
    }

    Copies& copies_;
    const base::Digest digest_;
    base::Sha384 sum_;
    base::Bytes part_;
    bool finished_ = false;
};

// ---- The store

DurableStore::DurableStore(std::unique_ptr<Copies> copies) : copies_(std::move(copies)) {}
DurableStore::~DurableStore() = default;

base::Result<std::unique_ptr<DurableStore>> DurableStore::open(
    const std::filesystem::path& folder) {
    return open(folder, {});
}

base::Result<std::unique_ptr<DurableStore>> DurableStore::open(const std::filesystem::path& folder,
                                                               const Settings& settings) {
    FB_CHECK(make_folder(folder));
    auto copies = std::make_unique<Copies>(folder, settings.vfs);
    FB_CHECK(copies->open());
    return std::unique_ptr<DurableStore>(new DurableStore(std::move(copies)));
}

base::Result<std::filesystem::path> DurableStore::start_over(const std::filesystem::path& folder) {
    for (const char* name : kFiles) {
        Replica replica(folder / name, "");
        FB_TRY(const Condition condition, replica.examine());
        if (condition == Condition::kSound || condition == Condition::kFrozen ||
            condition == Condition::kUnreadable) {
            return base::Error{
                fmt::format("{} {}: nothing was touched", name, in_words(replica, condition)),
                folder.string(), "open the store as it is"};
        }
    }
    return set_aside(folder);
}

const std::vector<std::string>& DurableStore::repairs() const {
    return copies_->repairs;
}

base::Result<std::optional<std::string>> DurableStore::get(const std::string& key) {
    const auto found = copies_->entries.find(key);
    return found == copies_->entries.end() ? std::optional<std::string>{} : found->second;
}

base::Result<std::vector<std::string>> DurableStore::values(const std::string& prefix) {
    std::vector<std::string> found;
    for (auto at = copies_->entries.lower_bound(prefix);
         at != copies_->entries.end() && at->first.starts_with(prefix); ++at) {
        found.push_back(at->second);
    }
    return found;
}

base::Status DurableStore::commit(const ports::Changes& changes) {
    Entries next = copies_->entries;
    for (const auto& [key, value] : changes) {
        if (value) {
            next[key] = *value;
        } else {
            next.erase(key);
        }
    }
    // Even if nothing changes: a change that failed just now may be half way to the disk.
    FB_CHECK(copies_->mend());
    return next == copies_->entries ? base::Status{} : copies_->write(next);
}

base::Result<std::unique_ptr<ports::BlobWriter>> DurableStore::new_blob(
    const base::Digest& digest) {
    if (copies_->writing) {
        return base::Error{"one payload is written at a time", "", "finish the other one first"};
    }
    FB_CHECK(copies_->mend());
    FB_CHECK(copies_->first().replica.begin_payload());
    return std::unique_ptr<ports::BlobWriter>(std::make_unique<Writer>(*copies_, digest));
}

base::Result<bool> DurableStore::has_blob(const base::Digest& digest) {
    return copies_->has(digest);
}

base::Result<base::Bytes> DurableStore::blob(const base::Digest& digest) {
    return copies_->payload(digest);
}

base::Status DurableStore::keep_only(const std::set<base::Digest>& digests) {
    // If there is no room to mend anything, this makes it.
    (void)copies_->mend();
    Copy& first = copies_->first();
    Copy& second = copies_->second();
    // A broken copy is made again one day, with what the other one keeps.
    if (!first.replica.broken() || !second.ready()) {
        FB_CHECK(first.replica.keep_only(digests));
    }
    if (!second.replica.broken() || !first.ready()) {
        FB_CHECK(second.replica.keep_only(digests));
    }
    return {};
}

}  // namespace firebreak::endpoint::update
