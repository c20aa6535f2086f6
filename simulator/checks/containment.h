// How far it got: one row per release group, from the record alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// Endpoints, except alerts, which are counted singly. Times run from the group's first failure
// (a refusal or a harm); nullopt: there was none, or it has not come about.
struct Containment {
    std::string group;  // "all" in the last row
    uint64_t endpoints = 0;
    uint64_t exposed = 0, affected = 0, refused = 0, alerts = 0;
    std::optional<base::Duration> time_to_detect, time_to_halt;
};

// The groups in order of release, then all of them together.
std::vector<Containment> containment(const record::Run& run);

// The answer in a sentence: "12 of 100,000 endpoints affected, all in engineering; halted after
// 18 min".
std::string headline(const record::Run& run);

}  // namespace firebreak::checks
