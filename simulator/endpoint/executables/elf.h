// ELF programs and shared libraries, 32 and 64 bits, little-endian, known by parsing them. The
// bytes may be anything. Field names and sizes follow the System V ABI, "Object Files".
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "endpoint/executables/effort.h"

namespace firebreak::endpoint::executables {

struct ElfImage {
    bool wide = false;  // ELF64
    uint16_t type = 0;  // 2: program, 3: shared object
    uint16_t machine = 0;
    uint64_t entry = 0;
    uint16_t segments = 0;
    // Of the file: to the end of its segments and, where that is in bounds, its section table.
    uint64_t length = 0;
};

// What can be started or loaded: a header, and program headers in bounds with at least one segment
// to load. Object files and core dumps are neither. Errors name the byte.
base::Result<ElfImage> parse_elf(base::ByteView bytes);
// The same, for searches; error also: more effort than is allowed.
base::Result<ElfImage> parse_elf(base::ByteView bytes, Effort& effort);

}  // namespace firebreak::endpoint::executables
