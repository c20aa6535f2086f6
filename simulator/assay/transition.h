// One component transition: (state before, stimulus) → (state after, outcome).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "assay/memory_store.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/package.h"
#include "faults/damaged_transport.h"

namespace firebreak::assay {

using StateId = base::Id<struct StateTag>;
using PersonaId = base::Id<struct PersonaTag>;
using TransitionId = base::Id<struct TransitionTag>;

// The update client checks one feed. Holds everything that its ports can answer.
struct PollStimulus {
    content::Feed feed = content::Feed::kDatasetA;
    std::string group;
    const content::Package* offered = nullptr;   // null: nothing on offer
    const content::Package* replayed = nullptr;  // what a replay serves in its place
    faults::Damage damage;
};

// The components run a persona's workload on what is installed: each file of it once.
struct WorkloadStimulus {
    PersonaId persona;
    std::string persona_name;
};

using Stimulus = std::variant<PollStimulus, WorkloadStimulus>;

// The stimulus in words, complete: equal texts are equal stimuli. Manifest digests and signing
// times, never signature bytes, which differ at every signing.
std::string text(const Stimulus& stimulus);

// Something in the workload that sets a defect off, and what becomes of the component then.
struct Trigger {
    std::string what;       // the file's path
    double per_hour = 0;    // how often the workload meets it, per hour online
    base::Outcome outcome;  // stage kRun
    Snapshot after;
};

struct Transition {
    StateId before;
    std::string stimulus;
    Snapshot after;
    base::Outcome outcome;
    base::Digest manifest;          // of the content concerned, as far as known; else none()
    bool delivered = false;         // package bytes arrived, whole or damaged
    uint32_t alerts = 0;            // raised to the vendor
    std::vector<Trigger> triggers;  // workloads only
    double cost_ms = 0;             // wall time, for people; not part of any fingerprint
};

// The name of a state that is the same in every run: SHA-384 over its entries.
base::Digest digest(const Snapshot& snapshot);

// One line of the outcome log, from which a run can be replayed without a single worker.
std::string to_json(const Transition& transition);
// Total: run files come from anywhere. Leaves `before` invalid.
base::Result<Transition> parse_transition(std::string_view json);

// The content that runs for a feed in this state; nullopt if none does.
std::optional<base::Digest> running_content(const Snapshot& snapshot, content::Feed feed);

}  // namespace firebreak::assay
