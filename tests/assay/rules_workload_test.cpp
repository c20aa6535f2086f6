// Rules in assays: real packages, encrypted, in the real worker, over a persona's day and attacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "assay/encrypted_feeds.h"
#include "base/file.h"
#include "host/event_import.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using content::Feed;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RulesWorkload : public EncryptedFeeds {
  protected:
    void SetUp() override {
        EncryptedFeeds::SetUp();
        product_ = package(Feed::kProductRulesFeed, "1", 0, "good/ProductRulesFeed/2026-03-02");
        behavior_ = package(Feed::kBehavior, "1", 0, "good/Behavior/2026-03-02");
        ASSERT_OK_AND(const base::Bytes lines, base::read_file(test::fixtures_dir() / "attacks" /
                                                                   "credentials-from-lsass.jsonl",
                                                               1 << 20));
        ASSERT_OK_AND(auto imported, host::import_windows_events(base::text_of(lines)));
        attacks_ = {{"credentials-from-lsass", std::move(imported.events)}};
    }
    Transition day(Assays& all, const content::Package& behavior) {
        return EncryptedFeeds::day(all, {&product_, &behavior});
    }
    static const RuleUse* use_of(const Transition& done, const std::string& rule) {
        const auto found = std::ranges::find(done.rules, rule, &RuleUse::rule);
        return found == done.rules.end() ? nullptr : &*found;
    }

    content::Package product_, behavior_;
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
    const auto few = package(Feed::kBehavior, "3", 3600, "malicious/Behavior/shared-tables");
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
