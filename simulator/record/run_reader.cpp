#include "record/run_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "record/database.h"

namespace firebreak::record {

namespace {

// Reads typed columns and remembers the first that cannot be what we wrote.
class Rows {
  public:
    Rows(const Database& database, const char* sql) : statement_(database, sql) {}

    bool next() {
        column_ = 0;
        return !bad_ && statement_.row();
    }
    bool ok() const { return !bad_ && !statement_.failed(); }

    std::string text() { return statement_.text(column_++); }
    int64_t integer(int64_t least, int64_t most) {
        const int64_t value = statement_.integer(column_++);
        bad_ |= value < least || value > most;
        return std::clamp(value, least, most);
    }
    base::SimTime time() { return {integer(0, int64_t{1} << 40)}; }
    int32_t reference(size_t count) {
        return static_cast<int32_t>(integer(kAll, static_cast<int64_t>(count) - 1));
    }
    double real() {
        const double value = statement_.real(column_++);
        bad_ |= !std::isfinite(value);
        return std::isfinite(value) ? value : 0;
    }

  private:
    Statement statement_;
    int column_ = 0;
    bool bad_ = false;
};

constexpr int64_t kLargestCount = int64_t{1} << 53;

template <class Number>
bool parse_number(const std::string& text, Number& out) {
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, out);
    return result.ec == std::errc{} && result.ptr == end;
}

base::Error damaged(const std::filesystem::path& file, std::string_view what) {
    return {fmt::format("the run file is damaged: {}", what), file.string(),
            "run the scenario again"};
}

base::Status check_identity(Database& database, const std::filesystem::path& file) {
    Rows id(database, "PRAGMA application_id");
    if (!id.next() || id.integer(INT32_MIN, INT32_MAX) != kApplicationId) {
        return base::Error{"not a run file", file.string(), "name a file that `run` wrote"};
    }
    Rows version(database, "PRAGMA user_version");
    const int64_t found = version.next() ? version.integer(INT32_MIN, INT32_MAX) : 0;
    if (found != kSchemaVersion) {
        return base::Error{
            fmt::format("run file of schema {}, this version reads {}", found, kSchemaVersion),
            file.string(), "read it with the version that wrote it"};
    }
    return {};
}

base::Status read_meta(Database& database, const std::filesystem::path& file, Run& run) {
    std::map<std::string, std::string> meta;
    Rows rows(database, "SELECT key, value FROM meta");
    while (rows.next()) {
        std::string key = rows.text();
        meta[std::move(key)] = rows.text();
    }
    run.header.name = meta["name"];
    run.header.title = meta["title"];
    run.header.description = meta["description"];
    run.header.scenario = meta["scenario"];
    run.header.version = meta["version"];
    run.header.notes = meta["notes"];
    bool good = rows.ok() && parse_number(meta["seed"], run.header.seed) &&
                parse_number(meta["start"], run.header.start.unix_seconds) &&
                parse_number(meta["duration"], run.header.duration.seconds) &&
                parse_number(meta["reached"], run.reached.seconds);
    if (meta["status"] == "finished") {
        run.status = RunStatus::kFinished;
        run.summary.fingerprint = meta["fingerprint"];
        good = good && parse_number(meta["wall_s"], run.summary.wall_s) &&
               parse_number(meta["polls"], run.summary.polls) &&
               parse_number(meta["tenants_alerted"], run.summary.tenants_alerted);
    }
    return good ? base::Status{} : damaged(file, "table meta");
}

bool read_groups_and_releases(Database& database, Header& header) {
    Rows groups(database, "SELECT name, stage, endpoints, tenants FROM release_group ORDER BY id");
    while (groups.next()) {
        Group row;
        row.name = groups.text();
        row.stage = groups.text();
        row.endpoints = static_cast<uint32_t>(groups.integer(0, UINT32_MAX));
        row.tenants = static_cast<uint32_t>(groups.integer(0, UINT32_MAX));
        header.groups.push_back(std::move(row));
    }
    Rows releases(database,
                  "SELECT name, feed, version, kind, at, manifest FROM release ORDER BY id");
    while (releases.next()) {
        Release row;
        row.name = releases.text();
        row.feed = releases.text();
        row.version = releases.text();
        row.kind = releases.text();
        row.at = releases.time();
        row.manifest = releases.text();
        header.releases.push_back(std::move(row));
    }
    return groups.ok() && releases.ok();
}

bool read_expectations(Database& database, Header& header) {
    Rows rows(database,
              "SELECT metric, release_group, release, comparison, bound, is_share, moment, at, "
              "text, place FROM expectation ORDER BY id");
    while (rows.next()) {
        Expectation row;
        row.metric = static_cast<base::Metric>(
            rows.integer(0, static_cast<int64_t>(base::metrics().size()) - 1));
        row.group = rows.reference(header.groups.size());
        row.release = rows.reference(header.releases.size());
        row.comparison = static_cast<Comparison>(rows.integer(0, 2));
        row.bound = rows.real();
        row.is_share = rows.integer(0, 1) == 1;
        row.moment = static_cast<Moment>(rows.integer(0, 3));
        row.at = rows.time();
        row.text = rows.text();
        row.place = rows.text();
        header.expectations.push_back(std::move(row));
    }
    return rows.ok();
}

bool read_log(Database& database, Run& run) {
    const size_t groups = run.header.groups.size();
    const size_t releases = run.header.releases.size();
    Rows commands(database, "SELECT at, origin, kind, release, result FROM command ORDER BY id");
    while (commands.next()) {
        Command row;
        row.at = commands.time();
        row.origin = commands.text();
        row.kind = commands.text();
        row.release = commands.reference(releases);
        row.result = commands.text();
        run.commands.push_back(std::move(row));
    }
    Rows timeline(database,
                  "SELECT at, kind, release_group, release, text FROM timeline ORDER BY at, id");
    while (timeline.next()) {
        TimelineEntry row;
        row.at = timeline.time();
        row.kind = timeline.text();
        row.group = timeline.reference(groups);
        row.release = timeline.reference(releases);
        row.text = timeline.text();
        run.timeline.push_back(std::move(row));
    }
    return commands.ok() && timeline.ok();
}

bool read_assays(Database& database, Run& run) {
    Rows rows(database,
              "SELECT at, state_before, stimulus, stage, category, code, evidence, cost_ms, json "
              "FROM assay ORDER BY id");
    while (rows.next()) {
        Assay row;
        row.at = rows.time();
        row.state_before = rows.text();
        row.stimulus = rows.text();
        row.stage = rows.text();
        row.category = rows.text();
        row.code = rows.text();
        row.evidence = rows.text();
        row.cost_ms = rows.real();
        row.json = rows.text();
        run.assays.push_back(std::move(row));
    }
    return rows.ok();
}

bool read_numbers(Database& database, Run& run) {
    const size_t groups = run.header.groups.size();
    const size_t releases = run.header.releases.size();
    Rows series(database,
                "SELECT metric, release_group, release, at, value FROM series "
                "ORDER BY metric, release_group, release, at");
    while (series.next()) {
        SeriesKey key;
        key.metric = static_cast<base::Metric>(
            series.integer(0, static_cast<int64_t>(base::metrics().size()) - 1));
        key.group = series.reference(groups);
        key.release = series.reference(releases);
        const base::SimTime at = series.time();
        run.series[key].push_back({at, series.real()});
    }
    Rows tally(database, "SELECT release_group, release, category, code, count FROM tally");
    while (tally.next()) {
        TallyKey key;
        key.group = tally.reference(groups);
        key.release = tally.reference(releases);
        key.category = static_cast<base::Category>(tally.integer(0, UINT8_MAX));
        key.code = static_cast<base::Code>(tally.integer(0, UINT16_MAX));
        run.tally[key] = static_cast<uint64_t>(tally.integer(0, kLargestCount));
    }
    return series.ok() && tally.ok();
}

}  // namespace

std::optional<double> value_at(const Series& series, const SeriesKey& key, base::SimTime at) {
    const auto found = series.find(key);
    if (found == series.end()) {
        return std::nullopt;
    }
    const auto after =
        std::upper_bound(found->second.begin(), found->second.end(), at,
                         [](base::SimTime t, const Point& point) { return t < point.at; });
    return after == found->second.begin() ? std::nullopt : std::optional((after - 1)->value);
}

base::Result<Run> read_run(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) {
        return base::Error{"there is no such run file", file.string(),
                           "name a file that `run` wrote"};
    }
    FB_TRY(Database database, Database::open(file, SQLITE_OPEN_READONLY));
    FB_CHECK(database.run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"));
    FB_CHECK(check_identity(database, file));
    Run run;
    FB_CHECK(read_meta(database, file, run));
    if (!read_groups_and_releases(database, run.header) ||
        !read_expectations(database, run.header) || !read_log(database, run) ||
        !read_assays(database, run) || !read_numbers(database, run)) {
        return damaged(file, "a table is missing or holds a value out of range");
    }
    return run;
}

}  // namespace firebreak::record
