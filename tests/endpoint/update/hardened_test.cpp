// The hardened design: signed heads, whole sets, bindings, and what it does when one is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/update/client_bench.h"

namespace firebreak::endpoint::update::test {
namespace {

using base::Category;
using base::Code;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using Kind = Misdeed::Kind;

class HardenedTest : public ClientTest {
  protected:
    explicit HardenedTest(unsigned edges = 2) : ClientTest(hardened(), edges) {}

    void offer_and_issue(const content::Package& package, uint64_t sequence,
                         base::UtcTime issued = kStart) {
        offer(package);
        issue_heads(sequence, issued);
    }
    void issue_changed(const std::function<void(Issue&)>& change) {
        Issue issue;
        issue.sequence = 1;
        change(issue);
        issue_heads(issue);
    }
    void spoil_everywhere(const std::string& path, const Misdeed& misdeed) {
        cdn_.spoil(path, misdeed, 0);
        cdn_.spoil(path, misdeed, 1);
    }
    static std::string head_path(Feed feed = Feed::kDatasetA) {
        return content::signed_head_path(kGroup, feed);
    }
    // Which files of this folder of the CDN the last rounds asked for.
    size_t asked_below(std::string_view folder) const {
        return static_cast<size_t>(
            std::count_if(cdn_.requests.begin(), cdn_.requests.end(),
                          [&](const auto& request) { return request.path.starts_with(folder); }));
    }
};

TEST_F(HardenedTest, InstallsWhatSignedHeadsAndTheirSetName) {
    const auto package = make("1", kStart);
    offer_and_issue(package, 7);
    const Check done = check();
    expect(done, Category::kInstalled);
    EXPECT_EQ(done.manifest, package.manifest_digest);
    EXPECT_EQ(running(), "1");
    EXPECT_EQ(stored("update/sequence"), "7");
    EXPECT_EQ(stored("update/fresh"), std::to_string(kStart.unix_seconds));
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(HardenedTest, AsksForHeadsAndTrustAloneWhenNothingIsNew) {
    offer_and_issue(make("1", kStart), 1);
    check();
    cdn_.requests.clear();
    expect(check(), Category::kNothingNew);
    EXPECT_EQ(asked_below("packages/") + asked_below("payloads/") + asked_below("sets/"), 0u);
    EXPECT_EQ(asked_below("heads/"), 1u);
}

TEST_F(HardenedTest, LooksAtNoUnsignedPointer) {
    offer(make("1", kStart));
    EXPECT_EQ(check().outcome.code, Code::kHeadMissing);
    EXPECT_EQ(cdn_.asked_for(content::head_path(kGroup, Feed::kDatasetA)), 0u);
}

TEST_F(HardenedTest, KeepsWhatRunsWhenItsFeedIsWithdrawn) {
    offer_and_issue(make("1", kStart), 1);
    check();
    withdraw(Feed::kDatasetA);
    issue_heads(2);
    expect(check(), Category::kNothingNew);
    EXPECT_EQ(running(), "1");
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

// --- age of heads

TEST_F(HardenedTest, RefusesAnExpiredHeadThatIsNoNewerThanTheLast) {
    offer_and_issue(make("1", kStart), 1);
    check();
    clock_.time = hours_later(25);
    expect_refused(check(), Category::kStale, Code::kHeadExpired);
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kHeadExpired));
}

TEST_F(HardenedTest, TakesAHeadUntilTheSecondOfItsExpiry) {
    offer_and_issue(make("1", kStart), 1);
    clock_.time = {hours_later(24).unix_seconds - 1};
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, TakesAnExpiredHeadThatIsNewerThanEveryOneBeforeAndSaysSo) {
    feeds_ = {Feed::kDatasetA, Feed::kESH};
    offer(make("1", kStart));
    issue_heads(1);
    round();
    clock_.time = hours_later(1000);
    offer_and_issue(make("2", hours_later(8)), 2, hours_later(8));
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kClockDisagrees, Code::kNoFreshHead))
        << "once each, not per feed";
}

