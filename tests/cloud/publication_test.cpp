#include "cloud/publication.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "content/envelope.h"
#include "content/head.h"
#include "content/package.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

namespace fs = std::filesystem;

// A package folder as `content build` and `content sign` make it.
class PublicationTest : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directory(folder_.path() / "rules");
        std::ofstream(folder_.path() / "rules/a.yar") << "rule a { condition: false }\n";
        std::ofstream(folder_.path() / "rules/b.yar") << "rule b { condition: true }\n";
        ASSERT_OK_AND(content::Draft draft,
                      content::build(content::Feed::kDatasetA, "7", folder_.path() / "rules"));
        ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
        ASSERT_OK_AND(const base::UtcTime at, base::parse_utc("2026-03-02T08:00:00Z"));
        ASSERT_OK_AND(package_, content::sign(std::move(draft),
                                              pki.signers.at(content::Feed::kDatasetA), at));
        ASSERT_OK(content::save(package_, source_));
    }

    std::vector<std::string> files_of_site() const {
        std::vector<std::string> files;
        if (fs::exists(site_)) {
            for (const auto& entry : fs::recursive_directory_iterator(site_)) {
                if (entry.is_regular_file()) {
                    files.push_back(fs::relative(entry.path(), site_).string());
                }
            }
        }
        return files;
    }

    const test::TemporaryFolder folder_;
    const fs::path source_ = folder_.path() / "package";
    const fs::path site_ = folder_.path() / "site";
    content::Package package_;
};

TEST_F(PublicationTest, LaysAPackageOutByDigests) {
    ASSERT_OK_AND(const Published published, publish(source_, site_));
    EXPECT_EQ(published.feed, content::Feed::kDatasetA);
    EXPECT_EQ(published.version, "7");
    EXPECT_EQ(published.manifest, package_.manifest_digest);
    EXPECT_EQ(test::contents(site_ / content::package_path(package_.manifest_digest)),
              base::text_of(package_.envelope));
    for (const content::PayloadFile& payload : package_.draft.manifest.payloads) {
        EXPECT_EQ(test::contents(site_ / content::payload_path(payload.sha384)),
                  base::text_of(package_.draft.payloads.at(payload.name)));
    }
    EXPECT_EQ(files_of_site().size(), 3u) << "nothing else, and no head yet";
}

TEST_F(PublicationTest, OffersAPackageToAGroup) {
    ASSERT_OK_AND(const Published published, publish(source_, site_));
    ASSERT_OK(offer(published, "public-1", site_));
    ASSERT_OK_AND(const base::Bytes bytes,
                  base::read_file(site_ / "heads/public-1/DatasetA.json", content::kMaxHeadBytes));
    ASSERT_OK_AND(const content::Head head, content::parse_head(bytes));
    EXPECT_EQ(head.feed, content::Feed::kDatasetA);
    EXPECT_EQ(head.manifest, package_.manifest_digest);
    for (const char* group : {"", "../up", "Public", "a/b", "a b"}) {
        EXPECT_ERROR(offer(published, group, site_), "group");
    }
}

TEST_F(PublicationTest, SignsHeadsForAllThatAGroupIsOffered) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    const HeadSigner signer(pki.heads, base::hours(6));
    ASSERT_OK_AND(const Published published, publish(source_, site_));
    ASSERT_OK(offer(published, "public-1", site_));
    Published other = published;
    other.feed = content::Feed::kESH;
    ASSERT_OK(offer(other, "public-1", site_));
    ASSERT_OK(sign_heads("public-1", 3, signer, package_.signing_time, site_));

    const content::Verifier verifier({pki.root.certificate});
    const auto head_of = [&](content::Feed feed) {
        const auto bundle = base::read_file(site_ / content::signed_head_path("public-1", feed),
                                            content::kMaxBundleBytes);
        EXPECT_TRUE(bundle.ok());
        const auto verdict = verifier.verify_head(*bundle, 2);
        EXPECT_TRUE(std::holds_alternative<content::SignedHead>(verdict));
        return std::get<content::SignedHead>(verdict);
    };
    const content::SignedHead head = head_of(content::Feed::kDatasetA);
    EXPECT_EQ(head.manifest, package_.manifest_digest);
    EXPECT_EQ(head.group, "public-1");
    EXPECT_EQ(head.sequence, 3u);
    EXPECT_EQ(head.expires, package_.signing_time + base::hours(6));
    EXPECT_EQ(head_of(content::Feed::kESH).set, head.set);
    ASSERT_OK_AND(const base::Bytes set,
                  base::read_file(site_ / content::set_path(head.set), content::kMaxBundleBytes));
    const auto verdict = verifier.verify_set(set, 2);
    ASSERT_TRUE(std::holds_alternative<content::SetManifest>(verdict));
    EXPECT_EQ(std::get<content::SetManifest>(verdict).packages.size(), 2u);
}

