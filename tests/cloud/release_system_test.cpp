#include "cloud/release_system.h"

#include <gtest/gtest.h>

#include "cloud/packages.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

constexpr auto kFeed = content::Feed::kDatasetA;
constexpr GroupId kEngineering{0}, kInternal{1}, kPublic1{2};

class ReleaseSystemTest : public testing::Test {
  protected:
    ReleaseSystemTest() : system_(groups(), staging(), cdn_) {
        release_ = system_.add(&package_, "rules-2", false);
        fix_ = system_.add(&fix_package_, "rules-3", true);
    }
    static std::vector<ReleaseGroup> groups() {
        return {{"engineering", GroupStage::kEngineering},
                {"internal", GroupStage::kInternal},
                {"public-1", GroupStage::kPublic},
                {"public-2", GroupStage::kPublic},
                {"public-3", GroupStage::kPublic}};
    }
    static Staging staging() { return {true, base::hours(6), base::minutes(5), 0.01, 10}; }
    void at(base::SimTime now) {
        system_.advance(now);
        cdn_.advance(now);
    }
    // Which groups are offered anything.
    std::string offered() {
        std::string out;
        for (const ReleaseGroup& group : groups()) {
            out += cdn_.offered(group.name, kFeed) == nullptr ? '-' : '+';
        }
        return out;
    }
    // Past both gates, in public-1.
    void release_to_public() {
        system_.release(release_, {0});
        ASSERT_OK(system_.promote(release_, GroupStage::kInternal, {3600}));
        ASSERT_OK(system_.promote(release_, GroupStage::kPublic, {7200}));
        at({7200});
    }

    Cdn cdn_;
    content::Package package_ = package("2"), fix_package_ = package("3");
    ReleaseSystem system_;
    ReleaseId release_, fix_;
};

TEST_F(ReleaseSystemTest, OffersAReleaseToEngineeringAloneAfterTheCdnsDelay) {
    system_.release(release_, {0});
    at({299});
    EXPECT_EQ(offered(), "-----");
    at({300});
    EXPECT_EQ(offered(), "+----");
    at({base::days(30).seconds});
    EXPECT_EQ(offered(), "+----") << "promotion is manual";
}

TEST_F(ReleaseSystemTest, GoesThroughThePublicGroupsByItself) {
    release_to_public();
    at({7200 + 300});
    EXPECT_EQ(offered(), "+++--");
    at({7200 + 6 * 3600});
    at({7200 + 6 * 3600 + 300});
    EXPECT_EQ(offered(), "++++-");
    at({7200 + 12 * 3600});
    at({7200 + 12 * 3600 + 300});
    EXPECT_EQ(offered(), "+++++");
}

TEST_F(ReleaseSystemTest, RefusesPromotionsOutOfOrder) {
    EXPECT_ERROR(system_.promote(release_, GroupStage::kInternal, {0}), "not released yet");
    system_.release(release_, {0});
    EXPECT_ERROR(system_.promote(release_, GroupStage::kPublic, {0}), "not been in the internal");
    ASSERT_OK(system_.promote(release_, GroupStage::kInternal, {0}));
    EXPECT_ERROR(system_.promote(release_, GroupStage::kInternal, {1}), "there already");
}

TEST_F(ReleaseSystemTest, HaltsOnOneFailureInEngineeringAndRefusesItsPromotion) {
    system_.release(release_, {0});
    at({300});
    system_.count_exposed(release_, kEngineering, 50);
    system_.count_failures(release_, kEngineering, 1);
    at({600});
    EXPECT_EQ(system_.halt_in_force(release_), base::SimTime{900});
    EXPECT_ERROR(system_.promote(release_, GroupStage::kInternal, {900}), "was halted");
    at({900});
    EXPECT_EQ(offered(), "-----") << "withdrawn";
}

TEST_F(ReleaseSystemTest, HaltsOnOneFailureInInternal) {
    system_.release(release_, {0});
    ASSERT_OK(system_.promote(release_, GroupStage::kInternal, {0}));
    system_.count_failures(release_, kInternal, 1);
    at({600});
    EXPECT_TRUE(system_.halt_in_force(release_).has_value());
}

TEST_F(ReleaseSystemTest, HaltsAmongThePublicOnlyAtItsThreshold) {
    release_to_public();
    system_.count_exposed(release_, kPublic1, 2000);
    system_.count_failures(release_, kPublic1, 19);
    at({8000});
    EXPECT_FALSE(system_.halt_in_force(release_).has_value()) << "19 of 2,000 are under 1 %";
    system_.count_failures(release_, kPublic1, 1);
    at({8300});
    EXPECT_TRUE(system_.halt_in_force(release_).has_value()) << "20 of 2,000 are 1 %";
    at({7200 + 6 * 3600});
    at({7200 + 13 * 3600});
    EXPECT_EQ(offered(), "-----") << "and no further group gets it";
}

TEST_F(ReleaseSystemTest, DoesNotHaltAmongThePublicOnTooFewReports) {
    release_to_public();
    system_.count_exposed(release_, kPublic1, 20);
    system_.count_failures(release_, kPublic1, 9);
    at({8000});
    EXPECT_FALSE(system_.halt_in_force(release_).has_value());
}

TEST_F(ReleaseSystemTest, IgnoresGatesThatAreSwitchedOff) {
    Staging open = staging();
    open.gates = false;
    ReleaseSystem system(groups(), open, cdn_);
    const ReleaseId id = system.add(&package_, "rules-2", false);
    system.release(id, {0});
    system.count_failures(id, kEngineering, 50);
    system.advance({300});
    EXPECT_FALSE(system.halt_in_force(id).has_value());
}

TEST_F(ReleaseSystemTest, OffersAnExpeditedReleaseToAllAtOnce) {
    system_.release(fix_, {0});
    at({300});
    EXPECT_EQ(offered(), "+++++");
    EXPECT_ERROR(system_.promote(fix_, GroupStage::kInternal, {300}), "expedited");
}

TEST_F(ReleaseSystemTest, DoesNotWithdrawWhatALaterReleaseHasReplaced) {
    release_to_public();
    at({7500});
    system_.release(fix_, {8000});
    at({8300});
    ASSERT_OK(system_.halt(release_, {8600}, "by an operator"));
    at({8900});
    EXPECT_EQ(offered(), "+++++");
    EXPECT_EQ(cdn_.offered("public-1", kFeed), &fix_package_);
    EXPECT_ERROR(system_.halt(release_, {9000}, "again"), "halted already");
}

TEST_F(ReleaseSystemTest, TellsItsDecisionsOnce) {
    system_.release(release_, {0});
    auto decisions = system_.take_decisions();
    ASSERT_EQ(decisions.size(), 1u);
    EXPECT_EQ(decisions[0].kind, Decision::Kind::kPublished);
    EXPECT_EQ(decisions[0].group, kEngineering);
    EXPECT_TRUE(system_.take_decisions().empty());
}

TEST(ReleaseSystem, BeginsWithThePublicWhereThereIsNothingBefore) {
    Cdn cdn;
    const content::Package one = package("1");
    ReleaseSystem system({{"a", GroupStage::kPublic}, {"b", GroupStage::kPublic}},
                         {true, base::hours(1), base::Duration{0}, 0.01, 10}, cdn);
    system.release(system.add(&one, "one", false), {0});
    system.advance({0});
    cdn.advance({0});
    EXPECT_EQ(cdn.offered("a", kFeed), &one);
    EXPECT_EQ(cdn.offered("b", kFeed), nullptr);
}

}  // namespace
}  // namespace firebreak::cloud
