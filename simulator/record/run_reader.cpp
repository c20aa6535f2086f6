#include "record/run_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/channel.h"
#include "base/harm.h"
#include "record/database.h"

namespace firebreak::record {

namespace {

constexpr int64_t kLatest_s = int64_t{1} << 40;
constexpr int64_t kYear9999 = 253'402'300'799;  // its last second
constexpr int64_t kLargestCount = int64_t{1} << 53;

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
    bool flag() { return integer(0, 1) == 1; }
    uint64_t large_count() { return static_cast<uint64_t>(integer(0, kLargestCount)); }
    uint32_t count() { return static_cast<uint32_t>(integer(0, UINT32_MAX)); }
    base::SimTime time() { return {integer(0, kLatest_s)}; }
    std::optional<base::SimTime> time_if_any() {
        return null() ? std::nullopt : std::optional(time());
    }
    int32_t reference(size_t count) {
        return static_cast<int32_t>(integer(kAll, static_cast<int64_t>(count) - 1));
    }
    // Of an entry that must be there.
    int64_t index(size_t count) {
        const int64_t value = statement_.integer(column_++);
        bad_ |= value < 0 || static_cast<uint64_t>(value) >= count;
        return value;
    }
    double real() {
        const double value = statement_.real(column_++);
        bad_ |= !std::isfinite(value);
        return std::isfinite(value) ? value : 0;
    }
    double not_negative() {
        const double value = real();
        bad_ |= value < 0;
        return value;
    }
    std::optional<double> not_negative_if_any() {
        return null() ? std::nullopt : std::optional(not_negative());
    }
    double share() {
        const double value = real();
        bad_ |= value < 0 || value > 1;
        return value;
    }
    std::optional<double> share_if_any() { return null() ? std::nullopt : std::optional(share()); }
    base::Metric metric() {
        return static_cast<base::Metric>(integer(0, int64_t{base::kMetricCount} - 1));
    }
    // Of the metric's Part.
    int32_t part(base::Metric metric, const Header& header) {
        switch (base::info(metric).part) {
            case base::Part::kPersona:
                return reference(header.personas.size());
            case base::Part::kChannel:
                return reference(base::kChannels);
            case base::Part::kHarm:
                return reference(base::kHarms);
            case base::Part::kNone:
                break;
        }
        return reference(0);
    }

  private:
    // Of the next column; if it is, passes over it.
    bool null() {
        const bool is_null = statement_.null(column_);
        column_ += is_null ? 1 : 0;
        return is_null;
    }

    Statement statement_;
    int column_ = 0;
    bool bad_ = false;
};

template <class Number>
bool parse_number(const std::string& text, Number& out) {
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, out);
    return result.ec == std::errc{} && result.ptr == end;
}

bool parse_within(const std::string& text, int64_t least, int64_t most, int64_t& out) {
    return parse_number(text, out) && out >= least && out <= most;
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
                parse_within(meta["start"], 0, kYear9999, run.header.start.unix_seconds) &&
                parse_within(meta["duration"], 1, kLatest_s, run.header.duration.seconds) &&
                parse_within(meta["reached"], 0, kLatest_s, run.reached.seconds);
    if (meta["status"] == "finished") {
        run.status = RunStatus::kFinished;
        run.summary.fingerprint = meta["fingerprint"];
        good = good && parse_number(meta["wall_s"], run.summary.wall_s) &&
               std::isfinite(run.summary.wall_s) &&
               parse_number(meta["polls"], run.summary.polls) &&
               parse_number(meta["tenants_alerted"], run.summary.tenants_alerted);
    }
    return good ? base::Status{} : damaged(file, "table meta");
}

