// SHA-256: what files and signing certificates go by in the field's lists of reputations and in
// signatures of programs.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace firebreak::base {

using Sha256 = std::array<uint8_t, 32>;

// By OpenSSL. A process that may not read OpenSSL's configuration says so before the first call
// (keep_configuration_out).
Sha256 sha256(ByteView bytes);

// Else the first use of OpenSSL reads the machine's configuration: a locked-down worker has no file
// system to read it from, and no verdict may depend on it. May be called any number of times.
void keep_configuration_out();

}  // namespace firebreak::base
