// Executables inside of other content: streams, documents, archives that store without compressing.
// Found by parsing: "MZ" in a text is no program.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace firebreak::endpoint::executables {

// Append only.
enum class ExecutableKind : uint8_t { kPe32 = 0, kPe32Plus = 1, kElf32 = 2, kElf64 = 3 };

std::string_view to_text(ExecutableKind kind);  // "PE32+"

struct FoundExecutable {
    ExecutableKind kind = ExecutableKind::kPe32;
    uint64_t offset = 0;
    uint64_t length = 0;  // offset + length is in bounds

    friend bool operator==(const FoundExecutable&, const FoundExecutable&) = default;
};

struct SearchLimits {
    size_t executables = 256;
    // Of parsing (effort.h); looking for candidates costs one pass over the bytes besides.
    uint64_t steps_per_byte = 2;
    uint64_t least_steps = 100'000;  // however few bytes there are
};

struct SearchResult {
    std::vector<FoundExecutable> found;  // by offset; one may lie in another
    // Nothing was left out. If not, a limit was met: content that does that on purpose has to be
    // treated as content that could not be searched.
    bool complete = true;
    uint64_t steps = 0;
};

// Work is linear in the bytes whatever they are: at most steps_per_byte for each, and at least
// least_steps.
SearchResult find_executables(base::ByteView bytes, const SearchLimits& limits = {});

}  // namespace firebreak::endpoint::executables
