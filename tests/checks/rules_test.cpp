#include "checks/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace firebreak::checks {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(RuleTallies, AddDaysUpByReleaseAndRule) {
    record::Run run;
    run.assays.resize(3);
    run.assays[0].rules = {{record::kAll, "Behavior", "a", 10, 1, 2, false, 1000, 100},
                           {record::kAll, "Behavior", "b", 5, 0, 0, false, 9000, 50}};
    run.assays[1].rules = {{record::kAll, "Behavior", "a", 30, 20, 0, true, 3000, 80}};
    run.assays[2].rules = {{0, "Behavior", "a", 1, 0, 0, false, 1, 1}};
    const std::vector<RuleTally> tallies = rule_tallies(run);
    ASSERT_THAT(tallies, SizeIs(3));
    EXPECT_EQ(tallies[0].rule, "b") << "the dearest of the baseline";
    EXPECT_EQ(tallies[1].rule, "a");
    EXPECT_EQ(tallies[1].days, 2u);
    EXPECT_EQ(tallies[1].disabled_days, 1u);
    EXPECT_EQ(tallies[1].calls, 40u);
    EXPECT_EQ(tallies[1].errors, 21u);
    EXPECT_EQ(tallies[1].detections, 2u);
    EXPECT_EQ(tallies[1].memory_bytes, 100u);
    EXPECT_DOUBLE_EQ(tallies[1].microseconds_per_call(), 0.1);
    EXPECT_EQ(tallies[2].release, 0);
}

TEST(RuleTallies, AreNoneWithoutRules) {
    EXPECT_THAT(rule_tallies({}), IsEmpty());
    EXPECT_THAT(sensor_tallies({}), IsEmpty());
    EXPECT_EQ(RuleTally{}.microseconds_per_call(), 0);
}

TEST(SensorTallies, AddDaysUpByKind) {
    record::Run run;
    run.assays.resize(3);
    run.assays[0].sensors = {{"process_start", 190, 12, 30, 148}, {"dns_query", 60, 0, 0, 60}};
    run.assays[2].sensors = {{"process_start", 10, 0, 0, 10}};
    const auto tallies = sensor_tallies(run);
    ASSERT_THAT(tallies, SizeIs(2));
    EXPECT_EQ(tallies[0].kind, "dns_query");
    EXPECT_EQ(tallies[1].in, 200u);
    EXPECT_EQ(tallies[1].merged, 12u);
    EXPECT_EQ(tallies[1].dropped, 30u);
    EXPECT_EQ(tallies[1].delivered, 158u);
}

}  // namespace
}  // namespace firebreak::checks
