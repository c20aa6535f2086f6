// What a look-up in a table of reputations costs, beside std::lower_bound over the same keys and
// beside SQLite, and what opening a table costs beside hashing its bytes and no more.
//
//   bench_reputation [MILLIONS]      so many million files in the table; without it, 10
//
// Half of the files that are asked for are in the table. The table lies in a mapped memory file, as
// it does in a worker. One thread; rates are per second of its processor time, by turns, the best
// of each, so that a busy machine says less. Times of single look-ups are by the wall.
#include <fmt/format.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <vector>

#include "bench/known_files.h"

namespace firebreak::endpoint::reputation {
namespace {

constexpr size_t kInSqlite = 1'000'000;
constexpr int kRounds = 5;

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of(const std::function<void()>& work) {
    const double begin = processor_seconds();
    work();
    return processor_seconds() - begin;
}

struct Row {
    const char* name;
    std::function<size_t()> look_up;  // all that are asked for; how many were found
    double best = 1e9;                // seconds
};

// By turns. All have to find the same.
void compare(std::vector<Row> rows, size_t asked) {
    size_t expected = 0;
    for (int round = 0; round < kRounds; ++round) {
        for (Row& row : rows) {
            size_t found = 0;
            row.best = std::min(row.best, seconds_of([&] { found = row.look_up(); }));
            expected = expected == 0 ? found : expected;
            require(found == expected, "two ways of looking up do not find the same");
        }
    }
    for (const Row& row : rows) {
        fmt::print("  {:<34}{:>8.2f} M/s   {:>6.2f} ×\n", row.name,
                   static_cast<double>(asked) / row.best / 1e6, rows.back().best / row.best);
    }
}

size_t one_by_one(const SortedKeys& keys, std::span<const Sha256> asked) {
    size_t found = 0;
    for (const Sha256& key : asked) {
        found += keys.look_up(key) ? 1 : 0;
    }
    return found;
}

// `keys` as they lie in the table.
size_t by_lower_bound(std::span<const Sha256> keys, std::span<const Sha256> asked) {
    size_t found = 0;
    for (const Sha256& key : asked) {
        const auto at = std::lower_bound(keys.begin(), keys.end(), key);
        found += at != keys.end() && *at == key ? 1 : 0;
    }
    return found;
}

std::span<const Sha256> keys_in(base::ByteView table, size_t count) {
    constexpr size_t kHeaderBytes = 32;
    return {reinterpret_cast<const Sha256*>(table.data() + kHeaderBytes), count};
}

// --- what is measured ----------------------------------------------------------------------------

base::Bytes build(size_t count) {
    std::vector<TableEntry> entries = entries_of(count);
    base::Bytes table;
    const double seconds = seconds_of([&] { table = write_table(std::move(entries), {}).value(); });
    fmt::print("a table of {} M files, {} MB\n", static_cast<double>(count) / 1e6,
               table.size() / 1'000'000);
    fmt::print("  write_table, sorting included     {:>8.2f} s\n", seconds);
    return table;
}

void opening(base::ByteView table) {
    double open = 1e9, bare = 1e9;
    for (int round = 0; round < kRounds; ++round) {
        open = std::min(open, seconds_of([&] {
                            require(ReputationTable::open(table).ok(), "the table is refused");
                        }));
        bare = std::min(bare,
                        seconds_of([&] { require(base::sha256(table) != Sha256{}, "no digest"); }));
    }
    const double megabytes = static_cast<double>(table.size()) / 1e6;
    fmt::print("  open                              {:>8.0f} MB/s {:>6.2f} ×   {:.3f} s\n",
               megabytes / open, bare / open, open);
    fmt::print("  bare SHA-256                      {:>8.0f} MB/s\n", megabytes / bare);
}

void probes(const SortedKeys& keys, std::span<const Sha256> asked) {
    std::vector<unsigned> counts;
    double sum = 0;
    for (const Sha256& key : asked) {
        counts.push_back(keys.probes(key));
        sum += counts.back();
    }
    std::ranges::sort(counts);
    fmt::print("  keys read per look-up: mean {:.2f}, p99 {}, most {}, bound {}\n",
               sum / static_cast<double>(counts.size()), counts[counts.size() * 99 / 100],
               counts.back(), keys.most_probes());
}

void single_look_ups(const char* name, std::span<const Sha256> asked,
                     const std::function<bool(const Sha256&)>& look_up) {
    using Clock = std::chrono::steady_clock;
    std::vector<int64_t> nanoseconds;
    size_t found = 0;
    for (const Sha256& key : asked) {
        const Clock::time_point begin = Clock::now();
        found += look_up(key) ? 1 : 0;
        nanoseconds.push_back((Clock::now() - begin).count());
    }
    require(found <= asked.size(), "more found than asked");
    std::ranges::sort(nanoseconds);
    fmt::print("  {:<34}p50 {:>5} ns   p99 {:>5} ns\n", name, nanoseconds[nanoseconds.size() / 2],
               nanoseconds[nanoseconds.size() * 99 / 100]);
}

void look_ups(base::ByteView bytes, size_t count) {
    const ReputationTable table = ReputationTable::open(bytes).value();
    const SortedKeys& keys = table.files();
    const std::vector<Sha256> asked = asked_of(count);
    const auto sorted = keys_in(bytes, count);
    probes(keys, asked);
    compare({{"4,096 at once", [&] { return in_batches(keys, asked, 4096); }},
             {"64 at once", [&] { return in_batches(keys, asked, 64); }},
             {"one by one", [&] { return one_by_one(keys, asked); }},
             {"std::lower_bound, same keys", [&] { return by_lower_bound(sorted, asked); }}},
            asked.size());
    single_look_ups("the clock alone", asked, [](const Sha256&) { return true; });
    single_look_ups("one look-up", asked,
                    [&](const Sha256& key) { return keys.look_up(key).has_value(); });
    single_look_ups("std::lower_bound", asked, [&](const Sha256& key) {
        return by_lower_bound(sorted, std::span(&key, 1)) != 0;
    });
}

// --- SQLite --------------------------------------------------------------------------------------

class SqliteTable {
  public:
    explicit SqliteTable(size_t count) {
        require(sqlite3_open(":memory:", &database_) == SQLITE_OK, "no SQLite");
        run("CREATE TABLE reputation (sha256 BLOB PRIMARY KEY, score INTEGER) WITHOUT ROWID");
        run("BEGIN");
        prepare("INSERT INTO reputation VALUES (?, ?)");
        std::vector<TableEntry> entries = entries_of(count);
        std::ranges::sort(entries, {}, &TableEntry::key);
        for (const TableEntry& entry : entries) {
            bind(entry.key);
            sqlite3_bind_int(statement_, 2, entry.reputation);
            require(sqlite3_step(statement_) == SQLITE_DONE, "SQLite takes no row");
        }
        run("COMMIT");
        prepare("SELECT score FROM reputation WHERE sha256 = ?");
    }
    SqliteTable(const SqliteTable&) = delete;
    SqliteTable& operator=(const SqliteTable&) = delete;
    ~SqliteTable() {
        sqlite3_finalize(statement_);
        sqlite3_close(database_);
    }

