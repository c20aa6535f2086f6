// The vendor's operations: listens to signals, suspects releases, and decides on them, as slowly
// and fallibly as people do.
//
// Failures are alerts (by policy), crash reports, telemetry, support calls and false-positive
// reports about a release, counted per group. There is an alarm about a release when
// - gate: the first failure is reported from an engineering or internal group;
// - threshold: in the public groups together, failures are halt_reports at least and halt_share of
//   the endpoints exposed;
// - test: a sequential test (cloud/sequential_test.h) of one channel in one group crosses its
//   threshold (test_design());
// - silence: of the contacts that an hour should bring, more are missing than chance takes away.
//   The standard deviation is sqrt(expected + (0.01 expected)^2): counting, and 1 % of noise from
//   week to week (published by CrowdStrike). The alarm goes at the one-sided normal quantile of
//   that channel's budget of false alarms, spread over the 168 hours of a week; so this budget,
//   other than those of the tests, is used up anew every week.
// The stated chance of a false alarm about a release in a group is split evenly over the channels
// that are listened to, silence among them. Gate and threshold have no stated chance: the
// background alone can set them off.
//
// Support calls and silence name no content: they are put down to the newest release in their
// group. As any endpoint of it may be the one that calls, the test of support calls counts the
// hours of the whole group. The other channels name the content that they are about; where that is
// no release of this run, they say nothing about any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/channel.h"
#include "base/random.h"
#include "base/working_hours.h"
#include "cloud/central.h"
#include "cloud/release_system.h"
#include "cloud/sequential_test.h"

namespace firebreak::cloud {

struct ReleaseGroup {
    std::string name;
    GroupStage stage = GroupStage::kPublic;
};

struct Vigilance {
    bool gates = true;      // the first failure reported from engineering or internal is an alarm
    double halt_share = 0;  // of those exposed in public groups …
    uint32_t halt_reports = 0;           // … and at least so many reports: an alarm
    bool on_alerts = true;               // refusals count as failures
    std::optional<double> false_alarms;  // per group and release, over all channels; nullopt: none
    double worth_finding_per_h = 0;
    base::Channels channels;
    bool people = false;  // people decide; else alarms halt at once
    base::WorkingHours hours;
    base::Duration response, on_call;
    double overlook = 0;
    base::Duration investigation;
    bool resume = true;
};

// The test of this channel, in events per endpoint-hour. Of what happens, (1 - loss) (1 - opt_out)
// arrives: rate0 is background_per_h times that, at least 1e-9, and rate1 is worth_finding_per_h
// times that above it. false_alarms is this channel's part. nullopt: there is no such test, as
// there are no tests at all, the channel is silence, alerts are not to count, or nothing would
// arrive.
std::optional<TestDesign> test_design(const Vigilance& vigilance, base::Channel channel);
// The same channel's part for silence; nullopt: silence is no alarm.
std::optional<double> silence_false_alarms(const Vigilance& vigilance);

// Something that operations noticed or found out, for the timeline.
struct Notice {
    enum class Kind : uint8_t { kAlarm, kOverlooked, kGuilty, kNotGuilty };
    base::SimTime at;
    Kind kind = Kind::kAlarm;
    ReleaseId release;
    GroupId group;  // kAlarm: where; invalid: the public groups together. Else invalid
    std::string text;
};

// Who decides. A machine halts as soon as there is an alarm. People look at an alarm
// `response` later if it comes in office hours, else `on_call` later; with the chance `overlook`
// nobody does, and it is looked at a day later than that. Then they halt the release, for the
// reason that the alarm gave. One decision per release is pending at a time; a later alarm that is
// looked at sooner brings it forward. An alarm of the same kind, channel and group about a release
// is raised once, until the release is resumed.
//
// After a halt of its own, `investigation` working time later, it is clear whether the release was
// guilty: if not, and by policy, it is resumed, and what was counted against it is forgotten. Halts
// by an operator are the operator's: nothing comes of them here but that a resumption, too,
// forgets. What names no content is held against no release that has been cleared, nor against one
// that has not reached anybody there; nor is telemetry held against a release once it is cleared.
// For after a defect has been mended its calls still come, and so do batches, which name what runs
// by then.
class Operations {
  public:
    // Groups by GroupId. `guilty`: whether this release has done or would have done harm, as an
    // investigation finds out in the end. The release system must outlive this.
    Operations(uint64_t seed, base::UtcTime start, std::vector<ReleaseGroup> groups,
               Vigilance vigilance, ReleaseSystem& releases, std::function<bool(ReleaseId)> guilty);

