#include "cloud/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace firebreak::cloud {

namespace {

using base::Channel;

constexpr double kRateFloor = 1e-9;    // a ratio of rates needs a first one
constexpr double kWeeklyNoise = 0.01;  // of contacts (published by CrowdStrike)
constexpr double kHoursOfWeek = 7 * 24;
constexpr base::Duration kOverlookedFor = base::days(1);

// A person on the phone does not know what content runs there.
bool names_content(Channel channel) {
    return channel != Channel::kSupportCall && channel != Channel::kSilence;
}

const char* plural(Channel channel) {
    switch (channel) {
        case Channel::kAlert:
            return "alerts";
        case Channel::kCrashReport:
            return "crash reports";
        case Channel::kTelemetry:
            return "telemetry reports";
        case Channel::kSupportCall:
            return "support calls";
        case Channel::kFalsePositiveReport:
            return "false-positive reports";
        case Channel::kSilence:
            return "missing contacts";
    }
    return "";
}

std::string number(uint64_t value) {
    return base::with_thousands(static_cast<int64_t>(value));
}

std::string rounded(double value) {
    return base::with_thousands(std::llround(value));
}

bool counts_as_failure(const Vigilance& vigilance, Channel channel) {
    return channel != Channel::kSilence && (vigilance.on_alerts || channel != Channel::kAlert);
}

double arriving(const base::ChannelSettings& settings) {
    return (1 - settings.loss) * (1 - settings.opt_out);
}

bool can_be_tested(const Vigilance& vigilance, Channel channel) {
    const auto& settings = vigilance.channels.at(static_cast<size_t>(channel));
    return counts_as_failure(vigilance, channel) &&
           vigilance.worth_finding_per_h * arriving(settings) > 0;
}

// What each channel may use up, silence among them.
double part(const Vigilance& vigilance) {
    const auto tested = std::count_if(
        base::channels().begin(), base::channels().end(),
        [&](const base::ChannelInfo& info) { return can_be_tested(vigilance, info.channel); });
    return *vigilance.false_alarms / static_cast<double>(tested + 1);
}

}  // namespace

std::optional<TestDesign> test_design(const Vigilance& vigilance, Channel channel) {
    if (!vigilance.false_alarms || !can_be_tested(vigilance, channel)) {
        return std::nullopt;
    }
    const auto& settings = vigilance.channels.at(static_cast<size_t>(channel));
    const double rate0 = std::max(kRateFloor, settings.background_per_h * arriving(settings));
    const double rate1 = rate0 + vigilance.worth_finding_per_h * arriving(settings);
    return TestDesign{rate0, rate1, part(vigilance)};
}

std::optional<double> silence_false_alarms(const Vigilance& vigilance) {
    return vigilance.false_alarms ? std::optional(part(vigilance)) : std::nullopt;
}

Operations::Operations(uint64_t seed, base::UtcTime start, std::vector<ReleaseGroup> groups,
                       Vigilance vigilance, ReleaseSystem& releases,
                       std::function<bool(ReleaseId)> guilty)
    : random_(seed, base::Stream::kDecision),
      shift_(vigilance.hours, start),
      groups_(std::move(groups)),
      vigilance_(vigilance),
      releases_(releases),
      guilty_(std::move(guilty)),
      known_silence_(groups_.size()) {
    for (const base::ChannelInfo& info : base::channels()) {
        designs_.at(static_cast<size_t>(info.channel)) = test_design(vigilance_, info.channel);
    }
    if (const auto budget = silence_false_alarms(vigilance_)) {
        silence_quantile_ = normal_quantile(*budget / kHoursOfWeek);
    }
}

std::vector<Operations::Watched> Operations::nothing_counted() const {
    Watched watched;
    for (size_t c = 0; c < base::kChannels; ++c) {
        if (designs_[c]) {
            watched.tests[c].emplace(*designs_[c]);
        }
    }
    return std::vector<Watched>(groups_.size(), watched);
}

Operations::Case& Operations::against(ReleaseId release) {
    const auto [found, fresh] = cases_.try_emplace(release);
    if (fresh) {
        found->second.watched = nothing_counted();
    }
    return found->second;
}

