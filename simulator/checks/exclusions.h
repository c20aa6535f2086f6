// What application detection leaves unscanned, machine by machine: Central's list.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// One exclusion, and the personas that have it, or on which it was refused.
struct ExclusionTally {
    record::ExclusionUse what;
    std::vector<std::string> workloads;  // as assays name them: "workload of server"; sorted
};

// By release, the baseline first, then application and path. Empty without application detection.
std::vector<ExclusionTally> exclusion_tallies(const record::Run& run);

}  // namespace firebreak::checks
