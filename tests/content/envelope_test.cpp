// What sign() makes, and every reason for which verify() refuses: one test per check.
#include "content/envelope.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <thread>

#include "content/der.h"
#include "content/openssl_handles.h"
#include "content/packages.h"
#include "content/signer_chain.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::Category;
using base::Code;
using test::Accepted;
using test::forge;
using test::issue_changed_signer;
using test::issue_signer;
using test::RefusedAs;
using test::sample_envelope;
using test::sample_json;
using test::sign_or_die;
using test::signer_request;
using test::signing_time;
using test::test_pki;
using test::test_verifier;
using test::utc;

// --- good ones ---------------------------------------------------------------------------------

TEST(Envelope, ProvesManifestSignerAndSigningTimeOfEveryFeed) {
    const Verifier verifier({test_pki().root.certificate});
    for (const FeedInfo& feed : catalogue()) {
        const Verdict verdict = verifier.verify(sample_envelope(feed.feed));
        ASSERT_THAT(verdict, Accepted());
        const auto& verified = std::get<Verified>(verdict);
        EXPECT_EQ(verified.manifest, test::sample_manifest(feed.feed));
        EXPECT_EQ(verified.manifest_digest, base::sha384(sample_json(feed.feed)));
        EXPECT_EQ(verified.signing_time, signing_time());
        EXPECT_EQ(verified.signer, "Firebreak test signer " + std::string(feed.name));
    }
}

TEST(Envelope, OfOpenSslsOwnMakingIsAcceptedInTheShapeOfOurProfile) {
    const Bytes envelope = test::openssl_cms(test_pki().signers.at(Feed::kDatasetA), signing_time(),
                                             {.flags = CMS_NOSMIMECAP});
    EXPECT_THAT(test_verifier().verify(envelope), Accepted());
}

