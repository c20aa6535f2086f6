#include "endpoint/update/replica.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace firebreak::endpoint::update {

namespace {

// The parts of payload p have the numbers p << kPartBits and up.
constexpr int kPartBits = 16;

// EXCLUSIVE keeps a second process out, and keeps the journal where it is: its header is wiped at
// the end of a transaction, which takes one sync less than deleting it. In pages of 32 KiB,
// payloads of megabytes pass twice as fast as in those of 4 KiB, and a commit takes no longer. The
// cache is counted in pages, so its size comes after theirs.
constexpr char kSettings[] =
    "PRAGMA page_size = 32768; PRAGMA cache_size = -2048;"
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA;"
    "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF;"
    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

struct Table {
    const char* name;
    const char* sql;
};
// In the order of their names.
constexpr Table kTables[] = {
    {"entry",
     "CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"},
    {"part", "CREATE TABLE part (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
    {"payload", "CREATE TABLE payload (id INTEGER PRIMARY KEY, sha384 BLOB NOT NULL) STRICT"},
    {"state", "CREATE TABLE state (generation INTEGER NOT NULL, sha384 BLOB NOT NULL) STRICT"},
};

// A prepared statement, finalized with its scope. A statement that does not compile fails when it
// is stepped.
class Statement {
  public:
    Statement(sqlite3* database, const char* sql) {
        sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    // What is bound must outlive the steps.
    Statement& text(int index, std::string_view text) {
        sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8);
        return *this;
    }
    Statement& bytes(int index, base::ByteView bytes) {
        if (bytes.empty()) {  // where there is no address, SQLite would bind NULL
            sqlite3_bind_zeroblob(statement_, index, 0);
        } else {
            sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_STATIC);
        }
        return *this;
    }
    Statement& number(int index, int64_t number) {
        sqlite3_bind_int64(statement_, index, number);
        return *this;
    }
    int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
    // Executes what yields no rows, and makes it ready for the next binding.
    bool done() {
        const bool done = step() == SQLITE_DONE;
        sqlite3_reset(statement_);
        return done;
    }
    base::ByteView bytes_at(int column) {
        const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
        return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
    }
    int64_t number_at(int column) { return sqlite3_column_int64(statement_, column); }

  private:
    sqlite3_stmt* statement_ = nullptr;
};

base::Digest checksum(uint64_t generation, const Entries& entries) {
    base::ByteWriter writer;
    writer.u64(generation);
    for (const auto& [key, value] : entries) {
        writer.text(key);
        writer.text(value);
    }
    return base::sha384(std::move(writer).take());
}

int primary(int code) {
    return code & 0xff;
}

// The error says nothing about what the file holds.
bool is_circumstance(int code) {
    switch (code) {
        case SQLITE_IOERR_NOMEM:
        case SQLITE_IOERR_LOCK:
        case SQLITE_IOERR_RDLOCK:
        case SQLITE_IOERR_CHECKRESERVEDLOCK:
            return true;
        default:
            break;
    }
    const int kind = primary(code);
    return kind == SQLITE_BUSY || kind == SQLITE_LOCKED || kind == SQLITE_CANTOPEN ||
           kind == SQLITE_PERM || kind == SQLITE_AUTH || kind == SQLITE_NOMEM;
}

const char* remedy(int code) {
    switch (primary(code)) {
        case SQLITE_FULL:
            return "free some space on its disk";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "end the other process that uses the store";
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return "let this program write to its folder";
        case SQLITE_IOERR:
            return "check the disk";
        default:
            return "repair or reinstall the endpoint";
    }
}

// Of a database that answered with this error, which is about what the file holds.
Replica::Condition condition_after(int code) {
    switch (primary(code)) {
        case SQLITE_READONLY:
            return Replica::Condition::kFrozen;
        case SQLITE_IOERR:
            return Replica::Condition::kUnreadable;
        default:
            return Replica::Condition::kDamaged;
    }
}

base::Status nowhere(base::ByteView) {
    return {};
}

}  // namespace

Replica::Replica(std::filesystem::path file, std::string vfs)
    : file_(std::move(file)), vfs_(std::move(vfs)) {}

Replica::~Replica() {
    close();
}

void Replica::close() {
    sqlite3_close(database_);
    database_ = nullptr;
    unsealed_ = 0;
}

base::Status Replica::connect(int flags) {
    close();
    broken_ = false;
    const char* vfs = vfs_.empty() ? nullptr : vfs_.c_str();
    open_code_ = sqlite3_open_v2(file_.c_str(), &database_, flags | SQLITE_OPEN_READWRITE, vfs);
    if (open_code_ == SQLITE_OK) {
        sqlite3_extended_result_codes(database_, 1);
        sqlite3_busy_timeout(database_, 1000);
        if (run(kSettings)) {
            return {};
        }
        open_code_ = sqlite3_extended_errcode(database_);
    }
    base::Error error = failure("open the store");
    close();
    return error;
}

