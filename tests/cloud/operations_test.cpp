#include "cloud/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>
#include <string>
#include <vector>

#include "cloud/packages.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

using base::Channel;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr base::UtcTime kMonday{1772409600};  // 2026-03-02T00:00:00Z
constexpr GroupId kEngineering{0}, kInternal{1}, kPublic1{2}, kPublic2{3};

constexpr base::SimTime at(int64_t day, int64_t hour, int64_t minute = 0) {
    return base::SimTime{} + base::days(day) + base::hours(hour) + base::minutes(minute);
}

// Halts at once, at a gate or at 1 % of the public and 10 failures; no tests.
Vigilance machine() {
    Vigilance vigilance;
    vigilance.halt_share = 0.01;
    vigilance.halt_reports = 10;
    vigilance.worth_finding_per_h = 1e-3;
    vigilance.channels = base::usual_channels();
    vigilance.investigation = base::hours(4);
    return vigilance;
}

Vigilance people() {
    Vigilance vigilance = machine();
    vigilance.people = true;
    vigilance.response = base::minutes(20);
    vigilance.on_call = base::minutes(90);
    return vigilance;
}

Vigilance tester() {
    Vigilance vigilance = machine();
    vigilance.gates = false;
    vigilance.halt_reports = 1'000'000;
    vigilance.false_alarms = 0.06;
    return vigilance;
}

Staging staging() {
    Staging out;
    out.cdn_ttl = base::minutes(5);
    return out;
}

// A vendor with two groups before the public and two public ones, and two releases.
class WatchingVendor {
  public:
    explicit WatchingVendor(const Vigilance& vigilance, Staging policy = staging(),
                            uint64_t seed = 1)
        : system({{"engineering", kEngineering, GroupStage::kEngineering, {}},
                  {"internal", kInternal, GroupStage::kInternal, {}},
                  {"public-1", kPublic1, GroupStage::kPublic, {}},
                  {"public-2", kPublic2, GroupStage::kPublic, {}}},
                 policy, cdn),
          operations(seed, kMonday,
                     {{"engineering", GroupStage::kEngineering},
                      {"internal", GroupStage::kInternal},
                      {"public-1", GroupStage::kPublic},
                      {"public-2", GroupStage::kPublic}},
                     vigilance, system, [this](ReleaseId id) { return guilty.contains(id); }) {
        one = system.add(&one_package, "rules-2", false);
        two = system.add(&two_package, "rules-3", true);
    }

    void hear(ReleaseId release, GroupId group, uint32_t count = 1,
              Channel channel = Channel::kCrashReport) {
        operations.hear({{}, group, release, channel}, count);
    }
    // Slice by slice, up to and including `now`.
    void advance(base::SimTime now) {
        for (; time <= now; time = time + base::minutes(5)) {
            operations.advance(time);
            system.advance(time);
            ASSERT_OK(cdn.advance(time));
        }
    }
    // "Alarm: 1 failure …", with a letter for what kind of notice it is.
    std::vector<std::string> notices() {
        std::vector<std::string> out;
        for (const Notice& notice : operations.take_notices()) {
            out.push_back(std::string(1, "AOGN"[static_cast<size_t>(notice.kind)]) + ": " +
                          notice.text);
        }
        return out;
    }
    std::vector<std::string> halts() {
        std::vector<std::string> out;
        for (const Decision& decision : system.take_decisions()) {
            if (decision.kind == Decision::Kind::kHalted) {
                out.push_back(system.name(decision.release) + ": " + decision.why);
            }
        }
        return out;
    }
    void release_to_public(ReleaseId id, base::SimTime now) {
        system.release(id, now);
        ASSERT_OK(system.promote(id, GroupStage::kInternal, now));
        ASSERT_OK(system.promote(id, GroupStage::kPublic, now));
    }

    content::Package one_package = package("2"), two_package = package("3");
    Cdn cdn;
    ReleaseSystem system;
    std::set<ReleaseId> guilty;
    Operations operations;
    ReleaseId one, two;
    base::SimTime time;
};

