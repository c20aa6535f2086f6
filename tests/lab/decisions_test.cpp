// What is decided during a run, by machine, by people and by operators, and who gets what because
// of it: 340 machines that are never off, in four groups.
#include <gmock/gmock.h>

#include <set>

#include "lab/recorded_lab.h"
#include "support/result_matchers.h"

namespace firebreak::lab {
namespace {

using base::Category;
using base::Channel;
using base::Harm;
using base::Metric;
using base::SimTime;
using test::kTinyBaseline;
using test::release;

constexpr char kStages[] = R"(
[[group]]
name = "engineering"
stage = "engineering"
endpoints = 12
personas = { workstation = 1 }

[[group]]
name = "internal"
stage = "internal"
endpoints = 28
tenants = 2
personas = { workstation = 1 }

[[group]]
name = "public-1"
stage = "public"
endpoints = 100
tenants = 10
personas = { workstation = 1 }

[[group]]
name = "public-2"
stage = "public"
endpoints = 200
tenants = 20
personas = { workstation = 1 }
)";
constexpr double kAllOfThem = 340;
constexpr double kEngineers = 12;
// What no alarm comes of, so that a test can look at one thing alone.
constexpr char kNoAlarms[] = "[policy]\ngates = false\nhalt = { reports = 1_000_000 }\n";

constexpr SimTime hour(int64_t n) {
    return {n * 3600};
}

std::string stages(const std::string& more) {
    return std::string(
               "schema = 1\ntitle = \"stages\"\nseed = 5\nstart = 2026-03-02T00:00:00Z\n"
               "duration = \"3d\"\n") +
           more + kStages + kTinyBaseline;
}
std::string act(const std::string& at, const std::string& deed, const std::string& release) {
    return "[[act]]\nat = \"" + at + "\"\n" + deed + " = \"" + release + "\"\n";
}

class DecisionsTest : public RecordedLab {
  protected:
    // Times of the timeline's entries of this kind about this release.
    std::vector<SimTime> times(const std::string& kind, int32_t release) const {
        std::vector<SimTime> out;
        for (const record::TimelineEntry& entry : timeline(kind)) {
            if (entry.release == release) {
                out.push_back(entry.at);
            }
        }
        return out;
    }
    struct Installation {
        SimTime at;
        std::string group;
        uint32_t tenant = 0;
    };
    std::vector<Installation> installations() const {
        std::vector<Installation> out;
        for (const auto& [endpoint, history] : seen_) {
            const Snapshot now = lab_->snapshot({0, {endpoint}});
            for (const HistoryEntry& entry : history) {
                if (entry.category == Category::kInstalled) {
                    out.push_back({entry.at, now.endpoints[0].group, now.endpoints[0].tenant});
                }
            }
        }
        return out;
    }
    int64_t installed_before(SimTime time, const std::string& group) const {
        const auto all = installations();
        return std::count_if(all.begin(), all.end(), [&](const Installation& one) {
            return one.at < time && one.group == group;
        });
    }
    int64_t installed_between(SimTime from, SimTime until) const {
        const auto all = installations();
        return std::count_if(all.begin(), all.end(), [&](const Installation& one) {
            return one.at >= from && one.at < until;
        });
    }
};

TEST_F(DecisionsTest, ReleasesArePromotedByThemselvesOnceTheyHaveBaked) {
    run(
        stages("[policy]\ninternal_after = \"6h\"\npublic_after = \"12h\"\n"
               "public_interval = \"3h\"\n" +
               release("two", "good", "at = \"1h\"")));
    EXPECT_EQ(times("publication", 0), (std::vector{hour(1), hour(7), hour(19), hour(22)}));
    EXPECT_EQ(installed_between({0}, hour(7)), 12);
    EXPECT_EQ(installed_between(hour(7), hour(19)), 28);
    EXPECT_EQ(installed_between(hour(19), hour(22)), 100);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), kAllOfThem);
}

