// Somebody's own scanner, from what the scenario says of it.
#pragma once

#include <memory>

#include "assay/program_under_test.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// Errors name the scenario's place: the program is not on this machine (and the package that brings
// it), something cannot be bound, an expression cannot be used.
base::Result<std::unique_ptr<assay::ProgramUnderTest>> program_under_test(
    sandbox::Spawner& spawner, const scenario::ExternalScanner& scanner);

}  // namespace firebreak::lab
