#include "endpoint/models/model_file.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace firebreak::endpoint::models {

namespace {

using base::ByteView;
using base::Code;
using Refusal = std::optional<ModelRefusal>;

constexpr std::string_view kExport = "firebreak_model";
constexpr std::array<std::string_view, 2> kLibraries = {"libc.so.6", "libm.so.6"};
constexpr size_t kMostSegments = 64;
constexpr size_t kMostDynamicEntries = 256;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostAlignment = 2 * 1024 * 1024;

// Tags of a plain shared library. What is not here does more than models may, or is not known.
constexpr std::array<int64_t, 30> kPlainTags = {
    DT_NEEDED,     DT_PLTRELSZ,     DT_PLTGOT,       DT_HASH,      DT_STRTAB,   DT_SYMTAB,
    DT_RELA,       DT_RELASZ,       DT_RELAENT,      DT_STRSZ,     DT_SYMENT,   DT_INIT,
    DT_FINI,       DT_SONAME,       DT_PLTREL,       DT_JMPREL,    DT_BIND_NOW, DT_INIT_ARRAY,
    DT_FINI_ARRAY, DT_INIT_ARRAYSZ, DT_FINI_ARRAYSZ, DT_FLAGS,     DT_GNU_HASH, DT_VERSYM,
    DT_RELACOUNT,  DT_FLAGS_1,      DT_VERDEF,       DT_VERDEFNUM, DT_VERNEED,  DT_VERNEEDNUM};

ModelRefusal refuse(Code code, std::string what, base::Evidence more = {}) {
    more.insert(more.begin(), {"problem", std::move(what)});
    return {code, std::move(more)};
}

ModelRefusal malformed(std::string what, uint64_t at) {
    return refuse(Code::kModelMalformed, std::move(what), {{"byte", std::to_string(at)}});
}

ModelRefusal overreaches(std::string what, base::Evidence more = {}) {
    return refuse(Code::kModelOverreaches, std::move(what), std::move(more));
}

bool fits(uint64_t offset, uint64_t size, uint64_t whole) {
    return offset <= whole && size <= whole - offset;
}

// A structure in place; the caller has made sure that its bytes are there.
template <class Structure>
Structure read(ByteView bytes, uint64_t at) {
    Structure out;
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
}

// A table of the dynamic section: where it is in memory and how long.
struct Table {
    uint64_t address = 0;
    uint64_t size = 0;
};

// Reads one payload from top to bottom; each step relies on those before it.
class ModelFile {
  public:
    explicit ModelFile(ByteView bytes) : bytes_(bytes) {}

    Refusal check() {
        using Step = Refusal (ModelFile::*)();
        for (const Step step :
             {&ModelFile::check_header, &ModelFile::check_segments, &ModelFile::check_layout,
              &ModelFile::read_dynamic, &ModelFile::check_flags, &ModelFile::check_strings,
              &ModelFile::check_libraries, &ModelFile::check_symbols, &ModelFile::check_starts,
              &ModelFile::check_relocations, &ModelFile::check_export}) {
            if (Refusal refusal = (this->*step)()) {
                return refusal;
            }
        }
        return std::nullopt;
    }

  private:
    Refusal check_header();
    Refusal check_segments();
    Refusal check_segment(const Elf64_Phdr& segment, uint64_t at);
    Refusal check_layout();
    Refusal read_dynamic();
    Refusal check_flags();
    Refusal check_strings();
    Refusal check_libraries();
    Refusal check_symbols();
    Refusal check_starts();
    Refusal check_relocations();
    Refusal check_relocation_table(const Table& table, const char* name);
    Refusal check_export();

    std::optional<uint64_t> find(int64_t tag) const {
        const auto found = tags_.find(tag);
        return found == tags_.end() ? std::nullopt : std::optional(found->second);
    }
    const Elf64_Phdr* segment_at(uint64_t address, uint64_t size) const;
    std::optional<uint64_t> file_offset(uint64_t address, uint64_t size) const;
    std::optional<std::string_view> string_at(uint64_t offset) const;
    Refusal count_symbols(uint64_t hash);