TEST(Operations, HaltsOnOneFailureInEngineeringOrInternal) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.advance(at(0, 9));
    EXPECT_THAT(vendor.notices(), IsEmpty());
    vendor.hear(vendor.one, kInternal);
    vendor.advance(at(0, 9, 5));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), at(0, 9, 5));
    EXPECT_THAT(vendor.halts(), ElementsAre("rules-2: 1 failure reported from internal"));
    EXPECT_THAT(vendor.notices(), ElementsAre("A: 1 failure reported from internal"));

    WatchingVendor other(machine());
    other.system.release(other.one, at(0, 0));
    other.hear(other.one, kEngineering, 2, Channel::kAlert);
    other.advance(at(0, 0));
    EXPECT_THAT(other.halts(), ElementsAre("rules-2: 2 failures reported from engineering"));
}

TEST(Operations, HaltsForTheFirstOfSeveralAlarmsAndTellsThemAll) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 9));
    vendor.hear(vendor.one, kInternal);
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 9));
    EXPECT_THAT(vendor.notices(), ElementsAre("A: 1 failure reported from engineering",
                                              "A: 1 failure reported from internal"));
    EXPECT_THAT(vendor.halts(), ElementsAre("rules-2: 1 failure reported from engineering"));
}

TEST(Operations, PassesGatesThatAreSwitchedOff) {
    Vigilance open = machine();
    open.gates = false;
    WatchingVendor vendor(open);
    vendor.system.release(vendor.one, at(0, 0));
    vendor.hear(vendor.one, kEngineering, 50);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "nor does the public's threshold count them";
}

TEST(Operations, HaltsAmongThePublicOnlyAtItsShareOfAllPublicGroups) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.count_exposed(vendor.one, kPublic1, 500);
    vendor.operations.count_exposed(vendor.one, kPublic2, 1500);
    vendor.operations.count_exposed(vendor.one, kInternal, 9000);
    vendor.hear(vendor.one, kPublic1, 19);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "19 of 2,000 are under 1 %";
    vendor.hear(vendor.one, kPublic2);
    vendor.advance(at(0, 1, 5));
    EXPECT_THAT(vendor.halts(),
                ElementsAre("rules-2: 20 failures reported from 2,000 public endpoints that got "
                            "it, limit 1 %"));
}

TEST(Operations, DoesNotHaltAmongThePublicOnTooFewReports) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.count_exposed(vendor.one, kPublic1, 20);
    vendor.hear(vendor.one, kPublic1, 9);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
}

TEST(Operations, CountsRefusalsByPolicyAlone) {
    Vigilance deaf = machine();
    deaf.on_alerts = false;
    WatchingVendor vendor(deaf);
    vendor.system.release(vendor.one, at(0, 0));
    vendor.hear(vendor.one, kEngineering, 50, Channel::kAlert);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.hear(vendor.one, kEngineering, 1, Channel::kTelemetry);
    vendor.advance(at(0, 2));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

TEST(Operations, PutsACallThatNamesNothingDownToTheNewestEvenIfItIsTheWrongOne) {
    WatchingVendor vendor(machine());
    vendor.guilty.insert(vendor.one);
    vendor.release_to_public(vendor.one, at(0, 8));
    vendor.system.release(vendor.two, at(0, 9));
    vendor.operations.count_exposed(vendor.two, kEngineering, 1);
    vendor.hear({}, kEngineering, 1, Channel::kSupportCall);
    vendor.advance(at(0, 9));
    EXPECT_THAT(vendor.halts(), ElementsAre("rules-3: 1 failure reported from engineering"));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.advance(at(0, 13));
    EXPECT_EQ(vendor.operations.false_halts(), 1u);
    EXPECT_FALSE(vendor.system.halted(vendor.two)) << "resumed";
}

TEST(Operations, DoesNotSuspectAReleaseThatHasReachedNobody) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.hear({}, kEngineering, 5, Channel::kSupportCall);
    vendor.advance(at(0, 9));
    EXPECT_THAT(vendor.halts(), IsEmpty());
}

// The calls about a defect that has been mended go on for days.
TEST(Operations, DoesNotSuspectAClearedReleaseAgainForCallsThatNameNothing) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.operations.count_exposed(vendor.one, kEngineering, 10);
    vendor.hear({}, kEngineering, 5, Channel::kSupportCall);
    vendor.advance(at(0, 13));
    ASSERT_EQ(vendor.operations.false_halts(), 1u);
    vendor.hear({}, kEngineering, 5, Channel::kSupportCall);
    vendor.advance(at(0, 14));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.hear(vendor.one, kEngineering, 5, Channel::kTelemetry);
    vendor.advance(at(0, 14, 30));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "batches name what runs when they are sent";
    vendor.hear(vendor.one, kEngineering, 1, Channel::kCrashReport);
    vendor.advance(at(0, 15));
    EXPECT_TRUE(vendor.system.halted(vendor.one)) << "this one says what it is about";
}

