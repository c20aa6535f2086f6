#include "content/pki.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "content/der.h"
#include "content/openssl_handles.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::UtcTime;

constexpr std::string_view kFeedUriPrefix = "urn:firebreak:feed:";
constexpr std::string_view kHeadUri = "urn:firebreak:role:head";

struct ExtensionText {
    int nid;
    const char* value;  // in the language of OpenSSL's x509v3_config(5)
};

std::span<const ExtensionText> extensions_for(CertificateKind kind) {
    static constexpr std::array kRoot = {
        ExtensionText{NID_basic_constraints, "critical,CA:TRUE"},
        ExtensionText{NID_key_usage, "critical,keyCertSign,cRLSign"},
    };
    static constexpr std::array kIssuing = {
        ExtensionText{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        ExtensionText{NID_key_usage, "critical,keyCertSign,cRLSign"},
    };
    static constexpr std::array kSigner = {
        ExtensionText{NID_basic_constraints, "critical,CA:FALSE"},
        ExtensionText{NID_key_usage, "critical,digitalSignature"},
        ExtensionText{NID_ext_key_usage, "codeSigning"},
    };
    static constexpr std::array kSignerWithWrongUsage = {
        ExtensionText{NID_basic_constraints, "critical,CA:FALSE"},
        ExtensionText{NID_key_usage, "critical,digitalSignature"},
        ExtensionText{NID_ext_key_usage, "serverAuth"},
    };
    switch (kind) {
        case CertificateKind::kRoot:
            return kRoot;
        case CertificateKind::kIssuing:
            return kIssuing;
        case CertificateKind::kSigner:
        case CertificateKind::kHeadSigner:
            return kSigner;
        case CertificateKind::kSignerWithWrongUsage:
            return kSignerWithWrongUsage;
    }
    return {};
}

// The URI to which the key is bound; empty for keys that issue certificates.
std::string bound_to(const CertificateRequest& request) {
    switch (request.kind) {
        case CertificateKind::kRoot:
        case CertificateKind::kIssuing:
            return "";
        case CertificateKind::kSigner:
        case CertificateKind::kSignerWithWrongUsage:
            return fmt::format("{}{}", kFeedUriPrefix, info(request.feed).name);
        case CertificateKind::kHeadSigner:
            return std::string(kHeadUri);
    }
    return "";
}

Error openssl_failure(const std::string& doing) {
    return {fmt::format("cannot {}: {}", doing, openssl_error()), "", ""};
}

bool set_random_serial(X509* certificate) {
    std::array<uint8_t, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        return false;
    }
    bytes[0] = static_cast<uint8_t>((bytes[0] & 0x3f) | 0x40);  // positive, and always 16 bytes
    const BigNumber number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number != nullptr &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& common_name) {
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                      MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(common_name.data()),
                                      static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, UtcTime from, UtcTime until) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), from.unix_seconds) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), until.unix_seconds) != nullptr;
}

bool add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    for (const ExtensionText& extension : extensions_for(request.kind)) {
        if (!add_extension(certificate, &context, extension.nid, extension.value)) {
            return false;
        }
    }
    const std::string uri = bound_to(request);
    if (!uri.empty() && !add_extension(certificate, &context, NID_subject_alt_name, "URI:" + uri)) {
        return false;
    }
    // The issuer's key identifier is copied from its subject key identifier: that one comes first.
    return add_extension(certificate, &context, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, &context, NID_authority_key_identifier, "keyid:always");
}

std::string name_text(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    if (out == nullptr || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) {
        return "";
    }
    return contents_of(out.get());
}

Result<UtcTime> utc_of(const ASN1_TIME* time) {
    std::tm fields{};
    // As strict as X509_cmp_time: the two forms of RFC 5280, each of one length.
    const bool of_one_form = (time->type == V_ASN1_UTCTIME && time->length == 13) ||
                             (time->type == V_ASN1_GENERALIZEDTIME && time->length == 15);
    if (!of_one_form || ASN1_TIME_to_tm(time, &fields) != 1) {
        ERR_clear_error();
        return Error{"a date that X.509 does not allow", "", ""};
    }
    return base::parse_utc(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                                       fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday,
                                       fields.tm_hour, fields.tm_min, fields.tm_sec));
}

}  // namespace

void OpenSslDelete::operator()(X509* certificate) const {
    X509_free(certificate);
}

void OpenSslDelete::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}