    ByteView bytes_;
    std::vector<Elf64_Phdr> segments_;
    std::vector<Elf64_Phdr> loaded_;
    std::optional<Elf64_Phdr> dynamic_;
    bool stack_is_plain_ = false;
    std::map<int64_t, uint64_t> tags_;  // each comes once, but for DT_NEEDED
    std::vector<uint64_t> needed_;      // offsets in the string table
    ByteView strings_;
    uint64_t symbols_at_ = 0;    // in the file
    uint64_t symbols_ = 0;       // how many
    uint64_t first_export_ = 0;  // those from here on are what others can find
};

Refusal ModelFile::check_header() {
    if (bytes_.size() > kMaxModelBytes) {
        return refuse(
            Code::kModelMalformed, "larger than a model may be",
            {{"bytes", std::to_string(bytes_.size())}, {"limit", std::to_string(kMaxModelBytes)}});
    }
    if (bytes_.size() < sizeof(Elf64_Ehdr) || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
        return malformed("no ELF header", 0);
    }
    const auto header = read<Elf64_Ehdr>(bytes_, 0);
    const bool known_system =
        header.e_ident[EI_OSABI] == ELFOSABI_SYSV || header.e_ident[EI_OSABI] == ELFOSABI_GNU;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_ident[EI_VERSION] != EV_CURRENT || !known_system ||
        header.e_ident[EI_ABIVERSION] != 0) {
        return malformed("not ELF64, little-endian, for Linux", EI_CLASS);
    }
    if (header.e_type != ET_DYN) {
        return malformed("not a shared library", offsetof(Elf64_Ehdr, e_type));
    }
    if (header.e_machine != EM_X86_64 || header.e_version != EV_CURRENT) {
        return malformed("not for x86-64", offsetof(Elf64_Ehdr, e_machine));
    }
    if (header.e_ehsize != sizeof(Elf64_Ehdr) || header.e_phentsize != sizeof(Elf64_Phdr) ||
        header.e_phnum == 0 || header.e_phnum > kMostSegments ||
        header.e_phoff % alignof(Elf64_Phdr) != 0 ||
        !fits(header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr), bytes_.size())) {
        return malformed("no program headers in bounds, or too many",
                         offsetof(Elf64_Ehdr, e_phoff));
    }
    return std::nullopt;
}

Refusal ModelFile::check_segments() {
    const auto header = read<Elf64_Ehdr>(bytes_, 0);
    for (size_t i = 0; i < header.e_phnum; ++i) {
        const uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        const auto segment = read<Elf64_Phdr>(bytes_, at);
        if (Refusal refusal = check_segment(segment, at)) {
            return refusal;
        }
        segments_.push_back(segment);
    }
    if (!stack_is_plain_) {
        return overreaches("does not say that its stack is not executable",
                           {{"remedy", "link it with -z noexecstack"}});
    }
    if (!dynamic_) {
        return malformed("no dynamic section", header.e_phoff);
    }
    return std::nullopt;
}

Refusal ModelFile::check_segment(const Elf64_Phdr& segment, uint64_t at) {
    if (!fits(segment.p_offset, segment.p_filesz, bytes_.size())) {
        return malformed("a segment that lies outside of the file", at);
    }
    const bool writable = (segment.p_flags & PF_W) != 0;
    const bool executable = (segment.p_flags & PF_X) != 0;
    switch (segment.p_type) {
        case PT_LOAD:
            if (writable && executable) {
                return overreaches("a segment that is both writable and executable",
                                   {{"byte", std::to_string(at)}});
            }
            loaded_.push_back(segment);
            return std::nullopt;
        case PT_DYNAMIC:
            if (dynamic_) {
                return malformed("two dynamic sections", at);
            }
            dynamic_ = segment;
            return std::nullopt;
        case PT_GNU_STACK:
            if (executable) {
                return overreaches("an executable stack", {{"byte", std::to_string(at)}});
            }
            stack_is_plain_ = true;
            return std::nullopt;
        case PT_INTERP:
            return malformed("a program, not a library: it names an interpreter", at);
        case PT_TLS:
            return overreaches("thread-local data", {{"byte", std::to_string(at)}});
        default:
            return std::nullopt;
    }
}

