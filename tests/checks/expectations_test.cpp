#include "checks/expectations.h"

#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using base::Metric;
using record::Comparison;
using record::Moment;

record::Expectation affected(Comparison comparison, double bound, Moment moment,
                             base::SimTime at = {}) {
    record::Expectation out = test::expectation_of(Metric::kAffected, 1);
    out.comparison = comparison;
    out.bound = bound;
    out.moment = moment;
    out.at = at;
    return out;
}

Verdict judge_one(const record::Expectation& expectation, record::Run run = test::sample_run()) {
    run.header.expectations = {expectation};
    return judge(run).at(0);
}

TEST(Expectations, AreJudgedAtTheEnd) {
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 12, Moment::kEnd)).result, Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 11, Moment::kEnd)).result, Result::kFailed);
    EXPECT_EQ(judge_one(affected(Comparison::kAtMost, 12, Moment::kEnd)).result, Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kAtMost, 11, Moment::kEnd)).result, Result::kFailed);
    EXPECT_EQ(judge_one(affected(Comparison::kAtLeast, 12, Moment::kEnd)).result, Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kAtLeast, 13, Moment::kEnd)).result, Result::kFailed);
}

TEST(Expectations, AreJudgedAtAMoment) {
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 0, Moment::kAt, {7499})).result,
              Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 5, Moment::kAt, {7500})).result,
              Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 5, Moment::kAt, {7800})).result,
              Result::kFailed);
}

TEST(Expectations, NameTheFirstMomentAtWhichAlwaysBroke) {
    const Verdict verdict = judge_one(affected(Comparison::kAtMost, 4, Moment::kAlways));
    EXPECT_EQ(verdict.result, Result::kFailed);
    EXPECT_EQ(verdict.broke_at, base::SimTime{7500});
    EXPECT_EQ(verdict.measured, 5);
    EXPECT_EQ(verdict.measured_text, "5 of 1,000 (0.5 %)");
    EXPECT_EQ(verdict.bound_text, "at most 4");
}

TEST(Expectations, CountAlwaysFromZero) {
    EXPECT_EQ(judge_one(affected(Comparison::kAtLeast, 1, Moment::kAlways)).broke_at,
              base::SimTime{0});
    EXPECT_EQ(judge_one(affected(Comparison::kAtMost, 12, Moment::kAlways)).result,
              Result::kPassed);
}

TEST(Expectations, HoldEventuallyIfTheyEverDid) {
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 5, Moment::kEventually)).result,
              Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 6, Moment::kEventually)).result,
              Result::kFailed);
}

TEST(Expectations, TakeSharesOfTheScopesEndpoints) {
    auto expectation = affected(Comparison::kEquals, 0.012, Moment::kEnd);
    expectation.is_share = true;
    EXPECT_EQ(judge_one(expectation).result, Result::kPassed) << "12 of 1,000";
    EXPECT_EQ(judge_one(expectation).bound_text, "exactly 1.2 %");
    expectation.group = record::kAll;
    EXPECT_EQ(judge_one(expectation).result, Result::kFailed) << "12 of 1,060";
    expectation.bound = 1;
    expectation.metric = Metric::kProtected;
    record::Run run = test::sample_run();
    run.series[{Metric::kProtected, record::kAll, record::kAll}] = {{{0}, 1060}};
    EXPECT_EQ(judge_one(expectation, run).result, Result::kPassed);
    run.series[{Metric::kProtected, record::kAll, record::kAll}] = {{{0}, 1059}};
    EXPECT_EQ(judge_one(expectation, run).result, Result::kFailed);
}

TEST(Expectations, TakeTheirPartOfAMetric) {
    record::Run run = test::sample_run();
    run.series[{Metric::kHarm, record::kAll, record::kAll, 9}] = {{{100}, 3}};
    run.series[{Metric::kHarm, record::kAll, record::kAll, 2}] = {{{100}, 8}};
    record::Expectation expectation = test::expectation_of(Metric::kHarm);
    expectation.part = 9;
    expectation.bound = 3;
    EXPECT_EQ(judge_one(expectation, run).result, Result::kPassed);
    expectation.part = 2;
    EXPECT_EQ(judge_one(expectation, run).measured, 8);
    expectation.part = 10;
    EXPECT_EQ(judge_one(expectation, run).measured, 0) << "counted from zero";
}

TEST(Expectations, OfEndpointHoursReadAsSuch) {
    record::Run run = test::sample_run();
    run.series[{Metric::kProtectionGap}] = {{{100}, 12345.678}};
    record::Expectation expectation = test::expectation_of(Metric::kProtectionGap);
    expectation.comparison = Comparison::kAtMost;
    expectation.bound = 0.25;
    const Verdict verdict = judge_one(expectation, run);
    EXPECT_EQ(verdict.result, Result::kFailed);
    EXPECT_EQ(verdict.measured_text, "12,346 endpoint-hours");
    EXPECT_EQ(verdict.bound_text, "at most 0.25 endpoint-hours");
}

TEST(Expectations, OfATimeFailWhenItNeverHappened) {
    record::Expectation expectation = test::expectation_of(Metric::kTimeToHalt, 1);
    expectation.comparison = Comparison::kAtMost;
    expectation.bound = 7200;
    EXPECT_EQ(judge_one(expectation).result, Result::kPassed);
    EXPECT_EQ(judge_one(expectation).measured_text, "59 min");
    expectation.group = 0;
    const Verdict verdict = judge_one(expectation);
    EXPECT_EQ(verdict.result, Result::kFailed);
    EXPECT_EQ(verdict.measured, std::nullopt);
    EXPECT_EQ(verdict.measured_text, "never happened");
}

TEST(Expectations, OfAFlagReadYesAndNo) {
    record::Expectation halted = test::expectation_of(Metric::kHalted, record::kAll, 0);
    halted.bound = 1;
    const Verdict verdict = judge_one(halted);
    EXPECT_EQ(verdict.result, Result::kPassed);
    EXPECT_EQ(verdict.measured_text, "yes");
}

TEST(Expectations, OfAnInterruptedRunStayOpenUnlessTheyAreDecided) {
    record::Run run = test::sample_run();
    run.status = record::RunStatus::kInterrupted;
    run.reached = {40000};
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 12, Moment::kEnd), run).result,
              Result::kOpen);
    EXPECT_EQ(judge_one(affected(Comparison::kAtMost, 50, Moment::kAlways), run).result,
              Result::kOpen);
    EXPECT_EQ(judge_one(affected(Comparison::kAtMost, 4, Moment::kAlways), run).result,
              Result::kFailed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 5, Moment::kEventually), run).result,
              Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 12, Moment::kAt, {39999}), run).result,
              Result::kPassed);
    EXPECT_EQ(judge_one(affected(Comparison::kEquals, 12, Moment::kAt, {40001}), run).result,
              Result::kOpen);
}

TEST(Expectations, PassTogetherOnlyIfEachDoes) {
    record::Run run = test::sample_run();
    EXPECT_TRUE(all_passed(judge(run))) << "none";
    run.header.expectations = {affected(Comparison::kEquals, 12, Moment::kEnd)};
    EXPECT_TRUE(all_passed(judge(run)));
    run.header.expectations.push_back(affected(Comparison::kEquals, 1, Moment::kEnd));
    EXPECT_FALSE(all_passed(judge(run)));
}

}  // namespace
}  // namespace firebreak::checks
