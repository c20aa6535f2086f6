// Who signed an envelope, and whether that certificate leads to a root and may sign code: all that
// depends on certificates, roots and the claimed signing time alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/outcome.h"
#include "content/envelope_profile.h"
#include "content/pki.h"
#include "content/refusal.h"

namespace firebreak::content {

struct ChainLink {
    Certificate certificate;
    base::Digest digest;  // certificate_digest()
    base::Digest twin;    // twin_digest()
};

// What is known of a chain once it is found good.
struct SignerChain {
    Certificate signer;
    std::string signer_name;       // common name
    std::optional<Feed> feed;      // whose packages the signer may sign
    bool heads = false;            // it may sign heads and set manifests
    Validity validity;             // of all its certificates together, the root included
    std::vector<ChainLink> links;  // signer first, root last
};
using ChainVerdict = std::variant<std::shared_ptr<const SignerChain>, base::Outcome>;

// What the certificate is bound to, in words: "packages of DatasetA".
std::string may_sign(const Certificate& certificate);

// The envelope's certificates, each one DER and nothing else.
std::variant<std::vector<Certificate>, base::Outcome> parse_certificates(
    const EnvelopeParts& parts);

// Judges the chain at the claimed signing time. That only a date is wrong (kChainExpired) is said
// of a chain that is trusted at some other time.
ChainVerdict judge_chain(X509_STORE* roots, const EnvelopeParts& parts);

// Judges an envelope of the root's own: its one certificate is one of the roots, and valid at the
// claimed signing time.
ChainVerdict judge_root(X509_STORE* roots, const EnvelopeParts& parts);

}  // namespace firebreak::content
