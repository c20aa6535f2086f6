#include "endpoint/executables/authenticode.h"

#include <fmt/format.h>
#include <openssl/pkcs7.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "content/der.h"
#include "content/openssl_handles.h"
#include "endpoint/executables/authenticode_format.h"
#include "endpoint/executables/publisher_chain.h"

namespace firebreak::endpoint::executables {

namespace {

namespace der = content::der;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::Evidence;
using base::Result;
using base::Status;
using content::Certificate;
using Refusal = std::optional<SignatureRefusal>;
using Pkcs7 = content::Handle<PKCS7, PKCS7_free>;

SignatureRefusal refuse(SignatureCode code, Evidence evidence) {
    return {code, std::move(evidence)};
}
SignatureRefusal malformed(const std::string& found) {
    return refuse(SignatureCode::kSignatureMalformed, {{"found", found}});
}
SignatureRefusal malformed(const std::string& where, const Error& error) {
    return refuse(SignatureCode::kSignatureMalformed,
                  {{"in", where}, {"found", error.message}, {"at", error.place}});
}

bool is(const ASN1_OBJECT* object, ByteView identifier) {
    return object != nullptr &&
           std::ranges::equal(ByteView(OBJ_get0_data(object), OBJ_length(object)), identifier);
}

// Parameters that say nothing: whatever else stood there, no signature would cover it.
bool is_plain(const X509_ALGOR* algorithm, ByteView identifier) {
    const ASN1_OBJECT* object = nullptr;
    int parameter_type = V_ASN1_UNDEF;
    X509_ALGOR_get0(&object, &parameter_type, nullptr, algorithm);
    return is(object, identifier) &&
           (parameter_type == V_ASN1_UNDEF || parameter_type == V_ASN1_NULL);
}

std::string name_of(const X509_ALGOR* algorithm) {
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    char name[128] = "";
    OBJ_obj2txt(name, sizeof name, object, 0);
    return name;
}

SignatureRefusal unsupported(const char* of, const X509_ALGOR* algorithm) {
    return refuse(SignatureCode::kDigestUnsupported,
                  {{"of", of}, {"expected", "SHA-256"}, {"found", name_of(algorithm)}});
}

// --- the certificate table ---------------------------------------------------------------------

Refusal check_entry(const AttributeCertificate& entry) {
    if (entry.revision != pe::kCertificateRevision2 || entry.type != pe::kPkcsSignedData) {
        return refuse(
            SignatureCode::kTableMalformed,
            {{"expected", "a PKCS #7 signature in revision 2.0"},
             {"found", fmt::format("type {}, revision {:#06x}", entry.type, entry.revision)}});
    }
    if (entry.contents.size() > kMaxSignatureBytes) {
        return refuse(SignatureCode::kTooLarge, {{"bytes", std::to_string(entry.contents.size())},
                                                 {"allowed", std::to_string(kMaxSignatureBytes)}});
    }
    return std::nullopt;
}

// Behind the signature: what rounds it up to a multiple of 8, and no more.
Refusal check_nothing_hidden(ByteView behind, ByteView padding) {
    const auto is_zero = [](uint8_t byte) { return byte == 0; };
    if (behind.size() + padding.size() < pe::kCertificateAlignment &&
        std::ranges::all_of(behind, is_zero) && std::ranges::all_of(padding, is_zero)) {
        return std::nullopt;
    }
    return refuse(SignatureCode::kHiddenBytes,
                  {{"bytes behind the signature", std::to_string(behind.size() + padding.size())},
                   {"allowed", "zeros up to a multiple of 8"}});
}

// The DER of the one signature in the table.
std::variant<ByteView, SignatureRefusal> find_signature(ByteView bytes, const PeImage& image) {
    const auto entries = certificates_of(bytes, image);
    if (!entries.ok()) {
        return refuse(SignatureCode::kTableMalformed,
                      {{"found", entries.error().message}, {"at", entries.error().place}});
    }
    if (entries->empty()) {
        return refuse(SignatureCode::kUnsigned, {{"found", "no certificate table"}});
    }
    if (entries->size() > 1) {
        return refuse(SignatureCode::kTableMalformed,
                      {{"expected", "one entry"}, {"found", std::to_string(entries->size())}});
    }
    const AttributeCertificate& entry = entries->front();
    if (const Refusal refusal = check_entry(entry)) {
        return *refusal;
    }
    der::Reader reader(entry.contents);
    const auto signature = reader.next(der::kSequence);
    if (!signature.ok()) {
        return malformed("the certificate table", signature.error());
    }
    if (const Refusal refusal = check_nothing_hidden(reader.rest(), entry.padding)) {
        return *refusal;
    }
    return signature->whole;
}

// --- PKCS #7 -----------------------------------------------------------------------------------

// What of a signature is looked at, its shape having been checked.
struct Signature {
    Pkcs7 message;
    PKCS7_SIGNER_INFO* signer_info = nullptr;  // of `message`
    ByteView contents;                         // of SpcIndirectDataContent, without tag and length
    Bytes file_digest;
    std::vector<Certificate> certificates;
};

// SpcIndirectDataContent (Windows Authenticode Portable Executable Signature Format, 2008): what
// the digest is of, and the digest. Of the former only its type is looked at; it is signed.
Result<Bytes> read_indirect_data(ByteView whole) {
    der::Reader outer(whole);
    FB_TRY(der::Reader fields, outer.enter(der::kSequence));
    FB_TRY(der::Reader data, fields.enter(der::kSequence));
    FB_TRY(const der::Element type, data.next(der::kObjectIdentifier));
    FB_TRY(der::Reader digest_info, fields.enter(der::kSequence));
    FB_TRY(der::Reader algorithm, digest_info.enter(der::kSequence));
    FB_TRY(const der::Element name, algorithm.next(der::kObjectIdentifier));
    FB_TRY(const der::Element digest, digest_info.next(der::kOctetString));
    if (!std::ranges::equal(type.contents, oid::kSpcPeImageData)) {
        return Error{"a signature of something else than a portable executable", "", ""};
    }
    if (!fields.at_end() || !digest_info.at_end() || !outer.at_end()) {
        return Error{"more than a digest and what it is of", "", ""};
    }
    if (!std::ranges::equal(name.contents, oid::kSha256) ||
        digest.contents.size() != Sha256().size()) {
        return Error{"a digest of the file that is not SHA-256", "", ""};
    }
    return Bytes(digest.contents.begin(), digest.contents.end());
}

Refusal read_contents(Signature& signature) {
    const PKCS7* contents = signature.message->d.sign->contents;
    if (!is(contents->type, oid::kSpcIndirectData) || contents->d.other == nullptr ||
        contents->d.other->type != V_ASN1_SEQUENCE) {
        return malformed("contents that are no SpcIndirectDataContent");
    }
    const ASN1_STRING* sequence = contents->d.other->value.sequence;
    const ByteView whole(ASN1_STRING_get0_data(sequence), ASN1_STRING_length(sequence));
    auto digest = read_indirect_data(whole);
    if (!digest.ok()) {
        return malformed("SpcIndirectDataContent", digest.error());
    }
    signature.file_digest = std::move(*digest);
    signature.contents = der::Reader(whole).next()->contents;  // it was read above
    return std::nullopt;
}

Refusal read_certificates(Signature& signature) {
    const STACK_OF(X509)* certificates = signature.message->d.sign->cert;
    const int count = std::max(0, sk_X509_num(certificates));
    if (count > kMaxSignatureCertificates) {
        return refuse(SignatureCode::kTooLarge,
                      {{"certificates", std::to_string(count)},
                       {"allowed", std::to_string(kMaxSignatureCertificates)}});
    }
    for (int i = 0; i < count; ++i) {
        X509* certificate = sk_X509_value(certificates, i);
        X509_up_ref(certificate);
        signature.certificates.emplace_back(certificate, content::OpenSslDelete());
    }
    return std::nullopt;
}

bool is_version_1(const ASN1_INTEGER* version) {
    return ASN1_INTEGER_get(version) == 1;
}

// Fields beside what is signed: each has the one value that goes with the rest.
Refusal read_signer_info(Signature& signature) {
    const PKCS7_SIGNED& data = *signature.message->d.sign;
    if (sk_PKCS7_SIGNER_INFO_num(data.signer_info) != 1 || sk_X509_ALGOR_num(data.md_algs) != 1) {
        return malformed("not one signer with one digest algorithm");
    }
    signature.signer_info = sk_PKCS7_SIGNER_INFO_value(data.signer_info, 0);
    if (!is_version_1(data.version) || !is_version_1(signature.signer_info->version)) {
        return malformed("a version other than 1");
    }
    for (const X509_ALGOR* algorithm :
         {sk_X509_ALGOR_value(data.md_algs, 0), signature.signer_info->digest_alg}) {
        if (!is_plain(algorithm, oid::kSha256)) {
            return unsupported("the contents", algorithm);
        }
    }
    return std::nullopt;
}

std::variant<Signature, SignatureRefusal> parse_signature(ByteView bytes) {
    const uint8_t* at = bytes.data();
    Signature signature;
    signature.message.reset(d2i_PKCS7(nullptr, &at, static_cast<long>(bytes.size())));
    if (signature.message == nullptr) {
        return refuse(SignatureCode::kSignatureMalformed, {{"OpenSSL", content::openssl_error()}});
    }
    const PKCS7& message = *signature.message;
    if (!is(message.type, oid::kSignedData) || message.d.sign == nullptr ||
        message.d.sign->contents == nullptr) {
        return malformed("no signed data");
    }
    // OpenSSL takes many encodings of the same: one signature, one encoding.
    if (!std::ranges::equal(encoded(i2d_PKCS7, signature.message.get()), bytes)) {
        return malformed("an encoding that is not DER");
    }
    for (const auto read : {read_signer_info, read_contents, read_certificates}) {
        if (const Refusal refusal = read(signature)) {
            return *refusal;
        }
    }
    return signature;
}

// --- what is signed ----------------------------------------------------------------------------

// The one value of the one signed attribute of this type. Null: there is not exactly one.
const ASN1_TYPE* only_attribute(const PKCS7_SIGNER_INFO& info, ByteView identifier) {
    X509_ATTRIBUTE* found = nullptr;
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(info.auth_attr); ++i) {
        X509_ATTRIBUTE* attribute = sk_X509_ATTRIBUTE_value(info.auth_attr, i);
        if (!is(X509_ATTRIBUTE_get0_object(attribute), identifier)) {
            continue;
        }
        if (found != nullptr) {
            return nullptr;
        }
        found = attribute;
    }
    return found != nullptr && X509_ATTRIBUTE_count(found) == 1 ? X509_ATTRIBUTE_get0_type(found, 0)
                                                                : nullptr;
}

Refusal check_attributes(const Signature& signature) {
    const ASN1_TYPE* type = only_attribute(*signature.signer_info, oid::kContentType);
    if (type == nullptr || type->type != V_ASN1_OBJECT ||
        !is(type->value.object, oid::kSpcIndirectData)) {
        return malformed("no signed attribute that gives the type of the contents");
    }
    const ASN1_TYPE* digest = only_attribute(*signature.signer_info, oid::kMessageDigest);
    if (digest == nullptr || digest->type != V_ASN1_OCTET_STRING) {
        return malformed("no signed attribute with the digest of the contents");
    }
    const ASN1_OCTET_STRING* said = digest->value.octet_string;
    const ByteView claimed(ASN1_STRING_get0_data(said), ASN1_STRING_length(said));
    const Sha256 actual = base::sha256(signature.contents);
    if (!std::ranges::equal(claimed, actual)) {
        return refuse(SignatureCode::kSignatureWrong,
                      {{"signed digest of the contents", base::to_hex(claimed)},
                       {"digest of the contents", base::to_hex(actual)}});
    }
    return std::nullopt;
}

// Byte for byte, where OpenSSL compares names without regard to case and blanks. Null if none.
Certificate find_signer(const Signature& signature) {
    const PKCS7_ISSUER_AND_SERIAL* id = signature.signer_info->issuer_and_serial;
    const Bytes issuer = encoded(i2d_X509_NAME, id->issuer);
    for (const Certificate& certificate : signature.certificates) {
        const X509* x509 = certificate.get();
        if (ASN1_INTEGER_cmp(X509_get0_serialNumber(x509), id->serial) == 0 &&
            encoded(i2d_X509_NAME, X509_get_issuer_name(x509)) == issuer) {
            return certificate;
        }
    }
    return nullptr;
}

bool key_fits(const EVP_PKEY* key, const X509_ALGOR* algorithm) {
    if (EVP_PKEY_is_a(key, "RSA")) {
        return is_plain(algorithm, oid::kRsa) || is_plain(algorithm, oid::kRsaWithSha256);
    }
    return EVP_PKEY_is_a(key, "EC") && is_plain(algorithm, oid::kEcdsaWithSha256);
}

Refusal check_signature(const Signature& signature, const Certificate& signer) {
    const PKCS7_SIGNER_INFO& info = *signature.signer_info;
    EVP_PKEY* key = X509_get0_pubkey(signer.get());
    if (key == nullptr || !key_fits(key, info.digest_enc_alg)) {
        ERR_clear_error();
        return refuse(SignatureCode::kDigestUnsupported,
                      {{"certificate", content::subject_of(signer)},
                       {"expected", "RSA (PKCS #1 v1.5) or ECDSA, with SHA-256"},
                       {"found", name_of(info.digest_enc_alg)}});
    }
    // A SET here, where the message has the tag [0].
    const Bytes is_signed = encoded(
        [](STACK_OF(X509_ATTRIBUTE) * attributes, uint8_t * *out) {
            return ASN1_item_i2d(reinterpret_cast<ASN1_VALUE*>(attributes), out,
                                 ASN1_ITEM_rptr(PKCS7_ATTR_VERIFY));
        },
        info.auth_attr);
    const ByteView value(ASN1_STRING_get0_data(info.enc_digest),
                         ASN1_STRING_length(info.enc_digest));
    const content::DigestContext context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), value.data(), value.size(), is_signed.data(),
                         is_signed.size()) == 1) {
        return std::nullopt;
    }
    ERR_clear_error();
    return refuse(SignatureCode::kSignatureWrong,
                  {{"certificate", content::subject_of(signer)},
                   {"found", "a signature that this certificate's key did not make"}});
}

