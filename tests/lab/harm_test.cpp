// Each harm, from what a real component does with real content, and what ends it. Sixty machines
// that are never off, each with a file that it opens every two hours.
#include <gmock/gmock.h>

#include <cmath>

#include "lab/recorded_lab.h"
#include "support/result_matchers.h"

namespace firebreak::lab {
namespace {

using base::Category;
using base::Code;
using base::Harm;
using base::Metric;
using test::kOneGroup;
using test::kTinyBaseline;
using test::release;
using testing::Each;
using testing::ElementsAre;

constexpr double kEndpointsOfGroup = 60;
// Somebody always works, so that repairs are a matter of their length alone.
constexpr char kRoundTheClock[] = R"(
[crew]
hours = { from = 0, until = 24, weekends = true }
repair = "30m"
)";

std::string with_baseline(const std::string& more) {
    return std::string(kOneGroup) + more + kTinyBaseline;
}

class HarmTest : public RecordedLab {
  protected:
    // How many have suffered `begins` and not yet met anything of `ends`, from their histories.
    double suffering(base::SimTime now, Category begins, Category ends) const {
        double out = 0;
        for (const auto& [endpoint, history] : seen_) {
            bool suffers = false;
            for (const HistoryEntry& entry : history) {
                suffers = entry.at >= now            ? suffers
                          : entry.category == begins ? true
                          : entry.category == ends   ? false
                                                     : suffers;
            }
            out += suffers ? 1 : 0;
        }
        return out;
    }
    // The record's own count is theirs, hour by hour.
    void expect_harmed(Metric metric, Category begins, Category ends) const {
        double most = 0;
        for (int64_t hour = 0; hour <= 48; ++hour) {
            const base::SimTime now{hour * 3600};
            EXPECT_EQ(at(now, metric), suffering(now, begins, ends)) << "hour " << hour;
            most = std::max(most, at(now, metric));
        }
        EXPECT_GT(most, 10) << "there was something to count";
    }
    // From the first machine's harm to the last one's recovery.
    void expect_time_to_recover(Category begins, base::SimTime last_recovery) const {
        ASSERT_FALSE(all(begins).empty());
        EXPECT_EQ(at_end(Metric::kTimeToRecover),
                  static_cast<double>((last_recovery - all(begins).front().at).seconds));
    }
    // What happened between becoming harmed so and being mended.
    void expect_nothing_before_recovery(Category begins) const {
        for (const auto& [endpoint, history] : seen_) {
            for (size_t i = 0; i + 1 < history.size(); ++i) {
                if (history[i].category == begins) {
                    EXPECT_EQ(history[i + 1].category, Category::kRecovered) << endpoint;
                }
            }
        }
    }
};

TEST_F(HarmTest, ADeathIsARestartAndOverByItself) {
    run(with_baseline(release("two", "dies", "at = \"1h\"")));
    EXPECT_EQ(harm(Harm::kRestart), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kAffected), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredItself), 2 * kEndpointsOfGroup)
        << "the second death is the last";
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), 0) << "all are back on last-known-good";
    EXPECT_EQ(at({24 * 3600}, Metric::kProtected), kEndpointsOfGroup);
    for (const auto& [endpoint, history] : seen_) {
        EXPECT_THAT(categories(history),
                    ElementsAre(Category::kInstalled, Category::kForbidden, Category::kForbidden));
    }
    expect_time_to_recover(Category::kForbidden, all(Category::kForbidden).back().at);
}

TEST_F(HarmTest, ADeathComesAsOftenAsProtectionAllows) {
    run(with_baseline(release("two", "dies", "at = \"1h\"")) + "[protection]\nkills = 3\n");
    EXPECT_EQ(at_end(Metric::kRecoveredItself), 3 * kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), 0) << "all are back on last-known-good";
}

TEST_F(HarmTest, WithNothingToGoBackToTheScannerIsDownUntilTheNextUpdate) {
    run(std::string(kOneGroup) + release("one", "dies", "at = \"1h\"") +
        release("two", "good", "at = \"1d\"") + "[protection]\nkills = 1\n");
    EXPECT_EQ(at({0}, Metric::kProtected), 0) << "there is no baseline";
    EXPECT_EQ(harm(Harm::kDown), kEndpointsOfGroup);
    EXPECT_EQ(harm(Harm::kRestart), 0);
    EXPECT_EQ(at({24 * 3600}, Metric::kDown), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kDown), 0);
    EXPECT_EQ(at_end(Metric::kProtected), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), kEndpointsOfGroup);
    expect_harmed(Metric::kHarmed, Category::kForbidden, Category::kInstalled);
    expect_time_to_recover(Category::kForbidden, all(Category::kInstalled).back().at);
}

