#include "endpoint/update/durable_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace firebreak::endpoint::update {

struct DurableStore::State {
    std::filesystem::path file;
    sqlite3* database = nullptr;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { sqlite3_close(database); }

    base::Error error(std::string_view doing) const {
        return {fmt::format("cannot {}: {}", doing, sqlite3_errmsg(database)), file.string(),
                "repair or reinstall the endpoint"};
    }
    base::Status run(const char* sql) {
        return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK
                   ? base::Status{}
                   : error("write the store");
    }
};

namespace {

// A prepared statement, finalized with its scope.
class Statement {
  public:
    Statement(sqlite3* database, const char* sql) {
        sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    void bind(int index, std::string_view text) {
        sqlite3_bind_text64(statement_, index, text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8);
    }
    void bind(int index, base::ByteView bytes) {
        sqlite3_bind_blob64(statement_, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    }
    int step() { return statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_); }
    base::ByteView column() {
        const auto* bytes = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, 0));
        return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, 0))};
    }

  private:
    sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

DurableStore::DurableStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
DurableStore::~DurableStore() = default;

base::Result<std::unique_ptr<DurableStore>> DurableStore::open(const std::filesystem::path& file) {
    auto state = std::make_unique<State>();
    state->file = file;
    if (sqlite3_open_v2(file.c_str(), &state->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        nullptr) != SQLITE_OK) {
        return state->error("open the store");
    }
    sqlite3_busy_timeout(state->database, 1000);
    FB_CHECK(
        state->run("PRAGMA synchronous = EXTRA;"
                   "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT "
                   "NULL) WITHOUT ROWID;"
                   "CREATE TABLE IF NOT EXISTS payload (sha384 BLOB PRIMARY KEY, bytes BLOB "
                   "NOT NULL) WITHOUT ROWID;"));
    return std::unique_ptr<DurableStore>(new DurableStore(std::move(state)));
}

base::Result<std::optional<std::string>> DurableStore::get(const std::string& key) {
    Statement find(state_->database, "SELECT value FROM entry WHERE key = ?");
    find.bind(1, key);
    switch (find.step()) {
        case SQLITE_ROW:
            return std::optional(std::string(base::text_of(find.column())));
        case SQLITE_DONE:
            return std::optional<std::string>{};
        default:
            return state_->error("read the store");
    }
}

base::Status DurableStore::commit(const ports::Changes& changes) {
    FB_CHECK(state_->run("BEGIN IMMEDIATE"));
    for (const auto& [key, value] : changes) {
        Statement write(state_->database,
                        value ? "INSERT INTO entry VALUES (?, ?) ON CONFLICT DO UPDATE SET value = "
                                "excluded.value"
                              : "DELETE FROM entry WHERE key = ?");
        write.bind(1, key);
        if (value) {
            write.bind(2, base::view_of(*value));
        }
        if (write.step() != SQLITE_DONE) {
            const base::Error failed = state_->error("write the store");
            (void)state_->run("ROLLBACK");
            return failed;
        }
    }
    const base::Status committed = state_->run("COMMIT");
    if (!committed.ok()) {
        (void)state_->run("ROLLBACK");
    }
    return committed;
}

base::Status DurableStore::keep(const base::Digest& digest, base::ByteView bytes) {
    Statement write(state_->database, "INSERT OR REPLACE INTO payload VALUES (?, ?)");
    write.bind(1, base::ByteView(digest.bytes));
    write.bind(2, bytes);
    return write.step() == SQLITE_DONE ? base::Status{} : state_->error("keep a payload");
}

base::Result<base::Bytes> DurableStore::blob(const base::Digest& digest) {
    Statement find(state_->database, "SELECT bytes FROM payload WHERE sha384 = ?");
    find.bind(1, base::ByteView(digest.bytes));
    switch (find.step()) {
        case SQLITE_ROW: {
            const base::ByteView bytes = find.column();
            if (base::sha384(bytes) != digest) {
                return base::Error{"a kept payload is damaged", state_->file.string(),
                                   "repair or reinstall the endpoint"};
            }
            return base::Bytes(bytes.begin(), bytes.end());
        }
        case SQLITE_DONE:
            return base::Error{"payload " + digest.hex().substr(0, 12) + " was never kept",
                               state_->file.string(), ""};
        default:
            return state_->error("read a payload");
    }
}

}  // namespace firebreak::endpoint::update
