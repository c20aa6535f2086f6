#include "content/package.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "content/encryption.h"
#include "content/packages.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using firebreak::test::TemporaryFolder;
using test::signing_time;
using test::test_pki;
using test::write;
namespace fs = std::filesystem;

// A source folder with two payload files, a README and a subfolder.
class PackageTest : public testing::Test {
  protected:
    void SetUp() override {
        write(source / "b.yar", "rule b { condition: false }");
        write(source / "a.yar", "rule a { condition: false }");
        write(source / "README.md", "for people");
        write(source / "notes/x.txt", "not for anybody");
    }
    Draft draft() const { return build(Feed::kDatasetA, "1", source).value(); }

    TemporaryFolder temporary;
    fs::path source = temporary.path() / "source";
    fs::path folder = temporary.path() / "package";
};

TEST_F(PackageTest, HasThePlainFilesOfItsSourceInOrder) {
    ASSERT_OK_AND(const Draft built,
                  build(Feed::kDatasetA, "2026.3", source, {.min_product_version = "2024.2"}));
    EXPECT_EQ(built.manifest.version, "2026.3");
    EXPECT_EQ(built.manifest.min_product_version, "2024.2");
    ASSERT_EQ(built.manifest.payloads.size(), 2u);
    EXPECT_EQ(built.manifest.payloads[0].name, "a.yar");
    EXPECT_EQ(built.manifest.payloads[1].name, "b.yar");
    const Bytes bytes = base::bytes_of("rule a { condition: false }");
    EXPECT_EQ(built.payloads.at("a.yar"), bytes);
    EXPECT_EQ(built.manifest.payloads[0].size, bytes.size());
    EXPECT_EQ(built.manifest.payloads[0].sha384, base::sha384(bytes));
}

TEST_F(PackageTest, IsNotBuiltOfWhatAManifestDoesNotAllow) {
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source / "nowhere"), "nowhere");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source / "a.yar"), "a.yar");
    EXPECT_ERROR(build(Feed::kDatasetA, "", source), "version");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source, {.min_product_version = "new"}),
                 "min_product_version");
    fs::create_directory(temporary.path() / "empty");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", temporary.path() / "empty"), "0 payload files");
    write(source / ".hidden", "x");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source), ".hidden: not a name");
}

TEST_F(PackageTest, SaysForWhomItIs) {
    ASSERT_OK_AND(const Draft built, build(Feed::kDatasetA, "1", source,
                                           {.platform = "windows-x64", .groups = {"b", "a"}}));
    EXPECT_EQ(built.manifest.platform, "windows-x64");
    EXPECT_EQ(built.manifest.groups, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(draft().manifest.platform, "any");
    EXPECT_TRUE(draft().manifest.groups.empty());
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source, {.platform = "Windows"}), "platform");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source, {.groups = {"a", "a"}}), "groups[1]");
}

TEST_F(PackageTest, OfAnEncryptedFeedIsBuiltOfEncryptedFiles) {
    const Bytes& key = test_pki().content_keys.at(Feed::kBehavior);
    ASSERT_OK_AND(const Draft built, build(Feed::kBehavior, "1", source, {.content_key = key}));
    ASSERT_EQ(built.manifest.payloads.size(), 2u);
    const PayloadFile& first = built.manifest.payloads[0];
    EXPECT_EQ(first.name, "a.yar");
    const Bytes& cipher = built.payloads.at("a.yar");
    EXPECT_EQ(check_payload(first, cipher), base::Code::kNone);
    const auto plain = decrypt(Feed::kBehavior, cipher, key);
    ASSERT_TRUE(std::holds_alternative<Bytes>(plain));
    EXPECT_EQ(std::get<Bytes>(plain), base::bytes_of("rule a { condition: false }"));
}

TEST_F(PackageTest, StaysClearWithoutAKeyOrAnEncryptedFeed) {
    const Bytes clear = base::bytes_of("rule a { condition: false }");
    ASSERT_OK_AND(const Draft without, build(Feed::kBehavior, "1", source));
    EXPECT_EQ(without.payloads.at("a.yar"), clear);
    const Bytes& key = test_pki().content_keys.at(Feed::kBehavior);
    ASSERT_OK_AND(const Draft other, build(Feed::kDatasetA, "1", source, {.content_key = key}));
    EXPECT_EQ(other.payloads.at("a.yar"), clear);
}

TEST_F(PackageTest, IsNotEncryptedWhenThatCannotBeDone) {
    EXPECT_ERROR(build(Feed::kBehavior, "1", source, {.content_key = Bytes(16, 1)}),
                 "a.yar: a content key of 16 bytes");
    fs::resize_file(source / "b.yar", kMaxPlainBytes + 1);
    EXPECT_ERROR(build(Feed::kBehavior, "1", source,
                       {.content_key = test_pki().content_keys.at(Feed::kBehavior)}),
                 "b.yar: larger than");
}

