#include "content/packages.h"

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "content/openssl_handles.h"
#include "support/paths.h"
#include "support/result_matchers.h"
#include "support/value_or_die.h"

namespace firebreak::content::test {

namespace {

using firebreak::test::value_or_die;

base::Bytes signature_over(const base::Bytes& bytes, EVP_PKEY* key) {
    const DigestContext context(EVP_MD_CTX_new());
    size_t length = 0;
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key);
    EVP_DigestSign(context.get(), nullptr, &length, bytes.data(), bytes.size());
    base::Bytes signature(length);
    EVP_DigestSign(context.get(), signature.data(), &length, bytes.data(), bytes.size());
    signature.resize(length);
    return signature;
}

}  // namespace

const Pki& test_pki() {
    static const Pki pki = value_or_die(load_pki(firebreak::test::fixtures_dir() / "keys"));
    return pki;
}

const Pki& foreign_pki() {
    static const Pki pki = value_or_die(make_pki());
    return pki;
}

Verifier test_verifier() {
    return Verifier({test_pki().root.certificate});
}

base::UtcTime utc(const std::string& text) {
    return value_or_die(base::parse_utc(text));
}

base::UtcTime signing_time() {
    return utc("2026-03-02T08:00:00Z");
}

Manifest sample_manifest(Feed feed) {
    const base::Bytes payload = base::bytes_of("rule a { condition: false }");
    return {feed,     "2026.3.2", {{"a.yar", payload.size(), base::sha384(payload)}},
            "2024.2", "any",      {}};
}

base::Bytes sample_json(Feed feed) {
    return canonical_json(sample_manifest(feed));
}

base::Bytes sample_envelope(Feed feed) {
    return sign_or_die(sample_json(feed), test_pki().signers.at(feed), signing_time());
}

base::Bytes sign_or_die(base::ByteView manifest, const Signer& signer, base::UtcTime at) {
    return value_or_die(sign(manifest, signer, at));
}

SignedHead sample_head(Feed feed) {
    return {feed,
            "internal",
            7,
            base::sha384(sample_json(feed)),
            base::sha384(canonical_json(sample_set())),
            0,
            signing_time(),
            signing_time() + base::days(1)};
}

SetManifest sample_set() {
    return {"internal", 7, {{Feed::kDatasetA, base::sha384(sample_json(Feed::kDatasetA))}}};
}

base::Bytes bundle_or_die(base::ByteView json, const std::vector<size_t>& heads, base::UtcTime at) {
    std::vector<Signer> signers;
    for (const size_t number : heads) {
        signers.push_back(test_pki().heads.at(number - 1));
    }
    return bundle_or_die(json, signers, at);
}

base::Bytes bundle_or_die(base::ByteView json, const std::vector<Signer>& signers,
                          base::UtcTime at) {
    return value_or_die(sign_bundle(json, signers, at));
}

RootStatement sample_statement() {
    return {1, {base::sha384(base::view_of("a certificate"))}, {{Feed::kDatasetA, signing_time()}}};
}

base::Bytes statement_or_die(const RootStatement& statement, const Identity& root,
                             base::UtcTime at) {
    return value_or_die(sign_root_statement(statement, root, at));
}

CertificateRequest signer_request(CertificateKind kind) {
    return {kind, "a signer", utc("2020-01-01T00:00:00Z"), utc("2036-01-01T00:00:00Z"),
            Feed::kDatasetA};
}

Signer issue_signer(const CertificateRequest& request) {
    return {value_or_die(issue(request, &test_pki().issuing)), {test_pki().issuing.certificate}};
}

Signer issue_changed_signer(const std::function<void(Identity&)>& change, CertificateKind kind) {
    Signer signer = issue_signer(signer_request(kind));
    change(signer.identity);
    X509_sign(signer.identity.certificate.get(), test_pki().issuing.key.get(), EVP_sha384());
    return signer;
}

base::Bytes forge(const base::Bytes& envelope, const std::function<void(EnvelopeParts&)>& change,
                  const PrivateKey& key) {
    EnvelopeParts parts = value_or_die(read_envelope(envelope));
    change(parts);
    base::Bytes signature;
    if (key != nullptr) {
        signature = signature_over(write_signed_attributes(parts), key.get());
        parts.signature = signature;
    }
    return write_envelope(parts);
}

base::Bytes openssl_cms(const Signer& signer, base::UtcTime at, const CmsSettings& settings) {
    const unsigned flags = settings.flags | CMS_BINARY | CMS_PARTIAL;
    const base::Bytes manifest = sample_json();
    const Bio content = read_bio(manifest);
    const CmsMessage message(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
    CMS_SignerInfo* info =
        CMS_add1_signer(message.get(), signer.identity.certificate.get(), signer.identity.key.get(),
                        EVP_get_digestbyname(settings.digest), flags);
    if ((flags & CMS_NOATTR) == 0) {
        const AsnTime time(ASN1_TIME_set(nullptr, at.unix_seconds));
        CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, V_ASN1_UTCTIME, time.get(), -1);
    }
    for (const Certificate& certificate : signer.chain) {
        CMS_add1_cert(message.get(), certificate.get());
    }
    settings.change(message.get(), info);
    EXPECT_EQ(CMS_final(message.get(), content.get(), nullptr, flags), 1) << openssl_error();
    base::Bytes out(static_cast<size_t>(i2d_CMS_ContentInfo(message.get(), nullptr)));
    uint8_t* to = out.data();
    i2d_CMS_ContentInfo(message.get(), &to);
    return out;
}

namespace {

using firebreak::test::value_or_die;

std::string described(const Verdict& verdict) {
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        return std::string(base::to_text(refusal->code)) + "; " + base::to_text(refusal->evidence);
    }
    return "accepted";
}

}  // namespace

void write(const std::filesystem::path& file, const std::string& text) {
    ASSERT_OK(base::write_file(file, base::view_of(text)));
}

testing::Matcher<const Verdict&> RefusedAs(base::Category category, base::Code code) {
    return testing::Truly([category, code](const Verdict& verdict) {
        const auto* refusal = std::get_if<base::Outcome>(&verdict);
        const bool as_expected = refusal != nullptr && refusal->stage == base::Stage::kVerify &&
                                 refusal->category == category && refusal->code == code &&
                                 !refusal->evidence.empty();
        if (!as_expected) {
            ADD_FAILURE() << "expected: " << base::to_text(code)
                          << "\nfound: " << described(verdict);
        }
        return as_expected;
    });
}

testing::Matcher<const Verdict&> Accepted() {
    return testing::Truly([](const Verdict& verdict) {
        const bool accepted = std::holds_alternative<Verified>(verdict);
        if (!accepted) {
            ADD_FAILURE() << "expected: accepted\nfound: " << described(verdict);
        }
        return accepted;
    });
}

}  // namespace firebreak::content::test
