#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace firebreak::base {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

// OpenSSL's digests fail only without memory or without a provider; neither can be mended here.
void require(int succeeded) {
    if (succeeded != 1) {
        std::abort();
    }
}

}  // namespace

std::string to_hex(ByteView bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const uint8_t byte : bytes) {
        out.push_back(kDigits[byte >> 4]);
        out.push_back(kDigits[byte & 15]);
    }
    return out;
}

Result<Bytes> from_hex(std::string_view hex) {
    Bytes out;
    int high = -1;
    for (const char c : hex) {
        if (high < 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
            continue;
        }
        const int value = hex_value(c);
        if (value < 0) {
            return Error{"not hexadecimal", "", "write pairs of the digits 0-9 and a-f"};
        }
        if (high < 0) {
            high = value;
        } else {
            out.push_back(static_cast<uint8_t>(high * 16 + value));
            high = -1;
        }
    }
    if (high >= 0) {
        return Error{"an odd number of hexadecimal digits", "", "write pairs"};
    }
    return out;
}

std::string Digest::hex() const {
    return to_hex(bytes);
}

Digest sha384(ByteView bytes) {
    Digest digest;
    unsigned length = 0;
    require(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &length, EVP_sha384(),
                       nullptr));
    return digest;
}

struct Sha384::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Sha384::Sha384() : state_(std::make_unique<State>()) {
    require(EVP_DigestInit_ex(state_->context, EVP_sha384(), nullptr));
}
Sha384::~Sha384() = default;
Sha384::Sha384(Sha384&&) noexcept = default;
Sha384& Sha384::operator=(Sha384&&) noexcept = default;

void Sha384::add(ByteView bytes) {
    require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

Digest Sha384::finish() {
    Digest digest;
    unsigned length = 0;
    require(EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &length));
    return digest;
}

Result<Digest> parse_digest(std::string_view hex) {
    const Error bad{"not a SHA-384 digest", "", "write 96 lower-case hexadecimal digits"};
    Digest digest;
    if (hex.size() != digest.bytes.size() * 2) {
        return bad;
    }
    for (size_t i = 0; i < hex.size(); ++i) {
        if (hex[i] >= 'A' && hex[i] <= 'F') {
            return bad;
        }
        const int value = hex_value(hex[i]);
        if (value < 0) {
            return bad;
        }
        digest.bytes[i / 2] = static_cast<uint8_t>(digest.bytes[i / 2] * 16 + value);
    }
    return digest;
}

std::string Fingerprint::text() const {
    return fmt::format("{:04x}-{:04x}-{:04x}-{:04x}", sum_ >> 48, sum_ >> 32 & 0xffff,
                       sum_ >> 16 & 0xffff, sum_ & 0xffff);
}

}  // namespace firebreak::base
