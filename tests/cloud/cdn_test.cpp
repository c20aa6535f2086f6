#include "cloud/cdn.h"

#include <gtest/gtest.h>

#include "cloud/packages.h"
#include "content/manifest.h"
#include "support/paths.h"
#include "support/received.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

using ports::FetchStatus;

constexpr base::UtcTime kStart{1'772'409'600};

// What the origin has there now.
base::Bytes opened(Cdn& cdn, const std::string& path) {
    const auto file = cdn.open(path);
    if (!file.ok() || *file == nullptr) {
        ADD_FAILURE() << "there is no " << path;
        return {};
    }
    base::Bytes bytes((*file)->size());
    EXPECT_TRUE((*file)->read(0, bytes).ok());
    return bytes;
}

TEST(Cdn, ServesPackagesAndPayloadsInTheStaticLayout) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.store(one);
    EXPECT_EQ(test::get(cdn, content::package_path(one.manifest_digest)).body, one.envelope);
    EXPECT_EQ(test::get(cdn, content::payload_path(one.draft.manifest.payloads[0].sha384)).body,
              one.draft.payloads.at("rules.yar"));
    EXPECT_EQ(test::get(cdn, "packages/other.p7m").status, FetchStatus::kMissing);
}

TEST(Cdn, DeliversTheRestOfAFileThatIsAskedForFromSomewhereOn) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.store(one);
    const std::string path = content::package_path(one.manifest_digest);
    const test::Received rest = test::get(cdn, ports::Request{path, 0, 3});
    EXPECT_EQ(rest.status, FetchStatus::kOk);
    EXPECT_EQ(rest.offset, 3u);
    EXPECT_EQ(rest.body, base::Bytes(one.envelope.begin() + 3, one.envelope.end()));
}

TEST(Cdn, GoesOnServingAnOldHeadUntilTheChangeIsVisible) {
    const content::Package one = package("1");
    const content::Package two = package("2");
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.set_head("public-1", kFeed, &two, {600});
    cdn.set_head("public-1", kFeed, nullptr, {1200});
    const auto named = [&] {
        auto head = content::parse_head(opened(cdn, content::head_path("public-1", kFeed)));
        EXPECT_TRUE(head.ok());
        return head.value().manifest;
    };
    ASSERT_OK(cdn.advance({0}));
    EXPECT_EQ(named(), one.manifest_digest);
    const ChannelHeads* first = cdn.heads("public-1");
    ASSERT_OK(cdn.advance({599}));
    EXPECT_EQ(cdn.heads("public-1"), first);
    EXPECT_EQ(cdn.offered("public-1", kFeed), &one);
    ASSERT_OK(cdn.advance({600}));
    EXPECT_NE(cdn.heads("public-1"), first);
    EXPECT_EQ(named(), two.manifest_digest);
    ASSERT_OK(cdn.advance({5000}));
    EXPECT_EQ(named(), std::nullopt);
    EXPECT_EQ(cdn.offered("public-1", kFeed), nullptr);
}

TEST(Cdn, KeepsGroupsApart) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    ASSERT_OK(cdn.advance({0}));
    EXPECT_EQ(cdn.offered("public-2", kFeed), nullptr);
    EXPECT_EQ(cdn.heads("public-2"), nullptr);
    ASSERT_OK_AND(const auto none, cdn.open(content::head_path("public-2", kFeed)));
    EXPECT_EQ(none, nullptr);
}

TEST(Cdn, KeepsAllThatAChannelsHeadsEverSaid) {
    const content::Package one = package("1");
    const content::Package two = package("2");
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.set_head("public-1", kFeed, &two, {600});
    cdn.set_head("public-2", kFeed, &one, {300});
    ASSERT_OK(cdn.advance({1000}));
    const auto history = cdn.history("public-1");
    ASSERT_EQ(history.size(), 2u);
    EXPECT_EQ(history[0]->offering.packages.at(kFeed), &one);
    EXPECT_EQ(history[1]->offering.packages.at(kFeed), &two);
    EXPECT_EQ(history[1]->since, base::SimTime{600});
    EXPECT_NE(history[0]->id, history[1]->id);
    EXPECT_TRUE(cdn.history("public-3").empty());
}

TEST(Cdn, MakesOneVersionOfChangesOfOneMoment) {
    const content::Package one = package("1");
    const content::Package other = package("1", content::Feed::kESH);
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.set_head("public-1", content::Feed::kESH, &other, {0});
    ASSERT_OK(cdn.advance({0}));
    const auto history = cdn.history("public-1");
    ASSERT_EQ(history.size(), 1u);
    EXPECT_EQ(history[0]->offering.packages.size(), 2u);
    EXPECT_EQ(history[0]->files.size(), 2u);
}

// Four edges hold copies of all ages: the quickest sees a change at once, and the slowest when it
// is said to be visible.
TEST(Cdn, LetsEdgesLagBehindOneAfterTheOther) {
    const content::Package one = package("1");
    const content::Package two = package("2");
    Cdn cdn(4, base::minutes(8));
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.set_head("public-1", kFeed, &two, {3600});
    ASSERT_OK(cdn.advance({0}));
    EXPECT_EQ(cdn.offered("public-1", kFeed), &one);
    const auto seen = [&] {
        std::string out;
        for (unsigned edge = 0; edge < cdn.edges(); ++edge) {
            out += cdn.heads("public-1", edge)->offering.packages.at(kFeed)->draft.manifest.version;
        }
        return out;
    };
    const std::vector<std::pair<int64_t, std::string>> expected = {
        {3600 - 361, "1111"}, {3600 - 360, "2111"}, {3600 - 241, "2111"}, {3600 - 240, "2211"},
        {3600 - 120, "2221"}, {3600 - 1, "2221"},   {3600, "2222"}};
    for (const auto& [at, edges] : expected) {
        ASSERT_OK(cdn.advance({at}));
        EXPECT_EQ(seen(), edges) << at;
        EXPECT_EQ(cdn.offered("public-1", kFeed), edges == "2222" ? &two : &one) << at;
    }
}

