// What the root says of trust: its statements, revocation by them, and keys that take the place of
// others.
#include <gtest/gtest.h>

#include "content/envelope.h"
#include "content/packages.h"
#include "content/stock_openssl.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::Category;
using base::Code;
using test::Accepted;
using test::judged;
using test::RefusedAs;
using test::sample_envelope;
using test::sample_json;
using test::sample_statement;
using test::sign_or_die;
using test::signing_time;
using test::statement_or_die;
using test::stock_openssl_accepts;
using test::test_pki;
using test::test_verifier;
using test::utc;

Verdict verdict_on_statement(const Bytes& statement) {
    return judged(test_verifier().verify_root_statement(statement));
}

Bytes good_statement() {
    return statement_or_die(sample_statement(), test_pki().root);
}

Bytes signed_by(const Signer& signer, base::UtcTime at = signing_time()) {
    return sign_or_die(canonical_json(sample_statement()), signer, at);
}

// --- statements --------------------------------------------------------------------------------

TEST(RootStatement, IsProvedByTheRootsOwnSignature) {
    const auto verdict = test_verifier().verify_root_statement(good_statement());
    ASSERT_THAT(judged(verdict), Accepted());
    EXPECT_EQ(std::get<RootStatement>(verdict), sample_statement());
}

TEST(RootStatement, OfAnyOfSeveralRootsIsProved) {
    const Verifier verifier({test::foreign_pki().root.certificate, test_pki().root.certificate});
    for (const Identity& root : {test_pki().root, test::foreign_pki().root}) {
        EXPECT_THAT(
            judged(verifier.verify_root_statement(statement_or_die(sample_statement(), root))),
            Accepted());
    }
}

TEST(RootStatement, IsRefusedByAnybodyBelowTheRoot) {
    for (const Signer& signer : {Signer{test_pki().issuing, {}},
                                 test_pki().signers.at(Feed::kDatasetA), test_pki().heads[0]}) {
        const Verdict verdict = verdict_on_statement(signed_by(signer));
        ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kRoleWrong));
        EXPECT_NE(base::to_text(std::get<base::Outcome>(verdict).evidence).find("the root itself"),
                  std::string::npos);
    }
}

