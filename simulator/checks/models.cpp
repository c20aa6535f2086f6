#include "checks/models.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace firebreak::checks {

namespace {

using Key = std::tuple<int32_t, std::string, bool, std::string>;  // release, model, slot, version

void add(const record::ModelScore& score, ModelTally& tally) {
    tally.threshold = score.threshold;
    if (!score.score) {
        tally.refusal = tally.refused == 0 ? score.refusal : tally.refusal;
        ++tally.refused;
        return;
    }
    if (tally.scored == 0 || *score.score > tally.highest) {
        tally.highest = *score.score;
        tally.highest_in = score.where;
    }
    ++tally.scored;
    tally.at_threshold += *score.score >= score.threshold ? 1 : 0;
    tally.mean += (*score.score - tally.mean) / static_cast<double>(tally.scored);
}

}  // namespace

std::vector<ModelTally> model_tallies(const record::Run& run) {
    std::map<Key, ModelTally> tallies;
    std::set<std::pair<Key, std::string>> seen;
    for (const record::Assay& assay : run.assays) {
        for (const record::ModelScore& score : assay.scores) {
            const Key key{score.release, score.model, score.telemetry, score.version};
            if (seen.emplace(key, score.program).second) {
                add(score, tallies[key]);
            }
        }
    }
    std::vector<ModelTally> out;
    for (auto& [key, tally] : tallies) {
        std::tie(tally.release, tally.model, tally.telemetry, tally.version) = key;
        out.push_back(std::move(tally));
    }
    return out;
}

std::vector<int32_t> releases_without_scores(const record::Run& run) {
    std::set<int32_t> scored;
    for (const record::Assay& assay : run.assays) {
        for (const record::ModelScore& score : assay.scores) {
            scored.insert(score.release);
        }
    }
    std::vector<int32_t> out;
    for (size_t r = 0; r < run.header.releases.size(); ++r) {
        const auto release = static_cast<int32_t>(r);
        if (run.header.releases[r].feed == "MLModels" && !scored.contains(release)) {
            out.push_back(release);
        }
    }
    return out;
}

std::string slot_name(const ModelTally& tally) {
    return tally.telemetry ? "telemetry" : "live";
}

}  // namespace firebreak::checks
