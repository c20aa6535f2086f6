// Go or no-go, as far as a run can say.
#pragma once

#include <string>
#include <vector>

#include "checks/expectations.h"
#include "record/run.h"

namespace firebreak::checks {

enum class Call : uint8_t {
    kGo,          // the run finished, and all that was expected of it held
    kNoGo,        // something that was expected did not hold
    kAsExpected,  // all held, but harm, refusals or halts were among what was expected: the
                  // scenario shows a failure, and its success clears no release
    kNone,        // nothing was expected, or the run was interrupted before it was decided
};

struct Decision {
    Call call = Call::kNone;
    std::vector<std::string> reasons;  // in full sentences without the last full stop; never empty
};

// `verdicts`: of judge(run).
Decision decide(const record::Run& run, const std::vector<Verdict>& verdicts);

// "Go", "No-go", "As expected", "No verdict".
std::string to_text(Call call);

// The last moment at which a halt in force would still have kept the scope of `expectation`, an
// upper bound on `affected`, within that bound: an estimate, which takes those who were exposed
// early for as likely to come to harm as those who were exposed late. nullopt: it stayed within the
// bound, or the expectation is of another kind, or nobody was exposed.
std::optional<base::SimTime> point_of_no_return(const record::Run& run,
                                                const record::Expectation& expectation);

}  // namespace firebreak::checks
