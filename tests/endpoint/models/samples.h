// Models as the build makes them, and programs for them to judge.
#pragma once

#include <elf.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace firebreak::endpoint::models::test {

// "packed" → …/content/models/packed.so.
std::filesystem::path model_path(const std::string& name);
base::Bytes model_bytes(const std::string& name);  // ends the process if it is not there

// Programs of code and data that compilers made: this test's own. Number n of as many as are
// wanted, each of another part; PE, as make_pe makes them.
base::Bytes plain_program(size_t n);
// The same, with its code as random bytes would be.
base::Bytes encrypted_program(size_t n);

// A shared library in which single fields are changed. Reading what is not there ends the process.
class Library {
  public:
    explicit Library(base::Bytes bytes) : bytes_(std::move(bytes)) {}
    const base::Bytes& bytes() const { return bytes_; }

    Elf64_Ehdr& header() { return at<Elf64_Ehdr>(0); }
    Elf64_Phdr& segment(uint32_t type, size_t nth = 0);
    Elf64_Dyn& dynamic(int64_t tag);
    Elf64_Sym& symbol(const std::string& name);
    Elf64_Rela& relocation(size_t nth);  // of DT_RELA
    // The contents of the GNU hash table, as 32-bit words.
    uint32_t& hash_word(size_t nth);
    // Of the string table; as long as the text that stands there.
    void rename(const std::string& from, const std::string& to);

    template <class T>
    T& at(uint64_t offset) {
        return *reinterpret_cast<T*>(&bytes_.at(offset));
    }

  private:
    uint64_t offset_of(uint64_t address);
    base::Bytes bytes_;
};

}  // namespace firebreak::endpoint::models::test
