#include "base/metric.h"

#include <array>

namespace firebreak::base {

namespace {

constexpr std::array<MetricInfo, kMetricCount> kMetrics{{
    {Metric::kExposed, "exposed", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints to which an update, whole or damaged, was delivered, or a fix that harmed them"},
    {Metric::kAffected, "affected", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints that came to harm"},
    {Metric::kRefused, "refused", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints that turned content away at verify, install or load"},
    {Metric::kAlerts, "alerts", Unit::kCount, true, false, Part::kNone,
     "alerts raised to the vendor"},
    {Metric::kRunning, "running", Unit::kEndpoints, true, true, Part::kNone,
     "endpoints that run a release's content"},
    {Metric::kProtected, "protected", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints whose components all run verified content and find what they must"},
    {Metric::kDown, "down", Unit::kEndpoints, true, false, Part::kNone,
     "endpoints with a component that runs nothing"},
    {Metric::kHalted, "halted", Unit::kFlag, false, true, Part::kNone,
     "1 while a release is halted"},
    {Metric::kTimeToDetect, "time_to_detect", Unit::kSeconds, true, false, Part::kNone,
     "from a group's first failure to the vendor's first signal of it"},
    {Metric::kTimeToHalt, "time_to_halt", Unit::kSeconds, true, false, Part::kNone,
     "from a group's first failure to the halt in force at the CDN"},
    {Metric::kLost, "lost", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints whose machine does not run until somebody mends it"},
    {Metric::kHarmed, "harmed", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints that suffer some harm now"},
    {Metric::kOvershoot, "overshoot", Unit::kEndpoints, true, false, Part::kNone,
     "endpoints exposed after the halt was decided"},
    {Metric::kUnreached, "unreached", Unit::kEndpoints, true, false, Part::kNone,
     "endpoints that still run a halted release, or are lost or cut off"},
    {Metric::kRecoveredItself, "recovered_by_itself", Unit::kCount, true, false, Part::kNone,
     "recoveries by a component's own restart"},
    {Metric::kRecoveredUpdate, "recovered_by_update", Unit::kCount, true, false, Part::kNone,
     "recoveries by a later update"},
    {Metric::kRecoveredReboot, "recovered_by_reboot", Unit::kCount, true, false, Part::kNone,
     "recoveries by a reboot"},
    {Metric::kRecoveredRepairKit, "recovered_by_repair_kit", Unit::kCount, true, false, Part::kNone,
     "recoveries by the repair kit"},
    {Metric::kRecoveredHand, "recovered_by_hand", Unit::kCount, true, false, Part::kNone,
     "recoveries by somebody at the machine"},
    {Metric::kTimeToRecover, "time_to_recover", Unit::kSeconds, true, false, Part::kNone,
     "from a group's first harm until none of its endpoints is harmed"},
    {Metric::kFalseHalts, "false_halts", Unit::kCount, false, false, Part::kNone,
     "halts of releases that had done no harm"},
    {Metric::kProtectionGap, "protection_gap", Unit::kEndpointHours, true, false, Part::kPersona,
     "endpoint-hours without current protection"},
    {Metric::kInfections, "infections", Unit::kEndpoints, true, false, Part::kPersona,
     "endpoints that a campaign infected"},
    {Metric::kSignals, "signals", Unit::kCount, true, false, Part::kChannel,
     "signals that arrived at the vendor"},
    {Metric::kHarm, "harm", Unit::kEndpoints, true, false, Part::kHarm,
     "endpoints that ever came to one kind of harm"},
    {Metric::kReachedByHalt, "reached_by_halt", Unit::kEndpoints, true, false, Part::kNone,
     "endpoints expected to have learnt of the first halt, by their rhythm"},
    {Metric::kReachedByFix, "reached_by_fix", Unit::kEndpoints, true, false, Part::kNone,
     "endpoints that run a fix"},
    {Metric::kInstalled, "installed", Unit::kCount, true, true, Part::kNone,
     "times that a release was installed"},
    {Metric::kEvidence, "evidence", Unit::kCount, false, true, Part::kNone,
     "strongest evidence of a sequential test against a release, in percent of an alarm"},
}};

}  // namespace

std::span<const MetricInfo> metrics() {
    return kMetrics;
}

const MetricInfo& info(Metric metric) {
    return kMetrics.at(static_cast<size_t>(metric));
}

std::optional<Metric> find_metric(std::string_view name) {
    for (const MetricInfo& entry : kMetrics) {
        if (entry.name == name) {
            return entry.metric;
        }
    }
    return std::nullopt;
}

}  // namespace firebreak::base