Refusal check_file_digest(ByteView bytes, const PeImage& image, const Signature& signature) {
    const auto actual = authenticode_digest(bytes, image);
    if (!actual.ok()) {
        return refuse(SignatureCode::kTableMalformed,
                      {{"found", actual.error().message}, {"at", actual.error().place}});
    }
    if (std::ranges::equal(*actual, signature.file_digest)) {
        return std::nullopt;
    }
    return refuse(SignatureCode::kDigestWrong,
                  {{"signed digest", base::to_hex(signature.file_digest)},
                   {"digest of the file", base::to_hex(*actual)}});
}

// Bytes of the message that neither the signature nor the chain covers.
uint64_t uncovered_bytes(const Signature& signature, const std::vector<Certificate>& chain) {
    uint64_t bytes = 0;
    const STACK_OF(X509_ATTRIBUTE)* attributes = signature.signer_info->unauth_attr;
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(attributes); ++i) {
        bytes += encoded(i2d_X509_ATTRIBUTE, sk_X509_ATTRIBUTE_value(attributes, i)).size();
    }
    const STACK_OF(X509_CRL)* lists = signature.message->d.sign->crl;
    for (int i = 0; i < sk_X509_CRL_num(lists); ++i) {
        bytes += encoded(i2d_X509_CRL, sk_X509_CRL_value(lists, i)).size();
    }
    std::vector<Certificate> missing = chain;  // a second copy is one too many
    for (const Certificate& certificate : signature.certificates) {
        const auto needed = std::ranges::find_if(missing, [&](const Certificate& link) {
            return X509_cmp(link.get(), certificate.get()) == 0;
        });
        if (needed == missing.end()) {
            bytes += encoded(i2d_X509, certificate.get()).size();
        } else {
            missing.erase(needed);
        }
    }
    return bytes;
}

