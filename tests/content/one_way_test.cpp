// The one-way rule: what stock `openssl cms -verify` refuses, we refuse. And what we refuse beyond
// that, with stock OpenSSL's consent to show that the check is not idle.
#include <gtest/gtest.h>
#include <openssl/cms.h>

#include "base/random.h"
#include "content/der.h"
#include "content/packages.h"
#include "content/stock_openssl.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using test::forge;
using test::issue_signer;
using test::sample_envelope;
using test::sample_json;
using test::sign_or_die;
using test::signer_request;
using test::signing_time;
using test::stock_openssl_accepts;
using test::test_pki;
using test::test_verifier;
using test::utc;

bool we_accept(const Bytes& envelope) {
    return std::holds_alternative<Verified>(test_verifier().verify(envelope));
}

void expect_both_accept(const Bytes& envelope, base::UtcTime at = signing_time()) {
    EXPECT_TRUE(stock_openssl_accepts(envelope, at));
    EXPECT_TRUE(we_accept(envelope));
}

void expect_both_refuse(const Bytes& envelope, base::UtcTime at = signing_time()) {
    EXPECT_FALSE(stock_openssl_accepts(envelope, at));
    EXPECT_FALSE(we_accept(envelope));
}

// The check that refuses it is one that stock OpenSSL does not make.
void expect_only_we_refuse(const Bytes& envelope) {
    EXPECT_TRUE(stock_openssl_accepts(envelope, signing_time()));
    EXPECT_FALSE(we_accept(envelope));
}

const Signer& dataset_signer() {
    return test_pki().signers.at(Feed::kDatasetA);
}

// --- both ways ---------------------------------------------------------------------------------

TEST(OneWayRule, BothAcceptGoodEnvelopes) {
    expect_both_accept(sample_envelope());
    expect_both_accept(sample_envelope(Feed::kUSERAPPFEED));
}

TEST(OneWayRule, BothAcceptAnythingThatWeAcceptAtAnyTime) {
    const base::RandomStream random(1, base::Stream::kMutation);
    const Verifier verifier({test_pki().root.certificate});
    const base::UtcTime first = utc("2018-01-01T00:00:00Z");
    const uint64_t span = utc("2038-01-01T00:00:00Z").unix_seconds - first.unix_seconds;
    int accepted = 0;
    for (uint64_t i = 0; i < 40; ++i) {
        const base::UtcTime at{first.unix_seconds + static_cast<int64_t>(random.below(span, i, 0))};
        const auto feed = static_cast<Feed>(random.below(kFeedCount, i, 1));
        const Bytes envelope = sign_or_die(sample_json(feed), test_pki().signers.at(feed), at);
        const bool ours = std::holds_alternative<Verified>(verifier.verify(envelope));
        EXPECT_EQ(ours, stock_openssl_accepts(envelope, at)) << base::to_text(at);
        accepted += ours ? 1 : 0;
    }
    EXPECT_GT(accepted, 10);
    EXPECT_LT(accepted, 40);
}

TEST(OneWayRule, BothDrawTheSameLineAtTheEdgesOfValidity) {
    for (const auto& [time, good] :
         std::initializer_list<std::pair<const char*, bool>>{{"2019-12-31T23:59:59Z", false},
                                                             {"2020-01-01T00:00:00Z", true},
                                                             {"2035-12-31T23:59:59Z", true},
                                                             {"2036-01-01T00:00:00Z", false},
                                                             {"2036-01-01T00:00:01Z", false}}) {
        const Bytes envelope = sign_or_die(sample_json(), dataset_signer(), utc(time));
        EXPECT_EQ(stock_openssl_accepts(envelope, utc(time)), good) << time;
        EXPECT_EQ(we_accept(envelope), good) << time;
    }
}

TEST(OneWayRule, BothRefuseTheSignatureOfAnotherKey) {
    const PrivateKey& other = test_pki().signers.at(Feed::kESH).identity.key;
    expect_both_refuse(forge(
        sample_envelope(), [](auto&) {}, other));
}

TEST(OneWayRule, BothRefuseAForeignAuthority) {
    expect_both_refuse(sign_or_die(sample_json(), test::foreign_pki().signers.at(Feed::kDatasetA),
                                   signing_time()));
}

TEST(OneWayRule, BothRefuseAnExpiredIssuingCertificate) {
    CertificateRequest request = signer_request(CertificateKind::kIssuing);
    request.not_after = utc("2021-01-01T00:00:00Z");
    ASSERT_OK_AND(const Identity issuing, issue(request, &test_pki().root));
    ASSERT_OK_AND(const Identity signer, issue(signer_request(), &issuing));
    expect_both_refuse(
        sign_or_die(sample_json(), Signer{signer, {issuing.certificate}}, signing_time()));
}

