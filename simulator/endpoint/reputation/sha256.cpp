#include "endpoint/reputation/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace firebreak::endpoint::reputation {

Sha256 sha256(base::ByteView bytes) {
    Sha256 digest;
    unsigned length = 0;
    // Fails only without memory or without a provider; neither can be mended here.
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        std::abort();
    }
    return digest;
}

}  // namespace firebreak::endpoint::reputation
