#include "checks/rules.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace firebreak::checks {

std::vector<RuleTally> rule_tallies(const record::Run& run) {
    std::map<std::tuple<int32_t, std::string, std::string>, RuleTally> tallies;
    for (const record::Assay& assay : run.assays) {
        for (const record::RuleUse& use : assay.rules) {
            RuleTally& tally = tallies[{use.release, use.feed, use.rule}];
            ++tally.days;
            tally.disabled_days += use.disabled ? 1 : 0;
            tally.calls += use.calls;
            tally.errors += use.errors;
            tally.detections += use.detections;
            tally.nanoseconds += use.nanoseconds;
            tally.memory_bytes = std::max(tally.memory_bytes, use.memory_bytes);
        }
    }
    std::vector<RuleTally> out;
    for (auto& [key, tally] : tallies) {
        std::tie(tally.release, tally.feed, tally.rule) = key;
        out.push_back(std::move(tally));
    }
    std::ranges::stable_sort(out, [](const RuleTally& a, const RuleTally& b) {
        return a.release != b.release ? a.release < b.release : a.nanoseconds > b.nanoseconds;
    });
    return out;
}

std::vector<record::SensorUse> sensor_tallies(const record::Run& run) {
    std::map<std::string, record::SensorUse> tallies;
    for (const record::Assay& assay : run.assays) {
        for (const record::SensorUse& use : assay.sensors) {
            record::SensorUse& tally = tallies[use.kind];
            tally.in += use.in;
            tally.merged += use.merged;
            tally.dropped += use.dropped;
            tally.delivered += use.delivered;
        }
    }
    std::vector<record::SensorUse> out;
    for (auto& [kind, tally] : tallies) {
        tally.kind = kind;
        out.push_back(std::move(tally));
    }
    return out;
}

}  // namespace firebreak::checks