TEST(OneWayRule, BothRefuseASecondIssuingCertificateBelowTheFirst) {
    CertificateRequest request = signer_request(CertificateKind::kIssuing);
    ASSERT_OK_AND(const Identity second, issue(request, &test_pki().issuing));
    ASSERT_OK_AND(const Identity signer, issue(signer_request(), &second));
    expect_both_refuse(sign_or_die(
        sample_json(), Signer{signer, {second.certificate, test_pki().issuing.certificate}},
        signing_time()));
}

TEST(OneWayRule, BothRefuseAnEnvelopeWithoutItsIssuingCertificate) {
    expect_both_refuse(
        sign_or_die(sample_json(), Signer{dataset_signer().identity, {}}, signing_time()));
}

TEST(OneWayRule, BothRefuseAChangedManifest) {
    const Bytes other = sample_json(Feed::kESH);
    expect_both_refuse(
        forge(sample_envelope(), [&](EnvelopeParts& parts) { parts.manifest = other; }));
}

TEST(OneWayRule, BothRefuseAnEmptySignature) {
    expect_both_refuse(
        forge(sample_envelope(), [](EnvelopeParts& parts) { parts.signature = {}; }));
}

TEST(OneWayRule, BothRefuseAnEnvelopeWithoutASignature) {
    // Its SET of signers, made empty.
    Bytes envelope = sample_envelope();
    const EnvelopeParts parts = read_envelope(envelope).value();
    const Bytes manifest =
        der::element(der::kContext0, {der::element(der::kOctetString, {parts.manifest})});
    const auto header = [&](std::string_view hex) { return base::from_hex(hex).value(); };
    const Bytes signed_data = der::element(
        der::kSequence,
        {header("020101"), header("310d300b0609608648016503040202"),
         der::element(der::kSequence, {header("06092a864886f70d010701"), manifest}),
         der::element(der::kContext0, {parts.certificate_set}), der::element(der::kSet, {})});
    expect_both_refuse(der::element(der::kSequence, {header("06092a864886f70d010702"),
                                                     der::element(der::kContext0, {signed_data})}));
}

TEST(OneWayRule, BothRefuseTruncatedEnvelopes) {
    const Bytes envelope = sample_envelope();
    for (const size_t length : {0ul, 1ul, envelope.size() / 2, envelope.size() - 1}) {
        expect_both_refuse(
            Bytes(envelope.begin(), envelope.begin() + static_cast<std::ptrdiff_t>(length)));
    }
}

// --- ours alone --------------------------------------------------------------------------------

TEST(OneWayRule, OnlyWeRefuseASignerForAnotherUse) {
    expect_only_we_refuse(sign_or_die(
        sample_json(), issue_signer(signer_request(CertificateKind::kSignerWithWrongUsage)),
        signing_time()));
}

TEST(OneWayRule, OnlyWeRefuseTheSignerOfAnotherFeed) {
    expect_only_we_refuse(
        sign_or_die(sample_json(), test_pki().signers.at(Feed::kESH), signing_time()));
}

TEST(OneWayRule, OnlyWeRefuseAManifestThatIsNotCanonical) {
    expect_only_we_refuse(sign_or_die(base::view_of("{ }"), dataset_signer(), signing_time()));
}

TEST(OneWayRule, OnlyWeRefuseBytesAfterTheEnvelope) {
    Bytes envelope = sample_envelope();
    envelope.push_back('\n');
    expect_only_we_refuse(envelope);
}

TEST(OneWayRule, OnlyWeRefuseAnIndefiniteLength) {
    Bytes envelope = sample_envelope();
    ASSERT_EQ(envelope[1], 0x82);
    envelope.erase(envelope.begin() + 2, envelope.begin() + 4);
    envelope[1] = 0x80;
    envelope.insert(envelope.end(), {0, 0});
    expect_only_we_refuse(envelope);
}

TEST(OneWayRule, OnlyWeRefuseALengthLongerThanNeedBe) {
    Bytes envelope = sample_envelope();
    ASSERT_EQ(envelope[1], 0x82);
    envelope[1] = 0x83;
    envelope.insert(envelope.begin() + 2, 0);
    expect_only_we_refuse(envelope);
}

TEST(OneWayRule, OnlyWeRefuseAnotherVersionNumber) {
    Bytes envelope = sample_envelope();
    const auto version = std::ranges::search(envelope, Bytes{0x02, 0x01, 0x01});
    ASSERT_FALSE(version.empty());
    version.back() = 0x04;
    expect_only_we_refuse(envelope);
}

