// One component transition: (state before, stimulus) → (changes of the state, outcome). It holds
// for every state that has the same values where the component looked.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "assay/memory_store.h"
#include "base/digest.h"
#include "base/harm.h"
#include "base/ids.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/package.h"
#include "faults/fault.h"

namespace firebreak::assay {

using StateId = base::Id<struct StateTag>;
using PersonaId = base::Id<struct PersonaTag>;
using TransitionId = base::Id<struct TransitionTag>;

// A file that the CDN serves under a name which says nothing of what is in it.
struct ServedFile {
    std::shared_ptr<const base::Bytes> bytes;
    std::string words;  // what it says: equal words, equal meaning; no signature bytes
};

// The update client checks its feeds. Holds everything that its ports can answer, but for files
// that are named by their digest.
struct PollStimulus {
    std::string channel;  // "public-1.2"
    std::string group;    // "public-1"
    std::vector<content::Feed> feeds;
    std::map<std::string, ServedFile> files;  // by path: heads, the newest root statement
    std::vector<faults::Fault> faults;        // the first is next to the CDN
    // Of a fault's feed: the exact files that it can strike, by place among `faults`.
    std::vector<std::set<std::string>> struck;
    unsigned edges = 1;
    base::UtcTime clock;  // the right time. Not part of the words: see Transition::clock_from
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
    content::Feed feed = content::Feed::kDatasetA;  // whose content it is

    double hazard() const { return per_hour * static_cast<double>(hits) / trials; }
};

// What a model said of one of the machine's own programs, live or with nothing acting on it.
struct ProgramScore {
    std::string program;  // SHA-256, hex
    std::string where;    // the file or stream that it was met in
    std::string model, version;
    bool telemetry = false;
    double score = 0;      // 0 to 1
    double threshold = 0;  // the model's: at or above it, it says malicious
    std::string refusal;   // not empty: it gave no score, and why

    friend bool operator==(const ProgramScore&, const ProgramScore&) = default;
};

// What a rule did in the workload. Nanoseconds and bytes differ from run to run.
struct RuleUse {
    content::Feed feed = content::Feed::kBehavior;
    std::string rule;
    uint64_t calls = 0, errors = 0, detections = 0;
    bool disabled = false;
    uint64_t nanoseconds = 0, memory_bytes = 0;
    std::string failure;  // the first thing that went wrong with it, in words; empty: nothing did

    friend bool operator==(const RuleUse&, const RuleUse&) = default;
};

// What became of the workload's events of one kind before rules saw them.
struct SensorUse {
    std::string kind;
    uint64_t in = 0, merged = 0, dropped = 0, delivered = 0;

    friend bool operator==(const SensorUse&, const SensorUse&) = default;
};

// What application detection leaves unscanned on the machine, or was asked to and refused.
struct ExclusionUse {
    content::Feed feed = content::Feed::kAPPFEED;
    std::string application;  // its name
    std::string rule;         // the file that it stands in
    std::string path;
    std::string kind;     // "folder"
    std::string refusal;  // not empty: refused, and why

    friend bool operator==(const ExclusionUse&, const ExclusionUse&) = default;
};

struct Transition {
    static constexpr std::pair<int64_t, int64_t> kAlways{std::numeric_limits<int64_t>::min(),
                                                         std::numeric_limits<int64_t>::max()};
    std::string stimulus;
    ports::Changes reads;  // of the state before: all that the component looked at
    // Of the right time: within it the component's clock gave the same answers. A clock that nobody
    // asked leaves it without bounds.
    base::UtcTime clock_from{kAlways.first}, clock_until{kAlways.second};
    ports::Changes changes;                         // of the state
    base::Outcome outcome;                          // a poll: of the feed that came off worst
    content::Feed feed = content::Feed::kDatasetA;  // which that is
    base::Digest manifest;          // of the content concerned, as far as known; else none()
    bool delivered = false;         // package bytes arrived, whole or damaged
    uint32_t alerts = 0;            // raised to the vendor
    std::vector<Trigger> triggers;  // workloads only
    // Workloads only, like what follows; a program may have been met twice.
    std::vector<ProgramScore> scores;
    std::vector<RuleUse> rules;
    std::vector<SensorUse> sensors;
    std::vector<ExclusionUse> exclusions;
    double cost_ms = 0;  // wall time, for people; not part of any fingerprint
};

// The name of a state that is the same in every run: SHA-384 over its entries.
base::Digest digest(const Snapshot& snapshot);

// One line of the outcome log, from which a run can be replayed without a single worker.
std::string to_json(const Transition& transition);
// Total: run files come from anywhere.
base::Result<Transition> parse_transition(std::string_view json);

// Whether the transition holds for this state, at this time.
bool holds(const Transition& transition, const Snapshot& before, base::UtcTime clock);
// The right time of a stimulus; 0 where none is asked for it.
base::UtcTime clock_of(const Stimulus& stimulus);

// The state in which the component has gone back to last-known-good (or runs nothing, if it has
// none): what measured deaths lead to, since no real component can be asked.
Snapshot fallen_back(Snapshot snapshot, content::Feed feed);

// Whether a component runs the feed's content; others are delivered and kept.
bool has_component(content::Feed feed);
// Under this key the store says how often the running content has killed its process.
std::string kills_key(content::Feed feed);
// Under this key the store says what runs.
std::string running_key(content::Feed feed);
// The content that runs for a feed in this state; nullopt if none does.
std::optional<base::Digest> running_content(const Snapshot& snapshot, content::Feed feed);

}  // namespace firebreak::assay