Result<Identity> issue(const CertificateRequest& request, const Identity* issuer) {
    PrivateKey key(EVP_EC_gen("P-384"), OpenSslDelete());
    Certificate certificate(X509_new(), OpenSslDelete());
    if (key == nullptr || certificate == nullptr) {
        return openssl_failure("make a P-384 key");
    }
    const Identity subject{certificate, key};
    const Identity& signer = issuer != nullptr ? *issuer : subject;
    X509* x509 = certificate.get();
    if (X509_set_version(x509, X509_VERSION_3) != 1 || !set_random_serial(x509) ||
        !set_subject(x509, request.common_name) ||
        !set_validity(x509, request.not_before, request.not_after) ||
        X509_set_issuer_name(x509, X509_get_subject_name(signer.certificate.get())) != 1 ||
        X509_set_pubkey(x509, key.get()) != 1 ||
        !add_extensions(x509, signer.certificate.get(), request) ||
        X509_sign(x509, signer.key.get(), EVP_sha384()) <= 0) {
        return openssl_failure(fmt::format("issue a certificate for `{}`", request.common_name));
    }
    return subject;
}

namespace {

Result<Signer> issue_signer(const CertificateRequest& request, const Identity& issuing) {
    FB_TRY(Identity identity, issue(request, &issuing));
    return Signer{std::move(identity), {issuing.certificate}};
}

// One per feed, and those of heads; `request` says how long they are valid.
base::Status add_signers(Pki& pki, CertificateRequest request) {
    request.kind = CertificateKind::kSigner;
    for (const FeedInfo& feed : catalogue()) {
        request.feed = feed.feed;
        request.common_name = fmt::format("Firebreak test signer {}", feed.name);
        FB_TRY(pki.signers[feed.feed], issue_signer(request, pki.issuing));
    }
    request.kind = CertificateKind::kHeadSigner;
    for (size_t number = 1; number <= kHeadSigners; ++number) {
        request.common_name = fmt::format("Firebreak test head signer {}", number);
        FB_TRY(Signer head, issue_signer(request, pki.issuing));
        pki.heads.push_back(std::move(head));
    }
    return {};
}

bool add_content_keys(Pki& pki) {
    for (const FeedInfo& feed : catalogue()) {
        base::Bytes key(kContentKeyBytes);
        if (feed.encrypted && RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
            return false;
        }
        if (feed.encrypted) {
            pki.content_keys[feed.feed] = std::move(key);
        }
    }
    return true;
}

}  // namespace

Result<Pki> make_pki() {
    const auto start_of = [](int year) {
        return base::parse_utc(fmt::format("{}-01-01T00:00:00Z", year)).value();
    };
    Pki pki;
    CertificateRequest request{CertificateKind::kRoot, "Firebreak test root", start_of(2016),
                               start_of(2046)};
    FB_TRY(pki.root, issue(request, nullptr));
    request.kind = CertificateKind::kIssuing;
    request.common_name = "Firebreak test issuing";
    FB_TRY(pki.issuing, issue(request, &pki.root));
    request.not_before = start_of(2020);
    request.not_after = start_of(2036);
    FB_CHECK(add_signers(pki, request));
    return add_content_keys(pki) ? Result<Pki>(std::move(pki))
                                 : openssl_failure("make a content key");
}

Result<Signer> renew(const Pki& pki, Feed feed, UtcTime from, UtcTime until) {
    const auto present = pki.signers.find(feed);
    if (present == pki.signers.end()) {
        return Error{fmt::format("there is no signer of {} to renew", info(feed).name), "", ""};
    }
    return issue_signer({CertificateKind::kSigner,
                         common_name_of(present->second.identity.certificate), from, until, feed},
                        pki.issuing);
}

Result<Signer> renew_head(const Pki& pki, size_t number, UtcTime from, UtcTime until) {
    if (number == 0 || number > pki.heads.size()) {
        return Error{fmt::format("there is no head signer {} to renew", number), "",
                     fmt::format("there are {} of them, counted from 1", pki.heads.size())};
    }
    return issue_signer({CertificateKind::kHeadSigner,
                         common_name_of(pki.heads[number - 1].identity.certificate), from, until},
                        pki.issuing);
}

Result<Identity> renew_issuing(const Pki& pki, UtcTime from, UtcTime until) {
    return issue({CertificateKind::kIssuing, common_name_of(pki.issuing.certificate), from, until},
                 &pki.root);
}

