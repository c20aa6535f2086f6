#include "checks/exclusions.h"

#include <map>
#include <set>
#include <tuple>

namespace firebreak::checks {

std::vector<ExclusionTally> exclusion_tallies(const record::Run& run) {
    using Key = std::tuple<int32_t, std::string, std::string, std::string, std::string, std::string,
                           std::string>;
    std::map<Key, std::set<std::string>> found;
    for (const record::Assay& assay : run.assays) {
        for (const record::ExclusionUse& use : assay.exclusions) {
            found[{use.release, use.application, use.path, use.kind, use.refusal, use.feed,
                   use.rule}]
                .insert(assay.stimulus);
        }
    }
    std::vector<ExclusionTally> out;
    for (const auto& [key, workloads] : found) {
        ExclusionTally& tally = out.emplace_back();
        std::tie(tally.what.release, tally.what.application, tally.what.path, tally.what.kind,
                 tally.what.refusal, tally.what.feed, tally.what.rule) = key;
        tally.workloads.assign(workloads.begin(), workloads.end());
    }
    return out;
}

}  // namespace firebreak::checks
