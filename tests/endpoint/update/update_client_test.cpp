#include "endpoint/update/update_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "content/package.h"
#include "endpoint/update/durable_store.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::update {
namespace {

using base::Category;
using base::Code;
using base::Stage;
using content::Feed;

constexpr base::UtcTime kStart{1'772'409'600};  // 2026-03-02
constexpr char kGroup[] = "public-1";

// The CDN's files, as this edge has them.
class Edge final : public ports::Transport {
  public:
    ports::Fetched get(const std::string& path, uint64_t max_bytes) override {
        ++requests[path];
        const auto found = files.find(path);
        if (unreachable || found == files.end()) {
            return {unreachable ? ports::FetchStatus::kUnreachable : ports::FetchStatus::kMissing,
                    {}};
        }
        if (found->second.size() > max_bytes) {
            return {ports::FetchStatus::kOverCap, {}};
        }
        return {ports::FetchStatus::kOk, found->second};
    }
    std::map<std::string, base::Bytes> files;
    std::map<std::string, int> requests;
    bool unreachable = false;
};

class Clock final : public ports::Clock {
  public:
    base::UtcTime now() const override { return time; }
    base::UtcTime time = kStart;
};

class Alerts final : public ports::Alerts {
  public:
    void raise(const ports::Alert& alert) override { raised.push_back(alert); }
    std::vector<ports::Alert> raised;
};

// Stands in for a feed's component, whose own tests are its own affair: accepts what it is told to.
class Component final : public ports::Installer {
  public:
    explicit Component(ports::Store& store) : store_(store) {}

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& digest) override {
        offered.push_back(manifest.version);
        for (const content::PayloadFile& payload : manifest.payloads) {
            const auto bytes = store_.blob(payload.sha384);
            if (!bytes.ok()) {
                return bytes.error();
            }
        }
        ports::Installation done;
        if (rejects) {
            done.outcome = {Stage::kLoad, Category::kRejected, Code::kRulesDoNotCompile, {}};
            return done;
        }
        done.outcome.category = Category::kInstalled;
        done.changes["component/running"] = digest.hex();
        return done;
    }
    std::vector<std::string> offered;
    bool rejects = false;

  private:
    ports::Store& store_;
};

const content::Pki& pki() {
    static const content::Pki kPki = [] {
        auto loaded = content::load_pki(test::fixtures_dir() / "keys");
        EXPECT_TRUE(loaded.ok()) << loaded.error().text();
        return std::move(loaded).value();
    }();
    return kPki;
}

class UpdateClientTest : public testing::Test {
  protected:
    void SetUp() override { restart(); }

    // The endpoint's machine goes off and on again: only what is on its disk survives.
    void restart() {
        store_.reset();
        auto opened = DurableStore::open(folder_.path() / "state.db");
        ASSERT_OK(opened);
        store_ = std::move(opened).value();
        component_ = std::make_unique<Component>(*store_);
    }

    content::Package make(const std::string& version, base::UtcTime signed_at,
                          const std::string& rules = "rule a { condition: false }",
                          Feed feed = Feed::kDatasetA, const content::Signer* signer = nullptr,
                          const std::string& min_product = "0") {
        content::Draft draft;
        const base::Bytes bytes = base::bytes_of(rules + " // " + version);
        draft.manifest = {
            feed, version, {{"rules.yar", bytes.size(), base::sha384(bytes)}}, min_product};
        draft.payloads["rules.yar"] = bytes;
        auto made =
            content::sign(draft, signer != nullptr ? *signer : pki().signers.at(feed), signed_at);
        EXPECT_TRUE(made.ok()) << made.error().text();
        return std::move(made).value();
    }

    void store_files(const content::Package& package) {
        edge_.files[content::package_path(package.manifest_digest)] = package.envelope;
        for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
            edge_.files[content::payload_path(payload.sha384)] =
                package.draft.payloads.at(payload.name);
        }
    }
    void offer(const content::Package& package, Feed feed = Feed::kDatasetA) {
        store_files(package);
        edge_.files[content::head_path(kGroup, feed)] =
            content::canonical_json(content::Head{feed, package.manifest_digest});
    }
    base::Bytes& envelope_of(const content::Package& package) {
        return edge_.files.at(content::package_path(package.manifest_digest));
    }
    base::Bytes& payload_of(const content::Package& package) {
        return edge_.files.at(
            content::payload_path(package.draft.manifest.payloads.front().sha384));
    }

