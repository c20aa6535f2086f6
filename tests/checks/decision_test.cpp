#include "checks/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using testing::ElementsAre;

Decision decide(const record::Run& run) {
    return checks::decide(run, judge(run));
}

// Nothing is halted any more.
record::Run with_bounds(std::initializer_list<double> bounds) {
    record::Run run = test::sample_run();
    run.series.erase({base::Metric::kHalted, record::kAll, 0});
    for (const double bound : bounds) {
        record::Expectation expectation = test::expectation_of(base::Metric::kAffected, 1);
        expectation.comparison = record::Comparison::kAtMost;
        expectation.bound = bound;
        expectation.moment = record::Moment::kAlways;
        expectation.text = "affected: at most some, always";
        run.header.expectations.push_back(expectation);
    }
    return run;
}

TEST(Decision, IsGoOnlyIfEverythingHeld) {
    const Decision both = decide(with_bounds({12, 20}));
    EXPECT_EQ(both.call, Call::kGo);
    EXPECT_THAT(both.reasons, ElementsAre("All 2 expectations held"));
    EXPECT_EQ(decide(with_bounds({12})).call, Call::kGo);
    EXPECT_EQ(decide(with_bounds({12, 4})).call, Call::kNoGo);
}

// A scenario that is there to show a failure has held its promises when the failure came.
TEST(Decision, IsNoGoAheadWhereTroubleWasAskedFor) {
    record::Run run = with_bounds({12});
    record::Expectation trouble = test::expectation_of(base::Metric::kAffected, 1);
    trouble.comparison = record::Comparison::kAtLeast;
    trouble.bound = 10;
    run.header.expectations.push_back(trouble);
    const Decision decision = decide(run);
    EXPECT_EQ(decision.call, Call::kAsExpected);
    EXPECT_THAT(decision.reasons,
                ElementsAre("All 2 expectations held; 1 of them asked for harm, refusals or halts, "
                            "so the scenario shows a failure and clears no release"));
    run.header.expectations.back().bound = 0;
    EXPECT_EQ(decide(run).call, Call::kGo) << "at least none asks for nothing";
    run.header.expectations.back() = test::expectation_of(base::Metric::kHalted, record::kAll, 0);
    run.header.expectations.back().bound = 1;
    run.series[{base::Metric::kHalted, record::kAll, 0}] = {{{0}, 0}, {{10800}, 1}};
    EXPECT_EQ(decide(run).call, Call::kAsExpected);
    run.series.erase({base::Metric::kHalted, record::kAll, 0});
    run.header.expectations.back() = test::expectation_of(base::Metric::kExposed, 1);
    run.header.expectations.back().bound = 400;
    EXPECT_EQ(decide(run).call, Call::kGo) << "to be delivered is no trouble";
}

// Whatever was expected: nobody takes a halted release for cleared.
TEST(Decision, ClearsNoReleaseWhileOneIsHalted) {
    record::Run run = with_bounds({12});
    run.series[{base::Metric::kHalted, record::kAll, 0}] = {{{0}, 0}, {{10800}, 1}};
    const Decision decision = decide(run);
    EXPECT_EQ(decision.call, Call::kAsExpected);
    EXPECT_THAT(decision.reasons,
                ElementsAre("What was expected held; but rules-2 is halted in the "
                            "end, so no release is cleared"));
}

TEST(Decision, NamesWhatBroke) {
    EXPECT_THAT(decide(with_bounds({4, 12})).reasons,
                ElementsAre("Broken: affected: at most some, always (measured 5 of 1,000 (0.5 %); "
                            "first on day 1 02:05)"));
}

TEST(Decision, IsNoneWithoutExpectations) {
    const Decision decision = decide(test::sample_run());
    EXPECT_EQ(decision.call, Call::kNone);
    EXPECT_THAT(decision.reasons,
                ElementsAre("The scenario expects nothing, so nothing can pass or fail"));
    EXPECT_EQ(to_text(decision.call), "No verdict");
}

TEST(Decision, OfAnInterruptedRunIsNoGoOnceSomethingBroke) {
    record::Run run = with_bounds({12});
    run.status = record::RunStatus::kInterrupted;
    run.reached = {40000};
    EXPECT_EQ(decide(run).call, Call::kNone);
    EXPECT_THAT(decide(run).reasons, ElementsAre("The run was interrupted on day 1 11:06 of 1 d"));
    run = with_bounds({4});
    run.status = record::RunStatus::kInterrupted;
    run.reached = {40000};
    EXPECT_EQ(decide(run).call, Call::kNoGo);
}

// 40 endpoints were exposed from 3,900 s on, 400 from 7,500 s on; 12 of the 400 came to harm.
TEST(PointOfNoReturn, IsWhereTheLastHaltWouldHaveKeptTheBound) {
    const record::Run run = test::sample_run();
    const auto last = [&](double bound) {
        record::Expectation expectation = test::expectation_of(base::Metric::kAffected, 1);
        expectation.comparison = record::Comparison::kAtMost;
        expectation.bound = bound;
        return point_of_no_return(run, expectation);
    };
    EXPECT_EQ(last(12), std::nullopt) << "it was kept";
    EXPECT_EQ(last(11), base::SimTime{7500});
    EXPECT_EQ(last(1.2), base::SimTime{7500}) << "as many as 40 may have it";
    EXPECT_EQ(last(1.1), base::SimTime{3900});
    EXPECT_EQ(last(0), base::SimTime{3900}) << "nobody may have it";
}

TEST(PointOfNoReturn, IsOfUpperBoundsOnAffectedAlone) {
    const record::Run run = test::sample_run();
    record::Expectation expectation = test::expectation_of(base::Metric::kAffected, 1);
    expectation.comparison = record::Comparison::kAtLeast;
    EXPECT_EQ(point_of_no_return(run, expectation), std::nullopt);
    expectation.comparison = record::Comparison::kAtMost;
    EXPECT_NE(point_of_no_return(run, expectation), std::nullopt);
    expectation.metric = base::Metric::kLost;
    EXPECT_EQ(point_of_no_return(run, expectation), std::nullopt);
    expectation.metric = base::Metric::kAffected;
    expectation.group = 0;
    EXPECT_EQ(point_of_no_return(run, expectation), std::nullopt) << "nobody was affected there";
    expectation.group = 1;
    expectation.is_share = true;
    expectation.bound = 0.0012;  // 1.2 of 1,000
    EXPECT_EQ(point_of_no_return(run, expectation), base::SimTime{7500});
}

}  // namespace
}  // namespace firebreak::checks
