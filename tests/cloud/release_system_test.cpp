#include "cloud/release_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "cloud/packages.h"
#include "support/received.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kDelay = 5 * 60 + 60;  // the CDN's time to live, and a download

Staging by_hand() {
    Staging staging;
    staging.cdn_ttl = base::minutes(5);
    staging.download = base::minutes(1);
    return staging;
}

std::vector<Segment> one_group_after_another() {
    return {{"engineering", {0}, GroupStage::kEngineering, {}},
            {"internal", {1}, GroupStage::kInternal, {}},
            {"public-1", {2}, GroupStage::kPublic, {}},
            {"public-2", {3}, GroupStage::kPublic, base::hours(6)},
            {"public-3", {4}, GroupStage::kPublic, base::hours(12)}};
}

// A release system with its CDN, two releases and an expedited one.
class StagingVendor {
  public:
    explicit StagingVendor(Staging staging,
                           std::vector<Segment> segments = one_group_after_another())
        : segments_(segments), system(std::move(segments), staging, cdn) {
        one = system.add(&one_package, "rules-2", false);
        two = system.add(&two_package, "rules-3", false);
        fix = system.add(&fix_package, "rules-4", true);
    }

    void at(int64_t now) {
        system.advance({now});
        ASSERT_OK(cdn.advance({now}));
    }
    // What each segment is offered: a digit per version, - for nothing.
    std::string offered() const {
        std::string out;
        for (const Segment& segment : segments_) {
            const content::Package* package = cdn.offered(segment.name, kFeed);
            out += package == nullptr ? "-" : package->draft.manifest.version;
        }
        return out;
    }
    // Past both gates by hand, public at 2 h.
    void release_to_public(ReleaseId id) {
        system.release(id, {0});
        ASSERT_OK(system.promote(id, GroupStage::kInternal, {kHour}));
        ASSERT_OK(system.promote(id, GroupStage::kPublic, {2 * kHour}));
        at(2 * kHour + kDelay);
    }

  private:
    std::vector<Segment> segments_;

  public:
    content::Package one_package = package("2"), two_package = package("3"),
                     fix_package = package("4");
    Cdn cdn;
    ReleaseSystem system;
    ReleaseId one, two, fix;
};

TEST(ReleaseSystem, OffersAReleaseToEngineeringAloneAfterTheCdnsDelayAndADownload) {
    StagingVendor vendor(by_hand());
    EXPECT_FALSE(vendor.system.released(vendor.one));
    vendor.system.release(vendor.one, {0});
    EXPECT_TRUE(vendor.system.released(vendor.one));
    vendor.at(kDelay - 1);
    EXPECT_EQ(vendor.offered(), "-----");
    vendor.at(kDelay);
    EXPECT_EQ(vendor.offered(), "2----");
    vendor.at(base::days(30).seconds);
    EXPECT_EQ(vendor.offered(), "2----") << "promotion is by hand";
}

TEST(ReleaseSystem, StoresThePackageAsItIsOnTheDayOfItsRelease) {
    StagingVendor vendor(by_hand());
    vendor.one_package.envelope = base::bytes_of("signed anew");
    vendor.system.release(vendor.one, {0});
    vendor.at(kDelay);
    const std::string path = content::package_path(vendor.one_package.manifest_digest);
    EXPECT_EQ(test::get(vendor.cdn, path).body, base::bytes_of("signed anew"));
}

TEST(ReleaseSystem, GoesThroughThePublicSegmentsByItself) {
    StagingVendor vendor(by_hand());
    vendor.release_to_public(vendor.one);
    EXPECT_EQ(vendor.offered(), "222--");
    vendor.at(8 * kHour - 1);
    vendor.at(8 * kHour);
    vendor.at(8 * kHour + kDelay - 1);
    EXPECT_EQ(vendor.offered(), "222--");
    vendor.at(8 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "2222-");
    vendor.at(14 * kHour);
    vendor.at(14 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "22222");
}

TEST(ReleaseSystem, GoesToGrowingSharesOfTheSameGroups) {
    StagingVendor vendor(by_hand(), {{"a/1", {0}, GroupStage::kPublic, {}},
                                     {"b/1", {1}, GroupStage::kPublic, {}},
                                     {"a/2", {0}, GroupStage::kPublic, base::hours(1)},
                                     {"b/2", {1}, GroupStage::kPublic, base::hours(1)}});
    vendor.system.release(vendor.one, {0});
    vendor.at(kDelay);
    EXPECT_EQ(vendor.offered(), "22--") << "nothing comes before the public here";
    vendor.at(kHour);
    vendor.at(kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "2222");
}

