// Signed heads and set manifests: what enough signers prove, and every reason to refuse a bundle.
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "content/envelope.h"
#include "content/packages.h"
#include "content/stock_openssl.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::Category;
using base::Code;
using test::Accepted;
using test::bundle_or_die;
using test::judged;
using test::RefusedAs;
using test::sample_head;
using test::sample_set;
using test::sign_or_die;
using test::signing_time;
using test::test_pki;
using test::test_verifier;
using test::utc;

constexpr unsigned kTwo = 2;

Bytes sample_head_json() {
    return canonical_json(sample_head());
}

Verdict verdict_on(const Bytes& bundle, unsigned threshold = kTwo, const Trust& trust = {}) {
    return judged(test_verifier().verify_head(bundle, threshold, trust));
}

std::string evidence_of(const Verdict& verdict) {
    return base::to_text(std::get<base::Outcome>(verdict).evidence);
}

Bytes joined(const std::vector<Bytes>& envelopes) {
    Bytes bundle;
    for (const Bytes& envelope : envelopes) {
        bundle.insert(bundle.end(), envelope.begin(), envelope.end());
    }
    return bundle;
}

Bytes signed_by(size_t head, const Bytes& json = sample_head_json()) {
    return sign_or_die(json, test_pki().heads.at(head - 1), signing_time());
}

// --- enough of them ----------------------------------------------------------------------------

TEST(Bundle, ProvesAHeadByAnyTwoOfThreeSigners) {
    const Verifier verifier = test_verifier();
    for (const std::vector<size_t>& signers :
         std::vector<std::vector<size_t>>{{1, 2}, {1, 3}, {2, 3}, {3, 1}, {1, 2, 3}}) {
        const auto verdict = verifier.verify_head(bundle_or_die(sample_head_json(), signers), kTwo);
        ASSERT_THAT(judged(verdict), Accepted());
        EXPECT_EQ(std::get<SignedHead>(verdict), sample_head());
    }
}

TEST(Bundle, ProvesASetManifest) {
    const Bytes json = canonical_json(sample_set());
    const auto verdict = test_verifier().verify_set(bundle_or_die(json, {1, 2}), kTwo);
    ASSERT_THAT(judged(verdict), Accepted());
    EXPECT_EQ(std::get<SetManifest>(verdict), sample_set());
}

TEST(Bundle, OfOneSignatureIsEnoughWhereOneIs) {
    const Bytes one = bundle_or_die(sample_head_json(), std::vector<size_t>{3});
    EXPECT_THAT(verdict_on(one, 1), Accepted());
    EXPECT_THAT(verdict_on(one, 0), Accepted());
}

TEST(Bundle, CostsNoSecondLookAtChainsThatAreKnown) {
    const Verifier verifier = test_verifier();
    const Bytes bundle = bundle_or_die(sample_head_json(), {1, 2});
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(judged(verifier.verify_head(bundle, kTwo)), Accepted());
    }
    EXPECT_EQ(verifier.chains_verified(), 2u);
}

TEST(Bundle, IsNotMadeByNobodyNorByTooMany) {
    const std::vector<Signer> nine(9, test_pki().heads[0]);
    EXPECT_ERROR(sign_bundle(sample_head_json(), {}, signing_time()), "0 signers");
    EXPECT_ERROR(sign_bundle(sample_head_json(), nine, signing_time()), "9 signers");
}

TEST(Bundle, IsNotMadeLargerThanAnybodyTakes) {
    const Bytes large(kMaxManifestBytes, ' ');
    EXPECT_ERROR(sign_bundle(large, std::span(test_pki().heads).first(2), signing_time()),
                 "a bundle of");
}

// --- too few -----------------------------------------------------------------------------------

