// What a built program asks of the system's loader, read from the file itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace firebreak::structure {

struct ElfNames {
    std::vector<std::string> needed_libraries;  // DT_NEEDED: "libc.so.6"
    std::vector<std::string> symbols;           // of the symbol table, defined and undefined
};

// Fails for what is missing or no little-endian 64-bit ELF file with section headers.
base::Result<ElfNames> read_elf_names(const std::filesystem::path& file);
// The same from bytes; `place` serves messages.
base::Result<ElfNames> parse_elf_names(std::string_view bytes, const std::string& place);

}  // namespace firebreak::structure