TEST(ReleaseSystem, RefusesPromotionsOutOfOrder) {
    StagingVendor vendor(by_hand());
    ReleaseSystem& system = vendor.system;
    EXPECT_ERROR(system.promote(vendor.one, GroupStage::kInternal, {0}), "not released yet");
    system.release(vendor.one, {0});
    EXPECT_ERROR(system.promote(vendor.one, GroupStage::kPublic, {0}), "not been in the internal");
    EXPECT_ERROR(system.promote(vendor.one, GroupStage::kEngineering, {0}), "there already");
    ASSERT_OK(system.promote(vendor.one, GroupStage::kInternal, {0}));
    EXPECT_ERROR(system.promote(vendor.one, GroupStage::kInternal, {1}), "there already");
    ASSERT_OK(system.promote(vendor.one, GroupStage::kPublic, {1}));
    EXPECT_ERROR(system.promote(vendor.one, GroupStage::kPublic, {1}), "there already");
}

TEST(ReleaseSystem, RefusesAPromotionToAGroupThatIsNotThere) {
    StagingVendor vendor(by_hand(), {{"engineering", {0}, GroupStage::kEngineering, {}},
                                     {"public", {1}, GroupStage::kPublic, {}}});
    vendor.system.release(vendor.one, {0});
    EXPECT_ERROR(vendor.system.promote(vendor.one, GroupStage::kInternal, {1}), "no such group");
    ASSERT_OK(vendor.system.promote(vendor.one, GroupStage::kPublic, {1}));
    vendor.at(1 + kDelay);
    EXPECT_EQ(vendor.offered(), "22") << "and what is left out holds nothing up";
}

TEST(ReleaseSystem, RefusesThePromotionOfWhatWasHalted) {
    StagingVendor vendor(by_hand());
    vendor.system.release(vendor.one, {0});
    vendor.at(kDelay);
    ASSERT_OK(vendor.system.halt(vendor.one, {600}, "by an operator"));
    EXPECT_ERROR(vendor.system.promote(vendor.one, GroupStage::kInternal, {700}), "was halted");
    vendor.at(base::days(9).seconds);
    EXPECT_EQ(vendor.offered(), "-----");
}

TEST(ReleaseSystem, WithdrawsWhatItHaltsOnceTheCdnAndDownloadsLetGo) {
    StagingVendor vendor(by_hand());
    vendor.release_to_public(vendor.one);
    EXPECT_EQ(vendor.system.halt_in_force(vendor.one), std::nullopt);
    ASSERT_OK(vendor.system.halt(vendor.one, {3 * kHour}, "by an operator"));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), base::SimTime{3 * kHour});
    EXPECT_EQ(vendor.system.halt_in_force(vendor.one), base::SimTime{3 * kHour + kDelay});
    vendor.at(3 * kHour + kDelay - 1);
    EXPECT_EQ(vendor.offered(), "222--") << "who asked before the halt still gets it";
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
    vendor.at(base::days(2).seconds);
    EXPECT_EQ(vendor.offered(), "-----") << "and no further group gets it";
    EXPECT_ERROR(vendor.system.halt(vendor.one, {4 * kHour}, "again"), "halted already");
}

TEST(ReleaseSystem, NeverOffersWhatWasTakenBackBeforeItWasVisible) {
    StagingVendor vendor(by_hand());
    vendor.system.release(vendor.one, {0});
    ASSERT_OK(vendor.system.halt(vendor.one, {0}, "at once"));
    vendor.at(kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
}

TEST(ReleaseSystem, LeavesOnOfferWhatAHaltByPolicyDoesNotWithdraw) {
    Staging staging = by_hand();
    staging.withdraw = false;
    StagingVendor vendor(staging);
    vendor.release_to_public(vendor.one);
    ASSERT_OK(vendor.system.halt(vendor.one, {3 * kHour}, "by an operator"));
    vendor.at(base::days(1).seconds);
    EXPECT_EQ(vendor.offered(), "222--");
    EXPECT_EQ(vendor.system.halt_in_force(vendor.one), std::nullopt);
    const base::SimTime later{base::days(2).seconds};
    ASSERT_OK(vendor.system.withdraw(vendor.one, later, "by an operator"));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), base::SimTime{3 * kHour});
    EXPECT_EQ(vendor.system.halt_in_force(vendor.one), later + base::Duration{kDelay});
    vendor.at(later.seconds + kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
}

TEST(ReleaseSystem, HaltsWhatAnOperatorWithdraws) {
    StagingVendor vendor(by_hand());
    EXPECT_ERROR(vendor.system.withdraw(vendor.one, {0}, "x"), "not released yet");
    EXPECT_ERROR(vendor.system.halt(vendor.one, {0}, "x"), "not released yet");
    vendor.release_to_public(vendor.one);
    ASSERT_OK(vendor.system.withdraw(vendor.one, {3 * kHour}, "by an operator"));
    EXPECT_TRUE(vendor.system.halted(vendor.one));
    EXPECT_ERROR(vendor.system.withdraw(vendor.one, {4 * kHour}, "x"), "withdrawn already");
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
}

