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
    EXPECT_EQ(engineering.place, "scenarios/every-key.toml:11:1");
    EXPECT_EQ(experiment_.groups[1].stage, GroupStage::kInternal);
    EXPECT_EQ(experiment_.groups[1].tenants, 1u);
    EXPECT_EQ(experiment_.groups[3].stage, GroupStage::kPublic);
    EXPECT_EQ(experiment_.groups[3].endpoints, 60'000u);
}

TEST_F(EveryKey, SetsThePolicy) {
    const Policy& policy = experiment_.policy;
    EXPECT_TRUE(policy.staged);
    EXPECT_FALSE(policy.gates);
    EXPECT_EQ(policy.internal_after, hours(24));
    EXPECT_EQ(policy.public_after, hours(36));
    EXPECT_EQ(policy.public_interval, hours(12));
    EXPECT_EQ(policy.ramp, (std::vector<Step>{{0.01, hours(0)}, {1, days(1)}}));
    EXPECT_TRUE(policy.ramp_by_tenant);
    EXPECT_EQ(policy.cdn_ttl, minutes(0));
    EXPECT_EQ(policy.download, minutes(3));
    EXPECT_EQ(policy.halt_by, Decider::kPeople);
    EXPECT_FALSE(policy.withdraw);
    EXPECT_DOUBLE_EQ(policy.halt_share, 0.0025);
    EXPECT_EQ(policy.halt_reports, 20u);
    EXPECT_FALSE(policy.halt_on_alerts);
    EXPECT_EQ(policy.false_alarms, 0.02);
    EXPECT_DOUBLE_EQ(policy.worth_finding_per_h, 3e-4);
}

TEST_F(EveryKey, SetsSignals) {
    using base::Channel;
    const auto of = [this](Channel channel) {
        return experiment_.signals.at(static_cast<size_t>(channel));
    };
    EXPECT_EQ(of(Channel::kAlert).delay, minutes(10));
    const base::ChannelSettings crash = of(Channel::kCrashReport);
    EXPECT_EQ(crash.delay, hours(1));
    EXPECT_EQ(crash.spread, minutes(45));
    EXPECT_DOUBLE_EQ(crash.loss, 0.03);
    EXPECT_DOUBLE_EQ(crash.opt_out, 0.15);
    EXPECT_DOUBLE_EQ(crash.background_per_h, 2e-6);
    EXPECT_TRUE(crash.office_hours);
    base::ChannelSettings telemetry = base::info(Channel::kTelemetry).usual;
    telemetry.interval = hours(6);
    EXPECT_EQ(of(Channel::kTelemetry), telemetry);
    EXPECT_EQ(of(Channel::kSilence).delay, hours(2));
    EXPECT_EQ(of(Channel::kSupportCall), base::info(Channel::kSupportCall).usual);
}

TEST_F(EveryKey, SetsPeopleAndCrewAndWhatUndoesHarm) {
    const People& people = experiment_.people;
    EXPECT_EQ(people.hours, (base::WorkingHours{9, 17, true}));
    EXPECT_EQ(people.response, minutes(10));
    EXPECT_EQ(people.on_call, hours(2));
    EXPECT_DOUBLE_EQ(people.overlook, 0.01);
    EXPECT_EQ(people.investigation, hours(3));
    EXPECT_FALSE(people.resume);
    const Crew& crew = experiment_.crew;
    EXPECT_EQ(crew.hours, (base::WorkingHours{7, 18, false}));
    EXPECT_EQ(crew.endpoints_per_technician, 250u);
    EXPECT_EQ(crew.repair, minutes(15));
    EXPECT_EQ(crew.repair_kit, hours(12));
    EXPECT_EQ(crew.reboot_every, hours(48));
    EXPECT_EQ(experiment_.recovery, (std::map<base::Harm, base::Recovery>{
                                        {base::Harm::kNetworkLost, base::Recovery::kReboot},
                                        {base::Harm::kFileHeld, base::Recovery::kRepairKit}}));
    EXPECT_EQ(experiment_.kernel, std::set{content::Feed::kDatasetA});
    EXPECT_EQ(experiment_.keys, "./our-ca");
}

TEST_F(EveryKey, DescribesCampaignsAndMeasurements) {
    ASSERT_EQ(experiment_.campaigns.size(), 1u);
    const Campaign& campaign = experiment_.campaigns[0];
    EXPECT_EQ(campaign.id, "wave");
    EXPECT_EQ(campaign.sample, "./wave.txt");
    EXPECT_EQ(campaign.at, SimTime{} + hours(12));
    EXPECT_EQ(campaign.until, SimTime{} + days(6));
    EXPECT_DOUBLE_EQ(campaign.per_hour, 0.01);
    ASSERT_EQ(experiment_.measurements.size(), 1u);
    const Measurement& measured = experiment_.measurements[0];
    EXPECT_EQ(measured.release, "rules-2");
    EXPECT_EQ(measured.persona, "server");
    EXPECT_EQ(measured.harm, base::Harm::kBootLoop);
    EXPECT_EQ(measured.what, "a \"big\" log");
    EXPECT_EQ(measured.events, 3u);
    EXPECT_DOUBLE_EQ(measured.hours, 12.5);
}

