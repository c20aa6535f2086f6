// The words that stand for values in a scenario file.
#pragma once

#include <string>
#include <vector>

#include "base/toml_table.h"
#include "scenario/experiment.h"

namespace firebreak::scenario {

template <class Value, size_t N>
using Words = base::TomlTable::Words<Value, N>;

inline constexpr Words<GroupStage, 3> kStages{{{"engineering", GroupStage::kEngineering},
                                               {"internal", GroupStage::kInternal},
                                               {"public", GroupStage::kPublic}}};
inline constexpr Words<Decider, 2> kDeciders{
    {{"machine", Decider::kMachine}, {"people", Decider::kPeople}}};
inline constexpr Words<bool, 2> kRampBy{{{"endpoint", false}, {"tenant", true}}};
inline constexpr Words<base::Recovery, 4> kRecoveries{{{"update", base::Recovery::kUpdate},
                                                       {"reboot", base::Recovery::kReboot},
                                                       {"repair_kit", base::Recovery::kRepairKit},
                                                       {"by_hand", base::Recovery::kByHand}}};
// Whether a feed's component loads in the kernel.
inline constexpr Words<bool, 2> kLoadContexts{{{"userspace", false}, {"kernel", true}}};
inline constexpr Words<ReleaseKind, 2> kReleaseKinds{
    {{"update", ReleaseKind::kUpdate}, {"fix", ReleaseKind::kFix}}};
inline constexpr Words<ActKind, 2> kDestinations{
    {{"internal", ActKind::kPromoteToInternal}, {"public", ActKind::kPromoteToPublic}}};
inline constexpr Words<FaultKind, 3> kFaultKinds{{{"bit_flip", FaultKind::kBitFlip},
                                                  {"truncate", FaultKind::kTruncate},
                                                  {"replay", FaultKind::kReplay}}};
inline constexpr Words<FaultTarget, 3> kFaultTargets{{{"payload", FaultTarget::kPayload},
                                                      {"package", FaultTarget::kPackage},
                                                      {"head", FaultTarget::kHead}}};
// In place of a duration or a share.
inline constexpr std::string_view kByHand = "by_hand";
inline constexpr std::string_view kNoTests = "none";

template <class Value, size_t N>
std::vector<std::string> words_of(const Words<Value, N>& words) {
    std::vector<std::string> out;
    for (const auto& [word, value] : words) {
        out.emplace_back(word);
    }
    return out;
}

template <class Value, size_t N>
std::string word_for(Value value, const Words<Value, N>& words) {
    for (const auto& [word, known] : words) {
        if (known == value) {
            return std::string(word);
        }
    }
    return "";
}

}  // namespace firebreak::scenario