TEST(Operations, DoesNotBlameAReleaseForWhatNamesOtherContent) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    for (const Channel channel : {Channel::kAlert, Channel::kCrashReport, Channel::kTelemetry,
                                  Channel::kFalsePositiveReport}) {
        vendor.hear({}, kEngineering, 5, channel);
    }
    vendor.advance(at(0, 1));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

TEST(Operations, HearsCallsBeforeThereIsAnythingToBlame) {
    WatchingVendor vendor(machine());
    vendor.hear({}, kEngineering, 5, Channel::kSupportCall);
    vendor.operations.watch_group(kEngineering, 100);
    vendor.operations.hear_contacts(kEngineering, 100, 0, at(0, 1));
    vendor.advance(at(0, 1));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

TEST(Operations, LeavesAReleaseAloneWhoseTwinFails) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.system.release(vendor.two, at(0, 1));
    vendor.advance(at(0, 1, 5));
    vendor.hear(vendor.one, kInternal);
    vendor.advance(at(0, 2));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    EXPECT_FALSE(vendor.system.halted(vendor.two));
    EXPECT_EQ(vendor.cdn.offered("public-1", content::Feed::kDatasetA), &vendor.two_package)
        << "halting the older one does not take back the newer";
}

TEST(Operations, StopsAReleaseAtTheGateBeforeItsBakeTimeIsOver) {
    Staging by_itself = staging();
    by_itself.internal_after = base::hours(1);
    by_itself.public_after = base::hours(24);
    WatchingVendor vendor(machine(), by_itself);
    vendor.guilty.insert(vendor.one);
    vendor.system.release(vendor.one, at(0, 0));
    vendor.advance(at(0, 8));
    EXPECT_EQ(vendor.cdn.offered("internal", content::Feed::kDatasetA), &vendor.one_package);
    vendor.hear(vendor.one, kInternal);
    vendor.advance(at(6, 0));
    EXPECT_EQ(vendor.system.newest_in(kPublic1), ReleaseId{}) << "it never got there";
    EXPECT_EQ(vendor.cdn.offered("internal", content::Feed::kDatasetA), nullptr);
}

// Sequential tests.

TEST(TestDesign, SplitsTheChanceOfFalseAlarmsOverWhatIsListenedTo) {
    Vigilance vigilance = tester();
    EXPECT_EQ(test_design(vigilance, Channel::kSilence), std::nullopt);
    for (const base::ChannelInfo& info : base::channels()) {
        if (const auto design = test_design(vigilance, info.channel)) {
            EXPECT_DOUBLE_EQ(design->false_alarms, 0.01) << info.name;
        }
    }
    EXPECT_DOUBLE_EQ(silence_false_alarms(vigilance).value_or(0), 0.01);
    vigilance.on_alerts = false;
    vigilance.channels.at(static_cast<size_t>(Channel::kTelemetry)).loss = 1;
    EXPECT_EQ(test_design(vigilance, Channel::kAlert), std::nullopt);
    EXPECT_EQ(test_design(vigilance, Channel::kTelemetry), std::nullopt);
    EXPECT_DOUBLE_EQ(test_design(vigilance, Channel::kCrashReport)->false_alarms, 0.015);
    vigilance.false_alarms.reset();
    EXPECT_EQ(test_design(vigilance, Channel::kCrashReport), std::nullopt);
    EXPECT_EQ(silence_false_alarms(vigilance), std::nullopt);
}

TEST(TestDesign, ExpectsWhatArrives) {
    Vigilance vigilance = tester();
    vigilance.channels.at(static_cast<size_t>(Channel::kCrashReport)) = {{},  {},   {},   0.2,
                                                                         0.5, 1e-5, false};
    const auto design = test_design(vigilance, Channel::kCrashReport);
    ASSERT_TRUE(design.has_value());
    EXPECT_DOUBLE_EQ(design->rate0, 0.4 * 1e-5);
    EXPECT_DOUBLE_EQ(design->rate1, 0.4 * (1e-5 + 1e-3));
    EXPECT_DOUBLE_EQ(test_design(vigilance, Channel::kAlert)->rate0, 1e-9) << "no background";
}

