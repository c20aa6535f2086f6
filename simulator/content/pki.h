// Certificates and keys: private root → issuing → one signer per feed, all ECDSA P-384.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

// Who signs a feed, and the chain that goes into the envelope (issuing certificates, no root).
struct Signer {
    Identity identity;
    std::vector<Certificate> chain;
};

// What a certificate is for. kSigner* carry extended key usage code signing and the URI
// urn:firebreak:feed:<name> as subject alternative name, which binds the key to one feed.
enum class CertificateKind { kRoot, kIssuing, kSigner, kSignerWithWrongUsage };

struct CertificateRequest {
    CertificateKind kind = CertificateKind::kRoot;
    std::string common_name;
    base::UtcTime not_before;
    base::UtcTime not_after;
    Feed feed = Feed::kDatasetA;  // signers only
};

// A new P-384 key and a certificate for it, signed by `issuer` (by itself when null).
base::Result<Identity> issue(const CertificateRequest& request, const Identity* issuer);

// A whole hierarchy.
struct Pki {
    Identity root;
    Identity issuing;
    std::map<Feed, Signer> signers;  // one per feed
};

// Fresh keys for every feed. Root and issuing are valid 2016-01-01 to 2046-01-01, signers
// 2020-01-01 to 2036-01-01.
base::Result<Pki> make_pki();

// Folder format: root.pem, issuing.pem, <feed>.pem: each certificate with its key, PEM, the word
// TEST-ONLY in a line above. Existing files are not overwritten.
base::Status save_pki(const Pki& pki, const std::filesystem::path& folder);
// Errors name the file: missing, no certificate or key in it, a key that is not the certificate's.
base::Result<Pki> load_pki(const std::filesystem::path& folder);

// The certificates of a PEM file, at least one; whatever else is in it is passed over.
base::Result<std::vector<Certificate>> load_certificates(const std::filesystem::path& path);

// "CN=Firebreak test root" (RFC 2253), and the common name alone, empty if there is none. Names of
// certificates from outside: printable() before showing.
std::string subject_of(const Certificate& certificate);
std::string issuer_of(const Certificate& certificate);
std::string common_name_of(const Certificate& certificate);

// A certificate is valid from `from`, and no longer at `until` (OpenSSL's reading of notAfter).
struct Validity {
    base::UtcTime from;
    base::UtcTime until;
};
// Error: a date that X.509 does not allow, or one before 1970.
base::Result<Validity> validity_of(const Certificate& certificate);

// The feed that the certificate is bound to: its subject alternative names are one URI, and that
// names a feed.
std::optional<Feed> feed_of(const Certificate& certificate);

}  // namespace firebreak::content