std::string subject_of(const Certificate& certificate) {
    return name_text(X509_get_subject_name(certificate.get()));
}

std::string issuer_of(const Certificate& certificate) {
    return name_text(X509_get_issuer_name(certificate.get()));
}

std::string common_name_of(const Certificate& certificate) {
    const X509_NAME* name = X509_get_subject_name(certificate.get());
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0) {
        return "";
    }
    unsigned char* text = nullptr;
    const int length =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (length < 0) {
        ERR_clear_error();
        return "";
    }
    std::string out(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
    OPENSSL_free(text);
    return out;
}

Result<Validity> validity_of(const Certificate& certificate) {
    Validity validity;
    FB_TRY(validity.from, utc_of(X509_get0_notBefore(certificate.get())));
    FB_TRY(validity.until, utc_of(X509_get0_notAfter(certificate.get())));
    return validity;
}

namespace {

// The one URI that the certificate is bound to; nullopt if its subject alternative names are
// anything else.
std::optional<std::string> bound_uri_of(const Certificate& certificate) {
    const NameList names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (names == nullptr || sk_GENERAL_NAME_num(names.get()) != 1) {
        return std::nullopt;
    }
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
    if (name->type != GEN_URI) {
        return std::nullopt;
    }
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                       static_cast<size_t>(ASN1_STRING_length(uri)));
}

}  // namespace

std::optional<Feed> feed_of(const Certificate& certificate) {
    const auto uri = bound_uri_of(certificate);
    if (!uri || !uri->starts_with(kFeedUriPrefix)) {
        return std::nullopt;
    }
    return find_feed(std::string_view(*uri).substr(kFeedUriPrefix.size()));
}

bool signs_heads(const Certificate& certificate) {
    return bound_uri_of(certificate) == kHeadUri;
}

base::Digest certificate_digest(const Certificate& certificate) {
    base::Digest digest;
    unsigned length = 0;
    X509_digest(certificate.get(), EVP_sha384(), digest.bytes.data(), &length);
    return digest;
}

namespace {

// DER of (r, n - s). Empty: not a signature on P-384.
base::Bytes twin_of(const ASN1_BIT_STRING& signature) {
    const uint8_t* from = signature.data;
    const Handle<ECDSA_SIG, ECDSA_SIG_free> parsed(d2i_ECDSA_SIG(nullptr, &from, signature.length));
    const Handle<EC_GROUP, EC_GROUP_free> curve(EC_GROUP_new_by_curve_name(NID_secp384r1));
    if (parsed == nullptr || curve == nullptr) {
        return {};
    }
    BigNumber r(BN_dup(ECDSA_SIG_get0_r(parsed.get())));
    BigNumber s(BN_new());
    BN_sub(s.get(), EC_GROUP_get0_order(curve.get()), ECDSA_SIG_get0_s(parsed.get()));
    ECDSA_SIG_set0(parsed.get(), r.release(), s.release());
    base::Bytes out(static_cast<size_t>(i2d_ECDSA_SIG(parsed.get(), nullptr)));
    uint8_t* to = out.data();
    i2d_ECDSA_SIG(parsed.get(), &to);
    return out;
}

}  // namespace

base::Bytes der_of(const Certificate& certificate) {
    base::Bytes out(static_cast<size_t>(std::max(0, i2d_X509(certificate.get(), nullptr))));
    uint8_t* to = out.data();
    i2d_X509(certificate.get(), &to);
    return out;
}

base::Digest twin_digest(const Certificate& certificate) {
    const ASN1_BIT_STRING* signature = nullptr;
    X509_get0_signature(&signature, nullptr, certificate.get());
    const base::Bytes twin = twin_of(*signature);
    ERR_clear_error();
    const base::Bytes whole = der_of(certificate);
    auto parts = der::Reader(whole).enter(der::kSequence);
    if (twin.empty() || !parts.ok()) {
        return certificate_digest(certificate);
    }
    // What is signed, the algorithm, and the signature behind the number of its unused bits.
    const auto body = parts->next(der::kSequence);
    const auto algorithm = parts->next(der::kSequence);
    if (!body.ok() || !algorithm.ok()) {
        return certificate_digest(certificate);
    }
    constexpr uint8_t kBitString = 0x03;
    const uint8_t no_unused_bits[] = {0};
    return base::sha384(der::element(
        der::kSequence,
        {body->whole, algorithm->whole, der::element(kBitString, {no_unused_bits, twin})}));
}

}  // namespace firebreak::content