    // A signal has arrived.
    void hear(const Signal& signal, uint32_t count);
    // What the CDN's logs tell: endpoints to which a release was delivered.
    void count_exposed(ReleaseId release, GroupId group, uint32_t endpoints);
    // Endpoint-hours online that a release has run in a group since the last call.
    void watch(ReleaseId release, GroupId group, double endpoint_hours);
    // Endpoint-hours online of all endpoints of a group, whatever they run, since the last call.
    // They count for the release that is the newest there now.
    void watch_group(GroupId group, double endpoint_hours);
    // Contacts of a group in the last hour: seen, and expected by the rhythm of earlier weeks.
    // Silence that has been noticed is known: until contacts come back, only more of it counts, so
    // that machines that one release has silenced are not held against the next.
    void hear_contacts(GroupId group, double expected, double seen, base::SimTime now);

    // Raises alarms, and carries out what has been decided by now: halts, resumptions.
    // Once per slice, after the signals and before ReleaseSystem::advance().
    void advance(base::SimTime now);

    std::vector<Notice> take_notices();
    // Own halts that turned out to be of a release without guilt.
    uint32_t false_halts() const { return false_halts_; }
    // The strongest evidence of any channel's test against a release in a group; 0 without tests.
    double evidence(ReleaseId release, GroupId group) const;
    // At which a test alarms; 0 without tests.
    double threshold() const;

  private:
    enum class Kind : uint8_t { kGate, kThreshold, kTest, kSilence };
    using AlarmKey = std::tuple<Kind, base::Channel, GroupId>;
    struct Alarm {
        AlarmKey key;
        std::string text;
    };
    struct Watched {  // in one group
        uint64_t exposed = 0;
        uint64_t failures = 0;
        std::array<std::optional<SequentialTest>, base::kChannels> tests;
    };
    struct Pending {
        base::SimTime due;
        std::string why;
    };
    struct Case {                      // against one release
        std::vector<Watched> watched;  // by group
        std::set<AlarmKey> noticed;
        uint32_t alarms = 0;  // ever: they number the draws
        std::optional<Pending> decision;
        std::optional<base::SimTime> halted_at;  // as last seen
        std::optional<base::SimTime> clear_at;   // of a halt of its own
        bool cleared = false;                    // by an investigation
    };

    Case& against(ReleaseId release);
    ReleaseId suspect_in(GroupId group) const;
    std::vector<Watched> nothing_counted() const;
    std::vector<Alarm> alarms(const Case& watched) const;
    void add_group_alarms(const Watched& watched, GroupId group, std::vector<Alarm>& to) const;
    void raise(ReleaseId release, const Alarm& alarm, base::SimTime now);
    void decide_later(ReleaseId release, const Alarm& alarm, base::SimTime now);
    void halt(ReleaseId release, const std::string& why, base::SimTime now);
    void follow_operators(ReleaseId release);
    void close_investigation(ReleaseId release, base::SimTime now);
    void forget(Case& counted) const;

    base::RandomStream random_;
    base::Shift shift_;
    std::vector<ReleaseGroup> groups_;
    Vigilance vigilance_;
    ReleaseSystem& releases_;
    std::function<bool(ReleaseId)> guilty_;
    std::array<std::optional<TestDesign>, base::kChannels> designs_;
    std::optional<double> silence_quantile_;
    std::vector<double> known_silence_;  // by group: the share of contacts known to be missing
    std::map<ReleaseId, Case> cases_;
    std::vector<Notice> notices_;
    uint32_t false_halts_ = 0;
};

}  // namespace firebreak::cloud
