// From what a scenario names to content that is ready to be signed.
#pragma once

#include <filesystem>

#include "content/package.h"
#include "content/pki.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// Where content comes from.
struct Shelves {
    std::filesystem::path fixtures;  // the folder with content/, personas/ and keys/
    std::filesystem::path worker;    // models stand by it
};

// What a scenario names stands under fixtures/<folder>, or beside the scenario if written "./…" or
// "../…".
std::filesystem::path resolve(const scenario::Experiment& experiment, const Shelves& shelves,
                              const char* folder, const std::filesystem::path& source);

// Errors have the scenario's place: no such folder, or nothing that can be built.
base::Result<content::Draft> draft_of(const scenario::Experiment& experiment,
                                      const Shelves& shelves, const content::Pki& pki,
                                      const scenario::Baseline& baseline);
base::Result<content::Draft> draft_of(const scenario::Experiment& experiment,
                                      const Shelves& shelves, const content::Pki& pki,
                                      const scenario::Release& release);
// When it is signed.
base::UtcTime signing_time(const scenario::Experiment& experiment,
                           const scenario::Release& release);

}  // namespace firebreak::lab
