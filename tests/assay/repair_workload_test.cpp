// The repair program in assays: what kits leave of a machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "assay/encrypted_feeds.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RepairWorkload : public EncryptedFeeds {
  protected:
    RepairWorkload() { repairs_ = true; }

    // What the persona's hours come to with a kit of this hostile rule alone.
    Transition day_with(const std::string& hostile, const char* persona = "server") {
        Assays all = assays(persona);
        const auto kit = package(Feed::kRepairKit, "1", 0, "malicious/RepairKit/" + hostile);
        return day(all, {&kit});
    }
    static std::vector<Code> codes(const Transition& done) {
        std::vector<Code> out;
        for (const Trigger& trigger : done.triggers) {
            EXPECT_EQ(trigger.feed, Feed::kRepairKit);
            EXPECT_EQ(trigger.outcome.category, Category::kDamaged) << trigger.what;
            out.push_back(trigger.outcome.code);
        }
        return out;
    }
};

TEST_F(RepairWorkload, OfTheShippedKitIsWithoutHarmOnEveryPersona) {
    const auto kit = package(Feed::kRepairKit, "1", 0, "good/RepairKit/2026-03-02");
    for (const char* persona :
         {"developer", "log-server", "office-laptop", "roaming-laptop", "server", "till"}) {
        Assays all = assays(persona);
        const Transition done = day(all, {&kit});
        EXPECT_THAT(done.triggers, IsEmpty()) << persona;
        EXPECT_TRUE(done.reads.contains("repair/RepairKit/running"));
    }
}

TEST_F(RepairWorkload, OfAKitThatDeletesWhatWindowsNeedsEndsAtTheNextHour) {
    for (const char* hostile : {"deletes-boot-file", "wipes-registry"}) {
        const Transition done = day_with(hostile);
        ASSERT_THAT(codes(done), testing::ElementsAre(Code::kBootFileDamaged)) << hostile;
        EXPECT_EQ(done.triggers[0].hazard(), 1) << "it runs each hour";
        EXPECT_THAT(base::to_text(done.triggers[0].outcome.evidence),
                    AllOf(HasSubstr("repair ran: the kit"), HasSubstr(hostile)));
        EXPECT_THAT(done.triggers[0].changes, IsEmpty()) << "it goes on with the same kit";
    }
}

TEST_F(RepairWorkload, OfAKitThatSwitchesProtectionOffLosesUpdates) {
    EXPECT_THAT(codes(day_with("protection-off")), testing::ElementsAre(Code::kUpdaterDamaged));
}

// On a sound machine there is nothing to see: the harm comes with the shutdown.
TEST_F(RepairWorkload, OfAKitThatDeletesWhatItMendsIsHarmlessUntilAShutdown) {
    for (const char* hostile : {"deletes-what-it-mends", "nil-index", "loop-when-damaged"}) {
        const Transition done = day_with(hostile);
        EXPECT_THAT(codes(done), Not(IsEmpty())) << hostile;
        EXPECT_THAT(codes(done), Each(testing::AnyOf(Code::kUpdaterDamaged, Code::kProductDamaged,
                                                     Code::kDamageLeft)));
        EXPECT_THAT(done.triggers,
                    Each(Field(&Trigger::what, HasSubstr("after an unclean shutdown"))));
        double hazard = 0;
        for (const Trigger& trigger : done.triggers) {
            hazard += trigger.hazard();
        }
        EXPECT_LE(hazard, 1.0 / (60 * 24)) << "no more than there are shutdowns";
    }
    EXPECT_THAT(codes(day_with("nil-index")), Not(Contains(Code::kProductDamaged)))
        << "what it did before it failed is undone";
    EXPECT_THAT(codes(day_with("deletes-what-it-mends")), Contains(Code::kProductDamaged));
}

// Where a rule fails the machine is often none the worse: nothing else would tell of it.
TEST_F(RepairWorkload, TellsOfRulesThatFail) {
    const Transition done = day_with("loop-when-damaged");
    ASSERT_THAT(done.rules, SizeIs(1));
    EXPECT_EQ(done.rules[0].feed, Feed::kRepairKit);
    EXPECT_EQ(done.rules[0].rule, "loop-when-damaged");
    EXPECT_EQ(done.rules[0].calls, 9u) << "a sound machine, and eight shutdowns";
    EXPECT_GT(done.rules[0].errors, 0u);
    EXPECT_LT(done.rules[0].errors, 9u);
    EXPECT_THAT(day_with("deletes-what-it-mends").rules, IsEmpty()) << "it does what it means to";
}

// The last resort sees to the updater, and to nothing else.
TEST_F(RepairWorkload, WithoutAKitLeavesWhatIsNotTheUpdaters) {
    Assays all = assays("server");
    const Transition done = one(all, all.intern({}), WorkloadStimulus{{0}, "persona", nullptr});
    EXPECT_THAT(codes(done), testing::ElementsAre(Code::kDamageLeft));
    EXPECT_THAT(base::to_text(done.triggers[0].outcome.evidence),
                HasSubstr("the last resort, which mends the updater alone"));
}

TEST_F(RepairWorkload, IsNoneWhereTheProductHasNoRepairProgram) {
    repairs_ = false;
    Assays all = assays("server");
    const Transition done = one(all, all.intern({}), WorkloadStimulus{{0}, "persona", nullptr});
    EXPECT_THAT(done.triggers, IsEmpty());
    EXPECT_FALSE(done.reads.contains("repair/RepairKit/running"));
}

}  // namespace
}  // namespace firebreak::assay