TEST(Operations, HaltsWhenASequentialTestCrosses) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.watch(vendor.one, kPublic1, 5000);
    const auto design = test_design(tester(), Channel::kCrashReport);
    const auto enough = static_cast<uint32_t>(design->events_to_alarm(5000));
    ASSERT_GT(enough, 1u);
    vendor.hear(vendor.one, kPublic1, enough - 1);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    EXPECT_LT(vendor.operations.evidence(vendor.one, kPublic1), vendor.operations.threshold());
    vendor.hear(vendor.one, kPublic1);
    EXPECT_DOUBLE_EQ(vendor.operations.evidence(vendor.one, kPublic1),
                     design->evidence(enough, 5000));
    EXPECT_DOUBLE_EQ(vendor.operations.threshold(), std::log(1 / 0.01));
    vendor.advance(at(0, 2));
    EXPECT_THAT(vendor.notices(),
                ElementsAre("A: 2 crash reports from public-1 in 5,000 endpoint-hours, where "
                            "0.0044 were to be expected"));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

TEST(Operations, TestsGroupsAndChannelsApart) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    for (const GroupId group : {kPublic1, kPublic2}) {
        vendor.operations.watch(vendor.one, group, 5000);
        vendor.hear(vendor.one, group, 1, Channel::kCrashReport);
        vendor.hear(vendor.one, group, 1, Channel::kTelemetry);
    }
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "4 signals, but no 2 of a kind";
}

TEST(Operations, JudgesCallsByTheHoursOfTheWholeGroup) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.watch(vendor.one, kPublic1, 10);
    vendor.operations.watch_group(kPublic1, 100'000);
    vendor.hear({}, kPublic1, 2, Channel::kSupportCall);
    vendor.advance(at(0, 1));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "any of 100,000 endpoints may have called";
    vendor.hear(vendor.one, kPublic1, 2, Channel::kCrashReport);
    vendor.advance(at(0, 2));
    EXPECT_TRUE(vendor.system.halted(vendor.one)) << "those crashed within 10 hours of the release";

    WatchingVendor quiet(tester());
    quiet.release_to_public(quiet.one, at(0, 0));
    quiet.operations.watch(quiet.one, kPublic1, 100'000);
    quiet.operations.watch_group(kPublic1, 10);
    quiet.operations.count_exposed(quiet.one, kPublic1, 1);
    quiet.hear({}, kPublic1, 2, Channel::kSupportCall);
    quiet.advance(at(0, 1));
    EXPECT_TRUE(quiet.system.halted(quiet.one));
}

TEST(Operations, HasNoEvidenceWithoutTests) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 0));
    vendor.hear(vendor.one, kPublic1, 5);
    EXPECT_EQ(vendor.operations.evidence(vendor.one, kPublic1), 0);
    EXPECT_EQ(vendor.operations.evidence(vendor.two, kPublic1), 0);
    EXPECT_EQ(vendor.operations.threshold(), 0);
}

constexpr double kEndpoints = 100, kBackground = 1e-4;

// Background signals of a group's one channel as they arrive, hour by hour.
class Background {
  public:
    Background(uint64_t seed, Channel channel)
        : random_(seed, base::Stream::kTrigger), channel_(channel) {
        draw();
    }
    void send(WatchingVendor& vendor, double until_h) {
        for (; next_h_ <= until_h; draw()) {
            vendor.hear(vendor.one, kPublic1, 1, channel_);
        }
    }

  private:
    void draw() {
        next_h_ += random_.waiting_time(kEndpoints * kBackground, static_cast<uint64_t>(channel_),
                                        draws_++);
    }
    base::RandomStream random_;
    Channel channel_;
    uint64_t draws_ = 0;
    double next_h_ = 0;
};

// 400 contacts to be expected, with the noise stated in the header.
double some_contacts(uint64_t seed, uint64_t hour) {
    const base::RandomStream random(seed, base::Stream::kOnline);
    const double normal = std::sqrt(-2 * std::log1p(-random.unit(0, hour))) *
                          std::cos(2 * std::numbers::pi * random.unit(1, hour));
    return 400 + std::sqrt(400 + 4 * 4) * normal;
}