TEST(Envelope, KeepsSigningTimesFrom2050OnAsGeneralizedTime) {
    CertificateRequest request = signer_request();
    request.not_before = utc("2016-01-01T00:00:00Z");
    request.not_after = utc("2090-01-01T00:00:00Z");
    request.kind = CertificateKind::kRoot;
    ASSERT_OK_AND(const Identity root, issue(request, nullptr));
    request.kind = CertificateKind::kSigner;
    ASSERT_OK_AND(const Identity signer, issue(request, &root));
    const Verifier verifier({root.certificate});
    for (const char* time :
         {"2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "2077-07-07T07:07:07Z"}) {
        const Verdict verdict =
            verifier.verify(sign_or_die(sample_json(), Signer{signer, {}}, utc(time)));
        ASSERT_THAT(verdict, Accepted());
        EXPECT_EQ(base::to_text(std::get<Verified>(verdict).signing_time), time);
    }
}

TEST(Envelope, IsNotSignedWithTheKeyOfAnotherCertificate) {
    Signer signer = test_pki().signers.at(Feed::kDatasetA);
    signer.identity.key = test_pki().signers.at(Feed::kESH).identity.key;
    EXPECT_ERROR(sign(sample_json(), signer, signing_time()), "key");
}

TEST(Envelope, IsNotSignedOutsideTheYearsThatItCanSay) {
    for (const int64_t seconds : {int64_t{-1}, int64_t{-3'000'000'000}, int64_t{253'402'300'800}}) {
        EXPECT_FALSE(sign(sample_json(), test_pki().signers.at(Feed::kDatasetA), {seconds}).ok())
            << seconds;
    }
}

TEST(Envelope, IsNotSignedAroundMoreThanAManifestMayHave) {
    EXPECT_ERROR(
        sign(Bytes(kMaxManifestBytes + 1), test_pki().signers.at(Feed::kDatasetA), signing_time()),
        "at most");
}

// --- the encoding ------------------------------------------------------------------------------

TEST(Verifier, RefusesAnEnvelopeOverTheCap) {
    EXPECT_THAT(test_verifier().verify(Bytes(kMaxEnvelopeBytes + 1, 0x30)),
                RefusedAs(Category::kTooLarge, Code::kOverCap));
    EXPECT_THAT(test_verifier().verify(Bytes(kMaxEnvelopeBytes, 0x30)),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
}

TEST(Verifier, RefusesEveryTruncationOfAnEnvelope) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes envelope = sample_envelope();
    for (size_t length = 0; length < envelope.size(); ++length) {
        ASSERT_THAT(verifier.verify(base::ByteView(envelope).first(length)),
                    RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
    }
}

TEST(Verifier, NamesTheByteFromWhichAnEnvelopeIsNotCanonical) {
    Bytes envelope = sample_envelope();
    envelope.push_back(0);
    const Verdict verdict = test_verifier().verify(envelope);
    ASSERT_THAT(verdict, RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    EXPECT_NE(evidence.find("offset: " + std::to_string(envelope.size() - 1)), std::string::npos);
    EXPECT_NE(evidence.find("expected: the end; found: 0x00"), std::string::npos) << evidence;
}

TEST(Verifier, RefusesMoreCertificatesThanAChainNeeds) {
    Signer signer = test_pki().signers.at(Feed::kDatasetA);
    for (const Feed feed : {Feed::kESH, Feed::kCRT, Feed::kBehavior, Feed::kRepairKit,
                            Feed::kAPPFEED, Feed::kTELEMSUP, Feed::kHmpa_data}) {
        signer.chain.push_back(test_pki().signers.at(feed).identity.certificate);
    }
    const Bytes good = sample_envelope();
    std::vector<Bytes> encoded;
    for (const Certificate& certificate : signer.chain) {
        Bytes der(static_cast<size_t>(i2d_X509(certificate.get(), nullptr)));
        uint8_t* at = der.data();
        i2d_X509(certificate.get(), &at);
        encoded.push_back(der);
    }
    const Bytes nine = forge(good, [&](EnvelopeParts& parts) {
        parts.certificates.assign(encoded.begin(), encoded.end());
        parts.certificates.push_back(encoded.front());
    });
    EXPECT_THAT(test_verifier().verify(nine),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
}

TEST(Verifier, RefusesACertificateThatTheChainDoesNotNeed) {
    for (const Certificate& extra :
         {test_pki().signers.at(Feed::kESH).identity.certificate, test_pki().root.certificate,
          test::foreign_pki().issuing.certificate}) {
        Signer signer = test_pki().signers.at(Feed::kDatasetA);
        signer.chain.push_back(extra);
        EXPECT_THAT(test_verifier().verify(sign_or_die(sample_json(), signer, signing_time())),
                    RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
    }
}

TEST(Verifier, RefusesACertificateThatIsNoCertificate) {
    const Bytes envelope = forge(sample_envelope(), [](EnvelopeParts& parts) {
        parts.certificates[0] = parts.signer_id;  // a SEQUENCE, but not of that kind
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeMalformed));
}

TEST(Verifier, RefusesACertificateWithALengthLongerThanNeedBe) {
    Bytes longer;
    const Bytes envelope = forge(sample_envelope(), [&](EnvelopeParts& parts) {
        const base::ByteView certificate = parts.certificates[1];
        ASSERT_EQ(certificate[1], 0x82);  // two bytes of length: make them three
        longer = {0x30, 0x83, 0x00};
        longer.insert(longer.end(), certificate.begin() + 2, certificate.end());
        parts.certificates[1] = longer;
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
}

TEST(Verifier, RefusesASignerIdThatOnlyResemblesTheCertificates) {
    Bytes signer_id;
    const Bytes envelope = forge(sample_envelope(), [&](EnvelopeParts& parts) {
        signer_id.assign(parts.signer_id.begin(), parts.signer_id.end());
        const auto name = std::ranges::search(signer_id, base::view_of("Firebreak"));
        ASSERT_FALSE(name.empty());
        name.front() = 'f';  // the same name to OpenSSL, which does not regard case
        parts.signer_id = signer_id;
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kEnvelopeNotCanonical));
}

// --- the chain ---------------------------------------------------------------------------------

TEST(Verifier, RefusesASignerOfAForeignAuthority) {
    const Bytes envelope =
        sign_or_die(sample_json(), test::foreign_pki().signers.at(Feed::kDatasetA), signing_time());
    const Verdict verdict = test_verifier().verify(envelope);
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    EXPECT_NE(evidence.find("issuer certificate"), std::string::npos) << evidence;
    EXPECT_NE(evidence.find("CN=Firebreak test issuing"), std::string::npos) << evidence;
}

TEST(Verifier, TrustsNobodyWithoutRoots) {
    EXPECT_THAT(Verifier({}).verify(sample_envelope()),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(Verifier, DoesNotTakeAnIssuingCertificateForARoot) {
    EXPECT_THAT(Verifier({test_pki().issuing.certificate}).verify(sample_envelope()),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(Verifier, RefusesASignerThatAnotherSignerIssued) {
    const Signer& authority = test_pki().signers.at(Feed::kDatasetA);
    ASSERT_OK_AND(const Identity child, issue(signer_request(), &authority.identity));
    Signer signer{child, authority.chain};
    signer.chain.push_back(authority.identity.certificate);
    EXPECT_THAT(test_verifier().verify(sign_or_die(sample_json(), signer, signing_time())),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(Verifier, RefusesACertificateThatWasChangedAfterItWasIssued) {
    Bytes changed;
    const Bytes envelope = forge(sample_envelope(), [&](EnvelopeParts& parts) {
        changed.assign(parts.certificates[1].begin(), parts.certificates[1].end());
        const auto feed = std::ranges::search(changed, base::view_of("feed:DatasetA"));
        ASSERT_FALSE(feed.empty());
        feed.back() = 'B';
        parts.certificates[1] = changed;
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

TEST(Verifier, JudgesTheChainAtTheSigningTime) {
    const Verifier verifier({test_pki().root.certificate});
    const Signer& signer = test_pki().signers.at(Feed::kDatasetA);
    for (const char* time : {"2020-01-01T00:00:00Z", "2035-12-31T23:59:59Z"}) {
        EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), signer, utc(time))), Accepted());
    }
    for (const char* time : {"2015-12-31T23:59:59Z", "2019-12-31T23:59:59Z", "2036-01-01T00:00:00Z",
                             "2047-01-01T00:00:00Z"}) {
        EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), signer, utc(time))),
                    RefusedAs(Category::kUntrusted, Code::kChainExpired))
            << time;
    }
}

TEST(Verifier, SaysWhichCertificateIsNotValidAndWhen) {
    const Bytes envelope = sign_or_die(sample_json(), test_pki().signers.at(Feed::kDatasetA),
                                       utc("2036-01-01T00:00:00Z"));
    const Verdict verdict = test_verifier().verify(envelope);
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    for (const char* part :
         {"certificate has expired", "CN=Firebreak test signer DatasetA",
          "valid until: 2036-01-01T00:00:00Z", "signing time: 2036-01-01T00:00:00Z"}) {
        EXPECT_NE(evidence.find(part), std::string::npos) << evidence;
    }
}

TEST(Verifier, CallsAnExpiredSignerOfAForeignAuthorityUntrusted) {
    CertificateRequest request = signer_request();
    request.not_after = utc("2021-01-01T00:00:00Z");
    Identity impostor = test_pki().issuing;  // the certificate that is trusted, with another key
    impostor.key = test::foreign_pki().issuing.key;
    ASSERT_OK_AND(const Identity signer, issue(request, &impostor));
    const Bytes envelope = sign_or_die(
        sample_json(), Signer{signer, {test_pki().issuing.certificate}}, signing_time());
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kUntrusted, Code::kChainUntrusted));
}

// --- what the signer may sign ------------------------------------------------------------------

Verdict verdict_on(const Signer& signer) {
    return test_verifier().verify(sign_or_die(sample_json(), signer, signing_time()));
}

// The certificate's extension of this kind, replaced by `value`, or taken away if that is null.
void set_extension(const Identity& identity, int nid, const char* value) {
    X509* certificate = identity.certificate.get();
    const Extension old(X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, nid, -1)));
    if (value != nullptr) {
        const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value));
        ASSERT_NE(extension, nullptr);
        X509_add_ext(certificate, extension.get(), -1);
    }
}

TEST(Verifier, AcceptsAnIssuedSignerThatIsAsItShouldBe) {
    EXPECT_THAT(verdict_on(issue_signer(signer_request())), Accepted());
    EXPECT_THAT(verdict_on(issue_changed_signer([](Identity&) {})), Accepted());
}

TEST(Verifier, RefusesASignerForAnotherUseThanCode) {
    const Verdict verdict =
        verdict_on(issue_signer(signer_request(CertificateKind::kSignerWithWrongUsage)));
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kUsageWrong));
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    EXPECT_NE(evidence.find("TLS Web Server Authentication"), std::string::npos) << evidence;
}

