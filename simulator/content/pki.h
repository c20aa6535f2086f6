// Certificates and keys: private root → issuing → one signer per feed and three of heads, all ECDSA
// P-384. And the keys under which encrypted feeds are encrypted.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/catalogue.h"

namespace firebreak::content {

struct OpenSslDelete {
    void operator()(X509* certificate) const;
    void operator()(EVP_PKEY* key) const;
};
// Shared, and never changed once built: safe to read from any thread.
using Certificate = std::shared_ptr<X509>;
using PrivateKey = std::shared_ptr<EVP_PKEY>;

// A certificate with its private key.
struct Identity {
    Certificate certificate;
    PrivateKey key;
};

// Who signs a feed or heads, and the chain that goes into the envelope (issuing certificates, no
// root).
struct Signer {
    Identity identity;
    std::vector<Certificate> chain;
};

// A certificate is valid from `from`, and no longer at `until` (OpenSSL's reading of notAfter).
struct Validity {
    base::UtcTime from;
    base::UtcTime until;
};

// What a certificate is for. Signers carry extended key usage code signing, and one URI as subject
// alternative name, which binds the key to one use: urn:firebreak:feed:<name> to packages of one
// feed, urn:firebreak:role:head to heads and set manifests.
enum class CertificateKind { kRoot, kIssuing, kSigner, kSignerWithWrongUsage, kHeadSigner };

struct CertificateRequest {
    CertificateKind kind = CertificateKind::kRoot;
    std::string common_name;
    base::UtcTime not_before;
    base::UtcTime not_after;
    Feed feed = Feed::kDatasetA;  // kSigner* only
};

// A new P-384 key and a certificate for it, signed by `issuer` (by itself when null).
base::Result<Identity> issue(const CertificateRequest& request, const Identity* issuer);

inline constexpr size_t kHeadSigners = 3;
inline constexpr size_t kContentKeyBytes = 32;  // AES-256

// A whole hierarchy.
struct Pki {
    Identity root;
    Identity issuing;
    std::map<Feed, Signer> signers;            // one per feed
    std::vector<Signer> heads;                 // kHeadSigners, or fewer where somebody has fewer
    std::map<Feed, base::Bytes> content_keys;  // of encrypted feeds, kContentKeyBytes each
};

// Fresh keys for every feed. Root and issuing are valid 2016-01-01 to 2046-01-01, signers
// 2020-01-01 to 2036-01-01.
base::Result<Pki> make_pki();

// Folder format: root.pem, issuing.pem, <feed>.pem, head-1.pem to head-3.pem: each certificate with
// its key, PEM, the word TEST-ONLY in a line above; <feed>.kek: the same line and 64 hexadecimal
// digits. Existing files are not overwritten.
base::Status save_pki(const Pki& pki, const std::filesystem::path& folder);
// Head signers and content keys may be missing, any of them: a folder of a team's own. A signer's
// chain is the issuing certificate that issued it: issuing.pem, or one that replace_identity() has
// kept.
// Errors name the file: missing, no certificate or key in it, a key that is not the certificate's,
// a signer that no issuing certificate of the folder issued.
base::Result<Pki> load_pki(const std::filesystem::path& folder);

// One file of such a folder. A root alone is enough to sign statements (an offline root).
base::Result<Identity> load_identity(const std::filesystem::path& file);
base::Result<base::Bytes> load_content_key(const std::filesystem::path& folder, Feed feed);

// --- rotation ---
// A new key and certificate of the same name and use as the present one, issued by `pki.issuing`;
// the issuing certificate itself is issued by the root. `pki` stays as it is. What the old keys
// signed stays good: it carries its own certificates.
// Errors: no such signer.
base::Result<Signer> renew(const Pki& pki, Feed feed, base::UtcTime from, base::UtcTime until);
// `number`: 1, 2, …
base::Result<Signer> renew_head(const Pki& pki, size_t number, base::UtcTime from,
                                base::UtcTime until);
base::Result<Identity> renew_issuing(const Pki& pki, base::UtcTime from, base::UtcTime until);

// Puts `identity` into the place of `file`, a key file of a folder. What was there is kept as
// <name>.<n>.old.pem, n being the first number that is free. Returns the path of the kept one.
base::Result<std::filesystem::path> replace_identity(const std::filesystem::path& file,
                                                     const Identity& identity);

// The certificates of a PEM file, at least one; whatever else is in it is passed over.
base::Result<std::vector<Certificate>> load_certificates(const std::filesystem::path& path);

// "CN=Firebreak test root" (RFC 2253), and the common name alone, empty if there is none. Names of
// certificates from outside: printable() before showing.
std::string subject_of(const Certificate& certificate);
std::string issuer_of(const Certificate& certificate);
std::string common_name_of(const Certificate& certificate);
// As OpenSSL writes it.
base::Bytes der_of(const Certificate& certificate);

// Error: a date that X.509 does not allow, or one before 1970.
base::Result<Validity> validity_of(const Certificate& certificate);

// The feed that the certificate is bound to: its subject alternative names are one URI, and that
// names a feed.
std::optional<Feed> feed_of(const Certificate& certificate);
// Whether it is bound to heads in the same way.
bool signs_heads(const Certificate& certificate);

// By which certificates are revoked: SHA-384 of the certificate's DER.
base::Digest certificate_digest(const Certificate& certificate);
// The same of the certificate's twin: with (r, s) an ECDSA signature (r, n - s) is one as well, and
// anybody can make it. Who revokes a certificate means both.
base::Digest twin_digest(const Certificate& certificate);

}  // namespace firebreak::content
