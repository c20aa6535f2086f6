// The published design: what its checks hold off, and what they let through.
#include "endpoint/update/update_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/update/client_bench.h"
#include "endpoint/update/client_state.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::update::test {
namespace {

using base::Category;
using base::Code;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Misdeed::Kind;

class PublishedTest : public ClientTest {
  protected:
    PublishedTest() : ClientTest(published(), 2) {}
};

TEST_F(PublishedTest, InstallsWhatItsReleaseGroupIsOffered) {
    const auto package = make("1", kStart);
    offer(package);
    const Check done = check();
    expect(done, Category::kInstalled);
    EXPECT_EQ(done.manifest, package.manifest_digest);
    EXPECT_TRUE(done.delivered);
    EXPECT_EQ(stored("update/DatasetA/installed"), package.manifest_digest.hex());
    EXPECT_EQ(stored("update/DatasetA/staged"), std::nullopt);
    EXPECT_EQ(running(), "1");
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(PublishedTest, FetchesOnlyTheHeadWhenNothingIsNew) {
    offer(make("1", kStart));
    check();
    cdn_.requests.clear();
    const Check done = check();
    expect(done, Category::kNothingNew);
    EXPECT_FALSE(done.delivered);
    EXPECT_EQ(cdn_.requests.size(), 1u);
}

TEST_F(PublishedTest, TakesAHeadWithNothingOnOfferForNothingNew) {
    withdraw(Feed::kDatasetA);
    expect(check(), Category::kNothingNew);
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(PublishedTest, DiscardsAPayloadWithOneWrongBitAndAlerts) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[3] ^= 0x10;
    expect_refused(check(), Category::kCorrupt, Code::kPayloadDigestWrong);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
    ASSERT_EQ(alerts_.raised.size(), 1u);
    EXPECT_EQ(alerts_.raised[0].feed, Feed::kDatasetA);
    EXPECT_EQ(alerts_.raised[0].manifest, package.manifest_digest);
    EXPECT_EQ(alerts_.raised[0].outcome.code, Code::kPayloadDigestWrong);
}

TEST_F(PublishedTest, DiscardsAShorterAndALongerPayload) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package).pop_back();
    expect_refused(check(), Category::kCorrupt, Code::kPayloadSizeWrong);
    payload_of(package).resize(payload_of(package).size() + 100);
    expect_refused(check(), Category::kCorrupt, Code::kPayloadSizeWrong);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
}

TEST_F(PublishedTest, DiscardsAPackageWhoseSignatureIsWrong) {
    const auto package = make("1", kStart);
    offer(package);
    package_of(package).back() ^= 1;
    expect(check(), Category::kCorrupt);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(PublishedTest, DiscardsAPackageOfAnUnknownAuthority) {
    static const auto other = content::make_pki();
    ASSERT_OK(other);
    const auto package =
        content::sign(make("1", kStart).draft, other->signers.at(Feed::kDatasetA), kStart);
    ASSERT_OK(package);
    offer(*package);
    expect_refused(check(), Category::kUntrusted, Code::kChainUntrusted);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(PublishedTest, DiscardsAPackageThatIsNotTheOneThatTheHeadNames) {
    const auto named = make("1", kStart);
    offer(named);
    package_of(named) = make("2", kStart).envelope;
    expect_refused(check(), Category::kCorrupt, Code::kNotWhatTheHeadNames);
}

TEST_F(PublishedTest, DiscardsAHeadThatIsNotWellFormed) {
    offer(make("1", kStart));
    auto& head = cdn_.files.at(content::head_path(kGroup, Feed::kDatasetA));
    const base::Bytes whole = head;
    for (size_t size = 0; size < whole.size(); ++size) {
        head.assign(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        expect_refused(check(), Category::kCorrupt, Code::kHeadMalformed);
    }
}

TEST_F(PublishedTest, DiscardsAnotherFeedsHead) {
    const auto package = make("1", kStart, Feed::kESH);
    offer(package);
    cdn_.files[content::head_path(kGroup, Feed::kDatasetA)] =
        cdn_.files[content::head_path(kGroup, Feed::kESH)];
    expect_refused(check(), Category::kCorrupt, Code::kHeadMalformed);
}

TEST_F(PublishedTest, RefusesASignatureOlderThanTheNewestAuthenticatedDownload) {
    const auto old_package = make("1", kStart);
    offer(make("2", hours_later(8)));
    check();
    offer(old_package);
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, ElementsAre("2"));
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kSignedBeforeFloor));
}

