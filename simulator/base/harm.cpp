#include "base/harm.h"

#include <array>

namespace firebreak::base {

namespace {

// Recoveries after facts of past incidents: a boot loop was "mostly hands-on" (CrowdStrike, 2024);
// machines without network could not fetch the fix (Kaspersky, 2013; McAfee, 2010); what was
// quarantined or slow healed with the next update (Trend Micro, 2005; Panda, 2015). The chances of
// a call are assumed.
constexpr std::array<HarmInfo, kHarms> kHarmInfos{{
    {Harm::kNone, "none", Recovery::kItself, false, false, 0, "no harm"},
    {Harm::kRestart, "restart", Recovery::kItself, false, false, 0.001,
     "a component died, and runs again"},
    {Harm::kFileHeld, "file_held", Recovery::kUpdate, false, false, 0.05,
     "false positive: a file of the user's is quarantined"},
    {Harm::kSlow, "slow", Recovery::kUpdate, false, false, 0.02,
     "a component takes far more processor time than it should"},
    {Harm::kBlind, "blind", Recovery::kUpdate, false, false, 0,
     "silent loss of detection: what must be found is not"},
    {Harm::kOverExclusion, "over_exclusion", Recovery::kUpdate, false, false, 0,
     "more is left unscanned than should be"},
    {Harm::kDown, "down", Recovery::kUpdate, false, false, 0.01, "a component runs nothing at all"},
    {Harm::kSystemFileLost, "system_file_lost", Recovery::kRepairKit, false, false, 0.2,
     "a part of Windows is lost"},
    {Harm::kNetworkLost, "network_lost", Recovery::kByHand, false, true, 0.6,
     "the machine is cut off, from updates as well"},
    {Harm::kUnbootable, "unbootable", Recovery::kByHand, true, true, 0.8,
     "what the machine starts from is lost"},
    {Harm::kBootLoop, "boot_loop", Recovery::kByHand, true, true, 0.8,
     "a component crashes in the kernel, again at every start"},
    {Harm::kExhausted, "exhausted", Recovery::kItself, false, false, 0.01,
     "a download used up the machine's disk or memory"},
    {Harm::kUpdatesLost, "updates_lost", Recovery::kByHand, false, true, 0.01,
     "the updater is damaged: no content comes any more"},
    {Harm::kUserFileLost, "user_file_lost", Recovery::kByHand, false, false, 0.3,
     "a file of the user's is destroyed"},
}};

}  // namespace

std::span<const HarmInfo, kHarms> harms() {
    return kHarmInfos;
}

const HarmInfo& info(Harm harm) {
    return kHarmInfos.at(static_cast<size_t>(harm));
}

std::optional<Harm> find_harm(std::string_view name) {
    for (const HarmInfo& entry : kHarmInfos) {
        if (entry.name == name) {
            return entry.harm;
        }
    }
    return std::nullopt;
}

std::string_view to_text(Recovery recovery) {
    constexpr std::array<std::string_view, kRecoveries> kNames{"itself", "next update", "reboot",
                                                               "repair kit", "by hand"};
    return kNames.at(static_cast<size_t>(recovery));
}

}  // namespace firebreak::base