TEST_F(HardenedTest, RefusesAnExpiredHeadWhereItHasOnlyItsClockToGoBy) {
    offer_and_issue(make("1", kStart), 1);
    clock_.time = hours_later(24);
    expect_refused(check(), Category::kStale, Code::kHeadExpired);
    EXPECT_EQ(running(), "");
}

TEST_F(HardenedTest, TakesAHeadAheadOfItsClockAndSaysSoOnce) {
    clock_.time = hours_later(-48);
    offer_and_issue(make("1", kStart), 1);
    expect(check(), Category::kInstalled);
    check();
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kClockDisagrees));
    EXPECT_EQ(alerts_.raised[0].feed, std::nullopt);
}

TEST_F(HardenedTest, PutsUpWithAClockThatIsALittleBehind) {
    clock_.time = hours_later(-1);
    offer_and_issue(make("1", kStart), 1);
    expect(check(), Category::kInstalled);
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(HardenedTest, RefusesAHeadWhoseNumberGoesBack) {
    offer_and_issue(make("2", kStart), 2);
    check();
    offer_and_issue(make("1", kStart), 1, hours_later(1));
    expect_refused(check(), Category::kTooOld, Code::kHeadReplaced);
    EXPECT_EQ(running(), "2");
    EXPECT_EQ(stored("update/sequence"), "2");
}

TEST_F(HardenedTest, TellsOnceThatNoFreshHeadCameAndForgetsItWhenOneDoes) {
    offer_and_issue(make("1", kStart), 1);
    check();
    const auto silence = [&](int64_t hour) {
        cdn_.unreachable = true;
        clock_.time = hours_later(hour);
        expect(check(), Category::kBlocked);
        cdn_.unreachable = false;
    };
    silence(47);
    EXPECT_THAT(alerts_.raised, IsEmpty());
    silence(48);
    silence(49);
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kNoFreshHead));
    issue_heads(2, hours_later(50));
    clock_.time = hours_later(50);
    expect(check(), Category::kNothingNew);
    EXPECT_EQ(stored("update/alerted"), std::nullopt);
    silence(50 + 48);
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kNoFreshHead, Code::kNoFreshHead));
}

TEST_F(HardenedTest, CountsFromWhenItWasBuiltWhereNoHeadEverCame) {
    clock_.time = settings_.built + base::hours(48);
    check();
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kNoFreshHead));
}

// --- who signs, and for whom

TEST_F(HardenedTest, WantsTwoOfTheThreeHeadKeys) {
    offer(make("1", kStart));
    for (const size_t one : {1u, 2u, 3u}) {
        issue_changed([&](Issue& issue) { issue.signers = {one}; });
        expect_refused(check(), Category::kUntrusted, Code::kTooFewSignatures);
    }
    issue_changed([](Issue& issue) { issue.signers = {3, 1}; });
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, CountsNoKeyTwice) {
    offer(make("1", kStart));
    issue_changed([](Issue& issue) { issue.signers = {1, 1}; });
    const Check done = check();
    EXPECT_TRUE(done.outcome.refused()) << to_text(done.outcome.code);
    EXPECT_EQ(running(), "");
}

TEST_F(HardenedTest, RefusesTheHeadOfAnotherGroup) {
    offer(make("1", kStart));
    issue_changed([](Issue& issue) { issue.group = "internal"; });
    expect_refused(check(), Category::kUntrusted, Code::kGroupWrong);
}

TEST_F(HardenedTest, RefusesTheHeadOfAnotherFeed) {
    feeds_ = {Feed::kESH, Feed::kDatasetA};
    offer(make("1", kStart, Feed::kESH));
    issue_heads(1);
    cdn_.files[head_path()] = cdn_.files[head_path(Feed::kESH)];
    feeds_ = {Feed::kDatasetA};
    expect_refused(check(), Category::kUntrusted, Code::kFeedWrong);
}

