#include "endpoint/executables/authenticode.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using base::ByteView;
using content::CertificateKind;
using test::authority;
using test::noon;
using test::parsed;
using test::publisher_of;
using test::publisher_request;
using test::sample_pe;
using test::signed_by;
using test::signed_sample;
using test::summary;
using test::verdict_on;
using testing::HasSubstr;

std::string verdict_of(ByteView pe) {
    return summary(verdict_on(pe));
}

std::string verdict_at(ByteView pe, const char* time) {
    const std::array roots = {authority().root.certificate};
    return summary(verify_authenticode(pe, roots, base::parse_utc(time).value()));
}

size_t table_of(ByteView pe) {
    return parsed(pe).certificate_table.offset;
}

// The file with another certificate table, which ends it.
Bytes with_table(ByteView pe, ByteView table) {
    const PeImage image = parsed(pe);
    Bytes out(pe.begin(), pe.begin() + static_cast<long>(image.certificate_table.offset));
    out.insert(out.end(), table.begin(), table.end());
    put_at(out, image.security_entry.offset + 4, table.size(), 4);
    return out;
}

Bytes entry_of(ByteView contents, uint16_t revision = 0x0200, uint16_t type = 2) {
    Bytes entry(8);
    put_at(entry, 0, 8 + contents.size(), 4);
    put_at(entry, 4, revision, 2);
    put_at(entry, 6, type, 2);
    entry.insert(entry.end(), contents.begin(), contents.end());
    entry.resize((entry.size() + 7) / 8 * 8);
    return entry;
}

// DER of the signature of a file that sign_authenticode() signed.
Bytes signature_of(ByteView pe) {
    const ByteView entry = pe.subspan(table_of(pe) + 8);
    const size_t length = 4 + (size_t{entry[2]} << 8 | entry[3]);
    return {entry.begin(), entry.begin() + static_cast<long>(length)};
}

// Replaces every one of them; how many there were.
int replace(Bytes& bytes, ByteView what, ByteView with) {
    int times = 0;
    for (auto at = bytes.begin();;) {
        at = std::search(at, bytes.end(), what.begin(), what.end());
        if (at == bytes.end()) {
            return times;
        }
        at = std::ranges::copy(with, at).out;
        ++times;
    }
}

TEST(Authenticode, SaysWhoSignedForEveryMachine) {
    for (const Machine machine : {Machine::kX86, Machine::kX64, Machine::kArm64}) {
        const SignatureVerdict verdict = verdict_on(signed_sample(machine));
        ASSERT_TRUE(std::holds_alternative<SignedBy>(verdict)) << summary(verdict);
        const SignedBy& signer = std::get<SignedBy>(verdict);
        EXPECT_EQ(signer.common_name, "Sample publisher");
        EXPECT_EQ(signer.certificate,
                  certificate_sha256(authority().publisher.identity.certificate));
        EXPECT_EQ(signer.uncovered_bytes, 0u);
    }
}

TEST(Authenticode, TellsTwoPublishersApart) {
    const SignatureVerdict verdict = verdict_on(signed_by(authority().rival, sample_pe()));
    ASSERT_TRUE(std::holds_alternative<SignedBy>(verdict)) << summary(verdict);
    EXPECT_EQ(std::get<SignedBy>(verdict).common_name, "Sample rival");
    EXPECT_NE(std::get<SignedBy>(verdict).certificate,
              certificate_sha256(authority().publisher.identity.certificate));
}

TEST(Authenticode, EveryRefusalHasEvidence) {
    Bytes changed = signed_sample();
    changed[600] ^= 1;
    for (const Bytes& bytes : {Bytes(), sample_pe(), changed}) {
        const SignatureVerdict verdict = verdict_on(bytes);
        ASSERT_TRUE(std::holds_alternative<SignatureRefusal>(verdict));
        EXPECT_FALSE(std::get<SignatureRefusal>(verdict).evidence.empty());
    }
}

TEST(Authenticode, RefusesWhatIsNoExecutableOrNotSigned) {
    EXPECT_EQ(verdict_of(base::view_of("MZ, said the letter")), "not a portable executable");
    EXPECT_EQ(verdict_of(test::sample_elf(true)), "not a portable executable");
    EXPECT_EQ(verdict_of(sample_pe()), "not signed");
}

