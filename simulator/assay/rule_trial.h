// Rules tried on a log of events, in a process of their own.
#pragma once

#include <optional>

#include "endpoint/behavior/rule_process.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

struct RuleTrial {
    // The rules do not load, or the process died of the events; nothing: neither.
    std::optional<base::Outcome> failure;
    endpoint::behavior::EventReply reply;  // scans are asked for and not answered
    endpoint::behavior::CostReply costs;
};

// In a fresh sandboxed process with at least these layers beside the minimum. Errors: about this
// machine.
base::Result<RuleTrial> try_rules(sandbox::Spawner& spawner, uint32_t required_layers,
                                  const endpoint::behavior::RuleProcess::Files& product,
                                  const endpoint::behavior::RuleProcess::Files& behavior,
                                  const host::EventLog& events);

}  // namespace firebreak::assay
