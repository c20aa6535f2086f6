#include "content/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>

#include "content/der.h"
#include "content/envelope_profile.h"
#include "content/openssl_handles.h"
#include "content/remembered.h"
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

Refusal check_size(ByteView bytes, uint64_t allowed) {
    if (bytes.size() <= allowed) {
        return std::nullopt;
    }
    return refuse(Category::kTooLarge, Code::kOverCap,
                  {{"bytes", std::to_string(bytes.size())}, {"allowed", std::to_string(allowed)}});
}

Outcome malformed(Code code, const Error& error) {
    return corrupt(code, {{"found", error.message}, {"at", error.place}});
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
    return untrusted(chain.heads ? Code::kRoleWrong : Code::kFeedWrong,
                     {{"certificate", subject_of(chain.signer)},
                      {"may sign", may_sign(chain.signer)},
                      {"manifest's feed", std::string(info(manifest.feed).name)}});
}

Refusal check_signs_heads(const SignerChain& chain) {
    if (chain.heads) {
        return std::nullopt;
    }
    return untrusted(Code::kRoleWrong, {{"certificate", subject_of(chain.signer)},
                                        {"expected", "a signer of heads"},
                                        {"may sign", may_sign(chain.signer)}});
}

Refusal check_not_revoked(const SignerChain& chain, const Trust& trust) {
    for (const ChainLink& link : chain.links) {
        if (trust.revoked.contains(link.digest) || trust.revoked.contains(link.twin)) {
            return untrusted(Code::kChainRevoked, {{"certificate", subject_of(link.certificate)},
                                                   {"SHA-384", link.digest.hex()}});
        }
    }
    return std::nullopt;
}

base::Digest chain_key(const EnvelopeParts& parts) {
    Bytes key(parts.certificate_set.begin(), parts.certificate_set.end());
    key.insert(key.end(), parts.signer_id.begin(), parts.signer_id.end());
    return base::sha384(key);
}

// An envelope whose signature is good, by a chain that is.
struct Authentic {
    EnvelopeParts parts;
    base::Digest digest;  // of what is signed
    std::shared_ptr<const SignerChain> chain;
};
using AuthenticOrNot = std::variant<Authentic, Outcome>;

// What an envelope's bytes, and nothing else, prove for as long as the roots are the same.
struct Proof {
    base::Digest digest;
    std::shared_ptr<const SignerChain> chain;
};

// One way to judge chains (through the cache, or as the root's own), and what it has proved before.
struct Judge {
    std::function<ChainVerdict(const EnvelopeParts&)> chain;
    Remembered<Proof>& proved;
    std::atomic<uint64_t>& signatures;
};

using ProofOrNot = std::variant<Proof, Outcome>;

ProofOrNot prove(ByteView envelope, const EnvelopeParts& parts, const Judge& judge) {
    if (const Refusal refusal = check_canonical(envelope, parts)) {
        return *refusal;
    }
    ChainVerdict verdict = judge.chain(parts);
    if (auto* refusal = std::get_if<Outcome>(&verdict)) {
        return std::move(*refusal);
    }
    const Proof proof{base::sha384(parts.manifest),
                      std::get<std::shared_ptr<const SignerChain>>(verdict)};
    ++judge.signatures;
    for (const auto& check :
         {check_signature(parts, *proof.chain), check_message_digest(parts, proof.digest)}) {
        if (check) {
            return *check;
        }
    }
    return proof;
}

