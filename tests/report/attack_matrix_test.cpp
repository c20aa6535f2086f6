#include "report/attack_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "report/suite_report.h"
#include "report/text_table.h"
#include "report/well_formed.h"
#include "support/sample_run.h"

namespace firebreak::report {
namespace {

using record::Standing;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kDigest(96, 'a');

// In the sample run 12 of 1,000 are affected in group 1.
record::Expectation affected_at_most(double bound) {
    record::Expectation out = test::expectation_of(base::Metric::kAffected, 1);
    out.comparison = record::Comparison::kAtMost;
    out.bound = bound;
    out.text = "affected in public-1: at most " + std::to_string(static_cast<int>(bound));
    return out;
}

// A finished run in which something came of an attack, and something else may have been expected.
Judged attacked(const std::string& row, const std::string& profile, Standing standing,
                Standing expected) {
    Judged out{test::sample_run(), {}, "runs/" + row + "." + profile + ".run"};
    record::Header& header = out.run.header;
    header.attack = record::Attack{row,
                                   "Endpoints go back",
                                   profile,
                                   expected,
                                   {affected_at_most(standing == Standing::kHeld ? 12 : 0)},
                                   {affected_at_most(standing == Standing::kFell ? 11 : 20)}};
    record::Expectation expectation;
    expectation.attack = true;
    expectation.text = "the attack `" + row + "` under profile " + profile;
    expectation.place = "a.toml:9:1";
    header.expectations = {expectation};
    record::Assay& assay = out.run.assays.at(0);
    assay.stimulus = "poll of public-1; fault: replay";
    assay.stage = standing == Standing::kFell ? "never" : "verify";
    assay.category = standing == Standing::kFell ? "installed" : "too old";
    assay.code = "";
    assay.evidence = "digest: " + kDigest + "; of " + profile;
    out.verdicts = checks::judge(out.run);
    return out;
}

Judged attacked(const std::string& row, const std::string& profile, Standing standing) {
    return attacked(row, profile, standing, standing);
}

// One row for each standing, and one under a single profile.
std::vector<Judged> suite() {
    return {attacked("rollback", "published", Standing::kHeld),
            attacked("rollback", "hardened", Standing::kHeld),
            attacked("mirror", "hardened", Standing::kHeld),
            attacked("mirror", "published", Standing::kContained),
            attacked("freeze", "published", Standing::kFell),
            {test::sample_run(), {}, "runs/no-attack.run"}};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

std::string terminal_text(const std::vector<Judged>& runs, size_t columns = 0) {
    return attack_matrix_terminal(runs, false, columns);
}

// --- terminal

TEST(AttackMatrix, OnTheTerminalHasALineForEachAttackAndCountsThem) {
    EXPECT_THAT(terminal_text(suite()),
                HasSubstr("\n  attack    published                    hardened\n"
                          "  rollback  held                         held\n"
                          "  mirror    contained                    held\n"
                          "  freeze    fell                         –\n"
                          "  3 in all  1 held, 1 contained, 1 fell  2 held\n"));
}

TEST(AttackMatrix, OnTheTerminalTellsTheWholeEvidenceWhereThereIsRoom) {
    EXPECT_THAT(terminal_text(suite()), HasSubstr("  mirror\n"
                                                  "    published  too old (digest: " +
                                                  kDigest +
                                                  "; of published)\n"
                                                  "    hardened   too old (digest: " +
                                                  kDigest + "; of hardened)\n"));
}

TEST(AttackMatrix, OnANarrowTerminalShortensDigestsFirstAndThenLeavesOutTheEnd) {
    const std::string shortened = terminal_text(suite(), 60);
    EXPECT_THAT(shortened, HasSubstr("    published  too old (digest: aaaaaaaa…; of published)\n"));
    const std::string cut = terminal_text(suite(), 44);
    EXPECT_THAT(cut, HasSubstr("    published  too old (digest: aaaaaaaa…;…\n"));
    const size_t evidence = cut.find("met\n");
    ASSERT_NE(evidence, std::string::npos);
    for (const std::string& line : lines_of(cut.substr(evidence))) {
        EXPECT_LE(cells(line), 44u) << line;
    }
}

TEST(AttackMatrix, SaysWhatElseWasExpected) {
    const std::vector<Judged> runs = {
        attacked("rollback", "hardened", Standing::kFell, Standing::kHeld)};
    EXPECT_THAT(terminal_text(runs), HasSubstr("  rollback  fell (expected held)\n"));
    EXPECT_THAT(attack_matrix_terminal(runs, true, 0),
                HasSubstr("\x1b[1;31mfell (expected held)\x1b[0m"));
    EXPECT_THAT(
        visible_text(suite_html(runs)),
        AllOf(HasSubstr("✗ fell expected: held"), HasSubstr("✗ Not passed"),
              HasSubstr("0 of 1 run did what the scenarios expect."), HasSubstr("1 failed.")));
}

TEST(AttackMatrix, LeavesOpenWhatWasInterrupted) {
    Judged cut = attacked("rollback", "hardened", Standing::kHeld);
    cut.run.status = record::RunStatus::kInterrupted;
    cut.verdicts = checks::judge(cut.run);
    EXPECT_THAT(terminal_text({cut}),
                AllOf(HasSubstr("open (expected held)"), HasSubstr("1 in all  1 open\n")));
    const std::string page = suite_html({cut});
    EXPECT_EQ(xml_fault(page), "");
    EXPECT_THAT(visible_text(page),
                AllOf(HasSubstr("? open expected: held"), HasSubstr("1 interrupted.")));
}

TEST(AttackMatrix, OfARunStandsInItsReportOnTheTerminal) {
    EXPECT_THAT(terminal(attacked("mirror", "published", Standing::kContained), false),
                HasSubstr("\nThe attack\n"
                          "  mirror under profile published: contained\n"
                          "    wanted: Endpoints go back\n"
                          "    an endpoint met: too old (digest: " +
                          kDigest + "; of published)\n"));
}

TEST(AttackMatrix, KeepsBothOfTwoRowsWithOneName) {
    const std::vector<Judged> runs = {attacked("rollback", "hardened", Standing::kHeld),
                                      attacked("rollback", "hardened", Standing::kFell)};
    EXPECT_THAT(terminal_text(runs), HasSubstr("  rollback  held\n"
                                               "  rollback  fell\n"
                                               "  2 in all  1 held, 1 fell\n"));
}

TEST(AttackMatrix, IsNotThereWithoutAnAttack) {
    const std::vector<Judged> runs = {{test::sample_run(), {}, "runs/sample-1.run"}};
    EXPECT_THAT(terminal_text(runs), IsEmpty());
    EXPECT_THAT(attack_matrix_section(runs), IsEmpty());
    EXPECT_THAT(attack_section(runs.front()), IsEmpty());
    const std::string page = suite_html(runs);
    EXPECT_EQ(xml_fault(page), "");
    EXPECT_THAT(page, AllOf(HasSubstr("1 of 1 run did"), Not(HasSubstr("#attacks"))));
}

// --- HTML

TEST(AttackMatrix, InHtmlShowsEveryStandingWithASignAndAWord) {
    const std::string page = suite_html(suite());
    EXPECT_EQ(xml_fault(page), "");
    EXPECT_THAT(visible_text(page),
                AllOf(HasSubstr("✓ held"), HasSubstr("◐ contained"), HasSubstr("✗ fell"),
                      HasSubstr("published: of 3 attacks 1 held, 1 contained, 1 fell."),
                      HasSubstr("hardened: of 3 attacks 2 held."), HasSubstr("Fell: neither."),
                      HasSubstr("6 of 6 runs did")));
    EXPECT_THAT(page, Not(HasSubstr("expected: ")));
}

TEST(AttackMatrix, InHtmlLeadsFromEachAttackToItsConditionsAndEvidence) {
    const std::string page = suite_html(suite());
    for (const char* n : {"1", "2", "3"}) {
        EXPECT_THAT(page, AllOf(HasSubstr(std::string("href=\"#attack-") + n + "\""),
                                HasSubstr(std::string("id=\"attack-") + n + "\"")));
    }
    EXPECT_THAT(visible_text(page),
                AllOf(HasSubstr("✗ affected in public-1: at most 0 – measured 12 of 1,000 (1.2 %)"),
                      HasSubstr("✓ affected in public-1: at most 20 – measured 12 of 1,000"),
                      HasSubstr("too old (digest: " + kDigest + "; of hardened)")));
}

TEST(AttackMatrix, InHtmlTellsTheRunsOfOneScenarioApart) {
    const std::string page = suite_html(suite());
    EXPECT_THAT(page, AllOf(HasSubstr("<span class=\"mark\">published</span>"),
                            HasSubstr("<span class=\"mark\">hardened</span>"),
                            HasSubstr("runs/mirror.hardened.run")));
}

TEST(AttackMatrix, InTheReportOfARunShowsItsOwnAttackAlone) {
    const std::string page = html(attacked("mirror", "published", Standing::kContained));
    EXPECT_EQ(xml_fault(page), "");
    const std::string text = visible_text(page);
    EXPECT_THAT(text, AllOf(HasSubstr("profile published ◐ contained"),
                            HasSubstr("mirror: Endpoints go back"), HasSubstr("✓ met")));
    EXPECT_THAT(text, Not(HasSubstr("1 in all")));
    EXPECT_THAT(text, Not(HasSubstr("Point of no return"))) << "an attack has none";
}

TEST(AttackMatrix, EscapesWhatComesFromOutside) {
    const std::string evil = "<script>\x1b[2J&\"'\xff\xe2\x80\xae</td>";
    Judged hostile = attacked("rollback", "hardened", Standing::kContained, Standing::kHeld);
    record::Attack& attack = *hostile.run.header.attack;
    attack.row = attack.aim = attack.profile = evil;
    attack.held.front().text = attack.contained.front().text = evil;
    hostile.run.header.name = hostile.run.header.title = hostile.run_file = evil;
    hostile.run.header.expectations.front().text = evil;
    hostile.run.assays.front().evidence = hostile.run.assays.front().category = evil;
    for (const std::string& page : {suite_html({hostile}), html(hostile)}) {
        EXPECT_EQ(xml_fault(page), "");
        EXPECT_THAT(page, Not(HasSubstr("<script>\\x1b")));
        EXPECT_THAT(page, HasSubstr("&lt;script&gt;\\x1b[2J&amp;"));
    }
    EXPECT_THAT(terminal(hostile, false), Not(HasSubstr("\x1b")));
    for (const size_t columns : {0u, 40u}) {
        EXPECT_THAT(terminal_text({hostile}, columns), Not(HasSubstr("\x1b")));
    }
    EXPECT_EQ(nlohmann::json::parse(json(hostile))["attack"]["verdict"], "contained");
    EXPECT_EQ(xml_fault(junit({hostile}).substr(std::string("<?xml version=\"1.0\" "
                                                            "encoding=\"UTF-8\"?>\n")
                                                    .size())),
              "");
}

// --- JSON and JUnit

TEST(AttackMatrix, InJsonHasItsDocumentedFieldsAndTheWholeEvidence) {
    const auto parsed =
        nlohmann::json::parse(json(attacked("mirror", "published", Standing::kContained)));
    const auto& attack = parsed["attack"];
    EXPECT_EQ(attack.size(), 7u);
    EXPECT_EQ(attack["row"], "mirror");
    EXPECT_EQ(attack["aim"], "Endpoints go back");
    EXPECT_EQ(attack["profile"], "published");
    EXPECT_EQ(attack["verdict"], "contained");
    EXPECT_EQ(attack["expected"], "contained");
    EXPECT_EQ(attack["why"], "affected in public-1: at most 20 (measured 12 of 1,000 (1.2 %))");
    EXPECT_EQ(attack["evidence"], "too old (digest: " + kDigest + "; of published)");
    EXPECT_EQ(parsed["status"], "passed");
    EXPECT_EQ(parsed["expectations"][0]["passed"], true);
    EXPECT_TRUE(parsed["expectations"][0]["bound"].is_null());
    EXPECT_TRUE(parsed["expectations"][0]["measured"].is_null());
}

TEST(AttackMatrix, InJsonTellsWhatWasNotExpectedAndWhatIsOpen) {
    Judged run = attacked("mirror", "hardened", Standing::kFell, Standing::kHeld);
    auto parsed = nlohmann::json::parse(json(run));
    EXPECT_EQ(parsed["attack"]["verdict"], "fell");
    EXPECT_EQ(parsed["attack"]["expected"], "held");
    EXPECT_EQ(parsed["status"], "failed");
    run.run.status = record::RunStatus::kInterrupted;
    parsed = nlohmann::json::parse(json(run));
    EXPECT_TRUE(parsed["attack"]["verdict"].is_null());
    run.run.header.attack.reset();
    EXPECT_TRUE(nlohmann::json::parse(json(run))["attack"].is_null());
}

TEST(AttackMatrix, InJunitHasATestSuiteForEachProfile) {
    const std::string xml = junit(suite());
    EXPECT_THAT(xml, AllOf(HasSubstr("<testsuite name=\"sample (published)\""),
                           HasSubstr("<testsuite name=\"sample (hardened)\""),
                           HasSubstr("<testcase classname=\"sample (hardened)\""),
                           HasSubstr("<testsuite name=\"sample\"")));
}

}  // namespace
}  // namespace firebreak::report
