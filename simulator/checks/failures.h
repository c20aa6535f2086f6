// What went wrong in how many ways: each distinct failure of the outcome log once.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

struct Failure {
    std::string what;                        // "crash at run: killed by a signal"
    const record::Assay* example = nullptr;  // the first that met it; lives as long as the run
    size_t assays = 0;                       // that met it
};

// In the order in which they were first met.
std::vector<Failure> failures(const record::Run& run);

}  // namespace firebreak::checks