TEST_F(DecisionsTest, ABigBangReachesEverybodyWithinAnHour) {
    run(stages("[policy]\nstaged = false\n" + release("two", "good", "at = \"1h\"")));
    EXPECT_EQ(times("publication", 0), std::vector<SimTime>(4, hour(1)));
    // Five minutes until the edges have it, an hour until all have asked, a minute of jitter.
    EXPECT_EQ(installed_between(hour(1) + base::minutes(5), hour(2) + base::minutes(6)), 340);
}

constexpr char kRamp[] = R"(
internal_after = "1h"
public_after = "1h"
ramp = [
    { share = "10%", after = "0s" },
    { share = "50%", after = "6h" },
    { share = "100%", after = "12h" },
]
)";

TEST_F(DecisionsTest, ARampOffersToSharesOfEveryGroupAndToNobodyElse) {
    run(stages(std::string("[policy]\n") + kRamp + release("two", "good", "at = \"1h\"")));
    EXPECT_EQ(installed_before(hour(3), "public-1") + installed_before(hour(3), "public-2"), 0);
    EXPECT_EQ(installed_before(hour(9), "public-1"), 10);
    EXPECT_EQ(installed_before(hour(9), "public-2"), 20);
    EXPECT_EQ(installed_before(hour(15), "public-1"), 50);
    EXPECT_EQ(installed_before(hour(15), "public-2"), 100);
    EXPECT_EQ(installed_before(hour(17), "public-1"), 100);
    EXPECT_EQ(installed_before(hour(17), "public-2"), 200);
}

TEST_F(DecisionsTest, ARampByTenantTakesWholeTenants) {
    run(stages(std::string("[policy]\nramp_by = \"tenant\"\n") + kRamp +
               release("two", "good", "at = \"1h\"")));
    std::map<uint32_t, std::set<int>> steps;  // at which endpoints of a public tenant joined
    for (const Installation& one : installations()) {
        if (one.group.starts_with("public")) {
            steps[one.tenant].insert(one.at < hour(9) ? 1 : one.at < hour(15) ? 2 : 3);
        }
    }
    EXPECT_EQ(steps.size(), 30u);
    std::map<int, int> tenants;
    for (const auto& [tenant, at] : steps) {
        EXPECT_EQ(at.size(), 1u) << "tenant " << tenant << " was torn apart";
        ++tenants[*at.begin()];
    }
    EXPECT_EQ(tenants, (std::map<int, int>{{1, 3}, {2, 12}, {3, 15}}));
}

// A fix that is signed at any time before what machines have by then would be refused as too old.
TEST_F(DecisionsTest, AFixComesSoLongAfterTheHaltAndIsSignedThen) {
    run(stages(kNoAlarms + release("two", "good", "at = \"1h\"\nexpedited = true") +
               release("three", "good", "at = \"5h\"\nexpedited = true") +
               act("2h", "halt", "two") +
               release("four", "good", "fixes = \"two\"\nafter_halt = \"4h\"\nexpedited = true")));
    EXPECT_EQ(times("publication", 2), std::vector<SimTime>(4, hour(6)));
    EXPECT_EQ(at_end(Metric::kRefused), 0);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 2), kAllOfThem);
    EXPECT_EQ(at_end(Metric::kReachedByFix), kAllOfThem);
}

TEST_F(DecisionsTest, NoFixIsMadeForWhatGoesOnByThenAndOneAfterTheNextHalt) {
    const std::string goes_on =
        kNoAlarms + release("two", "good", "at = \"1h\"") +
        release("three", "good", "fixes = \"two\"\nafter_halt = \"4h\"\nexpedited = true") +
        act("2h", "halt", "two") + act("3h", "resume", "two");
    run(stages(goes_on));
    EXPECT_TRUE(times("publication", 1).empty());
    EXPECT_EQ(times("act", 1), std::vector{hour(6)});
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 1), 0);
    run(stages(goes_on + act("10h", "halt", "two")));
    EXPECT_EQ(times("publication", 1), std::vector<SimTime>(4, hour(14)));
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 1), kAllOfThem);
}

