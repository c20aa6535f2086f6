// What people do while a run goes on; and that the record is enough to do it all again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "lab/lab.h"
#include "record/run_reader.h"
#include "scenario/amend.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::lab {
namespace {

using base::Metric;
using Do = Command::Kind;
using scenario::FaultKind;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

// Sixty machines that are never off, and a release that kills their scanner.
std::string deadly() {
    return std::string(test::kOneGroup) + test::kTinyBaseline +
           test::release("rules-2", "dies", "at = \"1h\"");
}

// Of the tiny rules, or of any other folder.
Command new_release(const std::string& id, const std::filesystem::path& source, bool fix,
                    bool expedited = false) {
    Command out{Do::kRelease, id};
    out.content.emplace();
    out.content->id = id;
    out.content->version = id;
    out.content->source = source;
    out.content->kind = fix ? scenario::ReleaseKind::kFix : scenario::ReleaseKind::kUpdate;
    out.content->expedited = expedited;
    return out;
}

Command new_fault(FaultKind kind, int64_t until_h = 0) {
    Command out{Do::kFault, ""};
    out.fault.emplace();
    out.fault->kind = kind;
    out.fault->until = {until_h * 3600};
    return out;
}

Command end_of_fault(size_t number) {
    Command out{Do::kEndFault, ""};
    out.number = number;
    return out;
}

struct Deed {
    int64_t minute = 0;
    Command command;
};

class ActsTest : public testing::Test {
  protected:
    using Deeds = std::vector<Deed>;

    void assemble(const std::string& scenario) {
        lab_ = test::assemble(fixtures_.experiment(scenario), fixtures_.options());
        ASSERT_NE(lab_, nullptr);
    }
    void advance(int64_t minute) { ASSERT_OK(lab_->advance_until({minute * 60})); }
    record::Run finish() {
        EXPECT_TRUE(lab_->advance_until(lab_->end()).ok());
        EXPECT_TRUE(lab_->finish(1).ok());
        auto run = record::read_run(fixtures_.run_file());
        EXPECT_TRUE(run.ok()) << run.error().text();
        return run.ok() ? std::move(run).value() : record::Run{};
    }
    record::Run play(const std::string& scenario, const Deeds& deeds) {
        assemble(scenario);
        for (const Deed& deed : deeds) {
            advance(deed.minute);
            const base::Status done = lab_->submit(deed.command);
            EXPECT_TRUE(done.ok()) << done.error().text();
        }
        return finish();
    }
    // The scenario in the record, run by itself.
    record::Run again(const record::Run& played, const record::Run* replay = nullptr) {
        auto options = fixtures_.options("again.run");
        options.replay = replay;
        auto lab = test::assemble(fixtures_.experiment(played.header.scenario), options);
        EXPECT_TRUE(lab->advance_until(lab->end()).ok());
        EXPECT_TRUE(lab->finish(1).ok());
        auto run = record::read_run(fixtures_.run_file("again.run"));
        EXPECT_TRUE(run.ok());
        return run.ok() ? std::move(run).value() : record::Run{};
    }
    void expect_the_same_again(const record::Run& played) {
        const record::Run written = again(played);
        EXPECT_EQ(written.summary.fingerprint, played.summary.fingerprint);
        EXPECT_EQ(written.series, played.series);
        EXPECT_EQ(written.header.scenario, played.header.scenario);
        EXPECT_EQ(written.header.releases, played.header.releases);
        EXPECT_EQ(written.header.stages, played.header.stages);
        EXPECT_EQ(written.header.notes, played.header.notes);
        EXPECT_THAT(written.timeline, testing::UnorderedElementsAreArray(played.timeline));
        EXPECT_EQ(again(played, &played).summary.fingerprint, played.summary.fingerprint)
            << "from the outcome log";
    }
    static double at_end(const record::Run& run, Metric metric, int32_t release = record::kAll) {
        return record::value_at(run.series, {metric, record::kAll, release}, run.reached)
            .value_or(-1);
    }
    static std::vector<std::string> texts(const record::Run& run, const std::string& kind) {
        std::vector<std::string> out;
        for (const record::TimelineEntry& entry : run.timeline) {
            if (entry.kind == kind) {
                out.push_back(entry.text);
            }
        }
        return out;
    }

