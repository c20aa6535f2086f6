// Trials of content with real signatures and real workers, on personas of a few files.
#include "bridge/content_trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QCoreApplication>
#include <fstream>

#include "assay/transition.h"
#include "base/file.h"
#include "scenario/experiment.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"
#include "support/waiting.h"

namespace firebreak::bridge {
namespace {

using scenario::FaultKind;
using scenario::FaultTarget;
using scenario::Profile;
using scenario::SignedBy;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class ContentTrialTest : public testing::Test {
  protected:
    ContentTrialTest() : trial_({fixtures_.options().fixtures, fixtures_.options().worker}) {
        QObject::connect(&trial_, &ContentTrial::finished, &trial_,
                         [this](const auto& result) { result_ = result; });
        QObject::connect(&trial_, &ContentTrial::progressed, &trial_,
                         [this](const QString& what, int answers, int of) {
                             heard_.push_back(what);
                             EXPECT_LE(answers, of);
                         });
    }
    std::filesystem::path fixtures() const { return fixtures_.options().fixtures; }
    TrialContent rules(const std::string& name) const {
        auto files = read_content(fixtures() / "rules" / name);
        EXPECT_TRUE(files.ok()) << files.error().text();
        return {*std::move(files), {}};
    }
    Trial trial(const std::string& name) const {
        Trial out;
        out.title = name;
        out.content = rules(name);
        out.personas = {"workstation", "desk"};
        return out;
    }
    const TrialResult& run(const Trial& trial, std::optional<TrialContent> unmodified = {}) {
        result_ = nullptr;
        trial_.start(trial, unmodified);
        EXPECT_TRUE(trial_.is_running());
        test::wait_until([&] { return result_ != nullptr; });
        EXPECT_FALSE(trial_.is_running());
        const TrialSide& side = result_->tried;
        EXPECT_FALSE(side.problem) << side.problem->text();
        return *result_;
    }
    // Of the poll, on every persona the same.
    static base::Outcome delivery(const TrialSide& side) {
        EXPECT_THAT(side.personas, SizeIs(2));
        std::vector<base::Outcome> all;
        for (const PersonaTrial& one : side.personas) {
            if (!one.delivery) {
                ADD_FAILURE() << one.persona << " has not heard of it";
                return {};
            }
            const auto done = assay::parse_transition(one.delivery->json);
            EXPECT_TRUE(done.ok());
            all.push_back(done->outcome);
            EXPECT_EQ(all.back().code, all.front().code);
        }
        return all.front();
    }
    base::Code code_of(const TrialChanges& changes, Profile profile = Profile::kPublished) {
        Trial changed = trial("good");
        changed.changes = changes;
        changed.profile = profile;
        const TrialResult& result = run(changed, rules("good"));
        EXPECT_NE(result.unmodified, nullptr);
        EXPECT_EQ(delivery(*result.unmodified).category, base::Category::kInstalled);
        return delivery(result.tried).code;
    }
    static TrialChanges fault(FaultKind kind, FaultTarget target) {
        TrialChanges out;
        out.faults = {{kind, target, std::nullopt, 0}};
        return out;
    }

    test::SmallFixtures fixtures_;
    ContentTrial trial_;
    std::shared_ptr<const TrialResult> result_;
    std::vector<QString> heard_;
};

TEST_F(ContentTrialTest, InstallsGoodContentAndNothingComesOfIt) {
    const TrialResult& result = run(trial("finds-new-threat"));
    EXPECT_EQ(delivery(result.tried).category, base::Category::kInstalled);
    EXPECT_EQ(result.unmodified, nullptr);
    EXPECT_THAT(result.tried.damages, IsEmpty());
    for (const PersonaTrial& one : result.tried.personas) {
        EXPECT_EQ(one.title, one.persona);
        ASSERT_FALSE(one.workloads.empty());
        EXPECT_EQ(one.workloads.front().category, to_text(base::Category::kNothingNew));
    }
    EXPECT_GT(result.tried.wall_s, 0);
    EXPECT_FALSE(heard_.empty());
}

TEST_F(ContentTrialTest, SetsWhatBrokenRulesDoBesideTheUnmodifiedOnes) {
    const TrialResult& result = run(trial("does-not-compile"), rules("good"));
    const base::Outcome refused = delivery(result.tried);
    EXPECT_EQ(refused.code, base::Code::kRulesDoNotCompile);
    EXPECT_THAT(refused.evidence, Contains(Pair("file", "rules.yar:1")));
    EXPECT_THAT(result.tried.personas.front().workloads, IsEmpty());
    ASSERT_NE(result.unmodified, nullptr);
    EXPECT_EQ(delivery(*result.unmodified).category, base::Category::kInstalled);
}

TEST_F(ContentTrialTest, SeesAScannerDieOfWhatItInstalled) {
    const TrialResult& result = run(trial("dies"));
    EXPECT_EQ(delivery(result.tried).category, base::Category::kInstalled);
    ASSERT_FALSE(result.tried.personas.front().workloads.empty());
    const record::Assay& workload = result.tried.personas.front().workloads.front();
    EXPECT_EQ(workload.category, to_text(base::Category::kForbidden));
    EXPECT_THAT(workload.evidence, HasSubstr("system call: openat"));
}

TEST_F(ContentTrialTest, RefusesAFlippedBitOfEachPart) {
    const std::pair<FaultTarget, base::Code> kExpected[] = {
        {FaultTarget::kSignature, base::Code::kSignatureWrong},
        {FaultTarget::kManifest, base::Code::kManifestDigestWrong},
        {FaultTarget::kPayload, base::Code::kPayloadDigestWrong}};
    for (const auto& [target, code] : kExpected) {
        EXPECT_EQ(code_of(fault(FaultKind::kBitFlip, target)), code);
        ASSERT_THAT(result_->tried.damages, SizeIs(1));
        const DamageDone& damage = result_->tried.damages.front();
        EXPECT_TRUE(damage.happened);
        EXPECT_NE(damage.flipped, 0);
        EXPECT_LT(damage.offset, damage.size);
        EXPECT_THAT(result_->unmodified->damages, IsEmpty());
    }
    for (const FaultTarget target :
         {FaultTarget::kChain, FaultTarget::kLength, FaultTarget::kEncoding}) {
        const base::Code code = code_of(fault(FaultKind::kBitFlip, target));
        EXPECT_GE(code, base::Code::kEnvelopeMalformed);
        EXPECT_LT(code, base::Code::kInstallFailed);
    }
}

TEST_F(ContentTrialTest, DamagesTheByteThatIsNamed) {
    Trial changed = trial("good");
    changed.changes.faults = {{FaultKind::kBitFlip, FaultTarget::kPayload, 5, 3}};
    const base::Bytes sent = *changed.content.files.at("rules.yar");
    const TrialResult& result = run(changed);
    EXPECT_EQ(delivery(result.tried).code, base::Code::kPayloadDigestWrong);
    EXPECT_THAT(result.tried.damages,
                ElementsAre(DamageDone{"rules.yar", 5, sent.size(), sent[5], 8, "the payload"}));
    changed.changes.faults = {{FaultKind::kTruncate, FaultTarget::kPayload, 7, 0}};
    EXPECT_EQ(delivery(run(changed).tried).code, base::Code::kPayloadSizeWrong);
    EXPECT_THAT(result_->tried.damages,
                ElementsAre(DamageDone{"rules.yar", 7, sent.size(), sent[7], 0, "the payload"}));
}

TEST_F(ContentTrialTest, SaysOfAByteThatIsNotThereThatNothingIsDamaged) {
    Trial changed = trial("good");
    changed.changes.faults = {{FaultKind::kBitFlip, FaultTarget::kPayload, 1'000'000, 0}};
    const TrialResult& result = run(changed);
    EXPECT_EQ(delivery(result.tried).category, base::Category::kInstalled);
    ASSERT_THAT(result.tried.damages, SizeIs(1));
    EXPECT_FALSE(result.tried.damages.front().happened);
}

TEST_F(ContentTrialTest, DrawsOtherPlacesFromOtherSeeds) {
    std::set<uint64_t> offsets;
    for (const uint64_t seed : {1, 2, 3}) {
        Trial changed = trial("good");
        changed.seed = seed;
        changed.changes = fault(FaultKind::kBitFlip, FaultTarget::kPayload);
        offsets.insert(run(changed).tried.damages.front().offset);
    }
    EXPECT_GT(offsets.size(), 1u);
}

TEST_F(ContentTrialTest, RefusesWhatIsOversizedOrDoesNotArrive) {
    for (const FaultKind kind : {FaultKind::kInflate, FaultKind::kEndless}) {
        EXPECT_EQ(code_of(fault(kind, FaultTarget::kPackage), Profile::kHardened),
                  kind == FaultKind::kInflate ? base::Code::kInflatesTooFar : base::Code::kOverCap);
    }
    EXPECT_EQ(code_of(fault(FaultKind::kMissing, FaultTarget::kPayload)),
              base::Code::kPayloadMissing);
}

TEST_F(ContentTrialTest, RefusesAStaleSigningTime) {
    TrialChanges stale;
    stale.signed_after = base::days(-30);
    EXPECT_EQ(code_of(stale), base::Code::kSignedBeforeFloor);
}

TEST_F(ContentTrialTest, RefusesOtherKeys) {
    const std::pair<SignedBy, base::Code> kExpected[] = {
        {SignedBy::kOtherFeed, base::Code::kFeedWrong},
        {SignedBy::kOtherRoot, base::Code::kChainUntrusted},
        {SignedBy::kWrongUsage, base::Code::kUsageWrong},
        {SignedBy::kExpired, base::Code::kChainExpired},
        {SignedBy::kNobody, base::Code::kEnvelopeMalformed}};
    for (const auto& [by, code] : kExpected) {
        TrialChanges changes;
        changes.signed_by = by;
        EXPECT_EQ(code_of(changes), code);
    }
}

TEST_F(ContentTrialTest, CombinesAnotherKeyWithDamage) {
    TrialChanges both = fault(FaultKind::kBitFlip, FaultTarget::kManifest);
    both.signed_by = SignedBy::kOtherRoot;
    both.signed_after = base::days(-1);
    const base::Code code = code_of(both);
    EXPECT_GE(code, base::Code::kEnvelopeMalformed);
    EXPECT_LT(code, base::Code::kInstallFailed);
    EXPECT_THAT(result_->tried.damages, SizeIs(1));
}

// On a persona whose machine lives through events.
TEST_F(ContentTrialTest, TellsWhatStoppedARule) {
    ContentTrial real({test::fixtures_dir(), test::worker_binary()});
    QObject::connect(&real, &ContentTrial::finished, &real,
                     [this](const auto& result) { result_ = result; });
    Trial loop = trial("good");
    loop.feed = content::Feed::kBehavior;
    ASSERT_OK_AND(loop.content.files,
                  read_content(test::fixtures_dir() / "content/malicious/Behavior/loop"));
    loop.content.with = {"good/Behavior/2026-03-02"};
    loop.personas = {"office-laptop"};
    real.start(loop, std::nullopt);
    test::wait_until([&] { return result_ != nullptr; });
    ASSERT_THAT(result_->tried.personas, SizeIs(1));
    const PersonaTrial& laptop = result_->tried.personas.front();
    EXPECT_EQ(laptop.title, "Office laptop");
    ASSERT_TRUE(laptop.delivery.has_value());
    EXPECT_EQ(laptop.delivery->category, to_text(base::Category::kInstalled));
    ASSERT_FALSE(laptop.workloads.empty());
    ASSERT_OK_AND(const auto done, assay::parse_transition(laptop.workloads.front().json));
    std::string failure;
    for (const assay::RuleUse& use : done.rules) {
        failure += use.rule == "loop" ? use.failure : "";
    }
    EXPECT_THAT(failure, HasSubstr("deadline"));
    EXPECT_THAT(failure, HasSubstr("loop.lua"));
}

TEST_F(ContentTrialTest, TriesTheSameUnmodifiedContentOnce) {
    Trial changed = trial("blind");
    const auto first = run(changed, rules("good")).unmodified;
    const auto second = run(trial("holds-file"), rules("good")).unmodified;
    EXPECT_TRUE(first == second);
    EXPECT_FALSE(run(trial("holds-file"), rules("dies")).unmodified == first);
    changed.profile = Profile::kHardened;
    EXPECT_FALSE(run(changed, rules("good")).unmodified == first);
}

TEST_F(ContentTrialTest, SaysWhyContentCannotBeSigned) {
    Trial broken = trial("good");
    broken.content.files.clear();
    result_ = nullptr;
    trial_.start(broken, rules("good"));
    test::wait_until([&] { return result_ != nullptr; });
    ASSERT_TRUE(result_->tried.problem);
    EXPECT_THAT(result_->tried.problem->text(), HasSubstr("trial"));
    ASSERT_NE(result_->unmodified, nullptr);
    EXPECT_FALSE(result_->unmodified->problem);
    // A table is made of what people write before it is signed.
    broken.feed = content::Feed::kLocalRepData;
    broken.content.files["files.csv"] =
        std::make_shared<const base::Bytes>(base::bytes_of("kind,sha256,reputation\nfile,x,1\n"));
    result_ = nullptr;
    trial_.start(broken, std::nullopt);
    test::wait_until([&] { return result_ != nullptr; });
    ASSERT_TRUE(result_->tried.problem);
    EXPECT_THAT(result_->tried.problem->message, testing::StartsWith("files.csv:2: "));
}

TEST_F(ContentTrialTest, IsSilentOnceCancelledAndTriesTheNext) {
    trial_.start(trial("slow"), rules("good"));
    trial_.cancel();
    EXPECT_FALSE(trial_.is_running());
    // A new one takes the place of one that still goes on.
    trial_.start(trial("slow"), rules("good"));
    const TrialResult& result = run(trial("does-not-compile"));
    EXPECT_EQ(delivery(result.tried).code, base::Code::kRulesDoNotCompile);
    EXPECT_EQ(result.unmodified, nullptr);
}

TEST_F(ContentTrialTest, IsSavedAsAScenarioThatRunsAlone) {
    Trial changed = trial("good");
    changed.title = "A \"bad\" \\ day";
    changed.changes.faults = {{FaultKind::kBitFlip, FaultTarget::kSignature, 9, 2}};
    changed.changes.signed_after = base::hours(-2);
    const test::TemporaryFolder folder;
    {
        std::ofstream(folder.path() / "leftover.yar") << "beside it";
        std::filesystem::create_directory(folder.path() / "mine");
        std::ofstream(folder.path() / "mine" / "old.yar") << "rule Old { condition: true }";
    }
    ASSERT_OK_AND(const auto file, save_trial(changed, folder.path(), "mine", fixtures()));
    EXPECT_EQ(file, folder.path() / "mine.toml");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "mine" / "old.yar"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "leftover.yar"));
    ASSERT_OK_AND(const scenario::Experiment experiment, scenario::load(file, {}));
    EXPECT_EQ(experiment.title, changed.title);
    EXPECT_THAT(experiment.groups, SizeIs(2));
    EXPECT_EQ(experiment.baseline.size(), feeds_with_component().size());
    ASSERT_THAT(experiment.faults, SizeIs(1));
    EXPECT_EQ(experiment.faults.front().byte, 9u);
    EXPECT_EQ(experiment.faults.front().bit, 2);
    ASSERT_THAT(experiment.releases, SizeIs(1));
    EXPECT_EQ(experiment.releases.front().signed_at,
              experiment.start + kTrialPublished + base::hours(-2));
    ASSERT_OK_AND(const auto lab, lab::Lab::assemble(experiment, fixtures_.options()));
    ASSERT_OK(lab->advance_until(base::SimTime{3600}));
    for (const char* name : {"", "../x", ".hidden", "a/b"}) {
        EXPECT_FALSE(save_trial(changed, folder.path(), name, fixtures()).ok()) << name;
    }
}

