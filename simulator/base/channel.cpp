#include "base/channel.h"

namespace firebreak::base {

namespace {

// Delay, spread, interval, loss, opt-out, background, office hours.
constexpr std::array<ChannelInfo, kChannels> kChannelInfos{{
    {Channel::kAlert,
     "alert",
     "content turned away, told at the endpoint's next contact",
     {minutes(5), {0}, {0}, 0, 0, 0, false},
     "assumed; that vendor and administrator are alerted is published"},
    {Channel::kCrashReport,
     "crash_report",
     "a component died",
     {minutes(15), minutes(30), {0}, 0.02, 0.1, 1e-6, false},
     "assumed: minutes to hours"},
    {Channel::kTelemetry,
     "telemetry",
     "a batch of counts",
     {minutes(5), {0}, {86400}, 0.01, 0.2, 1e-6, false},
     "interval 86400 is published (TELEMSUP); the rest is assumed"},
    {Channel::kSupportCall,
     "support_call",
     "a person on the phone",
     {hours(1), hours(3), {0}, 0, 0, 2e-7, true},
     "assumed: hours, in office hours"},
    {Channel::kFalsePositiveReport,
     "false_positive_report",
     "a person who sends in a file that was held",
     {hours(2), hours(4), {0}, 0, 0, 1e-7, true},
     "assumed: hours, in office hours"},
    {Channel::kSilence,
     "silence",
     "contacts that should have come, against the daily rhythm",
     {hours(1), {0}, {0}, 0, 0, 0, false},
     "assumed; connections vary by about 1 % from week to week (published by CrowdStrike)"},
}};

// A held file is sent in by few (assumed).
constexpr double kSendsIn = 0.02;

}  // namespace

std::span<const ChannelInfo, kChannels> channels() {
    return kChannelInfos;
}

const ChannelInfo& info(Channel channel) {
    return kChannelInfos.at(static_cast<size_t>(channel));
}

std::optional<Channel> find_channel(std::string_view name) {
    for (const ChannelInfo& entry : kChannelInfos) {
        if (entry.name == name) {
            return entry.channel;
        }
    }
    return std::nullopt;
}

Channels usual_channels() {
    Channels out;
    for (const ChannelInfo& entry : kChannelInfos) {
        out.at(static_cast<size_t>(entry.channel)) = entry.usual;
    }
    return out;
}

double chance(Channel channel, Harm harm) {
    switch (channel) {
        case Channel::kCrashReport:
            return harm == Harm::kRestart || harm == Harm::kDown ? 1 : 0;
        case Channel::kTelemetry:
            return harm == Harm::kRestart || harm == Harm::kDown || harm == Harm::kSlow ||
                           harm == Harm::kFileHeld || harm == Harm::kSystemFileLost
                       ? 1
                       : 0;
        case Channel::kSupportCall:
            return info(harm).calls;
        case Channel::kFalsePositiveReport:
            return harm == Harm::kFileHeld || harm == Harm::kSystemFileLost ? kSendsIn : 0;
        case Channel::kAlert:
        case Channel::kSilence:
            return 0;
    }
    return 0;
}

}  // namespace firebreak::base