bool alarms_within_a_week(const Vigilance& vigilance, uint64_t seed) {
    WatchingVendor vendor(vigilance);
    vendor.release_to_public(vendor.one, at(0, 0));
    std::vector<Background> backgrounds;
    for (const base::ChannelInfo& info : base::channels()) {
        if (info.channel != Channel::kSilence) {
            backgrounds.emplace_back(seed, info.channel);
        }
    }
    for (int hour = 1; hour <= 7 * 24 && !vendor.system.halted(vendor.one); ++hour) {
        for (Background& background : backgrounds) {
            background.send(vendor, hour);
        }
        vendor.operations.watch(vendor.one, kPublic1, kEndpoints);
        vendor.operations.watch_group(kPublic1, kEndpoints);
        vendor.operations.hear_contacts(
            kPublic1, 400, some_contacts(seed, static_cast<uint64_t>(hour)), at(0, hour));
        vendor.operations.advance(at(0, hour));
    }
    return vendor.system.halted(vendor.one);
}

// Poisson background on every channel, and contacts that vary as stated. At most false_alarms of
// the releases may be alarmed about, within four binomial errors; and at least what the five tests
// must (false_alarms rate0 / rate1 each, see sequential_test_test), likewise.
TEST(Operations, AlarmsAboutHarmlessReleasesNoMoreOftenThanStated) {
    constexpr uint64_t kRuns = 4000;
    constexpr double kStated = 0.12;
    Vigilance vigilance = tester();
    vigilance.false_alarms = kStated;
    for (base::ChannelSettings& channel : vigilance.channels) {
        channel.background_per_h = kBackground;
        channel.loss = channel.opt_out = 0;
    }
    uint64_t alarmed = 0;
    for (uint64_t seed = 0; seed < kRuns; ++seed) {
        alarmed += alarms_within_a_week(vigilance, seed) ? 1 : 0;
    }
    const double share = static_cast<double>(alarmed) / kRuns;
    const auto errors = [](double p) { return 4 * std::sqrt(p * (1 - p) / kRuns); };
    const double least =
        kStated * 5 / 6 * kBackground / (kBackground + vigilance.worth_finding_per_h);
    EXPECT_LE(share, kStated + errors(kStated));
    EXPECT_GE(share, least - errors(least));
}

// Silence. With 10,000 contacts an hour the standard deviation is 141, and the quantile for
// 0.01 / 168 is 3.85: 544 may be missing.

