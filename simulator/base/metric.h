// What is measured over a run, by name: the words that scenarios expect by, and reports print.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace firebreak::base {

// Append only: numbers are stored in run files.
enum class Metric : uint8_t {
    kExposed = 0,       // endpoints to which content under test was delivered, whole or damaged
    kAffected = 1,      // endpoints that came to harm
    kRefused = 2,       // endpoints that turned content away at verify, install or load
    kAlerts = 3,        // alerts raised to the vendor (each goes to the tenant's admin as well)
    kRunning = 4,       // endpoints that run one release's content (scope: a release)
    kProtected = 5,     // endpoints whose components all run verified content
    kDown = 6,          // endpoints with a component that runs nothing
    kHalted = 7,        // 1 while a release is halted (scope: a release), else 0
    kTimeToDetect = 8,  // from a group's first failure to the vendor's first signal of it, seconds
    kTimeToHalt = 9,    // from a group's first failure to the halt in force at the CDN, seconds
    kLost = 10,         // endpoints whose machine does not run until somebody mends it
    kHarmed = 11,       // endpoints that suffer some harm now
    kOvershoot = 12,    // endpoints exposed after the halt was decided
    kUnreached = 13,    // endpoints that still run a halted release, or are lost or cut off
    kRecoveredItself = 14,  // recoveries so far, by what ended the harm
    kRecoveredUpdate = 15,
    kRecoveredReboot = 16,
    kRecoveredRepairKit = 17,
    kRecoveredHand = 18,
    kTimeToRecover = 19,  // from a group's first harm to the last endpoint's recovery, seconds
    kFalseHalts = 20,     // halts of releases that had done no harm
    kProtectionGap = 21,  // endpoint-hours without current protection, so far
    kInfections = 22,     // endpoints that a campaign infected
    kSignals = 23,        // signals that arrived at the vendor (part: a channel)
    kHarm = 24,           // endpoints that ever came to this harm (part: a harm)
    kReachedByHalt = 25,  // endpoints expected to have learnt of the first halt (by their rhythm)
    kReachedByFix = 26,   // endpoints that run a fix
    kInstalled = 27,      // times that a release was installed (scope: a release)
    kEvidence = 28,       // of the strongest sequential test against a release, in percent of what
                          // raises an alarm (scope: a release)
};
inline constexpr size_t kMetricCount = 29;

// What a metric's numbers count, and so how its bound may be written.
enum class Unit : uint8_t {
    kEndpoints,      // a number, or a share of the scope's endpoints: "0.5%"
    kCount,          // a number
    kFlag,           // 0 or 1
    kSeconds,        // a duration: "2h"; the metric has no value until it has happened
    kEndpointHours,  // a number
};

// What a metric is broken down by, beside groups and releases.
enum class Part : uint8_t { kNone, kPersona, kChannel, kHarm };

struct MetricInfo {
    Metric metric;
    std::string_view name;  // "time_to_detect"
    Unit unit;
    bool per_group;    // may be scoped to a group
    bool per_release;  // is scoped to a release (the last one of the timeline if none is named)
    Part part;         // some values are of one persona, channel or harm
    std::string_view meaning;
};

std::span<const MetricInfo> metrics();
const MetricInfo& info(Metric metric);
std::optional<Metric> find_metric(std::string_view name);

}  // namespace firebreak::base