TEST_F(HardenedTest, RefusesASetThatIsNotTheOneThatTheHeadNames) {
    const auto package = make("1", kStart);
    offer(package);
    const std::string other = issue_heads(2);
    const std::string wanted = issue_heads(1);
    cdn_.files[wanted] = cdn_.files[other];
    expect_refused(check(), Category::kCorrupt, Code::kSetMismatch);
    EXPECT_EQ(stored("update/sequence"), std::nullopt);
}

TEST_F(HardenedTest, RefusesAHeadThatDisagreesWithItsOwnSet) {
    offer(make("1", kStart));
    issue_heads(1);
    content::SignedHead head;
    head.group = kGroup;
    head.sequence = 1;
    head.manifest = make("2", kStart).manifest_digest;
    head.set = base::sha384(content::canonical_json(set_of({kGroup, 1})));
    head.issued = kStart;
    head.expires = hours_later(24);
    const auto signed_head =
        content::sign_bundle(content::canonical_json(head), pki().heads, kStart);
    ASSERT_TRUE(signed_head.ok());
    cdn_.files[head_path()] = *signed_head;
    expect_refused(check(), Category::kCorrupt, Code::kSetMismatch);
    EXPECT_EQ(running(), "");
}

TEST_F(HardenedTest, RefusesAnotherFeedsPackage) {
    const auto package = make_changed([](auto& manifest) { manifest.feed = Feed::kESH; });
    upload(package);
    offer(make("named", kStart));
    // As from a control plane that was broken into: heads and set name it for the wrong feed.
    Issue issue;
    issue.sequence = 1;
    content::SetManifest set = set_of(issue);
    set.packages[Feed::kDatasetA] = package.manifest_digest;
    const base::Bytes json = content::canonical_json(set);
    content::SignedHead head{Feed::kDatasetA,    kGroup, 1,      package.manifest_digest,
                             base::sha384(json), 0,      kStart, hours_later(24)};
    cdn_.files[content::set_path(head.set)] =
        content::sign_bundle(json, pki().heads, kStart).value();
    cdn_.files[head_path()] =
        content::sign_bundle(content::canonical_json(head), pki().heads, kStart).value();
    expect_refused(check(), Category::kUntrusted, Code::kFeedWrong);
    EXPECT_EQ(running(), "");
}

TEST_F(HardenedTest, RefusesAPackageForAnotherPlatform) {
    offer_and_issue(make_changed([](auto& manifest) { manifest.platform = "linux-x64"; }), 1);
    expect_refused(check(), Category::kUntrusted, Code::kPlatformWrong);
    offer_and_issue(make_changed([](auto& manifest) { manifest.platform = "windows-x64"; }), 2);
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, RefusesAPackageForOtherGroups) {
    offer_and_issue(make_changed([](auto& manifest) {
                        manifest.groups = {"internal", "public-2"};
                    }),
                    1);
    expect_refused(check(), Category::kUntrusted, Code::kGroupWrong);
    offer_and_issue(make_changed([](auto& manifest) {
                        manifest.groups = {"internal", "public-1"};
                    }),
                    2);
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, BindsAChannelsHeadsToTheChannelAndItsPackagesToTheGroup) {
    settings_.release_group = "public-1";
    settings_.channel = "public-1-a";
    offer(make_changed([](auto& manifest) { manifest.groups = {"public-1"}; }));
    Issue issue;
    issue.group = "public-1-a";
    issue.sequence = 1;
    issue_heads(issue);
    cdn_.files[content::signed_head_path("public-1-a", Feed::kDatasetA)] = cdn_.files[head_path()];
    expect(check(), Category::kInstalled);
}

// --- age of packages

TEST_F(HardenedTest, RefusesAPackageFromTheFutureAndInstallsTheNextGoodOne) {
    offer_and_issue(make("bad", hours_later(24 * 365 * 9)), 1);
    expect_refused(check(), Category::kTooNew, Code::kSignedInTheFuture);
    EXPECT_EQ(stored("update/DatasetA/floor"), std::nullopt);
    offer_and_issue(make("2", hours_later(1)), 2, hours_later(1));
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
}

