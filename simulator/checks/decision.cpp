#include "checks/decision.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "checks/series.h"

namespace firebreak::checks {

namespace {

std::string failure(const record::Expectation& expectation, const Verdict& verdict) {
    std::string out =
        fmt::format("Broken: {} (measured {}", expectation.text, verdict.measured_text);
    return verdict.broke_at ? out + "; first on " + to_text(*verdict.broke_at) + ")" : out + ")";
}

// It can only hold if content did harm, was refused or was halted.
bool expects_trouble(const record::Expectation& expectation) {
    if (expectation.attack) {
        return true;
    }
    switch (expectation.metric) {
        case base::Metric::kAffected:
        case base::Metric::kRefused:
        case base::Metric::kAlerts:
        case base::Metric::kDown:
        case base::Metric::kHalted:
        case base::Metric::kLost:
        case base::Metric::kHarmed:
        case base::Metric::kOvershoot:
        case base::Metric::kUnreached:
        case base::Metric::kRecoveredItself:
        case base::Metric::kRecoveredUpdate:
        case base::Metric::kRecoveredReboot:
        case base::Metric::kRecoveredRepairKit:
        case base::Metric::kRecoveredHand:
        case base::Metric::kFalseHalts:
        case base::Metric::kInfections:
        case base::Metric::kHarm:
            return expectation.comparison != record::Comparison::kAtMost && expectation.bound > 0;
        default:
            return false;
    }
}

// "rules-2 and rules-4 are"; empty if none is.
std::string halted_releases(const record::Run& run) {
    std::vector<std::string> names;
    for (size_t r = 0; r < run.header.releases.size(); ++r) {
        const record::SeriesKey key{base::Metric::kHalted, record::kAll, static_cast<int32_t>(r)};
        if (record::value_at(run.series, key, run.reached).value_or(0) > 0) {
            names.push_back(base::printable(run.header.releases[r].name, 40));
        }
    }
    return names.empty()
               ? ""
               : fmt::format("{} {}", fmt::join(names, " and "), names.size() == 1 ? "is" : "are");
}

uint64_t endpoints_of(const record::Header& header, int32_t group) {
    if (group != record::kAll) {
        return header.groups.at(static_cast<size_t>(group)).endpoints;
    }
    uint64_t total = 0;
    for (const record::Group& row : header.groups) {
        total += row.endpoints;
    }
    return total;
}

}  // namespace

Decision decide(const record::Run& run, const std::vector<Verdict>& verdicts) {
    Decision out;
    for (size_t i = 0; i < verdicts.size(); ++i) {
        if (verdicts[i].result == Result::kFailed) {
            out.reasons.push_back(failure(run.header.expectations.at(i), verdicts[i]));
        }
    }
    if (!out.reasons.empty()) {
        out.call = Call::kNoGo;
    } else if (run.status == record::RunStatus::kInterrupted) {
        out.reasons.push_back(fmt::format("The run was interrupted on {} of {}",
                                          to_text(run.reached), to_text(run.header.duration)));
    } else if (verdicts.empty()) {
        out.reasons.push_back("The scenario expects nothing, so nothing can pass or fail");
    } else {
        const auto trouble = std::count_if(run.header.expectations.begin(),
                                           run.header.expectations.end(), expects_trouble);
        const std::string held = verdicts.size() == 1
                                     ? std::string("What was expected held")
                                     : fmt::format("All {} expectations held", verdicts.size());
        const std::string halted = halted_releases(run);
        out.call = trouble == 0 && halted.empty() ? Call::kGo : Call::kAsExpected;
        out.reasons.push_back(
            trouble > 0 ? fmt::format("{}; {} of them asked for harm, refusals or halts, so the "
                                      "scenario shows a failure and clears no release",
                                      held, trouble)
            : halted.empty() ? held
                             : fmt::format("{}; but {} halted in the end, so no release is cleared",
                                           held, halted));
    }
    return out;
}

std::string to_text(Call call) {
    switch (call) {
        case Call::kGo:
            return "Go";
        case Call::kNoGo:
            return "No-go";
        case Call::kAsExpected:
            return "As expected";
        case Call::kNone:
            break;
    }
    return "No verdict";
}

std::optional<base::SimTime> point_of_no_return(const record::Run& run,
                                                const record::Expectation& expectation) {
    if (expectation.metric != base::Metric::kAffected || expectation.part != record::kAll ||
        expectation.comparison == record::Comparison::kAtLeast) {
        return std::nullopt;
    }
    const std::vector<record::Point> exposed =
        points_of(run, {base::Metric::kExposed, expectation.group});
    const double affected =
        record::value_at(run.series, {base::Metric::kAffected, expectation.group}, run.reached)
            .value_or(0);
    const double bound =
        expectation.is_share
            ? expectation.bound * static_cast<double>(endpoints_of(run.header, expectation.group))
            : expectation.bound;
    if (exposed.empty() || exposed.back().value <= 0 || affected <= bound) {
        return std::nullopt;
    }
    const double allowed = bound * exposed.back().value / affected;
    const auto over = std::find_if(exposed.begin(), exposed.end(), [&](const record::Point& point) {
        return point.value > allowed;
    });
    return over == exposed.end() ? std::nullopt : std::optional(over->at);
}

}  // namespace firebreak::checks
