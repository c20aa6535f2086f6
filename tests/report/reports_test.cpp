#include "report/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/sample_run.h"

namespace firebreak::report {
namespace {

using record::Comparison;
using record::Moment;
using testing::HasSubstr;
using testing::Not;

Judged judged(double bound = 12) {
    Judged out{test::sample_run(), {}, "runs/sample-1.run"};
    out.run.header.expectations = {{base::Metric::kAffected,
                                    1,
                                    record::kAll,
                                    Comparison::kAtMost,
                                    bound,
                                    false,
                                    Moment::kAlways,
                                    {},
                                    "affected in public-1: at most some, always",
                                    "a.toml:9:1"}};
    out.verdicts = checks::judge(out.run);
    return out;
}

TEST(TerminalReport, ShowsTheContainmentTable) {
    const std::string text = terminal(judged(), false);
    EXPECT_THAT(text, HasSubstr("12 of 1,060 endpoints affected"));
    EXPECT_THAT(text, HasSubstr("release group   endpoints   exposed   affected   refused   alerts"
                                "   time to detect   time to halt"));
    EXPECT_THAT(text, HasSubstr("public-1            1,000       400         12         0        0"
                                "           15 min         59 min"));
    EXPECT_THAT(text, HasSubstr("runs/sample-1.run"));
    EXPECT_THAT(text, HasSubstr("0.25 s"));
    EXPECT_THAT(text, HasSubstr("Passed"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(terminal(judged(), true), HasSubstr("\x1b["));
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
