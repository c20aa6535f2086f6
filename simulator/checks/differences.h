// In what the conditions of several runs differ.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

struct Difference {
    std::string section, key;
    std::vector<std::string> values;  // one per run; "–" where a run has no such setting
};

// Settings, seed, fleet, length and version that are not the same in all runs, in the order in
// which the runs have them. None of `runs` is null.
std::vector<Difference> differences(const std::vector<const record::Run*>& runs);

}  // namespace firebreak::checks
