#include "lab/lab.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "content/pki.h"
#include "record/run_reader.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::lab {
namespace {

using base::Metric;

constexpr char kGoodRelease[] = R"(
[[release]]
id = "rules-2"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "1h"
)";
// Kills the scanner at once, on whatever it scans.
constexpr char kFatalRelease[] = R"(
[[release]]
id = "rules-2"
feed = "DatasetA"
source = "defective/DatasetA/forbidden-call"
at = "1h"
)";
constexpr char kPromotions[] = R"(
[[act]]
at = "8h"
promote = "rules-2"
to = "internal"
[[act]]
at = "16h"
promote = "rules-2"
to = "public"
)";

class LabTest : public testing::Test {
  protected:
    // Runs to the end and reads the record back.
    record::Run run(const std::string& scenario) {
        lab_ = test::assemble(test::experiment(scenario), fixtures_.options());
        EXPECT_TRUE(lab_->advance_until(lab_->end()).ok());
        EXPECT_TRUE(lab_->finish(0.5).ok());
        auto run = record::read_run(fixtures_.run_file());
        EXPECT_TRUE(run.ok()) << run.error().text();
        return std::move(run).value();
    }
    static double at_end(const record::Run& run, Metric metric, int32_t group = record::kAll,
                         int32_t release = record::kAll) {
        return record::value_at(run.series, {metric, group, release}, run.reached).value_or(-1);
    }
    static int entries(const record::Run& run, const std::string& kind) {
        return static_cast<int>(
            std::count_if(run.timeline.begin(), run.timeline.end(),
                          [&](const record::TimelineEntry& entry) { return entry.kind == kind; }));
    }

    test::SmallFixtures fixtures_;
    std::unique_ptr<Lab> lab_;
};

TEST_F(LabTest, ProtectsEveryEndpointFromTheFirstSecondOn) {
    const record::Run result = run("");
    EXPECT_EQ(
        record::value_at(result.series, {Metric::kProtected, record::kAll, record::kAll}, {0}),
        300);
    EXPECT_EQ(at_end(result, Metric::kProtected), 300);
    EXPECT_EQ(result.summary.polls, 300u * 72);
}

TEST_F(LabTest, SpreadsAGoodReleaseToAllGroups) {
    const record::Run result = run(std::string(kGoodRelease) + kPromotions);
    EXPECT_EQ(at_end(result, Metric::kRunning, record::kAll, 0), 300);
    EXPECT_EQ(at_end(result, Metric::kAffected), 0);
    EXPECT_EQ(entries(result, "publication"), 4);
}

constexpr char kHardened[] = "[update]\nprofile = \"hardened\"\n";

// Heads are renewed a dozen times on the way, and none expires.
TEST_F(LabTest, SpreadsAGoodReleaseToAllGroupsUnderTheHardenedProfileToo) {
    const record::Run result = run(std::string(kGoodRelease) + kPromotions + kHardened);
    EXPECT_EQ(at_end(result, Metric::kRunning, record::kAll, 0), 300);
    EXPECT_EQ(at_end(result, Metric::kAffected), 0);
    EXPECT_EQ(at_end(result, Metric::kRefused), 0);
    EXPECT_EQ(at_end(result, Metric::kProtected), 300);
}

// What a client does depends on what the files are, not on how they came.
TEST_F(LabTest, ComesToTheSameOverRealHttp) {
    const std::string faulty = std::string(kGoodRelease) + kPromotions + R"(
[[fault]]
kind = "bit_flip"
feed = "DatasetA"
groups = ["public-1"]
share = 0.5
variants = 2
)";
    for (const char* profile : {"published", "hardened"}) {
        const std::string update = faulty + "[update]\nedges = 2\nprofile = \"" + profile + "\"\n";
        const record::Run direct = run(update);
        const std::string fingerprint = lab_->fingerprint();
        const record::Run http = run(update + "transport = \"http\"\n");
        EXPECT_EQ(lab_->fingerprint(), fingerprint) << profile;
        EXPECT_GT(at_end(http, Metric::kRefused, 2), 0) << profile;
        ASSERT_EQ(http.assays.size(), direct.assays.size()) << profile;
        for (size_t i = 0; i < direct.assays.size(); ++i) {
            EXPECT_EQ(http.assays[i].stimulus, direct.assays[i].stimulus);
            EXPECT_EQ(http.assays[i].code, direct.assays[i].code) << direct.assays[i].stimulus;
            EXPECT_EQ(http.assays[i].evidence, direct.assays[i].evidence);
        }
    }
}