bool read_fleet(Database& database, Header& header) {
    Rows groups(database, "SELECT name, stage, endpoints, tenants FROM release_group ORDER BY id");
    while (groups.next()) {
        Group row;
        row.name = groups.text();
        row.stage = groups.text();
        row.endpoints = groups.count();
        row.tenants = groups.count();
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
    Rows personas(database,
                  "SELECT name, title, windows_build, endpoints FROM persona ORDER BY id");
    while (personas.next()) {
        Persona row;
        row.name = personas.text();
        row.title = personas.text();
        row.windows_build = personas.text();
        row.endpoints = personas.large_count();
        header.personas.push_back(std::move(row));
    }
    return groups.ok() && releases.ok() && personas.ok();
}

bool read_stages(Database& database, Header& header) {
    Rows rows(database,
              "SELECT name, checks, endpoints, bake, endpoint_hours, finds_per_h FROM stage "
              "ORDER BY id");
    while (rows.next()) {
        Stage row;
        row.name = rows.text();
        row.checks = rows.text();
        row.endpoints = rows.large_count();
        row.bake = {rows.integer(0, kLatest_s)};
        row.endpoint_hours = rows.not_negative();
        row.finds_per_h = rows.not_negative_if_any();
        header.stages.push_back(std::move(row));
    }
    Rows first_seen(database, "SELECT stage, what FROM stage_first_seen ORDER BY id");
    while (first_seen.next()) {
        const int64_t stage = first_seen.index(header.stages.size());
        if (first_seen.ok()) {
            header.stages[static_cast<size_t>(stage)].first_seen_here.push_back(first_seen.text());
        }
    }
    return rows.ok() && first_seen.ok();
}

bool read_fault_domains(Database& database, Header& header) {
    Rows rows(database, "SELECT process, context, exits FROM fault_domain ORDER BY id");
    while (rows.next()) {
        FaultDomain row;
        row.process = rows.text();
        row.context = rows.text();
        row.exits = rows.text();
        header.fault_domains.push_back(std::move(row));
    }
    Rows feeds(database, "SELECT fault_domain, feed FROM fault_domain_feed ORDER BY id");
    while (feeds.next()) {
        const int64_t domain = feeds.index(header.fault_domains.size());
        if (feeds.ok()) {
            header.fault_domains[static_cast<size_t>(domain)].feeds.push_back(feeds.text());
        }
    }
    return rows.ok() && feeds.ok();
}

bool read_settings(Database& database, Header& header) {
    Rows rows(database, "SELECT section, key, value, given, source FROM setting ORDER BY id");
    while (rows.next()) {
        Setting row;
        row.section = rows.text();
        row.key = rows.text();
        row.value = rows.text();
        row.given = rows.flag();
        row.source = rows.text();
        header.settings.push_back(std::move(row));
    }
    return rows.ok();
}

bool read_attack(Database& database, Header& header) {
    Rows rows(database, "SELECT name, aim, profile, expected FROM attack ORDER BY id");
    while (rows.next()) {
        if (header.attack) {
            return false;  // a run is one attack, or none
        }
        Attack attack;
        attack.row = rows.text();
        attack.aim = rows.text();
        attack.profile = rows.text();
        attack.expected = static_cast<Standing>(rows.integer(0, 2));
        header.attack = std::move(attack);
    }
    return rows.ok();
}

bool read_expectations(Database& database, Header& header) {
    Rows rows(database,
              "SELECT role, metric, release_group, release, part, comparison, bound, is_share, "
              "moment, at, "
              "text, place FROM expectation ORDER BY id");
    while (rows.next()) {
        Expectation row;
        const int64_t role = rows.integer(0, 3);
        row.attack = role == 3;
        row.metric = rows.metric();
        row.group = rows.reference(header.groups.size());
        row.release = rows.reference(header.releases.size());
        row.part = rows.part(row.metric, header);
        row.comparison = static_cast<Comparison>(rows.integer(0, 2));
        row.bound = rows.real();
        row.is_share = rows.flag();
        row.moment = static_cast<Moment>(rows.integer(0, 3));
        row.at = rows.time();
        row.text = rows.text();
        row.place = rows.text();
        if (role != 0 && !header.attack) {
            return false;
        }
        auto& list = role == 1   ? header.attack->held
                     : role == 2 ? header.attack->contained
                                 : header.expectations;
        list.push_back(std::move(row));
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
              "SELECT at, imported, state_before, stimulus, stage, category, code, evidence, "
              "cost_ms, json "
              "FROM assay ORDER BY id");
    while (rows.next()) {
        Assay row;
        row.at = rows.time();
        row.imported = rows.flag();
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

bool read_scores(Database& database, Run& run) {
    Rows rows(database,
              "SELECT assay, release, program, place, model, version, telemetry, score, threshold, "
              "refusal FROM model_score ORDER BY id");
    while (rows.next()) {
        const int64_t assay = rows.index(run.assays.size());
        ModelScore row;
        row.release = rows.reference(run.header.releases.size());
        row.program = rows.text();
        row.where = rows.text();
        row.model = rows.text();
        row.version = rows.text();
        row.telemetry = rows.flag();
        row.score = rows.share_if_any();
        row.threshold = rows.share();
        row.refusal = rows.text();
        if (rows.ok()) {
            run.assays[static_cast<size_t>(assay)].scores.push_back(std::move(row));
        }
    }
    return rows.ok();
}

bool read_rules(Database& database, Run& run) {
    Rows rules(database,
               "SELECT assay, release, feed, rule, calls, errors, detections, disabled, "
               "nanoseconds, memory_bytes FROM rule_use ORDER BY id");
    while (rules.next()) {
        const int64_t assay = rules.index(run.assays.size());
        RuleUse row;
        row.release = rules.reference(run.header.releases.size());
        row.feed = rules.text();
        row.rule = rules.text();
        row.calls = rules.large_count();
        row.errors = rules.large_count();
        row.detections = rules.large_count();
        row.disabled = rules.flag();
        row.nanoseconds = rules.large_count();
        row.memory_bytes = rules.large_count();
        if (rules.ok()) {
            run.assays[static_cast<size_t>(assay)].rules.push_back(std::move(row));
        }
    }
    Rows sensors(database,
                 "SELECT assay, kind, events, merged, dropped, delivered FROM sensor_use "
                 "ORDER BY id");
    while (sensors.next()) {
        const int64_t assay = sensors.index(run.assays.size());
        SensorUse row;
        row.kind = sensors.text();
        for (uint64_t* number : {&row.in, &row.merged, &row.dropped, &row.delivered}) {
            *number = sensors.large_count();
        }
        if (sensors.ok()) {
            run.assays[static_cast<size_t>(assay)].sensors.push_back(std::move(row));
        }
    }
    return rules.ok() && sensors.ok();
}

bool read_exclusions(Database& database, Run& run) {
    Rows rows(database,
              "SELECT assay, release, feed, application, rule, path, kind, refusal "
              "FROM exclusion_use ORDER BY id");
    while (rows.next()) {
        const int64_t assay = rows.index(run.assays.size());
        ExclusionUse row;
        row.release = rows.reference(run.header.releases.size());
        for (std::string* text :
             {&row.feed, &row.application, &row.rule, &row.path, &row.kind, &row.refusal}) {
            *text = rows.text();
        }
        if (rows.ok()) {
            run.assays[static_cast<size_t>(assay)].exclusions.push_back(std::move(row));
        }
    }
    return rows.ok();
}

bool read_numbers(Database& database, Run& run) {
    const size_t groups = run.header.groups.size();
    const size_t releases = run.header.releases.size();
    Rows series(database,
                "SELECT metric, release_group, release, part, at, value FROM series "
                "ORDER BY metric, release_group, release, part, at");
    while (series.next()) {
        SeriesKey key;
        key.metric = series.metric();
        key.group = series.reference(groups);
        key.release = series.reference(releases);
        key.part = series.part(key.metric, run.header);
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
        run.tally[key] = tally.large_count();
    }
    return series.ok() && tally.ok();
}

bool read_tenants(Database& database, Run& run) {
    Rows rows(
        database,
        "SELECT number, release_group, endpoints, exposed, affected, refused, lost, infected, "
        "first_affected, last_recovered FROM tenant ORDER BY id");
    while (rows.next()) {
        Tenant row;
        row.number = rows.count();
        row.group = static_cast<int32_t>(rows.index(run.header.groups.size()));
        row.endpoints = rows.count();
        row.exposed = rows.count();
        row.affected = rows.count();
        row.refused = rows.count();
        row.lost = rows.count();
        row.infected = rows.count();
        row.first_affected = rows.time_if_any();
        row.last_recovered = rows.time_if_any();
        run.tenants.push_back(row);
    }
    return rows.ok();
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
    if (!read_fleet(database, run.header) || !read_stages(database, run.header) ||
        !read_fault_domains(database, run.header) || !read_settings(database, run.header) ||
        !read_attack(database, run.header) || !read_expectations(database, run.header) ||
        !read_log(database, run) || !read_assays(database, run) || !read_scores(database, run) ||
        !read_rules(database, run) || !read_exclusions(database, run) ||
        !read_numbers(database, run) || !read_tenants(database, run)) {
        return damaged(file, "a table is missing or holds a value out of range");
    }
    return run;
}

}  // namespace firebreak::record
