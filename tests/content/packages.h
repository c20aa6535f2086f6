// Keys, manifests and envelopes for tests, good ones and forged ones.
#pragma once

#include <gmock/gmock.h>
#include <openssl/cms.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "content/envelope.h"
#include "content/envelope_profile.h"
#include "content/manifest.h"
#include "content/package.h"
#include "content/pki.h"

namespace firebreak::content::test {

// The project's published test keys.
const Pki& test_pki();
// A hierarchy of the same shape that nobody trusts.
const Pki& foreign_pki();
// A verifier that trusts test_pki()'s root.
Verifier test_verifier();

base::UtcTime utc(const std::string& text);
// A moment at which all of test_pki() is valid.
base::UtcTime signing_time();

Manifest sample_manifest(Feed feed = Feed::kDatasetA);
base::Bytes sample_json(Feed feed = Feed::kDatasetA);
// A good envelope around sample_json(feed).
base::Bytes sample_envelope(Feed feed = Feed::kDatasetA);
base::Bytes sign_or_die(base::ByteView manifest, const Signer& signer, base::UtcTime at);

// Heads and sets of the group "internal", issued at signing_time(); a head expires a day later.
SignedHead sample_head(Feed feed = Feed::kDatasetA);
SetManifest sample_set();
// Signed by these of test_pki()'s head signers, counted from 1.
base::Bytes bundle_or_die(base::ByteView json, const std::vector<size_t>& heads,
                          base::UtcTime at = signing_time());
base::Bytes bundle_or_die(base::ByteView json, const std::vector<Signer>& signers,
                          base::UtcTime at = signing_time());
// Number 1: one certificate is revoked, and DatasetA's floor is reset.
RootStatement sample_statement();
base::Bytes statement_or_die(const RootStatement& statement, const Identity& root,
                             base::UtcTime at = signing_time());

// A signer for DatasetA that test_pki() issues, valid 2020 to 2036 unless asked otherwise.
CertificateRequest signer_request(CertificateKind kind = CertificateKind::kSigner);
Signer issue_signer(const CertificateRequest& request);
// The same once `change` has had its way with the certificate, which is then signed anew.
Signer issue_changed_signer(const std::function<void(Identity&)>& change,
                            CertificateKind kind = CertificateKind::kSigner);

// The parts of `envelope`, after `change`, written as an envelope. If `key` is given, its signature
// over the changed attributes takes the place of the old one.
base::Bytes forge(const base::Bytes& envelope, const std::function<void(EnvelopeParts&)>& change,
                  const PrivateKey& key = nullptr);

// What OpenSSL's own CMS code makes with these flags (CMS_…), digest and changes before it signs.
struct CmsSettings {
    unsigned flags = 0;
    const char* digest = "SHA384";
    std::function<void(CMS_ContentInfo*, CMS_SignerInfo*)> change = [](auto*, auto*) {};
};
base::Bytes openssl_cms(const Signer& signer, base::UtcTime at, const CmsSettings& settings);

// Whatever is proved, or the refusal, for the matchers below.
template <class Proved>
Verdict judged(const std::variant<Proved, base::Outcome>& verdict) {
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        return *refusal;
    }
    return Verified();
}

// A file of this text; the test fails if it cannot be written.
void write(const std::filesystem::path& file, const std::string& text);

// Matches a refusal at verify with this category and code, and with evidence.
testing::Matcher<const Verdict&> RefusedAs(base::Category category, base::Code code);
testing::Matcher<const Verdict&> Accepted();

}  // namespace firebreak::content::test
