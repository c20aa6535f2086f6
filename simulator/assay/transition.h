// One component transition: (state before, stimulus) → (changes of the state, outcome). It holds
// for every state that has the same values where the component looked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "assay/memory_store.h"
#include "base/digest.h"
#include "base/harm.h"
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

// What somebody has measured elsewhere, on machines of their own.
struct Measured {
    std::string what;                     // set it off, for people
    base::Harm harm = base::Harm::kNone;  // kNone: nothing happened in all these hours
    uint64_t events = 0;
    double hours = 0;  // machine-hours that were watched

    friend bool operator==(const Measured&, const Measured&) = default;
};

// The components run a persona's workload on what is installed: each file of it, and each sample
// that must be found, once. With measurements no component runs: they are the answer.
struct WorkloadStimulus {
    PersonaId persona;
    std::string persona_name;
    const std::vector<Measured>* measured = nullptr;
};

// The components are shown what a campaign spreads.
struct SampleStimulus {
    std::string name;
    base::Digest sha384;
    std::shared_ptr<const base::Bytes> content;
};

using Stimulus = std::variant<PollStimulus, WorkloadStimulus, SampleStimulus>;

// The stimulus in words, complete: equal texts are equal stimuli. Manifest digests and signing
// times, never signature bytes, which differ at every signing.
std::string text(const Stimulus& stimulus);

// Something in the workload that sets a defect off, and what becomes of the component then. The
// hazard, per hour online: per_hour × hits / trials.
struct Trigger {
    std::string what;       // the file's path
    double per_hour = 0;    // how often the workload meets it; measured: 1
    bool at_once = false;   // nothing has to be met: it is so from the installation on
    uint64_t hits = 1;      // how often it went wrong …
    double trials = 1;      // … of so many times; measured: of so many machine-hours
    base::Outcome outcome;  // stage kRun
    base::Harm measured = base::Harm::kNone;  // category kMeasured: the harm
    ports::Changes changes;

    double hazard() const { return per_hour * static_cast<double>(hits) / trials; }
};

struct Transition {
    std::string stimulus;
    ports::Changes reads;    // of the state before: all that the component looked at
    ports::Changes changes;  // of the state
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
// Total: run files come from anywhere.
base::Result<Transition> parse_transition(std::string_view json);

// Whether the transition holds for this state.
bool holds(const Transition& transition, const Snapshot& before);

// The state in which the component has gone back to last-known-good (or runs nothing, if it has
// none): what measured deaths lead to, since no real component can be asked.
Snapshot fallen_back(Snapshot snapshot, content::Feed feed);

// Under this key the store says what runs.
std::string running_key(content::Feed feed);
// The content that runs for a feed in this state; nullopt if none does.
std::optional<base::Digest> running_content(const Snapshot& snapshot, content::Feed feed);

}  // namespace firebreak::assay