TEST_F(HardenedTest, JudgesTheFutureByItsHeadsAndNotByItsClock) {
    clock_.time = hours_later(24 * 365 * 9);
    store_.entries["update/fresh"] = std::to_string(hours_later(-1).unix_seconds);
    offer_and_issue(make("bad", hours_later(25)), 1);
    expect_refused(check(), Category::kTooNew, Code::kSignedInTheFuture);
    offer_and_issue(make("2", hours_later(25)), 2, hours_later(1));
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, TakesNothingOlderThanItselfWhenItsMemoryIsLost) {
    settings_.built = hours_later(1);
    offer_and_issue(make("old", kStart), 1, hours_later(1));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    offer_and_issue(make("2", hours_later(1)), 2, hours_later(1));
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, ComesBackToAnOldPayloadOnlyUnderANewTime) {
    const auto first = make("1", kStart);
    offer_and_issue(first, 1);
    check();
    offer_and_issue(make("2", hours_later(8)), 2, hours_later(8));
    expect(check(), Category::kInstalled);
    withdraw(Feed::kDatasetA);
    issue_heads(3, hours_later(9));
    expect(check(), Category::kNothingNew);
    offer_and_issue(first, 4, hours_later(10));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    EXPECT_EQ(running(), "2");
    offer_and_issue(sign_again(first, hours_later(11)), 5, hours_later(11));
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "1");
}

// --- what the root says

TEST_F(HardenedTest, RefusesASignerThatTheRootHasRevoked) {
    const auto& signer = pki().signers.at(Feed::kDatasetA).identity.certificate;
    state_trust({1, {content::certificate_digest(signer)}, {}});
    offer_and_issue(make("1", kStart), 1);
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    cdn_.files.erase(content::kLatestTrustPath);
    cdn_.requests.clear();
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    EXPECT_EQ(running(), "") << "what was once learnt is not forgotten";
}

TEST_F(HardenedTest, RefusesAHeadKeyThatTheRootHasRevoked) {
    const auto& key = pki().heads.at(0).identity.certificate;
    state_trust({1, {content::certificate_digest(key)}, {}});
    offer(make("1", kStart));
    issue_changed([](Issue& issue) { issue.signers = {1, 2}; });
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    issue_changed([](Issue& issue) { issue.signers = {2, 3}; });
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, RecoversFromAFastForwardWithinTheSkewByAnEpochReset) {
    offer_and_issue(make("bad", hours_later(23)), 1);
    expect(check(), Category::kInstalled);
    offer_and_issue(make("2", hours_later(1)), 2, hours_later(1));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    state_trust({1, {}, {{Feed::kDatasetA, hours_later(1)}}});
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
    EXPECT_EQ(stored("update/DatasetA/floor"), std::to_string(hours_later(1).unix_seconds));
}

TEST_F(HardenedTest, ResetsAnEpochOnce) {
    state_trust({1, {}, {{Feed::kDatasetA, kStart}}});
    offer_and_issue(make("2", hours_later(8)), 1, hours_later(8));
    check();
    offer_and_issue(make("1", kStart), 2, hours_later(8));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
}

// Two stolen head keys can issue the highest number that there is.
TEST_F(HardenedTest, RecoversFromTheHighestNumberByAnEpochResetOfHeads) {
    offer(make("1", kStart));
    issue_changed([](Issue& issue) {
        issue.sequence = 1ull << 53;
        issue.signers = {1, 2};
    });
    expect(check(), Category::kInstalled);
    const base::Bytes highest = cdn_.files[head_path()];
    offer(make("2", hours_later(1)));
    issue_heads({.sequence = 2, .issued = hours_later(1), .signers = {2, 3}});
    expect_refused(check(), Category::kTooOld, Code::kHeadReplaced);

    const auto& stolen = pki().heads.at(0).identity.certificate;
    state_trust({1, {content::certificate_digest(stolen)}, {}, 2});
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
    EXPECT_EQ(stored("update/sequence"), "2");
    EXPECT_EQ(stored("update/fresh"), std::to_string(hours_later(1).unix_seconds));

    cdn_.files[head_path()] = highest;
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    issue_heads({.sequence = 1, .issued = hours_later(1), .signers = {2, 3}});
    expect_refused(check(), Category::kTooOld, Code::kHeadReplaced);
}

