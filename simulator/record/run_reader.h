// Reads a run file, whoever wrote it and however its run ended.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "record/run.h"

namespace firebreak::record {

// Errors: missing, no run file, of another schema version, damaged. A run that never finished
// comes back as kInterrupted with all that it had committed.
base::Result<Run> read_run(const std::filesystem::path& file);

}  // namespace firebreak::record
