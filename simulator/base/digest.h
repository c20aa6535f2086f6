// SHA-384 digests, and the order-independent fingerprint of a run.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace firebreak::base {

// A SHA-384 digest. Default-constructed: all zero, which stands for "none".
struct Digest {
    std::array<uint8_t, 48> bytes{};

    bool none() const { return *this == Digest{}; }
    std::string hex() const;  // 96 lower-case digits
    friend auto operator<=>(const Digest&, const Digest&) = default;
};

Digest sha384(ByteView bytes);

// The SHA-384 of bytes that come piece by piece.
class Sha384 {
  public:
    Sha384();
    ~Sha384();
    Sha384(Sha384&&) noexcept;
    Sha384& operator=(Sha384&&) noexcept;

    void add(ByteView bytes);
    // Of all that was added. The last call: a digest is taken once.
    Digest finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Exactly 96 lower-case hexadecimal digits, or an error.
Result<Digest> parse_digest(std::string_view hex);

std::string to_hex(ByteView bytes);
// An even number of hexadecimal digits; blanks between pairs are passed over.
Result<Bytes> from_hex(std::string_view hex);

// Sums up integers that describe a run. Terms may be added in any order.
class Fingerprint {
  public:
    template <class... Integer>
    void add(Integer... parts) {
        uint64_t term = sizeof...(parts);
        ((term = mix64(term ^ static_cast<uint64_t>(parts))), ...);
        sum_ += mix64(term);
    }
    uint64_t value() const { return sum_; }
    // "53de-64a7-0c1b-9e2f".
    std::string text() const;

  private:
    uint64_t sum_ = 0;
};

}  // namespace firebreak::base

template <>
struct std::hash<firebreak::base::Digest> {
    size_t operator()(const firebreak::base::Digest& digest) const noexcept {
        size_t value;
        std::memcpy(&value, digest.bytes.data(), sizeof value);
        return value;
    }
};
