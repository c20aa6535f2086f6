// Rules in assays: real packages, encrypted, in the real worker, over a persona's day and attacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "assay/assays.h"
#include "base/file.h"
#include "cloud/cdn.h"
#include "content/package.h"
#include "host/event_import.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using content::Feed;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr base::UtcTime kMonday{1'772'409'600};

class RulesWorkload : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_OK_AND(pki_, content::load_pki(test::fixtures_dir() / "keys"));
        verifier_ = std::make_unique<content::Verifier>(std::vector{pki_.root.certificate});
        product_ = package(Feed::kProductRulesFeed, "1", 0, "good/ProductRulesFeed/2026-03-02");
        behavior_ = package(Feed::kBehavior, "1", 0, "good/Behavior/2026-03-02");
        ASSERT_OK_AND(const base::Bytes lines, base::read_file(test::fixtures_dir() / "attacks" /
                                                                   "credentials-from-lsass.jsonl",
                                                               1 << 20));
        ASSERT_OK_AND(auto imported, host::import_windows_events(base::text_of(lines)));
        attacks_ = {{"credentials-from-lsass", std::move(imported.events)}};
    }
    content::Package package(Feed feed, const std::string& version, int64_t at,
                             const std::string& source,
                             const std::vector<std::filesystem::path>& also = {}) {
        content::BuildOptions how;
        how.content_key = pki_.content_keys.at(feed);
        for (const auto& one : also) {
            how.also.push_back(test::fixtures_dir() / "content" / one);
        }
        auto draft = content::build(feed, version, test::fixtures_dir() / "content" / source, how);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        auto signed_one = content::sign(std::move(draft).value(), pki_.signers.at(feed),
                                        kMonday + base::Duration{at});
        EXPECT_TRUE(signed_one.ok()) << signed_one.error().text();
        cdn_.store(*signed_one);
        return std::move(signed_one).value();
    }
    Assays assays(const char* persona) {
        auto loaded = host::load_persona(test::fixtures_dir() / "personas" /
                                         (std::string(persona) + ".toml"));
        EXPECT_TRUE(loaded.ok()) << loaded.error().text();
        Environment environment{wire_,
                                *verifier_,
                                spawner_,
                                {std::move(loaded).value()},
                                "2024.2",
                                "windows-x64",
                                endpoint::update::published(),
                                kMonday};
        environment.content_keys = pki_.content_keys;
        environment.attacks = attacks_;
        return Assays(std::move(environment),
                      [](StateId, const Transition&) { return base::Status{}; });
    }
    Transition one(Assays& all, StateId before, const Stimulus& stimulus) {
        const Assays::Request request{before, stimulus};
        auto done = all.perform({&request, 1});
        EXPECT_TRUE(done.ok()) << done.error().text();
        return done.ok() ? all[done->front()] : Transition{};
    }
    Transition poll(Assays& all, StateId before, const content::Package& behavior) {
        PollStimulus stimulus;
        stimulus.channel = stimulus.group = "g";
        stimulus.clock = kMonday + base::hours(3);
        stimulus.feeds = {Feed::kProductRulesFeed, Feed::kBehavior};
        const cloud::Offering offering{
            "g", 1, {{Feed::kProductRulesFeed, &product_}, {Feed::kBehavior, &behavior}}};
        for (const auto& [path, file] : cloud::pointers(offering)) {
            stimulus.files[path] = {file.bytes, file.words};
        }
        return one(all, before, stimulus);
    }
    // What the persona's day comes to with these rules.
    Transition day(Assays& all, const content::Package& behavior) {
        const Transition installed = poll(all, all.intern({}), behavior);
        EXPECT_EQ(installed.outcome.category, Category::kInstalled)
            << base::to_text(installed.outcome.evidence);
        state_ = all.changed(all.intern({}), installed.changes);
        return one(all, state_, WorkloadStimulus{{0}, "persona"});
    }
    static const RuleUse* use_of(const Transition& done, const std::string& rule) {
        const auto found = std::ranges::find(done.rules, rule, &RuleUse::rule);
        return found == done.rules.end() ? nullptr : &*found;
    }

    content::Pki pki_;
    std::unique_ptr<content::Verifier> verifier_;
    sandbox::Spawner spawner_{test::worker_binary()};
    cloud::Cdn cdn_;
    DirectWire wire_{cdn_};
    content::Package product_, behavior_;
    std::vector<Attack> attacks_;
    StateId state_;
};