TEST(Operations, HearsSilence) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.count_exposed(vendor.one, kPublic1, 10'000);
    vendor.operations.hear_contacts(kPublic1, 10'000, 9'460, at(0, 1));
    vendor.advance(at(0, 1));
    EXPECT_THAT(vendor.notices(), IsEmpty());
    vendor.operations.hear_contacts(kPublic1, 10'000, 9'450, at(0, 2));
    vendor.advance(at(0, 2));
    EXPECT_THAT(vendor.notices(), ElementsAre("A: 9,450 contacts from public-1 in an hour, where "
                                              "10,000 were to be expected"));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

TEST(Operations, CannotHearSilenceInASmallGroup) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.hear_contacts(kEngineering, 14, 0, at(0, 1));
    vendor.advance(at(0, 1));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

TEST(Operations, HearsNoSilenceWithoutABudgetForFalseAlarms) {
    WatchingVendor vendor(machine());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.hear_contacts(kPublic1, 10'000, 0, at(0, 1));
    vendor.advance(at(0, 1));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

// Machines that died before anybody had the fix are known to be silent by then.
TEST(Operations, KnowsSilenceThatCameBeforeTheReleaseReachedAnybody) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'000, at(0, 1));
    vendor.operations.count_exposed(vendor.one, kPublic1, 6'000);
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'000, at(0, 2));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
}

TEST(Operations, DoesNotHoldTheSilenceOfDeadMachinesAgainstTheFix) {
    WatchingVendor vendor(tester());
    vendor.guilty = {vendor.one, vendor.two};
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.count_exposed(vendor.one, kPublic1, 10'000);
    vendor.operations.hear_contacts(kPublic1, 10'000, 8'000, at(0, 1));
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'000, at(0, 2));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    vendor.system.release(vendor.two, at(0, 3));
    vendor.operations.count_exposed(vendor.two, kPublic1, 6'000);
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'000, at(0, 4));
    vendor.operations.hear_contacts(kPublic1, 10'000, 8'000, at(0, 5));  // many are mended
    EXPECT_FALSE(vendor.system.halted(vendor.two));
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'500, at(0, 6));
    EXPECT_TRUE(vendor.system.halted(vendor.two)) << "fewer than before it";
}

TEST(Operations, HearsSilenceAnewOnceAnOperatorHasResumedTheRelease) {
    WatchingVendor vendor(tester());
    vendor.guilty.insert(vendor.one);
    vendor.release_to_public(vendor.one, at(0, 0));
    vendor.operations.count_exposed(vendor.one, kPublic1, 10'000);
    vendor.operations.hear_contacts(kPublic1, 10'000, 8'000, at(0, 1));
    ASSERT_OK(vendor.system.resume(vendor.one, at(0, 2)));
    vendor.operations.hear_contacts(kPublic1, 10'000, 8'000, at(0, 2));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "that much is known";
    vendor.operations.hear_contacts(kPublic1, 10'000, 6'000, at(0, 3));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

// People.

TEST(Operations, LetsPeopleRespondInOfficeHours) {
    WatchingVendor vendor(people());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.advance(at(0, 9));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 9, 20));
    EXPECT_THAT(vendor.notices(), ElementsAre("A: 1 failure reported from engineering"));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.hear(vendor.one, kEngineering, 50);  // nothing new, and no reason to begin anew
    vendor.advance(at(0, 9, 25));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), at(0, 9, 25)) << "noticed at 9:05";
    EXPECT_THAT(vendor.halts(), ElementsAre("rules-2: 1 failure reported from engineering"));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

TEST(Operations, WakesPeopleAtNightAndAtWeekends) {
    for (const base::SimTime alarm : {at(0, 3), at(0, 18), at(5, 12)}) {
        WatchingVendor vendor(people());
        vendor.system.release(vendor.one, at(0, 0));
        vendor.advance(alarm - base::minutes(5));
        vendor.hear(vendor.one, kEngineering);
        vendor.advance(alarm + base::hours(3));
        EXPECT_EQ(vendor.system.halted_at(vendor.one), alarm + base::minutes(90));
    }
}

TEST(Operations, LooksAtAnOverlookedAlarmADayLater) {
    Vigilance asleep = people();
    asleep.overlook = 1;
    WatchingVendor vendor(asleep);
    vendor.system.release(vendor.one, at(0, 0));
    vendor.advance(at(0, 8, 55));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(1, 9, 15));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    EXPECT_THAT(vendor.notices(),
                ElementsAre("A: 1 failure reported from engineering",
                            "O: overlooked: 1 failure reported from engineering"));
    vendor.advance(at(1, 9, 20));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), at(1, 9, 20));
}

// Half of the alarms are overlooked, drawn for each on its own: the share of runs that are halted
// within the day is 0.5 after one alarm, and 0.75 after two. Within four binomial errors.
TEST(Operations, OverlooksTheShareStatedAndIsAlertedByALaterAlarm) {
    constexpr uint64_t kRuns = 4000;
    Vigilance drowsy = people();
    drowsy.overlook = 0.5;
    uint64_t after_one = 0;
    uint64_t after_two = 0;
    for (uint64_t seed = 0; seed < kRuns; ++seed) {
        WatchingVendor vendor(drowsy, staging(), seed);
        vendor.release_to_public(vendor.one, at(0, 0));
        vendor.hear(vendor.one, kEngineering);
        vendor.operations.advance(at(0, 9));
        vendor.operations.advance(at(0, 9, 20));
        after_one += vendor.system.halted(vendor.one) ? 1 : 0;
        vendor.hear(vendor.one, kInternal);
        vendor.operations.advance(at(0, 9, 25));
        vendor.operations.advance(at(0, 9, 45));
        after_two += vendor.system.halted(vendor.one) ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(after_one) / kRuns, 0.5, 4 * std::sqrt(0.25 / kRuns));
    EXPECT_NEAR(static_cast<double>(after_two) / kRuns, 0.75, 4 * std::sqrt(0.1875 / kRuns));
}

TEST(Operations, LeavesAHaltToWhoeverIsQuicker) {
    WatchingVendor vendor(people());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.advance(at(0, 9));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 9, 5));
    ASSERT_OK(vendor.system.halt(vendor.one, at(0, 9, 10), "by an operator"));
    vendor.advance(at(1, 18));
    EXPECT_THAT(vendor.halts(), ElementsAre("rules-2: by an operator"));
    EXPECT_EQ(vendor.operations.false_halts(), 0u);
    EXPECT_TRUE(vendor.system.halted(vendor.one)) << "an operator's halt is the operator's to end";
    ASSERT_OK(vendor.system.resume(vendor.one, at(1, 18, 5)));
    vendor.advance(at(1, 20));
    EXPECT_FALSE(vendor.system.halted(vendor.one)) << "what was heard before is forgotten";
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(1, 23));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

