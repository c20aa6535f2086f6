#include "checks/containment.h"

#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

TEST(Containment, HasARowForEachGroupAndOneForAll) {
    const auto rows = containment(test::sample_run());
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].group, "engineering");
    EXPECT_EQ(rows[0].endpoints, 60u);
    EXPECT_EQ(rows[0].affected, 0u);
    EXPECT_EQ(rows[0].time_to_halt, std::nullopt);
    EXPECT_EQ(rows[1].affected, 12u);
    EXPECT_EQ(rows[1].exposed, 400u);
    EXPECT_EQ(rows[1].time_to_detect, base::Duration{900});
    EXPECT_EQ(rows[1].time_to_halt, base::Duration{3540});
    EXPECT_EQ(rows[2].group, "all");
    EXPECT_EQ(rows[2].endpoints, 1060u);
    EXPECT_EQ(rows[2].affected, 12u);
}

TEST(Containment, OfAnInterruptedRunIsWhatWasReached) {
    record::Run run = test::sample_run();
    run.status = record::RunStatus::kInterrupted;
    run.reached = {7600};
    EXPECT_EQ(containment(run)[1].affected, 5u);
}

TEST(Containment, TellsHarmLossAndRecovery) {
    const auto rows = containment(test::rich_run());
    ASSERT_EQ(rows.size(), 6u);
    EXPECT_EQ(rows[2].affected, 133u);
    EXPECT_EQ(rows[2].lost, 38u) << "as many as were lost at a time";
    EXPECT_EQ(rows[2].lost_now, 0u) << "all mended";
    EXPECT_EQ(rows[2].harmed, 0u);
    EXPECT_EQ(rows[2].overshoot, 190u);
    EXPECT_EQ(rows[2].infections, 7u);
    EXPECT_EQ(rows[2].recovered.repair_kit, 13u);
    EXPECT_EQ(rows[2].recovered.hand, 38u);
    EXPECT_EQ(rows[2].time_to_recover, base::hours(66));
    EXPECT_GT(rows[5].protection_gap_h, 60'000);
    EXPECT_EQ(rows[5].recovered.sum(), rows[2].recovered.sum() + rows[3].recovered.sum());
}

TEST(Containment, CountsMachinesThatWereLostOneAfterAnother) {
    record::Run run = test::sample_run();
    run.series[{base::Metric::kLost, 1}] = {{{7500}, 2}, {{9000}, 0}, {{9900}, 1}};
    EXPECT_EQ(containment(run)[1].lost, 2u);
    EXPECT_EQ(containment(run)[1].lost_now, 1u);
    const auto boot_loop = static_cast<int32_t>(base::Harm::kBootLoop);
    run.series[{base::Metric::kHarm, 1, record::kAll, boot_loop}] = {{{7500}, 2}, {{9900}, 3}};
    EXPECT_EQ(containment(run)[1].lost, 3u) << "never more than two at a time, three in all";
}

// While somebody is harmed, the series tells the time so far.
TEST(Containment, HasNoTimeToRecoverWhileSomebodyIsHarmed) {
    record::Run run = test::sample_run();
    run.series[{base::Metric::kTimeToRecover, 1}] = {{{9000}, 1500}};
    run.series[{base::Metric::kHarmed, 1}] = {{{7500}, 5}, {{9000}, 0}};
    EXPECT_EQ(containment(run)[1].time_to_recover, base::Duration{1500});
    run.series[{base::Metric::kHarmed, 1}].push_back({{9900}, 1});
    EXPECT_EQ(containment(run)[1].time_to_recover, std::nullopt);
}

TEST(Personas, HaveWhatIsCountedByThem) {
    const auto rows = by_persona(test::rich_run());
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[1].group, "server");
    EXPECT_EQ(rows[1].endpoints, 50'000u);
    EXPECT_GT(rows[1].affected, rows[0].affected);
    EXPECT_GT(rows[0].affected, 0u);
    EXPECT_GT(rows[2].protection_gap_h, 0);
}

TEST(Tenants, ComeWorstFirst) {
    const record::Run run = test::rich_run();
    const auto worst = worst_tenants(run, 2);
    ASSERT_EQ(worst.size(), 2u);
    EXPECT_EQ(worst[0].number, 17u);
    EXPECT_EQ(worst[1].number, 31u);
    EXPECT_EQ(worst_tenants(run, 50).size(), 3u);
}

TEST(Headline, TellsLossRecoveryInfectionsAndFalseHalts) {
    record::Run run = test::sample_run();
    run.series[{base::Metric::kLost}] = {{{7500}, 1}, {{20000}, 0}};
    run.series[{base::Metric::kTimeToRecover}] = {{{20000}, 7200}};
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, all in public-1; halted after 59 min. 1 machine "
              "lost; all recovered after 2 h");
    run.series[{base::Metric::kHarmed}] = {{{7500}, 12}, {{20000}, 4}};
    run.series[{base::Metric::kInfections}] = {{{7500}, 1200}};
    run.series[{base::Metric::kFalseHalts}] = {{{7500}, 2}};
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, all in public-1; halted after 59 min. 1 machine "
              "lost; 4 endpoints still harmed; 1,200 endpoints infected; 2 false halts");
    run.series.erase({base::Metric::kLost});
    run.series.erase({base::Metric::kHarmed});
    run.series.erase({base::Metric::kInfections});
    run.series.erase({base::Metric::kFalseHalts});
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, all in public-1; halted after 59 min. All recovered "
              "after 2 h");
}

TEST(Headline, SaysHowFarItGot) {
    record::Run run = test::sample_run();
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, all in public-1; halted after 59 min");
    run.series[{base::Metric::kAffected, 0, record::kAll}] = {{{100}, 1}};
    EXPECT_EQ(headline(run), "12 of 1,060 endpoints affected, in every group; halted after 59 min");
    run.series.erase({base::Metric::kTimeToHalt, record::kAll, record::kAll});
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, in every group; halted in 1 of 2 groups");
    run.series.erase({base::Metric::kTimeToHalt, 1, record::kAll});
    EXPECT_EQ(headline(run), "12 of 1,060 endpoints affected, in every group; never halted");
    run.series.clear();
    EXPECT_EQ(headline(run), "No endpoint of 1,060 affected");
    for (const int32_t group : {0, record::kAll}) {
        run.series[{base::Metric::kRefused, group, record::kAll}] = {{{100}, 60}};
    }
    EXPECT_EQ(headline(run),
              "No endpoint affected; 60 of 1,060 refused bad content, all in engineering; never "
              "halted");
}

}  // namespace
}  // namespace firebreak::checks
