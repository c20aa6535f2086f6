// What models said of programs, live models and those that nothing acts on side by side: what a
// promotion from telemetry to live is decided by.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// One model in one slot of one release, over the machines' own programs. Each program counts once,
// in however many workloads it was met. None of them is malicious, so what is at or above the
// threshold is, or would be, a false positive.
struct ModelTally {
    int32_t release = record::kAll;  // kAll: the baseline
    std::string model, version;
    bool telemetry = false;
    double threshold = 0;
    uint64_t scored = 0;        // programs
    uint64_t at_threshold = 0;  // of them, at or above it
    double mean = 0, highest = 0;
    std::string highest_in;  // the file with the highest score; "" if none was scored
    uint64_t refused = 0;    // programs that it gave no score for
    std::string refusal;     // why, the first time
};

// By release, the baseline first, then model, then slot, live first. Empty without models.
std::vector<ModelTally> model_tallies(const record::Run& run);

// Releases of models that scored no program: never installed, or dead before the first score.
std::vector<int32_t> releases_without_scores(const record::Run& run);

// "live", "telemetry".
std::string slot_name(const ModelTally& tally);

}  // namespace firebreak::checks
