// The ways in which a vendor hears of trouble. Each is late, lossy and partial in its own way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/harm.h"
#include "base/sim_time.h"

namespace firebreak::base {

// Append only: numbers are stored in run files.
enum class Channel : uint8_t {
    kAlert = 0,                // content turned away; told at the endpoint's next contact
    kCrashReport = 1,          // a component died; names the content that ran
    kTelemetry = 2,            // a batch once a day; names the content that runs when it is sent
    kSupportCall = 3,          // a person on the phone; names no content
    kFalsePositiveReport = 4,  // a person who sends in the file that was held
    kSilence = 5,              // contacts that should have come, against the daily rhythm
};
inline constexpr size_t kChannels = 6;

// How one channel behaves. A signal takes `delay` and an exponential waiting time of mean `spread`
// on top (and, by office_hours, then until somebody is there to take it).
struct ChannelSettings {
    Duration delay;               // at least a slice of the lab's time, 5 min
    Duration spread;              // 0: none
    Duration interval;            // kTelemetry: an endpoint sends this often; else 0
    double loss = 0;              // share of signals that never arrive
    double opt_out = 0;           // share of endpoints that never send any
    double background_per_h = 0;  // signals per endpoint-hour online without any defect
    bool office_hours = false;    // the vendor takes them in office hours only

    friend bool operator==(const ChannelSettings&, const ChannelSettings&) = default;
};
using Channels = std::array<ChannelSettings, kChannels>;

struct ChannelInfo {
    Channel channel;
    std::string_view name;  // "crash_report"
    std::string_view meaning;
    ChannelSettings usual;    // unless a scenario says otherwise
    std::string_view source;  // of the usual settings: "assumed", or where they were published
};

std::span<const ChannelInfo, kChannels> channels();
const ChannelInfo& info(Channel channel);
std::optional<Channel> find_channel(std::string_view name);
Channels usual_channels();

// The chance that an endpoint with this harm gives rise to a signal on this channel, loss and
// opt-out aside: 0 where the channel cannot see it. Dead machines say nothing, except through the
// people in front of them. kAlert and kSilence do not start from a harm: 0.
double chance(Channel channel, Harm harm);

}  // namespace firebreak::base
