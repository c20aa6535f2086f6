#include "base/harm.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace firebreak::base {
namespace {

TEST(Harms, StandInTheOrderOfTheirNumbersAndAreFoundByName) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < kHarms; ++i) {
        const HarmInfo& entry = harms()[i];
        EXPECT_EQ(static_cast<size_t>(entry.harm), i);
        EXPECT_EQ(&info(entry.harm), &entry);
        EXPECT_EQ(find_harm(entry.name), entry.harm);
        EXPECT_FALSE(entry.meaning.empty());
        names.insert(entry.name);
    }
    EXPECT_EQ(names.size(), kHarms);
    EXPECT_EQ(find_harm("Down"), std::nullopt);
    EXPECT_EQ(find_harm(""), std::nullopt);
}

TEST(Harms, CutALostMachineOffAndLeaveOnlyPeopleToSpeakForIt) {
    std::vector<Harm> lost, cut_off;
    for (const HarmInfo& entry : harms()) {
        if (entry.lost) {
            lost.push_back(entry.harm);
            EXPECT_TRUE(entry.cut_off) << entry.name;
            EXPECT_GT(entry.calls, 0) << entry.name;
        }
        if (entry.cut_off) {
            cut_off.push_back(entry.harm);
        }
        EXPECT_GE(entry.calls, 0) << entry.name;
        EXPECT_LE(entry.calls, 1) << entry.name;
    }
    EXPECT_EQ(lost, (std::vector{Harm::kUnbootable, Harm::kBootLoop}));
    EXPECT_EQ(cut_off, (std::vector{Harm::kNetworkLost, Harm::kUnbootable, Harm::kBootLoop,
                                    Harm::kUpdatesLost}));
}

TEST(Harms, AreNotUndoneByAnUpdateThatCannotArrive) {
    for (const HarmInfo& entry : harms()) {
        if (entry.cut_off) {
            EXPECT_EQ(entry.recovery, Recovery::kByHand) << entry.name;
        }
    }
}

TEST(Harms, HaveABitEachAndNoneHasNone) {
    EXPECT_EQ(bit(Harm::kNone), 0);
    HarmMask all = 0;
    for (size_t i = 1; i < kHarms; ++i) {
        const HarmMask one = bit(static_cast<Harm>(i));
        EXPECT_NE(one, 0);
        EXPECT_EQ(all & one, 0) << i;
        all = static_cast<HarmMask>(all | one);
    }
}

TEST(Recoveries, HaveDistinctNames) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < kRecoveries; ++i) {
        names.insert(to_text(static_cast<Recovery>(i)));
    }
    EXPECT_EQ(names.size(), kRecoveries);
    EXPECT_EQ(to_text(Recovery::kUpdate), "next update");
    EXPECT_EQ(to_text(Recovery::kByHand), "by hand");
}

}  // namespace
}  // namespace firebreak::base
