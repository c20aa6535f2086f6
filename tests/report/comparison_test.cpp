#include "report/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/well_formed.h"
#include "support/sample_run.h"

namespace firebreak::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Judged judged(record::Run run, std::string file) {
    Judged out{std::move(run), {}, std::move(file)};
    out.verdicts = checks::judge(out.run);
    return out;
}

std::vector<Judged> two_runs() {
    record::Run calm = test::rich_run();
    calm.header.name = "canary";
    calm.header.settings[1].value = "2d";
    for (auto& [key, points] : calm.series) {
        if (key.metric == base::Metric::kAffected || key.metric == base::Metric::kLost) {
            for (record::Point& point : points) {
                point.value = std::floor(point.value / 100);
            }
        }
    }
    std::vector<Judged> runs;
    runs.push_back(judged(test::rich_run(), "runs/a.run"));
    runs.push_back(judged(std::move(calm), "runs/b.run"));
    return runs;
}

TEST(Comparison, TellsRunsApartByScenarioFileOrNumber) {
    std::vector<Judged> runs = two_runs();
    EXPECT_THAT(run_names(runs), ElementsAre("rare-trigger-escapes", "canary"));
    runs[1].run.header.name = runs[0].run.header.name;
    EXPECT_THAT(run_names(runs), ElementsAre("a", "b"));
    runs[1].run_file = "elsewhere/a.run";
    EXPECT_THAT(run_names(runs), ElementsAre("1 a", "2 a"));
}

TEST(Comparison, PrintsARowPerRunAndWhatDiffers) {
    const std::string text = comparison_terminal(two_runs(), false);
    EXPECT_THAT(text, HasSubstr("run                      affected   lost   infected   gap in h   "
                                "false halts       verdict\n"));
    EXPECT_THAT(text, HasSubstr("1 rare-trigger-escapes        343"));
    EXPECT_THAT(text, HasSubstr("2 canary                        3"));
    EXPECT_THAT(text, HasSubstr("time to detect   time to halt   time to recover"));
    EXPECT_THAT(text, HasSubstr("policy public_after: 20h (1); 2d (2)"));
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        EXPECT_LE(end - at, 100u) << text.substr(at, end - at);
        at = end + 1;
    }
}

TEST(Comparison, HasItsDocumentedFields) {
    const auto json = nlohmann::json::parse(comparison_json(two_runs()));
    EXPECT_EQ(json["schema"], 1);
    ASSERT_EQ(json["runs"].size(), 2u);
    EXPECT_EQ(json["runs"][0]["name"], "rare-trigger-escapes");
    EXPECT_EQ(json["runs"][0]["run_file"], "runs/a.run");
    EXPECT_EQ(json["runs"][0]["total"]["affected"], 343);
    EXPECT_EQ(json["runs"][0]["total"]["time_to_halt_s"], 9 * 3600);
    EXPECT_EQ(json["runs"][0]["decision"]["go"], false);
    EXPECT_EQ(json["runs"][0]["false_halts"], 1);
    EXPECT_EQ(json["runs"][1]["status"], "passed");
    ASSERT_EQ(json["differences"].size(), 1u);
    EXPECT_EQ(json["differences"][0]["section"], "policy");
    EXPECT_EQ(json["differences"][0]["key"], "public_after");
    EXPECT_EQ(json["differences"][0]["values"][1], "2d");
}

TEST(Comparison, DrawsTheCurvesOfAllRuns) {
    const std::string text = comparison_html(two_runs());
    EXPECT_EQ(xml_fault(text), "");
    for (const char* part :
         {"2 runs compared", "Endpoints that came to harm", "Protection gap so far",
          "Share of the fleet that was given content under test", "Harm against protection",
          "data-name=\"canary\"", "data-name=\"rare-trigger-escapes\"", "✗ No-go",
          "✓ As expected"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
}

TEST(Comparison, HoldsTwentyRunsWithHostileNames) {
    std::vector<Judged> runs;
    for (size_t i = 0; i < kMostRuns; ++i) {
        record::Run run = test::sample_run();
        run.header.name = "<script>" + std::string(60, 'x') + std::to_string(i);
        run.header.seed = i;
        runs.push_back(judged(std::move(run), "runs/\"&.run"));
    }
    const std::string text = comparison_html(runs);
    EXPECT_EQ(xml_fault(text), "");
    EXPECT_THAT(text, Not(HasSubstr("<script>x")));
    EXPECT_THAT(comparison_terminal(runs, false), HasSubstr("run seed: 0 (1); 1 (2); 2 (3)"));
}

TEST(Comparison, OfRunsInWhichNothingHappenedSaysSo) {
    record::Run run;
    run.header.name = "one";
    run.header.duration = base::days(1);
    run.header.groups = {{"engineering", "engineering", 60, 1}};
    run.status = record::RunStatus::kFinished;
    run.reached = {86'400};
    record::Run other = run;
    other.header.name = "two";
    std::vector<Judged> runs;
    runs.push_back(judged(std::move(run), "one.run"));
    runs.push_back(judged(std::move(other), "two.run"));
    const std::string text = comparison_html(runs);
    EXPECT_EQ(xml_fault(text), "");
    EXPECT_THAT(text, HasSubstr("Nothing happened in any of these runs."));
    EXPECT_THAT(text, HasSubstr("No setting differs between these runs."));
    EXPECT_THAT(text, Not(HasSubstr("<svg class=\"chart")));
}

}  // namespace
}  // namespace firebreak::report
