#include "record/run_writer.h"

#include <fmt/format.h>

#include "record/database.h"
#include "run_schema.h"

namespace firebreak::record {

namespace {

base::Status insert_header(Database& database, const Header& header) {
    Statement meta(database, "INSERT OR REPLACE INTO meta VALUES (?, ?)");
    for (const auto& [key, value] :
         std::map<std::string, std::string>{{"name", header.name},
                                            {"title", header.title},
                                            {"description", header.description},
                                            {"scenario", header.scenario},
                                            {"version", header.version},
                                            {"notes", header.notes},
                                            {"seed", std::to_string(header.seed)},
                                            {"start", std::to_string(header.start.unix_seconds)},
                                            {"duration", std::to_string(header.duration.seconds)},
                                            {"status", "running"},
                                            {"reached", "0"}}) {
        if (!meta.bind(key).bind(value).run()) {
            return database.error("write");
        }
    }
    Statement group(database, "INSERT INTO release_group VALUES (?, ?, ?, ?, ?)");
    for (size_t i = 0; i < header.groups.size(); ++i) {
        const Group& row = header.groups[i];
        group.bind(static_cast<int64_t>(i)).bind(row.name).bind(row.stage);
        group.bind(int64_t{row.endpoints}).bind(int64_t{row.tenants}).run();
    }
    Statement release(database, "INSERT INTO release VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < header.releases.size(); ++i) {
        const Release& row = header.releases[i];
        release.bind(static_cast<int64_t>(i)).bind(row.name).bind(row.feed).bind(row.version);
        release.bind(row.kind).bind(row.at.seconds).bind(row.manifest).run();
    }
    Statement expectation(database,
                          "INSERT INTO expectation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < header.expectations.size(); ++i) {
        const Expectation& row = header.expectations[i];
        expectation.bind(static_cast<int64_t>(i)).bind(static_cast<int64_t>(row.metric));
        expectation.bind(int64_t{row.group}).bind(int64_t{row.release});
        expectation.bind(static_cast<int64_t>(row.comparison)).bind(row.bound);
        expectation.bind(int64_t{row.is_share}).bind(static_cast<int64_t>(row.moment));
        expectation.bind(row.at.seconds).bind(row.text).bind(row.place).run();
    }
    return group.failed() || release.failed() || expectation.failed() ? database.error("write")
                                                                      : base::Status{};
}

// An older run, or an empty file, makes way; anything else stays.
base::Status remove_old(const std::filesystem::path& file) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored) && !std::filesystem::is_empty(file, ignored)) {
        const auto old = Database::open(file, SQLITE_OPEN_READONLY);
        bool is_run = old.ok();
        if (is_run) {
            Statement id(*old, "PRAGMA application_id");
            is_run = id.row() && id.integer(0) == kApplicationId;
        }
        if (!is_run) {
            return base::Error{"not a run file, and not to be overwritten", file.string(),
                               "name another with --out"};
        }
    }
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
        std::filesystem::remove(file.string() + suffix, ignored);
    }
    return {};
}

}  // namespace

struct RunWriter::State {
    explicit State(Database opened)
        : database(std::move(opened)),
          command(database, "INSERT INTO command VALUES (NULL, ?, ?, ?, ?, ?)"),
          timeline(database, "INSERT INTO timeline VALUES (NULL, ?, ?, ?, ?, ?)"),
          assay(database, "INSERT INTO assay VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
          series(database, "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?)"),
          meta(database, "INSERT OR REPLACE INTO meta VALUES (?, ?)") {}

    bool failed() const {
        return command.failed() || timeline.failed() || assay.failed() || series.failed() ||
               meta.failed();
    }

    Database database;
    Statement command, timeline, assay, series, meta;
};

RunWriter::RunWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter::~RunWriter() = default;

base::Result<RunWriter> RunWriter::create(const std::filesystem::path& file, const Header& header) {
    std::error_code failure;
    if (file.has_parent_path()) {
        std::filesystem::create_directories(file.parent_path(), failure);
        if (failure) {
            return base::Error{"cannot make the folder: " + failure.message(),
                               file.parent_path().string(), "name another with --out"};
        }
    }
    FB_CHECK(remove_old(file));
    FB_TRY(Database database, Database::open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    FB_CHECK(database.run(fmt::format("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                      "PRAGMA application_id = {}; PRAGMA user_version = {};"
                                      "BEGIN;",
                                      kApplicationId, kSchemaVersion)
                              .c_str()));
    FB_CHECK(database.run(kRunSchema));
    FB_CHECK(insert_header(database, header));
    FB_CHECK(database.run("COMMIT; BEGIN;"));
    return RunWriter(std::make_unique<State>(std::move(database)));
}

void RunWriter::add(const Command& row) {
    state_->command.bind(row.at.seconds).bind(row.origin).bind(row.kind);
    state_->command.bind(int64_t{row.release}).bind(row.result).run();
}

void RunWriter::add(const TimelineEntry& row) {
    state_->timeline.bind(row.at.seconds).bind(row.kind).bind(int64_t{row.group});
    state_->timeline.bind(int64_t{row.release}).bind(row.text).run();
}

void RunWriter::add(const Assay& row) {
    state_->assay.bind(row.at.seconds).bind(row.state_before).bind(row.stimulus);
    state_->assay.bind(row.stage).bind(row.category).bind(row.code).bind(row.evidence);
    state_->assay.bind(row.cost_ms).bind(row.json).run();
}

void RunWriter::add(const SeriesKey& key, const Point& point) {
    state_->series.bind(static_cast<int64_t>(key.metric)).bind(int64_t{key.group});
    state_->series.bind(int64_t{key.release}).bind(point.at.seconds).bind(point.value).run();
}

base::Status RunWriter::commit(base::SimTime reached) {
    state_->meta.bind(std::string("reached")).bind(std::to_string(reached.seconds)).run();
    return state_->failed() ? state_->database.error("write")
                            : state_->database.run("COMMIT; BEGIN;");
}

base::Status RunWriter::finish(const Summary& summary, const Tally& tally) {
    Statement row(state_->database, "INSERT INTO tally VALUES (?, ?, ?, ?, ?)");
    for (const auto& [key, count] : tally) {
        row.bind(int64_t{key.group}).bind(int64_t{key.release});
        row.bind(static_cast<int64_t>(key.category)).bind(static_cast<int64_t>(key.code));
        row.bind(static_cast<int64_t>(count)).run();
    }
    for (const auto& [key, value] : std::map<std::string, std::string>{
             {"fingerprint", summary.fingerprint},
             {"wall_s", fmt::format("{}", summary.wall_s)},
             {"polls", std::to_string(summary.polls)},
             {"tenants_alerted", std::to_string(summary.tenants_alerted)},
             {"status", "finished"}}) {
        state_->meta.bind(key).bind(value).run();
    }
    if (row.failed() || state_->failed()) {
        return state_->database.error("write");
    }
    return state_->database.run("COMMIT; PRAGMA journal_mode = DELETE;");
}

}  // namespace firebreak::record