    test::SmallFixtures fixtures_;
    std::unique_ptr<Lab> lab_;
};

TEST_F(ActsTest, ReleasesAFixAfterAHaltAndEverybodyRunsIt) {
    const record::Run run = play(deadly(), {{180, {Do::kHalt, "rules-2"}},
                                            {190, new_release("mend", "./rules/good", true)}});
    ASSERT_EQ(run.header.releases.size(), 2u);
    EXPECT_EQ(run.header.releases[1].name, "mend");
    EXPECT_EQ(run.header.releases[1].kind, "fix");
    EXPECT_EQ(run.header.releases[1].at, base::SimTime{190 * 60});
    EXPECT_EQ(at_end(run, Metric::kRunning, 1), 60);
    EXPECT_EQ(at_end(run, Metric::kReachedByFix), 60);
    EXPECT_EQ(run.commands.back().origin, "operator");
    EXPECT_EQ(run.commands.back().kind, "release");
    EXPECT_EQ(run.commands.back().release, 1);
    EXPECT_THAT(texts(run, "publication"), Contains(HasSubstr("mend")));
    expect_the_same_again(run);
}

TEST_F(ActsTest, ReleasesAnUpdateThatNobodyPlannedAndItIsStagedLikeAny) {
    const std::string scenario = std::string(test::kSmallFleet) + R"(
[[release]]
id = "late"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "2d"
[[expect]]
metric = "running"
at_least = 1
)";
    const record::Run run =
        play(scenario, {{75, new_release("by-hand", "defective/DatasetA/forbidden-call", false)},
                        {200, {Do::kResume, "by-hand"}},
                        {205, {Do::kPromoteToInternal, "by-hand"}}});
    EXPECT_EQ(run.header.releases[0].name, "late") << "what was planned keeps its number";
    EXPECT_EQ(run.header.releases[1].name, "by-hand");
    ASSERT_EQ(run.header.expectations.size(), 1u);
    EXPECT_EQ(run.header.expectations[0].release, 0) << "what was meant is what was planned";
    EXPECT_GT(at_end(run, Metric::kInstalled, 1) + at_end(run, Metric::kAffected), 0);
    expect_the_same_again(run);
}

TEST_F(ActsTest, ReleasesToEverybodyAtOnceIfItIsExpedited) {
    const record::Run run =
        play(std::string(test::kSmallFleet),
             {{60, new_release("now", "good/DatasetA/2026-03-02", true, true)}});
    EXPECT_EQ(texts(run, "publication").size(), 4u);
    EXPECT_EQ(at_end(run, Metric::kRunning, 0), 300);
    expect_the_same_again(run);
}

TEST_F(ActsTest, TakesAFolderOfOnesOwnByWhereItStands) {
    const auto folder = fixtures_.options().fixtures / "own rules";
    std::filesystem::create_directories(folder);
    ASSERT_OK(
        base::write_file(folder / "a.yar", base::view_of(R"(rule Own { strings: $a = "FB-THREAT"
                                                condition: $a })")));
    const record::Run run = play(deadly(), {{180, new_release("own", folder, true, true)}});
    EXPECT_THAT(run.header.scenario, HasSubstr("own rules"));
    EXPECT_EQ(at_end(run, Metric::kRunning, 1), 60);
    expect_the_same_again(run);
}

TEST_F(ActsTest, NamesAFolderOfTheProjectAsScenariosDo) {
    const auto folder = fixtures_.options().fixtures / "content/good/DatasetA/2026-03-02";
    const record::Run run =
        play(std::string(test::kSmallFleet), {{60, new_release("now", folder, false)}});
    EXPECT_THAT(run.header.scenario, HasSubstr("\"good/DatasetA/2026-03-02\""));
}

struct Damage {
    const char* name;
    FaultKind kind;
    bool refused;
};
class FaultsByHand : public ActsTest, public testing::WithParamInterface<Damage> {};

TEST_P(FaultsByHand, StrikeFromNowOnAndComeToTheSameAgain) {
    Command deed = new_fault(GetParam().kind, 30);
    deed.fault->share = 0.5;
    deed.fault->shift = base::days(400);
    const record::Run run = play(std::string(test::kSmallFleet) + R"(
[[release]]
id = "rules-2"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "2h"
expedited = true
)",
                                 {{65, deed}});
    ASSERT_EQ(texts(run, "fault").size(), 1u);
    EXPECT_THAT(texts(run, "fault")[0], HasSubstr("to every group, 50 % of endpoints"));
    EXPECT_EQ(texts(run, "fault_over").size(), 1u);
    EXPECT_EQ(at_end(run, Metric::kRefused) > 0, GetParam().refused);
    EXPECT_EQ(run.commands.front().kind, "fault");
    EXPECT_EQ(run.commands.front().origin, "operator");
    EXPECT_EQ(run.commands.front().at, base::SimTime{65 * 60});
    expect_the_same_again(run);
}

