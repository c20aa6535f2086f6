#include "checks/differences.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace firebreak::checks {

namespace {

using Name = std::pair<std::string, std::string>;  // section and key

std::vector<std::pair<Name, std::string>> conditions(const record::Run& run) {
    uint64_t endpoints = 0;
    for (const record::Group& group : run.header.groups) {
        endpoints += group.endpoints;
    }
    std::vector<std::pair<Name, std::string>> out = {
        {{"run", "seed"}, std::to_string(run.header.seed)},
        {{"run", "endpoints"}, base::with_thousands(static_cast<int64_t>(endpoints))},
        {{"run", "release groups"}, std::to_string(run.header.groups.size())},
        {{"run", "length"}, to_text(run.header.duration)},
        {{"run", "version of Firebreak"}, run.header.version}};
    for (const record::Setting& setting : run.header.settings) {
        out.push_back({{setting.section, setting.key}, setting.value});
    }
    return out;
}

}  // namespace

std::vector<Difference> differences(const std::vector<const record::Run*>& runs) {
    std::vector<Difference> all;
    std::map<Name, size_t> places;
    for (size_t i = 0; i < runs.size(); ++i) {
        for (const auto& [name, value] : conditions(*runs[i])) {
            const auto [place, is_new] = places.emplace(name, all.size());
            if (is_new) {
                all.push_back(
                    {name.first, name.second, std::vector<std::string>(runs.size(), "–")});
            }
            all[place->second].values[i] = value;
        }
    }
    std::erase_if(all, [](const Difference& one) {
        return std::all_of(one.values.begin(), one.values.end(),
                           [&](const std::string& value) { return value == one.values[0]; });
    });
    return all;
}

}  // namespace firebreak::checks
