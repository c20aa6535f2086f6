// The sources that ship, and how a package is built of them.
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "content/package.h"
#include "content/pki.h"
#include "endpoint/reputation/csv.h"
#include "endpoint/reputation/entries.h"
#include "endpoint/reputation/reputation.h"
#include "host/persona.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::reputation {
namespace {

using base::Bytes;
using base::Result;
using content::Feed;
using firebreak::test::fixtures_dir;
using firebreak::test::TemporaryFolder;
namespace fs = std::filesystem;

Result<content::Draft> build(const fs::path& source) {
    return content::build(Feed::kLocalRepData, "2026-03-01", source, {.compile = payloads_from});
}

class ReputationFixture : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_OK_AND(draft_, build(fixtures_dir() / "content/good/LocalRepData/2026-03-01"));
        ASSERT_EQ(draft_.payloads.size(), 1U);
        ASSERT_OK(ReputationTable::open(payload()));
    }
    const Bytes& payload() const { return draft_.payloads.at(kTablePayload); }
    ReputationTable table() const { return ReputationTable::open(payload()).value(); }
    // What the table says of a file of fixtures/samples.
    std::optional<Band> band_of_sample(const std::string& name) const {
        const Bytes sample = base::read_file(fixtures_dir() / "samples" / name, 1 << 20).value();
        const auto found = table().files().look_up(base::sha256(sample));
        return found ? std::optional(band_of(*found)) : std::nullopt;
    }
    content::Draft draft_;
};

TEST_F(ReputationFixture, KnowsTheSamplesAsTheyAre) {
    EXPECT_EQ(band_of_sample("dropper.js"), Band::kKnownBad);
    EXPECT_EQ(band_of_sample("stop-services.cmd"), Band::kKnownBad);
    EXPECT_EQ(band_of_sample("logon-task.cmd"), Band::kPotentiallyUnwanted);
    EXPECT_EQ(band_of_sample("ransom-note.txt"), Band::kUnknown);
    EXPECT_EQ(band_of_sample("letter.txt"), Band::kKnownGood);
    EXPECT_EQ(table().files().size(), 6U);  // with EICAR
}

TEST_F(ReputationFixture, KnowsTheProductsOwnSigner) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(fixtures_dir() / "keys"));
    X509* certificate = pki.signers.at(Feed::kMLModels).identity.certificate.get();
    Bytes der(static_cast<size_t>(i2d_X509(certificate, nullptr)));
    uint8_t* out = der.data();
    ASSERT_GT(i2d_X509(certificate, &out), 0);
    EXPECT_EQ(table().signers().look_up(base::sha256(der)), 95);
}

TEST_F(ReputationFixture, SaysNothingOfAnyFileOfAPersona) {
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(fixtures_dir() / "personas")) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        ASSERT_OK_AND(const host::Persona persona, host::load_persona(entry.path()));
        for (const host::File& file : persona.files) {
            EXPECT_EQ(table().files().look_up(base::sha256(*file.content)), std::nullopt)
                << file.path;
            ++files;
        }
    }
    EXPECT_GT(files, 50U);
}

class ReputationBuild : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) const {
        ASSERT_OK(base::write_file(source / name, base::view_of(text)));
    }
    TemporaryFolder temporary;
    fs::path source = temporary.path() / "source";
};

TEST_F(ReputationBuild, NamesTheFolderTheFileAndTheLine) {
    write("a.csv", "kind,sha256,reputation\nhash,12,5\n");
    EXPECT_ERROR(build(source), (source / "a.csv:2: `12` is no SHA-256").string());
}

TEST_F(ReputationBuild, PassesOverTheReadmeAndRefusesWhatItCannotUse) {
    write("README.md", "for people");
    EXPECT_ERROR(build(source), "0 payload files");
    write("a.csv", "kind,sha256,reputation\nhash," + std::string(64, 'a') + ",5\n");
    ASSERT_OK_AND(const content::Draft draft, build(source));
    EXPECT_EQ(draft.manifest.payloads.size(), 1U);
    EXPECT_EQ(draft.manifest.payloads[0].name, kTablePayload);
    EXPECT_EQ(draft.manifest.payloads[0].sha384, base::sha384(draft.payloads.at(kTablePayload)));
    write("notes.txt", "");
    EXPECT_ERROR(build(source), (source / "notes.txt").string());
}

TEST_F(ReputationBuild, LeavesSourcesAloneWithoutACompiler) {
    write("a.csv", "anything");
    ASSERT_OK_AND(const content::Draft draft, content::build(Feed::kLocalRepData, "1", source));
    EXPECT_EQ(draft.payloads.at("a.csv"), base::bytes_of("anything"));
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