INSTANTIATE_TEST_SUITE_P(All, FaultsByHand,
                         testing::Values(Damage{"BitFlip", FaultKind::kBitFlip, true},
                                         Damage{"Truncate", FaultKind::kTruncate, true},
                                         Damage{"Missing", FaultKind::kMissing, false},
                                         Damage{"BlackHole", FaultKind::kBlackHole, false},
                                         Damage{"Freeze", FaultKind::kFreeze, false},
                                         Damage{"WrongClock", FaultKind::kWrongClock, false},
                                         Damage{"StateLost", FaultKind::kStateLost, false},
                                         Damage{"StoreFull", FaultKind::kStoreFull, true}),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ActsTest, EndsAFaultThatWasBegunByHandOrPlanned) {
    const std::string planned = std::string(test::kSmallFleet) + R"(
[[fault]]
kind = "black_hole"
groups = ["engineering"]
from = "30m"
[policy]
gates = false
halt = { on_alerts = false }
)";
    Command flip = new_fault(FaultKind::kBitFlip);
    flip.fault->groups = {"internal"};
    assemble(planned);
    advance(60);
    ASSERT_OK(lab_->submit(flip));
    ASSERT_OK(lab_->submit(new_release("now", "good/DatasetA/2026-03-02", false, true)));
    ASSERT_EQ(lab_->faults().size(), 2u);
    advance(120);
    ASSERT_OK(lab_->submit(end_of_fault(1)));
    EXPECT_ERROR(lab_->submit(end_of_fault(1)), "over already");
    ASSERT_OK(lab_->submit(end_of_fault(0)));
    EXPECT_ERROR(lab_->submit(end_of_fault(2)), "no fault 2");
    EXPECT_EQ(lab_->faults()[0].until, base::SimTime{7200});
    const record::Run run = finish();
    EXPECT_EQ(texts(run, "fault_over").size(), 2u);
    EXPECT_EQ(at_end(run, Metric::kRunning, 0), 300) << "once both are over";
    expect_the_same_again(run);
}

// As if it had never been there: others keep what they draw.
TEST_F(ActsTest, TakesBackAFaultThatHasStruckNobodyYet) {
    Command first = new_fault(FaultKind::kBlackHole);
    Command second = new_fault(FaultKind::kBitFlip);
    second.fault->share = 0.4;
    const record::Run run =
        play(std::string(test::kSmallFleet),
             {{60, first},
              {60, second},
              {60, end_of_fault(0)},
              {65, new_release("now", "good/DatasetA/2026-03-02", false, true)}});
    EXPECT_EQ(run.header.scenario.find("black_hole"), std::string::npos);
    const record::Run written = again(run);
    EXPECT_EQ(written.summary.fingerprint, run.summary.fingerprint);
    EXPECT_EQ(written.series, run.series);
}

TEST_F(ActsTest, RefusesFaultsThatCannotBeToldApart) {
    assemble(std::string(test::kSmallFleet));
    advance(60);
    ASSERT_OK(lab_->submit(new_fault(FaultKind::kBitFlip)));
    EXPECT_ERROR(lab_->submit(new_fault(FaultKind::kTruncate)), "two kinds of damage");
    for (int i = 0; i < 3; ++i) {
        ASSERT_OK(lab_->submit(new_fault(FaultKind::kStoreFull)));
    }
    EXPECT_ERROR(lab_->submit(new_fault(FaultKind::kStoreFull)), "more than 4 faults");
    EXPECT_EQ(lab_->faults().size(), 4u) << "what was refused is not there";
    expect_the_same_again(finish());
}

TEST_F(ActsTest, SaysWhatIsWrongWithWhatIsAskedAndChangesNothing) {
    assemble(std::string(test::kSmallFleet));
    advance(60);
    const auto refuse = [&](const Command& command, const std::string& part) {
        EXPECT_ERROR(lab_->submit(command), part);
    };
    refuse(new_release("Of mine", "good/DatasetA/2026-03-02", false), "no valid name");
    refuse(new_release("baseline", "good/DatasetA/2026-03-02", false), "cannot be called");
    refuse(new_release("x", "good/DatasetA/nowhere", false), "nowhere");
    Command elsewhere = new_release("x", "good/Behavior/2026-03-02", false);
    elsewhere.content->feed = content::Feed::kBehavior;
    refuse(elsewhere, "no endpoint of this run has anything of Behavior; choose one of: DatasetA");
    Command nobody = new_fault(FaultKind::kBitFlip);
    nobody.fault->groups = {"inner"};
    refuse(nobody, "no group is called `inner`");
    Command none = new_fault(FaultKind::kBitFlip);
    none.fault->share = 0;
    refuse(none, "`share` is zero");
    refuse(new_fault(FaultKind::kBitFlip, 200), "after the end of the run");
    refuse({Do::kRelease, "rules-9"}, "no release `rules-9`");
    ASSERT_OK(lab_->submit(new_release("once", "good/DatasetA/2026-03-02", false)));
    refuse(new_release("once", "good/DatasetA/2026-03-02", false), "a second release");
    const record::Run run = finish();
    EXPECT_EQ(run.header.releases.size(), 1u);
    EXPECT_EQ(run.commands.size(), 1u);
    EXPECT_ERROR(lab_->submit(new_fault(FaultKind::kBitFlip)), "the run is over");
}