TEST(Operations, EndsAnInvestigationThatAnOperatorAnticipates) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.advance(at(0, 8, 55));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 9));
    ASSERT_OK(vendor.system.resume(vendor.one, at(0, 10)));
    vendor.advance(at(0, 11));
    ASSERT_OK(vendor.system.halt(vendor.one, at(0, 11), "by an operator"));
    vendor.operations.take_notices();
    vendor.advance(at(2, 0));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    EXPECT_THAT(vendor.notices(), IsEmpty());
}

// Investigations.

TEST(Operations, ResumesAReleaseThatIsFoundHarmlessAndForgetsWhatWasCounted) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.advance(at(0, 8, 55));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 12, 55));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    vendor.operations.take_notices();
    vendor.advance(at(0, 13));
    EXPECT_THAT(vendor.notices(), ElementsAre("N: found to be harmless: it goes on"));
    EXPECT_EQ(vendor.operations.false_halts(), 1u);
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.advance(at(0, 14));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    EXPECT_EQ(vendor.cdn.offered("engineering", content::Feed::kDatasetA), &vendor.one_package);
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 14, 5));
    EXPECT_TRUE(vendor.system.halted(vendor.one)) << "a new failure is a new alarm";
    vendor.advance(at(1, 12));
    EXPECT_EQ(vendor.operations.false_halts(), 2u);
}

TEST(Operations, HearsWhatFollowsAResumptionAtOnce) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(0, 8));
    vendor.advance(at(0, 8, 55));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 13));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(0, 13, 5));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
}

TEST(Operations, ForgetsExposureAndTestsOfAReleaseThatGoesOn) {
    WatchingVendor vendor(tester());
    vendor.release_to_public(vendor.one, at(0, 8));
    vendor.advance(at(0, 8, 55));
    vendor.operations.watch(vendor.one, kPublic1, 1000);
    vendor.hear(vendor.one, kPublic1, 5);
    vendor.advance(at(0, 12, 55));
    EXPECT_GT(vendor.operations.evidence(vendor.one, kPublic1), vendor.operations.threshold());
    vendor.advance(at(0, 13));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
    EXPECT_EQ(vendor.operations.evidence(vendor.one, kPublic1), 0);
}

TEST(Operations, LeavesAGuiltyReleaseHalted) {
    WatchingVendor vendor(machine());
    vendor.guilty.insert(vendor.one);
    vendor.system.release(vendor.one, at(0, 8));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(3, 0));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    EXPECT_EQ(vendor.operations.false_halts(), 0u);
    EXPECT_THAT(vendor.notices(),
                ElementsAre("A: 1 failure reported from engineering", "G: found to be harmful"));
}

TEST(Operations, LeavesAHarmlessReleaseHaltedIfThatIsThePolicy) {
    Vigilance cautious = machine();
    cautious.resume = false;
    WatchingVendor vendor(cautious);
    vendor.system.release(vendor.one, at(0, 8));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(3, 0));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    EXPECT_EQ(vendor.operations.false_halts(), 1u);
    EXPECT_THAT(vendor.notices(), ElementsAre("A: 1 failure reported from engineering",
                                              "N: found to be harmless: it stays halted"));
}

TEST(Operations, InvestigatesInOfficeHoursEvenWhatAMachineHalted) {
    WatchingVendor vendor(machine());
    vendor.system.release(vendor.one, at(4, 0));
    vendor.advance(at(4, 16, 25));
    vendor.hear(vendor.one, kEngineering);
    vendor.advance(at(7, 10, 25));  // halted on Friday at 16:30; 4 h later it is Monday, 10:30
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    vendor.advance(at(7, 10, 30));
    EXPECT_FALSE(vendor.system.halted(vendor.one));
}

}  // namespace
}  // namespace firebreak::cloud