    Check check(Feed feed = Feed::kDatasetA) {
        UpdateClient client({kGroup, "2024.2", skew_}, {edge_, *store_, clock_, alerts_},
                            verifier_);
        auto done = client.check(feed, *component_);
        EXPECT_TRUE(done.ok()) << done.error().text();
        return done.ok() ? std::move(done).value() : Check{};
    }
    void expect_refused(const Check& check, Category category, Code code) {
        EXPECT_EQ(to_text(check.outcome.category), to_text(category));
        EXPECT_EQ(to_text(check.outcome.code), to_text(code));
        EXPECT_TRUE(check.outcome.refused());
    }
    std::optional<std::string> stored(const std::string& key) {
        auto value = store_->get(key);
        EXPECT_TRUE(value.ok());
        return value.value();
    }

    test::TemporaryFolder folder_;
    Edge edge_;
    Clock clock_;
    Alerts alerts_;
    std::optional<base::Duration> skew_;
    std::unique_ptr<DurableStore> store_;
    std::unique_ptr<Component> component_;
    content::Verifier verifier_{{pki().root.certificate}};
};

base::UtcTime hours_later(int64_t n) {
    return kStart + base::hours(n);
}

TEST_F(UpdateClientTest, InstallsWhatItsReleaseGroupIsOffered) {
    const auto package = make("1", kStart);
    offer(package);
    const Check done = check();
    EXPECT_EQ(done.outcome.category, Category::kInstalled);
    EXPECT_EQ(done.manifest, package.manifest_digest);
    EXPECT_TRUE(done.delivered);
    EXPECT_EQ(stored("update/DatasetA/installed"), package.manifest_digest.hex());
    EXPECT_EQ(stored("component/running"), package.manifest_digest.hex());
    EXPECT_TRUE(alerts_.raised.empty());
}

TEST_F(UpdateClientTest, FetchesOnlyTheHeadWhenNothingIsNew) {
    offer(make("1", kStart));
    check();
    edge_.requests.clear();
    restart();
    EXPECT_EQ(check().outcome.category, Category::kNothingNew);
    EXPECT_EQ(edge_.requests.size(), 1u);
}

TEST_F(UpdateClientTest, TakesAHeadWithNothingOnOfferForNothingNew) {
    edge_.files[content::head_path(kGroup, Feed::kDatasetA)] =
        content::canonical_json(content::Head{Feed::kDatasetA, std::nullopt});
    EXPECT_EQ(check().outcome.category, Category::kNothingNew);
    EXPECT_TRUE(alerts_.raised.empty());
}

TEST_F(UpdateClientTest, DiscardsAPayloadWithOneWrongBitAndAlerts) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[3] ^= 0x10;
    expect_refused(check(), Category::kCorrupt, Code::kPayloadDigestWrong);
    EXPECT_TRUE(component_->offered.empty());
    ASSERT_EQ(alerts_.raised.size(), 1u);
    EXPECT_EQ(alerts_.raised[0].manifest, package.manifest_digest);
    EXPECT_EQ(alerts_.raised[0].outcome.code, Code::kPayloadDigestWrong);
}

TEST_F(UpdateClientTest, DiscardsAShorterAndALongerPayload) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package).pop_back();
    expect_refused(check(), Category::kCorrupt, Code::kPayloadSizeWrong);
    payload_of(package).resize(payload_of(package).size() + 100);
    expect_refused(check(), Category::kCorrupt, Code::kPayloadSizeWrong);
    EXPECT_TRUE(component_->offered.empty());
}