// Nothing that the file says may keep what was done from being read: the act of the scenario comes
// too late here, and the fix comes by itself.
TEST_F(ActsTest, ComesToTheSameWhateverElseTheScenarioDoes) {
    const std::string scenario = deadly() + R"(
[[act]]
at = "1d 12h"
halt = "rules-2"
)" + test::release("fix", "good", "fixes = \"rules-2\"");
    Command flip = new_fault(FaultKind::kBitFlip, 20);
    flip.fault->share = 0.3;
    const record::Run run =
        play(scenario, {{180, {Do::kHalt, "rules-2"}},
                        {180, {Do::kResume, "rules-2"}},
                        {180, {Do::kHalt, "rules-2"}},
                        {185, {Do::kHalt, "fix"}},
                        {185, new_release("other", "./rules/holds-file", false)},
                        {185, flip},
                        {185, {Do::kWithdraw, "other"}},
                        {600, {Do::kResume, "fix"}},
                        {605, end_of_fault(0)},
                        {1435, new_release("last", "./rules/blind", true, true)}});
    EXPECT_EQ(texts(run, "refused").size(), 1u) << "the act of the scenario";
    expect_the_same_again(run);
}

// Signals that nobody sent are drawn once for each slice, whether somebody acts in it or not.
TEST_F(ActsTest, HearsTheNoiseOfASliceOnce) {
    const std::string noisy = std::string(test::kSmallFleet) + R"(
[signal.crash_report]
background = 0.05
[signal.support_call]
background = 0.05
)";
    Deeds deeds = {{5, new_release("now", "good/DatasetA/2026-03-02", false, true)}};
    for (int64_t minute = 60; minute < 1200; minute += 5) {
        deeds.push_back({minute, {minute % 10 == 0 ? Do::kHalt : Do::kResume, "now"}});
    }
    expect_the_same_again(play(noisy, deeds));
}

TEST_F(ActsTest, CanBePlayedOnFromWhatWasPlayed) {
    const record::Run first = play(deadly(), {{120, new_release("a", "./rules/good", true)}});
    Command flip = new_fault(FaultKind::kTruncate);
    const record::Run second =
        play(first.header.scenario, {{120, flip}, {125, new_release("b", "./rules/good", true)}});
    ASSERT_EQ(second.header.releases.size(), 3u);
    EXPECT_EQ(second.header.releases[2].name, "b");
    expect_the_same_again(second);
}

// Wherever the scenario stands and the run file lies.
TEST_F(ActsTest, KeepsNamesBesideTheScenarioGoodForWhereTheRunFileLies) {
    auto options = fixtures_.options("runs/deep/a.run");
    auto lab = test::assemble(fixtures_.experiment(deadly()), options);
    ASSERT_OK(lab->advance_until({3600}));
    ASSERT_OK(lab->submit(new_release("mend", "./rules/good", true)));
    ASSERT_OK(lab->advance_until(lab->end()));
    ASSERT_OK(lab->finish(1));
    ASSERT_OK_AND(const record::Run run, record::read_run(options.run_file));
    EXPECT_THAT(run.header.scenario, HasSubstr("./../../rules/good"));
    const auto experiment =
        scenario::parse(run.header.scenario, options.run_file.parent_path() / "a.toml");
    ASSERT_OK(experiment);
    auto written = test::assemble(*experiment, fixtures_.options("b.run"));
    ASSERT_OK(written->advance_until(written->end()));
    EXPECT_EQ(written->fingerprint(), run.summary.fingerprint);
}

// What follows one endpoint alone knows of what was done by hand.
TEST_F(ActsTest, FollowsAnEndpointThroughWhatWasDoneByHand) {
    assemble(deadly());
    std::map<uint32_t, std::vector<HistoryEntry>> seen;
    lab_->observe(
        [&](uint32_t endpoint, const HistoryEntry& entry) { seen[endpoint].push_back(entry); });
    advance(120);
    Command flip = new_fault(FaultKind::kBitFlip, 12);
    flip.fault->share = 0.5;
    ASSERT_OK(lab_->submit(flip));
    ASSERT_OK(lab_->submit(new_release("mend", "./rules/good", true, true)));
    ASSERT_OK(lab_->advance_until(lab_->end()));
    for (const uint32_t endpoint : {0u, 7u, 31u, 59u}) {
        ASSERT_OK_AND(const auto history, lab_->follow(endpoint));
        EXPECT_EQ(history, seen[endpoint]) << endpoint;
    }
}

}  // namespace
}  // namespace firebreak::lab
