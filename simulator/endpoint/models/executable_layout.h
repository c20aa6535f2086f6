// PE and ELF in the same words, as features need them.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace firebreak::endpoint::models {

struct LayoutSection {
    base::ByteView bytes;  // in the file
    uint64_t memory_address = 0;
    uint64_t memory_size = 0;
    bool executable = false;
    bool writable = false;
};

struct ExecutableLayout {
    bool pe = false;    // else ELF
    bool wide = false;  // 64 bits
    // A PE's, or an ELF's segments that are loaded; the first kMostSections of them.
    std::vector<LayoutSection> sections;
    std::optional<size_t> entry_section;  // that the entry point lies in
    base::ByteView overlay;
    uint64_t libraries = 0;  // that it imports from, and functions from there; each at most
    uint64_t functions = 0;  // kMostImports
    uint64_t resource_bytes = 0;
    bool relocations = false;
};
inline constexpr uint64_t kMostImports = 65'536;
inline constexpr size_t kMostSections = 128;  // Windows loads no program with more than 96

// nullopt: neither, or one that its parser refuses (endpoint/executables). Any bytes will do; the
// layout is views into them. Linear in the bytes.
std::optional<ExecutableLayout> layout_of(base::ByteView bytes);

}  // namespace firebreak::endpoint::models