TEST(Authenticode, RefusesAFileThatIsNotTheOneThatWasSigned) {
    const Bytes good = signed_sample();
    const PeImage image = parsed(good);
    for (const size_t at : {size_t{3}, size_t{200}, size_t{image.sections[0].raw.offset},
                            size_t{image.sections[2].raw.end() - 1}}) {
        Bytes bytes = good;
        bytes[at] ^= 0x20;
        EXPECT_EQ(verdict_of(bytes), "digest of the file is wrong") << at;
    }
    const Bytes other = signed_by(authority().publisher, sample_pe(Machine::kX64, 0x11));
    EXPECT_EQ(verdict_of(with_table(good, entry_of(signature_of(other)))),
              "digest of the file is wrong");
}

// Windows sets it, and so may anybody.
TEST(Authenticode, LeavesTheChecksumToWhoeverWantsToChangeIt) {
    Bytes bytes = signed_sample();
    put_at(bytes, parsed(bytes).checksum_field.offset, 0xdeadbeef, 4);
    EXPECT_EQ(verdict_of(bytes), "signed by Sample publisher");
}

// --- forgeries -----------------------------------------------------------------------------------

// Someone who changes the code can set every digest right but the one under the signature.
TEST(Authenticode, RefusesDigestsThatWereSetRightAfterwards) {
    const Bytes good = signed_sample();
    Bytes forged = good;
    forged[parsed(good).sections[0].raw.offset] ^= 1;
    const Sha256 before = authenticode_digest(good, parsed(good)).value();
    const Sha256 after = authenticode_digest(forged, parsed(forged)).value();
    ASSERT_EQ(replace(forged, before, after), 1);
    EXPECT_EQ(verdict_of(forged), "signature is wrong");

    // And the digest of the contents among the signed attributes, too.
    const SignatureVerdict verdict = verdict_on(forged);
    const base::Evidence& evidence = std::get<SignatureRefusal>(verdict).evidence;
    ASSERT_EQ(evidence.size(), 2u);
    ASSERT_EQ(replace(forged, base::from_hex(evidence[0].second).value(),
                      base::from_hex(evidence[1].second).value()),
              1);
    EXPECT_EQ(verdict_of(forged), "signature is wrong");
    EXPECT_THAT(base::to_text(std::get<SignatureRefusal>(verdict_on(forged)).evidence),
                HasSubstr("this certificate's key did not make"));
}

TEST(Authenticode, RefusesBytesThatHideBehindTheSignature) {
    const Bytes good = signed_sample();
    Bytes hiding = signature_of(good);
    hiding.insert(hiding.end(), 1000, 0x41);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(hiding))),
              "bytes are hidden behind the signature");
    Bytes zeros = signature_of(good);
    zeros.resize(zeros.size() + 8);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(zeros))),
              "bytes are hidden behind the signature");
    Bytes padding = signature_of(good);
    do {
        padding.push_back(1);
    } while (padding.size() % 8 != 0);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(padding))),
              "bytes are hidden behind the signature");
}

// The length of an entry may or may not count the zeros that round it up.
TEST(Authenticode, TakesBothLengthsThatSigningProgramsWrite) {
    const Bytes good = signed_sample();
    Bytes rounded = signature_of(good);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(rounded))), "signed by Sample publisher");
    rounded.resize((rounded.size() + 7) / 8 * 8);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(rounded))), "signed by Sample publisher");
}

TEST(Authenticode, RefusesATableThatIsNotOneSignatureAtTheEnd) {
    const Bytes good = signed_sample();
    const Bytes one = entry_of(signature_of(good));
    Bytes two = one;
    two.insert(two.end(), one.begin(), one.end());
    Bytes longer = good;
    longer.resize(longer.size() + 8);
    for (const Bytes& bytes :
         {with_table(good, two), longer, with_table(good, entry_of(signature_of(good), 0x0100)),
          with_table(good, entry_of(signature_of(good), 0x0200, 1))}) {
        EXPECT_EQ(verdict_of(bytes), "certificate table is malformed");
    }
}

TEST(Authenticode, RefusesWhatIsNoSignatureAndWhatIsTooLarge) {
    const Bytes good = signed_sample();
    EXPECT_EQ(verdict_of(with_table(good, entry_of(base::view_of("not a signature")))),
              "signature is malformed");
    const Bytes empty_sequence = {0x30, 0x00};
    EXPECT_EQ(verdict_of(with_table(good, entry_of(empty_sequence))), "signature is malformed");
    Bytes shorter = signature_of(good);
    shorter.resize(shorter.size() - 1);
    EXPECT_EQ(verdict_of(with_table(good, entry_of(shorter))), "signature is malformed");
    EXPECT_EQ(verdict_of(with_table(good, entry_of(Bytes(kMaxSignatureBytes + 1)))),
              "signature is too large");
}