TEST(Verifier, RefusesASignerWhoseExtendedUseIsNotCodeAlone) {
    for (const char* usage : {static_cast<const char*>(nullptr), "codeSigning,serverAuth",
                              "anyExtendedKeyUsage", "1.2.3.4", "codeSigning,1.2.3.4"}) {
        const Signer signer = issue_changed_signer(
            [&](Identity& identity) { set_extension(identity, NID_ext_key_usage, usage); });
        EXPECT_THAT(verdict_on(signer), RefusedAs(Category::kUntrusted, Code::kUsageWrong));
    }
}

TEST(Verifier, RefusesASignerThatMayNotSign) {
    for (const char* usage : {static_cast<const char*>(nullptr), "critical,keyAgreement"}) {
        const Signer signer = issue_changed_signer(
            [&](Identity& identity) { set_extension(identity, NID_key_usage, usage); });
        EXPECT_THAT(verdict_on(signer), RefusedAs(Category::kUntrusted, Code::kUsageWrong));
    }
}

TEST(Verifier, RefusesASignerThatMayIssueCertificates) {
    const Signer signer = issue_changed_signer([](Identity& identity) {
        set_extension(identity, NID_basic_constraints, "critical,CA:TRUE");
        set_extension(identity, NID_key_usage, "critical,digitalSignature,keyCertSign");
    });
    EXPECT_THAT(verdict_on(signer), RefusedAs(Category::kUntrusted, Code::kUsageWrong));
}