TEST(Bundle, RefusesOneSignatureWhereTwoAreNeeded) {
    const Verdict verdict = verdict_on(bundle_or_die(sample_head_json(), std::vector<size_t>{1}));
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
    EXPECT_EQ(evidence_of(verdict), "signatures: 1; by different keys: 1; needed: 2");
    EXPECT_THAT(verdict_on(bundle_or_die(sample_head_json(), {1, 2}), 3),
                RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
    EXPECT_THAT(judged(test_verifier().verify_set(
                    bundle_or_die(canonical_json(sample_set()), std::vector<size_t>{1}), kTwo)),
                RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
}

TEST(Bundle, CountsTheSameCertificateTwiceAsOne) {
    const Bytes twice = joined({signed_by(1), signed_by(1)});
    const Verdict verdict = verdict_on(twice);
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
    EXPECT_EQ(evidence_of(verdict), "signatures: 2; by different keys: 1; needed: 2");
    EXPECT_THAT(verdict_on(twice, 1), RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
}

TEST(Bundle, CountsTwoCertificatesOfOneStolenKeyAsOne) {
    const Identity& stolen = test_pki().heads[0].identity;
    const Signer second = test::issue_changed_signer(
        [&stolen](Identity& identity) {
            identity.key = stolen.key;
            X509_set_pubkey(identity.certificate.get(), stolen.key.get());
        },
        CertificateKind::kHeadSigner);
    ASSERT_THAT(verdict_on(bundle_or_die(sample_head_json(), {second}), 1), Accepted());
    EXPECT_THAT(verdict_on(bundle_or_die(sample_head_json(), {test_pki().heads[0], second})),
                RefusedAs(Category::kUntrusted, Code::kTooFewSignatures));
}

// --- by others ---------------------------------------------------------------------------------

TEST(Bundle, RefusesTheSignersOfFeeds) {
    const Signer& feed = test_pki().signers.at(Feed::kDatasetA);
    const Verdict verdict =
        verdict_on(bundle_or_die(sample_head_json(), {test_pki().heads[0], feed}));
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kRoleWrong));
    EXPECT_NE(evidence_of(verdict).find("may sign: packages of DatasetA"), std::string::npos);
    EXPECT_THAT(
        judged(test_verifier().verify_set(bundle_or_die(canonical_json(sample_set()), {feed}), 1)),
        RefusedAs(Category::kUntrusted, Code::kRoleWrong));
}

TEST(Bundle, IsOfAnotherRoleThanPackages) {
    const Bytes package = sign_or_die(test::sample_json(), test_pki().heads[0], signing_time());
    const Verdict verdict = test_verifier().verify(package);
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kRoleWrong));
    EXPECT_NE(evidence_of(verdict).find("may sign: heads and set manifests"), std::string::npos);
}

TEST(Bundle, RefusesTheRootItself) {
    EXPECT_FALSE(std::holds_alternative<Verified>(
        verdict_on(bundle_or_die(sample_head_json(), {Signer{test_pki().root, {}}}), 1)));
}

TEST(Bundle, RefusesSignersOfAForeignAuthority) {
    const std::vector<Signer> foreign{test::foreign_pki().heads[0], test::foreign_pki().heads[1]};
    EXPECT_THAT(verdict_on(bundle_or_die(sample_head_json(), foreign)),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(Bundle, RefusesASignerOutsideItsValidity) {
    SignedHead late = sample_head();
    late.issued = utc("2036-01-01T00:00:00Z");
    late.expires = late.issued + base::days(1);
    EXPECT_THAT(verdict_on(bundle_or_die(canonical_json(late), {1, 2}, late.issued)),
                RefusedAs(Category::kUntrusted, Code::kChainExpired));
}

TEST(Bundle, RefusesARevokedSigner) {
    const Bytes bundle = bundle_or_die(sample_head_json(), {1, 2, 3});
    const Trust trust{{certificate_digest(test_pki().heads[1].identity.certificate)}};
    const Verdict verdict = verdict_on(bundle, kTwo, trust);
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kChainRevoked));
    EXPECT_NE(evidence_of(verdict).find("CN=Firebreak test head signer 2"), std::string::npos);
    EXPECT_THAT(verdict_on(bundle_or_die(sample_head_json(), {1, 3}), kTwo, trust), Accepted());
}

// --- every one of them -------------------------------------------------------------------------

