#include "report/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/text_table.h"
#include "support/sample_run.h"

namespace firebreak::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Judged judged(double bound = 12) {
    Judged out{test::sample_run(), {}, "runs/sample-1.run"};
    record::Expectation expectation = test::expectation_of(base::Metric::kAffected, 1);
    expectation.comparison = record::Comparison::kAtMost;
    expectation.bound = bound;
    expectation.moment = record::Moment::kAlways;
    expectation.text = "affected in public-1: at most some, always";
    expectation.place = "a.toml:9:1";
    out.run.header.expectations = {expectation};
    out.verdicts = checks::judge(out.run);
    return out;
}

TEST(TerminalReport, ShowsTheContainmentTable) {
    const std::string text = terminal(judged(), false);
    EXPECT_THAT(text, HasSubstr("12 of 1,060 endpoints affected"));
    EXPECT_THAT(text, HasSubstr("release group   endpoints   exposed   affected   time to detect   "
                                "time to halt\n"));
    EXPECT_THAT(text, HasSubstr("public-1            1,000       400         12           15 min   "
                                "      59 min\n"));
    EXPECT_THAT(text, HasSubstr("runs/sample-1.run"));
    EXPECT_THAT(text, HasSubstr("0.25 s"));
    EXPECT_THAT(text, HasSubstr("Passed"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(terminal(judged(), true), HasSubstr("\x1b["));
}

TEST(TerminalReport, KeepsTheTableWithin100ColumnsAndNamesWhatItLeavesOut) {
    Judged rich{test::rich_run(), {}, ""};
    rich.run.header.groups[2].name = "customers-of-the-northern-region-public-1";
    rich.verdicts = checks::judge(rich.run);
    const std::string text = terminal(rich, false);
    EXPECT_THAT(text, HasSubstr("customers-of-t…gion-public-1"));
    EXPECT_THAT(text, HasSubstr("lost"));
    EXPECT_THAT(text, HasSubstr("Not shown for want of room: unreached, alerts"));
    EXPECT_THAT(text, HasSubstr("Recovered: 6 by itself, 206 by an update, 4 by a reboot, 34 by "
                                "the repair kit, 92 by hand."));
    const size_t begin = text.find("  release group");
    const size_t end = text.find("\n\nWhat happened");
    ASSERT_LT(begin, end);
    for (size_t at = begin; at < end;) {
        const size_t stop = text.find('\n', at);
        EXPECT_LE(cells(text.substr(at, stop - at)), 100u) << text.substr(at, stop - at);
        at = stop + 1;
    }
}

TEST(TerminalReport, MarksWhatWasMeasuredElsewhere) {
    EXPECT_THAT(terminal({test::rich_run(), {}, ""}, false),
                HasSubstr("measured elsewhere at run: imported (measured elsewhere)"));
}

TEST(TerminalReport, CutsAFloodOfEntries) {
    Judged flood = judged();
    for (int i = 0; i < 10'000; ++i) {
        flood.run.timeline.push_back({{8'000 + i}, "harm", 1, 0, "again"});
    }
    const std::string text = terminal(flood, false);
    EXPECT_THAT(text, HasSubstr("rules-2 to engineering"));
    EXPECT_THAT(text, HasSubstr("and 9,802 more of kind harm, in the run file"));
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 230);
}

TEST(TerminalReport, PrintsTheMeasuredValueOfAFailure) {
    const std::string text = terminal(judged(4), false);
    EXPECT_THAT(text, HasSubstr("measured 5 of 1,000 (0.5 %), expected at most 4; first broken on "
                                "day 1 02:05"));
    EXPECT_THAT(text, HasSubstr("a.toml:9:1"));
    EXPECT_THAT(text, HasSubstr("Failed"));
}

TEST(TerminalReport, MarksAnInterruptedRun) {
    Judged cut = judged();
    cut.run.status = record::RunStatus::kInterrupted;
    cut.run.reached = {40000};
    cut.verdicts = checks::judge(cut.run);
    EXPECT_THAT(terminal(cut, false), HasSubstr("Interrupted on day 1 11:06"));
    EXPECT_EQ(status(cut), "interrupted");
}

TEST(TerminalReport, LetsNoControlCharactersThrough) {
    Judged evil = judged();
    evil.run.header.title = "\x1b]0;owned\x07";
    evil.run.header.groups[0].name = "a\x1b[2J";
    evil.run.assays[0].evidence = "\r\x1b[31m";
    evil.run.header.notes = "\x1b[1m";
    record::ModelScore score;
    score.program = score.where = score.model = score.version = score.refusal = "\x1b[5m";
    evil.run.assays[0].scores = {score};
    EXPECT_THAT(terminal(evil, false), Not(HasSubstr("\x1b")));
}

TEST(JsonReport, HasItsDocumentedFields) {
    const auto json = nlohmann::json::parse(report::json(judged()));
    EXPECT_EQ(json["status"], "passed");
    EXPECT_EQ(json["seed"], 42);
    EXPECT_EQ(json["fingerprint"], "0001-0002-0003-0004");
    EXPECT_EQ(json["wall_s"], 0.25);
    ASSERT_EQ(json["groups"].size(), 2u);
    EXPECT_EQ(json["groups"][1]["name"], "public-1");
    EXPECT_EQ(json["groups"][1]["endpoints"], 1000);
    EXPECT_EQ(json["groups"][1]["exposed"], 400);
    EXPECT_EQ(json["groups"][1]["affected"], 12);
    EXPECT_EQ(json["groups"][1]["refused"], 0);
    EXPECT_EQ(json["groups"][1]["alerts"], 0);
    EXPECT_EQ(json["groups"][1]["time_to_detect_s"], 900);
    EXPECT_TRUE(json["groups"][0]["time_to_halt_s"].is_null());
    ASSERT_EQ(json["expectations"].size(), 1u);
    EXPECT_EQ(json["expectations"][0]["passed"], true);
    EXPECT_EQ(json["expectations"][0]["measured"], 12);
    EXPECT_EQ(json["expectations"][0]["bound"], 12);
    EXPECT_EQ(json["expectations"][0]["text"], "affected in public-1: at most some, always");
    EXPECT_EQ(nlohmann::json::parse(report::json(judged(4)))["status"], "failed");
}

TEST(JsonReport, TellsHarmRecoveryAndTheTermsOfTheRun) {
    Judged rich{test::rich_run(), {}, ""};
    rich.verdicts = checks::judge(rich.run);
    const auto json = nlohmann::json::parse(report::json(rich));
    EXPECT_EQ(json["decision"]["go"], false);
    ASSERT_EQ(json["decision"]["reasons"].size(), 1u);
    EXPECT_EQ(json["total"]["affected"], 343);
    EXPECT_EQ(json["total"]["lost"], 92);
    EXPECT_EQ(json["total"]["lost_now"], 0);
    EXPECT_EQ(json["total"]["harmed"], 0);
    EXPECT_EQ(json["total"]["overshoot"], 490);
    EXPECT_EQ(json["total"]["unreached"], 980);
    EXPECT_EQ(json["total"]["infections"], 35);
    EXPECT_EQ(json["total"]["recovered"]["by_repair_kit"], 34);
    EXPECT_EQ(json["total"]["time_to_recover_s"], 66 * 3600);
    EXPECT_GT(json["total"]["protection_gap_h"], 60'000);
    EXPECT_EQ(json["groups"].size(), 5u);
    EXPECT_EQ(json["false_halts"], 1);
    EXPECT_EQ(json["harms"]["unbootable"], 92);
    EXPECT_FALSE(json["harms"].contains("boot_loop"));
    EXPECT_EQ(json["signals"]["crash_report"], 5);
    EXPECT_EQ(json["personas"][2]["name"], "till");
    EXPECT_EQ(json["worst_tenants"][0]["number"], 17);
    EXPECT_TRUE(json["worst_tenants"][1]["last_recovered_s"].is_null());
    EXPECT_EQ(json["stages"][0]["bake_s"], 4 * 3600);
    EXPECT_TRUE(json["stages"][4]["finds_per_h"].is_null());
    EXPECT_EQ(json["fault_domains"][0]["feeds"][0], "DatasetA");
    EXPECT_EQ(json["settings"][2]["key"], "halt.share");
    EXPECT_EQ(json["settings"][2]["given"], false);
    EXPECT_TRUE(nlohmann::json::parse(report::json({test::sample_run(), {}, ""}))["decision"]["go"]
                    .is_null());
}

TEST(TerminalReport, SetsLiveModelsAndThoseInTelemetrySideBySide) {
    const std::string text = terminal({test::rich_run(), {}, ""}, false);
    EXPECT_THAT(text, HasSubstr("Models, on programs that are not malicious\n"));
    using testing::ContainsRegex;
    EXPECT_THAT(text, ContainsRegex("\n  baseline +packed 1.0.0 +live +2 +0 +0.500 +0.188 +0.250 "
                                    "+0\n"));
    EXPECT_THAT(text, ContainsRegex("\n  rules-2 +packed 1.0.0 +live +3 +0 +0.500 +0.125 +0.250 "
                                    "+0\n  rules-2 +packed 1.1.0 +telemetry +2 +2 +0.500 +0.625 "
                                    "+0.750 +1\n"));
    EXPECT_THAT(text, HasSubstr("packed 1.1.0, telemetry of rules-2, gave no score: problem: a "
                                "score that is not 0 to 1"));
    EXPECT_THAT(terminal({test::sample_run(), {}, ""}, false), Not(HasSubstr("Models")));
}

TEST(JsonReport, SetsLiveModelsAndThoseInTelemetrySideBySide) {
    const auto json = nlohmann::json::parse(report::json({test::rich_run(), {}, ""}));
    ASSERT_EQ(json["models"].size(), 3u);
    const auto& baseline = json["models"][0];
    EXPECT_TRUE(baseline["release"].is_null());
    EXPECT_EQ(baseline["slot"], "live");
    EXPECT_EQ(baseline["programs_scored"], 2);
    EXPECT_EQ(baseline["mean"], 0.1875);
    EXPECT_TRUE(baseline["refusal"].is_null());
    EXPECT_EQ(json["models"][1]["slot"], "live");
    const auto& next = json["models"][2];
    EXPECT_EQ(next["release"], "rules-2");
    EXPECT_EQ(next["model"], "packed");
    EXPECT_EQ(next["version"], "1.1.0");
    EXPECT_EQ(next["slot"], "telemetry");
    EXPECT_EQ(next["threshold"], 0.5);
    EXPECT_EQ(next["at_threshold"], 2);
    EXPECT_EQ(next["highest"], 0.75);
    EXPECT_EQ(next["highest_in"], "C:\\Tools\\b.exe");
    EXPECT_EQ(next["no_score"], 1);
    EXPECT_EQ(next["refusal"], "problem: a score that is not 0 to 1");
    EXPECT_EQ(nlohmann::json::parse(report::json({test::sample_run(), {}, ""}))["models"].size(),
              0u);
}

TEST(JunitReport, CountsFailures) {
    const std::string xml = junit({judged(), judged(4)});
    EXPECT_THAT(xml, HasSubstr("<testsuite name=\"sample\" tests=\"2\" failures=\"0\""));
    EXPECT_THAT(xml, HasSubstr("<testsuite name=\"sample\" tests=\"2\" failures=\"1\""));
    EXPECT_THAT(xml, HasSubstr("<failure message=\"measured 5 of 1,000 (0.5 %), expected at most 4;"
                               " first broken on day 1 02:05; a.toml:9:1\"/>"));
}

TEST(JunitReport, EscapesWhatXmlCannotHold) {
    Judged evil = judged();
    evil.run.header.name = "<\"&>\x01";
    const std::string xml = junit({evil});
    EXPECT_THAT(xml, HasSubstr("&lt;&quot;&amp;&gt;\\x01"));
}

}  // namespace
}  // namespace firebreak::report
