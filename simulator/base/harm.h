// What content can do to an endpoint, and what it takes to undo it. Derived by the lab from what
// components did, never wished for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace firebreak::base {

// Append only: numbers are stored in run files and covered by fingerprints.
enum class Harm : uint8_t {
    kNone = 0,
    kRestart = 1,         // a component died, and runs again
    kFileHeld = 2,        // false positive: a file of the user's is quarantined
    kSlow = 3,            // a component takes far more processor time than it should
    kBlind = 4,           // silent loss of detection: what must be found is not
    kOverExclusion = 5,   // more is left unscanned than should be
    kDown = 6,            // a component runs nothing at all
    kSystemFileLost = 7,  // a part of Windows: a false positive, or a repair
    kNetworkLost = 8,     // the machine is cut off, from updates as well
    kUnbootable = 9,      // the same, on what the machine starts from
    kBootLoop = 10,       // a component crashes in the kernel, again at every start
    kExhausted = 11,      // a download used up the machine's disk or memory
    kUpdatesLost = 12,    // the updater is damaged: no content comes any more
    kUserFileLost = 13,   // a file of the user's is destroyed
};
inline constexpr size_t kHarms = 14;

// What ends it.
enum class Recovery : uint8_t {
    kItself = 0,  // the component's own restart, within seconds
    kUpdate = 1,  // content that does no such thing
    kReboot = 2,
    kRepairKit = 3,  // the hourly repair, once a kit for it is out
    kByHand = 4,     // somebody at the machine
};
inline constexpr size_t kRecoveries = 5;

struct HarmInfo {
    Harm harm;
    std::string_view name;  // "file_held"
    Recovery recovery;      // unless a scenario says otherwise
    bool lost;              // the machine does not run any more
    bool cut_off;           // it reaches neither CDN nor vendor; lost machines are
    double calls;           // the chance that somebody calls support about it (assumed)
    std::string_view meaning;
};

std::span<const HarmInfo, kHarms> harms();
const HarmInfo& info(Harm harm);
std::optional<Harm> find_harm(std::string_view name);
std::string_view to_text(Recovery recovery);  // "next update"

// Sets of harms, a bit each.
using HarmMask = uint16_t;
constexpr HarmMask bit(Harm harm) {
    return harm == Harm::kNone ? HarmMask{0}
                               : static_cast<HarmMask>(1u << static_cast<unsigned>(harm));
}

}  // namespace firebreak::base
