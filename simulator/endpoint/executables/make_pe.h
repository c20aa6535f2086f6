// Makes small executables for scenarios and tests, and signs them. What it makes is well-formed and
// harmless unless its sections are not.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "content/pki.h"

namespace firebreak::endpoint::executables {

enum class Machine { kX86, kX64, kArm64 };  // x86 makes PE32, the others PE32+

struct NewSection {
    std::string name;  // 1 to 8 characters
    base::Bytes bytes;
};

struct NewPe {
    Machine machine = Machine::kX64;
    // Sections named .text run, .data and .bss are written to, all others are read.
    std::vector<NewSection> sections;
    uint32_t entry = 0;  // offset of the first instruction in the first section
};

inline constexpr size_t kMostNewSections = 96;  // what Windows XP loads
inline constexpr uint64_t kMostNewBytes = 256 * 1024 * 1024;

// A console program without imports, the same bytes for the same options. Errors: no sections or
// too many, a name or contents that a section cannot have, an entry point outside of the first.
base::Result<base::Bytes> make_pe(const NewPe& options);

// Puts an Authenticode signature into a PE that has none: SHA-256, without a time, the chain of the
// signer in it. The file is rounded up to a multiple of 8 and its checksum is set. Errors: not a PE
// that can carry a signature, one that is signed already; a key that is neither RSA nor ECDSA, or
// not that of the certificate.
base::Result<base::Bytes> sign_authenticode(base::ByteView pe, const content::Signer& signer);

}  // namespace firebreak::endpoint::executables
