// What happens on a persona's machine, hour by hour, as events.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/result.h"
#include "host/event.h"
#include "host/persona.h"

namespace firebreak::host {

// The events of the persona's workload from `from_ms` until before `to_ms`, in simulated time of
// 0 or later, all of it online. A pure function: windows side by side have the events of both
// together, whatever their bounds, and `endpoint` tells machines of the same persona apart.
//
// Programs that the workload names are processes that run from the beginning, with numbers from 1
// in the order of their paths; each process_start brings another one, whose parent is its
// `process`. Errors: more than kMostLogEvents, or windows that no machine lives to see (over 100
// years).
base::Result<EventLog> workload_events(const Persona& persona, const base::RandomStream& random,
                                       uint64_t endpoint, int64_t from_ms, int64_t to_ms);

}  // namespace firebreak::host