TEST(Verifier, RefusesAKeyOnAnotherCurve) {
    const Signer signer = issue_changed_signer([](Identity& identity) {
        identity.key = PrivateKey(EVP_EC_gen("P-256"), OpenSslDelete());
        X509_set_pubkey(identity.certificate.get(), identity.key.get());
    });
    EXPECT_THAT(verdict_on(signer), RefusedAs(Category::kUntrusted, Code::kUsageWrong));
}

TEST(Verifier, RefusesASignerOfAnotherFeed) {
    const Bytes envelope =
        sign_or_die(sample_json(Feed::kESH), test_pki().signers.at(Feed::kCRT), signing_time());
    const Verdict verdict = test_verifier().verify(envelope);
    ASSERT_THAT(verdict, RefusedAs(Category::kUntrusted, Code::kFeedWrong));
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    EXPECT_NE(evidence.find("may sign: packages of CRT; manifest's feed: ESH"), std::string::npos)
        << evidence;
}

TEST(Verifier, RefusesASignerThatIsNotBoundToOneFeed) {
    for (const char* names : {static_cast<const char*>(nullptr), "DNS:urn:firebreak:feed:DatasetA",
                              "URI:urn:firebreak:feed:DatasetA,URI:urn:firebreak:feed:ESH",
                              "URI:urn:firebreak:feed:DatasetA,DNS:example.com",
                              "URI:urn:firebreak:feed:", "URI:urn:firebreak:feed:dataseta",
                              "URI:urn:firebroke:feed:DatasetA", "URI:DatasetA"}) {
        const Signer signer = issue_changed_signer(
            [&](Identity& identity) { set_extension(identity, NID_subject_alt_name, names); });
        EXPECT_THAT(verdict_on(signer), RefusedAs(Category::kUntrusted, Code::kFeedWrong));
    }
}

