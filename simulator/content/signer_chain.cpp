#include "content/signer_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "content/der.h"
#include "content/openssl_handles.h"

namespace firebreak::content {

namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Evidence;
using base::Outcome;
using base::UtcTime;

using CertificateStack =
    Handle<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }>;

// Null if OpenSSL cannot parse it.
Certificate parse_certificate(ByteView der) {
    const uint8_t* at = der.data();
    Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())), OpenSslDelete());
    ERR_clear_error();
    return certificate;
}

// IssuerAndSerialNumber of this certificate.
Bytes signer_id_of(const Certificate& certificate) {
    const auto encode = [](auto&& i2d, const auto* value) {
        Bytes out(static_cast<size_t>(std::max(0, i2d(value, nullptr))));
        uint8_t* at = out.data();
        i2d(value, &at);
        return out;
    };
    const Bytes issuer = encode(i2d_X509_NAME, X509_get_issuer_name(certificate.get()));
    const Bytes serial = encode(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate.get()));
    return der::element(der::kSequence, {issuer, serial});
}

// Byte for byte, where OpenSSL compares names without regard to case and blanks. Null if none.
Certificate find_signer(const std::vector<Certificate>& certificates, ByteView signer_id) {
    for (const Certificate& certificate : certificates) {
        if (std::ranges::equal(signer_id_of(certificate), signer_id)) {
            return certificate;
        }
    }
    return nullptr;
}

Evidence certificate_evidence(const Certificate& certificate, UtcTime signing_time) {
    Evidence evidence{{"certificate", subject_of(certificate)}, {"issuer", issuer_of(certificate)}};
    if (const auto validity = validity_of(certificate); validity.ok()) {
        evidence.emplace_back("valid from", base::to_text(validity->from));
        evidence.emplace_back("valid until", base::to_text(validity->until));
    }
    evidence.emplace_back("signing time", base::to_text(signing_time));
    return evidence;
}

// What X509_verify_cert found, kept apart so that "only the date is wrong" can be told.
struct ChainProblems {
    UtcTime signing_time;
    Refusal trust;
    Refusal date;
};

int note_problem(int passed, X509_STORE_CTX* context) {
    if (passed == 1) {
        return 1;
    }
    auto& problems = *static_cast<ChainProblems*>(X509_STORE_CTX_get_app_data(context));
    const int error = X509_STORE_CTX_get_error(context);
    Evidence evidence{{"OpenSSL", X509_verify_cert_error_string(error)},
                      {"depth", std::to_string(X509_STORE_CTX_get_error_depth(context))}};
    if (X509* at = X509_STORE_CTX_get_current_cert(context); at != nullptr) {
        X509_up_ref(at);
        const Evidence more =
            certificate_evidence(Certificate(at, OpenSslDelete()), problems.signing_time);
        evidence.insert(evidence.end(), more.begin(), more.end());
    }
    if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) {
        if (!problems.date) {
            problems.date = untrusted(Code::kChainExpired, std::move(evidence));
        }
        return 1;  // go on: being untrusted weighs more
    }
    problems.trust = untrusted(Code::kChainUntrusted, std::move(evidence));
    return 0;
}