AuthenticOrNot authenticate(ByteView envelope, const Trust& trust, const Judge& judge) {
    if (const Refusal refusal = check_size(envelope, kMaxEnvelopeBytes)) {
        return *refusal;
    }
    const auto parts = read_envelope(envelope);
    if (!parts.ok()) {
        return malformed(Code::kEnvelopeMalformed, parts.error());
    }
    const base::Digest key = base::sha384(envelope);
    std::optional<Proof> proof = judge.proved.find(key);
    if (!proof) {
        ProofOrNot found = prove(envelope, *parts, judge);
        if (auto* refusal = std::get_if<Outcome>(&found)) {
            return std::move(*refusal);
        }
        proof = std::get<Proof>(std::move(found));
        judge.proved.add(key, *proof);
    }
    if (const Refusal refusal = check_not_revoked(*proof->chain, trust)) {
        return *refusal;
    }
    return Authentic{*parts, proof->digest, std::move(proof->chain)};
}

Refusal check_same_content(const std::vector<Authentic>& envelopes) {
    for (const Authentic& envelope : envelopes) {
        if (envelope.digest != envelopes.front().digest) {
            return corrupt(Code::kManifestDigestWrong,
                           {{"found", "envelopes of one bundle that sign different documents"},
                            {"first SHA-384", envelopes.front().digest.hex()},
                            {"another SHA-384", envelope.digest.hex()}});
        }
    }
    return std::nullopt;
}

// Keys, not certificates: whoever holds one key may have several certificates for it.
size_t distinct_keys(const std::vector<Authentic>& envelopes) {
    std::vector<const EVP_PKEY*> keys;
    for (const Authentic& envelope : envelopes) {
        const EVP_PKEY* key = X509_get0_pubkey(envelope.chain->signer.get());
        if (std::ranges::none_of(keys, [key](auto* k) { return EVP_PKEY_eq(k, key) == 1; })) {
            keys.push_back(key);
        }
    }
    ERR_clear_error();
    return keys.size();
}

Refusal check_signatures(const std::vector<Authentic>& envelopes, unsigned threshold) {
    const size_t keys = distinct_keys(envelopes);
    if (keys < std::max(1u, threshold)) {
        return untrusted(Code::kTooFewSignatures, {{"signatures", std::to_string(envelopes.size())},
                                                   {"by different keys", std::to_string(keys)},
                                                   {"needed", std::to_string(threshold)}});
    }
    if (keys < envelopes.size()) {
        return corrupt(Code::kEnvelopeNotCanonical, {{"found", "two signatures by one key"}});
    }
    return std::nullopt;
}

// What all envelopes of a bundle say, each good, by as many different head keys as are needed.
using BundleOrNot = std::variant<std::vector<Authentic>, Outcome>;

BundleOrNot authenticate_bundle(ByteView bundle, unsigned threshold, const Trust& trust,
                                const Judge& judge) {
    if (const Refusal refusal = check_size(bundle, kMaxBundleBytes)) {
        return *refusal;
    }
    const auto envelopes = split_bundle(bundle);
    if (!envelopes.ok()) {
        return malformed(Code::kEnvelopeMalformed, envelopes.error());
    }
    std::vector<Authentic> found;
    for (const ByteView envelope : *envelopes) {
        const AuthenticOrNot authentic = authenticate(envelope, trust, judge);
        if (const auto* refusal = std::get_if<Outcome>(&authentic)) {
            return *refusal;
        }
        found.push_back(std::get<Authentic>(authentic));
        if (const Refusal refusal = check_signs_heads(*found.back().chain)) {
            return *refusal;
        }
    }
    for (const auto& check : {check_same_content(found), check_signatures(found, threshold)}) {
        if (check) {
            return *check;
        }
    }
    return found;
}

Refusal check_issued(const SignedHead& head, const std::vector<Authentic>& envelopes) {
    for (const Authentic& envelope : envelopes) {
        if (envelope.parts.signing_time != head.issued) {
            return corrupt(Code::kHeadMalformed,
                           {{"issued", base::to_text(head.issued)},
                            {"signing time", base::to_text(envelope.parts.signing_time)}});
        }
    }
    return std::nullopt;
}

}  // namespace

