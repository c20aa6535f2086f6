// Damage that keeps its shape: the input is read as DER, one element is changed, and all is written
// again with the lengths that it then has. Half of the envelopes are then signed anew by a
// published test key, so that what stands behind the signature is tried too. Inputs that are not
// DER, and some that are, are changed byte by byte.
#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "content/envelope.h"
#include "content/envelope_profile.h"
#include "content/openssl_handles.h"
#include "content/pki.h"
#include "support/der_tree.h"
#include "support/paths.h"

// libFuzzer's, or driver.cpp's.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

using namespace firebreak;

// Ends the process if they are not there.
const content::Pki& pki() {
    static const content::Pki keys = content::load_pki(test::fixtures_dir() / "keys").value();
    return keys;
}

// Changes the contents of a primitive element, or the tag of any.
void change_node(test::DerNode& node, const test::Below& below) {
    if (below(16) == 0) {
        node.tag ^= static_cast<uint8_t>(1u << below(8));
        return;
    }
    const size_t size = node.contents.size();
    node.contents.resize(size + 64);
    node.contents.resize(LLVMFuzzerMutate(node.contents.data(), size, size + 64));
}

base::Bytes signature_over(const base::Bytes& bytes, EVP_PKEY* key) {
    const content::DigestContext context(EVP_MD_CTX_new());
    size_t length = 0;
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key);
    EVP_DigestSign(context.get(), nullptr, &length, bytes.data(), bytes.size());
    base::Bytes signature(length);
    EVP_DigestSign(context.get(), signature.data(), &length, bytes.data(), bytes.size());
    signature.resize(length);
    return signature;
}

// The key whose certificate is in the envelope, of those that may sign.
const content::Identity* key_of(const content::EnvelopeParts& parts) {
    std::vector<const content::Identity*> known = {&pki().root};
    for (const auto& [feed, signer] : pki().signers) {
        known.push_back(&signer.identity);
    }
    for (const content::Signer& signer : pki().heads) {
        known.push_back(&signer.identity);
    }
    for (const content::Identity* one : known) {
        const base::Digest digest = content::certificate_digest(one->certificate);
        for (const base::ByteView certificate : parts.certificates) {
            if (base::sha384(certificate) == digest) {
                return one;
            }
        }
    }
    return nullptr;
}

// The envelopes, each with the document that the first one has, digest and signature set right.
base::Bytes sign_again(const base::Bytes& bundle) {
    const auto envelopes = content::split_bundle(bundle);
    if (!envelopes.ok()) {
        return bundle;
    }
    base::Bytes out;
    std::optional<base::ByteView> document;
    for (const base::ByteView envelope : *envelopes) {
        auto parts = content::read_envelope(envelope);
        const content::Identity* key = parts.ok() ? key_of(*parts) : nullptr;
        if (key == nullptr) {
            return bundle;
        }
        document = document.value_or(parts->manifest);
        parts->manifest = *document;
        const base::Digest digest = base::sha384(*document);
        parts->message_digest = digest.bytes;
        const base::Bytes signature =
            signature_over(content::write_signed_attributes(*parts), key->key.get());
        parts->signature = signature;
        const base::Bytes written = content::write_envelope(*parts);
        out.insert(out.end(), written.begin(), written.end());
    }
    return out;
}

// The element that is the document: JSON is in no other.
test::DerNode* find_document(test::DerForest& forest) {
    for (test::DerNode& node : forest) {
        if (node.children.empty() && !node.contents.empty() && node.contents.front() == '{') {
            return &node;
        }
        if (test::DerNode* found = find_document(node.children)) {
            return found;
        }
    }
    return nullptr;
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
    const base::RandomStream stream(seed, base::Stream::kMutation);
    uint64_t n = 0;
    const test::Below below = [&](size_t bound) {
        return static_cast<size_t>(stream.below(bound, 0, n++));
    };
    auto forest = test::read_der({data, size});
    if (!forest || forest->empty() || below(4) == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    test::DerNode* document = below(2) == 0 ? find_document(*forest) : nullptr;
    if (document != nullptr) {
        change_node(*document, below);
    } else if (below(2) == 0) {
        change_node(test::pick_node(*forest, below), below);
    } else {
        test::DerForest other = *forest;
        change_der(*forest, other, static_cast<test::DerChange>(below(test::kDerChanges)), below);
    }
    base::Bytes changed = write_der(*forest);
    if (document != nullptr || below(2) == 0) {
        changed = sign_again(changed);
    }
    if (changed.size() > max_size) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    std::ranges::copy(changed, data);
    return changed.size();
}
