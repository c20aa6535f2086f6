#include "endpoint/executables/elf.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using test::sample_elf;

Bytes changed_elf(size_t at, uint64_t value, size_t width) {
    Bytes bytes = sample_elf(true);
    put_at(bytes, at, value, width);
    return bytes;
}

// Made by a compiler and a linker, and no sample of ours.
TEST(Elf, KnowsTheProgramThatIsRunning) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    ASSERT_OK_AND(const Bytes bytes, base::read_file(self, 1u << 30));
    ASSERT_OK_AND(const ElfImage image, parse_elf(bytes));
    EXPECT_EQ(image.wide, sizeof(void*) == 8);
    EXPECT_EQ(image.length, bytes.size());
}

TEST(Elf, ReadsBothWidths) {
    for (const bool wide : {false, true}) {
        const Bytes bytes = sample_elf(wide);
        ASSERT_OK_AND(const ElfImage image, parse_elf(bytes));
        EXPECT_EQ(image.wide, wide);
        EXPECT_EQ(image.machine, wide ? 62 : 3);
        EXPECT_EQ(image.segments, 1);
        EXPECT_EQ(image.length, bytes.size());
    }
}

TEST(Elf, RefusesEveryFileThatEndsEarly) {
    for (const bool wide : {false, true}) {
        const Bytes whole = sample_elf(wide);
        for (size_t size = 0; size < whole.size(); ++size) {
            EXPECT_FALSE(parse_elf(base::ByteView(whole).first(size)).ok()) << size;
        }
    }
}

TEST(Elf, NamesTheByteAtWhichAHeaderIsWrong) {
    EXPECT_ERROR(parse_elf(changed_elf(4, 3, 1)), "byte 4: not ELF32 or ELF64");
    EXPECT_ERROR(parse_elf(changed_elf(5, 2, 1)), "little-endian");
    EXPECT_ERROR(parse_elf(changed_elf(16, 1, 2)),
                 "byte 16: neither a program nor a shared object");
    EXPECT_ERROR(parse_elf(changed_elf(16, 4, 2)),
                 "byte 16: neither a program nor a shared object");
    for (const uint64_t count : {0, 100, 0xffff}) {
        EXPECT_ERROR(parse_elf(changed_elf(56, count, 2)), "no program headers in bounds");
    }
    EXPECT_ERROR(parse_elf(changed_elf(54, 32, 2)), "no program headers in bounds");
    EXPECT_ERROR(parse_elf(changed_elf(32, ~uint64_t{0}, 8)), "no program headers in bounds");
}

TEST(Elf, PassesOverWhatLinuxDoesNotLookAt) {
    EXPECT_TRUE(parse_elf(changed_elf(6, 9, 1)).ok());   // version of the identification
    EXPECT_TRUE(parse_elf(changed_elf(20, 9, 4)).ok());  // version of the file
    EXPECT_TRUE(parse_elf(changed_elf(52, 9, 2)).ok());  // size of the header
}

TEST(Elf, RefusesSegmentsThatAreNotThereOrCannotBeLoaded) {
    constexpr size_t kSegment = 64;
    EXPECT_ERROR(parse_elf(changed_elf(kSegment + 8, ~uint64_t{0}, 8)), "outside of the file");
    EXPECT_ERROR(parse_elf(changed_elf(kSegment + 32, ~uint64_t{0}, 8)), "outside of the file");
    EXPECT_ERROR(parse_elf(changed_elf(kSegment + 40, 1, 8)), "nobody can load");
    EXPECT_ERROR(parse_elf(changed_elf(kSegment + 48, 3, 8)), "nobody can load");
    EXPECT_ERROR(parse_elf(changed_elf(kSegment, 4, 4)), "no segment to load");  // a note
}

TEST(Elf, CountsASectionTableInAndPassesOverOneThatIsOutOfBounds) {
    Bytes bytes = sample_elf(true);
    const size_t table = bytes.size();
    put_at(bytes, 40, table, 8);
    put_at(bytes, 58, 64, 2);
    put_at(bytes, 60, 2, 2);
    EXPECT_EQ(parse_elf(bytes).value().length, table);
    bytes.resize(table + 200);
    EXPECT_EQ(parse_elf(bytes).value().length, table + 128);
}

TEST(Elf, StopsWhereTheEffortIsUsedUp) {
    Effort effort(1);
    EXPECT_ERROR(parse_elf(sample_elf(true), effort), "more segments than there is time for");
    EXPECT_TRUE(effort.used_up());
}

}  // namespace
}  // namespace firebreak::endpoint::executables
