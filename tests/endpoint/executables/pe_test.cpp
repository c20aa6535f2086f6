#include "endpoint/executables/pe.h"

#include <gmock/gmock.h>

#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using test::parsed;
using test::sample_pe;
using test::sample_program;
using test::signed_sample;
using testing::ElementsAre;

// Of what make_pe() makes.
constexpr size_t kCoff = 64;
constexpr size_t kOptional = kCoff + 24;
constexpr size_t kSections = kOptional + 112 + 128;

// A sample whose number at this place is another.
Bytes changed_pe(size_t at, uint64_t value, size_t width) {
    Bytes bytes = sample_pe();
    put_at(bytes, at, value, width);
    return bytes;
}

TEST(Pe, ReadsBackWhatWasMadeForEveryMachine) {
    const std::pair<Machine, uint16_t> machines[] = {{Machine::kX86, pe::kMachineX86},
                                                     {Machine::kX64, pe::kMachineX64},
                                                     {Machine::kArm64, pe::kMachineArm64}};
    for (const auto& [machine, number] : machines) {
        const NewPe made = sample_program(machine);
        const Bytes bytes = sample_pe(machine);
        const PeImage image = parsed(bytes);
        EXPECT_EQ(image.machine, number);
        EXPECT_EQ(image.plus, machine != Machine::kX86);
        EXPECT_EQ(image.entry, image.sections[0].virtual_address + made.entry);
        ASSERT_EQ(image.sections.size(), made.sections.size());
        for (size_t i = 0; i < made.sections.size(); ++i) {
            const PeSection& section = image.sections[i];
            EXPECT_EQ(section.name, made.sections[i].name);
            EXPECT_EQ(section.virtual_size, made.sections[i].bytes.size());
            EXPECT_TRUE(std::equal(made.sections[i].bytes.begin(), made.sections[i].bytes.end(),
                                   bytes.begin() + static_cast<long>(section.raw.offset)));
        }
        EXPECT_EQ(image.length, bytes.size());
        EXPECT_EQ(image.overlay.size, 0u);
    }
}

TEST(Pe, GivesSectionsTheRightsThatTheirNamesAskFor) {
    const PeImage image = parsed(sample_pe());
    const auto may = [&](size_t section, uint32_t what) {
        return (image.sections[section].characteristics & what) != 0;
    };
    EXPECT_TRUE(may(0, pe::kMayExecute) && !may(0, pe::kMayWrite));   // .text
    EXPECT_TRUE(!may(1, pe::kMayExecute) && !may(1, pe::kMayWrite));  // .rdata
    EXPECT_TRUE(!may(2, pe::kMayExecute) && may(2, pe::kMayWrite));   // .data
}

TEST(Pe, RefusesToMakeWhatWindowsWouldNotLoad) {
    EXPECT_ERROR(make_pe({Machine::kX64, {}, 0}), "0 sections");
    EXPECT_ERROR(make_pe({Machine::kX64, {{".text", {}}}, 0}), "is empty");
    EXPECT_ERROR(make_pe({Machine::kX64, {{"", {1}}}, 0}), "1 to 8 characters");
    EXPECT_ERROR(make_pe({Machine::kX64, {{"ninechars", {1}}}, 0}), "1 to 8 characters");
    EXPECT_ERROR(make_pe({Machine::kX64, {{".text", {1}}}, 1}), "in the first section");
    const NewPe many{Machine::kX64, std::vector<NewSection>(97, {".text", {1}}), 0};
    EXPECT_ERROR(make_pe(many), "97 sections");
}

TEST(Pe, RefusesEveryFileThatEndsEarly) {
    const Bytes whole = sample_pe();
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_pe(base::ByteView(whole).first(size)).ok()) << size;
    }
}

TEST(Pe, RefusesATextThatStartsWithMz) {
    std::string text = "MZ is how the names of many letters begin";
    text.resize(4000, ' ');
    EXPECT_ERROR(parse_pe(base::view_of(text)), "lies outside of the file");
    EXPECT_ERROR(parse_pe(base::view_of("MZ")), "no DOS header");
}

