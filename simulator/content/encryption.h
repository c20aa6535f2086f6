// Payloads of encrypted feeds: CMS AuthEnvelopedData (RFC 5083, 5084) with AES-256-GCM, for one
// recipient, who holds the feed's content key: the key-encryption key, by which the key of the
// content is wrapped (RFC 3394). The recipient's key identifier is the feed's name.
//
// Runs must repeat, so nothing is random. Content key and nonce are derived (HKDF-SHA-384) from the
// key-encryption key and the SHA-384 of feed and plain text. Equal plain text gives equal bytes,
// and whoever sees two payloads can tell whether they are equal; another plain text never meets the
// same nonce under the same key.
//
// Stock `openssl cms -decrypt -inform DER -secretkey HEX -secretkeyid HEX` reads what encrypt()
// writes, and whatever it refuses, decrypt() refuses. decrypt() refuses more: any encoding but the
// one that encrypt() writes, and another feed's payload under whatever key.
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/catalogue.h"

namespace firebreak::content {

inline constexpr uint64_t kMaxPlainBytes = 16 * 1024 * 1024;
// What the encoding adds is far less.
inline constexpr uint64_t kMaxCipherBytes = kMaxPlainBytes + 1024;

// `kek`: kContentKeyBytes. Errors: another size of key, more than kMaxPlainBytes; OpenSSL's own.
base::Result<base::Bytes> encrypt(Feed feed, base::ByteView plain, base::ByteView kek);

// The plain text, released only once its tag is verified; or why there is none: stage kVerify,
// category kTooLarge or kCorrupt; kNothingDecrypts if this is not the key, or a byte has changed.
// `cipher` may be any bytes at all. `kek` as above; no other size decrypts anything.
std::variant<base::Bytes, base::Outcome> decrypt(Feed feed, base::ByteView cipher,
                                                 base::ByteView kek);

}  // namespace firebreak::content
