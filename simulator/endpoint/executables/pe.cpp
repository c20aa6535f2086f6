#include "endpoint/executables/pe.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>

#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/wrong.h"

namespace firebreak::endpoint::executables {

namespace {

using base::ByteView;
using base::Error;
using base::Result;
using base::Status;

// Those for which Windows, its boot loaders or EFI firmware have been built.
constexpr std::array<uint16_t, 11> kMachines = {
    pe::kMachineX86, pe::kMachineX64, pe::kMachineArm64,
    0x1c0,   // ARM
    0x1c2,   // Thumb
    0x1c4,   // ARMv7
    0x200,   // Itanium
    0xebc,   // EFI byte code
    0x5032,  // RISC-V 32
    0x5064,  // RISC-V 64
    0x6264,  // LoongArch 64
};

uint64_t round_up(uint64_t value, uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

// Where the headers are.
struct Layout {
    size_t coff = 0;
    size_t optional = 0;
    size_t optional_size = 0;
    size_t section_count = 0;

    size_t section_table() const { return optional + optional_size; }
};

Result<Layout> find_headers(ByteView bytes) {
    if (bytes.size() < pe::kDosHeaderBytes || bytes[0] != 'M' || bytes[1] != 'Z') {
        return wrong("no DOS header", 0);
    }
    Layout layout;
    layout.coff = u32_at(bytes, pe::kHeaderOffsetAt);
    if (layout.coff > bytes.size() || bytes.size() - layout.coff < pe::kCoffHeaderBytes) {
        return wrong("the PE header lies outside of the file", pe::kHeaderOffsetAt);
    }
    if (u32_at(bytes, layout.coff) != 0x4550) {  // "PE\0\0"
        return wrong("no PE header where the DOS header says", layout.coff);
    }
    layout.section_count = u16_at(bytes, layout.coff + 6);
    layout.optional = layout.coff + pe::kCoffHeaderBytes;
    layout.optional_size = u16_at(bytes, layout.coff + 20);
    const uint64_t needed = layout.optional_size + layout.section_count * pe::kSectionHeaderBytes;
    if (needed > bytes.size() - layout.optional) {
        return wrong("the section table lies outside of the file", layout.coff);
    }
    return layout;
}

Status read_directories(ByteView bytes, const Layout& layout, PeImage& image) {
    const size_t fixed = image.plus ? pe::kFixedOptionalHeaderPlus : pe::kFixedOptionalHeader;
    if (layout.optional_size < fixed) {
        return wrong("the optional header is too short", layout.coff + 20);
    }
    // More than sixteen may be claimed, and Windows looks at sixteen.
    const size_t count =
        std::min<size_t>(u32_at(bytes, layout.optional + fixed - 4), pe::kMostDirectories);
    if (layout.optional_size < fixed + count * pe::kDirectoryBytes) {
        return wrong("the optional header is too short for its data directories", layout.coff + 20);
    }
    for (size_t i = 0; i < count; ++i) {
        const size_t at = layout.optional + fixed + i * pe::kDirectoryBytes;
        image.directories.push_back({u32_at(bytes, at), u32_at(bytes, at + 4)});
        if (i == pe::kSecurityDirectory) {
            image.security_entry = {at, pe::kDirectoryBytes};
            image.certificate_table = {image.directories[i].address, image.directories[i].size};
        }
    }
    return {};
}

Status check_alignment(const PeImage& image, size_t optional) {
    if (!std::has_single_bit(image.section_alignment) ||
        !std::has_single_bit(image.file_alignment) ||
        image.section_alignment < image.file_alignment) {
        return wrong("alignments that no image has", optional + 32);
    }
    return {};
}

Status read_optional_header(ByteView bytes, const Layout& layout, PeImage& image) {
    const size_t at = layout.optional;
    const uint16_t magic = layout.optional_size >= 2 ? u16_at(bytes, at) : uint16_t{0};
    if (magic != pe::kMagic32 && magic != pe::kMagic32Plus) {
        return wrong("neither PE32 nor PE32+", at);
    }
    image.plus = magic == pe::kMagic32Plus;
    FB_CHECK(read_directories(bytes, layout, image));
    image.entry = u32_at(bytes, at + 16);
    image.section_alignment = u32_at(bytes, at + 32);
    image.file_alignment = u32_at(bytes, at + 36);
    image.size_of_image = u32_at(bytes, at + 56);
    image.size_of_headers = u32_at(bytes, at + 60);
    image.checksum_field = {at + pe::kChecksumInOptionalHeader, 4};
    image.subsystem = u16_at(bytes, at + 68);
    FB_CHECK(check_alignment(image, at));
    if (image.size_of_headers > bytes.size()) {
        return wrong("headers that are longer than the file", at + 60);
    }
    if (image.entry >= image.size_of_image) {
        return wrong("an entry point outside of the image", at + 16);
    }
    return {};
}

PeSection read_section(ByteView bytes, size_t at) {
    PeSection section;
    const std::string_view name = base::text_of(bytes.subspan(at, 8));
    section.name = name.substr(0, name.find('\0'));
    section.virtual_size = u32_at(bytes, at + 8);
    section.virtual_address = u32_at(bytes, at + 12);
    section.raw = {u32_at(bytes, at + 20), u32_at(bytes, at + 16)};
    section.characteristics = u32_at(bytes, at + 36);
    if (section.raw.size == 0) {
        section.raw.offset = 0;  // says nothing: there are no such bytes
    }
    return section;
}

Status read_sections(ByteView bytes, const Layout& layout, PeImage& image) {
    if (layout.section_count == 0) {
        return wrong("no sections", layout.coff + 6);
    }
    uint64_t memory_end = 0;
    const uint64_t image_end = round_up(image.size_of_image, image.section_alignment);
    for (size_t i = 0; i < layout.section_count; ++i) {
        const size_t at = layout.section_table() + i * pe::kSectionHeaderBytes;
        PeSection section = read_section(bytes, at);
        if (section.raw.end() > bytes.size()) {
            return wrong("a section that lies outside of the file", at);
        }
        const uint64_t in_memory =
            section.virtual_size != 0 ? section.virtual_size : section.raw.size;
        if (section.virtual_address < memory_end ||
            section.virtual_address + in_memory > image_end) {
            return wrong("sections that overlap in memory or leave the image", at);
        }
        memory_end = section.virtual_address + in_memory;
        image.content_end = std::max(image.content_end, section.raw.end());
        image.sections.push_back(std::move(section));
    }
    image.content_end = std::max(
        {image.content_end, uint64_t{image.size_of_headers},
         uint64_t{layout.section_table() + layout.section_count * pe::kSectionHeaderBytes}});
    return {};
}

bool table_follows(const PeImage& image, uint64_t file_size) {
    return image.certificate_table.size > 0 &&
           image.certificate_table.offset >= image.content_end &&
           image.certificate_table.end() <= file_size;
}

// A certificate table in a place where it hides nothing that runs.
Status check_table_place(ByteView bytes, const PeImage& image) {
    const Range& table = image.certificate_table;
    const uint64_t at = image.security_entry.offset;
    if (table.end() > bytes.size()) {
        return wrong("the certificate table lies outside of the file", at);
    }
    if (table.offset < image.content_end) {
        return wrong("the certificate table lies within headers or sections", at);
    }
    if (table.offset % pe::kCertificateAlignment != 0) {
        return wrong("the certificate table is not at a multiple of 8", at);
    }
    if (table.end() != bytes.size()) {
        return wrong("bytes follow the certificate table", table.end());
    }
    return {};
}

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

}  // namespace

Result<PeImage> parse_pe(ByteView bytes) {
    Effort effort(std::numeric_limits<uint64_t>::max());
    return parse_pe(bytes, effort);
}

Result<PeImage> parse_pe(ByteView bytes, Effort& effort) {
    FB_TRY(const Layout layout, find_headers(bytes));
    if (!effort.spend(1 + layout.section_count)) {
        return wrong("more sections than there is time for", layout.coff + 6);
    }
    PeImage image;
    image.machine = u16_at(bytes, layout.coff + 4);
    image.characteristics = u16_at(bytes, layout.coff + 22);
    if (std::ranges::find(kMachines, image.machine) == kMachines.end()) {
        return wrong("a machine type that nobody has", layout.coff + 4);
    }
    FB_CHECK(read_optional_header(bytes, layout, image));
    FB_CHECK(read_sections(bytes, layout, image));
    const bool follows = table_follows(image, bytes.size());
    const uint64_t overlay_end = follows ? image.certificate_table.offset : bytes.size();
    image.overlay = {image.content_end, overlay_end - image.content_end};
    image.length = follows ? image.certificate_table.end() : image.content_end;
    return image;
}

Result<std::vector<AttributeCertificate>> certificates_of(ByteView bytes, const PeImage& image) {
    std::vector<AttributeCertificate> certificates;
    if (image.certificate_table.size == 0) {
        return certificates;
    }
    FB_CHECK(check_table_place(bytes, image));
    ByteView rest = bytes.subspan(image.certificate_table.offset);
    while (!rest.empty()) {
        const uint64_t at = bytes.size() - rest.size();
        const uint64_t size = rest.size() >= 4 ? u32_at(rest, 0) : 0;
        const uint64_t padded = round_up(size, pe::kCertificateAlignment);
        if (size < pe::kCertificateHeaderBytes || padded > rest.size()) {
            return wrong("a certificate that does not fit into the table", at);
        }
        if (certificates.size() == kMostCertificates) {
            return wrong(fmt::format("more than {} certificates", kMostCertificates), at);
        }
        certificates.push_back(
            {u16_at(rest, 4), u16_at(rest, 6),
             rest.subspan(pe::kCertificateHeaderBytes, size - pe::kCertificateHeaderBytes),
             rest.subspan(size, padded - size)});
        rest = rest.subspan(padded);
    }
    return certificates;
}

Result<std::vector<Range>> digested_ranges(ByteView bytes, const PeImage& image) {
    uint64_t end = bytes.size();
    if (image.certificate_table.size != 0) {
        FB_CHECK(check_table_place(bytes, image));
        end = image.certificate_table.offset;
    }
    for (const PeSection& section : image.sections) {
        if (section.raw.overlaps(image.checksum_field) ||
            section.raw.overlaps(image.security_entry)) {
            return wrong("a section lies on bytes of the header that no signature covers",
                         section.raw.offset);
        }
    }
    std::vector<Range> ranges;
    uint64_t at = 0;
    const auto leave_out = [&](const Range& field) {
        ranges.push_back({at, field.offset - at});
        at = field.end();
    };
    leave_out(image.checksum_field);
    if (image.security_entry.size != 0) {
        leave_out(image.security_entry);
    }
    ranges.push_back({at, end - at});
    return ranges;
}

Result<Sha256> authenticode_digest(ByteView bytes, const PeImage& image) {
    base::keep_configuration_out();
    FB_TRY(const std::vector<Range> ranges, digested_ranges(bytes, image));
    const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    for (const Range& range : ranges) {
        EVP_DigestUpdate(context.get(), bytes.data() + range.offset, range.size);
    }
    constexpr std::array<uint8_t, pe::kCertificateAlignment> kZeros{};
    const uint64_t end = ranges.back().end();
    EVP_DigestUpdate(context.get(), kZeros.data(), round_up(end, kZeros.size()) - end);
    Sha256 digest{};
    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
    return digest;
}

uint32_t pe_checksum(ByteView bytes, const PeImage& image) {
    const auto byte_at = [&](uint64_t at) -> uint32_t {
        const bool counts = at < bytes.size() &&
                            (at < image.checksum_field.offset || at >= image.checksum_field.end());
        return counts ? bytes[at] : 0;
    };
    uint32_t sum = 0;
    for (uint64_t at = 0; at < bytes.size(); at += 2) {
        sum += byte_at(at) | byte_at(at + 1) << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum + static_cast<uint32_t>(bytes.size());
}

}  // namespace firebreak::endpoint::executables