TEST(Pe, NamesTheByteAtWhichAHeaderIsWrong) {
    EXPECT_ERROR(parse_pe(changed_pe(0x3c, 0xffffffff, 4)), "byte 60: the PE header lies outside");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff, 0x4551, 4)), "byte 64: no PE header");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff + 4, 0x1234, 2)), "byte 68: a machine type");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff + 6, 0, 2)), "no sections");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff + 6, 0xffff, 2)), "the section table lies outside");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff + 20, 100, 2)), "optional header is too short");
    EXPECT_ERROR(parse_pe(changed_pe(kCoff + 20, 120, 2)), "too short for its data directories");
    EXPECT_ERROR(parse_pe(changed_pe(kOptional, 0x107, 2)), "neither PE32 nor PE32+");
    EXPECT_ERROR(parse_pe(changed_pe(kOptional + 16, 0x10000000, 4)), "an entry point outside");
    EXPECT_ERROR(parse_pe(changed_pe(kOptional + 32, 0, 4)), "alignments");
    EXPECT_ERROR(parse_pe(changed_pe(kOptional + 36, 3, 4)), "alignments");
    EXPECT_ERROR(parse_pe(changed_pe(kOptional + 60, 0xffffffff, 4)), "headers that are longer");
}

TEST(Pe, RefusesSectionsThatAreNotThereOrOverlap) {
    EXPECT_ERROR(parse_pe(changed_pe(kSections + 16, 0xffffffff, 4)), "outside of the file");
    EXPECT_ERROR(parse_pe(changed_pe(kSections + 20, 0xffffffff, 4)), "outside of the file");
    EXPECT_ERROR(parse_pe(changed_pe(kSections + 8, 0xffffffff, 4)), "overlap in memory");
    EXPECT_ERROR(parse_pe(changed_pe(kSections + 40 + 12, 0x1000, 4)), "overlap in memory");
    EXPECT_ERROR(parse_pe(changed_pe(kSections + 80 + 12, 0xfffff000, 4)), "leave the image");
}

// Sixteen is what Windows looks at, and packers write more.
TEST(Pe, ReadsSixteenDirectoriesHoweverManyAreClaimed) {
    const PeImage image = parsed(changed_pe(kOptional + 108, 0xffffffff, 4));
    EXPECT_EQ(image.directories.size(), 16u);
}

TEST(Pe, TakesWhatFollowsTheSectionsForOverlay) {
    Bytes bytes = sample_pe();
    const size_t size = bytes.size();
    bytes.resize(size + 5);
    const PeImage image = parsed(bytes);
    EXPECT_EQ(image.overlay, (Range{size, 5}));
    EXPECT_EQ(image.length, size);
}

TEST(Pe, TakesAFileWithABrokenCertificateTableForAnExecutableStill) {
    const PeImage image = parsed(changed_pe(kOptional + 112 + 32, 0xffffffffffffffff, 8));
    EXPECT_EQ(image.length, image.content_end);
    EXPECT_EQ(image.certificate_table.size, 0xffffffffu);
}

TEST(Pe, StopsWhereTheEffortIsUsedUp) {
    Effort effort(3);
    EXPECT_ERROR(parse_pe(sample_pe(), effort), "more sections than there is time for");
    EXPECT_TRUE(effort.used_up());
    Effort enough(4);
    EXPECT_TRUE(parse_pe(sample_pe(), enough).ok());
    EXPECT_EQ(enough.spent(), 4u);
}

// --- what signatures need ------------------------------------------------------------------------

TEST(PeDigest, LeavesOutChecksumSecurityEntryAndCertificateTable) {
    const Bytes bytes = signed_sample();
    const PeImage image = parsed(bytes);
    ASSERT_OK_AND(const auto ranges, digested_ranges(bytes, image));
    const size_t checksum = kOptional + 64;
    const size_t entry = kOptional + 112 + 4 * 8;
    const size_t table = image.certificate_table.offset;
    EXPECT_THAT(ranges, ElementsAre(Range{0, checksum}, Range{checksum + 4, entry - checksum - 4},
                                    Range{entry + 8, table - entry - 8}));
    EXPECT_EQ(image.certificate_table.end(), bytes.size());
}