// OpenSSL reads it; the same signature in many encodings would be many files of one publisher.
TEST(Authenticode, RefusesAnEncodingThatIsNotDer) {
    const Bytes good = signed_sample();
    Bytes longer = signature_of(good);
    ASSERT_EQ(longer[1], 0x82);  // a length of two bytes: write it with three
    longer[1] = 0x83;
    longer.insert(longer.begin() + 2, 0);
    const SignatureVerdict verdict = verdict_on(with_table(good, entry_of(longer)));
    ASSERT_TRUE(std::holds_alternative<SignatureRefusal>(verdict));
    EXPECT_THAT(base::to_text(std::get<SignatureRefusal>(verdict).evidence),
                HasSubstr("an encoding that is not DER"));
}

TEST(Authenticode, RefusesASignatureOfOtherContents) {
    Bytes bytes = signed_sample();
    // SPC_PE_IMAGE_DATA becomes SPC_CAB_DATA: 1.3.6.1.4.1.311.2.1.25.
    const Bytes image = base::from_hex("2b0601040182370201 0f").value();
    const Bytes cabinet = base::from_hex("2b0601040182370201 19").value();
    ASSERT_EQ(replace(bytes, image, cabinet), 1);
    EXPECT_EQ(verdict_of(bytes), "signature is malformed");
}

TEST(Authenticode, RefusesOtherDigestsThanSha256) {
    Bytes bytes = signed_sample();
    // All of them, chain and file, become SHA-512.
    const Bytes sha256_name = base::from_hex("608648016503040201").value();
    const Bytes sha512_name = base::from_hex("608648016503040203").value();
    ASSERT_EQ(replace(bytes, sha256_name, sha512_name), 3);
    EXPECT_EQ(verdict_of(bytes), "algorithm is not supported");
}

// --- who may sign --------------------------------------------------------------------------------

TEST(Authenticode, RefusesAPublisherOfAnotherRoot) {
    const auto stranger =
        content::issue({CertificateKind::kRoot, "Sample root", {1'500'000'000}, {2'000'000'000}},
                       nullptr)
            .value();
    const std::array roots = {stranger.certificate};
    const Bytes good = signed_sample();
    EXPECT_EQ(summary(verify_authenticode(good, roots, noon())), "chain is untrusted");
    EXPECT_EQ(summary(verify_authenticode(good, {}, noon())), "chain is untrusted");
    const content::Signer itself{stranger, {}};
    EXPECT_EQ(verdict_of(signed_by(itself, sample_pe())), "chain is untrusted");
}

TEST(Authenticode, RefusesAChainWithAMissingLink) {
    const content::Signer alone{authority().publisher.identity, {}};
    EXPECT_EQ(verdict_of(signed_by(alone, sample_pe())), "chain is untrusted");
}

TEST(Authenticode, JudgesTheChainAtTheTimeThatItIsGiven) {
    const Bytes good = signed_sample();
    EXPECT_EQ(verdict_at(good, "2020-01-01T00:00:00Z"), "signed by Sample publisher");
    EXPECT_EQ(verdict_at(good, "2019-12-31T23:59:59Z"), "chain is expired");
    EXPECT_EQ(verdict_at(good, "2036-01-02T00:00:00Z"), "chain is expired");
}

TEST(Authenticode, FindsARenewedAuthorityBesideTheOldOne) {
    const auto renewed = [](int64_t from, int64_t until) {
        const content::Certificate certificate(X509_dup(authority().issuing.certificate.get()),
                                               content::OpenSslDelete());
        ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from);
        ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until);
        X509_sign(certificate.get(), authority().root.key.get(), EVP_sha384());
        return certificate;
    };
    // DER sorts certificates: with these, the old one comes before or after.
    content::Signer signer = authority().publisher;
    for (const int64_t from : {1'500'000'000, 1'300'000'000}) {
        const content::Certificate old = renewed(from, 1'600'000'000);
        signer.chain = {old, authority().issuing.certificate};
        EXPECT_EQ(verdict_of(signed_by(signer, sample_pe())), "signed by Sample publisher");
        signer.chain = {old};
        EXPECT_EQ(verdict_of(signed_by(signer, sample_pe())), "chain is expired");
    }
}