// Pages of loaded segments: in bounds, ascending, none mapped twice.
Refusal ModelFile::check_layout() {
    uint64_t end = 0;
    for (const Elf64_Phdr& segment : loaded_) {
        const uint64_t at = segment.p_offset;
        if (segment.p_filesz > segment.p_memsz ||
            !fits(segment.p_vaddr, segment.p_memsz, kMaxModelMemory)) {
            return malformed("a segment that does not fit into memory", at);
        }
        if (!std::has_single_bit(segment.p_align) || segment.p_align < kPage ||
            segment.p_align > kMostAlignment ||
            (segment.p_vaddr - segment.p_offset) % segment.p_align != 0) {
            return malformed("a segment that is not aligned", at);
        }
        if (segment.p_vaddr / kPage * kPage < end) {
            return malformed("segments that overlap in memory", at);
        }
        end = (segment.p_vaddr + segment.p_memsz + kPage - 1) / kPage * kPage;
    }
    if (loaded_.empty()) {
        return malformed("no segment to load", offsetof(Elf64_Ehdr, e_phoff));
    }
    for (const Elf64_Phdr& segment : segments_) {
        const Elf64_Phdr* within = segment_at(segment.p_vaddr, 0);
        if (segment.p_type == PT_GNU_RELRO &&
            (within == nullptr || !fits(segment.p_vaddr - within->p_vaddr, segment.p_memsz,
                                        within->p_memsz + kPage))) {  // linkers round it up
            return malformed("read-only relocations outside of all segments", segment.p_offset);
        }
    }
    return std::nullopt;
}

// The loaded segment that has all of these addresses.
const Elf64_Phdr* ModelFile::segment_at(uint64_t address, uint64_t size) const {
    for (const Elf64_Phdr& segment : loaded_) {
        if (address >= segment.p_vaddr && fits(address - segment.p_vaddr, size, segment.p_memsz)) {
            return &segment;
        }
    }
    return nullptr;
}

// Where these addresses are in the file; nullopt: nowhere, or partly.
std::optional<uint64_t> ModelFile::file_offset(uint64_t address, uint64_t size) const {
    const Elf64_Phdr* segment = segment_at(address, size);
    if (segment == nullptr || !fits(address - segment->p_vaddr, size, segment->p_filesz)) {
        return std::nullopt;
    }
    return segment->p_offset + (address - segment->p_vaddr);
}

Refusal ModelFile::read_dynamic() {
    const auto offset = file_offset(dynamic_->p_vaddr, dynamic_->p_memsz);
    const uint64_t entries = dynamic_->p_memsz / sizeof(Elf64_Dyn);
    if (!offset || *offset != dynamic_->p_offset || dynamic_->p_filesz != dynamic_->p_memsz ||
        *offset % alignof(Elf64_Dyn) != 0) {
        return malformed("a dynamic section that is not where it is loaded", dynamic_->p_offset);
    }
    for (uint64_t i = 0; i < std::min<uint64_t>(entries, kMostDynamicEntries); ++i) {
        const uint64_t at = *offset + i * sizeof(Elf64_Dyn);
        const auto entry = read<Elf64_Dyn>(bytes_, at);
        if (entry.d_tag == DT_NULL) {
            return std::nullopt;
        }
        if (entry.d_tag == DT_NEEDED) {
            needed_.push_back(entry.d_un.d_val);
        } else if (!tags_.emplace(entry.d_tag, entry.d_un.d_val).second) {
            return malformed("a tag that comes twice in the dynamic section", at);
        }
    }
    return malformed("a dynamic section without an end", *offset);
}

Refusal ModelFile::check_flags() {
    const uint64_t flags = find(DT_FLAGS).value_or(0);
    const uint64_t flags_1 = find(DT_FLAGS_1).value_or(0);
    if (find(DT_TEXTREL) || (flags & DF_TEXTREL) != 0) {
        return overreaches("relocations in code", {{"remedy", "compile it with -fPIC"}});
    }
    if (find(DT_RPATH) || find(DT_RUNPATH)) {
        return overreaches("a path of its own to search libraries in",
                           {{"remedy", "link it without -rpath"}});
    }
    if ((flags & ~uint64_t{DF_BIND_NOW | DF_SYMBOLIC}) != 0 ||
        (flags_1 & ~uint64_t{DF_1_NOW | DF_1_NODELETE}) != 0) {
        return overreaches("flags that a model has no use for",
                           {{"DT_FLAGS", fmt::format("{:#x}", flags)},
                            {"DT_FLAGS_1", fmt::format("{:#x}", flags_1)}});
    }
    for (const auto& [tag, value] : tags_) {
        if (std::ranges::find(kPlainTags, tag) == kPlainTags.end()) {
            return overreaches("a tag of the dynamic section that a model has no use for",
                               {{"tag", fmt::format("{:#x}", static_cast<uint64_t>(tag))}});
        }
    }
    return std::nullopt;
}