TEST_F(LabTest, HaltsInEngineeringAndRefusesPromotionsAfterThat) {
    const record::Run result = run(std::string(kFatalRelease) + kPromotions);
    EXPECT_GT(at_end(result, Metric::kAffected, 0), 0);
    for (int32_t group = 1; group < 4; ++group) {
        EXPECT_EQ(at_end(result, Metric::kExposed, group), 0);
    }
    EXPECT_EQ(at_end(result, Metric::kHalted, record::kAll, 0), 1);
    EXPECT_EQ(entries(result, "refused"), 2);
    EXPECT_EQ(at_end(result, Metric::kProtected), 300) << "all on last-known-good";
    ASSERT_EQ(result.commands.size(), 3u);
    EXPECT_EQ(result.commands[0].result, "done");
    EXPECT_NE(result.commands[1].result, "done");
}

TEST_F(LabTest, HaltsAmongThePublicAtItsThresholdBeforeTheLastGroup) {
    const record::Run result = run(std::string(kFatalRelease) + kPromotions + R"(
[policy]
gates = false
halt = { share = "5%", reports = 10 }
)");
    EXPECT_GE(at_end(result, Metric::kAffected, 2), 10);
    EXPECT_EQ(at_end(result, Metric::kExposed, 3), 0);
}

TEST_F(LabTest, NeverHaltsWhenTheThresholdIsOutOfReach) {
    const record::Run result = run(std::string(kFatalRelease) + kPromotions + R"(
[policy]
gates = false
halt = { share = "100%", reports = 1_000_000 }
)");
    EXPECT_GT(at_end(result, Metric::kAffected, 3), 100);
    EXPECT_EQ(at_end(result, Metric::kHalted, record::kAll, 0), 0);
}

TEST_F(LabTest, LeavesAlertsOutOfTheThresholdIfToldSo) {
    const std::string faulty = std::string(kGoodRelease) + kPromotions + R"(
[[fault]]
kind = "bit_flip"
feed = "DatasetA"
groups = ["public-1"]
variants = 2
)";
    const record::Run counted = run(faulty);
    EXPECT_EQ(at_end(counted, Metric::kHalted, record::kAll, 0), 1);
    EXPECT_GE(at_end(counted, Metric::kRefused, 2), 10);
    EXPECT_EQ(at_end(counted, Metric::kExposed, 3), 0);
    const record::Run ignored = run(faulty + "[policy]\nhalt = { on_alerts = false }\n");
    EXPECT_EQ(at_end(ignored, Metric::kHalted, record::kAll, 0), 0);
    EXPECT_EQ(at_end(ignored, Metric::kRunning, 3, 0), 150);
}

// What was played can be written down as a scenario, and that comes to the same.
TEST_F(LabTest, DoesByHandWhatAScenarioWouldDo) {
    const std::string acts =
        "[[act]]\nat = \"180m\"\npromote = \"rules-2\"\nto = \"internal\"\n"
        "[[act]]\nat = \"300m\"\nhalt = \"rules-2\"\n"
        "[[act]]\nat = \"660m\"\nresume = \"rules-2\"\n"
        "[[act]]\nat = \"660m\"\npromote = \"rules-2\"\nto = \"public\"\n";
    const record::Run written = run(kGoodRelease + acts);
    lab_ = test::assemble(test::experiment(kGoodRelease), fixtures_.options());
    using Kind = Command::Kind;
    for (const auto& [minute, kind] :
         std::vector<std::pair<int64_t, Kind>>{{180, Kind::kPromoteToInternal},
                                               {300, Kind::kHalt},
                                               {660, Kind::kResume},
                                               {660, Kind::kPromoteToPublic}}) {
        ASSERT_OK(lab_->advance_until({minute * 60}));
        ASSERT_OK(lab_->submit({kind, "rules-2"}));
    }
    ASSERT_OK(lab_->advance_until(lab_->end()));
    ASSERT_OK(lab_->finish(1));
    ASSERT_OK_AND(const record::Run played, record::read_run(fixtures_.run_file()));
    EXPECT_EQ(played.summary.fingerprint, written.summary.fingerprint);
    EXPECT_THAT(played.timeline, testing::UnorderedElementsAreArray(written.timeline));
    EXPECT_EQ(played.series, written.series);
}