void Operations::hear(const Signal& signal, uint32_t count) {
    ReleaseId release = signal.release;
    if (!release.valid() && !names_content(signal.channel)) {
        release = suspect_in(signal.group);
    }
    if (!release.valid() || !counts_as_failure(vigilance_, signal.channel)) {
        return;
    }
    Case& suspect = against(release);
    if (suspect.cleared && signal.channel == Channel::kTelemetry) {
        return;
    }
    Watched& watched = suspect.watched.at(signal.group.value);
    watched.failures += count;
    if (auto& test = watched.tests.at(static_cast<size_t>(signal.channel))) {
        test->count(count);
    }
}

// What names no content is held against the newest release, unless that has been cleared, or has
// not reached anybody in the group.
ReleaseId Operations::suspect_in(GroupId group) const {
    const ReleaseId newest = releases_.newest_in(group);
    const auto found = cases_.find(newest);
    const bool suspect = found != cases_.end() && !found->second.cleared &&
                         found->second.watched.at(group.value).exposed > 0;
    return suspect ? newest : ReleaseId{};
}

void Operations::count_exposed(ReleaseId release, GroupId group, uint32_t endpoints) {
    against(release).watched.at(group.value).exposed += endpoints;
}

void Operations::watch(ReleaseId release, GroupId group, double endpoint_hours) {
    auto& tests = against(release).watched.at(group.value).tests;
    for (const base::ChannelInfo& info : base::channels()) {
        auto& test = tests.at(static_cast<size_t>(info.channel));
        if (test && names_content(info.channel)) {
            test->watch(endpoint_hours);
        }
    }
}

void Operations::watch_group(GroupId group, double endpoint_hours) {
    const ReleaseId newest = releases_.newest_in(group);
    if (!newest.valid()) {
        return;
    }
    auto& tests = against(newest).watched.at(group.value).tests;
    for (const base::ChannelInfo& info : base::channels()) {
        auto& test = tests.at(static_cast<size_t>(info.channel));
        if (test && !names_content(info.channel)) {
            test->watch(endpoint_hours);
        }
    }
}

void Operations::hear_contacts(GroupId group, double expected, double seen, base::SimTime now) {
    if (!silence_quantile_ || expected <= 0) {
        return;
    }
    double& known = known_silence_.at(group.value);
    const double rest = expected * (1 - known);
    const double noise = kWeeklyNoise * rest;
    if (std::abs(rest - seen) <= *silence_quantile_ * std::sqrt(rest + noise * noise)) {
        return;
    }
    known = std::clamp(1 - seen / expected, 0.0, 1.0);
    const ReleaseId suspect = suspect_in(group);
    if (!suspect.valid()) {
        return;
    }
    follow_operators(suspect);
    if (seen < rest && !releases_.halted(suspect)) {
        raise(suspect,
              {{Kind::kSilence, Channel::kSilence, group},
               fmt::format("{} contacts from {} in an hour, where {} were to be expected",
                           rounded(seen), groups_.at(group.value).name, rounded(rest))},
              now);
    }
}

void Operations::add_group_alarms(const Watched& watched, GroupId group,
                                  std::vector<Alarm>& to) const {
    const ReleaseGroup& in = groups_.at(group.value);
    if (vigilance_.gates && in.stage != GroupStage::kPublic && watched.failures > 0) {
        to.push_back({{Kind::kGate, {}, group},
                      fmt::format("{} failure{} reported from {}", number(watched.failures),
                                  watched.failures == 1 ? "" : "s", in.name)});
    }
    for (const base::ChannelInfo& info : base::channels()) {
        const size_t c = static_cast<size_t>(info.channel);
        const auto& test = watched.tests.at(c);
        if (test && test->alarm()) {
            to.push_back(
                {{Kind::kTest, info.channel, group},
                 fmt::format("{} {} from {} in {} endpoint-hours, where {:.2g} were to be "
                             "expected",
                             number(test->events()), plural(info.channel), in.name,
                             rounded(test->hours()), designs_.at(c)->rate0 * test->hours())});
        }
    }
}

std::vector<Operations::Alarm> Operations::alarms(const Case& watched) const {
    std::vector<Alarm> out;
    uint64_t exposed = 0;
    uint64_t failures = 0;
    for (uint32_t g = 0; g < groups_.size(); ++g) {
        add_group_alarms(watched.watched[g], {g}, out);
        if (groups_[g].stage == GroupStage::kPublic) {
            exposed += watched.watched[g].exposed;
            failures += watched.watched[g].failures;
        }
    }
    const double limit = vigilance_.halt_share * static_cast<double>(exposed);
    if (failures > 0 && failures >= vigilance_.halt_reports &&
        static_cast<double>(failures) >= limit) {
        out.push_back(
            {{Kind::kThreshold, {}, {}},
             fmt::format("{} failure{} reported from {} public endpoints that got it, limit "
                         "{:.3g} %",
                         number(failures), failures == 1 ? "" : "s", number(exposed),
                         100 * vigilance_.halt_share)});
    }
    return out;
}