// --- signature and manifest --------------------------------------------------------------------

const PrivateKey& signer_key() {
    return test_pki().signers.at(Feed::kDatasetA).identity.key;
}

TEST(Verifier, AcceptsWhatTheForgeMakesWithTheRightKey) {
    EXPECT_THAT(test_verifier().verify(forge(
                    sample_envelope(), [](auto&) {}, signer_key())),
                Accepted());
}

TEST(Verifier, RefusesASignatureOfAnotherKey) {
    const PrivateKey& other = test_pki().signers.at(Feed::kESH).identity.key;
    EXPECT_THAT(test_verifier().verify(forge(
                    sample_envelope(), [](auto&) {}, other)),
                RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
}

TEST(Verifier, RefusesAnEmptySignature) {
    const Bytes envelope =
        forge(sample_envelope(), [](EnvelopeParts& parts) { parts.signature = {}; });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
}

TEST(Verifier, RefusesASignatureWithBytesAfterIt) {
    Bytes longer;
    const Bytes envelope = forge(sample_envelope(), [&](EnvelopeParts& parts) {
        longer.assign(parts.signature.begin(), parts.signature.end());
        longer.push_back(0);
        parts.signature = longer;
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
}

TEST(Verifier, RefusesAnotherSigningTimeThanWasSigned) {
    const Bytes envelope = forge(sample_envelope(), [](EnvelopeParts& parts) {
        parts.signing_time = parts.signing_time + base::hours(1);
    });
    EXPECT_THAT(test_verifier().verify(envelope),
                RefusedAs(Category::kCorrupt, Code::kSignatureWrong));
}

TEST(Verifier, RefusesAnotherManifestThanWasSigned) {
    const Bytes other = sample_json(Feed::kESH);
    const Bytes envelope =
        forge(sample_envelope(), [&](EnvelopeParts& parts) { parts.manifest = other; });
    const Verdict verdict = test_verifier().verify(envelope);
    ASSERT_THAT(verdict, RefusedAs(Category::kCorrupt, Code::kManifestDigestWrong));
    const std::string evidence = base::to_text(std::get<base::Outcome>(verdict).evidence);
    EXPECT_NE(evidence.find("found: " + base::sha384(other).hex()), std::string::npos) << evidence;
}

TEST(Verifier, RefusesASignedDigestThatIsNotTheManifests) {
    const base::Digest digest = base::sha384(base::view_of("something else"));
    for (const size_t length : {48u, 47u, 0u}) {
        const Bytes envelope = forge(
            sample_envelope(),
            [&](EnvelopeParts& parts) {
                parts.message_digest = base::ByteView(digest.bytes).first(length);
            },
            signer_key());
        EXPECT_THAT(test_verifier().verify(envelope),
                    RefusedAs(Category::kCorrupt, Code::kManifestDigestWrong));
    }
}

TEST(Verifier, RefusesASignedManifestThatIsNotCanonical) {
    const std::string json = std::string(base::text_of(sample_json())) + "\n";
    for (const std::string& manifest : {json, std::string("{}"), std::string()}) {
        const Bytes envelope = sign_or_die(base::view_of(manifest),
                                           test_pki().signers.at(Feed::kDatasetA), signing_time());
        EXPECT_THAT(test_verifier().verify(envelope),
                    RefusedAs(Category::kCorrupt, Code::kManifestMalformed));
    }
}

// --- what is remembered ------------------------------------------------------------------------

TEST(Verifier, VerifiesAChainOnceForAllPackagesOfItsSigner) {
    const Verifier verifier({test_pki().root.certificate});
    const Signer& signer = test_pki().signers.at(Feed::kDatasetA);
    for (int hour = 0; hour < 20; ++hour) {
        const base::UtcTime at = signing_time() + base::hours(hour);
        EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), signer, at)), Accepted());
    }
    EXPECT_EQ(verifier.chains_verified(), 1u);
    EXPECT_THAT(verifier.verify(sample_envelope(Feed::kESH)), Accepted());
    EXPECT_EQ(verifier.chains_verified(), 2u);
}