TEST_F(DecisionsTest, AFalseHaltIsLookedIntoAndTheReleaseGoesOn) {
    run(
        stages("[policy]\ninternal_after = \"8h\"\npublic_after = \"8h\"\n"
               "halt = { reports = 1_000_000 }\n"
               "[people]\nhours = { from = 0, until = 24, weekends = true }\n"
               "investigation = \"2h\"\n"
               "[signal.crash_report]\nbackground = 3e-3\n" +
               release("two", "good", "at = \"1h\"")));
    const auto halts = times("halt", 0);
    const auto resumptions = times("resume", 0);
    ASSERT_GE(halts.size(), 1u);
    ASSERT_EQ(resumptions.size(), halts.size());
    for (size_t i = 0; i < halts.size(); ++i) {
        EXPECT_EQ(resumptions[i] - halts[i], base::hours(2));
    }
    EXPECT_EQ(at_end(Metric::kFalseHalts), static_cast<double>(halts.size()));
    EXPECT_EQ(at_end(Metric::kAffected), 0);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), kAllOfThem);
    // Its way through the stages stood still for as long.
    const auto published = times("publication", 0);
    base::Duration stood_still{0};
    for (size_t i = 0; i < halts.size() && resumptions[i] <= published[1]; ++i) {
        stood_still = {stood_still.seconds + base::hours(2).seconds};
    }
    EXPECT_EQ(published[1] - published[0], base::Duration{8 * 3600 + stood_still.seconds});
}

TEST_F(DecisionsTest, WhatIsWithdrawnReachesNobodyUntilItIsResumed) {
    run(stages(std::string("[policy]\ngates = false\ncdn_ttl = \"10m\"\n") +
               release("two", "good", "at = \"1h\"\nexpedited = true") +
               "[[act]]\nat = \"90m\"\nwithdraw = \"two\"\n" + act("10h", "resume", "two")));
    const int64_t before = installed_between({0}, hour(1) + base::minutes(40));
    EXPECT_NEAR(static_cast<double>(before), 170, 20) << "half an hour of polls";
    EXPECT_EQ(installed_between(hour(1) + base::minutes(40), hour(10) + base::minutes(10)), 0);
    EXPECT_EQ(installed_between(hour(10) + base::minutes(10), hour(12)), 340 - before);
    EXPECT_EQ(times("withdrawal", 0), std::vector{SimTime{90 * 60}});
    EXPECT_EQ(times("resume", 0), std::vector{hour(10)});
}

// Decided before anybody has it, and half an hour's polls get it all the same.
TEST_F(DecisionsTest, AHaltComesTooLateForWhatIsUnderWay) {
    run(stages("[policy]\ngates = false\ncdn_ttl = \"40m\"\ndownload = \"20m\"\n" +
               release("two", "good", "at = \"1h\"\nexpedited = true") +
               "[[act]]\nat = \"90m\"\nhalt = \"two\"\n"));
    const SimTime in_force = hour(2) + base::minutes(30);
    const int64_t came = installed_between(hour(2), in_force);
    EXPECT_NEAR(static_cast<double>(came), 170, 20);
    EXPECT_EQ(installed_between({0}, lab_->end()), came);
    EXPECT_EQ(at_end(Metric::kOvershoot), static_cast<double>(came));
    EXPECT_EQ(at_end(Metric::kExposed), static_cast<double>(came));
    EXPECT_EQ(at_end(Metric::kUnreached), static_cast<double>(came)) << "they still run it";
}

