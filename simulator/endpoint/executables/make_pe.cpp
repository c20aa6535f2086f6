#include "endpoint/executables/make_pe.h"

#include <fmt/format.h>

#include <algorithm>

#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/pe.h"

namespace firebreak::endpoint::executables {

namespace {

using base::Bytes;
using base::Error;
using base::Result;
using base::Status;

constexpr size_t kCoffAt = pe::kDosHeaderBytes;
constexpr size_t kOptionalAt = kCoffAt + pe::kCoffHeaderBytes;
constexpr uint32_t kSectionAlignment = 0x1000;
constexpr uint32_t kFileAlignment = 0x200;

uint32_t round_up(uint64_t value, uint32_t alignment) {
    return static_cast<uint32_t>((value + alignment - 1) / alignment * alignment);
}

uint16_t number_of(Machine machine) {
    switch (machine) {
        case Machine::kX86:
            return pe::kMachineX86;
        case Machine::kX64:
            return pe::kMachineX64;
        case Machine::kArm64:
            return pe::kMachineArm64;
    }
    return 0;
}

uint32_t characteristics_of(const std::string& name) {
    if (name == ".text") {
        return pe::kContainsCode | pe::kMayExecute | pe::kMayRead;
    }
    const bool written = name == ".data" || name == ".bss";
    return pe::kContainsData | pe::kMayRead | (written ? pe::kMayWrite : 0);
}

Status check(const NewPe& options) {
    if (options.sections.empty() || options.sections.size() > kMostNewSections) {
        return Error{fmt::format("{} sections", options.sections.size()), "",
                     fmt::format("name 1 to {}", kMostNewSections)};
    }
    uint64_t bytes = 0;
    for (const NewSection& section : options.sections) {
        if (section.name.empty() || section.name.size() > 8) {
            return Error{fmt::format("a section named `{}`", section.name), "",
                         "names have 1 to 8 characters"};
        }
        if (section.bytes.empty()) {
            return Error{fmt::format("section `{}` is empty", section.name), "",
                         "give it at least one byte"};
        }
        bytes += section.bytes.size();
    }
    if (bytes > kMostNewBytes) {
        return Error{fmt::format("sections of {} bytes", bytes), "",
                     fmt::format("at most {} are allowed", kMostNewBytes)};
    }
    if (options.entry >= options.sections.front().bytes.size()) {
        return Error{fmt::format("an entry point at byte {}", options.entry), "",
                     "it has to be in the first section"};
    }
    return {};
}

// Sizes that follow from the options.
struct Plan {
    bool plus = true;
    size_t fixed = 0;  // of the optional header, before its directories
    size_t section_table = 0;
    uint32_t headers = 0;
    uint32_t image = 0;
    uint32_t file = 0;
};

Plan plan_of(const NewPe& options) {
    Plan plan;
    plan.plus = options.machine != Machine::kX86;
    plan.fixed = plan.plus ? pe::kFixedOptionalHeaderPlus : pe::kFixedOptionalHeader;
    plan.section_table = kOptionalAt + plan.fixed + pe::kMostDirectories * pe::kDirectoryBytes;
    plan.headers = round_up(plan.section_table + options.sections.size() * pe::kSectionHeaderBytes,
                            kFileAlignment);
    plan.image = round_up(plan.headers, kSectionAlignment);
    plan.file = plan.headers;
    for (const NewSection& section : options.sections) {
        plan.image += round_up(section.bytes.size(), kSectionAlignment);
        plan.file += round_up(section.bytes.size(), kFileAlignment);
    }
    return plan;
}

void put_coff_header(Bytes& out, const NewPe& options, const Plan& plan) {
    constexpr uint16_t kExecutableImage = 0x0002;
    constexpr uint16_t kLargeAddressAware = 0x0020;
    constexpr uint16_t kFor32Bits = 0x0100;
    out[0] = 'M';
    out[1] = 'Z';
    put_at(out, 0x18, pe::kDosHeaderBytes, 2);  // where DOS would look for relocations
    put_at(out, pe::kHeaderOffsetAt, kCoffAt, 4);
    put_at(out, kCoffAt, 0x4550, 4);  // "PE\0\0"
    put_at(out, kCoffAt + 4, number_of(options.machine), 2);
    put_at(out, kCoffAt + 6, options.sections.size(), 2);
    put_at(out, kCoffAt + 20, plan.section_table - kOptionalAt, 2);
    put_at(out, kCoffAt + 22, kExecutableImage | (plan.plus ? kLargeAddressAware : kFor32Bits), 2);
}

// PE32 has its base address 4 bytes later and in 4 bytes, and sizes of 4 bytes where PE32+ has 8.
void put_optional_header(Bytes& out, const NewPe& options, const Plan& plan) {
    constexpr uint16_t kConsole = 3;
    constexpr uint16_t kMayBeMoved = 0x0140;  // dynamic base, no executable data
    const size_t at = kOptionalAt;
    const size_t word = plan.plus ? 8 : 4;
    const uint32_t first = round_up(plan.headers, kSectionAlignment);
    put_at(out, at, plan.plus ? pe::kMagic32Plus : pe::kMagic32, 2);
    put_at(out, at + 4, round_up(options.sections.front().bytes.size(), kFileAlignment), 4);
    put_at(out, at + 16, first + options.entry, 4);
    put_at(out, at + 20, first, 4);
    put_at(out, at + 32 - word, plan.plus ? 0x140000000 : 0x400000, word);
    put_at(out, at + 32, kSectionAlignment, 4);
    put_at(out, at + 36, kFileAlignment, 4);
    put_at(out, at + 40, 6, 2);  // Windows Vista
    put_at(out, at + 48, 6, 2);
    put_at(out, at + 56, plan.image, 4);
    put_at(out, at + 60, plan.headers, 4);
    put_at(out, at + 68, kConsole, 2);
    put_at(out, at + 70, kMayBeMoved, 2);
    put_at(out, at + 72, 0x100000, word);             // stack, reserved
    put_at(out, at + 72 + word, 0x1000, word);        // and committed
    put_at(out, at + 72 + 2 * word, 0x100000, word);  // heap
    put_at(out, at + 72 + 3 * word, 0x1000, word);
    put_at(out, at + plan.fixed - 4, pe::kMostDirectories, 4);
}

void put_sections(Bytes& out, const NewPe& options, const Plan& plan) {
    size_t header = plan.section_table;
    uint32_t file = plan.headers;
    uint32_t memory = round_up(plan.headers, kSectionAlignment);
    for (const NewSection& section : options.sections) {
        const uint32_t raw = round_up(section.bytes.size(), kFileAlignment);
        std::ranges::copy(base::view_of(section.name), out.begin() + header);
        put_at(out, header + 8, section.bytes.size(), 4);
        put_at(out, header + 12, memory, 4);
        put_at(out, header + 16, raw, 4);
        put_at(out, header + 20, file, 4);
        put_at(out, header + 36, characteristics_of(section.name), 4);
        std::ranges::copy(section.bytes, out.begin() + file);
        header += pe::kSectionHeaderBytes;
        file += raw;
        memory += round_up(section.bytes.size(), kSectionAlignment);
    }
}

}  // namespace

Result<Bytes> make_pe(const NewPe& options) {
    FB_CHECK(check(options));
    const Plan plan = plan_of(options);
    Bytes out(plan.file);
    put_coff_header(out, options, plan);
    put_optional_header(out, options, plan);
    put_sections(out, options, plan);
    // Whoever reads it judges it as we do: if the two ever part, say so here.
    FB_TRY(const PeImage image, parse_pe(out));
    put_at(out, image.checksum_field.offset, pe_checksum(out, image), 4);
    return out;
}

}  // namespace firebreak::endpoint::executables
