// What signers make.
#include <fmt/format.h>

#include <algorithm>

#include "content/envelope.h"
#include "content/openssl_handles.h"

namespace firebreak::content {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;
using base::UtcTime;

namespace {

// OpenSSL takes the wall clock unless the attribute is there before it signs.
bool set_signing_time(CMS_SignerInfo* info, UtcTime signing_time) {
    const AsnTime time(ASN1_TIME_set(nullptr, signing_time.unix_seconds));
    return time != nullptr &&
           CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, ASN1_STRING_type(time.get()),
                                       time.get(), -1) == 1;
}

bool add_chain(CMS_ContentInfo* message, const std::vector<Certificate>& chain) {
    return std::ranges::all_of(chain, [message](const Certificate& certificate) {
        return CMS_add1_cert(message, certificate.get()) == 1;
    });
}

}  // namespace

Result<Bytes> sign(ByteView document, const Signer& signer, UtcTime signing_time) {
    if (document.size() > kMaxManifestBytes) {
        return Error{fmt::format("a document of {} bytes", document.size()), "",
                     fmt::format("at most {} are allowed", kMaxManifestBytes)};
    }
    constexpr unsigned kFlags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const Bio content = read_bio(document);
    const CmsMessage message(CMS_sign(nullptr, nullptr, nullptr, nullptr, kFlags));
    CMS_SignerInfo* info = message == nullptr
                               ? nullptr
                               : CMS_add1_signer(message.get(), signer.identity.certificate.get(),
                                                 signer.identity.key.get(), EVP_sha384(), kFlags);
    if (info == nullptr || !set_signing_time(info, signing_time) ||
        !add_chain(message.get(), signer.chain) ||
        CMS_final(message.get(), content.get(), nullptr, kFlags) != 1) {
        return Error{"cannot sign: " + openssl_error(), "",
                     "check that the signer's key is that of its certificate"};
    }
    Bytes envelope(static_cast<size_t>(std::max(0, i2d_CMS_ContentInfo(message.get(), nullptr))));
    uint8_t* at = envelope.data();
    i2d_CMS_ContentInfo(message.get(), &at);
    // OpenSSL writes, we describe what it wrote: if the two ever part, say so here and not to the
    // verifiers of the world.
    const auto claims = read_claims(envelope);
    if (!claims.ok() || !claims->canonical || claims->signing_time != signing_time) {
        return Error{"cannot sign: OpenSSL wrote an envelope of another shape", "",
                     "sign with a P-384 key, in the years 1970 to 9999"};
    }
    return envelope;
}

Result<Bytes> sign_bundle(ByteView document, std::span<const Signer> signers, UtcTime at) {
    if (signers.empty() || signers.size() > kMaxBundleEnvelopes) {
        return Error{fmt::format("{} signers of one bundle", signers.size()), "",
                     fmt::format("a bundle has 1 to {} signatures", kMaxBundleEnvelopes)};
    }
    Bytes bundle;
    for (const Signer& signer : signers) {
        FB_TRY(const Bytes envelope, sign(document, signer, at));
        bundle.insert(bundle.end(), envelope.begin(), envelope.end());
    }
    if (bundle.size() > kMaxBundleBytes) {
        return Error{fmt::format("a bundle of {} bytes", bundle.size()), "",
                     fmt::format("at most {} are allowed", kMaxBundleBytes)};
    }
    return bundle;
}

Result<Bytes> sign_root_statement(const RootStatement& statement, const Identity& root,
                                  UtcTime at) {
    FB_CHECK(validate(statement));
    return sign(canonical_json(statement), Signer{root, {}}, at);
}

}  // namespace firebreak::content