Refusal ModelFile::check_strings() {
    const auto address = find(DT_STRTAB);
    const uint64_t size = find(DT_STRSZ).value_or(0);
    const auto offset = address ? file_offset(*address, size) : std::nullopt;
    if (!offset || size == 0) {
        return malformed("no table of strings in bounds", dynamic_->p_offset);
    }
    strings_ = bytes_.subspan(*offset, size);
    if (strings_.back() != 0) {
        return malformed("a table of strings without an end", *offset + size - 1);
    }
    return std::nullopt;
}

// Ends in bounds: the table ends with a zero. Only its first bytes: whoever asks wants a name that
// is short, and many may ask for the same long one.
std::optional<std::string_view> ModelFile::string_at(uint64_t offset) const {
    if (offset >= strings_.size()) {
        return std::nullopt;
    }
    const std::string_view rest = base::text_of(strings_.subspan(offset)).substr(0, 256);
    return rest.substr(0, rest.find('\0'));
}

Refusal ModelFile::check_libraries() {
    for (const uint64_t offset : needed_) {
        const auto name = string_at(offset);
        if (!name) {
            return malformed("a library whose name is out of bounds", dynamic_->p_offset);
        }
        if (std::ranges::find(kLibraries, *name) == kLibraries.end()) {
            return overreaches("needs another library", {{"library", base::printable(*name, 100)},
                                                         {"allowed", "libc.so.6, libm.so.6"}});
        }
    }
    return std::nullopt;
}

// The GNU hash table alone says how many symbols there are: the last one is at the end of a chain.
Refusal ModelFile::count_symbols(uint64_t hash) {
    const auto header_at = file_offset(hash, 16);
    if (!header_at) {
        return malformed("a hash table that is out of bounds", dynamic_->p_offset);
    }
    const uint64_t buckets = read<uint32_t>(bytes_, *header_at);
    const uint64_t first = read<uint32_t>(bytes_, *header_at + 4);
    const uint64_t filters = read<uint32_t>(bytes_, *header_at + 8);
    const uint64_t buckets_at = hash + 16 + filters * 8;
    const auto table = file_offset(buckets_at, buckets * 4);
    if (!table || buckets == 0 || !std::has_single_bit(filters) || first == 0) {
        return malformed("a hash table that is out of bounds", *header_at);
    }
    uint64_t last = 0;
    for (uint64_t i = 0; i < buckets; ++i) {
        const uint64_t start = read<uint32_t>(bytes_, *table + i * 4);
        if (start != 0 && start < first) {
            return malformed("a hash table that leads to hidden symbols", *table + i * 4);
        }
        last = std::max(last, start);
    }
    first_export_ = first;
    symbols_ = std::max(first, last);
    while (last != 0) {
        const auto chain = file_offset(buckets_at + (buckets + last - first) * 4, 4);
        if (!chain) {
            return malformed("a hash table without an end", *header_at);
        }
        symbols_ = ++last;
        if ((read<uint32_t>(bytes_, *chain) & 1) != 0) {
            break;
        }
    }
    return std::nullopt;
}

Refusal ModelFile::check_symbols() {
    const auto hash = find(DT_GNU_HASH);
    const auto table = find(DT_SYMTAB);
    if (!hash || !table) {
        return malformed("no symbols to be found by a GNU hash table", dynamic_->p_offset);
    }
    if (Refusal refusal = count_symbols(*hash)) {
        return refusal;
    }
    const auto offset = file_offset(*table, symbols_ * sizeof(Elf64_Sym));
    if (!offset || find(DT_SYMENT) != sizeof(Elf64_Sym)) {
        return malformed("a table of symbols that is out of bounds", dynamic_->p_offset);
    }
    symbols_at_ = *offset;
    for (uint64_t i = 0; i < symbols_; ++i) {
        const uint64_t at = symbols_at_ + i * sizeof(Elf64_Sym);
        const auto symbol = read<Elf64_Sym>(bytes_, at);
        if (!string_at(symbol.st_name)) {
            return malformed("a symbol whose name is out of bounds", at);
        }
        const auto type = ELF64_ST_TYPE(symbol.st_info);
        if (type == STT_GNU_IFUNC || type == STT_TLS) {
            return overreaches("a symbol that is chosen while it is loaded, or thread-local",
                               {{"byte", std::to_string(at)}});
        }
    }
    return std::nullopt;
}