TEST_F(RulesWorkload, FindNothingInAPersonasDayAndRaiseTheAttack) {
    Assays all = assays("office-laptop");
    const Transition done = day(all, behavior_);
    EXPECT_THAT(done.triggers, IsEmpty());
    EXPECT_THAT(done.rules,
                SizeIs(behavior_.draft.payloads.size() + product_.draft.payloads.size()));
    ASSERT_NE(use_of(done, "office-child"), nullptr);
    EXPECT_GT(use_of(done, "office-child")->calls, 100u) << "nine programs an hour";
    EXPECT_EQ(use_of(done, "office-child")->feed, Feed::kBehavior);
    EXPECT_THAT(done.sensors, Not(IsEmpty()));
    EXPECT_TRUE(done.reads.contains("behavior/Behavior/running"));
    EXPECT_EQ(parse_transition(to_json(done)).value().rules, done.rules);
    EXPECT_EQ(parse_transition(to_json(done)).value().sensors, done.sensors);
}

TEST_F(RulesWorkload, TakesWhatASevereRuleFindsForAFalsePositive) {
    Assays all = assays("office-laptop");
    const auto general = package(Feed::kBehavior, "2", 3600, "good/Behavior/2026-03-02",
                                 {"defective/Behavior/any-child-of-explorer"});
    const Transition done = day(all, general);
    std::map<std::string, const Trigger*> by_program;
    for (const Trigger& trigger : done.triggers) {
        by_program[trigger.what] = &trigger;
    }
    ASSERT_TRUE(by_program.contains("start of C:\\Program Files\\Notes\\notes.exe"));
    const Trigger& notes = *by_program.at("start of C:\\Program Files\\Notes\\notes.exe");
    EXPECT_EQ(notes.outcome.category, Category::kFalsePositive);
    EXPECT_EQ(notes.outcome.code, Code::kFileHeld) << "nobody vouches for it";
    EXPECT_NEAR(notes.hazard(), 6, 2.5) << "it is opened six times an hour";
    EXPECT_EQ(by_program.size(), 3u);
}

TEST_F(RulesWorkload, TellsAnAttackThatNoRuleRaises) {
    Assays all = assays("till");
    const auto few =
        package(Feed::kBehavior, "3", 3600, "malicious/Behavior/shared-tables");
    const Transition done = day(all, few);
    ASSERT_THAT(done.triggers, SizeIs(1));
    EXPECT_EQ(done.triggers[0].outcome.code, Code::kAttackNotRaised);
    EXPECT_EQ(done.triggers[0].what, "credentials-from-lsass");
    EXPECT_TRUE(done.triggers[0].at_once);
}

TEST_F(RulesWorkload, SwitchesAHostileRuleOffAlone) {
    Assays all = assays("till");
    const auto hostile =
        package(Feed::kBehavior, "4", 3600, "good/Behavior/2026-03-02",
                {"malicious/Behavior/field-mismatch-in-handler", "malicious/Behavior/recursion"});
    const Transition honest = day(all, behavior_);
    const Transition done = day(all, hostile);
    EXPECT_THAT(done.triggers, IsEmpty()) << "the attack is still raised, and nothing died";
    EXPECT_EQ(done.rules.size(), honest.rules.size() + 2);
    for (const RuleUse& use : honest.rules) {
        const RuleUse* now = use_of(done, use.rule);
        ASSERT_NE(now, nullptr) << use.rule;
        EXPECT_EQ(now->calls, use.calls) << use.rule;
        EXPECT_EQ(now->detections, use.detections) << use.rule;
    }
}

TEST_F(RulesWorkload, GoesBackAsAPairWhenMeasuredElsewhere) {
    Assays all = assays("till");
    day(all, behavior_);
    const Snapshot back = fallen_back(all.state(state_), Feed::kBehavior);
    EXPECT_FALSE(running_content(back, Feed::kBehavior));
    EXPECT_FALSE(running_content(back, Feed::kProductRulesFeed)) << "one process, one fault domain";
    EXPECT_THAT(back.at("behavior/Behavior/quarantine"),
                HasSubstr(behavior_.manifest_digest.hex()));
}

}  // namespace
}  // namespace firebreak::assay