TEST_F(UpdateClientTest, DiscardsAPackageWhoseSignatureIsWrong) {
    const auto package = make("1", kStart);
    offer(package);
    envelope_of(package).back() ^= 1;
    const Check done = check();
    EXPECT_EQ(done.outcome.category, Category::kCorrupt);
    EXPECT_TRUE(component_->offered.empty());
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, DiscardsAPackageOfAnUnknownAuthority) {
    static const auto other = content::make_pki();
    ASSERT_OK(other);
    offer(make("1", kStart, "rule a { condition: false }", Feed::kDatasetA,
               &other->signers.at(Feed::kDatasetA)));
    expect_refused(check(), Category::kUntrusted, Code::kChainUntrusted);
    EXPECT_TRUE(component_->offered.empty());
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, DiscardsAnotherFeedsPackage) {
    offer(make("1", kStart, "{}", Feed::kESH));
    edge_.files[content::head_path(kGroup, Feed::kDatasetA)] = [&] {
        return content::canonical_json(
            content::Head{Feed::kDatasetA, make("1", kStart, "{}", Feed::kESH).manifest_digest});
    }();
    expect_refused(check(), Category::kUntrusted, Code::kFeedWrong);
}

TEST_F(UpdateClientTest, DiscardsAPackageThatIsNotTheOneThatTheHeadNames) {
    const auto named = make("1", kStart);
    const auto other = make("2", kStart);
    offer(named);
    envelope_of(named) = other.envelope;
    store_files(other);
    edge_.files[content::package_path(named.manifest_digest)] = other.envelope;
    expect_refused(check(), Category::kCorrupt, Code::kNotWhatTheHeadNames);
}

TEST_F(UpdateClientTest, DiscardsAHeadThatIsNotWellFormed) {
    offer(make("1", kStart));
    auto& head = edge_.files.at(content::head_path(kGroup, Feed::kDatasetA));
    for (size_t i = 0; i < head.size(); ++i) {
        const base::Bytes whole = head;
        head.resize(i);
        const Check done = check();
        EXPECT_EQ(done.outcome.code, Code::kHeadMalformed) << i;
        head = whole;
    }
}

TEST_F(UpdateClientTest, RefusesASignatureOlderThanTheNewestAuthenticatedDownload) {
    const auto old_package = make("1", kStart);
    offer(make("2", hours_later(8)));
    check();
    offer(old_package);
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
    EXPECT_EQ(component_->offered, std::vector<std::string>{"2"});
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, KeepsItsFloorAcrossARestart) {
    const auto old_package = make("1", kStart);
    offer(make("2", hours_later(8)));
    check();
    restart();
    offer(old_package);
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
}

TEST_F(UpdateClientTest, TakesASignatureOfTheSameTime) {
    offer(make("1", kStart));
    check();
    offer(make("2", kStart));
    EXPECT_EQ(check().outcome.category, Category::kInstalled);
}

TEST_F(UpdateClientTest, RaisesTheFloorForWhatTheComponentRefuses) {
    component_->rejects = true;
    offer(make("2", hours_later(8)));
    EXPECT_EQ(check().outcome.category, Category::kRejected);
    component_->rejects = false;
    offer(make("1", kStart));
    expect_refused(check(), Category::kTooOld, Code::kSignedBeforeFloor);
}

TEST_F(UpdateClientTest, DoesNotRaiseTheFloorForADownloadWithADamagedPayload) {
    const auto newer = make("2", hours_later(8));
    offer(newer);
    payload_of(newer)[0] ^= 1;
    check();
    EXPECT_EQ(stored("update/DatasetA/floor"), std::nullopt);
    offer(make("1", kStart));
    EXPECT_EQ(check().outcome.category, Category::kInstalled);
}

TEST_F(UpdateClientTest, DoesNotRaiseTheFloorForUnauthenticatedBytes) {
    const auto newer = make("2", hours_later(8));
    offer(newer);
    envelope_of(newer)[envelope_of(newer).size() / 2] ^= 1;
    check();
    EXPECT_EQ(stored("update/DatasetA/floor"), std::nullopt);
}

TEST_F(UpdateClientTest, KeepsFeedsApart) {
    offer(make("9", hours_later(9), "{}", Feed::kESH), Feed::kESH);
    check(Feed::kESH);
    offer(make("1", kStart));
    EXPECT_EQ(check().outcome.category, Category::kInstalled);
}

