#include "checks/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

record::ModelScore score(const std::string& program, std::optional<double> value) {
    record::ModelScore out;
    out.release = 0;
    out.program = program;
    out.where = program + ".exe";
    out.model = "packed";
    out.version = "1.0.0";
    out.score = value;
    out.threshold = 0.5;
    out.refusal = value ? "" : "no number";
    return out;
}

record::Run run_with(std::vector<std::vector<record::ModelScore>> scores) {
    record::Run run = test::sample_run();
    run.assays.resize(scores.size());
    for (size_t i = 0; i < scores.size(); ++i) {
        run.assays[i].scores = std::move(scores[i]);
    }
    return run;
}

TEST(ModelTallies, CountAProgramOnceInHoweverManyWorkloadsItWasMet) {
    const auto tallies = model_tallies(run_with({{score("a", 0.5), score("b", 0.1)},
                                                 {score("b", 0.1), score("a", 0.5)},
                                                 {score("c", 0.3), score("c", 0.3)}}));
    ASSERT_EQ(tallies.size(), 1u);
    EXPECT_EQ(tallies[0].scored, 3u);
    EXPECT_EQ(tallies[0].at_threshold, 1u) << "at the threshold counts";
    EXPECT_NEAR(tallies[0].mean, 0.3, 1e-12);
    EXPECT_EQ(tallies[0].highest, 0.5);
    EXPECT_EQ(tallies[0].highest_in, "a.exe");
    EXPECT_EQ(tallies[0].refused, 0u);
}

TEST(ModelTallies, KeepRefusalsOutOfMeanAndCount) {
    record::ModelScore other = score("c", std::nullopt);
    other.refusal = "another reason";
    const auto tallies =
        model_tallies(run_with({{score("a", 0.75), score("b", std::nullopt), other}}));
    ASSERT_EQ(tallies.size(), 1u);
    EXPECT_EQ(tallies[0].scored, 1u);
    EXPECT_EQ(tallies[0].mean, 0.75);
    EXPECT_EQ(tallies[0].refused, 2u);
    EXPECT_EQ(tallies[0].refusal, "no number");
}

TEST(ModelTallies, TellReleasesModelsVersionsAndSlotsApart) {
    record::ModelScore baseline = score("a", 0.1);
    baseline.release = record::kAll;
    record::ModelScore telemetry = score("a", 0.9);
    telemetry.telemetry = true;
    record::ModelScore version = score("a", 0.2);
    version.version = "1.1.0";
    record::ModelScore other = score("a", 0.3);
    other.model = "named";
    const auto tallies =
        model_tallies(run_with({{telemetry, version, score("a", 0.4), other, baseline}}));
    std::vector<std::string> names;
    for (const ModelTally& tally : tallies) {
        names.push_back(std::to_string(tally.release) + " " + tally.model + " " + tally.version +
                        " " + slot_name(tally));
    }
    EXPECT_THAT(names,
                ElementsAre("-1 packed 1.0.0 live", "0 named 1.0.0 live", "0 packed 1.0.0 live",
                            "0 packed 1.1.0 live", "0 packed 1.0.0 telemetry"));
}

TEST(ModelTallies, OfARunWithoutModelsAreNone) {
    EXPECT_THAT(model_tallies(test::sample_run()), IsEmpty());
    EXPECT_THAT(releases_without_scores(test::sample_run()), IsEmpty());
}

TEST(ReleasesWithoutScores, AreThoseOfModelsAlone) {
    record::Run run = run_with({{score("a", 0.4)}});
    run.header.releases[0].feed = "MLModels";
    EXPECT_THAT(releases_without_scores(run), IsEmpty());
    run.assays[0].scores.clear();
    EXPECT_THAT(releases_without_scores(run), ElementsAre(0));
}

}  // namespace
}  // namespace firebreak::checks
