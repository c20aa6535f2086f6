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
inline constexpr Words<ReleaseKind, 3> kReleaseKinds{
    {{"update", ReleaseKind::kUpdate}, {"fix", ReleaseKind::kFix}, {"plant", ReleaseKind::kPlant}}};
inline constexpr Words<SignedBy, 6> kSigners{{{"vendor", SignedBy::kVendor},
                                              {"other_feed", SignedBy::kOtherFeed},
                                              {"other_root", SignedBy::kOtherRoot},
                                              {"wrong_usage", SignedBy::kWrongUsage},
                                              {"expired", SignedBy::kExpired},
                                              {"nobody", SignedBy::kNobody}}};
inline constexpr Words<ActKind, 2> kDestinations{
    {{"internal", ActKind::kPromoteToInternal}, {"public", ActKind::kPromoteToPublic}}};
inline constexpr Words<FaultKind, 14> kFaultKinds{{{"bit_flip", FaultKind::kBitFlip},
                                                   {"truncate", FaultKind::kTruncate},
                                                   {"replay", FaultKind::kReplay},
                                                   {"freeze", FaultKind::kFreeze},
                                                   {"cross_group", FaultKind::kCrossGroup},
                                                   {"missing", FaultKind::kMissing},
                                                   {"black_hole", FaultKind::kBlackHole},
                                                   {"endless", FaultKind::kEndless},
                                                   {"inflate", FaultKind::kInflate},
                                                   {"slow", FaultKind::kSlow},
                                                   {"wrong_clock", FaultKind::kWrongClock},
                                                   {"state_lost", FaultKind::kStateLost},
                                                   {"store_full", FaultKind::kStoreFull},
                                                   {"store_read_only", FaultKind::kStoreReadOnly}}};
inline constexpr Words<FaultTarget, 9> kFaultTargets{{{"payload", FaultTarget::kPayload},
                                                      {"package", FaultTarget::kPackage},
                                                      {"signature", FaultTarget::kSignature},
                                                      {"chain", FaultTarget::kChain},
                                                      {"manifest", FaultTarget::kManifest},
                                                      {"length", FaultTarget::kLength},
                                                      {"encoding", FaultTarget::kEncoding},
                                                      {"head", FaultTarget::kHead},
                                                      {"set", FaultTarget::kSet}}};
inline constexpr Words<ScannerAnswer, 3> kScannerAnswers{{{"clean", ScannerAnswer::kClean},
                                                          {"detected", ScannerAnswer::kDetected},
                                                          {"failed", ScannerAnswer::kFailed}}};
inline constexpr Words<Profile, kProfiles> kProfileNames{
    {{"published", Profile::kPublished}, {"hardened", Profile::kHardened}}};
// Whether assays speak real HTTP.
inline constexpr Words<bool, 2> kWhenDown{{{"allow", false}, {"hold", true}}};
inline constexpr Words<Cloud, 3> kClouds{
    {{"off", Cloud::kOff}, {"on", Cloud::kOn}, {"unreachable", Cloud::kUnreachable}}};
inline constexpr Words<bool, 2> kTransports{{{"in_process", false}, {"http", true}}};
inline constexpr Words<Standing, 3> kStandings{
    {{"held", Standing::kHeld}, {"contained", Standing::kContained}, {"fell", Standing::kFell}}};
// In place of a duration or a share.
inline constexpr std::string_view kByHand = "by_hand";
inline constexpr std::string_view kNoTests = "none";
inline constexpr std::string_view kAsCdnTtl = "cdn_ttl";
// In place of a platform, of packages alone.
inline constexpr std::string_view kAnyPlatform = "any";

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