base::Status Replica::reconnect() {
    return connect(0);
}

bool Replica::read_only() const {
    return database_ != nullptr && sqlite3_db_readonly(database_, "main") == 1;
}

bool Replica::run(const char* sql) {
    return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

base::Error Replica::failure(std::string_view doing) {
    if (database_ == nullptr) {
        return {fmt::format("cannot {}: it could not be opened", doing), file_.string(),
                remedy(open_code_)};
    }
    const int code = sqlite3_extended_errcode(database_);
    const int kind = primary(code);
    broken_ = broken_ || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ||
              (kind == SQLITE_IOERR && !is_circumstance(code));
    return {fmt::format("cannot {}: {}", doing, sqlite3_errmsg(database_)), file_.string(),
            remedy(code)};
}

bool Replica::in_transaction() const {
    return database_ != nullptr && sqlite3_get_autocommit(database_) == 0;
}

base::Status Replica::transaction(std::string_view doing, const std::function<bool()>& body) {
    if (run("BEGIN IMMEDIATE") && body() && run("COMMIT")) {
        return {};
    }
    base::Error error = failure(doing);
    if (in_transaction()) {
        run("ROLLBACK");
    }
    return error;
}

// ---- Opening and checking

// Where the disk does not say, it may.
bool Replica::may_exist() const {
    sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_.empty() ? nullptr : vfs_.c_str());
    int found = 0;
    return vfs == nullptr ||
           vfs->xAccess(vfs, file_.c_str(), SQLITE_ACCESS_EXISTS, &found) != SQLITE_OK ||
           found != 0;
}

base::Result<Replica::Condition> Replica::examine() {
    entries_.clear();
    payloads_.clear();
    damage_.clear();
    generation_ = 0;
    damaged_payloads_ = 0;
    auto condition = open_and_judge();
    broken_ =
        !condition.ok() || (*condition != Condition::kSound && *condition != Condition::kFrozen);
    if (condition.ok() && *condition != Condition::kSound) {
        entries_.clear();
        payloads_.clear();
    }
    return condition;
}

base::Result<Replica::Condition> Replica::open_and_judge() {
    if (const base::Status opened = connect(0); !opened.ok()) {
        damage_ = opened.error().message;
        if (primary(open_code_) == SQLITE_CANTOPEN && !may_exist()) {
            return Condition::kAbsent;
        }
        return is_circumstance(open_code_) ? base::Result<Condition>(opened.error())
                                           : condition_after(open_code_);
    }
    return judge();
}

base::Result<Replica::Condition> Replica::judge() {
    const int64_t pages = page_count();
    const auto is_bad = [this](const std::string& complaint) {
        damage_ = complaint;
        return !complaint.empty();
    };
    const bool bad = is_bad(first_complaint()) ||
                     (pages != 0 && (is_bad(schema_complaint()) || is_bad(entries_complaint())));
    const int code = sqlite3_extended_errcode(database_);
    if (bad && is_circumstance(code)) {
        return failure("read the store");
    }
    if (bad) {
        return condition_after(code);
    }
    if (pages == 0) {
        return Condition::kEmpty;
    }
    if (!find_payloads() || broken_) {
        damage_ = "its payloads cannot be read";
        return Condition::kUnreadable;
    }
    // Takes the lock at once and not with the first change, where it would come too late.
    if (!run("BEGIN EXCLUSIVE; COMMIT") && is_circumstance(sqlite3_extended_errcode(database_))) {
        return failure("lock the store");
    }
    return Condition::kSound;
}

// -1: not known.
int64_t Replica::page_count() {
    Statement count(database_, "PRAGMA page_count");
    return count.step() == SQLITE_ROW ? count.number_at(0) : -1;
}

// The first thing that is wrong with the database as SQLite sees it; empty if none is.
std::string Replica::first_complaint() {
    Statement check(database_, "PRAGMA integrity_check(1)");
    if (check.step() != SQLITE_ROW) {
        return sqlite3_errmsg(database_);
    }
    const std::string answer(base::text_of(check.bytes_at(0)));
    return answer == "ok" ? "" : answer;
}

std::string Replica::schema_complaint() {
    Statement find(database_, "SELECT name, sql FROM sqlite_schema ORDER BY name");
    for (const Table& table : kTables) {
        if (find.step() != SQLITE_ROW || base::text_of(find.bytes_at(0)) != table.name ||
            base::text_of(find.bytes_at(1)) != table.sql) {
            return "its tables are not those of a store";
        }
    }
    return find.step() == SQLITE_DONE ? "" : "its tables are not those of a store";
}

