#include "base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace firebreak::base {

Sha256 sha256(ByteView bytes) {
    Sha256 digest;
    unsigned length = 0;
    // Fails only without memory or without a provider; neither can be mended here.
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) !=
        1) {
        std::abort();
    }
    return digest;
}

void keep_configuration_out() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

}  // namespace firebreak::base
