// What a valid scenario becomes.
#include <gtest/gtest.h>

#include "scenario/examples.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

using base::days;
using base::hours;
using base::minutes;
using base::SimTime;

class EveryKey : public testing::Test {
  protected:
    void SetUp() override { ASSERT_OK_AND(experiment_, parse(kEveryKey, kFile)); }
    Experiment experiment_;
};

TEST_F(EveryKey, DescribesTheRun) {
    EXPECT_EQ(experiment_.file, kFile);
    EXPECT_EQ(experiment_.name, "every-key");
    EXPECT_EQ(experiment_.title, "Every key");
    EXPECT_EQ(experiment_.description, "Two\nlines.");
    EXPECT_EQ(experiment_.tags, (std::vector<std::string>{"fast", "rules"}));
    EXPECT_EQ(experiment_.seed, 42u);
    EXPECT_EQ(base::to_text(experiment_.start), "2026-03-02T00:00:00Z");
    EXPECT_EQ(experiment_.duration, days(7));
    EXPECT_EQ(experiment_.fingerprint, "53de-64a7-0c1b-9e2f");
}

TEST_F(EveryKey, DescribesTheFleet) {
    ASSERT_EQ(experiment_.groups.size(), 4u);
    const Group& engineering = experiment_.groups[0];
    EXPECT_EQ(engineering.name, "engineering");
    EXPECT_EQ(engineering.stage, GroupStage::kEngineering);
    EXPECT_EQ(engineering.endpoints, 60u);
    EXPECT_EQ(engineering.tenants, 2u);
    EXPECT_EQ(engineering.personas,
              (std::map<std::string, double>{{"developer", 3}, {"server", 1.5}}));
    EXPECT_EQ(engineering.place, "scenarios/every-key.toml:10:1");
    EXPECT_EQ(experiment_.groups[1].stage, GroupStage::kInternal);
    EXPECT_EQ(experiment_.groups[1].tenants, 1u);
    EXPECT_EQ(experiment_.groups[3].stage, GroupStage::kPublic);
    EXPECT_EQ(experiment_.groups[3].endpoints, 60'000u);
}

TEST_F(EveryKey, SetsThePolicy) {
    const Policy& policy = experiment_.policy;
    EXPECT_FALSE(policy.gates);
    EXPECT_EQ(policy.public_interval, hours(12));
    EXPECT_EQ(policy.cdn_ttl, minutes(0));
    EXPECT_EQ(policy.alert_delay, minutes(10));
    EXPECT_EQ(policy.crash_report_delay, hours(1));
    EXPECT_DOUBLE_EQ(policy.halt_share, 0.0025);
    EXPECT_EQ(policy.halt_reports, 20u);
    EXPECT_FALSE(policy.halt_on_alerts);
}

TEST_F(EveryKey, SortsReleasesByTimeAndNamesVersionsForIds) {
    ASSERT_EQ(experiment_.baseline.size(), 1u);
    EXPECT_EQ(experiment_.baseline[0].feed, content::Feed::kDatasetA);
    EXPECT_EQ(experiment_.baseline[0].version, "2026.03.01");
    EXPECT_EQ(experiment_.baseline[0].source, "good/DatasetA/2026-03-01");
    ASSERT_EQ(experiment_.releases.size(), 2u);
    const Release& first = experiment_.releases[0];
    EXPECT_EQ(first.id, "rules-2");
    EXPECT_EQ(first.version, "rules-2");
    EXPECT_EQ(first.at, SimTime{7200});
    EXPECT_EQ(first.kind, ReleaseKind::kUpdate);
    EXPECT_FALSE(first.expedited);
    const Release& last = experiment_.releases[1];
    EXPECT_EQ(last.id, "late");
    EXPECT_EQ(last.version, "2026.03.03");
    EXPECT_EQ(last.source, "./late");
    EXPECT_EQ(last.kind, ReleaseKind::kFix);
    EXPECT_TRUE(last.expedited);
}

TEST_F(EveryKey, SortsActsByTime) {
    ASSERT_EQ(experiment_.acts.size(), 3u);
    EXPECT_EQ(experiment_.acts[0].kind, ActKind::kPromoteToInternal);
    EXPECT_EQ(experiment_.acts[0].at, SimTime{} + hours(6));
    EXPECT_EQ(experiment_.acts[1].kind, ActKind::kPromoteToPublic);
    EXPECT_EQ(experiment_.acts[2].kind, ActKind::kHalt);
    EXPECT_EQ(experiment_.acts[2].release, "rules-2");
}

TEST_F(EveryKey, DescribesFaults) {
    ASSERT_EQ(experiment_.faults.size(), 2u);
    const Fault& flip = experiment_.faults[0];
    EXPECT_EQ(flip.kind, FaultKind::kBitFlip);
    EXPECT_EQ(flip.target, FaultTarget::kPackage);
    EXPECT_EQ(flip.groups, (std::vector<std::string>{"public-1", "public-2"}));
    EXPECT_DOUBLE_EQ(flip.share, 0.05);
    EXPECT_EQ(flip.variants, 16u);
    EXPECT_EQ(flip.from, SimTime{} + hours(1));
    EXPECT_EQ(flip.until, SimTime{} + days(5));
    const Fault& replay = experiment_.faults[1];
    EXPECT_EQ(replay.kind, FaultKind::kReplay);
    EXPECT_EQ(replay.replayed, "baseline");
    EXPECT_TRUE(replay.groups.empty());
    EXPECT_EQ(replay.share, 1);
    EXPECT_EQ(replay.from, SimTime{});
    EXPECT_EQ(replay.until, SimTime{} + days(7));
}

TEST_F(EveryKey, PutsExpectationsIntoSentences) {
    ASSERT_EQ(experiment_.expectations.size(), 4u);
    const auto& expectations = experiment_.expectations;
    EXPECT_EQ(expectations[0].text, "affected in public-2: at most 0, always");
    EXPECT_EQ(expectations[1].text, "running of rules-2: at least 12.5%, at 1d 12h");
    EXPECT_EQ(expectations[2].text, "time_to_halt: at most 2h 30s, eventually");
    EXPECT_EQ(expectations[3].text, "halted of late: exactly 1, at the end");
    EXPECT_EQ(expectations[0].group, "public-2");
    EXPECT_EQ(expectations[0].when, When::kAlways);
    EXPECT_EQ(expectations[0].comparison, Comparison::kAtMost);
    EXPECT_TRUE(expectations[1].is_share);
    EXPECT_DOUBLE_EQ(expectations[1].bound, 0.125);
    EXPECT_EQ(expectations[1].at, SimTime{} + hours(36));
    EXPECT_EQ(expectations[2].bound, 7230);
    EXPECT_EQ(expectations[2].release, std::nullopt);
    EXPECT_EQ(expectations[3].release, "late");
}

constexpr std::string_view kShortest = R"(schema = 1
title = "Shortest"
start = 2026-03-02T00:00:00Z
duration = "1d"
[[group]]
name = "all"
stage = "public"
endpoints = 1
personas = { server = 1 }
)";