TEST(ReleaseSystem, ResumesWhereItWasHaltedAsIfThatTimeHadNotBeen) {
    StagingVendor vendor(by_hand());
    EXPECT_ERROR(vendor.system.resume(vendor.one, {0}), "not halted");
    vendor.release_to_public(vendor.one);
    ASSERT_OK(vendor.system.halt(vendor.one, {5 * kHour}, "by an operator"));
    vendor.at(8 * kHour);
    ASSERT_OK(vendor.system.resume(vendor.one, {15 * kHour}));
    EXPECT_EQ(vendor.system.halted_at(vendor.one), std::nullopt);
    EXPECT_EQ(vendor.system.halt_in_force(vendor.one), std::nullopt);
    vendor.at(15 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "222--");
    vendor.at(18 * kHour - 1);
    EXPECT_EQ(vendor.system.take_decisions().back().kind, Decision::Kind::kResumed);
    vendor.at(18 * kHour);  // 6 h after it went public, and 10 h halted
    vendor.at(18 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "2222-");
    ASSERT_OK(vendor.system.halt(vendor.one, {19 * kHour}, "once more"));
    ASSERT_OK(vendor.system.resume(vendor.one, {20 * kHour}));
    vendor.at(25 * kHour);  // 12 h after it went public, and 11 h halted
    vendor.at(25 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "22222");
}

TEST(ReleaseSystem, PromotesByItselfAfterABakeTimeThatHaltsInterrupt) {
    Staging staging = by_hand();
    staging.internal_after = base::hours(2);
    staging.public_after = base::hours(24);
    StagingVendor vendor(staging);
    vendor.system.release(vendor.one, {0});
    vendor.at(2 * kHour - 1);
    EXPECT_EQ(vendor.system.take_decisions().size(), 1u);
    vendor.at(2 * kHour);
    EXPECT_EQ(vendor.system.take_decisions().size(), 1u);
    ASSERT_OK(vendor.system.halt(vendor.one, {10 * kHour}, "by an operator"));
    vendor.at(50 * kHour);
    ASSERT_OK(vendor.system.resume(vendor.one, {50 * kHour}));
    vendor.system.take_decisions();
    vendor.at(66 * kHour - 1);
    EXPECT_TRUE(vendor.system.take_decisions().empty()) << "8 h and 16 h less a second in internal";
    vendor.at(66 * kHour);
    vendor.at(66 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "222--");
    vendor.at(72 * kHour);
    vendor.at(72 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "2222-");
}

TEST(ReleaseSystem, MayBePromotedByHandBeforeItsBakeTimeIsOver) {
    Staging staging = by_hand();
    staging.internal_after = base::hours(24);
    StagingVendor vendor(staging);
    vendor.system.release(vendor.one, {0});
    ASSERT_OK(vendor.system.promote(vendor.one, GroupStage::kInternal, {kHour}));
    vendor.at(kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "22---");
    vendor.system.take_decisions();
    vendor.at(30 * kHour);
    EXPECT_TRUE(vendor.system.take_decisions().empty()) << "public_after is not set";
}

TEST(ReleaseSystem, OffersAnExpeditedReleaseToAllAtOnce) {
    StagingVendor vendor(by_hand());
    vendor.system.release(vendor.fix, {0});
    vendor.at(kDelay);
    EXPECT_EQ(vendor.offered(), "44444");
    EXPECT_ERROR(vendor.system.promote(vendor.fix, GroupStage::kInternal, {300}), "expedited");
}

TEST(ReleaseSystem, OffersAnythingToAllAtOnceIfNothingIsStaged) {
    Staging big_bang = by_hand();
    big_bang.staged = false;
    big_bang.public_after = base::hours(1);
    StagingVendor vendor(big_bang);
    vendor.system.release(vendor.one, {0});
    vendor.at(kDelay);
    EXPECT_EQ(vendor.offered(), "22222");
    EXPECT_ERROR(vendor.system.promote(vendor.one, GroupStage::kPublic, {300}),
                 "nothing is staged");
    ASSERT_OK(vendor.system.halt(vendor.one, {kHour}, "by an operator"));
    vendor.at(kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
}

TEST(ReleaseSystem, KeepsSeveralReleasesInFlightEachOnItsWay) {
    StagingVendor vendor(by_hand());
    vendor.release_to_public(vendor.one);
    vendor.system.release(vendor.two, {3 * kHour});
    ASSERT_OK(vendor.system.promote(vendor.two, GroupStage::kInternal, {3 * kHour}));
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "332--");
    vendor.at(8 * kHour);
    vendor.at(8 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "3322-");
}

