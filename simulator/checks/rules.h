// What rules did and cost on the machines' own events, and what sensors spared them.
#pragma once

#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// One rule of one release, over the days of all personas. What it detects there is nobody's attack.
struct RuleTally {
    int32_t release = record::kAll;  // kAll: the baseline
    std::string feed, rule;
    uint64_t days = 0;           // that it was there
    uint64_t disabled_days = 0;  // in which it was switched off, alone
    uint64_t calls = 0, errors = 0, detections = 0;
    uint64_t nanoseconds = 0;   // of all calls
    uint64_t memory_bytes = 0;  // the most at the end of a day

    double microseconds_per_call() const {
        return calls == 0 ? 0
                          : static_cast<double>(nanoseconds) / 1000 / static_cast<double>(calls);
    }
};

// By release, the baseline first, then the dearest first. Empty without rules.
std::vector<RuleTally> rule_tallies(const record::Run& run);

// Of one kind of events, over the same days; sorted by kind.
std::vector<record::SensorUse> sensor_tallies(const record::Run& run);

}  // namespace firebreak::checks