TEST(RootStatement, IsRefusedByAForeignRoot) {
    EXPECT_THAT(
        verdict_on_statement(statement_or_die(sample_statement(), test::foreign_pki().root)),
        RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(RootStatement, IsRefusedByARootThatOnlyLooksTheSame) {
    const auto root = validity_of(test_pki().root.certificate).value();
    ASSERT_OK_AND(const Identity impostor,
                  issue({CertificateKind::kRoot, common_name_of(test_pki().root.certificate),
                         root.from, root.until},
                        nullptr));
    EXPECT_THAT(verdict_on_statement(statement_or_die(sample_statement(), impostor)),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(RootStatement, IsRefusedWithAnyOtherCertificateInIt) {
    EXPECT_THAT(
        verdict_on_statement(signed_by(Signer{test_pki().root, {test_pki().issuing.certificate}})),
        RefusedAs(Category::kUntrusted, Code::kRoleWrong));
}

TEST(RootStatement, IsRefusedOutsideTheRootsValidity) {
    for (const char* time : {"2015-12-31T23:59:59Z", "2046-01-01T00:00:00Z"}) {
        const Bytes statement = signed_by(Signer{test_pki().root, {}}, utc(time));
        EXPECT_THAT(verdict_on_statement(statement),
                    RefusedAs(Category::kUntrusted, Code::kChainExpired));
        EXPECT_FALSE(stock_openssl_accepts(statement, utc(time)));
    }
}

TEST(RootStatement, IsRefusedWithAnotherSignatureOrContent) {
    EXPECT_THAT(verdict_on_statement(test::forge(
                    good_statement(), [](auto&) {}, test_pki().issuing.key)),
                RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
    const Bytes other = canonical_json(RootStatement{2, {}, {}});
    EXPECT_THAT(verdict_on_statement(test::forge(
                    good_statement(), [&](EnvelopeParts& parts) { parts.manifest = other; })),
                RefusedAs(Category::kCorrupt, Code::kManifestDigestWrong));
}

TEST(RootStatement, IsRefusedAroundAnyOtherDocument) {
    const Signer root{test_pki().root, {}};
    for (const Bytes& json : {sample_json(), canonical_json(test::sample_head()),
                              canonical_json(test::sample_set()), base::bytes_of("{}")}) {
        EXPECT_THAT(verdict_on_statement(sign_or_die(json, root, signing_time())),
                    RefusedAs(Category::kCorrupt, Code::kTrustMalformed));
    }
}

TEST(RootStatement, IsRefusedWithEveryFlippedBit) {
    const Verifier verifier = test_verifier();
    const Bytes good = good_statement();
    for (size_t at = 0; at < good.size(); ++at) {
        Bytes flipped = good;
        flipped[at] ^= static_cast<uint8_t>(1u << at % 8);
        const auto verdict = verifier.verify_root_statement(flipped);
        ASSERT_TRUE(std::holds_alternative<base::Outcome>(verdict)) << at;
    }
}

TEST(RootStatement, IsNoPackageAndNoHead) {
    EXPECT_FALSE(std::holds_alternative<Verified>(test_verifier().verify(good_statement())));
    EXPECT_THAT(test_verifier().verify(
                    sign_or_die(sample_json(), Signer{test_pki().root, {}}, signing_time())),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
}

TEST(RootStatement, IsAcceptedByStockOpenSslToo) {
    EXPECT_TRUE(stock_openssl_accepts(good_statement(), signing_time()));
    EXPECT_FALSE(stock_openssl_accepts(
        statement_or_die(sample_statement(), test::foreign_pki().root), signing_time()));
}

// --- revocation --------------------------------------------------------------------------------

Trust revoking(const Certificate& certificate) {
    return {{certificate_digest(certificate)}};
}

TEST(Revocation, RefusesWhatTheCertificateEverSigned) {
    const Signer& signer = test_pki().signers.at(Feed::kDatasetA);
    const Trust trust = revoking(signer.identity.certificate);
    const Verifier verifier = test_verifier();
    for (const char* time :
         {"2020-01-01T00:00:00Z", "2026-03-02T08:00:00Z", "2035-12-31T23:59:59Z"}) {
        const Bytes package = sign_or_die(sample_json(), signer, utc(time));
        EXPECT_THAT(verifier.verify(package), Accepted());  // and is remembered
        const Verdict verdict = verifier.verify(package, trust);
        ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kChainRevoked));
        EXPECT_NE(base::to_text(std::get<base::Outcome>(verdict).evidence)
                      .find("CN=Firebreak test signer DatasetA"),
                  std::string::npos);
    }
    EXPECT_THAT(verifier.verify(sample_envelope(Feed::kESH), trust), Accepted());
}

TEST(Revocation, OfAnIssuingCertificateRefusesAllThatItIssued) {
    const Trust trust = revoking(test_pki().issuing.certificate);
    for (const FeedInfo& feed : catalogue()) {
        EXPECT_THAT(test_verifier().verify(sample_envelope(feed.feed), trust),
                    RefusedAs(Category::kUntrusted, Code::kChainRevoked));
    }
}

TEST(Revocation, OfAnotherCertificateOfTheSameNameChangesNothing) {
    const Trust trust =
        revoking(test::foreign_pki().signers.at(Feed::kDatasetA).identity.certificate);
    EXPECT_THAT(test_verifier().verify(sample_envelope(), trust), Accepted());
}

TEST(Revocation, NamesTheCertificateAsStockOpenSslWould) {
    // openssl x509 -in fixtures/keys/issuing.pem -fingerprint -sha384
    EXPECT_EQ(certificate_digest(test_pki().issuing.certificate).hex(),
              "48bedc46b94214689e5bf5668f32337bf22f1662e96b7efd"
              "0301b390a03daa78ff3371051372eed81851f3ca9248c029");
}

// --- rotation ----------------------------------------------------------------------------------

constexpr const char* kFrom = "2026-01-01T00:00:00Z";
constexpr const char* kUntil = "2028-01-01T00:00:00Z";

TEST(Rotation, KeepsWhatTheOldKeySignedAndSignsWithTheNewOne) {
    ASSERT_OK_AND(const Signer renewed,
                  renew(test_pki(), Feed::kDatasetA, utc(kFrom), utc(kUntil)));
    const Signer& old = test_pki().signers.at(Feed::kDatasetA);
    EXPECT_EQ(feed_of(renewed.identity.certificate), Feed::kDatasetA);
    EXPECT_EQ(subject_of(renewed.identity.certificate), subject_of(old.identity.certificate));
    const Verifier verifier = test_verifier();
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), old, signing_time())), Accepted());
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), renewed, signing_time())), Accepted());
    const Trust trust = revoking(old.identity.certificate);
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), old, signing_time()), trust),
                RefusedAs(Category::kUntrusted, Code::kChainRevoked));
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), renewed, signing_time()), trust),
                Accepted());
}

