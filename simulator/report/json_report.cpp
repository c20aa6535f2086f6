#include <nlohmann/json.hpp>

#include "report/reports.h"

namespace firebreak::report {

namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json seconds(const std::optional<base::Duration>& duration) {
    return duration ? Json(duration->seconds) : Json(nullptr);
}

Json groups(const record::Run& run) {
    Json out = Json::array();
    std::vector<checks::Containment> rows = checks::containment(run);
    rows.pop_back();  // the sum: for people
    for (const checks::Containment& row : rows) {
        out.push_back({{"name", row.group},
                       {"endpoints", row.endpoints},
                       {"exposed", row.exposed},
                       {"affected", row.affected},
                       {"refused", row.refused},
                       {"alerts", row.alerts},
                       {"time_to_detect_s", seconds(row.time_to_detect)},
                       {"time_to_halt_s", seconds(row.time_to_halt)}});
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
             {"bound", expectation.bound},
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
             {"release", entry.release == record::kAll
                             ? Json(nullptr)
                             : Json(run.header.releases[static_cast<size_t>(entry.release)].name)},
             {"text", entry.text}});
    }
    return out;
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
    const Json out = {
        {"schema", 1},
        {"scenario", run.header.name},
        {"title", run.header.title},
        {"status", status(judged)},
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
        {"groups", groups(run)},
        {"expectations", expectations(judged)},
        {"timeline", timeline(run)}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace firebreak::report