TEST(PeDigest, ChangesExactlyWithTheBytesThatItCovers) {
    const Bytes bytes = signed_sample();
    const PeImage image = parsed(bytes);
    const auto ranges = digested_ranges(bytes, image).value();
    const Sha256 digest = authenticode_digest(bytes, image).value();
    for (size_t at = 0; at < bytes.size(); at += 7) {
        Bytes other = bytes;
        other[at] ^= 1;
        const bool covered = std::ranges::any_of(
            ranges, [&](const Range& range) { return at >= range.offset && at < range.end(); });
        EXPECT_EQ(authenticode_digest(other, image).value() != digest, covered) << at;
    }
}

TEST(PeDigest, IsTheSameBeforeAndAfterSigningAFileOfAnyLength) {
    for (size_t more = 0; more < 9; ++more) {
        Bytes bytes = sample_pe();
        bytes.resize(bytes.size() + more, 0x77);
        const Bytes done = test::signed_by(test::authority().publisher, bytes);
        EXPECT_EQ(authenticode_digest(bytes, parsed(bytes)).value(),
                  authenticode_digest(done, parsed(done)).value())
            << more;
        EXPECT_EQ(parsed(done).certificate_table.offset % 8, 0u);
    }
}

// A section there would be code that anybody may change.
TEST(PeDigest, RefusesASectionOnBytesThatItLeavesOut) {
    Bytes bytes = sample_pe();
    put_at(bytes, kSections + 20, 0, 4);
    EXPECT_ERROR(authenticode_digest(bytes, parsed(bytes)), "no signature covers");
}

TEST(CertificateTable, IsRefusedInEveryPlaceButTheEndOfTheFile) {
    const Bytes good = signed_sample();
    const size_t entry = parsed(good).security_entry.offset;
    const auto with = [&](uint64_t offset, uint64_t size) {
        Bytes bytes = good;
        put_at(bytes, entry, offset, 4);
        put_at(bytes, entry + 4, size, 4);
        return certificates_of(bytes, parsed(bytes));
    };
    const uint64_t table = parsed(good).certificate_table.offset;
    const uint64_t size = good.size() - table;
    ASSERT_OK(with(table, size));
    EXPECT_ERROR(with(table, size + 8), "lies outside of the file");
    EXPECT_ERROR(with(0xffffffff, 0xffffffff), "lies outside of the file");
    EXPECT_ERROR(with(table - 8, size + 8), "within headers or sections");
    EXPECT_ERROR(with(table + 4, size - 4), "not at a multiple of 8");
    EXPECT_ERROR(with(table, size - 8), "bytes follow the certificate table");
    ASSERT_OK_AND(const auto none, with(table, 0));
    EXPECT_TRUE(none.empty());
}

TEST(CertificateTable, IsRefusedWhenItsEntriesDoNotFit) {
    const Bytes good = signed_sample();
    const PeImage image = parsed(good);
    const size_t table = image.certificate_table.offset;
    for (const uint32_t length : {0u, 7u, 0xffffffffu}) {
        Bytes bytes = good;
        put_at(bytes, table, length, 4);
        EXPECT_ERROR(certificates_of(bytes, image), "does not fit into the table");
    }
    Bytes tiny = good;
    for (size_t at = table; at < tiny.size(); at += 8) {
        put_at(tiny, at, 8, 4);
    }
    EXPECT_ERROR(certificates_of(tiny, image), "more than 64 certificates");
}

// Written another way: a sum of 64 bits, folded once it is whole.
TEST(PeChecksum, IsTheFoldedSumOfAllWordsButItselfAndTheLength) {
    for (const Bytes& bytes : {sample_pe(), signed_sample(), sample_pe(Machine::kX86)}) {
        const PeImage image = parsed(bytes);
        uint64_t sum = 0;
        for (size_t at = 0; at < bytes.size(); at += 2) {
            sum += u16_at(bytes, at);
        }
        sum -= u16_at(bytes, image.checksum_field.offset);
        sum -= u16_at(bytes, image.checksum_field.offset + 2);
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        EXPECT_EQ(u32_at(bytes, image.checksum_field.offset), sum + bytes.size());
    }
}

}  // namespace
}  // namespace firebreak::endpoint::executables
