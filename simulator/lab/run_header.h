// What is known of a run before its first second, as the record keeps it: settings, stages and what
// each can find, what appears where first, and what falls together.
#pragma once

#include <span>
#include <vector>

#include "content/package.h"
#include "host/persona.h"
#include "lab/policy.h"
#include "record/run.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// `releases`: as in the experiment. `notes`: about the machine. Hour of the week of the first
// second: `first_hour`.
record::Header make_header(const scenario::Experiment& experiment,
                           std::span<const content::Package* const> releases,
                           const std::vector<host::Persona>& personas, uint32_t first_hour,
                           std::string notes);

// The smallest rate (per hour) at which at least `events` come within so many hours with this
// chance: what a threshold of that many reports finds, and for one event a gate.
double smallest_found_by_count(uint64_t events, double hours, double power = 0.95);

}  // namespace firebreak::lab