TEST_F(PublicationTest, PublishesStatementsOfTheRootAndSignsHeadsThatNameTheLatest) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    ASSERT_OK_AND(const base::UtcTime at, base::parse_utc("2026-03-02T09:00:00Z"));
    const auto statement = [&](uint64_t number) {
        const fs::path file = folder_.path() / ("statement-" + std::to_string(number));
        const auto envelope = content::sign_root_statement({number, {}, {}}, pki.root, at);
        EXPECT_TRUE(base::write_file(file, envelope.value()).ok());
        return file;
    };
    ASSERT_OK_AND(const Published published, publish(source_, site_));
    ASSERT_OK(offer(published, "public-1", site_));
    const content::Verifier verifier({pki.root.certificate});
    for (const uint64_t number : {1, 2}) {
        ASSERT_OK_AND(const uint64_t found, publish_trust(statement(number), site_));
        EXPECT_EQ(found, number);
        EXPECT_EQ(test::contents(site_ / content::kLatestTrustPath),
                  test::contents(site_ / content::trust_path(number)));
        ASSERT_OK(sign_heads("public-1", number, HeadSigner(pki.heads, base::hours(6)), at, site_));
        ASSERT_OK_AND(
            const base::Bytes head,
            base::read_file(site_ / content::signed_head_path("public-1", content::Feed::kDatasetA),
                            content::kMaxBundleBytes));
        EXPECT_EQ(std::get<content::SignedHead>(verifier.verify_head(head, 2)).trust, number);
    }
    for (const uint64_t other : {1, 2, 4}) {
        EXPECT_ERROR(publish_trust(statement(other), site_),
                     "does not follow the site's latest, 2");
    }
    EXPECT_ERROR(publish_trust(source_ / "package.p7m", site_), "no valid statement of the root");
    std::ofstream(site_ / content::kLatestTrustPath) << "damaged";
    EXPECT_ERROR(sign_heads("public-1", 9, HeadSigner(pki.heads, base::hours(6)), at, site_),
                 "no valid statement of the root");
}

TEST_F(PublicationTest, PublishesNoStatementThatLeavesARevocationOut) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    const auto publish_statement = [&](const content::RootStatement& statement) {
        const fs::path file = folder_.path() / "statement";
        const auto envelope =
            content::sign_root_statement(statement, pki.root, package_.signing_time);
        EXPECT_TRUE(base::write_file(file, envelope.value()).ok());
        return publish_trust(file, site_);
    };
    const base::Digest revoked = base::sha384(base::view_of("a"));
    ASSERT_OK(publish_statement({1, {revoked}, {}}));
    EXPECT_ERROR(publish_statement({2, {}, {}}), "make it with --previous");
    ASSERT_OK(publish_statement({2, {revoked, base::sha384(base::view_of("b"))}, {}}));
}

// Endpoints would take either of two sets of one number.
TEST_F(PublicationTest, SignsNoNumberTwiceForDifferentOffers) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    const HeadSigner signer(pki.heads, base::hours(6));
    ASSERT_OK_AND(const Published published, publish(source_, site_));
    ASSERT_OK(offer(published, "public-1", site_));
    const auto sign = [&](uint64_t number) {
        return sign_heads("public-1", number, signer, package_.signing_time, site_);
    };
    ASSERT_OK(sign(5));
    ASSERT_OK(sign(5));
    EXPECT_ERROR(sign(4), "--sequence: public-1 was given number 5 before; name 6 or a higher one");
    Published other = published;
    other.feed = content::Feed::kESH;
    ASSERT_OK(offer(other, "public-1", site_));
    EXPECT_ERROR(sign(5), "was given number 5 before");
    ASSERT_OK(sign(6));
}

TEST_F(PublicationTest, SignsThatAFeedIsWithdrawn) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    const fs::path pointer = site_ / content::head_path("public-1", content::Feed::kESH);
    ASSERT_OK(base::write_file(
        pointer, content::canonical_json(content::Head{content::Feed::kESH, std::nullopt})));
    ASSERT_OK(sign_heads("public-1", 1, HeadSigner(pki.heads, base::hours(6)),
                         package_.signing_time, site_));
    ASSERT_OK_AND(
        const base::Bytes bundle,
        base::read_file(site_ / content::signed_head_path("public-1", content::Feed::kESH),
                        content::kMaxBundleBytes));
    const auto verdict = content::Verifier({pki.root.certificate}).verify_head(bundle, 2);
    EXPECT_EQ(std::get<content::SignedHead>(verdict).manifest, std::nullopt);
}

TEST_F(PublicationTest, SignsNothingOverAHeadThatIsNotValid) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    ASSERT_OK(base::write_file(site_ / "heads/public-1/ESH.json", base::view_of("{}")));
    EXPECT_ERROR(sign_heads("public-1", 1, HeadSigner(pki.heads, base::hours(6)),
                            package_.signing_time, site_),
                 "ESH.json");
    EXPECT_EQ(files_of_site().size(), 1u);
}

TEST_F(PublicationTest, CanBeRepeated) {
    ASSERT_OK(publish(source_, site_));
    ASSERT_OK(publish(source_, site_));
    EXPECT_EQ(files_of_site().size(), 3u);
}

TEST_F(PublicationTest, RefusesPayloadsThatWereNotSigned) {
    std::ofstream(source_ / "payload/b.yar", std::ios::app) << " ";
    EXPECT_ERROR(publish(source_, site_), "b.yar");
    std::ofstream(source_ / "payload/b.yar") << "rule b { condition: TRUE }\n";
    EXPECT_ERROR(publish(source_, site_), "b.yar");
    for (const std::string& file : files_of_site()) {
        EXPECT_EQ(file, content::payload_path(package_.draft.manifest.payloads[0].sha384))
            << "of the good file alone, and of the package nothing";
    }
    fs::remove(source_ / "payload/b.yar");
    EXPECT_ERROR(publish(source_, site_), "b.yar");
}

TEST_F(PublicationTest, SaysWhatIsWrongWithAPackage) {
    EXPECT_ERROR(publish(folder_.path() / "none", site_), "none");
    EXPECT_ERROR(publish(folder_.path() / "rules", site_), "not signed");
    std::ofstream(source_ / "package.p7m") << "text";
    EXPECT_ERROR(publish(source_, site_), "not an envelope");
    EXPECT_TRUE(files_of_site().empty());
}

TEST_F(PublicationTest, SaysWhenItCannotWrite) {
    std::ofstream(folder_.path() / "site") << "a file is in the way";
    EXPECT_ERROR(publish(source_, site_), "cannot write");
}

}  // namespace
}  // namespace firebreak::cloud