TEST_F(PublishedTest, TakesASignatureOfTheSameTime) {
    offer(make("1", kStart));
    check();
    offer(make("2", kStart));
    expect(check(), Category::kInstalled);
}

TEST_F(PublishedTest, RaisesTheFloorForWhatTheComponentRefuses) {
    components_.of(Feed::kDatasetA).rejects = true;
    offer(make("2", hours_later(8)));
    expect(check(), Category::kRejected);
    components_.of(Feed::kDatasetA).rejects = false;
    offer(make("1", kStart));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
}

TEST_F(PublishedTest, DoesNotRaiseTheFloorForADownloadWithADamagedPayload) {
    const auto newer = make("2", hours_later(8));
    offer(newer);
    payload_of(newer)[0] ^= 1;
    check();
    EXPECT_EQ(stored("update/DatasetA/floor"), std::nullopt);
    offer(make("1", kStart));
    expect(check(), Category::kInstalled);
}

TEST_F(PublishedTest, DoesNotRaiseTheFloorForUnauthenticatedBytes) {
    const auto newer = make("2", hours_later(8));
    offer(newer);
    package_of(newer)[package_of(newer).size() / 2] ^= 1;
    check();
    EXPECT_EQ(stored("update/DatasetA/floor"), std::nullopt);
}

TEST_F(PublishedTest, KeepsFeedsApart) {
    feeds_ = {Feed::kDatasetA, Feed::kESH};
    offer(make("9", hours_later(9), Feed::kESH));
    expect(check(Feed::kESH), Category::kInstalled);
    offer(make("1", kStart));
    const auto broken = make("10", hours_later(10), Feed::kESH);
    offer(broken);
    payload_of(broken)[0] ^= 1;
    const auto checks = round();
    expect(checks.at(Feed::kDatasetA), Category::kInstalled);
    expect_refused(checks.at(Feed::kESH), Category::kCorrupt, Code::kPayloadDigestWrong);
    EXPECT_EQ(running(Feed::kESH), "9");
}

TEST_F(PublishedTest, RefusesToRunOnAFloorThatItCannotRead) {
    offer(make("1", kStart));
    for (const char* damaged : {"", "x", "12x", "99999999999999999999"}) {
        store_.entries["update/DatasetA/floor"] = damaged;
        UpdateClient client(settings_, {cdn_, store_, clock_, alerts_}, verifier_);
        EXPECT_ERROR(client.check_all(feeds_, components_), "update/DatasetA/floor");
        EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
    }
}

TEST_F(PublishedTest, RefusesContentThatNeedsANewerProduct) {
    offer(make_changed([](auto& manifest) { manifest.min_product_version = "2024.10"; }));
    expect_refused(check(), Category::kTooNew, Code::kProductTooOld);
    EXPECT_THAT(components_.of(Feed::kDatasetA).offered, IsEmpty());
}

TEST_F(PublishedTest, KeepsWhatRunsWhenTheComponentRefuses) {
    const auto good = make("1", kStart);
    offer(good);
    check();
    components_.of(Feed::kDatasetA).rejects = true;
    offer(make("2", hours_later(1)));
    expect_refused(check(), Category::kRejected, Code::kRulesDoNotCompile);
    EXPECT_EQ(stored("update/DatasetA/installed"), good.manifest_digest.hex());
    EXPECT_EQ(running(), "1");
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kRulesDoNotCompile));
}