TEST_F(HardenedTest, GoesBackToNoOlderStatementOfTheRoot) {
    const auto& signer = pki().signers.at(Feed::kDatasetA).identity.certificate;
    state_trust({1, {}, {}});
    state_trust({2, {content::certificate_digest(signer)}, {}});
    offer_and_issue(make("1", kStart), 1);
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    state_trust({1, {}, {}});
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    EXPECT_EQ(stored("update/trust"), "2");
}

// A reset stands in one statement only, and a machine may be off when that is the newest.
TEST_F(HardenedTest, CatchesUpWithAResetThatItMissed) {
    offer_and_issue(make("bad", hours_later(23)), 1);
    expect(check(), Category::kInstalled);
    const auto& other = pki().signers.at(Feed::kESH).identity.certificate;
    state_trust({1, {}, {{Feed::kDatasetA, hours_later(1)}}});
    state_trust({2, {content::certificate_digest(other)}, {}});
    offer_and_issue(make("2", hours_later(1)), 2, hours_later(1));
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
    EXPECT_EQ(stored("update/trust"), "2");
    EXPECT_EQ(stored("update/revoked"), content::certificate_digest(other).hex());
}

TEST_F(HardenedTest, HeedsTheNewestRevocationsAndAsksAgainForAStatementThatIsMissing) {
    const auto& signer = pki().signers.at(Feed::kDatasetA).identity.certificate;
    state_trust({1, {}, {{Feed::kDatasetA, hours_later(1)}}});
    const base::Bytes first = cdn_.files[content::trust_path(1)];
    cdn_.files.erase(content::trust_path(1));
    state_trust({2, {content::certificate_digest(signer)}, {}});
    offer_and_issue(make("1", hours_later(2)), 1);
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    EXPECT_THAT(alerts_.codes(), Contains(Code::kHeadMissing)) << "a reset may have been missed";
    EXPECT_EQ(stored("update/trust"), std::nullopt);
    cdn_.files[content::trust_path(1)] = first;
    check();
    EXPECT_EQ(stored("update/trust"), "2");
    EXPECT_EQ(stored("update/DatasetA/floor"), std::to_string(hours_later(1).unix_seconds));
}

TEST_F(HardenedTest, TakesNoStatementForAnother) {
    state_trust({1, {}, {}});
    const base::Bytes first = cdn_.files[content::trust_path(1)];
    state_trust({2, {}, {}});
    state_trust({3, {}, {}});
    cdn_.files[content::trust_path(2)] = first;
    offer_and_issue(make("1", kStart), 1);
    expect(check(), Category::kInstalled);
    EXPECT_EQ(stored("update/trust"), "1");
    EXPECT_THAT(alerts_.codes(), Contains(Code::kTrustMalformed));
}

TEST_F(HardenedTest, TakesNoRevocationBack) {
    const auto& signer = pki().signers.at(Feed::kDatasetA).identity.certificate;
    state_trust({1, {content::certificate_digest(signer)}, {}});
    offer_and_issue(make("1", kStart), 1);
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
    state_trust({2, {}, {}});
    expect_refused(check(), Category::kUntrusted, Code::kChainRevoked);
}

// A bad edge plays what was said ten days ago, head by head.
TEST_F(HardenedTest, TellsThatNoFreshHeadCameThoughLateOnesDo) {
    offer_and_issue(make("1", kStart), 1);
    check();
    for (int day = 10; day < 13; ++day) {
        clock_.time = hours_later(24 * day);
        issue_heads(static_cast<uint64_t>(day), hours_later(24 * (day - 9)));
        check();
    }
    EXPECT_THAT(alerts_.codes(), Contains(Code::kNoFreshHead));
}