TEST_F(LabTest, TakesAnOperatorsActsAndRecordsThem) {
    lab_ = test::assemble(test::experiment(kGoodRelease), fixtures_.options());
    ASSERT_OK(lab_->advance_until({4 * 3600}));
    ASSERT_OK(lab_->submit({Command::Kind::kPromoteToInternal, "rules-2"}));
    EXPECT_ERROR(lab_->submit({Command::Kind::kPromoteToInternal, "rules-2"}), "there already");
    EXPECT_ERROR(lab_->submit({Command::Kind::kHalt, "rules-9"}), "no release `rules-9`");
    ASSERT_OK(lab_->advance_until({6 * 3600}));
    ASSERT_OK(lab_->submit({Command::Kind::kHalt, "rules-2"}));
    ASSERT_OK(lab_->advance_until(lab_->end()));
    ASSERT_OK(lab_->finish(1));
    ASSERT_OK_AND(const record::Run result, record::read_run(fixtures_.run_file()));
    ASSERT_EQ(result.commands.size(), 4u);
    EXPECT_EQ(result.commands[0].origin, "scenario");
    EXPECT_EQ(result.commands[1].origin, "operator");
    EXPECT_EQ(result.commands[1].at, base::SimTime{4 * 3600});
    EXPECT_EQ(result.commands[3].kind, "halt");
    EXPECT_GT(at_end(result, Metric::kExposed, 1), 0);
    EXPECT_EQ(at_end(result, Metric::kExposed, 2), 0);
}

TEST_F(LabTest, ShowsASnapshotThatAddsUp) {
    lab_ = test::assemble(
        test::experiment(std::string(kFatalRelease) + kPromotions + "[policy]\ngates = false\n"),
        fixtures_.options());
    ASSERT_OK(lab_->advance_until({20 * 3600}));
    const Snapshot seen = lab_->snapshot({10, {0, 299, 300}});
    EXPECT_EQ(seen.at, base::SimTime{20 * 3600});
    ASSERT_EQ(seen.groups.size(), 4u);
    for (const GroupSnapshot& group : seen.groups) {
        ASSERT_EQ(group.cells.size(), 10u);
        uint64_t endpoints = 0, affected = 0, exposed = 0;
        for (const Cell& cell : group.cells) {
            endpoints += cell.endpoints;
            affected += cell.affected;
            exposed += cell.exposed;
        }
        EXPECT_EQ(endpoints, group.endpoints);
        EXPECT_EQ(affected, group.affected);
        EXPECT_EQ(exposed, group.exposed);
    }
    EXPECT_GT(seen.groups[0].affected, 0u);
    ASSERT_EQ(seen.endpoints.size(), 2u) << "there is no endpoint 300";
    EXPECT_EQ(seen.endpoints[0].group, "engineering");
    EXPECT_EQ(seen.endpoints[0].running, std::vector<std::string>{"DatasetA baseline"});
    EXPECT_EQ(seen.endpoints[1].group, "public-2");
}

TEST_F(LabTest, SaysOfACellWithOneEndpointWhatThatEndpointIs) {
    lab_ = test::assemble(test::experiment(std::string(kGoodRelease) + kPromotions),
                          fixtures_.options());
    ASSERT_OK(lab_->advance_until({20 * 3600}));
    std::vector<uint32_t> all(300);
    std::iota(all.begin(), all.end(), 0);
    const Snapshot seen = lab_->snapshot({1000, all});
    ASSERT_OK(lab_->interrupt());
    const auto run = record::read_run(fixtures_.run_file());
    ASSERT_OK(run);
    const std::vector<record::Persona>& personas = run->header.personas;
    uint32_t first = 0, on_release = 0;
    for (const GroupSnapshot& group : seen.groups) {
        EXPECT_EQ(group.first, first);
        ASSERT_EQ(group.cells.size(), group.endpoints);
        for (size_t i = 0; i < group.cells.size(); ++i) {
            const Cell& cell = group.cells[i];
            const EndpointSnapshot& one = seen.endpoints[first + i];
            EXPECT_EQ(personas[cell.persona].name, one.persona);
            const bool baseline = one.running == std::vector<std::string>{"DatasetA baseline"} ||
                                  one.running == std::vector<std::string>{"DatasetA nothing"};
            EXPECT_EQ(cell.release, baseline ? record::kAll : 0) << one.running[0];
            EXPECT_EQ(cell.on_release, 1u);
            on_release += baseline ? 0 : 1;
        }
        first += static_cast<uint32_t>(group.endpoints);
    }
    EXPECT_GT(on_release, 0u) << "else nothing was shown";
}

