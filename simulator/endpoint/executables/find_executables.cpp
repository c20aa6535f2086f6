#include "endpoint/executables/find_executables.h"

#include <algorithm>
#include <optional>

#include "endpoint/executables/effort.h"
#include "endpoint/executables/elf.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::executables {

namespace {

using base::ByteView;

// Cheaper than a parser's refusal, which is text for people: nearly every candidate ends here.
bool leads_to_pe_header(ByteView bytes) {
    if (bytes.size() < pe::kDosHeaderBytes) {
        return false;
    }
    const uint64_t header = u32_at(bytes, pe::kHeaderOffsetAt);
    return header + pe::kCoffHeaderBytes <= bytes.size() && u32_at(bytes, header) == 0x4550;
}

bool starts_with_elf(ByteView bytes) {
    return bytes.size() >= 4 && bytes[1] == 'E' && bytes[2] == 'L' && bytes[3] == 'F';
}

// The executable that starts here. `bytes` go on to the end of the content.
std::optional<FoundExecutable> executable_at(ByteView bytes, uint64_t offset, Effort& effort) {
    if (bytes[0] == 'M' && leads_to_pe_header(bytes)) {
        if (const auto image = parse_pe(bytes, effort); image.ok()) {
            return FoundExecutable{image->plus ? ExecutableKind::kPe32Plus : ExecutableKind::kPe32,
                                   offset, image->length};
        }
    } else if (bytes[0] == 0x7f && starts_with_elf(bytes)) {
        if (const auto image = parse_elf(bytes, effort); image.ok()) {
            return FoundExecutable{image->wide ? ExecutableKind::kElf64 : ExecutableKind::kElf32,
                                   offset, image->length};
        }
    }
    return std::nullopt;
}

bool may_start(ByteView bytes, size_t at) {
    const uint8_t first = bytes[at];
    if (first != 'M' && first != 0x7f) {
        return false;
    }
    return at + 1 < bytes.size() && bytes[at + 1] == (first == 'M' ? 'Z' : 'E');
}

}  // namespace

std::string_view to_text(ExecutableKind kind) {
    switch (kind) {
        case ExecutableKind::kPe32:
            return "PE32";
        case ExecutableKind::kPe32Plus:
            return "PE32+";
        case ExecutableKind::kElf32:
            return "ELF32";
        case ExecutableKind::kElf64:
            return "ELF64";
    }
    return "unknown";
}

SearchResult find_executables(ByteView bytes, const SearchLimits& limits) {
    Effort effort(std::max(limits.least_steps, bytes.size() * limits.steps_per_byte));
    SearchResult result;
    for (size_t at = 0; at < bytes.size(); ++at) {
        if (!may_start(bytes, at)) {
            continue;
        }
        if (!effort.spend(1)) {
            break;
        }
        const auto found = executable_at(bytes.subspan(at), at, effort);
        if (found && result.found.size() == limits.executables) {
            result.complete = false;
            break;
        }
        if (found) {
            result.found.push_back(*found);
        }
    }
    result.complete = result.complete && !effort.used_up();
    result.steps = effort.spent();
    return result;
}

}  // namespace firebreak::endpoint::executables