TEST_F(HarmTest, AHeldFileIsLetGoByTheNextUpdate) {
    run(with_baseline(release("two", "holds-file", "at = \"1h\"") +
                      release("three", "good", "at = \"8h\"")));
    const auto held = static_cast<double>(all(Category::kFalsePositive).size());
    EXPECT_GT(held, 0.8 * kEndpointsOfGroup) << "7 hours at one in two hours: 97 %";
    EXPECT_EQ(harm(Harm::kFileHeld), held);
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), held);
    EXPECT_EQ(at({8 * 3600}, Metric::kProtected), kEndpointsOfGroup) << "the scanner works";
    EXPECT_EQ(at_end(Metric::kHarmed), 0);
    expect_harmed(Metric::kHarmed, Category::kFalsePositive, Category::kInstalled);
}

TEST_F(HarmTest, ASlowScannerIsSlowUntilTheNextUpdate) {
    run(with_baseline(release("two", "slow", "at = \"1h\"") +
                      release("three", "good", "at = \"8h\"")));
    EXPECT_GT(harm(Harm::kSlow), 0.8 * kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), harm(Harm::kSlow));
    EXPECT_EQ(at_end(Metric::kHarmed), 0);
}

// A reboot ends it, and what still runs brings it back.
TEST_F(HarmTest, ARebootHelpsForAsLongAsTheContentIsGone) {
    run(with_baseline("[recovery]\nslow = \"reboot\"\n[crew]\nreboot_every = \"2h\"\n" +
                      release("two", "slow", "at = \"1h\"") +
                      release("three", "good", "at = \"8h\"")));
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), 0);
    const History slow = all(Category::kSlowDown);
    const History mended = all(Category::kRecovered);
    EXPECT_GT(static_cast<double>(slow.size()), harm(Harm::kSlow)) << "some were slow twice";
    EXPECT_EQ(at_end(Metric::kRecoveredReboot), static_cast<double>(mended.size()));
    EXPECT_EQ(mended.size(), slow.size());
    for (const HistoryEntry& entry : mended) {
        EXPECT_EQ(entry.code, Code::kByReboot);
    }
    EXPECT_GT(mended.back().at, base::SimTime{9 * 3600}) << "the update alone ended nothing";
    expect_harmed(Metric::kHarmed, Category::kSlowDown, Category::kRecovered);
    expect_time_to_recover(Category::kSlowDown, mended.back().at);
}

TEST_F(HarmTest, BlindContentIsNoticedByNobody) {
    run(with_baseline(release("two", "blind", "at = \"1h\"") +
                      release("three", "good", "at = \"1d\"")));
    EXPECT_EQ(harm(Harm::kBlind), kEndpointsOfGroup);
    EXPECT_EQ(at({24 * 3600}, Metric::kProtected), 0);
    EXPECT_EQ(at({24 * 3600}, Metric::kDown), 0) << "it runs, and finds nothing";
    EXPECT_EQ(at_end(Metric::kSignals), 0);
    EXPECT_EQ(at_end(Metric::kProtected), kEndpointsOfGroup);
    for (const auto& [endpoint, history] : seen_) {
        ASSERT_THAT(categories(history),
                    ElementsAre(Category::kInstalled, Category::kMissed, Category::kInstalled));
        EXPECT_EQ(history[0].at, history[1].at) << "from the installation on";
    }
}

TEST_F(HarmTest, ALostSystemFileComesBackWithTheRepairKit) {
    run(with_baseline("[crew]\nrepair_kit = \"12h\"\n" +
                      release("two", "takes-system-file", "at = \"1h\"") +
                      release("three", "good", "at = \"8h\"")));
    const History lost = all(Category::kFalsePositive);
    ASSERT_FALSE(lost.empty());
    EXPECT_EQ(harm(Harm::kSystemFileLost), static_cast<double>(lost.size()));
    EXPECT_EQ(at_end(Metric::kRecoveredRepairKit), static_cast<double>(lost.size()));
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), 0) << "the update gives no file back";
    const base::SimTime out = lost.front().at + base::hours(12);
    for (const HistoryEntry& entry : all(Category::kRecovered)) {
        EXPECT_EQ(entry.code, Code::kByRepairKit);
        EXPECT_GE(entry.at, out);
        EXPECT_LE(entry.at, out + base::hours(1)) << "it looks every hour";
    }
    expect_harmed(Metric::kHarmed, Category::kFalsePositive, Category::kRecovered);
}

