#include "endpoint/models/samples.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/random.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/models/executable_layout.h"

namespace firebreak::endpoint::models::test {

namespace {

using base::Bytes;

constexpr uint64_t kMostBytes = 1u << 30;
constexpr size_t kCodeBytes = 48 * 1024;
constexpr size_t kDataBytes = 16 * 1024;

struct Own {
    Bytes code, data;
};

const Own& own() {
    static const Own parts = [] {
        const auto self = std::filesystem::read_symlink("/proc/self/exe");
        const Bytes bytes = base::read_file(self, kMostBytes).value();
        Own all;
        const ExecutableLayout layout = layout_of(bytes).value();
        for (const LayoutSection& section : layout.sections) {
            Bytes& into = section.executable ? all.code : all.data;
            into.insert(into.end(), section.bytes.begin(), section.bytes.end());
        }
        return all;
    }();
    return parts;
}

// Part n of these bytes: another place for each.
Bytes part_of(const Bytes& bytes, size_t size, size_t n) {
    const size_t wanted = std::min(size, bytes.size());
    const size_t from = bytes.size() == wanted ? 0 : n * 7919 * 16 % (bytes.size() - wanted);
    return {bytes.begin() + static_cast<std::ptrdiff_t>(from),
            bytes.begin() + static_cast<std::ptrdiff_t>(from + wanted)};
}

Bytes program_of(Bytes code, size_t n) {
    executables::NewPe program;
    program.machine = n % 2 == 0 ? executables::Machine::kX64 : executables::Machine::kX86;
    program.sections = {{".text", std::move(code)},
                        {".rdata", part_of(own().data, kDataBytes, n)},
                        {".data", part_of(own().data, kDataBytes / 4, n + 1)}};
    return executables::make_pe(program).value();
}

}  // namespace

std::filesystem::path model_path(const std::string& name) {
    return std::filesystem::path(FIREBREAK_MODEL_DIR) / (name + ".so");
}

Bytes model_bytes(const std::string& name) {
    return base::read_file(model_path(name), kMostBytes).value();
}

Bytes plain_program(size_t n) {
    return program_of(part_of(own().code, kCodeBytes, n), n);
}

Bytes encrypted_program(size_t n) {
    const base::RandomStream stream(7, base::Stream::kMutation);
    Bytes code = part_of(own().code, kCodeBytes, n);
    for (size_t i = 0; i < code.size(); ++i) {
        code[i] ^= static_cast<uint8_t>(stream.bits(n, i));
    }
    return program_of(std::move(code), n);
}

Elf64_Phdr& Library::segment(uint32_t type, size_t nth) {
    for (size_t i = 0; i < header().e_phnum; ++i) {
        auto& segment = at<Elf64_Phdr>(header().e_phoff + i * sizeof(Elf64_Phdr));
        if (segment.p_type == type && nth-- == 0) {
            return segment;
        }
    }
    std::abort();
}

uint64_t Library::offset_of(uint64_t address) {
    for (size_t nth = 0;; ++nth) {
        const Elf64_Phdr& load = segment(PT_LOAD, nth);
        if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
            return load.p_offset + (address - load.p_vaddr);
        }
    }
}

Elf64_Dyn& Library::dynamic(int64_t tag) {
    for (uint64_t offset = segment(PT_DYNAMIC).p_offset;; offset += sizeof(Elf64_Dyn)) {
        if (at<Elf64_Dyn>(offset).d_tag == tag) {
            return at<Elf64_Dyn>(offset);
        }
    }
}

Elf64_Sym& Library::symbol(const std::string& name) {
    const uint64_t strings = offset_of(dynamic(DT_STRTAB).d_un.d_ptr);
    for (uint64_t at_symbol = offset_of(dynamic(DT_SYMTAB).d_un.d_ptr);;
         at_symbol += sizeof(Elf64_Sym)) {
        if (&at<char>(strings + at<Elf64_Sym>(at_symbol).st_name) == name) {
            return at<Elf64_Sym>(at_symbol);
        }
    }
}

Elf64_Rela& Library::relocation(size_t nth) {
    return at<Elf64_Rela>(offset_of(dynamic(DT_RELA).d_un.d_ptr) + nth * sizeof(Elf64_Rela));
}

uint32_t& Library::hash_word(size_t nth) {
    return at<uint32_t>(offset_of(dynamic(DT_GNU_HASH).d_un.d_ptr) + nth * sizeof(uint32_t));
}

void Library::rename(const std::string& from, const std::string& to) {
    const auto begin =
        bytes_.begin() + static_cast<std::ptrdiff_t>(offset_of(dynamic(DT_STRTAB).d_un.d_ptr));
    const auto found = std::search(begin, bytes_.end(), from.begin(), from.end());
    if (found == bytes_.end() || from.size() != to.size()) {
        std::abort();
    }
    std::ranges::copy(to, found);
}

}  // namespace firebreak::endpoint::models::test