TEST(ReleaseSystem, DoesNotWithdrawWhatALaterReleaseHasReplaced) {
    StagingVendor vendor(by_hand());
    vendor.release_to_public(vendor.one);
    vendor.system.release(vendor.two, {3 * kHour});
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "322--");
    ASSERT_OK(vendor.system.halt(vendor.one, {4 * kHour}, "by an operator"));
    vendor.at(4 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "3----");
    EXPECT_FALSE(vendor.system.halted(vendor.two));
}

TEST(ReleaseSystem, OffersNothingOldInPlaceOfWhatItWithdraws) {
    StagingVendor vendor(by_hand());
    vendor.release_to_public(vendor.one);
    vendor.system.release(vendor.fix, {3 * kHour});
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "44444");
    ASSERT_OK(vendor.system.halt(vendor.fix, {4 * kHour}, "a bad fix"));
    vendor.at(20 * kHour);
    vendor.at(20 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "-----") << "endpoints do not go back in time";
}

TEST(ReleaseSystem, NeitherPublishesNorResumesWhatIsSuperseded) {
    StagingVendor vendor(by_hand());
    vendor.system.release(vendor.one, {0});
    ASSERT_OK(vendor.system.promote(vendor.one, GroupStage::kInternal, {0}));
    ASSERT_OK(vendor.system.halt(vendor.one, {kHour}, "by an operator"));
    vendor.system.release(vendor.fix, {2 * kHour});
    ASSERT_OK(vendor.system.resume(vendor.one, {3 * kHour}));
    vendor.at(3 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "44444");
    EXPECT_ERROR(vendor.system.promote(vendor.one, GroupStage::kPublic, {4 * kHour}),
                 "a later release is there already");
}

TEST(ReleaseSystem, KeepsFeedsApart) {
    StagingVendor vendor(by_hand());
    const content::Package other = package("9", content::Feed::kBehavior);
    const ReleaseId behavior = vendor.system.add(&other, "behavior-9", true);
    vendor.release_to_public(vendor.one);
    vendor.system.release(behavior, {3 * kHour});
    ASSERT_OK(vendor.system.halt(vendor.one, {4 * kHour}, "by an operator"));
    vendor.at(4 * kHour + kDelay);
    EXPECT_EQ(vendor.offered(), "-----");
    EXPECT_EQ(vendor.cdn.offered("public-3", content::Feed::kBehavior), &other);
}

TEST(ReleaseSystem, TellsItsDecisionsOnce) {
    StagingVendor vendor(by_hand());
    vendor.system.release(vendor.one, {0});
    ASSERT_OK(vendor.system.halt(vendor.one, {60}, "a reason"));
    ASSERT_OK(vendor.system.resume(vendor.one, {120}));
    const auto decisions = vendor.system.take_decisions();
    ASSERT_EQ(decisions.size(), 4u);
    EXPECT_EQ(decisions[0].kind, Decision::Kind::kPublished);
    EXPECT_EQ(decisions[0].segment, SegmentId{0});
    EXPECT_EQ(decisions[1].kind, Decision::Kind::kHalted);
    EXPECT_EQ(decisions[1].why, "a reason");
    EXPECT_EQ(decisions[2].kind, Decision::Kind::kWithdrawn);
    EXPECT_EQ(decisions[3].kind, Decision::Kind::kResumed);
    EXPECT_EQ(decisions[3].at, base::SimTime{120});
    EXPECT_TRUE(vendor.system.take_decisions().empty());
}

TEST(ReleaseSystem, KnowsTheNewestOfAGroup) {
    StagingVendor vendor(by_hand());
    EXPECT_FALSE(vendor.system.newest_in({0}).valid());
    vendor.release_to_public(vendor.one);
    vendor.system.release(vendor.two, {3 * kHour});
    EXPECT_EQ(vendor.system.newest_in({0}), vendor.two);
    EXPECT_EQ(vendor.system.newest_in({2}), vendor.one);
    EXPECT_FALSE(vendor.system.newest_in({3}).valid());
    vendor.system.release(vendor.fix, {3 * kHour});
    EXPECT_EQ(vendor.system.newest_in({0}), vendor.two) << "the first of the same time";
    EXPECT_EQ(vendor.system.newest_in({3}), vendor.fix);
}

TEST(ReleaseSystem, KnowsPackagesAndNames) {
    StagingVendor vendor(by_hand());
    EXPECT_EQ(vendor.system.package(vendor.two), &vendor.two_package);
    EXPECT_EQ(vendor.system.name(vendor.fix), "rules-4");
}

}  // namespace
}  // namespace firebreak::cloud