TEST_F(DecisionsTest, PeopleTakeTheirTimeAndEdgesTakeTheirs) {
    run(
        stages("[policy]\nhalt = { by = \"people\" }\ncdn_ttl = \"30m\"\n"
               "[people]\nresponse = \"25m\"\non_call = \"2h\"\noverlook = 0\n" +
               release("two", "dies", "at = \"9h\"")));
    const auto alarms = times("alarm", 0);
    const auto halts = times("halt", 0);
    ASSERT_FALSE(alarms.empty());
    ASSERT_EQ(halts.size(), 1u);
    EXPECT_EQ(halts[0] - alarms[0], base::minutes(25)) << "on a Monday morning";
    const SimTime first_failure = all(Category::kForbidden).front().at;
    EXPECT_EQ(at_end(Metric::kTimeToHalt, 0),
              static_cast<double>((halts[0] + base::minutes(30) - first_failure).seconds));
    // An alarm comes with a signal; of that the group's time to detect tells.
    EXPECT_LE(at_end(Metric::kTimeToDetect, 0),
              static_cast<double>((alarms[0] - first_failure).seconds));
    EXPECT_EQ(at_end(Metric::kExposed), kEngineers);
}

// Calls come at once, so that the bad fix is found out too; batches, which name whatever runs a day
// later, do not.
constexpr char kCalls[] = R"(
[policy]
gates = false
halt = { share = "1%", reports = 5 }
[signal.support_call]
delay = "5m"
spread = "0s"
office_hours = false
[signal.telemetry]
loss = "100%"
)";

TEST_F(DecisionsTest, AFixCanBeBadItselfAndIsFixed) {
    run(stages(
        kCalls + release("two", "dies", "at = \"1h\"\nexpedited = true") +
        release("three", "takes-boot-file",
                "fixes = \"two\"\nafter_halt = \"1h\"\nexpedited = true") +
        release("four", "good", "fixes = \"three\"\nafter_halt = \"20h\"\nexpedited = true")));
    ASSERT_EQ(times("halt", 0).size(), 1u);
    ASSERT_EQ(times("halt", 1).size(), 1u);
    EXPECT_TRUE(times("halt", 2).empty());
    EXPECT_EQ(times("publication", 1).front(), times("halt", 0)[0] + base::hours(1));
    EXPECT_EQ(times("publication", 2).front(), times("halt", 1)[0] + base::hours(20));
    EXPECT_GT(harm(Harm::kRestart), 5);
    EXPECT_GT(harm(Harm::kUnbootable), 5);
    EXPECT_EQ(at_end(Metric::kFalseHalts), 0) << "both were guilty";
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 2) + at_end(Metric::kLost), kAllOfThem);
    // A fix that does what it should is no exposure; one that does harm is.
    int64_t exposed = 0;
    for (const auto& [endpoint, history] : seen_) {
        exposed += std::any_of(history.begin(), history.end(), [&](const HistoryEntry& entry) {
            return entry.category == Category::kFalsePositive ||
                   (entry.category == Category::kInstalled &&
                    entry.at < times("publication", 1).front());
        });
    }
    EXPECT_LT(exposed, 340);
    EXPECT_EQ(at_end(Metric::kExposed), static_cast<double>(exposed));
}

// Machines that the first release has ruined call when the second one is the newest.
TEST_F(DecisionsTest, BlameFallsOnTheWrongReleaseAndIsTakenBack) {
    run(stages(R"(
[policy]
gates = false
halt = { share = "1%", reports = 5 }
[people]
hours = { from = 0, until = 24, weekends = true }
investigation = "3h"
[signal.support_call]
delay = "4h"
spread = "0s"
office_hours = false
)" + release("two", "takes-boot-file", "at = \"1h\"\nexpedited = true") +
               release("three", "good", "at = \"2h\"\nexpedited = true")));
    EXPECT_GT(harm(Harm::kUnbootable), 20);
    EXPECT_TRUE(times("halt", 0).empty()) << "nobody suspects the one before";
    ASSERT_EQ(times("halt", 1).size(), 1u);
    EXPECT_EQ(at_end(Metric::kFalseHalts), 1);
    ASSERT_EQ(times("blame", 1).size(), 1u);
    EXPECT_THAT(timeline("blame")[0].text, testing::HasSubstr("harmless"));
    EXPECT_EQ(times("resume", 1), std::vector{times("halt", 1)[0] + base::hours(3)});
}

