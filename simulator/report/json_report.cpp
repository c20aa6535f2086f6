#include "base/channel.h"
#include "base/harm.h"
#include "checks/attack.h"
#include "checks/exclusions.h"
#include "checks/models.h"
#include "checks/rules.h"
#include "checks/series.h"
#include "report/json_parts.h"
#include "report/reports.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json moment(const std::optional<base::SimTime>& at) {
    return at ? Json(at->seconds) : Json(nullptr);
}

Json personas(const record::Run& run) {
    Json out = Json::array();
    for (const checks::Containment& row : checks::by_persona(run)) {
        out.push_back({{"name", row.group},
                       {"endpoints", row.endpoints},
                       {"exposed", row.exposed},
                       {"affected", row.affected},
                       {"refused", row.refused},
                       {"harmed", row.harmed},
                       {"lost_at_a_time", row.lost},
                       {"infections", row.infections},
                       {"protection_gap_h", row.protection_gap_h}});
    }
    return out;
}

Json worst_tenants(const record::Run& run) {
    constexpr size_t kMost = 20;
    Json out = Json::array();
    for (const record::Tenant& tenant : checks::worst_tenants(run, kMost)) {
        out.push_back({{"number", tenant.number},
                       {"group", run.header.groups.at(static_cast<size_t>(tenant.group)).name},
                       {"endpoints", tenant.endpoints},
                       {"exposed", tenant.exposed},
                       {"affected", tenant.affected},
                       {"refused", tenant.refused},
                       {"lost", tenant.lost},
                       {"infected", tenant.infected},
                       {"first_affected_s", moment(tenant.first_affected)},
                       {"last_recovered_s", moment(tenant.last_recovered)}});
    }
    return out;
}

// The last value of each part of a metric, by the part's name; only what happened.
template <class Infos>
Json by_part(const record::Run& run, base::Metric metric, const Infos& infos) {
    Json out = Json::object();
    for (size_t i = 0; i < infos.size(); ++i) {
        const auto points =
            checks::points_of(run, {metric, record::kAll, record::kAll, static_cast<int32_t>(i)});
        if (!points.empty() && points.back().value > 0) {
            out[std::string(infos[i].name)] = static_cast<uint64_t>(points.back().value);
        }
    }
    return out;
}

Json stages(const record::Header& header) {
    Json out = Json::array();
    for (const record::Stage& stage : header.stages) {
        out.push_back({{"name", stage.name},
                       {"checks", stage.checks},
                       {"endpoints", stage.endpoints},
                       {"bake_s", stage.bake.seconds},
                       {"endpoint_hours", stage.endpoint_hours},
                       {"finds_per_h", or_null(stage.finds_per_h)},
                       {"first_seen_here", stage.first_seen_here}});
    }
    return out;
}

Json fault_domains(const record::Header& header) {
    Json out = Json::array();
    for (const record::FaultDomain& domain : header.fault_domains) {
        out.push_back({{"process", domain.process},
                       {"context", domain.context},
                       {"feeds", domain.feeds},
                       {"exits", domain.exits}});
    }
    return out;
}

Json settings(const record::Header& header) {
    Json out = Json::array();
    for (const record::Setting& setting : header.settings) {
        out.push_back({{"section", setting.section},
                       {"key", setting.key},
                       {"value", setting.value},
                       {"given", setting.given},
                       {"source", setting.source}});
    }
    return out;
}

Json release_or_null(const record::Header& header, int32_t release) {
    return release == record::kAll ? Json(nullptr) : Json(release_name(header, release));
}

// Mean and highest are null where no program was scored.
Json models(const record::Run& run) {
    Json out = Json::array();
    for (const checks::ModelTally& tally : checks::model_tallies(run)) {
        const bool any = tally.scored > 0;
        out.push_back({{"release", release_or_null(run.header, tally.release)},
                       {"model", tally.model},
                       {"version", tally.version},
                       {"slot", checks::slot_name(tally)},
                       {"threshold", tally.threshold},
                       {"programs_scored", tally.scored},
                       {"at_threshold", tally.at_threshold},
                       {"mean", any ? Json(tally.mean) : Json(nullptr)},
                       {"highest", any ? Json(tally.highest) : Json(nullptr)},
                       {"highest_in", any ? Json(tally.highest_in) : Json(nullptr)},
                       {"no_score", tally.refused},
                       {"refusal", tally.refused > 0 ? Json(tally.refusal) : Json(nullptr)}});
    }
    return out;
}

// Times are of the machine that made the run.
Json rules(const record::Run& run) {
    Json out = Json::array();
    for (const checks::RuleTally& tally : checks::rule_tallies(run)) {
        out.push_back({{"release", release_or_null(run.header, tally.release)},
                       {"feed", tally.feed},
                       {"rule", tally.rule},
                       {"days", tally.days},
                       {"disabled_days", tally.disabled_days},
                       {"calls", tally.calls},
                       {"errors", tally.errors},
                       {"detections", tally.detections},
                       {"nanoseconds", tally.nanoseconds},
                       {"memory_bytes", tally.memory_bytes}});
    }
    return out;
}

