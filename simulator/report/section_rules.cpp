#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "checks/rules.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

std::string whose(const record::Header& header, int32_t release) {
    return release == record::kAll ? tag("span", "dim", "baseline")
                                   : escape(release_name(header, release));
}

std::string costs_table(const record::Run& run, const std::vector<checks::RuleTally>& tallies) {
    std::vector<std::vector<std::string>> rows;
    std::map<int32_t, std::vector<std::string>> idle;
    for (const checks::RuleTally& tally : tallies) {
        if (tally.calls == 0 && tally.disabled_days == 0) {
            idle[tally.release].push_back(escape(tally.rule));
            continue;
        }
        rows.push_back(
            {whose(run.header, tally.release), tag("span", "dim", escape(tally.feed)),
             escape(tally.rule), number(tally.calls), number(tally.detections),
             number(tally.errors),
             tally.disabled_days == 0
                 ? "–"
                 : fmt::format("{} of {} days", tally.disabled_days, tally.days),
             tally.nanoseconds == 0 ? "–" : fmt::format("{:.2f}", tally.microseconds_per_call()),
             fmt::format("{:.2f}", static_cast<double>(tally.nanoseconds) / 1e6),
             number(tally.memory_bytes / 1024)});
    }
    std::string out = table({"release", "feed", "rule", "#calls", "#detections", "#errors",
                             "#switched off", "#µs a call", "#ms in all", "#KiB"},
                            rows, "rules");
    for (const auto& [release, names] : idle) {
        out += tag("p", "note",
                   fmt::format("{}, never called there: {}.", whose(run.header, release),
                               fmt::join(names, ", "))) +
               "\n";
    }
    return out;
}

std::string sensors_table(const std::vector<record::SensorUse>& sensors) {
    std::vector<std::vector<std::string>> rows;
    for (const record::SensorUse& one : sensors) {
        if (one.in > 0) {
            rows.push_back({escape(one.kind), number(one.in), number(one.merged),
                            number(one.dropped), number(one.delivered)});
        }
    }
    return table({"events", "#in", "#merged", "#dropped", "#delivered"}, rows, "sensors");
}

}  // namespace

std::string rules_section(const record::Run& run) {
    const std::vector<checks::RuleTally> tallies = checks::rule_tallies(run);
    if (tallies.empty()) {
        return "";
    }
    std::string out =
        tag("p", "lead",
            "What each rule did in a day of each persona, the dearest first. Nothing there is an "
            "attack: what a behaviour rule of high severity detects is a false positive. Rules of "
            "application detection look at the machine once. Of a repair kit, rules that failed "
            "are shown, by its runs. Times are of this machine, and differ from run to run.") +
        "\n" + costs_table(run, tallies);
    const std::vector<record::SensorUse> sensors = checks::sensor_tallies(run);
    if (sensors.empty()) {
        return out;
    }
    return out +
           tag("p", "lead",
               "What became of the events of these days before rules saw them: rules set how "
               "sensors merge and drop.") +
           "\n" + sensors_table(sensors);
}

}  // namespace firebreak::report
