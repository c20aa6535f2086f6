// Who signed a portable executable: its embedded Authenticode signature, verified with OpenSSL.
//
// A signature is a PKCS #7 SignedData around an SpcIndirectDataContent, in the file's certificate
// table. Accepted is the narrow shape that signing programs write, in DER: one signer, SHA-256
// throughout, RSA (PKCS #1 v1.5) or ECDSA, the digests of contents and file among what is signed.
//
// Anybody can change some of a signed file without breaking its signature, and a reputation that
// is tied to a signer would go to the bytes so added. What is done about it:
// - bytes behind the signature in the certificate table (bulletin MS13-098): refused, but for up to
//   seven zeros that round it up to a multiple of 8. Windows takes them unless told otherwise.
// - a second entry in the table: refused.
// - unsigned attributes, certificates that the chain does not need, revocation lists: counted in
//   `uncovered_bytes`. Time stamps of nearly all files out there are unsigned attributes.
// - the checksum, the order of certificates, NULL for parameters that there are none of: free to
//   change, and hold nothing.
#pragma once

#include <openssl/types.h>

#include <span>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/sim_time.h"
#include "content/pki.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::executables {

inline constexpr uint64_t kMaxSignatureBytes = 1024 * 1024;
inline constexpr int kMaxSignatureCertificates = 32;

// Append only.
enum class SignatureCode : uint8_t {
    kNotExecutable = 0,   // no PE
    kUnsigned = 1,        // no certificate table
    kTableMalformed = 2,  // a certificate table that Windows would not look for, or not one entry
    kHiddenBytes = 3,     // bytes in the table that nothing covers
    kTooLarge = 4,        // more than a cap allows
    kSignatureMalformed = 5,  // not the shape that is accepted
    kDigestUnsupported = 6,   // not SHA-256, or a kind of key that is neither RSA nor ECDSA
    kDigestWrong = 7,         // the file is not the one that was signed
    kSignatureWrong = 8,
    kChainUntrusted = 9,  // leads to no root
    kChainExpired = 10,   // trusted, but not at that time, and no time stamp is asked
    kUsageWrong = 11,     // trusted, but not to sign code
};

std::string_view to_text(SignatureCode code);  // "digest of the file is wrong"

struct SignatureRefusal {
    SignatureCode code = SignatureCode::kNotExecutable;
    base::Evidence evidence;  // never empty
};

struct SignedBy {
    // SHA-256 of the signing certificate's DER. A certificate that its issuer signed with ECDSA has
    // a twin that anybody can make (content::twin_digest): who blocks a signer blocks both.
    Sha256 certificate{};
    std::string common_name;  // empty if there is none; printable() before showing
    uint64_t uncovered_bytes = 0;
};

using SignatureVerdict = std::variant<SignedBy, SignatureRefusal>;

// `pe` may be any bytes. The chain is judged at `at`: no clock, file or configuration is asked, and
// time stamps of third parties are not looked at. `roots` alone are trusted; certificates have to
// have at least OpenSSL's security level 2 (112 bits, no SHA-1).
SignatureVerdict verify_authenticode(base::ByteView pe, std::span<const content::Certificate> roots,
                                     base::UtcTime at);

// SHA-256 of its DER.
Sha256 certificate_sha256(const content::Certificate& certificate);

}  // namespace firebreak::endpoint::executables
