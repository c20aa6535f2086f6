// SHA-256: what files and signing certificates go by here, as in the field's lists of reputations.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace firebreak::endpoint::reputation {

using Sha256 = std::array<uint8_t, 32>;

// By OpenSSL. A process that may not read OpenSSL's configuration says so before the first call.
Sha256 sha256(base::ByteView bytes);

}  // namespace firebreak::endpoint::reputation
