#include "content/pki.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "content/openssl_handles.h"

namespace firebreak::content {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::UtcTime;

constexpr uint64_t kMaxPemBytes = 1024 * 1024;
constexpr std::string_view kFeedUriPrefix = "urn:firebreak:feed:";

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
            return kSigner;
        case CertificateKind::kSignerWithWrongUsage:
            return kSignerWithWrongUsage;
    }
    return {};
}

bool is_signer(CertificateKind kind) {
    return kind == CertificateKind::kSigner || kind == CertificateKind::kSignerWithWrongUsage;
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
    if (is_signer(request.kind) &&
        !add_extension(certificate, &context, NID_subject_alt_name,
                       fmt::format("URI:{}{}", kFeedUriPrefix, info(request.feed).name))) {
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

std::filesystem::path pem_path(const std::filesystem::path& folder, std::string_view name) {
    return folder / fmt::format("{}.pem", name);
}

Result<std::string> pem_text(const Identity& identity) {
    const Bio out(BIO_new(BIO_s_mem()));
    const std::string heading =
        fmt::format("TEST-ONLY key and certificate of {}. Never trust it for anything else.\n",
                    subject_of(identity.certificate));
    if (out == nullptr || BIO_puts(out.get(), heading.c_str()) <= 0 ||
        PEM_write_bio_X509(out.get(), identity.certificate.get()) != 1 ||
        PEM_write_bio_PrivateKey(out.get(), identity.key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr) != 1) {
        return openssl_failure("write PEM");
    }
    return contents_of(out.get());
}

Status save_identity(const Identity& identity, const std::filesystem::path& path) {
    FB_TRY(const std::string pem, pem_text(identity));
    return base::write_file(path, base::view_of(pem));
}

// OpenSSL would ask the terminal for the passphrase of an encrypted key: have none instead.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Result<Identity> load_identity(const std::filesystem::path& path) {
    FB_TRY(const std::vector<Certificate> certificates, load_certificates(path));
    FB_TRY(const base::Bytes pem, base::read_file(path, kMaxPemBytes));
    const Bio in = read_bio(pem);
    PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr),
                   OpenSslDelete());
    if (key == nullptr) {
        return Error{"no private key that can be read: " + openssl_error(), path.string(),
                     "put the certificate's key into the file, PEM, without a passphrase"};
    }
    if (X509_check_private_key(certificates.front().get(), key.get()) != 1) {
        ERR_clear_error();
        return Error{"the key is not that of the certificate", path.string(), ""};
    }
    return Identity{certificates.front(), std::move(key)};
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
    request.kind = CertificateKind::kSigner;
    request.not_before = start_of(2020);
    request.not_after = start_of(2036);
    for (const FeedInfo& feed : catalogue()) {
        request.feed = feed.feed;
        request.common_name = fmt::format("Firebreak test signer {}", feed.name);
        FB_TRY(Identity signer, issue(request, &pki.issuing));
        pki.signers[feed.feed] = Signer{std::move(signer), {pki.issuing.certificate}};
    }
    return pki;
}

Status save_pki(const Pki& pki, const std::filesystem::path& folder) {
    std::map<std::filesystem::path, const Identity*> files = {
        {pem_path(folder, "root"), &pki.root},
        {pem_path(folder, "issuing"), &pki.issuing},
    };
    for (const auto& [feed, signer] : pki.signers) {
        files[pem_path(folder, info(feed).name)] = &signer.identity;
    }
    std::error_code failure;
    for (const auto& [path, identity] : files) {
        if (std::filesystem::exists(path, failure)) {
            return Error{"is there already, and keys are not overwritten", path.string(),
                         "choose another folder, or remove the old keys"};
        }
    }
    // Private keys: a folder made here is its owner's alone before the first key is in it.
    if (std::filesystem::create_directories(folder, failure)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    }
    if (failure) {
        return Error{"cannot make the folder: " + failure.message(), folder.string(), ""};
    }
    for (const auto& [path, identity] : files) {
        FB_CHECK(save_identity(*identity, path));
    }
    return {};
}

Result<Pki> load_pki(const std::filesystem::path& folder) {
    Pki pki;
    FB_TRY(pki.root, load_identity(pem_path(folder, "root")));
    FB_TRY(pki.issuing, load_identity(pem_path(folder, "issuing")));
    for (const FeedInfo& feed : catalogue()) {
        FB_TRY(Identity signer, load_identity(pem_path(folder, feed.name)));
        pki.signers[feed.feed] = Signer{std::move(signer), {pki.issuing.certificate}};
    }
    return pki;
}

Result<std::vector<Certificate>> load_certificates(const std::filesystem::path& path) {
    FB_TRY(const base::Bytes pem, base::read_file(path, kMaxPemBytes));
    const Bio in = read_bio(pem);
    std::vector<Certificate> certificates;
    for (;;) {
        Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr),
                                OpenSslDelete());
        if (certificate == nullptr) {
            break;
        }
        certificates.push_back(std::move(certificate));
    }
    const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = openssl_error();
    if (!at_the_end) {
        return Error{"a certificate that cannot be read: " + reason, path.string(), ""};
    }
    if (certificates.empty()) {
        return Error{"no certificate in it", path.string(), "name a PEM file with a certificate"};
    }
    return certificates;
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

std::optional<Feed> feed_of(const Certificate& certificate) {
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
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<size_t>(ASN1_STRING_length(uri)));
    if (!text.starts_with(kFeedUriPrefix)) {
        return std::nullopt;
    }
    return find_feed(text.substr(kFeedUriPrefix.size()));
}

}  // namespace firebreak::content