TEST_F(HardenedTest, StopsWhereTheRootsNewestStatementIsWithheld) {
    offer(make("1", kStart));
    issue_changed([](Issue& issue) { issue.trust = 1; });
    expect_refused(check(), Category::kStale, Code::kTrustMalformed);
    EXPECT_EQ(running(), "");
    state_trust({1, {}, {}});
    expect(check(), Category::kInstalled);
}

TEST_F(HardenedTest, TellsOfAStatementThatIsNotTheRootsAndGoesOnWithoutIt) {
    const auto forged = content::sign_root_statement({1, {}, {}}, pki().issuing, kStart);
    ASSERT_TRUE(forged.ok());
    cdn_.files[content::kLatestTrustPath] = *forged;
    offer_and_issue(make("1", kStart), 1);
    expect(check(), Category::kInstalled);
    ASSERT_EQ(alerts_.raised.size(), 1u);
    EXPECT_EQ(alerts_.raised[0].feed, std::nullopt);
    EXPECT_EQ(stored("update/trust"), std::nullopt);
}

// --- what the way does

TEST_F(HardenedTest, StopsAnEndlessPayloadAtItsSignedSize) {
    const auto package = make("1", kStart);
    offer_and_issue(package, 1);
    spoil_everywhere(payload_path_of(package), {Kind::kEndless});
    expect_refused(check(), Category::kCorrupt, Code::kPayloadSizeWrong);
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kPayloadSizeWrong));
}

TEST_F(HardenedTest, StopsAnEndlessHeadAndAPackedOne) {
    offer_and_issue(make("1", kStart), 1);
    spoil_everywhere(head_path(), {Kind::kEndless});
    expect_refused(check(), Category::kTooLarge, Code::kOverCap);
    spoil_everywhere(head_path(), {Kind::kInflating, 1 << 20});
    expect_refused(check(), Category::kTooLarge, Code::kInflatesTooFar);
}

TEST_F(HardenedTest, TellsOfWhoeverSendsAByteNowAndThen) {
    const auto package = make("1", kStart);
    offer_and_issue(package, 1);
    spoil_everywhere(path_of(package), {Kind::kTrickling});
    const Check done = check();
    EXPECT_EQ(done.outcome.code, Code::kTooSlow);
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kTooSlow));
}

TEST_F(HardenedTest, InstallsFromAnotherEdgeWhateverItsOwnDoes) {
    int64_t version = 1;
    for (const Kind kind : {Kind::kMissing, Kind::kUnreachable, Kind::kDamaged, Kind::kSilent,
                            Kind::kEndless, Kind::kTrickling, Kind::kBreaksOff}) {
        SCOPED_TRACE(static_cast<int>(kind));
        const auto package = make(std::to_string(version), kStart);
        offer_and_issue(package, static_cast<uint64_t>(version++));
        for (const std::string& path : {head_path(), path_of(package), payload_path_of(package)}) {
            cdn_.spoil(path, {kind, 5});
        }
        expect(check(), Category::kInstalled);
        cdn_.repair();
    }
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

// --- sets

class HardenedSetTest : public HardenedTest {
  protected:
    HardenedSetTest() : HardenedTest(1) { feeds_ = {Feed::kDatasetA, Feed::kESH}; }

    void SetUp() override {
        offer(make("1", kStart));
        offer(make("1", kStart, Feed::kESH));
        issue_heads(1);
        for (const auto& [feed, check] : round()) {
            expect(check, Category::kInstalled);
        }
        cdn_.requests.clear();
    }
    void expect_running(const std::string& dataset, const std::string& esh) {
        EXPECT_EQ(running(Feed::kDatasetA), dataset);
        EXPECT_EQ(running(Feed::kESH), esh);
    }

    content::Package a2_ = make("2", hours_later(1));
    content::Package b2_ = make("2", hours_later(1), Feed::kESH);
};

TEST_F(HardenedSetTest, FollowsTheNewestSetWhereOneFeedsHeadIsFrozen) {
    const base::Bytes frozen = cdn_.files[head_path(Feed::kESH)];
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    cdn_.files[head_path(Feed::kESH)] = frozen;
    const auto checks = round();
    expect(checks.at(Feed::kDatasetA), Category::kInstalled);
    expect(checks.at(Feed::kESH), Category::kInstalled);
    expect_running("2", "2");
}

TEST_F(HardenedSetTest, TellsOnceOfAHeadThatStaysFrozen) {
    const base::Bytes frozen = cdn_.files[head_path(Feed::kESH)];
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    cdn_.files[head_path(Feed::kESH)] = frozen;
    round();
    for (int hour = 0; hour < 3; ++hour) {
        expect(round().at(Feed::kDatasetA), Category::kNothingNew);
    }
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kHeadReplaced));
}