// With real head keys: what is signed has to be read.
class SignedCdn : public testing::Test {
  protected:
    void SetUp() override {
        auto pki = content::load_pki(test::fixtures_dir() / "keys");
        ASSERT_OK(pki);
        verifier_.emplace(std::vector{pki->root.certificate});
        cdn_.sign_heads(HeadSigner({pki->heads[0], pki->heads[1]}, base::hours(24)), kStart,
                        base::hours(6));
        cdn_.set_head("g", kFeed, &one_, {0});
        ASSERT_OK(cdn_.advance({0}));
    }
    // Both as the origin serves them now, judged as endpoints judge them.
    content::SignedHead head() {
        auto verdict =
            verifier_->verify_head(opened(cdn_, content::signed_head_path("g", kFeed)), 2);
        EXPECT_TRUE(std::holds_alternative<content::SignedHead>(verdict));
        auto* head = std::get_if<content::SignedHead>(&verdict);
        return head == nullptr ? content::SignedHead{} : *head;
    }
    content::SetManifest set() {
        const test::Received bundle = test::get(cdn_, content::set_path(head().set));
        auto verdict = verifier_->verify_set(bundle.body, 2);
        EXPECT_TRUE(std::holds_alternative<content::SetManifest>(verdict));
        auto* set = std::get_if<content::SetManifest>(&verdict);
        return set == nullptr ? content::SetManifest{} : *set;
    }

    std::optional<content::Verifier> verifier_;
    content::Package one_ = package("1");
    content::Package two_ = package("2");
    Cdn cdn_;
};

TEST_F(SignedCdn, ServesAHeadByBothKeysAndTheSetThatItNames) {
    const content::SignedHead first = head();
    EXPECT_EQ(first.feed, kFeed);
    EXPECT_EQ(first.group, "g");
    EXPECT_EQ(first.manifest, one_.manifest_digest);
    EXPECT_EQ(first.issued, kStart);
    EXPECT_EQ(first.expires, kStart + base::hours(24));
    EXPECT_EQ(set().group, "g");
    EXPECT_EQ(set().sequence, first.sequence);
    EXPECT_EQ(set().packages,
              (std::map<content::Feed, base::Digest>{{kFeed, one_.manifest_digest}}));
}

TEST_F(SignedCdn, CountsWhatWasOfferedAndNothingElse) {
    const uint64_t first = head().sequence;
    ASSERT_OK(cdn_.advance({30 * 3600}));
    EXPECT_EQ(head().sequence, first) << "signed anew, and nothing else has changed";
    cdn_.set_head("g", kFeed, &two_, {31 * 3600});
    cdn_.set_head("g", kFeed, nullptr, {32 * 3600});
    ASSERT_OK(cdn_.advance({31 * 3600}));
    EXPECT_EQ(head().sequence, first + 1);
    EXPECT_EQ(set().packages.at(kFeed), two_.manifest_digest);
    ASSERT_OK(cdn_.advance({32 * 3600}));
    EXPECT_EQ(head().sequence, first + 2);
    EXPECT_EQ(head().manifest, std::nullopt);
    EXPECT_TRUE(set().packages.empty());
}

TEST_F(SignedCdn, SignsHeadsAnewOnceARefreshIsDue) {
    const content::SignedHead first = head();
    ASSERT_OK(cdn_.advance({6 * 3600 - 1}));
    EXPECT_EQ(head(), first);
    ASSERT_OK(cdn_.advance({6 * 3600}));
    content::SignedHead again = head();
    EXPECT_EQ(again.issued, kStart + base::hours(6));
    EXPECT_EQ(again.expires, kStart + base::hours(30));
    again.issued = first.issued;
    again.expires = first.expires;
    EXPECT_EQ(again, first) << "the rest stays as it was: the set too";
}

// Words stand for the file in an assay's key: whatever a client can make of it must be told.
TEST_F(SignedCdn, SaysInWordsWhatEachHeadSaysAndNoMore) {
    const std::string path = content::signed_head_path("g", kFeed);
    const auto words = [&] { return cdn_.heads("g")->files.at(path).words; };
    const std::string first = words();
    ASSERT_OK(cdn_.advance({6 * 3600}));
    const std::string refreshed = words();
    EXPECT_NE(refreshed, first);
    cdn_.set_head("g", kFeed, &two_, {7 * 3600});
    ASSERT_OK(cdn_.advance({7 * 3600}));
    EXPECT_NE(words(), refreshed);

    Cdn again;
    auto pki = content::load_pki(test::fixtures_dir() / "keys");
    ASSERT_OK(pki);
    again.sign_heads(HeadSigner({pki->heads[0], pki->heads[1]}, base::hours(24)), kStart,
                     base::hours(6));
    again.set_head("g", kFeed, &one_, {0});
    ASSERT_OK(again.advance({0}));
    EXPECT_EQ(again.heads("g")->files.at(path).words, first);
    EXPECT_NE(*again.heads("g")->files.at(path).bytes,
              *cdn_.history("g").front()->files.at(path).bytes)
        << "other signature bytes";
}

}  // namespace
}  // namespace firebreak::cloud
