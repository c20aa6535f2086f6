#include "record/run_writer.h"

#include <fmt/format.h>

#include "record/database.h"
#include "run_schema.h"

namespace firebreak::record {

namespace {

bool insert_meta(Database& database, const Header& header) {
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
        meta.bind(key).bind(value).run();
    }
    return !meta.failed();
}

bool insert_fleet(Database& database, const Header& header) {
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
    Statement persona(database, "INSERT INTO persona VALUES (?, ?, ?, ?, ?)");
    for (size_t i = 0; i < header.personas.size(); ++i) {
        const Persona& row = header.personas[i];
        persona.bind(static_cast<int64_t>(i)).bind(row.name).bind(row.title);
        persona.bind(row.windows_build).bind(static_cast<int64_t>(row.endpoints)).run();
    }
    return !group.failed() && !release.failed() && !persona.failed();
}

bool insert_stages(Database& database, const Header& header) {
    Statement stage(database, "INSERT INTO stage VALUES (?, ?, ?, ?, ?, ?, ?)");
    Statement first_seen(database, "INSERT INTO stage_first_seen VALUES (NULL, ?, ?)");
    for (size_t i = 0; i < header.stages.size(); ++i) {
        const Stage& row = header.stages[i];
        stage.bind(static_cast<int64_t>(i)).bind(row.name).bind(row.checks);
        stage.bind(static_cast<int64_t>(row.endpoints)).bind(row.bake.seconds);
        stage.bind(row.endpoint_hours);
        (row.finds_per_h ? stage.bind(*row.finds_per_h) : stage.bind_null()).run();
        for (const std::string& what : row.first_seen_here) {
            first_seen.bind(static_cast<int64_t>(i)).bind(what).run();
        }
    }
    Statement domain(database, "INSERT INTO fault_domain VALUES (?, ?, ?, ?)");
    Statement feed(database, "INSERT INTO fault_domain_feed VALUES (NULL, ?, ?)");
    for (size_t i = 0; i < header.fault_domains.size(); ++i) {
        const FaultDomain& row = header.fault_domains[i];
        domain.bind(static_cast<int64_t>(i)).bind(row.process).bind(row.context);
        domain.bind(row.exits).run();
        for (const std::string& name : row.feeds) {
            feed.bind(static_cast<int64_t>(i)).bind(name).run();
        }
    }
    return !stage.failed() && !first_seen.failed() && !domain.failed() && !feed.failed();
}

// Roles of rows: see resources/run_schema.sql.
bool insert_expectations(Database& database, const Header& header) {
    Statement insert(database,
                     "INSERT INTO expectation VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const auto add = [&](const Expectation& row, int64_t role) {
        insert.bind(role).bind(static_cast<int64_t>(row.metric));
        insert.bind(int64_t{row.group}).bind(int64_t{row.release}).bind(int64_t{row.part});
        insert.bind(static_cast<int64_t>(row.comparison)).bind(row.bound);
        insert.bind(int64_t{row.is_share}).bind(static_cast<int64_t>(row.moment));
        insert.bind(row.at.seconds).bind(row.text).bind(row.place).run();
    };
    for (const Expectation& row : header.expectations) {
        add(row, row.attack ? 3 : 0);
    }
    if (!header.attack) {
        return !insert.failed();
    }
    for (const Expectation& row : header.attack->held) {
        add(row, 1);
    }
    for (const Expectation& row : header.attack->contained) {
        add(row, 2);
    }
    Statement attack(database, "INSERT INTO attack VALUES (NULL, ?, ?, ?, ?)");
    attack.bind(header.attack->row).bind(header.attack->aim).bind(header.attack->profile);
    attack.bind(static_cast<int64_t>(header.attack->expected)).run();
    return !insert.failed() && !attack.failed();
}

bool insert_terms(Database& database, const Header& header) {
    Statement setting(database, "INSERT INTO setting VALUES (NULL, ?, ?, ?, ?, ?)");
    for (const Setting& row : header.settings) {
        setting.bind(row.section).bind(row.key).bind(row.value).bind(int64_t{row.given});
        setting.bind(row.source).run();
    }
    return !setting.failed() && insert_expectations(database, header);
}

base::Status insert_header(Database& database, const Header& header) {
    return insert_meta(database, header) && insert_fleet(database, header) &&
                   insert_stages(database, header) && insert_terms(database, header)
               ? base::Status{}
               : database.error("write");
}

void bind_time(Statement& statement, const std::optional<base::SimTime>& at) {
    at ? statement.bind(at->seconds) : statement.bind_null();
}

bool insert_tenants(Database& database, const std::vector<Tenant>& tenants) {
    Statement tenant(database, "INSERT INTO tenant VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const Tenant& row : tenants) {
        tenant.bind(int64_t{row.number}).bind(int64_t{row.group}).bind(int64_t{row.endpoints});
        tenant.bind(int64_t{row.exposed}).bind(int64_t{row.affected}).bind(int64_t{row.refused});
        tenant.bind(int64_t{row.lost}).bind(int64_t{row.infected});
        bind_time(tenant, row.first_affected);
        bind_time(tenant, row.last_recovered);
        tenant.run();
    }
    return !tenant.failed();
}

// An older run, or an empty file, makes way; anything else stays.
base::Status remove_old(const std::filesystem::path& file) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) {
        return base::Error{"a folder, where the run file should be written", file.string(),
                           "name a file with --out"};
    }
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
          assay(database, "INSERT INTO assay VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
          score(database, "INSERT INTO model_score VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
          rule(database, "INSERT INTO rule_use VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
          sensor(database, "INSERT INTO sensor_use VALUES (NULL, ?, ?, ?, ?, ?, ?)"),
          exclusion(database, "INSERT INTO exclusion_use VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)"),
          series(database, "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?)"),
          meta(database, "INSERT OR REPLACE INTO meta VALUES (?, ?)") {}

    bool failed() const {
        return !amended || command.failed() || timeline.failed() || assay.failed() ||
               score.failed() || rule.failed() || sensor.failed() || exclusion.failed() ||
               series.failed() || meta.failed();
    }

    template <class... What>
    void tell(const What&... what) const {
        if (listener != nullptr) {
            listener->heard(what...);
        }
    }

    Listener* listener = nullptr;
    Database database;
    Statement command, timeline, assay, score, rule, sensor, exclusion, series, meta;
    int64_t assays = 0;
    bool amended = true;  // whenever it was to be
};

RunWriter::RunWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter::~RunWriter() = default;

base::Result<RunWriter> RunWriter::create(const std::filesystem::path& file, const Header& header,
                                          Listener* listener) {
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
    auto state = std::make_unique<State>(std::move(database));
    state->listener = listener;
    state->tell(header);
    return RunWriter(std::move(state));
}

void RunWriter::amend(const Header& header) {
    state_->tell(header);
    Database& database = state_->database;
    for (const char* table :
         {"release_group", "release", "persona", "setting", "stage", "stage_first_seen",
          "fault_domain", "fault_domain_feed", "expectation", "attack"}) {
        state_->amended =
            state_->amended && database.run(fmt::format("DELETE FROM {}", table).c_str()).ok();
    }
    state_->amended = state_->amended && insert_header(database, header).ok();
}

void RunWriter::add(const Command& row) {
    state_->tell(row);
    state_->command.bind(row.at.seconds).bind(row.origin).bind(row.kind);
    state_->command.bind(int64_t{row.release}).bind(row.result).run();
}

void RunWriter::add(const TimelineEntry& row) {
    state_->tell(row);
    state_->timeline.bind(row.at.seconds).bind(row.kind).bind(int64_t{row.group});
    state_->timeline.bind(int64_t{row.release}).bind(row.text).run();
}

void RunWriter::add(const Assay& row) {
    state_->tell(row);
    state_->assay.bind(row.at.seconds).bind(int64_t{row.imported}).bind(row.state_before);
    state_->assay.bind(row.stimulus).bind(row.stage).bind(row.category).bind(row.code);
    state_->assay.bind(row.evidence).bind(row.cost_ms).bind(row.json).run();
    for (const ModelScore& one : row.scores) {
        Statement& score = state_->score;
        score.bind(state_->assays).bind(int64_t{one.release}).bind(one.program).bind(one.where);
        score.bind(one.model).bind(one.version).bind(int64_t{one.telemetry});
        one.score ? score.bind(*one.score) : score.bind_null();
        score.bind(one.threshold).bind(one.refusal).run();
    }
    for (const RuleUse& one : row.rules) {
        Statement& rule = state_->rule;
        rule.bind(state_->assays).bind(int64_t{one.release}).bind(one.feed).bind(one.rule);
        for (const uint64_t number : {one.calls, one.errors, one.detections}) {
            rule.bind(static_cast<int64_t>(number));
        }
        rule.bind(int64_t{one.disabled}).bind(static_cast<int64_t>(one.nanoseconds));
        rule.bind(static_cast<int64_t>(one.memory_bytes)).run();
    }
    for (const SensorUse& one : row.sensors) {
        Statement& sensor = state_->sensor;
        sensor.bind(state_->assays).bind(one.kind);
        for (const uint64_t number : {one.in, one.merged, one.dropped, one.delivered}) {
            sensor.bind(static_cast<int64_t>(number));
        }
        sensor.run();
    }
    for (const ExclusionUse& one : row.exclusions) {
        Statement& exclusion = state_->exclusion;
        exclusion.bind(state_->assays).bind(int64_t{one.release}).bind(one.feed);
        exclusion.bind(one.application).bind(one.rule).bind(one.path).bind(one.kind);
        exclusion.bind(one.refusal).run();
    }
    ++state_->assays;
}

void RunWriter::add(const SeriesKey& key, const Point& point) {
    state_->tell(key, point);
    state_->series.bind(static_cast<int64_t>(key.metric)).bind(int64_t{key.group});
    state_->series.bind(int64_t{key.release}).bind(int64_t{key.part});
    state_->series.bind(point.at.seconds).bind(point.value).run();
}

base::Status RunWriter::commit(base::SimTime reached) {
    state_->meta.bind(std::string("reached")).bind(std::to_string(reached.seconds)).run();
    return state_->failed() ? state_->database.error("write")
                            : state_->database.run("COMMIT; BEGIN;");
}

base::Status RunWriter::finish(const Summary& summary, const Tally& tally,
                               const std::vector<Tenant>& tenants) {
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
    if (row.failed() || state_->failed() || !insert_tenants(state_->database, tenants)) {
        return state_->database.error("write");
    }
    return state_->database.run("COMMIT; PRAGMA journal_mode = DELETE;");
}

}  // namespace firebreak::record