TEST_F(PublishedTest, DoesNotDownloadAgainWhatTheComponentRefused) {
    components_.of(Feed::kDatasetA).rejects = true;
    offer(make("1", kStart));
    check();
    cdn_.requests.clear();
    expect(check(), Category::kNothingNew);
    EXPECT_EQ(cdn_.requests.size(), 1u);
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(PublishedTest, DropsThePayloadsThatNothingNamesAnyMore) {
    const auto package = make("1", kStart);
    store_.blobs[base::sha384(base::view_of("left over"))] = base::bytes_of("left over");
    offer(package);
    check();
    ASSERT_EQ(store_.blobs.size(), 1u);
    EXPECT_EQ(store_.blobs.begin()->first, package.draft.manifest.payloads.front().sha384);
}

TEST_F(PublishedTest, AlertsOnceAndNotEveryHour) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    for (int hour = 0; hour < 5; ++hour) {
        expect(check(), Category::kCorrupt);
    }
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(PublishedTest, AlertsAgainForSomethingElse) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    check();
    payload_of(package).pop_back();
    check();
    EXPECT_THAT(alerts_.codes(), ElementsAre(Code::kPayloadDigestWrong, Code::kPayloadSizeWrong));
}

TEST_F(PublishedTest, AlertsAgainOnceSomethingWasInstalledInBetween) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    check();
    payload_of(package)[0] ^= 1;
    expect(check(), Category::kInstalled);
    const auto next = make("2", kStart);
    offer(next);
    payload_of(next)[0] ^= 1;
    check();
    EXPECT_EQ(alerts_.raised.size(), 2u);
}

TEST_F(PublishedTest, TellsMissingAndBlockedApart) {
    EXPECT_EQ(check().outcome.code, Code::kHeadMissing);
    const auto package = make("1", kStart);
    offer(package);
    cdn_.files.erase(payload_path_of(package));
    EXPECT_EQ(check().outcome.code, Code::kPayloadMissing);
    cdn_.files.erase(path_of(package));
    const Check missing = check();
    EXPECT_EQ(missing.outcome.code, Code::kPackageMissing);
    EXPECT_EQ(missing.outcome.category, Category::kMissing);
    cdn_.unreachable = true;
    const Check blocked = check();
    EXPECT_EQ(blocked.outcome.category, Category::kBlocked);
    EXPECT_FALSE(blocked.outcome.refused());
    EXPECT_THAT(alerts_.raised, IsEmpty());
}

TEST_F(PublishedTest, ComesBackToAnOldPayloadOnlyUnderANewTime) {
    const auto first = make("1", kStart);
    offer(first);
    check();
    offer(make("2", hours_later(8)));
    expect(check(), Category::kInstalled);
    withdraw(Feed::kDatasetA);
    expect(check(), Category::kNothingNew);
    EXPECT_EQ(running(), "2") << "withdrawing takes nothing away from anybody";
    offer(first);
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    EXPECT_EQ(running(), "2");
    offer(sign_again(first, hours_later(16)));
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "1");
}

// --- what the published checks let through

