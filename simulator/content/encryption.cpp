#include "content/encryption.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "content/der.h"
#include "content/openssl_handles.h"
#include "content/pki.h"
#include "content/refusal.h"

namespace firebreak::content {

namespace {

using base::Bytes;
using base::ByteView;
using base::Code;
using base::Error;
using base::Outcome;
using base::Result;
using der::element;

// Whole elements. 1.2.840.113549.1.9.16.1.23, 2.16.840.1.101.3.4.1.45 and .46.
constexpr std::array<uint8_t, 13> kAuthEnvelopedData = {0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                        0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
constexpr std::array<uint8_t, 11> kAes256Wrap = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                 0x65, 0x03, 0x04, 0x01, 0x2d};
constexpr std::array<uint8_t, 11> kAes256Gcm = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                                0x65, 0x03, 0x04, 0x01, 0x2e};
constexpr std::array<uint8_t, 3> kVersion0 = {0x02, 0x01, 0x00};   // of AuthEnvelopedData
constexpr std::array<uint8_t, 3> kVersion4 = {0x02, 0x01, 0x04};   // of KEKRecipientInfo
constexpr std::array<uint8_t, 3> kTagLength = {0x02, 0x01, 0x10};  // INTEGER 16

constexpr uint8_t kKekRecipient = 0xa2;      // [2], constructed
constexpr uint8_t kEncryptedContent = 0x80;  // [0], primitive
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kWrappedBytes = kContentKeyBytes + 8;

// Everything that the profile does not fix, as views.
struct Parts {
    ByteView key_id;
    ByteView wrapped_key;
    ByteView nonce;
    ByteView encrypted;
    ByteView tag;
};

Bytes write_parts(const Parts& parts) {
    const auto octets = [](ByteView bytes) { return element(der::kOctetString, {bytes}); };
    const Bytes recipient =
        element(kKekRecipient, {kVersion4, element(der::kSequence, {octets(parts.key_id)}),
                                element(der::kSequence, {kAes256Wrap}), octets(parts.wrapped_key)});
    const Bytes algorithm = element(
        der::kSequence, {kAes256Gcm, element(der::kSequence, {octets(parts.nonce), kTagLength})});
    const Bytes content = element(
        der::kSequence, {der::kIdData, algorithm, element(kEncryptedContent, {parts.encrypted})});
    const Bytes data = element(
        der::kSequence, {kVersion0, element(der::kSet, {recipient}), content, octets(parts.tag)});
    return element(der::kSequence, {kAuthEnvelopedData, element(der::kContext0, {data})});
}

// Takes more than the profile allows: compare with write_parts().
Result<Parts> read_parts(ByteView cipher) {
    FB_TRY(der::Reader outer, der::Reader(cipher).enter(der::kSequence));
    FB_CHECK(outer.next(der::kObjectIdentifier));
    FB_TRY(der::Reader wrapped, outer.enter(der::kContext0));
    FB_TRY(der::Reader data, wrapped.enter(der::kSequence));
    FB_CHECK(data.next(der::kInteger));

    FB_TRY(der::Reader recipients, data.enter(der::kSet));
    FB_TRY(der::Reader recipient, recipients.enter(kKekRecipient));
    FB_CHECK(recipient.next(der::kInteger));
    FB_TRY(der::Reader id, recipient.enter(der::kSequence));
    FB_TRY(const der::Element key_id, id.next(der::kOctetString));
    FB_CHECK(recipient.next(der::kSequence));  // algorithm
    FB_TRY(const der::Element wrapped_key, recipient.next(der::kOctetString));

    FB_TRY(der::Reader content, data.enter(der::kSequence));
    FB_CHECK(content.next(der::kObjectIdentifier));
    FB_TRY(der::Reader algorithm, content.enter(der::kSequence));
    FB_CHECK(algorithm.next(der::kObjectIdentifier));
    FB_TRY(der::Reader parameters, algorithm.enter(der::kSequence));
    FB_TRY(const der::Element nonce, parameters.next(der::kOctetString));
    FB_TRY(const der::Element encrypted, content.next(kEncryptedContent));
    FB_TRY(const der::Element tag, data.next(der::kOctetString));
    return Parts{key_id.contents, wrapped_key.contents, nonce.contents, encrypted.contents,
                 tag.contents};
}

ByteView key_id_of(Feed feed) {
    return base::view_of(info(feed).name);
}

// The key of the content, and the nonce behind it.
using ContentKey = std::array<uint8_t, kContentKeyBytes + kNonceBytes>;

bool derive(Feed feed, ByteView plain, ByteView kek, ContentKey& out) {
    base::Sha384 digest;
    digest.add(key_id_of(feed));
    digest.add(base::view_of(std::string_view("\0", 1)));  // no feed's name has it
    digest.add(plain);
    std::string purpose = "firebreak content key and nonce";
    std::string about(base::text_of(digest.finish().bytes));
    std::string hash = "SHA384";
    Bytes secret(kek.begin(), kek.end());
    const OSSL_PARAM settings[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, about.data(), about.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, purpose.data(), purpose.size()),
        OSSL_PARAM_construct_end()};
    const KdfMethod method(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const Kdf kdf(EVP_KDF_CTX_new(method.get()));
    return kdf != nullptr && EVP_KDF_derive(kdf.get(), out.data(), out.size(), settings) == 1;
}

// Wraps (RFC 3394), or unwraps: `out` has the size of the result.
bool wrap(int encrypting, ByteView kek, ByteView in, std::span<uint8_t> out) {
    const CipherContext context(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    int length = 0;
    return EVP_CipherInit_ex2(context.get(), EVP_aes_256_wrap(), kek.data(), nullptr, encrypting,
                              nullptr) == 1 &&
           EVP_CipherUpdate(context.get(), out.data(), &length, in.data(),
                            static_cast<int>(in.size())) == 1 &&
           length == static_cast<int>(out.size());
}

// AES-256-GCM: writes the tag when it encrypts, verifies it when it decrypts.
bool gcm(int encrypting, ByteView key, ByteView nonce, ByteView in, Bytes& out,
         std::span<uint8_t, kTagBytes> tag) {
    out.resize(in.size());
    const CipherContext context(EVP_CIPHER_CTX_new());
    int length = 0;
    int rest = 0;
    const auto control = [&](int what) {
        return EVP_CIPHER_CTX_ctrl(context.get(), what, kTagBytes, tag.data()) == 1;
    };
    return EVP_CipherInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), nonce.data(),
                              encrypting, nullptr) == 1 &&
           (in.empty() || EVP_CipherUpdate(context.get(), out.data(), &length, in.data(),
                                           static_cast<int>(in.size())) == 1) &&
           (encrypting == 1 || control(EVP_CTRL_AEAD_SET_TAG)) &&
           EVP_CipherFinal_ex(context.get(), out.data() + length, &rest) == 1 &&
           (encrypting == 0 || control(EVP_CTRL_AEAD_GET_TAG));
}