    size_t look_up(std::span<const Sha256> asked) {
        size_t found = 0;
        for (const Sha256& key : asked) {
            bind(key);
            found += sqlite3_step(statement_) == SQLITE_ROW ? 1 : 0;
        }
        return found;
    }

  private:
    void run(const char* sql) {
        require(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
    }
    void prepare(const char* sql) {
        sqlite3_finalize(statement_);
        require(sqlite3_prepare_v2(database_, sql, -1, &statement_, nullptr) == SQLITE_OK, sql);
    }
    void bind(const Sha256& key) {
        sqlite3_reset(statement_);
        sqlite3_bind_blob(statement_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    }

    sqlite3* database_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

void beside_sqlite() {
    fmt::print("a table of {} M files, beside SQLite in memory\n", kInSqlite / 1e6);
    SqliteTable reference(kInSqlite);
    const base::Bytes bytes = write_table(entries_of(kInSqlite), {}).value();
    const Mapped mapped(bytes);
    const ReputationTable table = ReputationTable::open(mapped.bytes()).value();
    const std::vector<Sha256> asked = asked_of(kInSqlite);
    compare({{"4,096 at once", [&] { return in_batches(table.files(), asked, 4096); }},
             {"one by one", [&] { return one_by_one(table.files(), asked); }},
             {"SQLite, WITHOUT ROWID", [&] { return reference.look_up(asked); }}},
            asked.size());
}

void say_load() {
    double averages[1] = {0};
    getloadavg(averages, 1);
    fmt::print("load average {:.2f} on {} processors\n", averages[0],
               sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace

void run(size_t count) {
    say_load();
    {
        const Mapped table(build(count));
        opening(table.bytes());
        look_ups(table.bytes(), count);
    }
    beside_sqlite();
    say_load();
}

}  // namespace firebreak::endpoint::reputation

int main(int count, char** arguments) {
    const long millions = count > 1 ? std::strtol(arguments[1], nullptr, 10) : 10;
    if (millions < 1 || millions > 30) {
        fmt::print(stderr, "usage: {} [MILLIONS], 1 to 30\n", arguments[0]);
        return 4;
    }
    firebreak::endpoint::reputation::run(static_cast<size_t>(millions) * 1'000'000);
    return 0;
}
