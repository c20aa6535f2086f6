// How a worker died, in the words of an outcome.
#pragma once

#include <signal.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {

// What was left behind. Numbers from the worker's own page are hints, not facts.
struct Remains {
    siginfo_t status{};  // as waitid() fills it in
    std::chrono::nanoseconds call_cpu_time{};
    std::chrono::nanoseconds life_cpu_time{};
    bool out_of_memory = false;
    uint32_t fault_signal = 0;
    uint64_t fault_address = 0;
    std::string errors;  // the tail of standard error, raw
};

// Died by itself. Errors: killed by somebody else (says nothing about the content).
base::Result<base::Outcome> judge(const Remains& remains, const Policy& policy);

// Stopped by its parent.
base::Outcome stopped_at_call(int number, uint32_t architecture, const Remains& remains);
base::Outcome stopped_at_call_limit(const Remains& remains, const Policy& policy);
base::Outcome stopped_at_deadline(const Remains& remains, const Policy& policy);
// `what` it did against the protocol: "reply of 9,000,000 bytes".
base::Outcome stopped_for(const std::string& what, const Remains& remains);

}  // namespace firebreak::sandbox
