// CMS (RFC 5652) SignedData around a canonical JSON document: SHA-384, ECDSA P-384, signing time as
// a signed attribute, the chain without its root. Manifests come in one envelope each, heads and
// set manifests in bundles: several envelopes one after another, each by another key over the same
// bytes. Statements of the root come in one envelope that carries the root itself and no more.
//
// The rule is one-way: whatever stock `openssl cms -verify -binary -purpose any -attime T` refuses
// (T: the signing time), verify() refuses. verify() refuses more: any encoding but the one that
// sign() makes, any certificate that may not sign this feed, or not this kind of document.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "content/head.h"
#include "content/manifest.h"
#include "content/pki.h"

namespace firebreak::content {

inline constexpr uint64_t kMaxEnvelopeBytes = kMaxManifestBytes + 64 * 1024;

// DER. Errors: the signer's certificate and key do not match, the signing time lies outside the
// years 1970 to 9999, the document is too large; OpenSSL's own. What the bytes say is not looked
// at.
base::Result<base::Bytes> sign(base::ByteView document, const Signer& signer,
                               base::UtcTime signing_time);
// A bundle: sign() by each, in this order. Errors: none or too many signers, too many bytes.
base::Result<base::Bytes> sign_bundle(base::ByteView document, std::span<const Signer> signers,
                                      base::UtcTime at);
// Errors: the statement is not valid.
base::Result<base::Bytes> sign_root_statement(const RootStatement& statement, const Identity& root,
                                              base::UtcTime at);

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

// What the root has said of trust so far.
struct Trust {
    std::set<base::Digest> revoked;  // certificates that nobody may use any more, whenever they
                                     // signed; by certificate_digest()
};

// Judges envelopes under one set of roots. Thread-safe. Remembers chains that it has verified, so
// that a new package costs one ECDSA verification, and envelopes, so that one seen before costs
// none: only a digest of its bytes. Revocation, thresholds and roles are judged anew every time.
// What is parsed, and when: the envelope's outline by the small reader of this folder, certificates
// by OpenSSL, the manifest only once it is authentic.
class Verifier {
  public:
    explicit Verifier(std::vector<Certificate> roots);
    ~Verifier();
    Verifier(const Verifier&) = delete;
    Verifier& operator=(const Verifier&) = delete;

    // The chain is judged at the claimed signing time; no clock is asked. `envelope` may be any
    // bytes at all.
    Verdict verify(base::ByteView envelope, const Trust& trust = {}) const;

    // A bundle is good if every envelope in it is, by a signer of heads, over one and the same
    // document, and there are at least `threshold` of them (0 is as good as 1), no two by the same
    // key. Each chain is judged at its envelope's claimed signing time, which in a head is the time
    // of issue. Whether a head has expired is for the caller to say.
    std::variant<SignedHead, base::Outcome> verify_head(base::ByteView bundle, unsigned threshold,
                                                        const Trust& trust = {}) const;
    std::variant<SetManifest, base::Outcome> verify_set(base::ByteView bundle, unsigned threshold,
                                                        const Trust& trust = {}) const;
    // Good if the envelope is signed by one of the roots, with no other certificate in it. A root
    // cannot be revoked.
    std::variant<RootStatement, base::Outcome> verify_root_statement(base::ByteView envelope) const;

    // How often a chain, or the signature of an envelope, had to be verified because it was not
    // remembered. Signatures that turned out wrong count.
    uint64_t chains_verified() const;
    uint64_t signatures_verified() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// The envelopes of a bundle, in their order; views into it. Errors: not 1 to kMaxBundleEnvelopes
// elements that could be envelopes, one after another.
base::Result<std::vector<base::ByteView>> split_bundle(base::ByteView bundle);

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