Json sensors(const record::Run& run) {
    Json out = Json::array();
    for (const record::SensorUse& one : checks::sensor_tallies(run)) {
        out.push_back({{"events", one.kind},
                       {"in", one.in},
                       {"merged", one.merged},
                       {"dropped", one.dropped},
                       {"delivered", one.delivered}});
    }
    return out;
}

// `refusal` is null for what is granted.
Json exclusions(const record::Run& run) {
    Json out = Json::array();
    for (const checks::ExclusionTally& tally : checks::exclusion_tallies(run)) {
        const record::ExclusionUse& use = tally.what;
        out.push_back({{"release", release_or_null(run.header, use.release)},
                       {"feed", use.feed},
                       {"application", use.application},
                       {"rule", use.rule},
                       {"what", use.kind},
                       {"path", use.path},
                       {"refusal", use.refusal.empty() ? Json(nullptr) : Json(use.refusal)},
                       {"assays", tally.workloads}});
    }
    return out;
}

Json expectations(const Judged& judged) {
    Json out = Json::array();
    for (size_t i = 0; i < judged.verdicts.size(); ++i) {
        const record::Expectation& expectation = judged.run.header.expectations[i];
        const checks::Verdict& verdict = judged.verdicts[i];
        const Json passed = verdict.result == checks::Result::kOpen
                                ? Json(nullptr)
                                : Json(verdict.result == checks::Result::kPassed);
        out.push_back(
            {{"text", expectation.text},
             {"measured", or_null(verdict.measured)},
             {"bound", expectation.attack ? Json(nullptr) : Json(expectation.bound)},
             {"bound_is_share", expectation.is_share},
             {"passed", passed},
             {"broke_at_s", verdict.broke_at ? Json(verdict.broke_at->seconds) : Json(nullptr)},
             {"place", expectation.place}});
    }
    return out;
}

Json timeline(const record::Run& run) {
    Json out = Json::array();
    for (const record::TimelineEntry& entry : run.timeline) {
        out.push_back(
            {{"at_s", entry.at.seconds},
             {"kind", entry.kind},
             {"group", entry.group == record::kAll
                           ? Json(nullptr)
                           : Json(run.header.groups[static_cast<size_t>(entry.group)].name)},
             {"release", release_or_null(run.header, entry.release)},
             {"text", entry.text}});
    }
    return out;
}

// Null: no row of the attack matrix.
Json attack(const record::Run& run) {
    const auto verdict = checks::judge_attack(run);
    if (!verdict) {
        return nullptr;
    }
    const record::Attack& row = *run.header.attack;
    return {{"row", row.row},
            {"aim", row.aim},
            {"profile", row.profile},
            {"verdict", verdict->decided ? Json(std::string(checks::to_text(verdict->standing)))
                                         : Json(nullptr)},
            {"expected", std::string(checks::to_text(row.expected))},
            {"why", verdict->why},
            {"evidence", verdict->evidence}};
}

}  // namespace

std::string status(const Judged& judged) {
    if (judged.run.status == record::RunStatus::kInterrupted) {
        return "interrupted";
    }
    return checks::all_passed(judged.verdicts) ? "passed" : "failed";
}

std::string json(const Judged& judged) {
    const record::Run& run = judged.run;
    const bool finished = run.status == record::RunStatus::kFinished;
    Json groups = Json::array();
    for (const checks::Containment& row : checks::containment(run)) {
        groups.push_back(containment_json(row));
    }
    Json total = groups.back();
    total.erase("name");
    groups.erase(groups.size() - 1);
    const Json out = {
        {"schema", 1},
        {"scenario", run.header.name},
        {"title", run.header.title},
        {"status", status(judged)},
        {"decision", decision_json(judged)},
        {"headline", checks::headline(run)},
        {"seed", run.header.seed},
        {"fingerprint", finished ? Json(run.summary.fingerprint) : Json(nullptr)},
        {"wall_s", finished ? Json(run.summary.wall_s) : Json(nullptr)},
        {"simulated_s", run.reached.seconds},
        {"polls", finished ? Json(run.summary.polls) : Json(nullptr)},
        {"tenants_alerted", finished ? Json(run.summary.tenants_alerted) : Json(nullptr)},
        {"assays", run.assays.size()},
        {"version", run.header.version},
        {"run_file", judged.run_file},
        {"total", total},
        {"groups", groups},
        {"false_halts", checks::false_halts(run)},
        {"harms", by_part(run, base::Metric::kHarm, base::harms())},
        {"signals", by_part(run, base::Metric::kSignals, base::channels())},
        {"personas", personas(run)},
        {"worst_tenants", worst_tenants(run)},
        {"models", models(run)},
        {"rules", rules(run)},
        {"sensors", sensors(run)},
        {"exclusions", exclusions(run)},
        {"stages", stages(run.header)},
        {"fault_domains", fault_domains(run.header)},
        {"settings", settings(run.header)},
        {"expectations", expectations(judged)},
        {"attack", attack(run)},
        {"timeline", timeline(run)}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace firebreak::report