TEST_F(HardenedSetTest, InstallsNothingOfASetThatIsNotThereAsAWhole) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    const base::Bytes payload = payload_of(b2_);
    cdn_.files.erase(payload_path_of(b2_));
    const auto checks = round();
    expect(checks.at(Feed::kDatasetA), Category::kNothingNew);
    expect(checks.at(Feed::kESH), Category::kMissing);
    expect_running("1", "1");
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kPayloadMissing))
        << "a signed head names what nobody has";

    payload_of(b2_) = payload;
    cdn_.requests.clear();
    for (const auto& [feed, check] : round()) {
        expect(check, Category::kInstalled);
    }
    expect_running("2", "2");
    EXPECT_EQ(cdn_.asked_for(payload_path_of(a2_)), 0u) << "it was staged";
}

TEST_F(HardenedSetTest, ActivatesNothingOfASetThatOneComponentRefuses) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    components_.of(Feed::kESH).rejects = true;
    const auto checks = round();
    expect(checks.at(Feed::kDatasetA), Category::kNothingNew);
    expect_refused(checks.at(Feed::kESH), Category::kRejected, Code::kRulesDoNotCompile);
    expect_running("1", "1");
    EXPECT_EQ(stored("update/DatasetA/installed"), make("1", kStart).manifest_digest.hex());

    cdn_.requests.clear();
    for (int hour = 0; hour < 3; ++hour) {
        expect(round().at(Feed::kDatasetA), Category::kNothingNew);
    }
    EXPECT_EQ(asked_below("packages/") + asked_below("payloads/"), 0u);
    EXPECT_THAT(components_.of(Feed::kESH).offered, ElementsAre("1", "2")) << "tried once";
    expect_running("1", "1");
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kRulesDoNotCompile));
}

TEST_F(HardenedSetTest, ActivatesTheNextSetThatEveryComponentAccepts) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    components_.of(Feed::kESH).rejects = true;
    round();
    components_.of(Feed::kESH).rejects = false;
    offer(make("3", hours_later(2), Feed::kESH));
    issue_heads(3, hours_later(2));
    for (const auto& [feed, check] : round()) {
        expect(check, Category::kInstalled);
    }
    expect_running("2", "3");
    EXPECT_EQ(cdn_.asked_for(payload_path_of(a2_)), 1u) << "it was staged";
}

// Nobody but the update client knows of a package that was never installed.
TEST_F(HardenedSetTest, DropsWhatWasStagedOnceAnotherTakesItsPlace) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    cdn_.files.erase(payload_path_of(b2_));
    round();
    const auto key = [](const content::Package& package) {
        return ports::package_key(Feed::kDatasetA, package.manifest_digest.hex());
    };
    EXPECT_TRUE(stored(key(a2_))) << "staged";
    const auto a3 = make("3", hours_later(2));
    offer(a3);
    offer(make("3", hours_later(2), Feed::kESH));
    issue_heads(3, hours_later(2));
    round();
    expect_running("3", "3");
    EXPECT_FALSE(stored(key(a2_)));
    EXPECT_TRUE(stored(key(a3)));
}

