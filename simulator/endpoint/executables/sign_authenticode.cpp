// What publishers make. Written out, since OpenSSL would ask the machine's clock for a time to
// sign.
#include <algorithm>
#include <optional>

#include "content/der.h"
#include "content/openssl_handles.h"
#include "endpoint/executables/authenticode_format.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::executables {

namespace {

namespace der = content::der;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;
using content::Certificate;

constexpr uint8_t kNull = 0x05;
constexpr uint8_t kBitString = 0x03;
constexpr uint8_t kContext0Primitive = 0x80;
constexpr uint8_t kContext2 = 0xa2;

Bytes identifier(ByteView contents) {
    return der::element(der::kObjectIdentifier, {contents});
}

Bytes algorithm(ByteView contents) {
    return der::element(der::kSequence, {identifier(contents), der::element(kNull, {})});
}

Bytes version_1() {
    const uint8_t one[] = {1};
    return der::element(der::kInteger, {one});
}

// In the order that DER wants of a SET OF.
Bytes joined(std::vector<Bytes> elements) {
    std::ranges::sort(elements, [](const Bytes& a, const Bytes& b) {
        return std::ranges::lexicographical_compare(a, b);
    });
    Bytes out;
    for (const Bytes& element : elements) {
        out.insert(out.end(), element.begin(), element.end());
    }
    return out;
}

// SpcPeImageData as all signing programs write it: no flags, and an obsolete name in UTF-16.
Bytes image_data() {
    Bytes name;
    for (const char c : std::string_view("<<<Obsolete>>>")) {
        name.push_back(0);
        name.push_back(static_cast<uint8_t>(c));
    }
    const uint8_t no_flags[] = {0};
    const Bytes link = der::element(
        der::kContext0, {der::element(kContext2, {der::element(kContext0Primitive, {name})})});
    return der::element(der::kSequence, {der::element(kBitString, {no_flags}), link});
}

Bytes indirect_data(const Sha256& digest) {
    const Bytes type_and_value =
        der::element(der::kSequence, {identifier(oid::kSpcPeImageData), image_data()});
    const Bytes digest_info = der::element(
        der::kSequence, {algorithm(oid::kSha256), der::element(der::kOctetString, {digest})});
    return der::element(der::kSequence, {type_and_value, digest_info});
}

Bytes attribute(ByteView type, const Bytes& value) {
    return der::element(der::kSequence, {identifier(type), der::element(der::kSet, {value})});
}

// Digest of the contents of `contents`: without its tag and length.
Bytes attributes_over(const Bytes& contents) {
    const Sha256 digest = base::sha256(der::Reader(contents).next(der::kSequence)->contents);
    const Bytes statement =
        der::element(der::kSequence, {identifier(oid::kSpcIndividualPublisher)});
    return joined({attribute(oid::kContentType, identifier(oid::kSpcIndirectData)),
                   attribute(oid::kMessageDigest, der::element(der::kOctetString, {digest})),
                   attribute(oid::kSpcStatementType, statement),
                   attribute(oid::kSpcSpOpusInfo, der::element(der::kSequence, {}))});
}

// Empty: OpenSSL cannot sign with this key.
Bytes signature_of(const Bytes& is_signed, EVP_PKEY* key) {
    const content::DigestContext context(EVP_MD_CTX_new());
    size_t size = 0;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, is_signed.data(), is_signed.size()) != 1) {
        return {};
    }
    Bytes out(size);
    const bool done =
        EVP_DigestSign(context.get(), out.data(), &size, is_signed.data(), is_signed.size()) == 1;
    out.resize(done ? size : 0);
    return out;
}

std::optional<Bytes> signature_algorithm(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "RSA")) {
        return algorithm(oid::kRsa);
    }
    if (EVP_PKEY_is_a(key, "EC")) {
        return der::element(der::kSequence, {identifier(oid::kEcdsaWithSha256)});
    }
    return std::nullopt;
}

Result<Bytes> signer_info(const Bytes& contents, const content::Identity& signer) {
    const auto key_algorithm = signature_algorithm(signer.key.get());
    if (!key_algorithm || X509_check_private_key(signer.certificate.get(), signer.key.get()) != 1) {
        ERR_clear_error();
        return Error{"a key that is neither RSA nor ECDSA, or not that of the certificate", "",
                     "sign with a certificate and its own RSA or ECDSA key"};
    }
    const Bytes attributes = attributes_over(contents);
    const Bytes value = signature_of(der::element(der::kSet, {attributes}), signer.key.get());
    if (value.empty()) {
        return Error{"cannot sign: " + content::openssl_error(), "", ""};
    }
    X509* certificate = signer.certificate.get();
    const Bytes issuer = encoded(i2d_X509_NAME, X509_get_issuer_name(certificate));
    const Bytes serial = encoded(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate));
    return der::element(der::kSequence,
                        {version_1(), der::element(der::kSequence, {issuer, serial}),
                         algorithm(oid::kSha256), der::element(der::kContext0, {attributes}),
                         *key_algorithm, der::element(der::kOctetString, {value})});
}

Result<Bytes> signed_data(const Sha256& digest, const content::Signer& signer) {
    const Bytes contents = indirect_data(digest);
    FB_TRY(const Bytes info, signer_info(contents, signer.identity));
    std::vector<Bytes> certificates{encoded(i2d_X509, signer.identity.certificate.get())};
    for (const Certificate& issuer : signer.chain) {
        certificates.push_back(encoded(i2d_X509, issuer.get()));
    }
    const Bytes content_info =
        der::element(der::kSequence,
                     {identifier(oid::kSpcIndirectData), der::element(der::kContext0, {contents})});
    const Bytes data =
        der::element(der::kSequence,
                     {version_1(), der::element(der::kSet, {algorithm(oid::kSha256)}), content_info,
                      der::element(der::kContext0, {joined(std::move(certificates))}),
                      der::element(der::kSet, {info})});
    return der::element(der::kSequence,
                        {identifier(oid::kSignedData), der::element(der::kContext0, {data})});
}

void pad(Bytes& bytes) {
    while (bytes.size() % pe::kCertificateAlignment != 0) {
        bytes.push_back(0);
    }
}

}  // namespace

Result<Bytes> sign_authenticode(ByteView pe, const content::Signer& signer) {
    Bytes out(pe.begin(), pe.end());
    pad(out);
    FB_TRY(const PeImage image, parse_pe(out));
    if (image.security_entry.size == 0 || image.certificate_table.size != 0) {
        return Error{image.security_entry.size == 0
                         ? "an executable that has no place for a signature"
                         : "an executable that is signed already",
                     "", "name an executable without a signature, with six data directories"};
    }
    FB_TRY(const Sha256 digest, authenticode_digest(out, image));
    FB_TRY(const Bytes message, signed_data(digest, signer));
    const size_t table = out.size();
    out.resize(table + pe::kCertificateHeaderBytes);
    out.insert(out.end(), message.begin(), message.end());
    pad(out);
    put_at(out, table, out.size() - table, 4);
    put_at(out, table + 4, pe::kCertificateRevision2, 2);
    put_at(out, table + 6, pe::kPkcsSignedData, 2);
    put_at(out, image.security_entry.offset, table, 4);
    put_at(out, image.security_entry.offset + 4, out.size() - table, 4);
    put_at(out, image.checksum_field.offset, pe_checksum(out, image), 4);
    return out;
}

}  // namespace firebreak::endpoint::executables