std::string Replica::entries_complaint() {
    Statement state(database_, "SELECT generation, sha384 FROM state");
    if (state.step() != SQLITE_ROW) {
        return "it does not say what it holds";
    }
    generation_ = static_cast<uint64_t>(state.number_at(0));
    const base::ByteView sum = state.bytes_at(1);
    const base::Bytes expected(sum.begin(), sum.end());

    Statement find(database_, "SELECT key, value FROM entry");
    int stepped = find.step();
    for (; stepped == SQLITE_ROW; stepped = find.step()) {
        entries_[std::string(base::text_of(find.bytes_at(0)))] = base::text_of(find.bytes_at(1));
    }
    if (stepped != SQLITE_DONE || state.step() != SQLITE_DONE) {
        return "it cannot be read to its end";
    }
    const base::Digest found = checksum(generation_, entries_);
    return base::Bytes(found.bytes.begin(), found.bytes.end()) == expected
               ? ""
               : "its entries are not those that were written";
}

// False: the list cannot be read.
bool Replica::find_payloads() {
    Statement find(database_, "SELECT id, sha384 FROM payload");
    int stepped = find.step();
    for (; stepped == SQLITE_ROW; stepped = find.step()) {
        const base::ByteView bytes = find.bytes_at(1);
        base::Digest digest;
        if (bytes.size() != digest.bytes.size()) {
            ++damaged_payloads_;
            continue;
        }
        std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
        const int64_t id = find.number_at(0);
        if (read_parts(id, digest, nowhere).ok()) {
            payloads_[digest] = id;
        } else {
            ++damaged_payloads_;
        }
    }
    return stepped == SQLITE_DONE;
}

// ---- Making and changing

base::Status Replica::remove_files() {
    close();
    sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_.empty() ? nullptr : vfs_.c_str());
    for (const char* suffix : {"", "-journal", "-wal"}) {
        const std::string path = file_.string() + suffix;
        const int code =
            vfs == nullptr ? SQLITE_ERROR : vfs->xDelete(vfs, path.c_str(), /*syncDir=*/1);
        if (code != SQLITE_OK && code != SQLITE_IOERR_DELETE_NOENT) {
            return base::Error{"cannot delete it", path, "let this program write to its folder"};
        }
    }
    return {};
}

base::Status Replica::create(uint64_t generation, const Entries& entries) {
    const auto fail = [this](const base::Error& error) {
        broken_ = true;  // there is nothing to go on from
        return error;
    };
    payloads_.clear();
    if (const auto removed = remove_files(); !removed.ok()) {
        return fail(removed.error());
    }
    if (const auto opened = connect(SQLITE_OPEN_CREATE); !opened.ok()) {
        return fail(opened.error());
    }
    const auto made = transaction("make the store", [&] {
        for (const Table& table : kTables) {
            if (!run(table.sql)) {
                return false;
            }
        }
        return put(generation, entries);
    });
    return made.ok() ? made : fail(made.error());
}

bool Replica::put(uint64_t generation, const Entries& entries) {
    if (!run("DELETE FROM entry; DELETE FROM state")) {
        return false;
    }
    const base::Digest sum = checksum(generation, entries);
    Statement state(database_, "INSERT INTO state VALUES (?, ?)");
    if (!state.number(1, static_cast<int64_t>(generation)).bytes(2, sum.bytes).done()) {
        return false;
    }
    Statement entry(database_, "INSERT INTO entry VALUES (?, ?)");
    for (const auto& [key, value] : entries) {
        if (!entry.text(1, key).bytes(2, base::view_of(value)).done()) {
            return false;
        }
    }
    return true;
}

base::Status Replica::write(uint64_t generation, const Entries& entries) {
    FB_CHECK(settle_unsealed());
    return transaction("write the store", [&] { return put(generation, entries); });
}

// ---- Payloads

base::Status Replica::read_payload(const base::Digest& digest, const Sink& sink) {
    const auto found = payloads_.find(digest);
    if (found == payloads_.end()) {
        return base::Error{"payload " + digest.hex().substr(0, 12) + " was never kept",
                           file_.string(), ""};
    }
    return read_parts(found->second, digest, sink);
}

base::Status Replica::read_parts(int64_t id, const base::Digest& digest, const Sink& sink) {
    Statement parts(database_, "SELECT bytes FROM part WHERE id BETWEEN ? AND ? ORDER BY id");
    parts.number(1, id << kPartBits).number(2, ((id + 1) << kPartBits) - 1);
    base::Sha384 sum;
    int stepped = parts.step();
    for (; stepped == SQLITE_ROW; stepped = parts.step()) {
        const base::ByteView part = parts.bytes_at(0);
        sum.add(part);
        FB_CHECK(sink(part));
    }
    if (stepped != SQLITE_DONE) {
        return failure("read a payload");
    }
    if (sum.finish() != digest) {
        return base::Error{"payload " + digest.hex().substr(0, 12) + " is damaged", file_.string(),
                           "it has to be downloaded again"};
    }
    return {};
}