TEST_F(PublishedTest, IsFastForwardedByAPackageFromTheFuture) {
    offer(make("bad", base::UtcTime{4'070'908'800}));  // 2099: the test signers expire in 2036
    expect(check(), Category::kUntrusted);
    const int64_t nine_years = 365 * 9 * 24;
    offer(make("bad", hours_later(nine_years)));
    expect(check(), Category::kInstalled);
    offer(make("2", hours_later(1)));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    EXPECT_EQ(running(), "bad");
}

TEST_F(PublishedTest, TakesAnyFeedsAnyGroupsAndAnyPlatformsPackage) {
    const auto expect_taken = [&](const std::function<void(content::Manifest&)>& change) {
        const auto package = make_changed(change);
        upload(package);
        cdn_.files[content::head_path(kGroup, Feed::kDatasetA)] =
            content::canonical_json(content::Head{Feed::kDatasetA, package.manifest_digest});
        expect(check(), Category::kInstalled);
    };
    expect_taken([](auto& manifest) { manifest.feed = Feed::kESH; });
    expect_taken([](auto& manifest) { manifest.groups = {"internal"}; });
    expect_taken([](auto& manifest) { manifest.platform = "linux-x64"; });
}

TEST_F(PublishedTest, LetsAnEndlessPayloadFillTheMachine) {
    const auto package = make("1", kStart);
    offer(package);
    cdn_.spoil(payload_path_of(package), {Kind::kEndless});
    expect_refused(check(), Category::kExhausted, Code::kMachineFull);
    EXPECT_EQ(running(), "");
}

TEST_F(PublishedTest, LetsAPackedHeadFillTheMachine) {
    offer(make("1", kStart));
    cdn_.spoil(content::head_path(kGroup, Feed::kDatasetA), {Kind::kInflating, 4 << 20});
    expect_refused(check(), Category::kExhausted, Code::kMachineFull);
}

TEST_F(PublishedTest, WaitsForWhoeverSendsAByteNowAndThen) {
    const auto package = make("1", kStart);
    offer(package);
    cdn_.spoil(path_of(package), {Kind::kTrickling});
    const Check done = check();
    expect(done, Category::kBlocked);
    EXPECT_EQ(done.outcome.code, Code::kStillWaiting);
}

TEST_F(PublishedTest, AsksItsOwnEdgeAlone) {
    const auto package = make("1", kStart);
    offer(package);
    cdn_.spoil(path_of(package), {Kind::kMissing});
    EXPECT_EQ(check().outcome.code, Code::kPackageMissing);
    EXPECT_EQ(cdn_.asked_for(path_of(package)), 1u);
}

TEST_F(PublishedTest, MixesWhatItsHeadsName) {
    feeds_ = {Feed::kDatasetA, Feed::kESH};
    offer(make("1", kStart));
    const auto broken = make("1", kStart, Feed::kESH);
    offer(broken);
    cdn_.files.erase(payload_path_of(broken));
    const auto checks = round();
    expect(checks.at(Feed::kDatasetA), Category::kInstalled);
    expect(checks.at(Feed::kESH), Category::kMissing);
}

// --- a store that takes nothing

TEST_F(PublishedTest, InstallsNothingOnAReadOnlyDiskAndGoesOnOnceItCanWrite) {
    offer(make("1", kStart));
    store_.read_only = true;
    expect_refused(check(), Category::kExhausted, Code::kMachineFull);
    EXPECT_THAT(store_.entries, IsEmpty());
    store_.read_only = false;
    expect(check(), Category::kInstalled);
}

TEST_F(PublishedTest, SaysWhichOfItsDigestsIsDamaged) {
    offer(make("1", kStart));
    for (const char* key : {"installed", "rejected", "staged"}) {
        store_.entries = {{state_key(Feed::kDatasetA, key), "no digest"}};
        UpdateClient client(settings_, {cdn_, store_, clock_, alerts_}, verifier_);
        EXPECT_ERROR(client.check_all(feeds_, components_), key);
    }
}

// Nothing else would ever make room again.
TEST_F(PublishedTest, DropsPayloadsOfRejectedPackages) {
    components_.of(Feed::kDatasetA).rejects = true;
    const auto package = make("1", kStart);
    offer(package);
    expect_refused(check(), Category::kRejected, Code::kRulesDoNotCompile);
    EXPECT_TRUE(store_.blobs.empty());
}

TEST_F(PublishedTest, RunsOnWhenTheDiskFailsBetweenStagingAndActivation) {
    offer(make("1", kStart));
    check();
    offer(make("2", hours_later(1)));
    store_.commits_left = 1;
    expect_refused(check(), Category::kExhausted, Code::kMachineFull);
    EXPECT_EQ(running(), "1");
    store_.commits_left.reset();
    cdn_.requests.clear();
    expect(check(), Category::kInstalled);
    EXPECT_EQ(running(), "2");
    for (const ports::Request& request : cdn_.requests) {
        EXPECT_FALSE(request.path.starts_with("payloads/")) << "it was staged";
    }
}

}  // namespace
}  // namespace firebreak::endpoint::update::test
