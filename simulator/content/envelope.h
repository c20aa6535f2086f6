// CMS (RFC 5652) SignedData around a canonical manifest: SHA-384, ECDSA P-384, signing time as a
// signed attribute, the chain without its root.
//
// The rule is one-way: whatever stock `openssl cms -verify -binary -purpose any -attime T` refuses
// (T: the signing time), verify() refuses. verify() refuses more: any encoding but the one that
// sign() makes, any certificate that may not sign this feed.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/manifest.h"
#include "content/pki.h"

namespace firebreak::content {

inline constexpr uint64_t kMaxEnvelopeBytes = kMaxManifestBytes + 64 * 1024;

// DER. Errors: the signer's certificate and key do not match, the signing time lies outside the
// years 1970 to 9999, the manifest is too large; OpenSSL's own. What the bytes say is not looked
// at.
base::Result<base::Bytes> sign(base::ByteView manifest_json, const Signer& signer,
                               base::UtcTime signing_time);

// What an envelope proves, once verified.
struct Verified {
    Manifest manifest;
    base::Digest manifest_digest;  // SHA-384 of the canonical manifest
    base::UtcTime signing_time;
    std::string signer;  // common name of the signing certificate
};

// Either what it proves, or why it is refused: stage kVerify, category kTooLarge, kCorrupt or
// kUntrusted.
using Verdict = std::variant<Verified, base::Outcome>;

// Judges envelopes under one set of roots. Thread-safe. Remembers chains that it has verified, so
// that a package costs one ECDSA verification. What is parsed, and when: the envelope's outline by
// the small reader of this folder, certificates by OpenSSL, the manifest only once it is authentic.
class Verifier {
  public:
    explicit Verifier(std::vector<Certificate> roots);
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // The chain is judged at the claimed signing time; no clock is asked. `envelope` may be any
    // bytes at all.
    Verdict verify(base::ByteView envelope) const;

    // How often a chain had to be verified because it was not remembered.
    uint64_t chains_verified() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// What an envelope says of itself. None of it is proved: for people to look at.
struct Claims {
    base::Bytes manifest;
    std::vector<Certificate> certificates;  // in the order found; may be none
    base::UtcTime signing_time;
    base::Bytes message_digest;
    bool canonical = false;  // the encoding is the one that sign() makes
};
// Errors: not an envelope, a certificate that OpenSSL cannot parse.
base::Result<Claims> read_claims(base::ByteView envelope);

}  // namespace firebreak::content
