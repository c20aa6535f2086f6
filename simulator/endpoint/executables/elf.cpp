#include "endpoint/executables/elf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/wrong.h"

namespace firebreak::endpoint::executables {

namespace {

using base::ByteView;
using base::Error;
using base::Result;
using base::Status;

constexpr uint32_t kMagic = 0x464c457f;  // 0x7f "ELF"
constexpr uint16_t kProgram = 2;
constexpr uint16_t kSharedObject = 3;
constexpr uint32_t kLoad = 1;
constexpr uint16_t kCountIsElsewhere = 0xffff;

// Offsets in the header, and sizes of what it points to.
struct Shape {
    size_t header;
    size_t word;  // width of addresses and offsets
    size_t segment_table_at;
    size_t section_table_at;
    size_t header_size_at;  // followed by size and count of segment and section headers
    size_t segment;
    size_t section;
    size_t file_offset, file_size, memory_size, alignment;  // in a program header
};
constexpr Shape kShape32 = {52, 4, 28, 32, 40, 32, 40, 4, 16, 20, 28};
constexpr Shape kShape64 = {64, 8, 32, 40, 52, 56, 64, 8, 32, 40, 48};

bool fits(uint64_t offset, uint64_t size, uint64_t file_size) {
    return offset <= file_size && size <= file_size - offset;
}

Result<const Shape*> shape_of(ByteView bytes) {
    if (bytes.size() < kShape32.header || u32_at(bytes, 0) != kMagic) {
        return wrong("no ELF header", 0);
    }
    // Linux looks neither at versions nor at the size of the header: nor do we, lest a program that
    // runs is passed over.
    const bool wide = bytes[4] == 2;
    if ((!wide && bytes[4] != 1) || bytes[5] != 1) {
        return wrong("not ELF32 or ELF64, little-endian", 4);
    }
    const Shape* shape = wide ? &kShape64 : &kShape32;
    if (bytes.size() < shape->header) {
        return wrong("a header that ends early", 0);
    }
    return shape;
}

// Whether it is loaded into memory.
Result<bool> read_segment(ByteView bytes, const Shape& shape, size_t at, ElfImage& image) {
    const uint64_t offset = number_at(bytes, at + shape.file_offset, shape.word);
    const uint64_t size = number_at(bytes, at + shape.file_size, shape.word);
    const uint64_t alignment = number_at(bytes, at + shape.alignment, shape.word);
    const bool loaded = u32_at(bytes, at) == kLoad;
    if (size > 0 && !fits(offset, size, bytes.size())) {
        return wrong("a segment that lies outside of the file", at);
    }
    if (loaded && (size > number_at(bytes, at + shape.memory_size, shape.word) ||
                   (alignment != 0 && !std::has_single_bit(alignment)))) {
        return wrong("a segment that nobody can load", at);
    }
    if (size > 0) {
        image.length = std::max(image.length, offset + size);
    }
    return loaded;
}

Status read_segments(ByteView bytes, const Shape& shape, ElfImage& image, Effort& effort) {
    const uint64_t table = number_at(bytes, shape.segment_table_at, shape.word);
    image.segments = u16_at(bytes, shape.header_size_at + 4);
    if (u16_at(bytes, shape.header_size_at + 2) != shape.segment || image.segments == 0 ||
        image.segments == kCountIsElsewhere ||
        !fits(table, image.segments * shape.segment, bytes.size())) {
        return wrong("no program headers in bounds of the file", shape.segment_table_at);
    }
    if (!effort.spend(image.segments)) {
        return wrong("more segments than there is time for", shape.segment_table_at);
    }
    image.length = std::max<uint64_t>(shape.header, table + image.segments * shape.segment);
    bool any_loaded = false;
    for (size_t i = 0; i < image.segments; ++i) {
        FB_TRY(const bool loaded, read_segment(bytes, shape, table + i * shape.segment, image));
        any_loaded = any_loaded || loaded;
    }
    return any_loaded ? Status() : wrong("no segment to load", table);
}

// Sections are not needed to run, and stripped files may point to where none are any more.
void add_section_table(ByteView bytes, const Shape& shape, ElfImage& image) {
    const uint64_t table = number_at(bytes, shape.section_table_at, shape.word);
    const uint64_t size = u16_at(bytes, shape.header_size_at + 8) * shape.section;
    if (u16_at(bytes, shape.header_size_at + 6) == shape.section &&
        fits(table, size, bytes.size())) {
        image.length = std::max(image.length, table + size);
    }
}

}  // namespace

Result<ElfImage> parse_elf(ByteView bytes) {
    Effort effort(std::numeric_limits<uint64_t>::max());
    return parse_elf(bytes, effort);
}

Result<ElfImage> parse_elf(ByteView bytes, Effort& effort) {
    FB_TRY(const Shape* shape, shape_of(bytes));
    if (!effort.spend(1)) {
        return wrong("more candidates than there is time for", 0);
    }
    ElfImage image;
    image.wide = shape == &kShape64;
    image.type = u16_at(bytes, 16);
    image.machine = u16_at(bytes, 18);
    image.entry = number_at(bytes, 24, shape->word);
    if (image.type != kProgram && image.type != kSharedObject) {
        return wrong("neither a program nor a shared object", 16);
    }
    FB_CHECK(read_segments(bytes, *shape, image, effort));
    add_section_table(bytes, *shape, image);
    return image;
}

}  // namespace firebreak::endpoint::executables
