#include "models/plan.h"

#include <gmock/gmock.h>

#include "scenario/experiment.h"
#include "support/paths.h"
#include "support/sample_run.h"

namespace firebreak::models {
namespace {

std::vector<std::pair<int64_t, char>> brief(const std::vector<PlannedEntry>& plan) {
    std::vector<std::pair<int64_t, char>> out;
    for (const PlannedEntry& entry : plan) {
        out.emplace_back(entry.at.seconds / 3600, entry.letter);
    }
    return out;
}

record::Header header_of(const char* scenario) {
    const auto experiment = scenario::load(test::source_dir() / "scenarios/fast" / scenario);
    EXPECT_TRUE(experiment.ok());
    record::Header header;
    header.scenario = experiment->toml;
    for (const scenario::Release& release : experiment->releases) {
        header.releases.push_back({release.id, "DatasetA", release.version,
                                   release.kind == scenario::ReleaseKind::kFix ? "fix" : "update",
                                   release.at, ""});
    }
    return header;
}

TEST(Plan, HoldsReleasesAndPromotionsInOrder) {
    const auto plan = plan_of(header_of("good-update.toml"));
    EXPECT_THAT(brief(plan),
                testing::ElementsAre(std::pair{8, 'R'}, std::pair{32, 'P'}, std::pair{56, 'P'}));
    EXPECT_EQ(plan[1].text, "promote rules-2 to internal");
    EXPECT_EQ(plan[1].release, 0);
}

TEST(Plan, LeavesOutFixesThatWaitForAHalt) {
    const auto plan = plan_of(header_of("bad-fix.toml"));
    EXPECT_TRUE(std::ranges::none_of(plan, [](const auto& entry) { return entry.letter == 'X'; }));
    EXPECT_TRUE(std::ranges::any_of(plan, [](const auto& entry) { return entry.letter == 'R'; }));
}

TEST(Plan, HoldsFaults) {
    const auto plan = plan_of(header_of("replayed-package.toml"));
    EXPECT_TRUE(std::ranges::any_of(plan, [](const auto& entry) { return entry.letter == 'F'; }));
}

TEST(Plan, FallsBackOnReleasesIfTheScenarioCannotBeRead) {
    const record::Header header = test::sample_run().header;
    EXPECT_THAT(brief(plan_of(header)), testing::ElementsAre(std::pair{1, 'R'}, std::pair{2, 'X'}));
}

}  // namespace
}  // namespace firebreak::models
