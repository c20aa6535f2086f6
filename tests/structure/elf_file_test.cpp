#include "structure/elf_file.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "support/result_matchers.h"

namespace firebreak::structure {
namespace {

using testing::Contains;
using testing::StartsWith;

std::string this_program() {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ElfFile, NamesTheLibrariesAndSymbolsOfThisVeryProgram) {
    ASSERT_OK_AND(const ElfNames names, read_elf_names("/proc/self/exe"));
    EXPECT_THAT(names.needed_libraries, Contains(StartsWith("libstdc++.so")));
    EXPECT_THAT(names.needed_libraries, Contains(StartsWith("libc.so")));
    EXPECT_THAT(names.symbols, Contains("main"));
}

TEST(ElfFile, RefusesWhatIsMissingOrNone) {
    EXPECT_ERROR(read_elf_names("no such file"), "no such file: cannot be read");
    EXPECT_ERROR(parse_elf_names("#!/bin/sh\n", "script"), "script: no 64-bit ELF file");
    EXPECT_ERROR(parse_elf_names("", "empty"), "no 64-bit ELF file");
}

TEST(ElfFile, RefusesATruncatedFile) {
    const std::string program = this_program();
    EXPECT_ERROR(parse_elf_names(std::string_view(program).substr(0, program.size() / 2), "half"),
                 "ends before its section headers do");
}

TEST(ElfFile, SurvivesAnyDamageToItsHeader) {
    std::string program = this_program();
    for (size_t i = 0; i < 64; ++i) {
        for (const char bits : {'\x01', '\x80', '\xff'}) {
            program[i] = static_cast<char>(program[i] ^ bits);
            const auto names = parse_elf_names(program, "damaged");
            EXPECT_TRUE(names.ok() || !names.error().text().empty());
            program[i] = static_cast<char>(program[i] ^ bits);
        }
    }
    ASSERT_OK(parse_elf_names(program, "whole again"));
}

}  // namespace
}  // namespace firebreak::structure
