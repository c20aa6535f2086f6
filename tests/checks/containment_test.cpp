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

TEST(Headline, SaysHowFarItGot) {
    record::Run run = test::sample_run();
    EXPECT_EQ(headline(run),
              "12 of 1,060 endpoints affected, all in public-1; halted after 59 min");
    run.series[{base::Metric::kAffected, 0, record::kAll}] = {{{100}, 1}};
    EXPECT_EQ(headline(run), "12 of 1,060 endpoints affected, in every group; halted after 59 min");
    run.series.erase({base::Metric::kTimeToHalt, record::kAll, record::kAll});
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
