#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/exclusions.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

constexpr std::string_view kWorkloadOf = "workload of ";

std::string personas_of(const checks::ExclusionTally& tally) {
    std::vector<std::string> names;
    for (const std::string& workload : tally.workloads) {
        names.push_back(workload.starts_with(kWorkloadOf) ? workload.substr(kWorkloadOf.size())
                                                          : workload);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string exclusions_section(const record::Run& run) {
    const std::vector<checks::ExclusionTally> tallies = checks::exclusion_tallies(run);
    if (tallies.empty()) {
        return "";
    }
    std::vector<std::vector<std::string>> rows;
    for (const checks::ExclusionTally& tally : tallies) {
        rows.push_back({tally.what.release == record::kAll
                            ? tag("span", "dim", "baseline")
                            : escape(release_name(run.header, tally.what.release)),
                        escape(tally.what.application), escape(tally.what.kind),
                        escape(tally.what.path),
                        tally.what.refusal.empty() ? tag("span", "dim", "granted")
                                                   : escape("refused: " + tally.what.refusal),
                        tag("span", "dim", escape(tally.what.rule)), escape(personas_of(tally))});
    }
    return tag("p", "lead",
               "What application detection leaves unscanned because of what is installed, as "
               "Central shows it to administrators. What goes beyond an application's budget is "
               "refused on the machine itself.") +
           "\n" +
           table({"release", "application", "what", "path", "judged", "rule", "on"}, rows,
                 "exclusions");
}

}  // namespace firebreak::report