TEST_F(HardenedSetTest, LeavesWhatAComponentKeepsToGoBackTo) {
    const std::string key = ports::package_key(Feed::kESH, b2_.manifest_digest.hex());
    components_.of(Feed::kESH).rejects = true;
    offer(b2_);
    issue_heads(2, hours_later(1));
    expect_refused(round().at(Feed::kESH), Category::kRejected, Code::kRulesDoNotCompile);
    EXPECT_FALSE(stored(key)) << "rejected, and nobody has a use for it";

    const auto b3 = make("3", hours_later(2), Feed::kESH);
    components_.of(Feed::kESH).kept.insert(b3.manifest_digest);
    offer(b3);
    issue_heads(3, hours_later(2));
    expect_refused(round().at(Feed::kESH), Category::kRejected, Code::kRulesDoNotCompile);
    EXPECT_TRUE(stored(ports::package_key(Feed::kESH, b3.manifest_digest.hex())));
}

// A product may learn of a feed after its set was activated without it.
TEST_F(HardenedSetTest, CountsNoSetAsActiveOfWhichItTookAPart) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    feeds_ = {Feed::kDatasetA};
    expect(round().at(Feed::kDatasetA), Category::kInstalled);
    feeds_ = {Feed::kDatasetA, Feed::kESH};
    expect(round().at(Feed::kESH), Category::kInstalled);
    expect_running("2", "2");
}

// An edge that lost a file is no attack by itself, and the set says all that is needed.
TEST_F(HardenedSetTest, SaysNothingOfAHeadThatIsMerelyMissing) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    cdn_.files.erase(head_path(Feed::kESH));
    expect(round().at(Feed::kESH), Category::kInstalled);
    expect_running("2", "2");
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(HardenedSetTest, WaitsForASetManifestThatIsWithheldAndTakesItOnceItIsThere) {
    offer(a2_);
    const std::string path = issue_heads(2, hours_later(1));
    const base::Bytes set = cdn_.files[path];
    cdn_.files.erase(path);
    for (const auto& [feed, check] : round()) {
        expect(check, Category::kMissing);
    }
    cdn_.files[path] = set;
    expect(round().at(Feed::kDatasetA), Category::kInstalled);
    expect_running("2", "1");
}

TEST_F(HardenedSetTest, TellsOfASetManifestThatIsWithheldForLong) {
    offer(a2_);
    cdn_.files.erase(issue_heads(2, hours_later(47)));
    clock_.time = hours_later(48);
    round();
    round();
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kNoFreshHead));
}

TEST_F(HardenedSetTest, InstallsNothingOfASetOnAFullDisk) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    store_.room = 0;
    for (const auto& [feed, check] : round()) {
        expect_refused(check, Category::kExhausted, Code::kMachineFull);
    }
    expect_running("1", "1");
    store_.room = 1 << 20;
    round();
    expect_running("2", "2");
}

TEST_F(HardenedSetTest, InstallsNothingOfASetWhereTheDiskFailsAtAnyCommit) {
    offer(a2_);
    offer(b2_);
    issue_heads(2, hours_later(1));
    for (int commits = 0; commits < 2; ++commits) {
        store_.commits_left = commits;
        for (const auto& [feed, check] : round()) {
            expect_refused(check, Category::kExhausted, Code::kMachineFull);
        }
        expect_running("1", "1");
    }
    store_.commits_left.reset();
    for (const auto& [feed, check] : round()) {
        expect(check, Category::kInstalled);
    }
    expect_running("2", "2");
}

TEST_F(HardenedSetTest, TakesAFeedIntoTheSetThatWasNotOnOfferBefore) {
    withdraw(Feed::kESH);
    issue_heads(2);
    round();
    expect_running("1", "1");
    offer(b2_);
    issue_heads(3);
    expect(round().at(Feed::kESH), Category::kInstalled);
    expect_running("1", "2");
}

}  // namespace
}  // namespace firebreak::endpoint::update::test