// As `openssl cms -verify -purpose any -attime` sets it up.
bool prepare(X509_STORE_CTX* context, X509_STORE* store, X509* signer, STACK_OF(X509) * others,
             ChainProblems& problems) {
    if (X509_STORE_CTX_init(context, store, signer, others) != 1) {
        return false;
    }
    X509_VERIFY_PARAM* settings = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(settings, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_time(settings, problems.signing_time.unix_seconds);
    X509_STORE_CTX_set_app_data(context, &problems);
    X509_STORE_CTX_set_verify_cb(context, note_problem);
    return X509_STORE_CTX_set_default(context, "smime_sign") == 1;
}

// The chain from signer to root, or why there is none at that time.
std::variant<std::vector<Certificate>, Outcome> verify_chain(
    X509_STORE* store, const std::vector<Certificate>& certificates, const Certificate& signer,
    UtcTime signing_time) {
    const CertificateStack others(sk_X509_new_null());
    for (const Certificate& certificate : certificates) {
        X509_up_ref(certificate.get());
        sk_X509_push(others.get(), certificate.get());
    }
    ChainProblems problems{signing_time, {}, {}};
    const TrustContext context(X509_STORE_CTX_new());
    const bool verified = prepare(context.get(), store, signer.get(), others.get(), problems) &&
                          X509_verify_cert(context.get()) == 1;
    if (problems.trust) {
        return *problems.trust;
    }
    if (!verified) {
        return untrusted(Code::kChainUntrusted, {{"OpenSSL", openssl_error()}});
    }
    if (problems.date) {
        return *problems.date;
    }
    std::vector<Certificate> chain;
    for (int i = 0; i < sk_X509_num(X509_STORE_CTX_get0_chain(context.get())); ++i) {
        X509* certificate = sk_X509_value(X509_STORE_CTX_get0_chain(context.get()), i);
        X509_up_ref(certificate);
        chain.emplace_back(certificate, OpenSslDelete());
    }
    return chain;
}

// The envelope carries its chain without the root, and nothing that somebody slipped in.
Refusal check_every_certificate_is_needed(const std::vector<Certificate>& certificates,
                                          const std::vector<Certificate>& chain) {
    if (certificates.size() + 1 == chain.size()) {
        return std::nullopt;
    }
    return corrupt(
        Code::kEnvelopeNotCanonical,
        {{"certificates in the envelope", std::to_string(certificates.size())},
         {"certificates in the chain below its root", std::to_string(chain.size() - 1)}});
}

Refusal check_key_type(const Certificate& signer) {
    char group[80] = "none";
    size_t length = 0;
    const EVP_PKEY* key = X509_get0_pubkey(signer.get());
    if (key != nullptr && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
        std::string_view(group) == "secp384r1") {
        return std::nullopt;
    }
    ERR_clear_error();
    return untrusted(Code::kUsageWrong, {{"certificate", subject_of(signer)},
                                         {"expected", "an elliptic curve key on secp384r1"},
                                         {"found", fmt::format("curve: {}", group)}});
}

std::string extended_usages(const EXTENDED_KEY_USAGE* usages) {
    std::string out;
    for (int i = 0; usages != nullptr && i < sk_ASN1_OBJECT_num(usages); ++i) {
        char name[128];
        OBJ_obj2txt(name, sizeof name, sk_ASN1_OBJECT_value(usages, i), 0);
        out += (i == 0 ? "" : ", ") + std::string(name);
    }
    return out.empty() ? "none" : out;
}

// OpenSSL leaves this to whoever calls it: with -purpose any, every certificate may sign anything.
Refusal check_extended_usage(const Certificate& signer) {
    const ExtendedKeyUsage usages(static_cast<EXTENDED_KEY_USAGE*>(
        X509_get_ext_d2i(signer.get(), NID_ext_key_usage, nullptr, nullptr)));
    if (usages != nullptr && sk_ASN1_OBJECT_num(usages.get()) == 1 &&
        OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), 0)) == NID_code_sign) {
        return std::nullopt;
    }
    return untrusted(Code::kUsageWrong, {{"certificate", subject_of(signer)},
                                         {"expected", "extended key usage Code Signing alone"},
                                         {"found", extended_usages(usages.get())}});
}