TEST(Rotation, GivesTheNewKeyTheValidityThatWasAskedFor) {
    ASSERT_OK_AND(const Signer renewed,
                  renew(test_pki(), Feed::kDatasetA, utc(kFrom), utc(kUntil)));
    const Verifier verifier = test_verifier();
    for (const char* time : {"2025-12-31T23:59:59Z", kUntil}) {
        EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), renewed, utc(time))),
                    RefusedAs(Category::kUntrusted, Code::kChainExpired));
    }
}

TEST(Rotation, OfAHeadSignerTakesPartInBundlesWithTheOthers) {
    ASSERT_OK_AND(const Signer renewed, renew_head(test_pki(), 2, utc(kFrom), utc(kUntil)));
    EXPECT_TRUE(signs_heads(renewed.identity.certificate));
    EXPECT_EQ(common_name_of(renewed.identity.certificate), "Firebreak test head signer 2");
    const Bytes bundle =
        test::bundle_or_die(canonical_json(test::sample_head()), {test_pki().heads[0], renewed});
    EXPECT_THAT(judged(test_verifier().verify_head(bundle, 2)), Accepted());
    EXPECT_ERROR(renew_head(test_pki(), 0, utc(kFrom), utc(kUntil)), "no head signer 0");
    EXPECT_ERROR(renew_head(test_pki(), 4, utc(kFrom), utc(kUntil)), "no head signer 4");
    EXPECT_ERROR(renew(Pki{}, Feed::kESH, utc(kFrom), utc(kUntil)), "no signer of ESH");
}

TEST(Rotation, OfTheIssuingCertificateKeepsTheSignersOfTheOldOne) {
    const firebreak::test::TemporaryFolder folder;
    const auto keys = folder.path() / "keys";
    ASSERT_OK(save_pki(test::foreign_pki(), keys));
    ASSERT_OK_AND(const Identity issuing,
                  renew_issuing(test::foreign_pki(), utc(kFrom), utc(kUntil)));
    ASSERT_OK(replace_identity(keys / "issuing.pem", issuing));
    ASSERT_OK_AND(Pki pki, load_pki(keys));
    ASSERT_OK_AND(const Signer renewed, renew(pki, Feed::kESH, utc(kFrom), utc(kUntil)));
    ASSERT_OK(replace_identity(keys / "ESH.pem", renewed.identity));
    ASSERT_OK_AND(pki, load_pki(keys));
    const Verifier verifier({test::foreign_pki().root.certificate});
    for (const Feed feed : {Feed::kESH, Feed::kCRT}) {
        EXPECT_THAT(
            verifier.verify(sign_or_die(sample_json(feed), pki.signers.at(feed), signing_time())),
            Accepted());
    }
    const Trust trust = revoking(test::foreign_pki().issuing.certificate);
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(Feed::kESH), pki.signers.at(Feed::kESH),
                                            signing_time()),
                                trust),
                Accepted());
    EXPECT_THAT(verifier.verify(sign_or_die(sample_json(Feed::kCRT), pki.signers.at(Feed::kCRT),
                                            signing_time()),
                                trust),
                RefusedAs(Category::kUntrusted, Code::kChainRevoked));
}

}  // namespace
}  // namespace firebreak::content