TEST(Verifier, DoesNotTrustARememberedChainOutsideItsValidity) {
    const Verifier verifier({test_pki().root.certificate});
    const Signer& signer = test_pki().signers.at(Feed::kDatasetA);
    EXPECT_THAT(verifier.verify(sample_envelope()), Accepted());
    for (const char* time : {"2019-12-31T23:59:59Z", "2036-01-01T00:00:00Z"}) {
        EXPECT_THAT(verifier.verify(sign_or_die(sample_json(), signer, utc(time))),
                    RefusedAs(Category::kUntrusted, Code::kChainExpired));
    }
    EXPECT_THAT(verifier.verify(sample_envelope()), Accepted());
}

TEST(Verifier, DoesNotTakeARememberedChainForAnotherSignerOfTheSameCertificates) {
    // Two signers in one envelope's chain: the second one's id must not find the first one's key.
    const Verifier verifier({test_pki().root.certificate});
    const Bytes envelope = sample_envelope();
    EXPECT_THAT(verifier.verify(envelope), Accepted());
    Bytes issuing_id;
    const Bytes claims_issuing = forge(envelope, [&](EnvelopeParts& parts) {
        X509* issuing = test_pki().issuing.certificate.get();
        Bytes name(static_cast<size_t>(i2d_X509_NAME(X509_get_issuer_name(issuing), nullptr)));
        uint8_t* at = name.data();
        i2d_X509_NAME(X509_get_issuer_name(issuing), &at);
        Bytes serial(
            static_cast<size_t>(i2d_ASN1_INTEGER(X509_get0_serialNumber(issuing), nullptr)));
        at = serial.data();
        i2d_ASN1_INTEGER(X509_get0_serialNumber(issuing), &at);
        issuing_id = der::element(der::kSequence, {name, serial});
        parts.signer_id = issuing_id;
    });
    EXPECT_FALSE(std::holds_alternative<Verified>(verifier.verify(claims_issuing)));
}

TEST(Verifier, GivesEveryThreadTheSameVerdicts) {
    const Verifier verifier({test_pki().root.certificate});
    const Bytes good = sample_envelope();
    const Bytes expired = sign_or_die(sample_json(), test_pki().signers.at(Feed::kDatasetA),
                                      utc("2036-01-01T00:00:00Z"));
    const Bytes wrong =
        sign_or_die(sample_json(), test_pki().signers.at(Feed::kESH), signing_time());
    std::array<bool, 4> right{};
    {
        std::vector<std::jthread> threads;
        for (bool& mine : right) {
            threads.emplace_back([&] {
                mine = true;
                for (int i = 0; i < 25; ++i) {
                    mine = mine && std::holds_alternative<Verified>(verifier.verify(good)) &&
                           !std::holds_alternative<Verified>(verifier.verify(expired)) &&
                           !std::holds_alternative<Verified>(verifier.verify(wrong));
                }
            });
        }
    }
    EXPECT_THAT(right, testing::Each(true));
}

// --- claims ------------------------------------------------------------------------------------

TEST(Claims, AreReadWithoutTrustInAnybody) {
    const Bytes envelope =
        sign_or_die(sample_json(), test::foreign_pki().signers.at(Feed::kDatasetA), signing_time());
    ASSERT_OK_AND(const Claims claims, read_claims(envelope));
    EXPECT_EQ(claims.manifest, sample_json());
    EXPECT_EQ(claims.signing_time, signing_time());
    EXPECT_EQ(claims.certificates.size(), 2u);
    EXPECT_EQ(base::to_hex(claims.message_digest), base::sha384(sample_json()).hex());
    EXPECT_TRUE(claims.canonical);

    Bytes longer = envelope;
    longer.push_back(0);
    ASSERT_OK_AND(const Claims of_longer, read_claims(longer));
    EXPECT_FALSE(of_longer.canonical);
    EXPECT_FALSE(read_claims(base::view_of("no envelope")).ok());
}

}  // namespace
}  // namespace firebreak::content