// Of all payloads, whole or not, that the file has anything of.
base::Result<std::set<int64_t>> Replica::payload_ids() {
    std::set<int64_t> ids;
    static_assert(kPartBits == 16, "as it stands in the statement");
    Statement find(database_, "SELECT id FROM payload UNION SELECT DISTINCT id >> 16 FROM part");
    int stepped = find.step();
    for (; stepped == SQLITE_ROW; stepped = find.step()) {
        ids.insert(find.number_at(0));
    }
    return stepped == SQLITE_DONE ? base::Result(std::move(ids)) : failure("list payloads");
}

base::Status Replica::begin_payload() {
    FB_TRY(const std::set<int64_t> taken, payload_ids());
    int64_t id = 1;
    while (taken.contains(id)) {
        ++id;
    }
    if (!run("BEGIN IMMEDIATE")) {
        return failure("keep a payload");
    }
    unsealed_ = id;
    parts_ = 0;
    settled_ = false;
    return {};
}

base::Status Replica::append(base::ByteView part) {
    if (unsealed_ == 0 || parts_ >> kPartBits != 0) {
        return base::Error{unsealed_ == 0 ? "a payload was interrupted while it was written"
                                          : "a payload has more than 64 GiB",
                           file_.string(), "download it again"};
    }
    // Another transaction may have ended that of begin_payload().
    if (in_transaction() || run("BEGIN IMMEDIATE")) {
        Statement insert(database_, "INSERT INTO part VALUES (?, ?)");
        insert.number(1, (unsealed_ << kPartBits) + parts_).bytes(2, part);
        if (insert.done()) {
            ++parts_;
            return {};
        }
    }
    base::Error error = failure("keep a payload");
    drop_unsealed();
    return error;
}

base::Status Replica::seal(const base::Digest& digest) {
    if (unsealed_ == 0) {
        return base::Error{"a payload was interrupted while it was written", file_.string(),
                           "download it again"};
    }
    const bool ready = in_transaction() || run("BEGIN IMMEDIATE");
    std::set<int64_t> replaced;
    if (const auto before = payloads_.find(digest); before != payloads_.end()) {
        replaced.insert(before->second);
    }
    Statement insert(database_, "INSERT INTO payload VALUES (?, ?)");
    if (ready && insert.number(1, unsealed_).bytes(2, digest.bytes).done() &&
        remove_payloads(replaced) && run("COMMIT")) {
        payloads_[digest] = std::exchange(unsealed_, 0);
        return {};
    }
    base::Error error = failure("keep a payload");
    drop_unsealed();
    return error;
}

void Replica::drop_unsealed() {
    const int64_t id = std::exchange(unsealed_, 0);
    if (id != 0 && in_transaction()) {
        run("ROLLBACK");
    }
    if (id != 0 && settled_) {
        // If this fails, they stay parts of nothing until the next keep_only().
        (void)transaction("drop a payload", [&] { return remove_payloads({id}); });
    }
}

base::Status Replica::settle_unsealed() {
    if (unsealed_ == 0 || !in_transaction()) {
        return {};
    }
    if (run("COMMIT")) {
        settled_ = true;
        return {};
    }
    base::Error error = failure("keep a payload");
    drop_unsealed();
    return error;
}

bool Replica::remove_payloads(const std::set<int64_t>& ids) {
    Statement row(database_, "DELETE FROM payload WHERE id = ?");
    Statement parts(database_, "DELETE FROM part WHERE id BETWEEN ? AND ?");
    for (const int64_t id : ids) {
        parts.number(1, id << kPartBits).number(2, ((id + 1) << kPartBits) - 1);
        if (!row.number(1, id).done() || !parts.done()) {
            return false;
        }
    }
    return true;
}

base::Status Replica::keep_only(const std::set<base::Digest>& digests) {
    FB_CHECK(settle_unsealed());
    FB_TRY(std::set<int64_t> leaving, payload_ids());
    leaving.erase(unsealed_);
    std::map<base::Digest, int64_t> staying;
    for (const auto& [digest, id] : payloads_) {
        if (digests.contains(digest)) {
            staying[digest] = id;
            leaving.erase(id);
        }
    }
    if (!leaving.empty()) {
        FB_CHECK(transaction("drop payloads", [&] { return remove_payloads(leaving); }));
    }
    payloads_ = std::move(staying);
    return {};
}

}  // namespace firebreak::endpoint::update