TEST_F(LabTest, RecordsEachDistinctTransitionOnce) {
    const record::Run result = run(std::string(kFatalRelease) + kPromotions);
    std::set<std::pair<std::string, std::string>> seen;
    for (const record::Assay& assay : result.assays) {
        EXPECT_TRUE(seen.emplace(assay.state_before, assay.stimulus).second) << assay.stimulus;
    }
    EXPECT_GT(seen.size(), 5u);
}

TEST_F(LabTest, NamesThePlaceOfWhatItCannotAssemble) {
    const auto refuse = [&](const std::string& more, const std::string& part) {
        EXPECT_ERROR(Lab::assemble(test::experiment(more), fixtures_.options()), part);
    };
    // Of the value that is wrong, on the so-manieth line and column 10 of what is added.
    const auto place = [](int line) {
        const std::string_view before = test::kSmallFleet;
        return fmt::format("small.toml:{}:10: ",
                           std::count(before.begin(), before.end(), '\n') + line);
    };
    refuse("[[release]]\nid = \"a\"\nfeed = \"DatasetA\"\nsource = \"no/such\"\nat = \"0s\"\n",
           place(4));
    refuse("[[baseline]]\nfeed = \"ESH\"\nversion = \"1\"\nsource = \"no/such\"\n", place(4));
    refuse("[[campaign]]\nid = \"wave\"\nsample = \"none.txt\"\nat = \"0s\"\nper_hour = 1\n",
           place(3));
    refuse(std::string(kGoodRelease) + R"(
[[fault]]
kind = "bit_flip"
feed = "DatasetA"
groups = ["public-1"]
[[fault]]
kind = "truncate"
feed = "DatasetA"
)",
           "two kinds of damage to one feed");
    std::string many;
    for (int i = 0; i < 5; ++i) {
        many += "[[fault]]\nkind = \"state_lost\"\n";
    }
    refuse(many, "more than 4 faults");
    scenario::Experiment unknown = test::experiment("");
    unknown.groups[0].personas = {{"mainframe", 1}};
    EXPECT_ERROR(Lab::assemble(unknown, fixtures_.options()), "no persona is called `mainframe`");
    scenario::Experiment bad = test::experiment("");
    bad.baseline[0].source = "corrupt/DatasetA/does-not-compile";
    EXPECT_ERROR(Lab::assemble(bad, fixtures_.options()), "baseline of DatasetA");
}

TEST_F(LabTest, RefusesAProfileThatHasTooFewHeadKeys) {
    ASSERT_OK_AND(content::Pki pki, content::make_pki());
    pki.heads.resize(1);
    const test::TemporaryFolder folder;
    ASSERT_OK(content::save_pki(pki, folder.path() / "keys"));
    scenario::Experiment of = test::experiment(kHardened);
    of.keys = folder.path() / "keys";
    EXPECT_ERROR(Lab::assemble(of, fixtures_.options()),
                 "profile hardened needs 2 head keys, and there are 1");
    of.update.profile = scenario::Profile::kPublished;
    ASSERT_OK(Lab::assemble(of, fixtures_.options()));
}

// Feeds whose component is not part of this version are delivered and kept.
TEST_F(LabTest, DeliversContentThatNoComponentLoads) {
    const record::Run result = run(std::string(kPromotions) + R"(
[[baseline]]
feed = "NTP_OVERRIDES"
version = "baseline-ntp"
source = "good/NTP_OVERRIDES/2026-03-01"
[[release]]
id = "rules-2"
feed = "NTP_OVERRIDES"
source = "good/NTP_OVERRIDES/2026-03-02"
at = "1h"
)");
    EXPECT_EQ(at_end(result, Metric::kRunning, record::kAll, 0), 300);
    EXPECT_EQ(at_end(result, Metric::kAffected), 0);
    EXPECT_EQ(at_end(result, Metric::kProtected), 300);
}

TEST_F(LabTest, KeepsWhatAnInterruptedRunRecorded) {
    lab_ = test::assemble(test::experiment(kGoodRelease), fixtures_.options());
    ASSERT_OK(lab_->advance_until({5 * 3600}));
    EXPECT_FALSE(lab_->finish(1).ok());
    ASSERT_OK(lab_->interrupt());
    lab_.reset();
    ASSERT_OK_AND(const record::Run result, record::read_run(fixtures_.run_file()));
    EXPECT_EQ(result.status, record::RunStatus::kInterrupted);
    EXPECT_EQ(result.reached, base::SimTime{5 * 3600});
    EXPECT_EQ(at_end(result, Metric::kRunning, 0, 0), 12);  // both personas are always on
}

}  // namespace
}  // namespace firebreak::lab
