#include "content/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "content/envelope_profile.h"
#include "content/openssl_handles.h"
#include "content/signer_chain.h"

namespace firebreak::content {

namespace {

using base::Bytes;
using base::ByteView;
using base::Category;
using base::Code;
using base::Error;
using base::Outcome;
using base::Result;
using base::UtcTime;

std::string byte_at(ByteView bytes, size_t offset) {
    return offset < bytes.size() ? fmt::format("0x{:02x}", bytes[offset]) : "the end";
}

Refusal check_size(ByteView envelope) {
    if (envelope.size() <= kMaxEnvelopeBytes) {
        return std::nullopt;
    }
    return refuse(Category::kTooLarge, Code::kOverCap,
                  {{"bytes", std::to_string(envelope.size())},
                   {"allowed", std::to_string(kMaxEnvelopeBytes)}});
}

// A tolerant parser takes many encodings of the same content (BER, other versions, unused
// certificates, unsigned attributes …): none of them gets by here but sign()'s own.
Refusal check_canonical(ByteView envelope, const EnvelopeParts& parts) {
    const Bytes canonical = write_envelope(parts);
    const auto differ = std::ranges::mismatch(envelope, canonical);
    if (differ.in1 == envelope.end() && differ.in2 == canonical.end()) {
        return std::nullopt;
    }
    const auto offset = static_cast<size_t>(differ.in1 - envelope.begin());
    return corrupt(Code::kEnvelopeNotCanonical, {{"offset", std::to_string(offset)},
                                                 {"expected", byte_at(canonical, offset)},
                                                 {"found", byte_at(envelope, offset)}});
}

Refusal check_signature(const EnvelopeParts& parts, const SignerChain& chain) {
    const Bytes attributes = write_signed_attributes(parts);
    const DigestContext context(EVP_MD_CTX_new());
    const bool right =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr,
                             X509_get0_pubkey(chain.signer.get())) == 1 &&
        EVP_DigestVerify(context.get(), parts.signature.data(), parts.signature.size(),
                         attributes.data(), attributes.size()) == 1;
    ERR_clear_error();
    if (right) {
        return std::nullopt;
    }
    return corrupt(Code::kSignatureWrong,
                   {{"signer", subject_of(chain.signer)},
                    {"found", "the signature is not this signer's over the signed attributes"}});
}

Refusal check_message_digest(const EnvelopeParts& parts, const base::Digest& manifest_digest) {
    if (std::ranges::equal(parts.message_digest, manifest_digest.bytes)) {
        return std::nullopt;
    }
    return corrupt(Code::kManifestDigestWrong, {{"signed", base::to_hex(parts.message_digest)},
                                                {"found", manifest_digest.hex()}});
}

Refusal check_feed(const Manifest& manifest, const SignerChain& chain) {
    if (chain.feed == manifest.feed) {
        return std::nullopt;
    }
    return untrusted(Code::kFeedWrong,
                     {{"certificate", subject_of(chain.signer)},
                      {"may sign", chain.feed ? std::string(info(*chain.feed).name) : "no feed"},
                      {"manifest's feed", std::string(info(manifest.feed).name)}});
}

base::Digest cache_key(const EnvelopeParts& parts) {
    Bytes key(parts.certificate_set.begin(), parts.certificate_set.end());
    key.insert(key.end(), parts.signer_id.begin(), parts.signer_id.end());
    return base::sha384(key);
}

}  // namespace

struct Verifier::State {
    TrustStore roots{X509_STORE_new()};
    mutable ChainCache cache;
    mutable std::atomic<uint64_t> chains_verified = 0;

    ChainVerdict chain_of(const EnvelopeParts& parts) const {
        const base::Digest key = cache_key(parts);
        if (auto known = cache.find(key, parts.signing_time)) {
            return known;
        }
        ++chains_verified;
        ChainVerdict verdict = judge_chain(roots.get(), parts);
        if (const auto* chain = std::get_if<std::shared_ptr<const SignerChain>>(&verdict)) {
            cache.add(key, *chain);
        }
        return verdict;
    }
};

Verifier::Verifier(std::vector<Certificate> roots) : state_(std::make_unique<State>()) {
    for (const Certificate& root : roots) {
        X509_STORE_add_cert(state_->roots.get(), root.get());
    }
}

Verifier::~Verifier() = default;

uint64_t Verifier::chains_verified() const {
    return state_->chains_verified;
}

Verdict Verifier::verify(ByteView envelope) const {
    if (const Refusal refusal = check_size(envelope)) {
        return *refusal;
    }
    const auto parts = read_envelope(envelope);
    if (!parts.ok()) {
        return corrupt(Code::kEnvelopeMalformed,
                       {{"found", parts.error().message}, {"at", parts.error().place}});
    }
    if (const Refusal refusal = check_canonical(envelope, *parts)) {
        return *refusal;
    }
    const ChainVerdict verdict = state_->chain_of(*parts);
    if (const auto* refusal = std::get_if<Outcome>(&verdict)) {
        return *refusal;
    }
    const SignerChain& chain = *std::get<std::shared_ptr<const SignerChain>>(verdict);
    if (const Refusal refusal = check_signature(*parts, chain)) {
        return *refusal;
    }
    const base::Digest manifest_digest = base::sha384(parts->manifest);
    if (const Refusal refusal = check_message_digest(*parts, manifest_digest)) {
        return *refusal;
    }
    auto manifest = parse_manifest(parts->manifest);
    if (!manifest.ok()) {
        return corrupt(Code::kManifestMalformed,
                       {{"found", manifest.error().message}, {"at", manifest.error().place}});
    }
    if (const Refusal refusal = check_feed(*manifest, chain)) {
        return *refusal;
    }
    return Verified{*std::move(manifest), manifest_digest, parts->signing_time, chain.signer_name};
}

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

Result<Bytes> sign(ByteView manifest_json, const Signer& signer, UtcTime signing_time) {
    if (manifest_json.size() > kMaxManifestBytes) {
        return Error{fmt::format("a manifest of {} bytes", manifest_json.size()), "",
                     fmt::format("at most {} are allowed", kMaxManifestBytes)};
    }
    constexpr unsigned kFlags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    const Bio content = read_bio(manifest_json);
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

Result<Claims> read_claims(ByteView envelope) {
    FB_TRY(const EnvelopeParts parts, read_envelope(envelope));
    const auto parsed = parse_certificates(parts);
    if (const auto* refusal = std::get_if<Outcome>(&parsed)) {
        return Error{base::to_text(refusal->evidence), "certificates", ""};
    }
    return Claims{Bytes(parts.manifest.begin(), parts.manifest.end()),
                  std::get<std::vector<Certificate>>(parsed), parts.signing_time,
                  Bytes(parts.message_digest.begin(), parts.message_digest.end()),
                  !check_canonical(envelope, parts)};
}

}  // namespace firebreak::content