TEST(OneWayRule, OnlyWeRefuseCertificatesInAnotherOrder) {
    Bytes envelope = sample_envelope();
    const EnvelopeParts parts = read_envelope(envelope).value();
    const auto set = envelope.begin() + (parts.certificate_set.data() - envelope.data());
    std::rotate(set, set + static_cast<std::ptrdiff_t>(parts.certificates[0].size()),
                set + static_cast<std::ptrdiff_t>(parts.certificate_set.size()));
    expect_only_we_refuse(envelope);
}

TEST(OneWayRule, OnlyWeRefuseASignerIdInOtherCase) {
    Bytes signer_id;
    expect_only_we_refuse(forge(sample_envelope(), [&](EnvelopeParts& parts) {
        signer_id.assign(parts.signer_id.begin(), parts.signer_id.end());
        std::ranges::search(signer_id, base::view_of("Firebreak")).front() = 'f';
        parts.signer_id = signer_id;
    }));
}

TEST(OneWayRule, OnlyWeRefuseOtherShapesThatOpenSslMakes) {
    const auto refuse = [](const test::CmsSettings& settings) {
        expect_only_we_refuse(test::openssl_cms(dataset_signer(), signing_time(), settings));
    };
    refuse({.flags = 0});  // a fourth signed attribute: S/MIME capabilities
    refuse({.flags = CMS_NOATTR});
    refuse({.flags = CMS_NOSMIMECAP, .digest = "SHA256"});
    refuse({.flags = CMS_NOSMIMECAP | CMS_USE_KEYID});
    refuse({.flags = CMS_NOSMIMECAP, .change = [](CMS_ContentInfo*, CMS_SignerInfo* info) {
                CMS_unsigned_add1_attr_by_txt(info, "friendlyName", MBSTRING_UTF8, "x", 1);
            }});
    refuse({.flags = CMS_NOSMIMECAP, .change = [](CMS_ContentInfo* message, CMS_SignerInfo*) {
                CMS_add1_cert(message, test_pki().root.certificate.get());
            }});
    refuse({.flags = CMS_NOSMIMECAP, .change = [](CMS_ContentInfo* message, CMS_SignerInfo*) {
                const Identity& second = test_pki().signers.at(Feed::kESH).identity;
                CMS_add1_signer(message, second.certificate.get(), second.key.get(), EVP_sha384(),
                                CMS_BINARY | CMS_NOSMIMECAP);
            }});
}

// --- bit flips ---------------------------------------------------------------------------------

// All of them refused, and with that the rule holds, whatever stock OpenSSL says of each.
void expect_flips_refused(const Bytes& envelope, size_t begin, size_t end,
                          const std::vector<int>& bits) {
    ASSERT_LT(begin, end);
    const Verifier verifier({test_pki().root.certificate});
    for (size_t at = begin; at < end; ++at) {
        for (const int bit : bits) {
            Bytes flipped = envelope;
            flipped[at] ^= static_cast<uint8_t>(1 << bit);
            ASSERT_FALSE(std::holds_alternative<Verified>(verifier.verify(flipped)))
                << "byte " << at << ", bit " << bit;
        }
    }
}

// Where the certificates are in an envelope.
struct CertificateRange {
    explicit CertificateRange(const Bytes& envelope) {
        const base::ByteView set = read_envelope(envelope).value().certificate_set;
        begin = static_cast<size_t>(set.data() - envelope.data());
        end = begin + set.size();
    }
    size_t begin = 0;
    size_t end = 0;
};

const std::vector<int> kAllBits = {0, 1, 2, 3, 4, 5, 6, 7};

TEST(BitFlips, BeforeTheCertificatesAreAllRefused) {
    const Bytes envelope = sample_envelope();
    expect_flips_refused(envelope, 0, CertificateRange(envelope).begin, kAllBits);
}

TEST(BitFlips, InTheCertificatesAreRefusedInEveryByte) {
    // The lowest and the highest but two: the one that changes numbers, the one that changes case.
    const Bytes envelope = sample_envelope();
    const CertificateRange range(envelope);
    expect_flips_refused(envelope, range.begin, range.end, {0, 5});
}

TEST(BitFlips, AfterTheCertificatesAreAllRefused) {
    const Bytes envelope = sample_envelope();
    expect_flips_refused(envelope, CertificateRange(envelope).end, envelope.size(), kAllBits);
}

}  // namespace
}  // namespace firebreak::content