void Operations::raise(ReleaseId release, const Alarm& alarm, base::SimTime now) {
    Case& suspect = against(release);
    if (!suspect.noticed.insert(alarm.key).second) {
        return;
    }
    notices_.push_back(
        {now, Notice::Kind::kAlarm, release, std::get<GroupId>(alarm.key), alarm.text});
    if (vigilance_.people) {
        decide_later(release, alarm, now);
    } else {
        halt(release, alarm.text, now);
    }
    ++suspect.alarms;
}

void Operations::decide_later(ReleaseId release, const Alarm& alarm, base::SimTime now) {
    Case& suspect = against(release);
    base::SimTime due = now + (shift_.open(now) ? vigilance_.response : vigilance_.on_call);
    if (random_.unit(release.value, suspect.alarms) < vigilance_.overlook) {
        due = due + kOverlookedFor;
        notices_.push_back(
            {now, Notice::Kind::kOverlooked, release, {}, "overlooked: " + alarm.text});
    }
    if (!suspect.decision || due < suspect.decision->due) {
        suspect.decision = Pending{due, alarm.text};
    }
}

void Operations::halt(ReleaseId release, const std::string& why, base::SimTime now) {
    Case& suspect = against(release);
    suspect.decision.reset();
    if (!releases_.halt(release, now, why).ok()) {
        return;  // by an earlier alarm
    }
    suspect.halted_at = now;
    suspect.clear_at = shift_.done(now, vigilance_.investigation);
}

// Whoever halts or resumes a release by hand has decided: what was pending here is void.
void Operations::follow_operators(ReleaseId release) {
    Case& suspect = against(release);
    const auto halted_at = releases_.halted_at(release);
    if (halted_at == suspect.halted_at) {
        return;
    }
    suspect.decision.reset();
    suspect.clear_at.reset();
    if (suspect.halted_at) {
        forget(suspect);
    }
    suspect.halted_at = halted_at;
}

void Operations::close_investigation(ReleaseId release, base::SimTime now) {
    Case& suspect = against(release);
    suspect.clear_at.reset();
    if (guilty_(release)) {
        notices_.push_back({now, Notice::Kind::kGuilty, release, {}, "found to be harmful"});
        return;
    }
    ++false_halts_;
    suspect.cleared = true;
    notices_.push_back({now,
                        Notice::Kind::kNotGuilty,
                        release,
                        {},
                        vigilance_.resume ? "found to be harmless: it goes on"
                                          : "found to be harmless: it stays halted"});
    if (vigilance_.resume && releases_.resume(release, now).ok()) {
        suspect.halted_at.reset();
        forget(suspect);
    }
}

// Who has been exposed stays so.
void Operations::forget(Case& counted) const {
    std::vector<Watched> fresh = nothing_counted();
    for (size_t g = 0; g < fresh.size(); ++g) {
        fresh[g].exposed = counted.watched[g].exposed;
    }
    counted.watched = std::move(fresh);
    counted.noticed.clear();
}

void Operations::advance(base::SimTime now) {
    for (auto& [release, suspect] : cases_) {
        follow_operators(release);
        if (suspect.clear_at && *suspect.clear_at <= now) {
            close_investigation(release, now);
        }
        if (releases_.halted(release)) {
            continue;
        }
        for (const Alarm& alarm : alarms(suspect)) {
            raise(release, alarm, now);
        }
        if (suspect.decision && suspect.decision->due <= now) {
            halt(release, std::string(suspect.decision->why), now);
        }
    }
}

std::vector<Notice> Operations::take_notices() {
    return std::exchange(notices_, {});
}

double Operations::evidence(ReleaseId release, GroupId group) const {
    const auto found = cases_.find(release);
    std::optional<double> strongest;
    if (found != cases_.end()) {
        for (const auto& test : found->second.watched.at(group.value).tests) {
            if (test) {
                strongest = std::max(strongest.value_or(test->evidence()), test->evidence());
            }
        }
    }
    return strongest.value_or(0);
}

double Operations::threshold() const {
    for (const auto& design : designs_) {
        if (design) {
            return design->threshold();
        }
    }
    return 0;
}

}  // namespace firebreak::cloud