constexpr char kTelemetryAlone[] = R"(
[people]
resume = false
[signal.telemetry]
loss = 0
opt_out = 0
[signal.crash_report]
loss = "100%"
[signal.support_call]
loss = "100%"
[signal.false_positive_report]
loss = "100%"
)";

TEST_F(DecisionsTest, TelemetryNamesWhatRunsWhenItIsSent) {
    const std::string holds = kTelemetryAlone + release("two", "holds-file", "at = \"1h\"");
    run(stages(holds));
    EXPECT_EQ(times("halt", 0).size(), 1u) << "it still runs";
    // Files were held while two ran; by the time the batches leave it is three.
    run(stages(holds + act("3h", "halt", "two") + release("three", "good", "at = \"3h\"")));
    EXPECT_EQ(times("alarm", 1).size(), 1u);
    EXPECT_EQ(times("halt", 1).size(), 1u);
    EXPECT_EQ(at_end(Metric::kFalseHalts), 1);
}

TEST_F(DecisionsTest, TelemetryOfScannersThatHaveFallenBackBlamesNoRelease) {
    run(stages(kTelemetryAlone + release("two", "dies", "at = \"1h\"")));
    EXPECT_EQ(harm(Harm::kRestart), kEngineers);
    EXPECT_EQ(signals(Channel::kTelemetry), 2 * kEngineers) << "each dies twice";
    EXPECT_TRUE(timeline("alarm").empty());
}

constexpr char kCampaign[] = R"(
[[campaign]]
id = "new-threat"
sample = "./new-threat.js"
at = "10h"
until = "30h"
per_hour = 0.05
)";

TEST_F(DecisionsTest, ACampaignInfectsTheUnprotectedAloneAndOnlyWhileItRuns) {
    run(stages(kNoAlarms + release("two", "finds-new-threat", "at = \"1h\"") + kCampaign));
    const History infections = all(Category::kInfected);
    EXPECT_EQ(at_end(Metric::kInfections), static_cast<double>(infections.size()));
    EXPECT_GT(infections.size(), 100u);
    EXPECT_GE(infections.front().at, hour(10));
    EXPECT_LT(infections.back().at, hour(30));
    EXPECT_EQ(at_end(Metric::kInfections, 0), 0) << "engineering has the rules that find it";
    EXPECT_EQ(at(hour(10), Metric::kProtected), kAllOfThem);
    EXPECT_EQ(at(hour(20), Metric::kProtected), kEngineers);
    EXPECT_EQ(at(hour(31), Metric::kProtected), kAllOfThem);
    EXPECT_EQ(at_end(Metric::kAffected), 0) << "infection is no harm of ours";
    // 328 machines for 20 hours.
    EXPECT_NEAR(at_end(Metric::kProtectionGap), 328 * 20, 1e-6);
    EXPECT_NEAR(at_end(Metric::kProtectionGap, 1), 28 * 20, 1e-6);
}

// Twelve machines, each blind for six hours: from the poll that brings the one to the poll that
// brings the other, six polls later. Jitter is a minute, and the count is of slices of five.
TEST_F(DecisionsTest, TheProtectionGapIsTheSumOfEachMachinesHours) {
    run(stages(kNoAlarms + release("two", "blind", "at = \"1h\"") +
               release("three", "good", "at = \"7h\"")));
    EXPECT_NEAR(at_end(Metric::kProtectionGap), 12 * 6, 12 * 5.0 / 60);
    int64_t slices = 0;
    for (const auto& [endpoint, history] : seen_) {
        ASSERT_EQ(history.size(), 3u);
        slices += history[2].at.seconds / 300 - history[0].at.seconds / 300;
    }
    EXPECT_NEAR(at_end(Metric::kProtectionGap), static_cast<double>(slices) * 300 / 3600, 1e-6);
}

}  // namespace
}  // namespace firebreak::lab