TEST(Authenticode, RefusesCertificatesThatAreNotForSigningCode) {
    content::CertificateRequest request = publisher_request("Sample server");
    request.kind = CertificateKind::kSignerWithWrongUsage;
    const Bytes by_server = signed_by(publisher_of(request), sample_pe());
    EXPECT_EQ(verdict_of(by_server), "certificate is not for signing code");
    const content::Signer issuing{authority().issuing, {}};
    EXPECT_EQ(verdict_of(signed_by(issuing, sample_pe())), "certificate is not for signing code");
}

// Being for another use and out of date are both reasons; out of trust weighs most.
TEST(Authenticode, NamesTheWeightiestReason) {
    content::CertificateRequest request = publisher_request("Sample server of old");
    request.kind = CertificateKind::kSignerWithWrongUsage;
    request.not_after = {request.not_before.unix_seconds + 3600};
    const Bytes bytes = signed_by(publisher_of(request), sample_pe());
    EXPECT_EQ(verdict_of(bytes), "certificate is not for signing code");
    EXPECT_EQ(summary(verify_authenticode(bytes, {}, noon())), "chain is untrusted");
}

// What nobody signed is allowed in there, and who trusts a signer is told how much of it there is.
TEST(Authenticode, CountsCertificatesThatTheChainDoesNotNeed) {
    content::Signer with_more = authority().publisher;
    with_more.chain.push_back(authority().rival.identity.certificate);
    with_more.chain.push_back(authority().issuing.certificate);  // a second time
    const SignatureVerdict verdict = verdict_on(signed_by(with_more, sample_pe()));
    ASSERT_TRUE(std::holds_alternative<SignedBy>(verdict)) << summary(verdict);
    const auto size = [](const content::Certificate& certificate) {
        return static_cast<uint64_t>(i2d_X509(certificate.get(), nullptr));
    };
    EXPECT_EQ(std::get<SignedBy>(verdict).uncovered_bytes,
              size(authority().rival.identity.certificate) + size(authority().issuing.certificate));
}

TEST(Authenticode, RefusesMoreCertificatesThanAChainCanNeed) {
    content::Signer with_more = authority().publisher;
    with_more.chain.resize(kMaxSignatureCertificates, authority().issuing.certificate);
    EXPECT_EQ(verdict_of(signed_by(with_more, sample_pe())), "signature is too large");
}

// --- keys ----------------------------------------------------------------------------------------

// The publisher's certificate over another key, issued again.
content::Signer publisher_with(EVP_PKEY* raw) {
    const content::PrivateKey key(raw, content::OpenSslDelete());
    const content::Certificate certificate(
        X509_dup(authority().publisher.identity.certificate.get()), content::OpenSslDelete());
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), authority().issuing.key.get(), EVP_sha384());
    return {{certificate, key}, {authority().issuing.certificate}};
}

TEST(Authenticode, VerifiesRsaAsWellAsEcdsa) {
    EXPECT_EQ(verdict_of(signed_by(publisher_with(EVP_RSA_gen(2048)), sample_pe())),
              "signed by Sample publisher");
    EXPECT_EQ(verdict_of(signed_by(publisher_with(EVP_EC_gen("P-256")), sample_pe())),
              "signed by Sample publisher");
}

TEST(Authenticode, RefusesAKeyThatIsTooShortToTrust) {
    EXPECT_EQ(verdict_of(signed_by(publisher_with(EVP_RSA_gen(1024)), sample_pe())),
              "chain is untrusted");
}

TEST(Authenticode, RefusesToSignWithAKeyThatIsNoneOrSomebodyElses) {
    const content::Signer other{
        {authority().publisher.identity.certificate, authority().rival.identity.key}, {}};
    EXPECT_ERROR(sign_authenticode(sample_pe(), other), "not that of the certificate");
    const content::Signer edwards = publisher_with(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    EXPECT_ERROR(sign_authenticode(sample_pe(), edwards), "neither RSA nor ECDSA");
}

TEST(Authenticode, RefusesToSignTwiceOrWhereThereIsNoPlace) {
    EXPECT_ERROR(sign_authenticode(signed_sample(), authority().publisher), "signed already");
    Bytes few = sample_pe();
    put_at(few, 64 + 24 + 108, 4, 4);  // four directories; the fifth is that of signatures
    EXPECT_ERROR(sign_authenticode(few, authority().publisher), "no place for a signature");
    EXPECT_ERROR(sign_authenticode(base::view_of("text"), authority().publisher), "no DOS header");
}

}  // namespace
}  // namespace firebreak::endpoint::executables