TEST_F(PackageTest, IsNotBuiltOfTooManyFiles) {
    for (int i = 0; i < 255; ++i) {
        write(source / ("x" + std::to_string(i)), "x");
    }
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source), "257 payload files");
}

TEST_F(PackageTest, IsNotBuiltOfAFileThatIsTooLarge) {
    fs::resize_file(source / "a.yar", kMaxPayloadBytes + 1);
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source), "a.yar: larger than");
}

TEST_F(PackageTest, IsNotBuiltOfLinksAndPipes) {
    fs::create_symlink(source / "a.yar", source / "c.yar");
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source), "c.yar: neither a plain file nor a folder");
    fs::remove(source / "c.yar");
    ASSERT_EQ(::mkfifo((source / "pipe").c_str(), 0600), 0);
    EXPECT_ERROR(build(Feed::kDatasetA, "1", source), "pipe: neither a plain file nor a folder");
}

TEST_F(PackageTest, SurvivesSavingAndLoading) {
    const Draft built = draft();
    ASSERT_OK(save(built, folder));
    ASSERT_OK_AND(const Draft loaded, load_draft(folder));
    EXPECT_EQ(loaded.manifest, built.manifest);
    EXPECT_EQ(loaded.payloads, built.payloads);
    EXPECT_FALSE(fs::exists(folder / "package.p7m"));
}

TEST_F(PackageTest, IsVerifiedOnceSignedAndSaved) {
    ASSERT_OK_AND(const Package package,
                  sign(draft(), test_pki().signers.at(Feed::kDatasetA), signing_time()));
    EXPECT_EQ(package.manifest_digest, base::sha384(canonical_json(package.draft.manifest)));
    EXPECT_EQ(package.signing_time, signing_time());
    ASSERT_OK(save(package, folder));
    ASSERT_OK_AND(const Bytes envelope, base::read_file(folder / "package.p7m", kMaxEnvelopeBytes));
    EXPECT_EQ(envelope, package.envelope);
    const Verifier verifier({test_pki().root.certificate});
    const Verdict verdict = verifier.verify(envelope);
    ASSERT_THAT(verdict, test::Accepted());
    EXPECT_EQ(std::get<Verified>(verdict).manifest_digest, package.manifest_digest);
    ASSERT_OK(load_draft(folder));
}

TEST_F(PackageTest, LosesItsSignatureWhenAnotherDraftIsSavedOverIt) {
    ASSERT_OK_AND(const Package package,
                  sign(draft(), test_pki().signers.at(Feed::kDatasetA), signing_time()));
    ASSERT_OK(save(package, folder));
    ASSERT_OK(save(draft(), folder));
    EXPECT_FALSE(fs::exists(folder / "package.p7m"));
}

TEST_F(PackageTest, KeepsNoPayloadOfThePackageThatWasThereBefore) {
    Draft before = draft();
    before.payloads["old.yar"] = base::bytes_of("rule old { condition: true }");
    ASSERT_OK(save(before, folder));
    ASSERT_OK(save(draft(), folder));
    EXPECT_FALSE(fs::exists(folder / "payload" / "old.yar"));
    ASSERT_OK(load_draft(folder));
}

TEST_F(PackageTest, IsNotSignedWithAnInvalidManifest) {
    Draft invalid = draft();
    invalid.manifest.version = "";
    EXPECT_ERROR(sign(invalid, test_pki().signers.at(Feed::kDatasetA), signing_time()), "version");
}

TEST_F(PackageTest, IsNotSavedOutsideItsFolder) {
    Draft hostile = draft();
    hostile.payloads["../../escaped"] = {};
    EXPECT_ERROR(save(hostile, folder), "not a name");
    EXPECT_FALSE(fs::exists(temporary.path().parent_path() / "escaped"));
}

TEST_F(PackageTest, IsNotLoadedWhenAFileIsNotWhatTheManifestSays) {
    ASSERT_OK(save(draft(), folder));
    write(folder / "payload/a.yar", "rule x { condition: false }");
    EXPECT_ERROR(load_draft(folder), "a.yar: payload digest is wrong");
    write(folder / "payload/a.yar", "rule");
    EXPECT_ERROR(load_draft(folder), "a.yar: payload size is wrong");
    fs::remove(folder / "payload/a.yar");
    EXPECT_ERROR(load_draft(folder), "a.yar");
    write(folder / "manifest.json", "{}");
    EXPECT_ERROR(load_draft(folder), "manifest.json: no key");
    fs::remove(folder / "manifest.json");
    EXPECT_ERROR(load_draft(folder), "manifest.json");
}

}  // namespace
}  // namespace firebreak::content
