#include "endpoint/models/executable_layout.h"

#include <algorithm>

#include "endpoint/executables/elf.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::models {

namespace {

using base::ByteView;
using namespace executables;

// Views of at most what is there.
ByteView part_of(ByteView bytes, uint64_t offset, uint64_t size) {
    if (offset >= bytes.size()) {
        return {};
    }
    return bytes.subspan(offset, std::min<uint64_t>(size, bytes.size() - offset));
}

void find_entry(ExecutableLayout& layout, uint64_t entry) {
    for (size_t i = 0; i < layout.sections.size(); ++i) {
        const LayoutSection& section = layout.sections[i];
        if (entry >= section.memory_address &&
            entry - section.memory_address < section.memory_size) {
            layout.entry_section = i;
            return;
        }
    }
}

// --- PE ------------------------------------------------------------------------------------------

constexpr size_t kImportDirectory = 1;
constexpr size_t kResourceDirectory = 2;
constexpr size_t kRelocationDirectory = 5;
constexpr size_t kImportDescriptorBytes = 20;

// The file's bytes from this address of memory on, to the end of its section.
ByteView at_address(const ExecutableLayout& layout, uint64_t address) {
    for (const LayoutSection& section : layout.sections) {
        if (address >= section.memory_address &&
            address - section.memory_address < section.bytes.size()) {
            return section.bytes.subspan(address - section.memory_address);
        }
    }
    return {};
}

// Entries up to a zero.
uint64_t count_thunks(ByteView thunks, size_t width, uint64_t most) {
    uint64_t count = 0;
    while (count < most && thunks.size() >= width && number_at(thunks, 0, width) != 0) {
        ++count;
        thunks = thunks.subspan(width);
    }
    return count;
}

// `at_address` goes through all sections, so the libraries for which it is asked are bounded too.
void count_imports(ExecutableLayout& layout, const DataDirectory& directory) {
    constexpr uint64_t kMostLibrariesFollowed = 1024;
    ByteView descriptors = at_address(layout, directory.address);
    while (descriptors.size() >= kImportDescriptorBytes && layout.libraries < kMostImports) {
        const uint32_t names = u32_at(descriptors, 0);
        const uint32_t addresses = u32_at(descriptors, 16);
        if (addresses == 0) {
            break;
        }
        if (layout.libraries < kMostLibrariesFollowed) {
            layout.functions += count_thunks(at_address(layout, names != 0 ? names : addresses),
                                             layout.wide ? 8 : 4, kMostImports - layout.functions);
        }
        ++layout.libraries;
        descriptors = descriptors.subspan(kImportDescriptorBytes);
    }
}

ExecutableLayout layout_of_pe(ByteView bytes, const PeImage& image) {
    ExecutableLayout layout;
    layout.pe = true;
    layout.wide = image.plus;
    for (const PeSection& section : image.sections) {
        if (layout.sections.size() == kMostSections) {
            break;
        }
        const uint64_t memory = section.virtual_size != 0 ? section.virtual_size : section.raw.size;
        layout.sections.push_back({part_of(bytes, section.raw.offset, section.raw.size),
                                   section.virtual_address, memory,
                                   (section.characteristics & pe::kMayExecute) != 0,
                                   (section.characteristics & pe::kMayWrite) != 0});
    }
    layout.overlay = part_of(bytes, image.overlay.offset, image.overlay.size);
    find_entry(layout, image.entry);
    const auto directory = [&](size_t index) {
        return index < image.directories.size() ? image.directories[index] : DataDirectory{};
    };
    if (directory(kImportDirectory).address != 0) {
        count_imports(layout, directory(kImportDirectory));
    }
    layout.resource_bytes = std::min<uint64_t>(directory(kResourceDirectory).size, bytes.size());
    layout.relocations = directory(kRelocationDirectory).size != 0;
    return layout;
}

// --- ELF -----------------------------------------------------------------------------------------

constexpr uint32_t kLoadedSegment = 1;
constexpr uint32_t kDynamicSegment = 2;
constexpr uint32_t kExecuteFlag = 1;
constexpr uint32_t kWriteFlag = 2;
constexpr uint64_t kNoMoreTags = 0;
constexpr uint64_t kNeeded = 1;
constexpr uint64_t kLinkageBytes = 2;
constexpr uint64_t kRela = 7;
constexpr uint64_t kRel = 17;

void read_dynamic(ByteView dynamic, ExecutableLayout& layout) {
    const size_t word = layout.wide ? 8 : 4;
    const uint64_t linkage_entry = layout.wide ? 24 : 8;
    for (; dynamic.size() >= 2 * word; dynamic = dynamic.subspan(2 * word)) {
        const uint64_t tag = number_at(dynamic, 0, word);
        const uint64_t value = number_at(dynamic, word, word);
        if (tag == kNoMoreTags) {
            return;
        }
        if (tag == kNeeded) {
            layout.libraries = std::min(layout.libraries + 1, kMostImports);
        } else if (tag == kLinkageBytes) {
            layout.functions = std::min(value / linkage_entry, kMostImports);
        } else if (tag == kRela || tag == kRel) {
            layout.relocations = true;
        }
    }
}

// The parser has found all program headers, and what they point to, in bounds.
ExecutableLayout layout_of_elf(ByteView bytes, const ElfImage& image) {
    ExecutableLayout layout;
    layout.wide = image.wide;
    const size_t word = image.wide ? 8 : 4;
    const size_t header_bytes = image.wide ? 56 : 32;
    const uint64_t table = number_at(bytes, image.wide ? 32 : 28, word);
    ByteView dynamic;
    for (size_t i = 0; i < image.segments; ++i) {
        const size_t at = table + i * header_bytes;
        const size_t offset_at = at + (image.wide ? 8 : 4);
        const uint32_t type = u32_at(bytes, at);
        const uint32_t flags = u32_at(bytes, at + (image.wide ? 4 : 24));
        const ByteView contents = part_of(bytes, number_at(bytes, offset_at, word),
                                          number_at(bytes, offset_at + 3 * word, word));
        if (type == kLoadedSegment && layout.sections.size() < kMostSections) {
            layout.sections.push_back({contents, number_at(bytes, offset_at + word, word),
                                       number_at(bytes, offset_at + 4 * word, word),
                                       (flags & kExecuteFlag) != 0, (flags & kWriteFlag) != 0});
        } else if (type == kDynamicSegment && dynamic.empty()) {
            dynamic = contents;
        }
    }
    read_dynamic(dynamic, layout);
    layout.overlay = part_of(bytes, image.length, bytes.size());
    find_entry(layout, image.entry);
    return layout;
}

}  // namespace

std::optional<ExecutableLayout> layout_of(ByteView bytes) {
    if (const auto image = parse_pe(bytes); image.ok()) {
        return layout_of_pe(bytes, *image);
    }
    if (const auto image = parse_elf(bytes); image.ok()) {
        return layout_of_elf(bytes, *image);
    }
    return std::nullopt;
}

}  // namespace firebreak::endpoint::models
