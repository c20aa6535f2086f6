// How far it got: one row per release group, from the record alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// Recoveries, by what ended the harm. An endpoint that recovered twice counts twice.
struct Recovered {
    uint64_t itself = 0, update = 0, reboot = 0, repair_kit = 0, hand = 0;
    uint64_t sum() const { return itself + update + reboot + repair_kit + hand; }
};

// Endpoints, except alerts and recoveries, which are counted singly. Times run from the group's
// first failure (a refusal or a harm), to recover from its first harm; nullopt: there was none, or
// it has not come about.
struct Containment {
    std::string group;  // "all" in the last row
    uint64_t endpoints = 0;
    uint64_t exposed = 0, affected = 0, refused = 0, alerts = 0;
    uint64_t harmed = 0;     // at the end of what was recorded
    uint64_t lost = 0;       // machines that ever stopped running until somebody mended them
    uint64_t lost_now = 0;   // and have not been mended
    uint64_t overshoot = 0;  // exposed after the halt was decided
    uint64_t unreached = 0;  // run a halted release still, or are lost or cut off
    uint64_t infections = 0;
    double protection_gap_h = 0;  // endpoint-hours
    Recovered recovered;
    std::optional<base::Duration> time_to_detect, time_to_halt, time_to_recover;
};

// The groups in order of release, then all of them together.
std::vector<Containment> containment(const record::Run& run);

// The personas in order, with what is counted by persona: exposed, affected, refused, lost, harmed,
// infections and protection gap. `group` is the persona's name, `lost` the most at a time.
std::vector<Containment> by_persona(const record::Run& run);

// At most `most` of the tenants, the worst first: machines lost, then affected, infected, refused.
std::vector<record::Tenant> worst_tenants(const record::Run& run, size_t most);

// Halts of releases that had done no harm.
uint64_t false_halts(const record::Run& run);

// The answer in a sentence or two, without the last full stop: "12 of 100,000 endpoints affected,
// all in engineering; halted after 18 min. 2 machines lost; all recovered after 1 d 4 h".
std::string headline(const record::Run& run);

}  // namespace firebreak::checks
