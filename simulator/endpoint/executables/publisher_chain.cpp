#include "endpoint/executables/publisher_chain.h"

#include <algorithm>
#include <iterator>

#include "content/openssl_handles.h"

namespace firebreak::endpoint::executables {

namespace {

using base::Evidence;
using base::UtcTime;
using content::Certificate;
using Refusal = std::optional<SignatureRefusal>;
using CertificateStack = content::Handle<STACK_OF(X509), [](STACK_OF(X509) * stack) {
    sk_X509_pop_free(stack, X509_free);
}>;

constexpr int kMostIssuers = 16;
constexpr int kSecurityLevel = 2;

Evidence evidence_of(const Certificate& certificate, UtcTime at) {
    Evidence evidence{{"certificate", content::subject_of(certificate)},
                      {"issuer", content::issuer_of(certificate)}};
    if (const auto validity = content::validity_of(certificate); validity.ok()) {
        evidence.emplace_back("valid from", base::to_text(validity->from));
        evidence.emplace_back("valid until", base::to_text(validity->until));
    }
    evidence.emplace_back("judged at", base::to_text(at));
    return evidence;
}

// By dates that OpenSSL cannot read, nothing is valid.
bool is_valid(const Certificate& certificate, UtcTime at) {
    const auto validity = content::validity_of(certificate);
    return validity.ok() && validity->from <= at && at < validity->until;
}

std::vector<Certificate> valid_ones(std::span<const Certificate> certificates, UtcTime at) {
    std::vector<Certificate> valid;
    std::ranges::copy_if(certificates, std::back_inserter(valid),
                         [at](const Certificate& one) { return is_valid(one, at); });
    return valid;
}

CertificateStack stack_of(std::span<const Certificate> certificates) {
    CertificateStack stack(sk_X509_new_null());
    for (const Certificate& certificate : certificates) {
        X509_up_ref(certificate.get());
        sk_X509_push(stack.get(), certificate.get());
    }
    return stack;
}

content::TrustStore store_of(std::span<const Certificate> roots) {
    content::TrustStore store(X509_STORE_new());
    for (const Certificate& root : roots) {
        X509_STORE_add_cert(store.get(), root.get());
    }
    return store;
}

// Dates are for the caller to check: OpenSSL would have the C library read the machine's time zone.
bool build_chain(X509_STORE_CTX* context) {
    X509_VERIFY_PARAM* settings = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(settings, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_flags(settings, X509_V_FLAG_NO_CHECK_TIME);
    X509_VERIFY_PARAM_set_depth(settings, kMostIssuers);
    X509_VERIFY_PARAM_set_auth_level(settings, kSecurityLevel);
    return X509_verify_cert(context) == 1;
}

std::vector<Certificate> chain_of(X509_STORE_CTX* context) {
    std::vector<Certificate> chain;
    const STACK_OF(X509)* found = X509_STORE_CTX_get0_chain(context);
    for (int i = 0; i < sk_X509_num(found); ++i) {
        X509* certificate = sk_X509_value(found, i);
        X509_up_ref(certificate);
        chain.emplace_back(certificate, content::OpenSslDelete());
    }
    return chain;
}

Refusal usage_wrong(const Certificate& certificate, const char* expected) {
    return SignatureRefusal{
        SignatureCode::kUsageWrong,
        {{"certificate", content::subject_of(certificate)}, {"expected", expected}}};
}

bool limits_its_use(const Certificate& certificate) {
    return (X509_get_extension_flags(certificate.get()) & EXFLAG_XKUSAGE) != 0;
}

// OpenSSL leaves these to whoever calls it.
Refusal check_usage(const std::vector<Certificate>& chain) {
    const Certificate& signer = chain.front();
    const bool may_sign_code =
        limits_its_use(signer) && (X509_get_extended_key_usage(signer.get()) & XKU_CODE_SIGN) != 0;
    if (!may_sign_code) {
        return usage_wrong(signer, "extended key usage Code Signing");
    }
    // All bits are set where the extension is missing.
    if ((X509_get_key_usage(signer.get()) & KU_DIGITAL_SIGNATURE) == 0) {
        return usage_wrong(signer, "key usage digital signature");
    }
    if (X509_check_ca(signer.get()) != 0) {
        return usage_wrong(signer, "no authority to issue certificates");
    }
    // An authority that is for other uses issues for those, as Windows reads it. Roots are trusted
    // by name.
    for (size_t i = 1; i + 1 < chain.size(); ++i) {
        if (limits_its_use(chain[i]) &&
            (X509_get_extended_key_usage(chain[i].get()) & (XKU_CODE_SIGN | XKU_ANYEKU)) == 0) {
            return usage_wrong(chain[i], "an authority whose certificates may sign code");
        }
    }
    return std::nullopt;
}

using Chain = std::variant<std::vector<Certificate>, SignatureRefusal>;

// The chain whatever the dates, or why there is none.
Chain find_chain(const Certificate& signer, std::span<const Certificate> others,
                 std::span<const Certificate> roots, UtcTime at) {
    const content::TrustStore store = store_of(roots);
    const CertificateStack untrusted = stack_of(others);
    const content::TrustContext context(X509_STORE_CTX_new());
    if (X509_STORE_CTX_init(context.get(), store.get(), signer.get(), untrusted.get()) == 1 &&
        build_chain(context.get())) {
        return chain_of(context.get());
    }
    const int error = X509_STORE_CTX_get_error(context.get());
    Evidence evidence{{"OpenSSL", X509_verify_cert_error_string(error)},
                      {"depth", std::to_string(X509_STORE_CTX_get_error_depth(context.get()))}};
    if (X509* where = X509_STORE_CTX_get_current_cert(context.get()); where != nullptr) {
        X509_up_ref(where);
        const Evidence more = evidence_of(Certificate(where, content::OpenSslDelete()), at);
        evidence.insert(evidence.end(), more.begin(), more.end());
    }
    ERR_clear_error();
    return SignatureRefusal{SignatureCode::kChainUntrusted, std::move(evidence)};
}

Refusal check_dates(const std::vector<Certificate>& chain, UtcTime at) {
    for (const Certificate& certificate : chain) {
        if (!is_valid(certificate, at)) {
            return SignatureRefusal{SignatureCode::kChainExpired, evidence_of(certificate, at)};
        }
    }
    return std::nullopt;
}

}  // namespace

std::variant<std::vector<Certificate>, SignatureRefusal> judge_publisher(
    const Certificate& signer, std::span<const Certificate> others,
    std::span<const Certificate> roots, UtcTime at) {
    // An authority that was renewed has an old and a new certificate of one name and key.
    Chain chain = find_chain(signer, valid_ones(others, at), valid_ones(roots, at), at);
    if (std::holds_alternative<SignatureRefusal>(chain)) {
        chain = find_chain(signer, others, roots, at);
    }
    if (std::holds_alternative<SignatureRefusal>(chain)) {
        return chain;
    }
    const auto& found = std::get<std::vector<Certificate>>(chain);
    if (const Refusal refusal = check_usage(found)) {
        return *refusal;
    }
    if (const Refusal refusal = check_dates(found, at)) {
        return *refusal;
    }
    return chain;
}

}  // namespace firebreak::endpoint::executables