TEST_F(HarmTest, WhoeverLosesTheNetworkGetsNoUpdateUntilSomebodyComes) {
    run(with_baseline(kRoundTheClock + release("two", "takes-network-file", "at = \"1h\"") +
                      release("three", "good", "at = \"6h\"")));
    const History cut_off = all(Category::kFalsePositive);
    EXPECT_EQ(harm(Harm::kNetworkLost), static_cast<double>(cut_off.size()));
    EXPECT_EQ(at_end(Metric::kRecoveredHand), static_cast<double>(cut_off.size()));
    EXPECT_EQ(at({6 * 3600}, Metric::kLost), 0) << "the machines run";
    EXPECT_GT(at({6 * 3600}, Metric::kUnreached), 10);
    expect_nothing_before_recovery(Category::kFalsePositive);
    expect_harmed(Metric::kHarmed, Category::kFalsePositive, Category::kRecovered);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 1), kEndpointsOfGroup)
        << "in the end all have it";
}

TEST_F(HarmTest, AMachineThatDoesNotStartSaysNothingAndWaitsForSomebody) {
    run(with_baseline(kRoundTheClock + release("two", "takes-boot-file", "at = \"1h\"") +
                      release("three", "good", "at = \"6h\"")));
    const History lost = all(Category::kFalsePositive);
    EXPECT_EQ(harm(Harm::kUnbootable), static_cast<double>(lost.size()));
    EXPECT_EQ(at_end(Metric::kRecoveredHand), static_cast<double>(lost.size()));
    expect_nothing_before_recovery(Category::kFalsePositive);
    expect_harmed(Metric::kLost, Category::kFalsePositive, Category::kRecovered);
    expect_time_to_recover(Category::kFalsePositive, all(Category::kRecovered).back().at);
    EXPECT_EQ(signals(base::Channel::kTelemetry), 0);
    EXPECT_EQ(signals(base::Channel::kCrashReport), 0);
    EXPECT_GT(signals(base::Channel::kSupportCall), 10) << "people can still use a telephone";
    for (int64_t hour = 0; hour <= 48; ++hour) {
        const base::SimTime now{hour * 3600};
        EXPECT_EQ(at(now, Metric::kProtected), kEndpointsOfGroup - at(now, Metric::kLost)) << hour;
    }
}

// Somebody takes the content away that ruined the machine, or it would be ruined again.
TEST_F(HarmTest, WhoeverMendsAMachineByHandTakesTheContentAway) {
    run(with_baseline(kRoundTheClock + release("two", "takes-boot-file", "at = \"1h\"")));
    EXPECT_EQ(harm(Harm::kUnbootable), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredHand), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), 0);
    for (const auto& [endpoint, history] : seen_) {
        EXPECT_THAT(categories(history), ElementsAre(Category::kInstalled, Category::kFalsePositive,
                                                     Category::kRecovered));
        EXPECT_EQ(history.back().code, Code::kByHand);
    }
}

TEST_F(HarmTest, TheSameDeathIsABootLoopInTheKernel) {
    const std::string dies = release("two", "dies", "at = \"1h\"");
    run(with_baseline(dies));
    EXPECT_GT(signals(base::Channel::kCrashReport), 20) << "a scanner that restarts tells of it";
    run(with_baseline(std::string(kRoundTheClock) + "[load_context]\nDatasetA = \"kernel\"\n" +
                      dies));
    EXPECT_EQ(signals(base::Channel::kCrashReport), 0) << "a machine that does not run cannot";
    EXPECT_EQ(harm(Harm::kBootLoop), kEndpointsOfGroup);
    EXPECT_EQ(harm(Harm::kRestart), 0);
    EXPECT_EQ(at_end(Metric::kRecoveredHand), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredItself), 0);
    expect_nothing_before_recovery(Category::kForbidden);
    expect_harmed(Metric::kLost, Category::kForbidden, Category::kRecovered);
}

TEST_F(HarmTest, AScenarioMayHaveABootLoopEndWithAReboot) {
    run(
        with_baseline("[recovery]\nboot_loop = \"reboot\"\n[crew]\nreboot_every = \"1h\"\n"
                      "[load_context]\nDatasetA = \"kernel\"\n" +
                      release("two", "dies", "at = \"1h\"")));
    EXPECT_EQ(harm(Harm::kBootLoop), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredReboot), kEndpointsOfGroup);
    EXPECT_EQ(at_end(Metric::kRecoveredHand), 0);
}