TEST(Shortest, HasTheDocumentedDefaults) {
    ASSERT_OK_AND(const Experiment experiment, parse(kShortest, kFile));
    EXPECT_EQ(experiment.seed, 1u);
    EXPECT_EQ(experiment.description, "");
    EXPECT_EQ(experiment.policy, Policy{});
    EXPECT_EQ(experiment.groups[0].tenants, 1u);
    EXPECT_TRUE(experiment.tags.empty());
    EXPECT_TRUE(experiment.baseline.empty() && experiment.releases.empty());
    EXPECT_TRUE(experiment.acts.empty() && experiment.faults.empty());
    EXPECT_TRUE(experiment.expectations.empty());
    EXPECT_EQ(experiment.fingerprint, std::nullopt);
}

// Parsing the resolved text changes nothing, and resolves to itself.
void expect_round_trip(std::string_view text) {
    ASSERT_OK_AND(const Experiment first, parse(text, kFile));
    ASSERT_OK_AND(const Experiment second, parse(first.toml, kFile));
    EXPECT_EQ(without_places(first), without_places(second));
    EXPECT_EQ(first.toml, second.toml);
}

TEST(ResolvedText, ParsesToAnEqualExperiment) {
    expect_round_trip(kEveryKey);
    expect_round_trip(kShortest);
    expect_round_trip(changed(kEveryKey, "Two\\nlines.",
                              "\\n'''\\r\\n\\\"\\\"\\\"\\t\\u001b\\\\ Grüße 🔥\\u2028"));
    expect_round_trip(changed(kEveryKey, "developer = 3", "developer = 0.1"));
    expect_round_trip(changed(kEveryKey, "share = \"5%\"", "share = 0.30000000000000004"));
    expect_round_trip(changed(kEveryKey, "seed = 42", "seed = 9223372036854775807"));
    expect_round_trip(changed(kEveryKey, "seed = 42", "seed = 0xff_ff"));
    expect_round_trip(changed(kEveryKey, "00:00:00Z", "00:00:00+00:00"));
    expect_round_trip(changed(kEveryKey,
                              "halt = { share = \"0.25%\", reports = 20, on_alerts = "
                              "false }",
                              "halt.reports = 3"));
}