TEST(TrialContentFiles, AreThePlainFilesOfAFolder) {
    const test::TemporaryFolder folder;
    std::filesystem::create_directory(folder.path() / "deeper");
    std::ofstream(folder.path() / "a.yar") << "rule A { condition: true }";
    ASSERT_OK_AND(const TrialFiles files, read_content(folder.path()));
    ASSERT_THAT(files, SizeIs(1));
    EXPECT_EQ(base::text_of(*files.at("a.yar")), "rule A { condition: true }");
    ASSERT_OK(write_content(files, folder.path() / "copy"));
    ASSERT_OK_AND(const TrialFiles copy, read_content(folder.path() / "copy"));
    EXPECT_EQ(*copy.at("a.yar"), *files.at("a.yar"));
    const auto nowhere = read_content(folder.path() / "nowhere");
    ASSERT_FALSE(nowhere.ok());
    EXPECT_THAT(nowhere.error().place, HasSubstr("nowhere"));
}

TEST(TrialFeeds, AreThoseThatAComponentRuns) {
    std::vector<std::string_view> names;
    for (const content::Feed feed : feeds_with_component()) {
        names.push_back(content::info(feed).name);
    }
    EXPECT_THAT(names, ElementsAre("DatasetA", "LocalRepData", "Behavior", "ProductRulesFeed",
                                   "RepairKit", "APPFEED", "USERAPPFEED", "MLModels"));
}

}  // namespace
}  // namespace firebreak::bridge
