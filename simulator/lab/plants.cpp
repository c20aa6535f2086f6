#include "lab/plants.h"

#include <algorithm>

#include "content/envelope_profile.h"

namespace firebreak::lab {

namespace {

constexpr base::Duration kYear = base::days(365);

base::Result<content::Signer> issued_by(const content::Pki& vendor,
                                        content::CertificateRequest request) {
    FB_TRY(content::Identity identity, content::issue(request, &vendor.issuing));
    return content::Signer{std::move(identity), {vendor.issuing.certificate}};
}

}  // namespace

base::Result<const content::Pki*> Plants::rogue() {
    if (!rogue_) {
        FB_TRY(rogue_, content::make_pki());
    }
    return &*rogue_;
}

base::Result<content::Signer> Plants::signer(const content::Pki& vendor,
                                             const scenario::Release& release, base::UtcTime when) {
    content::CertificateRequest request{content::CertificateKind::kSigner, "A signer of old", when,
                                        when + kYear, release.feed};
    switch (release.signed_by) {
        case scenario::SignedBy::kOtherRoot: {
            FB_TRY(const content::Pki* own, rogue());
            return own->signers.at(release.feed);
        }
        case scenario::SignedBy::kOtherFeed: {
            const auto other =
                std::find_if(vendor.signers.begin(), vendor.signers.end(),
                             [&](const auto& signer) { return signer.first != release.feed; });
            return other->second;
        }
        case scenario::SignedBy::kWrongUsage:
            request.kind = content::CertificateKind::kSignerWithWrongUsage;
            request.common_name = "A signer of something else";
            return issued_by(vendor, request);
        case scenario::SignedBy::kExpired:
            request.not_before = {when.unix_seconds - 2 * kYear.seconds};
            request.not_after = {when.unix_seconds - kYear.seconds};
            return issued_by(vendor, request);
        case scenario::SignedBy::kVendor:
        case scenario::SignedBy::kNobody:
            break;
    }
    return vendor.signers.at(release.feed);
}

base::Result<std::vector<content::Signer>> Plants::head_signers(size_t count) {
    FB_TRY(const content::Pki* own, rogue());
    return std::vector<content::Signer>(own->heads.begin(),
                                        own->heads.begin() + static_cast<std::ptrdiff_t>(count));
}

void cut_off_signature(content::Package& package) {
    if (const auto parts = content::read_envelope(package.envelope); parts.ok()) {
        package.envelope.resize(
            static_cast<size_t>(parts->signature.data() - package.envelope.data()));
    }
}

}  // namespace firebreak::lab
