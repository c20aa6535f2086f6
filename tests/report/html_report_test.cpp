#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "base/digest.h"
#include "report/markup.h"
#include "report/reports.h"
#include "report/well_formed.h"
#include "support/sample_run.h"

namespace firebreak::report {
namespace {

Judged judged(record::Run run) {
    Judged out{std::move(run), {}, "runs/sample-1.run"};
    out.verdicts = checks::judge(out.run);
    return out;
}

std::string page(record::Run run) {
    return html(judged(std::move(run)));
}

// In place of a matcher, which would print the whole page.
testing::AssertionResult has(const std::string& text, const std::string& part) {
    return (text.find(part) != std::string::npos ? testing::AssertionSuccess()
                                                 : testing::AssertionFailure())
           << "`" << part << "`";
}

size_t count(const std::string& text, const std::string& what) {
    size_t n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++n;
    }
    return n;
}

// Every text of a run that comes from outside.
void for_each_text(record::Run& run, const std::function<void(std::string&)>& act) {
    record::Header& header = run.header;
    for (std::string* text : {&header.name, &header.title, &header.description, &header.scenario,
                              &header.version, &header.notes, &run.summary.fingerprint}) {
        act(*text);
    }
    for (record::Group& row : header.groups) {
        act(row.name);
    }
    for (record::Release& row : header.releases) {
        for (std::string* text : {&row.name, &row.feed, &row.version, &row.manifest}) {
            act(*text);
        }
    }
    for (record::Persona& row : header.personas) {
        act(row.name);
    }
    for (record::Setting& row : header.settings) {
        for (std::string* text : {&row.key, &row.value, &row.source}) {
            act(*text);
        }
    }
    for (record::Stage& row : header.stages) {
        act(row.name);
        act(row.checks);
        std::for_each(row.first_seen_here.begin(), row.first_seen_here.end(), act);
    }
    for (record::FaultDomain& row : header.fault_domains) {
        act(row.process);
        act(row.exits);
        std::for_each(row.feeds.begin(), row.feeds.end(), act);
    }
    for (record::Expectation& row : header.expectations) {
        act(row.text);
        act(row.place);
    }
    for (record::TimelineEntry& row : run.timeline) {
        act(row.text);
    }
    for (record::Assay& row : run.assays) {
        for (std::string* text : {&row.stimulus, &row.category, &row.code, &row.evidence}) {
            act(*text);
        }
        for (record::ModelScore& score : row.scores) {
            for (std::string* text :
                 {&score.program, &score.where, &score.model, &score.version, &score.refusal}) {
                act(*text);
            }
        }
    }
}

TEST(HtmlReport, SaysGoOrNoGoFirst) {
    const std::string bad = page(test::rich_run());
    EXPECT_TRUE(has(bad, "<div class=\"call\">✗ No-go</div>"));
    EXPECT_TRUE(has(bad,
                    "<p class=\"headline\">343 of 90,000 endpoints affected, in 2 of 5 "
                    "groups; halted after 9 h. 92 machines lost; all recovered after "
                    "2 d 18 h; 35 endpoints infected; 1 false halt.</p>"));
    record::Run good = test::rich_run();
    good.header.expectations.pop_back();
    good.header.expectations[0].bound = 0.01;
    for (int32_t release = 0; release < 3; ++release) {
        good.series.erase({base::Metric::kHalted, record::kAll, release});
    }
    EXPECT_TRUE(has(page(good), "<div class=\"call\">✓ Go</div>"));
    good.header.expectations.clear();
    EXPECT_TRUE(has(page(good), "<div class=\"call\">? No verdict</div>"));
    EXPECT_LT(bad.find("No-go"), bad.find("<h2>"));
}

TEST(HtmlReport, TellsEverythingThatARunHolds) {
    const std::string text = visible_text(page(test::rich_run()));
    for (const char* part :
         {"engineering certification: loads, scans every fixture, no failure",  // stages
          "till, e1d68x64.sys 12.19.2.45",
          "1 in 5,880 h",
          "nothing is found in time",
          "bakes 20 h",
          "protection service (SSPService)",
          "boot loop, ended by hand",  // fault domains
          "Adoption: endpoints that run each release",
          "rules-3",
          "Per release group",
          "Nothing happened in public-3.",
          "The halt reached half of the fleet on day 2",
          "Protection gap, in endpoint-hours",
          "10 reports: the least for the threshold",
          "halt.share = 0.1%",
          "false positive report",  // signals
          "day 2 08:20",
          "threshold: 12 reports from the public",
          "rule: Loader_Generic; file: C:\\Windows\\System32\\drivers\\e1d68x64.sys",
          "measured elsewhere",  // evidence
          "unbootable machine lost",
          "by the repair kit",  // harm
          "17 in public-1",
          "developer",  // who was hit
          "set by the scenario",
          "published: TELEMSUP",                                // settings
          "firebreak run rare-trigger-escapes.toml --seed 42",  // reproduce
          "firebreak replay runs/sample-1.run",
          "53de-64a7-0c1b-9e2f",
          "sandbox: namespaces, seccomp, Landlock, limits",
          "schema = 1",
          "Point of no return of “affected: at most 0.1 %, always”"}) {
        EXPECT_TRUE(has(text, part));
    }
    EXPECT_TRUE(has(page(test::rich_run()),
                    "<span class=\"mark assumed\">assumed</span>: minutes to hours"));
}

TEST(HtmlReport, SetsLiveModelsAndThoseInTelemetrySideBySide) {
    record::Run run = test::rich_run();
    const std::string text = visible_text(page(run));
    const auto row = [](const std::vector<std::string>& cells) {  // no blank between cells there
        return std::accumulate(cells.begin(), cells.end(), std::string());
    };
    const std::string live = row({"rules-2", "packed 1.0.0", "live", "3", "0.500", "0", "0.125",
                                  "0.250", "C:\\Tools\\a.exe", "0"});
    const std::string next = row({"rules-2", "packed 1.1.0", "telemetry", "2", "0.500", "2 (100 %)",
                                  "0.625", "0.750", "C:\\Tools\\b.exe", "1"});
    EXPECT_TRUE(has(text, live + "\n" + next));
    EXPECT_TRUE(has(text,
                    "packed 1.1.0, telemetry, gave no score: problem: a score that is not 0 "
                    "to 1."));
    EXPECT_FALSE(has(page(test::sample_run()), "id=\"models\""));
    run.assays[0].scores.clear();
    run.header.releases[1].feed = "MLModels";
    EXPECT_TRUE(has(visible_text(page(run)), "No program was scored by models of rules-2"));
}

TEST(HtmlReport, SaysWhatAReplayNeedsBesideTheRunFile) {
    record::Run run = test::rich_run();
    EXPECT_TRUE(has(visible_text(page(run)),
                    "A replay needs the run file, and the fixtures of Firebreak."));
    run.header.scenario =
        "schema = 1\nkeys = \"./ca\"\n"
        "[[baseline]]\nsource = \"good/DatasetA/2026-03-01\"\n"
        "[[release]]\nsource = \"./rules/<new>\"\n[[release]]\nsource = \"./rules/<new>\"\n"
        "[[campaign]]\nsample = '../wave.txt'\n";
    EXPECT_TRUE(has(visible_text(page(run)),
                    "and beside the run file what the scenario has beside itself: ./ca, "
                    "./rules/<new>, ../wave.txt."));
}

TEST(HtmlReport, FlagsReleasesPromotionsHaltsAndFixes) {
    const std::string text = page(test::rich_run());
    for (const char* letter :
         {"flag-R", "flag-P", "flag-H", "flag-X", "flag-W", "flag-A", "flag-C"}) {
        EXPECT_TRUE(has(text, letter));
    }
    EXPECT_FALSE(has(text, "flag-F")) << "there is no fault in this run";
    EXPECT_TRUE(has(text, "<title>day 2 09:00: rules-2: threshold in public groups</title>"));
}

TEST(HtmlReport, IsWellFormedWhateverTheRun) {
    EXPECT_EQ(xml_fault(page(test::rich_run())), "");
    EXPECT_EQ(xml_fault(page(test::sample_run())), "");
    EXPECT_EQ(xml_fault(page(test::RichRun(18, 45).take())), "");
}

TEST(HtmlReport, OfARunInWhichNothingHappenedSaysSo) {
    record::Run run;
    run.header.title = "Nothing";
    run.header.duration = base::days(2);
    run.header.groups = {{"engineering", "engineering", 60, 1}};
    run.status = record::RunStatus::kFinished;
    run.reached = {2 * 86400};
    const std::string text = page(run);
    EXPECT_EQ(xml_fault(text), "");
    EXPECT_TRUE(has(text, "No endpoint of 60 affected"));
    EXPECT_TRUE(has(text, "No release reached an endpoint in this run."));
    EXPECT_TRUE(has(text, "No signal reached the vendor in this run."));
    EXPECT_TRUE(has(text, "No component failed in this run."));
    EXPECT_TRUE(has(text, "Nothing happened in this run."));
    EXPECT_FALSE(has(text, "<svg class=\"chart")) << "no empty charts";
    EXPECT_EQ(xml_fault(page(record::Run{})), "") << "not even a header";
}

TEST(HtmlReport, OfAnInterruptedRunEndsWhereItGot) {
    const record::Run run = test::interrupted(test::rich_run(), {26 * 3600});
    const std::string text = page(run);
    EXPECT_EQ(xml_fault(text), "");
    EXPECT_TRUE(has(text, "No verdict"));
    EXPECT_TRUE(has(text, "The run was interrupted on day 2 02:00 of 7 d."));
    EXPECT_FALSE(has(text, "firebreak replay")) << "it cannot be replayed";
    EXPECT_TRUE(has(text, "data-t=\"0 93600\""));
    EXPECT_FALSE(has(text, "data-t=\"0 604800\""));
}

TEST(HtmlReport, LoadsNothingAndRunsOnlyItsOwnScript) {
    const std::string text = page(test::rich_run());
    EXPECT_FALSE(has(text, "src="));
    EXPECT_FALSE(has(text, "url("));
    EXPECT_FALSE(has(text, "@import"));
    EXPECT_TRUE(has(text, "default-src 'none'"));
    EXPECT_EQ(count(text, "<script>"), 1u);
    EXPECT_EQ(count(text, "href=\""), count(text, "href=\"#")) << "links stay within the page";
    const size_t begin = text.find("<script>") + 8;
    const std::string script = text.substr(begin, text.find("</script>") - begin);
    // The policy names the script by its digest; base64 of 48 bytes has 64 digits and no padding.
    const size_t named = text.find("'sha384-") + 8;
    std::string bits;
    for (const char c : text.substr(named, 64)) {
        const size_t digit =
            std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
                .find(c);
        ASSERT_NE(digit, std::string_view::npos);
        for (int bit = 5; bit >= 0; --bit) {
            bits += (digit >> bit & 1) != 0 ? '1' : '0';
        }
    }
    const base::Digest digest = base::sha384(base::view_of(script));
    std::string expected;
    for (const uint8_t byte : digest.bytes) {
        for (int bit = 7; bit >= 0; --bit) {
            expected += (byte >> bit & 1) != 0 ? '1' : '0';
        }
    }
    EXPECT_EQ(bits, expected);
}

TEST(HtmlReport, EscapesEveryTextFromOutside) {
    record::Run run = test::rich_run();
    int n = 0;
    for_each_text(run, [&](std::string& text) {
        text = "<script>alert(" + std::to_string(n++) + ")</script>\"'&\x01\xff]]>";
    });
    EXPECT_GT(n, 80);
    const std::string text = page(run);
    EXPECT_EQ(xml_fault(text), "");
    EXPECT_FALSE(has(text, "<script>alert"));
    EXPECT_TRUE(has(text, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x01\\xff"));
}

RC_GTEST_PROP(HtmlReport, IsWellFormedWithAnyNames, (const std::vector<std::string>& names)) {
    static const record::Run kRun = test::sample_run();
    record::Run run = kRun;
    size_t n = 0;
    for_each_text(run, [&](std::string& text) {
        text = names.empty() ? "" : names[n++ % names.size()] + "\xef\xbf\xbe<&\"";
    });
    RC_ASSERT(xml_fault(page(run)) == "");
}

TEST(HtmlReport, SaysHowManyEntriesItLeavesOut) {
    record::Run run = test::rich_run();
    for (int i = 0; i < 10'000; ++i) {
        run.timeline.push_back({{400'000 + i}, "alarm", 2, 1, "again"});
    }
    const std::string text = page(run);
    EXPECT_TRUE(has(text, "9,714 more of kind alarm"));
    EXPECT_TRUE(has(text, "rules-2: threshold in public groups"));
    EXPECT_LT(text.size(), 400'000u);
}

TEST(HtmlReport, StaysSmallAtFullSize) {
    record::Run run = test::RichRun(18, 5).take();
    EXPECT_GT(run.header.groups.size(), 19u);
    EXPECT_LT(page(run).size(), 1'000'000u);
}

TEST(Escape, RunsLinesOfProseTogether) {
    EXPECT_EQ(escape_prose("  one\n two\t three <\r\n"), "one two three &lt; ");
}

TEST(Escape, ShowsWhatXmlCannotHoldAndWhatTurnsTheDirectionOfWriting) {
    EXPECT_EQ(escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
    EXPECT_EQ(escape("\x1b\xff"), "\\x1b\\xff");
    EXPECT_EQ(escape("\xef\xbf\xbe\xef\xbf\xbf"), "\\ufffe\\uffff");
    EXPECT_EQ(escape("exe\xe2\x80\xaegpj"), "exe\\u202egpj");
    EXPECT_EQ(escape("Grüße, 漢字"), "Grüße, 漢字");
}

TEST(XmlFault, FindsWhatIsWrong) {
    EXPECT_EQ(xml_fault("<a b=\"1\"><c /></a>"), "");
    for (const char* bad :
         {"<a>", "<a></b>", "<a/><b/>", "<a b=1></a>", "<a b=\"1\" b=\"2\"></a>", "<a>&nbsp;</a>",
          "<a>\x01</a>", "<a>\xff</a>", "<a b=\"<\"></a>", "<a><br></a>", "<a>\xef\xbf\xbe</a>"}) {
        EXPECT_NE(xml_fault(bad), "") << bad;
    }
}

}  // namespace
}  // namespace firebreak::report