TEST(ResolvedText, KeepsTheNumberOfEntriesOfListsThatAreLong) {
    std::string text(kShortest);
    for (int i = 0; i < 300; ++i) {
        text += "[[release]]\nid = \"r" + std::to_string(i) +
                "\"\nfeed = \"ESH\"\nsource = \"good/x\"\nat = \"" + std::to_string(i) + "m\"\n";
    }
    expect_round_trip(text);
}

TEST(Releases, AtTheSameTimeStayInTheOrderOfTheFile) {
    std::string text(kShortest);
    for (const char* id : {"c", "a", "b"}) {
        text += std::string("[[release]]\nid = \"") + id +
                "\"\nfeed = \"ESH\"\nsource = \"good/x\"\nat = \"1h\"\n";
    }
    ASSERT_OK_AND(const Experiment experiment, parse(text, kFile));
    EXPECT_EQ(experiment.releases[0].id + experiment.releases[1].id + experiment.releases[2].id,
              "cab");
}

TEST(Feeds, AllParse) {
    for (const content::FeedInfo& info : content::catalogue()) {
        std::string text(kShortest);
        text += "[[baseline]]\nversion = \"1\"\nsource = \"good/x\"\nfeed = \"" +
                std::string(info.name) + "\"\n";
        ASSERT_OK_AND(const Experiment experiment, parse(text, kFile));
        EXPECT_EQ(experiment.baseline[0].feed, info.feed);
    }
}

TEST(Promotions, SkipStagesThatHaveNoGroup) {
    std::string text(kShortest);
    text +=
        "[[release]]\nid = \"r\"\nfeed = \"ESH\"\nsource = \"good/x\"\nat = \"1h\"\n"
        "[[act]]\nat = \"1h\"\npromote = \"r\"\nto = \"public\"\n";
    ASSERT_OK(parse(text, kFile));
}

TEST(Metrics, AllCanBeExpected) {
    for (const base::MetricInfo& info : base::metrics()) {
        const char* bound = info.unit == base::Unit::kSeconds ? "\"1h\"" : "1";
        const std::string text = std::string(kEveryKey) + "[[expect]]\nmetric = \"" +
                                 std::string(info.name) + "\"\nat_most = " + bound +
                                 "\nwhen = \"always\"\n";
        ASSERT_OK(parse(text, kFile));
    }
}

}  // namespace
}  // namespace firebreak::scenario
