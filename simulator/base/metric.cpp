#include "base/metric.h"

#include <array>

namespace firebreak::base {

namespace {

constexpr std::array<MetricInfo, 10> kMetrics{{
    {Metric::kExposed, "exposed", Unit::kEndpoints, true, false,
     "endpoints to which content under test was delivered, whole or damaged"},
    {Metric::kAffected, "affected", Unit::kEndpoints, true, false, "endpoints that came to harm"},
    {Metric::kRefused, "refused", Unit::kEndpoints, true, false,
     "endpoints that turned content away at verify, install or load"},
    {Metric::kAlerts, "alerts", Unit::kCount, true, false, "alerts raised to the vendor"},
    {Metric::kRunning, "running", Unit::kEndpoints, true, true,
     "endpoints that run a release's content"},
    {Metric::kProtected, "protected", Unit::kEndpoints, true, false,
     "endpoints whose components all run verified content"},
    {Metric::kDown, "down", Unit::kEndpoints, true, false,
     "endpoints with a component that runs nothing"},
    {Metric::kHalted, "halted", Unit::kFlag, false, true, "1 once a release has been halted"},
    {Metric::kTimeToDetect, "time_to_detect", Unit::kSeconds, true, false,
     "from a group's first failure to the vendor's first signal of it"},
    {Metric::kTimeToHalt, "time_to_halt", Unit::kSeconds, true, false,
     "from a group's first failure to the halt in force at the CDN"},
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
