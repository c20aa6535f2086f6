#include "checks/attack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using base::Metric;
using record::Comparison;
using record::Moment;
using record::Standing;
using testing::AllOf;
using testing::HasSubstr;

// In the sample run 12 of 1,000 are affected in group 1, and 400 exposed.
record::Expectation at_most(Metric metric, double bound) {
    record::Expectation out = test::expectation_of(metric, 1);
    out.comparison = Comparison::kAtMost;
    out.bound = bound;
    out.text = std::string(base::info(metric).name) + ": at most " + std::to_string(int(bound));
    return out;
}

using Conditions = std::vector<record::Expectation>;
const Conditions kTrue = {at_most(Metric::kAffected, 12)};
const Conditions kFalse = {at_most(Metric::kAffected, 11)};

record::Run attacked(Conditions held, Conditions contained) {
    record::Run run = test::sample_run();
    run.header.attack = record::Attack{"rollback",      "bring it back", "hardened",
                                       Standing::kHeld, std::move(held), std::move(contained)};
    return run;
}

AttackVerdict judged(const record::Run& run) {
    const auto verdict = judge_attack(run);
    EXPECT_TRUE(verdict.has_value());
    return verdict.value_or(AttackVerdict{});
}

TEST(Attack, IsJudgedOnlyInARowOfTheMatrix) {
    EXPECT_EQ(judge_attack(test::sample_run()), std::nullopt);
}

TEST(Attack, WasHeldIfAllConditionsForThatAreTrue) {
    const AttackVerdict verdict =
        judged(attacked({at_most(Metric::kAffected, 12), at_most(Metric::kExposed, 400)}, {}));
    EXPECT_TRUE(verdict.decided);
    EXPECT_EQ(verdict.standing, Standing::kHeld);
    EXPECT_EQ(verdict.held.size(), 2u);
    EXPECT_THAT(verdict.why, AllOf(HasSubstr("affected: at most 12 (measured 12 of 1,000"),
                                   HasSubstr("exposed: at most 400 (measured 400 of 1,000")));
}

TEST(Attack, WasHeldEvenIfItWasNotContained) {
    EXPECT_EQ(judged(attacked(kTrue, kFalse)).standing, Standing::kHeld);
}

TEST(Attack, WasContainedIfNotHeldButAllConditionsForThatAreTrue) {
    const AttackVerdict verdict = judged(attacked(kFalse, {at_most(Metric::kExposed, 400)}));
    EXPECT_EQ(verdict.standing, Standing::kContained);
    EXPECT_THAT(verdict.why, HasSubstr("exposed: at most 400 (measured 400 of 1,000"));
}

TEST(Attack, FellIfOneConditionOfEachIsFalse) {
    Conditions held = kTrue;
    held.push_back(at_most(Metric::kExposed, 399));
    const AttackVerdict verdict = judged(attacked(held, kFalse));
    EXPECT_EQ(verdict.standing, Standing::kFell);
    EXPECT_THAT(verdict.why, AllOf(HasSubstr("not exposed: at most 399 (measured 400 of 1,000"),
                                   HasSubstr("not affected: at most 11 (measured 12 of 1,000")));
}

TEST(Attack, FellIfItWasNotHeldAndNothingIsSaidOfContainment) {
    const AttackVerdict verdict = judged(attacked(kFalse, {}));
    EXPECT_EQ(verdict.standing, Standing::kFell);
    EXPECT_THAT(verdict.why, HasSubstr("not affected: at most 11"));
}

TEST(Attack, IsNotDecidedByARunThatEndedTooEarly) {
    const record::Run run = test::interrupted(attacked(kTrue, {}), {40000});
    EXPECT_FALSE(judged(run).decided);
}

// --- evidence ---

record::Assay check(const std::string& fault, const std::string& stage, const std::string& category,
                    const std::string& code, const std::string& evidence) {
    record::Assay out;
    out.stimulus = "poll of public-1: DatasetA" + (fault.empty() ? "" : "; fault: " + fault);
    out.stage = stage;
    out.category = category;
    out.code = code;
    out.evidence = evidence;
    return out;
}

TEST(Attack, ThatWasTurnedAwayIsEvidencedByTheFirstRefusalOfAStruckCheck) {
    record::Run run = attacked(kTrue, {});
    run.assays = {check("", "verify", "corrupt", "not struck", ""),
                  check("replay", "never", "nothing new", "", ""),
                  check("replay", "never", "installed", "", ""),
                  check("replay", "verify", "too old", "signed before", "feed: DatasetA"),
                  check("replay", "verify", "corrupt", "later", "")};
    EXPECT_EQ(judged(run).evidence, "too old: signed before (feed: DatasetA)");
    run.assays.resize(3);
    EXPECT_EQ(judged(run).evidence, "installed") << "better than silence";
    run.assays.resize(2);
    EXPECT_EQ(judged(run).evidence, "nothing new");
}

TEST(Attack, ThatFellIsEvidencedByTheFirstStruckCheckThatRefusedNothing) {
    record::Run run = attacked(kFalse, {});
    run.assays = {check("replay", "never", "nothing new", "", ""),
                  check("replay", "verify", "too old", "signed before", ""),
                  check("replay", "never", "installed", "", "version: 1"),
                  check("replay", "never", "installed", "", "version: 2")};
    EXPECT_EQ(judged(run).evidence, "installed (version: 1)");
    run.assays.resize(2);
    EXPECT_EQ(judged(run).evidence, "too old: signed before") << "better than silence";
}

TEST(Attack, WithoutAFaultIsEvidencedByAnyCheck) {
    record::Run run = attacked(kTrue, {});
    EXPECT_EQ(judged(run).evidence, "") << "a workload is no check";
    run.assays.push_back(check("", "verify", "untrusted", "role", ""));
    EXPECT_EQ(judged(run).evidence, "untrusted: role");
}

// --- as an expectation ---

Verdict as_expectation(record::Run run, Standing expected) {
    run.header.attack->expected = expected;
    record::Expectation row;
    row.attack = true;
    run.header.expectations = {row};
    const std::vector<Verdict> verdicts = judge(run);
    EXPECT_EQ(verdicts.size(), 1u);
    return verdicts.front();
}

TEST(Attack, PassesAsAnExpectationIfItCameToWhatItShould) {
    const std::vector<std::pair<record::Run, Standing>> runs = {
        {attacked(kTrue, {}), Standing::kHeld},
        {attacked(kFalse, kTrue), Standing::kContained},
        {attacked(kFalse, kFalse), Standing::kFell}};
    for (const auto& [run, standing] : runs) {
        for (const Standing expected : {Standing::kHeld, Standing::kContained, Standing::kFell}) {
            const Verdict verdict = as_expectation(run, expected);
            EXPECT_EQ(verdict.result, expected == standing ? Result::kPassed : Result::kFailed)
                << to_text(standing) << " where it should be " << to_text(expected);
            EXPECT_EQ(verdict.bound_text, to_text(expected));
            EXPECT_THAT(verdict.measured_text, testing::StartsWith(std::string(to_text(standing))));
        }
    }
}

TEST(Attack, StaysOpenAsAnExpectationOfAnInterruptedRun) {
    for (const Conditions& held : {kTrue, kFalse}) {
        EXPECT_EQ(
            as_expectation(test::interrupted(attacked(held, {}), {40000}), Standing::kHeld).result,
            Result::kOpen);
    }
}

}  // namespace
}  // namespace firebreak::checks