// A tenant's technicians come to one machine after the other.
TEST_F(HarmTest, MachinesOfATenantWaitForItsTechnicians) {
    run(with_baseline(kRoundTheClock + release("two", "takes-boot-file", "at = \"1h\"")));
    std::map<uint32_t, std::vector<base::SimTime>> mended;  // by tenant
    for (const auto& [endpoint, history] : seen_) {
        const Snapshot seen = lab_->snapshot({0, {endpoint}});
        mended[seen.endpoints[0].tenant].push_back(history.back().at);
    }
    ASSERT_EQ(mended.size(), 3u);
    for (auto& [tenant, times] : mended) {
        std::sort(times.begin(), times.end());
        for (size_t i = 1; i < times.size(); ++i) {
            EXPECT_GE(times[i] - times[i - 1], base::minutes(30)) << "there is one technician";
        }
    }
}

// Events of a slice come group by group, so that the last one to be told of is not always the last.
TEST_F(HarmTest, TimeToRecoverIsThatOfTheLastMachineOfAnyGroup) {
    std::string two_groups = with_baseline(release("two", "blind", "at = \"1h\"") +
                                           release("three", "good", "at = \"3h\""));
    two_groups +=
        "[[group]]\nname = \"public-2\"\nstage = \"public\"\nendpoints = 200\n"
        "personas = { workstation = 1 }\n";
    two_groups.replace(two_groups.find("[policy]\n"), 9, "[policy]\npublic_interval = \"0s\"\n");
    two_groups.replace(two_groups.find("seed = 5"), 8, "seed = 6");
    run(two_groups);
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), kEndpointsOfGroup + 200);
    expect_time_to_recover(Category::kMissed, all(Category::kInstalled).back().at);
}

constexpr char kMeasured[] = R"(
[[measured]]
release = "two"
persona = "workstation"
harm = "over_exclusion"
what = "an exclusion for a whole drive"
events = 30
hours = 60
)";

// The rules themselves kill the scanner; measurements stand in their place.
TEST_F(HarmTest, MeasuredOutcomesStandInPlaceOfAnAssayAndAreMarkedAsImported) {
    run(with_baseline(release("two", "dies", "at = \"1h\"") +
                      release("three", "good", "at = \"8h\"") + kMeasured));
    const History measured = all(Category::kMeasured);
    EXPECT_GT(measured.size(), 40u) << "7 hours at one in two hours: 97 % of 60";
    EXPECT_EQ(harm(Harm::kOverExclusion), static_cast<double>(measured.size()));
    EXPECT_EQ(harm(Harm::kRestart), 0);
    EXPECT_EQ(at_end(Metric::kRecoveredUpdate), static_cast<double>(measured.size()));
    int imported = 0;
    for (const record::Assay& assay : run_.assays) {
        const bool names_them = assay.stimulus.find("measured elsewhere") != std::string::npos;
        EXPECT_EQ(assay.imported, names_them) << assay.stimulus;
        imported += assay.imported ? 1 : 0;
        if (assay.imported) {
            EXPECT_NE(assay.evidence.find("30 events in 60 machine-hours"), std::string::npos);
        }
    }
    EXPECT_EQ(imported, 1);
}

TEST_F(HarmTest, WhatWasWatchedForAndDidNotComeAboutDoesNoHarm) {
    run(with_baseline(release("two", "dies", "at = \"1h\"") +
                      "[[measured]]\nrelease = \"two\"\npersona = \"workstation\"\n"
                      "harm = \"none\"\nhours = 500\n"));
    EXPECT_EQ(at_end(Metric::kAffected), 0);
    EXPECT_EQ(at_end(Metric::kRunning, record::kAll, 0), kEndpointsOfGroup);
}

// A machine that has run the rules for t hours is spared with the chance exp(-0.5 t). The interval
// is four standard errors wide on each side.
TEST_F(HarmTest, AHazardFromTheWorkloadHitsAsManyAsItShould) {
    run(with_baseline(release("two", "dies", "at = \"1h\"")));
    double expected = 0;
    double variance = 0;
    for (const HistoryEntry& installed : all(Category::kInstalled)) {
        const double hit =
            -std::expm1(-0.5 * static_cast<double>(7 * 3600 - installed.at.seconds) / 3600);
        expected += hit;
        variance += hit * (1 - hit);
    }
    EXPECT_NEAR(at({7 * 3600}, Metric::kAffected), expected, 4 * std::sqrt(variance));
}

}  // namespace
}  // namespace firebreak::lab
