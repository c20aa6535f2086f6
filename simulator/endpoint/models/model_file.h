// A model's payload, judged by its bytes before the dynamic linker gets to see them: glibc believes
// what a library says of itself. What passes is still code that somebody else wrote, and runs in a
// process that has no rights. Field names follow the System V ABI and the GNU extensions to it.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/outcome.h"

namespace firebreak::endpoint::models {

inline constexpr uint64_t kMaxModelBytes = 64 * 1024 * 1024;    // of the file
inline constexpr uint64_t kMaxModelMemory = 256 * 1024 * 1024;  // once it is loaded

struct ModelRefusal {
    base::Code code = base::Code::kModelMalformed;
    base::Evidence evidence;  // never empty; printable
};

// Why this is no model that may be loaded; nullopt if it is one. `bytes` may be anything. Linear in
// the bytes. Says with
// - kModelMalformed: not a shared library (ELF64, little-endian, x86-64, ET_DYN), one that is cut
//   off, too large, or whose headers, dynamic section, symbols and relocations leave the bounds
//   that they say themselves;
// - kModelOverreaches: asks for what models may not have: another library than libc.so.6 and
//   libm.so.6, a search path, an executable stack, memory that is both writable and executable,
//   relocations in code, thread-local data, code that chooses code while it is loaded, or a tag of
//   the dynamic section that is not on the list;
// - kModelAbi: no function `firebreak_model` among its exports.
std::optional<ModelRefusal> refuse_model_file(base::ByteView bytes);

}  // namespace firebreak::endpoint::models
