#include "structure/elf_file.h"

#include <elf.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace firebreak::structure {

namespace {

static_assert(std::endian::native == std::endian::little, "structures are read as they lie");

// Copies the T at `offset`, which need not be aligned; nullopt when it is not all there.
template <class T>
std::optional<T> read_at(std::string_view bytes, uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) {
        return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

std::string name_at(std::string_view names, uint64_t offset) {
    if (offset >= names.size()) {
        return {};
    }
    const std::string_view rest = names.substr(offset);
    return std::string(rest.substr(0, rest.find('\0')));
}

class Reader {
  public:
    Reader(std::string_view bytes, const Elf64_Ehdr& header) : bytes_(bytes), header_(header) {}

    std::optional<Elf64_Shdr> section(uint64_t index) const {
        if (index >= header_.e_shnum) {
            return std::nullopt;
        }
        return read_at<Elf64_Shdr>(bytes_, header_.e_shoff + index * sizeof(Elf64_Shdr));
    }

    std::string_view contents(const Elf64_Shdr& section) const {
        if (section.sh_type == SHT_NOBITS || section.sh_offset > bytes_.size()) {
            return {};
        }
        return bytes_.substr(section.sh_offset, section.sh_size);
    }

    // Calls visit(entry, names) for each entry of the section's table.
    template <class Entry, class Visit>
    void for_each(const Elf64_Shdr& table, Visit visit) const {
        const auto linked = section(table.sh_link);
        const std::string_view names = linked ? contents(*linked) : std::string_view();
        const std::string_view entries = contents(table);
        for (uint64_t at = 0; const auto entry = read_at<Entry>(entries, at); at += sizeof(Entry)) {
            visit(*entry, names);
        }
    }

  private:
    std::string_view bytes_;
    Elf64_Ehdr header_;
};

}  // namespace

base::Result<ElfNames> parse_elf_names(std::string_view bytes, const std::string& place) {
    const auto header = read_at<Elf64_Ehdr>(bytes, 0);
    if (!header || !bytes.starts_with(std::string_view(ELFMAG, SELFMAG)) ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_shnum == 0) {
        return base::Error{"no 64-bit ELF file with section headers", place, ""};
    }
    const Reader reader(bytes, *header);
    ElfNames found;
    for (uint64_t i = 0; i < header->e_shnum; ++i) {
        const auto section = reader.section(i);
        if (!section) {
            return base::Error{"the ELF file ends before its section headers do", place, ""};
        }
        if (section->sh_type == SHT_DYNAMIC) {
            reader.for_each<Elf64_Dyn>(*section, [&](const Elf64_Dyn& entry, auto names) {
                if (entry.d_tag == DT_NEEDED) {
                    found.needed_libraries.push_back(name_at(names, entry.d_un.d_val));
                }
            });
        }
        if (section->sh_type == SHT_SYMTAB) {
            reader.for_each<Elf64_Sym>(*section, [&](const Elf64_Sym& entry, auto names) {
                found.symbols.push_back(name_at(names, entry.st_name));
            });
        }
    }
    return found;
}

base::Result<ElfNames> read_elf_names(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return base::Error{"cannot be read", file.string(), "build it first"};
    }
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    return parse_elf_names(bytes, file.string());
}

}  // namespace firebreak::structure