TEST_F(EveryKey, SortsReleasesByTimeAndNamesVersionsForIds) {
    ASSERT_EQ(experiment_.baseline.size(), 1u);
    EXPECT_EQ(experiment_.baseline[0].feed, content::Feed::kDatasetA);
    EXPECT_EQ(experiment_.baseline[0].version, "2026.03.01");
    EXPECT_EQ(experiment_.baseline[0].source, "good/DatasetA/2026-03-01");
    ASSERT_EQ(experiment_.releases.size(), 4u);
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

TEST_F(EveryKey, PutsReleasesThatWaitForAHaltLast) {
    const Release& waiting = experiment_.releases.back();
    EXPECT_EQ(waiting.id, "mend");
    EXPECT_EQ(waiting.fixes, "rules-2");
    EXPECT_EQ(waiting.after_halt, hours(4));
    EXPECT_EQ(waiting.kind, ReleaseKind::kFix);
    EXPECT_EQ(experiment_.releases[0].fixes, std::nullopt);
}

TEST_F(EveryKey, SortsActsByTime) {
    ASSERT_EQ(experiment_.acts.size(), 5u);
    EXPECT_EQ(experiment_.acts[0].kind, ActKind::kPromoteToInternal);
    EXPECT_EQ(experiment_.acts[0].at, SimTime{} + hours(6));
    EXPECT_EQ(experiment_.acts[1].kind, ActKind::kPromoteToPublic);
    EXPECT_EQ(experiment_.acts[2].kind, ActKind::kHalt);
    EXPECT_EQ(experiment_.acts[2].release, "rules-2");
    EXPECT_EQ(experiment_.acts[3].kind, ActKind::kWithdraw);
    EXPECT_EQ(experiment_.acts[4].kind, ActKind::kResume);
}

TEST_F(EveryKey, DescribesDamageAndReplays) {
    ASSERT_GE(experiment_.faults.size(), 2u);
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
    ASSERT_EQ(experiment_.expectations.size(), 7u);
    const auto& expectations = experiment_.expectations;
    EXPECT_EQ(expectations[0].text, "affected in public-2: at most 0, always");
    EXPECT_EQ(expectations[1].text, "running of rules-2: at least 12.5%, at 1d 12h");
    EXPECT_EQ(expectations[2].text, "time_to_halt: at most 2h 30s, eventually");
    EXPECT_EQ(expectations[3].text, "halted of mend: exactly 1, at the end");
    EXPECT_EQ(expectations[0].group, "public-2");
    EXPECT_EQ(expectations[0].when, When::kAlways);
    EXPECT_EQ(expectations[0].comparison, Comparison::kAtMost);
    EXPECT_TRUE(expectations[1].is_share);
    EXPECT_DOUBLE_EQ(expectations[1].bound, 0.125);
    EXPECT_EQ(expectations[1].at, SimTime{} + hours(36));
    EXPECT_EQ(expectations[2].bound, 7230);
    EXPECT_EQ(expectations[2].release, std::nullopt);
    EXPECT_EQ(expectations[3].release, "mend");
    EXPECT_EQ(expectations[4].text, "harm of network_lost: exactly 5, at the end");
    EXPECT_EQ(expectations[4].part, "network_lost");
    EXPECT_EQ(expectations[5].text,
              "signals by crash_report in engineering: at least 7, at the end");
    EXPECT_EQ(expectations[6].text, "protection_gap of server: at most 1234.5, at the end");
    EXPECT_DOUBLE_EQ(expectations[6].bound, 1234.5);
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
    EXPECT_EQ(experiment.signals, base::usual_channels());
    EXPECT_EQ(experiment.people, People{});
    EXPECT_EQ(experiment.crew, Crew{});
    EXPECT_TRUE(experiment.recovery.empty() && experiment.kernel.empty());
    EXPECT_EQ(experiment.keys, std::nullopt);
    EXPECT_EQ(experiment.groups[0].tenants, 1u);
    EXPECT_TRUE(experiment.tags.empty());
    EXPECT_TRUE(experiment.baseline.empty() && experiment.releases.empty());
    EXPECT_TRUE(experiment.acts.empty() && experiment.faults.empty());
    EXPECT_TRUE(experiment.campaigns.empty() && experiment.measurements.empty());
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
                              "halt = { share = \"0.25%\", reports = 20, on_alerts = false, "
                              "by = \"people\", withdraw = false }",
                              "halt = { reports = 3, withdraw = false }"));
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
    std::string text = changed(kShortest, "[[group]]",
                               "[[group]]\nname = \"first\"\nstage = \"engineering\"\n"
                               "endpoints = 1\npersonas = { server = 1 }\n[[group]]");
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
        const bool of_harm = info.part == base::Part::kHarm;
        ASSERT_OK(parse(of_harm ? text + "part = \"boot_loop\"\n" : text, kFile));
    }
}

}  // namespace
}  // namespace firebreak::scenario