TEST_F(UpdateClientTest, RefusesToRunOnAFloorThatItCannotRead) {
    for (const char* damaged : {"", "x", "12x", "99999999999999999999"}) {
        ASSERT_OK(store_->commit({{"update/DatasetA/floor", damaged}}));
        offer(make("1", kStart));
        UpdateClient client({kGroup, "2024.2", {}}, {edge_, *store_, clock_, alerts_}, verifier_);
        EXPECT_ERROR(client.check(Feed::kDatasetA, *component_), "floor is damaged");
    }
}

TEST_F(UpdateClientTest, RefusesContentThatNeedsANewerProduct) {
    offer(make("1", kStart, "rule a { condition: false }", Feed::kDatasetA, nullptr, "2024.10"));
    expect_refused(check(), Category::kTooNew, Code::kProductTooOld);
    EXPECT_TRUE(component_->offered.empty());
}

TEST_F(UpdateClientTest, TakesAPackageFromTheFutureUnlessToldNotTo) {
    offer(make("1", hours_later(1000)));
    skew_ = base::hours(24);
    expect_refused(check(), Category::kTooNew, Code::kSignedInTheFuture);
    skew_.reset();  // as published
    EXPECT_EQ(check().outcome.category, Category::kInstalled);
}

TEST_F(UpdateClientTest, KeepsWhatRunsWhenTheComponentRefuses) {
    const auto good = make("1", kStart);
    offer(good);
    check();
    component_->rejects = true;
    const auto bad = make("2", hours_later(1));
    offer(bad);
    expect_refused(check(), Category::kRejected, Code::kRulesDoNotCompile);
    EXPECT_EQ(stored("update/DatasetA/installed"), good.manifest_digest.hex());
    EXPECT_EQ(stored("component/running"), good.manifest_digest.hex());
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, DoesNotDownloadAgainWhatTheComponentRefused) {
    component_->rejects = true;
    offer(make("1", kStart));
    check();
    restart();
    edge_.requests.clear();
    EXPECT_EQ(check().outcome.category, Category::kNothingNew);
    EXPECT_EQ(edge_.requests.size(), 1u);
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, AlertsOnceAndNotEveryHour) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    for (int hour = 0; hour < 5; ++hour) {
        EXPECT_EQ(check().outcome.category, Category::kCorrupt);
    }
    EXPECT_EQ(alerts_.raised.size(), 1u);
}

TEST_F(UpdateClientTest, AlertsAgainForSomethingElse) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    check();
    payload_of(package).pop_back();
    check();
    EXPECT_EQ(alerts_.raised.size(), 2u);
}

TEST_F(UpdateClientTest, InstallsOnceTheDamageIsGone) {
    const auto package = make("1", kStart);
    offer(package);
    payload_of(package)[0] ^= 1;
    check();
    payload_of(package)[0] ^= 1;
    EXPECT_EQ(check().outcome.category, Category::kInstalled);
}

TEST_F(UpdateClientTest, TellsMissingBlockedAndTooLargeApart) {
    EXPECT_EQ(check().outcome.code, Code::kHeadMissing);
    const auto package = make("1", kStart);
    offer(package);
    edge_.files.erase(content::payload_path(package.draft.manifest.payloads.front().sha384));
    EXPECT_EQ(check().outcome.code, Code::kPayloadMissing);
    edge_.files.erase(content::package_path(package.manifest_digest));
    EXPECT_EQ(check().outcome.code, Code::kPackageMissing);
    edge_.files[content::package_path(package.manifest_digest)].resize(content::kMaxEnvelopeBytes +
                                                                       1);
    EXPECT_EQ(check().outcome.category, Category::kTooLarge);
    edge_.unreachable = true;
    const Check done = check();
    EXPECT_EQ(done.outcome.category, Category::kBlocked);
    EXPECT_FALSE(done.outcome.refused());
    EXPECT_EQ(alerts_.raised.size(), 1u) << "for the one that is too large";
}

}  // namespace
}  // namespace firebreak::endpoint::update