TEST(Bundle, RefusesABadSignatureAlsoWhereTheOthersWouldDo) {
    const Bytes bad = test::forge(
        signed_by(3), [](auto&) {}, test_pki().heads[0].identity.key);
    for (const std::vector<Bytes>& envelopes : std::vector<std::vector<Bytes>>{
             {signed_by(1), signed_by(2), bad}, {bad, signed_by(1), signed_by(2)}}) {
        EXPECT_THAT(verdict_on(joined(envelopes)),
                    RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
    }
}

TEST(Bundle, RefusesSignaturesOfDifferentDocuments) {
    SignedHead other = sample_head();
    ++other.sequence;
    EXPECT_THAT(verdict_on(joined({signed_by(1), signed_by(2, canonical_json(other))})),
                RefusedAs(Category::kCorrupt, Code::kManifestDigestWrong));
}

TEST(Bundle, RefusesAHeadThatSaysAnotherTimeOfIssueThanItsSignatures) {
    SignedHead head = sample_head();
    head.issued = head.issued + base::Duration{1};
    EXPECT_THAT(verdict_on(bundle_or_die(canonical_json(head), {1, 2})),
                RefusedAs(Category::kCorrupt, Code::kHeadMalformed));
    const Bytes later = sign_or_die(sample_head_json(), test_pki().heads[1], head.issued);
    EXPECT_THAT(verdict_on(joined({signed_by(1), later})),
                RefusedAs(Category::kCorrupt, Code::kHeadMalformed));
}

TEST(Bundle, IsWhatItIsAskedFor) {
    const Bytes head = bundle_or_die(sample_head_json(), {1, 2});
    const Bytes set = bundle_or_die(canonical_json(sample_set()), {1, 2});
    const Bytes statement = bundle_or_die(canonical_json(test::sample_statement()), {1, 2});
    const Verifier verifier = test_verifier();
    for (const Bytes& bundle : {set, statement}) {
        EXPECT_THAT(judged(verifier.verify_head(bundle, kTwo)),
                    RefusedAs(Category::kCorrupt, Code::kHeadMalformed));
    }
    for (const Bytes& bundle : {head, statement}) {
        EXPECT_THAT(judged(verifier.verify_set(bundle, kTwo)),
                    RefusedAs(Category::kCorrupt, Code::kSetMalformed));
    }
}

// --- the encoding ------------------------------------------------------------------------------

TEST(Bundle, RefusesWhatIsNoEnvelopeAfterEnvelope) {
    const Bytes good = bundle_or_die(sample_head_json(), {1, 2});
    for (const Bytes& tail : {Bytes{0}, Bytes{'\n'}, Bytes{0x30}, Bytes{0x30, 0x00}}) {
        EXPECT_THAT(verdict_on(joined({good, tail})),
                    RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
    }
    EXPECT_THAT(verdict_on({}), RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
    EXPECT_THAT(verdict_on(sample_head_json()),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
    Bytes longer_length = good;
    ASSERT_EQ(longer_length[1], 0x82);
    longer_length[1] = 0x83;
    longer_length.insert(longer_length.begin() + 2, 0);
    EXPECT_THAT(verdict_on(longer_length),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
}

TEST(Bundle, RefusesEveryTruncation) {
    const Verifier verifier = test_verifier();
    const Bytes bundle = bundle_or_die(sample_head_json(), {1, 2});
    for (size_t length = 0; length < bundle.size(); ++length) {
        const auto verdict = verifier.verify_head(base::ByteView(bundle).first(length), kTwo);
        ASSERT_TRUE(std::holds_alternative<base::Outcome>(verdict)) << length;
    }
}

TEST(Bundle, RefusesEveryFlippedBit) {
    const Verifier verifier = test_verifier();
    const Bytes bundle = bundle_or_die(sample_head_json(), {1, 2});
    for (size_t at = 0; at < bundle.size(); ++at) {
        Bytes flipped = bundle;
        flipped[at] ^= static_cast<uint8_t>(1u << at % 8);
        const auto verdict = verifier.verify_head(flipped, kTwo);
        ASSERT_TRUE(std::holds_alternative<base::Outcome>(verdict)) << at;
    }
}

TEST(Bundle, RefusesMoreEnvelopesOrBytesThanTheCaps) {
    EXPECT_THAT(verdict_on(joined(std::vector<Bytes>(9, signed_by(1)))),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
    EXPECT_THAT(verdict_on(Bytes(kMaxBundleBytes + 1, 0x30)),
                RefusedAs(Category::kTooLarge, Code::kOverCap));
}

TEST(OneWayRule, BothAcceptEveryEnvelopeOfABundle) {
    for (const size_t head : {1, 2, 3}) {
        const Bytes envelope = signed_by(head);
        EXPECT_TRUE(test::stock_openssl_accepts(envelope, signing_time()));
        EXPECT_THAT(verdict_on(envelope, 1), Accepted());
    }
}

TEST(OneWayRule, BothRefuseABrokenEnvelopeOfABundle) {
    const Bytes other = canonical_json(sample_set());
    const Bytes broken =
        test::forge(signed_by(1), [&](EnvelopeParts& parts) { parts.manifest = other; });
    EXPECT_FALSE(test::stock_openssl_accepts(broken, signing_time()));
    EXPECT_FALSE(std::holds_alternative<Verified>(verdict_on(broken, 1)));
}

}  // namespace
}  // namespace firebreak::content
