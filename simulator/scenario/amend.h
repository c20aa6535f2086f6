// What people do while a run goes on, as text: a scenario that would have come to the same.
//
// Each takes the text of a scenario that stands alone (Experiment::toml) and gives it back with
// something added at its end, so that all that was there before keeps its order and its number. A
// fingerprint that the scenario expects is taken out: the run is another one now. Errors: the text
// is no TOML, or gets too large.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "scenario/experiment.h"

namespace firebreak::scenario {

// As done by hand.
base::Result<std::string> with_act(const std::string& toml, const Act& act);
// A release that comes by hand at its `at`.
base::Result<std::string> with_release(const std::string& toml, const Release& release);
base::Result<std::string> with_fault(const std::string& toml, const Fault& fault);
// The fault with this number ends at `until`; if that is when it begins, it was never there.
base::Result<std::string> with_fault_ended(const std::string& toml, size_t number,
                                           const Fault& fault, base::SimTime until);

// The same for another place: names of files beside a scenario in the folder `from` lead to the
// same files from the folder `to`.
base::Result<std::string> moved(const std::string& toml, const std::filesystem::path& from,
                                const std::filesystem::path& to);
// With this seed, and this fingerprint, which it must come to; nullopt: none.
base::Result<std::string> with_outcome(const std::string& toml, uint64_t seed,
                                       const std::optional<std::string>& fingerprint);

// The words by which a scenario says so: "bit_flip", "payload"; and all of them, in their order.
std::string word_of(FaultKind kind);
std::string word_of(FaultTarget target);
// What this kind of fault can strike; empty: it has no target. The first is the usual one.
std::vector<FaultTarget> targets_of(FaultKind kind);
// Whether it is on the way to the endpoint, of a feed and an edge; else on the endpoint itself.
bool is_on_the_way(FaultKind kind);

}  // namespace firebreak::scenario
