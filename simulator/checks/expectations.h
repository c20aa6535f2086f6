// Whether a run did what its scenario expects. Reads the record alone and shares no code with what
// injects faults or with what simulates.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/run.h"

namespace firebreak::checks {

enum class Result : uint8_t {
    kPassed,
    kFailed,
    kOpen,  // the run ended before it could be judged
};

struct Verdict {
    Result result = Result::kOpen;
    std::optional<double> measured;         // in the metric's unit; nullopt: it never had a value
    std::optional<base::SimTime> broke_at;  // the first moment at which an `always` did not hold
    std::string measured_text;              // "12 of 60 (20 %)", "18 min", "never happened"
    std::string bound_text;                 // "at most 0"
};

// Of one bound on a metric. An interrupted run leaves it open, unless it is broken or fulfilled for
// good.
Verdict judge(const record::Run& run, const record::Expectation& expectation);

// One verdict per expectation of the header, in order. An interrupted run leaves them open, except
// those that it has broken or fulfilled for good.
std::vector<Verdict> judge(const record::Run& run);

// Every expectation passed (true if there is none).
bool all_passed(const std::vector<Verdict>& verdicts);

}  // namespace firebreak::checks