Outcome nothing_decrypts(Feed feed, const char* found) {
    return corrupt(Code::kNothingDecrypts,
                   {{"feed", std::string(info(feed).name)}, {"found", found}});
}

Refusal check_parts(Feed feed, const Parts& parts, ByteView cipher) {
    if (!std::ranges::equal(write_parts(parts), cipher) ||
        parts.wrapped_key.size() != kWrappedBytes || parts.nonce.size() != kNonceBytes ||
        parts.tag.size() != kTagBytes) {
        return corrupt(Code::kEnvelopeNotCanonical,
                       {{"found", "an encoding that is not the one of encrypted payloads"}});
    }
    if (!std::ranges::equal(parts.key_id, key_id_of(feed))) {
        return nothing_decrypts(feed, "encrypted for another feed");
    }
    return std::nullopt;
}

}  // namespace

Result<Bytes> encrypt(Feed feed, ByteView plain, ByteView kek) {
    if (kek.size() != kContentKeyBytes) {
        return Error{fmt::format("a content key of {} bytes", kek.size()), "",
                     fmt::format("a content key has {}", kContentKeyBytes)};
    }
    if (plain.size() > kMaxPlainBytes) {
        return Error{fmt::format("{} bytes to encrypt", plain.size()), "",
                     fmt::format("an encrypted payload has at most {}", kMaxPlainBytes)};
    }
    ContentKey derived;
    std::array<uint8_t, kWrappedBytes> wrapped;
    std::array<uint8_t, kTagBytes> tag;
    Bytes encrypted;
    const bool done = derive(feed, plain, kek, derived) &&
                      wrap(1, kek, ByteView(derived).first(kContentKeyBytes), wrapped) &&
                      gcm(1, ByteView(derived).first(kContentKeyBytes),
                          ByteView(derived).subspan(kContentKeyBytes), plain, encrypted, tag);
    if (!done) {
        return Error{"cannot encrypt: " + openssl_error(), "", ""};
    }
    return write_parts(
        {key_id_of(feed), wrapped, ByteView(derived).subspan(kContentKeyBytes), encrypted, tag});
}

std::variant<Bytes, Outcome> decrypt(Feed feed, ByteView cipher, ByteView kek) {
    if (cipher.size() > kMaxCipherBytes) {
        return refuse(base::Category::kTooLarge, Code::kOverCap,
                      {{"bytes", std::to_string(cipher.size())},
                       {"allowed", std::to_string(kMaxCipherBytes)}});
    }
    const auto parts = read_parts(cipher);
    if (!parts.ok()) {
        return corrupt(Code::kEnvelopeMalformed,
                       {{"found", parts.error().message}, {"at", parts.error().place}});
    }
    if (const Refusal refusal = check_parts(feed, *parts, cipher)) {
        return *refusal;
    }
    std::array<uint8_t, kContentKeyBytes> key;
    const bool unwrapped = kek.size() == kContentKeyBytes && wrap(0, kek, parts->wrapped_key, key);
    ERR_clear_error();
    if (!unwrapped) {
        return nothing_decrypts(feed, "the content's key does not unwrap");
    }
    std::array<uint8_t, kTagBytes> tag;
    std::ranges::copy(parts->tag, tag.begin());
    Bytes plain;
    const bool verified = gcm(0, key, parts->nonce, parts->encrypted, plain, tag);
    ERR_clear_error();
    if (!verified) {
        return nothing_decrypts(feed, "the tag is wrong");
    }
    return plain;
}

}  // namespace firebreak::content