SignatureVerdict judge(ByteView bytes, const PeImage& image, const Signature& signature,
                       std::span<const Certificate> roots, base::UtcTime at) {
    if (const Refusal refusal = check_file_digest(bytes, image, signature)) {
        return *refusal;
    }
    const Certificate signer = find_signer(signature);
    if (signer == nullptr) {
        return malformed("no certificate has the issuer and serial number of the signer");
    }
    if (const Refusal refusal = check_attributes(signature)) {
        return *refusal;
    }
    if (const Refusal refusal = check_signature(signature, signer)) {
        return *refusal;
    }
    const auto chain = judge_publisher(signer, signature.certificates, roots, at);
    if (const auto* refusal = std::get_if<SignatureRefusal>(&chain)) {
        return *refusal;
    }
    return SignedBy{certificate_sha256(signer), content::common_name_of(signer),
                    uncovered_bytes(signature, std::get<std::vector<Certificate>>(chain))};
}

}  // namespace

std::string_view to_text(SignatureCode code) {
    switch (code) {
        case SignatureCode::kNotExecutable:
            return "not a portable executable";
        case SignatureCode::kUnsigned:
            return "not signed";
        case SignatureCode::kTableMalformed:
            return "certificate table is malformed";
        case SignatureCode::kHiddenBytes:
            return "bytes are hidden behind the signature";
        case SignatureCode::kTooLarge:
            return "signature is too large";
        case SignatureCode::kSignatureMalformed:
            return "signature is malformed";
        case SignatureCode::kDigestUnsupported:
            return "algorithm is not supported";
        case SignatureCode::kDigestWrong:
            return "digest of the file is wrong";
        case SignatureCode::kSignatureWrong:
            return "signature is wrong";
        case SignatureCode::kChainUntrusted:
            return "chain is untrusted";
        case SignatureCode::kChainExpired:
            return "chain is expired";
        case SignatureCode::kUsageWrong:
            return "certificate is not for signing code";
    }
    return "unknown";
}

SignatureVerdict verify_authenticode(ByteView pe, std::span<const Certificate> roots,
                                     base::UtcTime at) {
    base::keep_configuration_out();
    const auto image = parse_pe(pe);
    if (!image.ok()) {
        return refuse(SignatureCode::kNotExecutable,
                      {{"found", image.error().message}, {"at", image.error().place}});
    }
    const auto found = find_signature(pe, *image);
    if (const auto* refusal = std::get_if<SignatureRefusal>(&found)) {
        return *refusal;
    }
    const auto signature = parse_signature(std::get<ByteView>(found));
    if (const auto* refusal = std::get_if<SignatureRefusal>(&signature)) {
        return *refusal;
    }
    return judge(pe, *image, std::get<Signature>(signature), roots, at);
}

Sha256 certificate_sha256(const Certificate& certificate) {
    return base::sha256(encoded(i2d_X509, certificate.get()));
}

}  // namespace firebreak::endpoint::executables
