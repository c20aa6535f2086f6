// Windows event logs, as collectors write them, become events of a simulated machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/event.h"

namespace firebreak::host {

struct ImportLimits {
    size_t bytes = 512 * 1024 * 1024;  // in all
    size_t line_bytes = 1024 * 1024;   // a longer line is a problem
    size_t problems = 1000;            // of which each is told; the rest are counted
    size_t unknown = 10'000;           // kinds of record that are told apart
};

struct ImportProblem {
    uint64_t line = 0;  // from 1
    std::string why;
};

// Each line is blank, an event, counted as unknown, or bad.
struct Imported {
    EventLog events;                           // their times count from the first one's
    std::map<std::string, uint64_t> unknown;   // "Security 4658": how many
    std::map<std::string, uint64_t> machines;  // that events come from: how many
    std::vector<ImportProblem> problems;       // the first of the bad lines
    uint64_t lines = 0;                        // that are not blank
    uint64_t bad = 0;
};

// JSON lines of the channels Sysmon, Security, System and PowerShell. Times are Sysmon's in UTC
// where a record has one; other records are moved by what the two differ in the first record with
// both, to the quarter of an hour, since collectors write local times as if they were UTC. Errors:
// too many bytes or events.
base::Result<Imported> import_windows_events(std::string_view lines,
                                             const ImportLimits& limits = {});

}  // namespace firebreak::host