// What the dynamic linker calls or reads without asking.
Refusal ModelFile::check_starts() {
    for (const int64_t tag : {DT_INIT, DT_FINI}) {
        const auto address = find(tag);
        const Elf64_Phdr* segment = address ? segment_at(*address, 1) : nullptr;
        if (address && (segment == nullptr || (segment->p_flags & PF_X) == 0)) {
            return malformed("a start or end function that is no code", dynamic_->p_offset);
        }
    }
    for (const auto& [tag, size_tag] :
         {std::pair{DT_INIT_ARRAY, DT_INIT_ARRAYSZ}, std::pair{DT_FINI_ARRAY, DT_FINI_ARRAYSZ}}) {
        const auto address = find(tag);
        const uint64_t size = find(size_tag).value_or(0);
        if (address && (size % 8 != 0 || !file_offset(*address, size))) {
            return malformed("a list of start or end functions that is out of bounds",
                             dynamic_->p_offset);
        }
    }
    for (const int64_t tag : {DT_PLTGOT, DT_HASH, DT_VERSYM, DT_VERNEED, DT_VERDEF}) {
        const auto address = find(tag);
        if (address && !file_offset(*address, 8)) {
            return malformed("a table that is out of bounds", dynamic_->p_offset);
        }
    }
    const auto versions = find(DT_VERSYM);
    if (versions && !file_offset(*versions, symbols_ * sizeof(Elf64_Versym))) {
        return malformed("a table of versions that is out of bounds", dynamic_->p_offset);
    }
    return std::nullopt;
}

Refusal ModelFile::check_relocations() {
    if (find(DT_RELAENT).value_or(sizeof(Elf64_Rela)) != sizeof(Elf64_Rela) ||
        find(DT_PLTREL).value_or(DT_RELA) != DT_RELA) {
        return malformed("relocations of a kind that x86-64 has not", dynamic_->p_offset);
    }
    const Table plain = {find(DT_RELA).value_or(0), find(DT_RELASZ).value_or(0)};
    const Table linkage = {find(DT_JMPREL).value_or(0), find(DT_PLTRELSZ).value_or(0)};
    if (find(DT_RELACOUNT).value_or(0) > plain.size / sizeof(Elf64_Rela)) {
        return malformed("more relative relocations than relocations", dynamic_->p_offset);
    }
    if (Refusal refusal = check_relocation_table(plain, "relocations")) {
        return refusal;
    }
    return check_relocation_table(linkage, "relocations of functions");
}

Refusal ModelFile::check_relocation_table(const Table& table, const char* name) {
    if (table.size == 0) {
        return std::nullopt;
    }
    const auto offset = file_offset(table.address, table.size);
    if (!offset || table.size % sizeof(Elf64_Rela) != 0) {
        return malformed(fmt::format("{} that are out of bounds", name), dynamic_->p_offset);
    }
    for (uint64_t at = *offset; at < *offset + table.size; at += sizeof(Elf64_Rela)) {
        const auto relocation = read<Elf64_Rela>(bytes_, at);
        const auto type = ELF64_R_TYPE(relocation.r_info);
        if (type != R_X86_64_RELATIVE && type != R_X86_64_64 && type != R_X86_64_GLOB_DAT &&
            type != R_X86_64_JUMP_SLOT) {
            return overreaches("a relocation that a model has no use for",
                               {{"byte", std::to_string(at)}, {"type", std::to_string(type)}});
        }
        const Elf64_Phdr* target = segment_at(relocation.r_offset, 8);
        if (target == nullptr || (target->p_flags & PF_W) == 0 ||
            ELF64_R_SYM(relocation.r_info) >= symbols_) {
            return malformed("a relocation of what is not there", at);
        }
    }
    return std::nullopt;
}

Refusal ModelFile::check_export() {
    for (uint64_t i = first_export_; i < symbols_; ++i) {
        const auto symbol = read<Elf64_Sym>(bytes_, symbols_at_ + i * sizeof(Elf64_Sym));
        if (string_at(symbol.st_name) != kExport) {
            continue;
        }
        const Elf64_Phdr* segment = segment_at(symbol.st_value, 1);
        const bool code = segment != nullptr && (segment->p_flags & PF_X) != 0;
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
            ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL &&
            ELF64_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT && symbol.st_shndx != SHN_UNDEF &&
            code) {
            return std::nullopt;
        }
    }
    return refuse(Code::kModelAbi, fmt::format("does not export the function `{}`", kExport));
}

}  // namespace

std::optional<ModelRefusal> refuse_model_file(ByteView bytes) {
    return ModelFile(bytes).check();
}

}  // namespace firebreak::endpoint::models