struct Verifier::State {
    TrustStore roots{X509_STORE_new()};
    // Under the certificates and the signer; those that the claimed signing time suits.
    Remembered<std::shared_ptr<const SignerChain>> chains;
    Remembered<Proof> proved, proved_by_root;
    std::atomic<uint64_t> chains_verified = 0, signatures_verified = 0;

    ChainVerdict chain_of(const EnvelopeParts& parts) {
        const base::Digest key = chain_key(parts);
        if (const auto known = chains.find(key)) {
            const Validity& validity = (*known)->validity;
            if (validity.from <= parts.signing_time && parts.signing_time < validity.until) {
                return *known;
            }
        }
        ++chains_verified;
        ChainVerdict verdict = judge_chain(roots.get(), parts);
        if (const auto* chain = std::get_if<std::shared_ptr<const SignerChain>>(&verdict)) {
            chains.add(key, *chain);
        }
        return verdict;
    }

    Judge signers() {
        return {[this](const EnvelopeParts& parts) { return chain_of(parts); }, proved,
                signatures_verified};
    }
    Judge root_itself() {
        return {[this](const EnvelopeParts& parts) { return judge_root(roots.get(), parts); },
                proved_by_root, signatures_verified};
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

uint64_t Verifier::signatures_verified() const {
    return state_->signatures_verified;
}

Verdict Verifier::verify(ByteView envelope, const Trust& trust) const {
    const AuthenticOrNot found = authenticate(envelope, trust, state_->signers());
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    const auto& [parts, digest, chain] = std::get<Authentic>(found);
    auto manifest = parse_manifest(parts.manifest);
    if (!manifest.ok()) {
        return malformed(Code::kManifestMalformed, manifest.error());
    }
    if (const Refusal refusal = check_feed(*manifest, *chain)) {
        return *refusal;
    }
    return Verified{*std::move(manifest), digest, parts.signing_time, chain->signer_name};
}

std::variant<SignedHead, Outcome> Verifier::verify_head(ByteView bundle, unsigned threshold,
                                                        const Trust& trust) const {
    const BundleOrNot found = authenticate_bundle(bundle, threshold, trust, state_->signers());
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    const auto& envelopes = std::get<std::vector<Authentic>>(found);
    auto head = parse_signed_head(envelopes.front().parts.manifest);
    if (!head.ok()) {
        return malformed(Code::kHeadMalformed, head.error());
    }
    if (const Refusal refusal = check_issued(*head, envelopes)) {
        return *refusal;
    }
    return *std::move(head);
}

std::variant<SetManifest, Outcome> Verifier::verify_set(ByteView bundle, unsigned threshold,
                                                        const Trust& trust) const {
    const BundleOrNot found = authenticate_bundle(bundle, threshold, trust, state_->signers());
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    const auto& envelopes = std::get<std::vector<Authentic>>(found);
    auto set = parse_set_manifest(envelopes.front().parts.manifest);
    if (!set.ok()) {
        return malformed(Code::kSetMalformed, set.error());
    }
    return *std::move(set);
}

std::variant<RootStatement, Outcome> Verifier::verify_root_statement(ByteView envelope) const {
    const AuthenticOrNot found = authenticate(envelope, {}, state_->root_itself());
    if (const auto* refusal = std::get_if<Outcome>(&found)) {
        return *refusal;
    }
    auto statement = parse_root_statement(std::get<Authentic>(found).parts.manifest);
    if (!statement.ok()) {
        return malformed(Code::kTrustMalformed, statement.error());
    }
    return *std::move(statement);
}

Result<std::vector<ByteView>> split_bundle(ByteView bundle) {
    std::vector<ByteView> envelopes;
    der::Reader reader(bundle);
    do {
        if (envelopes.size() == kMaxBundleEnvelopes) {
            return Error{fmt::format("more than {} envelopes", kMaxBundleEnvelopes), "", ""};
        }
        FB_TRY(const der::Element envelope, reader.next(der::kSequence));
        envelopes.push_back(envelope.whole);
    } while (!reader.at_end());
    return envelopes;
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