Refusal check_basic_usage(const Certificate& signer) {
    X509* certificate = signer.get();
    const bool may_sign = (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0 &&
                          (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
    const bool may_issue = X509_check_ca(certificate) != 0;
    if (may_sign && !may_issue) {
        return std::nullopt;
    }
    return untrusted(Code::kUsageWrong,
                     {{"certificate", subject_of(signer)},
                      {"expected", "key usage digital signature, no authority to issue"},
                      {"found", may_issue ? "a certificate that may issue others"
                                          : "no key usage digital signature"}});
}

// The time in which every certificate is valid; nothing if one has dates that X.509 forbids.
std::optional<Validity> common_validity(const std::vector<Certificate>& chain) {
    std::optional<Validity> common;
    for (const Certificate& certificate : chain) {
        const auto validity = validity_of(certificate);
        if (!validity.ok()) {
            return std::nullopt;
        }
        common = common ? Validity{std::max(common->from, validity->from),
                                   std::min(common->until, validity->until)}
                        : *validity;
    }
    return common;
}

}  // namespace

std::variant<std::vector<Certificate>, Outcome> parse_certificates(const EnvelopeParts& parts) {
    std::vector<Certificate> certificates;
    for (const ByteView der : parts.certificates) {
        Certificate certificate = parse_certificate(der);
        const std::string number = std::to_string(certificates.size() + 1);
        if (certificate == nullptr) {
            return corrupt(Code::kEnvelopeMalformed,
                           {{"certificate", number}, {"found", "not an X.509 certificate"}});
        }
        if (!std::ranges::equal(der_of(certificate), der)) {
            return corrupt(Code::kEnvelopeNotCanonical,
                           {{"certificate", number}, {"found", "an encoding that is not DER"}});
        }
        certificates.push_back(std::move(certificate));
    }
    return certificates;
}

namespace {

// The envelope's certificates, which of them signed, and the chain from there to a root.
struct Found {
    std::vector<Certificate> certificates;
    Certificate signer;
    std::vector<Certificate> chain;
};

std::variant<Found, Outcome> find_chain(X509_STORE* roots, const EnvelopeParts& parts) {
    auto parsed = parse_certificates(parts);
    if (const auto* refusal = std::get_if<Outcome>(&parsed)) {
        return *refusal;
    }
    Found found{std::get<std::vector<Certificate>>(std::move(parsed)), nullptr, {}};
    found.signer = find_signer(found.certificates, parts.signer_id);
    if (found.signer == nullptr) {
        return corrupt(
            Code::kEnvelopeNotCanonical,
            {{"found", "no certificate has the issuer and serial number of the signer"}});
    }
    auto chain = verify_chain(roots, found.certificates, found.signer, parts.signing_time);
    if (const auto* refusal = std::get_if<Outcome>(&chain)) {
        return *refusal;
    }
    found.chain = std::get<std::vector<Certificate>>(std::move(chain));
    return found;
}

std::shared_ptr<const SignerChain> remembered(const Found& found, UtcTime signing_time) {
    // Dates that only OpenSSL can read (before 1970): nothing is remembered of such a chain.
    const Validity never{signing_time, signing_time};
    std::vector<ChainLink> links;
    for (const Certificate& certificate : found.chain) {
        links.push_back({certificate, certificate_digest(certificate), twin_digest(certificate)});
    }
    return std::make_shared<const SignerChain>(SignerChain{
        found.signer, common_name_of(found.signer), feed_of(found.signer),
        signs_heads(found.signer), common_validity(found.chain).value_or(never), std::move(links)});
}

Refusal check_is_root(const Found& found) {
    if (found.chain.size() == 1 && found.certificates.size() == 1) {
        return std::nullopt;
    }
    return untrusted(Code::kRoleWrong, {{"certificate", subject_of(found.signer)},
                                        {"expected", "the root itself, and no other certificate"},
                                        {"may sign", may_sign(found.signer)}});
}

}  // namespace

std::string may_sign(const Certificate& certificate) {
    if (const auto feed = feed_of(certificate)) {
        return fmt::format("packages of {}", info(*feed).name);
    }
    return signs_heads(certificate) ? "heads and set manifests" : "nothing of a feed's";
}

ChainVerdict judge_chain(X509_STORE* roots, const EnvelopeParts& parts) {
    const auto found = find_chain(roots, parts);
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    const auto& [certificates, signer, chain] = std::get<Found>(found);
    for (const Refusal& refusal :
         {check_every_certificate_is_needed(certificates, chain), check_key_type(signer),
          check_basic_usage(signer), check_extended_usage(signer)}) {
        if (refusal) {
            return *refusal;
        }
    }
    return remembered(std::get<Found>(found), parts.signing_time);
}

ChainVerdict judge_root(X509_STORE* roots, const EnvelopeParts& parts) {
    const auto found = find_chain(roots, parts);
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    const auto& root = std::get<Found>(found);
    for (const Refusal& refusal : {check_is_root(root), check_key_type(root.signer)}) {
        if (refusal) {
            return *refusal;
        }
    }
    return remembered(root, parts.signing_time);
}

}  // namespace firebreak::content
