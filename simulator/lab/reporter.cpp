#include "lab/reporter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cloud/sequential_test.h"

namespace firebreak::lab {

namespace {

// What a draw decides; part of its key.
enum Which : uint64_t { kLoss = 0, kChance = 1, kSpread = 2, kOptOut = 3, kPhase = 4 };

// How far a fleet's contacts vary from week to week for no reason (published by CrowdStrike for
// its sensors: about 1 %).
constexpr double kWeekToWeek = 0.01;

constexpr double kMany = 50;

// How many events of this mean, from one uniform draw; where there are many, by their normal limit.
uint32_t poisson(double mean, double uniform) {
    if (mean > kMany) {
        const double tail = std::clamp(std::min(uniform, 1 - uniform), 1e-15, 0.4999);
        const double z = cloud::normal_quantile(tail) * (uniform < 0.5 ? -1 : 1);
        return static_cast<uint32_t>(std::max(0.0, std::round(mean + z * std::sqrt(mean))));
    }
    double term = std::exp(-mean);
    double sum = term;
    uint32_t n = 0;
    while (uniform > sum && n < 1000) {  // a sum of rounded terms may stay below the draw
        term *= mean / ++n;
        sum += term;
    }
    return n;
}

// Standard normal, from two uniform draws (Box and Muller).
double normal(double u, double v) {
    return std::sqrt(-2 * std::log1p(-u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace

Reporter::Reporter(uint64_t seed, const base::Channels& channels, base::Shift office,
                   base::SimTime end, cloud::Central& central, const ControlPlane& control)
    : channels_(channels),
      office_(office),
      end_(end),
      central_(central),
      control_(control),
      stream_(seed, base::Stream::kSignal) {}

double Reporter::draw(fleet::Row row, base::SimTime at, base::Channel channel,
                      uint64_t which) const {
    const auto n = static_cast<uint64_t>(at.seconds) << 8 | static_cast<uint64_t>(channel) << 4;
    return stream_.unit(row, n | which);
}

void Reporter::tell(const fleet::RowEvent& event, cloud::GroupId group,
                    const fleet::Population& population) {
    if (event.alerts > 0) {
        tell_on(base::Channel::kAlert, event, group, 1);
    }
    if (event.harm == base::Harm::kNone) {
        return;
    }
    for (const base::ChannelInfo& channel : base::channels()) {
        const double chance = base::chance(channel.channel, event.harm);
        if (chance > 0 && channel.channel == base::Channel::kTelemetry) {
            batch(event, group, population);
        } else if (chance > 0) {
            tell_on(channel.channel, event, group, chance);
        }
    }
}

void Reporter::tell_on(base::Channel channel, const fleet::RowEvent& event, cloud::GroupId group,
                       double chance) {
    const base::ChannelSettings& settings = of(channel);
    if (draw(event.row, {0}, channel, kOptOut) < settings.opt_out ||
        draw(event.row, event.at, channel, kLoss) < settings.loss ||
        draw(event.row, event.at, channel, kChance) >= chance) {
        return;
    }
    const bool names_content = channel != base::Channel::kSupportCall;
    central_.send({arrival(channel, event), group,
                   names_content ? cloud::ReleaseId{event.release} : cloud::ReleaseId{}, channel},
                  channel == base::Channel::kAlert ? event.alerts : 1);
}

base::SimTime Reporter::arrival(base::Channel channel, const fleet::RowEvent& event) const {
    const base::ChannelSettings& settings = of(channel);
    base::SimTime at = event.at + settings.delay;
    if (settings.spread.seconds > 0) {
        const double u = draw(event.row, event.at, channel, kSpread);
        at.seconds +=
            static_cast<int64_t>(-std::log1p(-u) * static_cast<double>(settings.spread.seconds));
    }
    return settings.office_hours ? office_.next_open(at) : at;
}

// Each endpoint has its own time of the day (of the interval) for its batch.
void Reporter::batch(const fleet::RowEvent& event, cloud::GroupId group,
                     const fleet::Population& population) {
    const base::ChannelSettings& settings = of(base::Channel::kTelemetry);
    const int64_t interval = std::max<int64_t>(settings.interval.seconds, fleet::kSlice_s);
    if (draw(event.row, {0}, base::Channel::kTelemetry, kOptOut) < settings.opt_out ||
        draw(event.row, event.at, base::Channel::kTelemetry, kLoss) < settings.loss) {
        return;
    }
    const auto phase = static_cast<int64_t>(
        draw(event.row, {0}, base::Channel::kTelemetry, kPhase) * static_cast<double>(interval));
    const int64_t since = (event.at.seconds - phase) % interval;
    const int64_t wait = since < 0 ? -since : interval - since;
    const base::SimTime at = population.next_online(event.row, {event.at.seconds + wait}, end_);
    if (at < end_) {
        batches_.emplace(at, Batch{event.row, group, 1});
    }
}

void Reporter::send_batches(base::SimTime until, const fleet::Fleet& fleet) {
    while (!batches_.empty() && batches_.begin()->first < until) {
        const auto [at, batch] = *batches_.begin();
        batches_.erase(batches_.begin());
        const fleet::SetId set = fleet.population().set(batch.row);
        const base::HarmMask harms = control_.harms(set);
        const bool cut_off = std::any_of(base::harms().begin(), base::harms().end(),
                                         [harms](const base::HarmInfo& one) {
                                             return one.cut_off && (harms & bit(one.harm)) != 0;
                                         });
        if (cut_off) {
            continue;
        }
        cloud::ReleaseId runs;
        for (size_t f = 0; f < control_.feeds().size() && !runs.valid(); ++f) {
            runs.value = control_.running_release(set, f).value_or(ControlPlane::kNoRelease);
        }
        central_.send({at + of(base::Channel::kTelemetry).delay, batch.group, runs,
                       base::Channel::kTelemetry},
                      batch.count);
    }
}

std::vector<Reporter::Noise> Reporter::noise(base::SimTime from, const Census& census,
                                             size_t groups, size_t releases) const {
    std::vector<Noise> out;
    for (uint32_t g = 0; g < groups; ++g) {
        for (uint32_t r = 0; r < releases; ++r) {
            const double hours = census.running_online(g, r) * fleet::kSlice_h;
            for (const base::ChannelInfo& channel : base::channels()) {
                const base::ChannelSettings& settings = of(channel.channel);
                const double mean = hours * settings.background_per_h * (1 - settings.loss) *
                                    (1 - settings.opt_out);
                if (mean <= 0) {
                    continue;
                }
                // Endpoints are below 2^32: these draws are nobody's own.
                const uint64_t key = uint64_t{1} << 40 | uint64_t{g} << 20 | r;
                const auto n = static_cast<uint64_t>(from.seconds) << 8 |
                               static_cast<uint64_t>(channel.channel) << 4;
                const uint32_t count = poisson(mean, stream_.unit(key, n));
                const bool names_content = channel.channel != base::Channel::kSupportCall;
                if (count > 0) {
                    out.push_back({{from,
                                    {g},
                                    names_content ? cloud::ReleaseId{r} : cloud::ReleaseId{},
                                    channel.channel},
                                   count});
                }
            }
        }
    }
    return out;
}

void Reporter::count_contacts(base::SimTime hour, cloud::GroupId group, const Standing& standing) {
    const uint64_t key = uint64_t{1} << 41 | group.value;
    const auto draw = static_cast<uint64_t>(hour.seconds / 3600) << 4;
    const double chance = normal(stream_.unit(key, draw), stream_.unit(key, draw | 1));
    // The change from week to week is the same for all hours of a week.
    const uint64_t week = static_cast<uint64_t>(hour.seconds / (7 * 86400)) << 4 | 2;
    const double change = normal(stream_.unit(key, week), stream_.unit(key, week | 1));
    const double drift = standing.contacts * (1 + kWeekToWeek * change);
    const double seen = std::max(0.0, drift + chance * std::sqrt(std::max(drift, 0.0)));
    const base::SimTime known = hour + base::hours(1) + of(base::Channel::kSilence).delay;
    contacts_.emplace(known, Contacts{group, standing.online, seen});
}

std::vector<Reporter::Contacts> Reporter::contacts(base::SimTime now) {
    std::vector<Contacts> out;
    while (!contacts_.empty() && contacts_.begin()->first <= now) {
        out.push_back(contacts_.begin()->second);
        contacts_.erase(contacts_.begin());
    }
    return out;
}

}  // namespace firebreak::lab
