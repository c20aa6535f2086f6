#include "endpoint/executables/find_executables.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using base::ByteView;
using test::sample_elf;
using test::sample_pe;
using test::signed_sample;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kMegabyte = 1 << 20;

void append(Bytes& to, ByteView more) {
    to.insert(to.end(), more.begin(), more.end());
}

// `unit` again and again, about so many bytes.
Bytes repeated(std::string_view unit, size_t bytes) {
    Bytes out;
    while (out.size() < bytes) {
        append(out, base::view_of(unit));
    }
    return out;
}

TEST(FindExecutables, FindsEachKindInTheMiddleOfSomethingElse) {
    const std::pair<ExecutableKind, Bytes> kinds[] = {
        {ExecutableKind::kPe32, sample_pe(Machine::kX86)},
        {ExecutableKind::kPe32Plus, sample_pe()},
        {ExecutableKind::kPe32Plus, signed_sample()},
        {ExecutableKind::kElf32, sample_elf(false)},
        {ExecutableKind::kElf64, sample_elf(true)}};
    for (const auto& [kind, executable] : kinds) {
        Bytes content = base::bytes_of("Dear colleague, see below.");
        append(content, executable);
        append(content, base::view_of("Best regards"));
        const SearchResult result = find_executables(content);
        EXPECT_THAT(result.found, ElementsAre(FoundExecutable{kind, 26, executable.size()}))
            << to_text(kind);
        EXPECT_TRUE(result.complete);
    }
}

TEST(FindExecutables, FindsOneInsideOfAnother) {
    const Bytes inner = sample_pe(Machine::kX86);
    const Bytes outer = make_pe({Machine::kX64, {{".text", {0xc3}}, {".rsrc", inner}}, 0}).value();
    EXPECT_THAT(find_executables(outer).found,
                ElementsAre(FoundExecutable{ExecutableKind::kPe32Plus, 0, outer.size()},
                            FoundExecutable{ExecutableKind::kPe32, 0x400, inner.size()}));
}

TEST(FindExecutables, TakesNothingForAnExecutableThatOnlyStartsLikeOne) {
    EXPECT_THAT(find_executables({}).found, IsEmpty());
    EXPECT_THAT(find_executables(base::view_of("M")).found, IsEmpty());
    EXPECT_THAT(find_executables(repeated("MZ and \x7f"
                                          "ELF, PE\0\0 too. ",
                                          5000))
                    .found,
                IsEmpty());
    const Bytes whole = sample_pe();
    EXPECT_THAT(find_executables(ByteView(whole).first(whole.size() - 1)).found, IsEmpty());
}

TEST(FindExecutables, SaysWhenThereAreMoreThanItMayReport) {
    Bytes content;
    for (int i = 0; i < 3; ++i) {
        append(content, sample_elf(true));
    }
    const SearchResult two = find_executables(content, {.executables = 2});
    EXPECT_EQ(two.found.size(), 2u);
    EXPECT_FALSE(two.complete);
    const SearchResult three = find_executables(content, {.executables = 3});
    EXPECT_EQ(three.found.size(), 3u);
    EXPECT_TRUE(three.complete);
}

// --- content that wants to keep the scanner busy -------------------------------------------------

TEST(FindExecutables, TakesOneStepForEachMzOfAMillion) {
    const Bytes content = repeated("MZ", 2 * 1'000'000);
    const SearchResult result = find_executables(content);
    EXPECT_THAT(result.found, IsEmpty());
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.steps, 1'000'000u);
}

// Each of them leads to one and the same header, with as many sections as a header can have.
Bytes decoys_with_a_shared_header(size_t decoys) {
    constexpr size_t kEach = 64;
    const Bytes real = sample_pe();
    const size_t header = decoys * kEach;
    Bytes content(header, 0);
    for (size_t i = 0; i < decoys; ++i) {
        content[i * kEach] = 'M';
        content[i * kEach + 1] = 'Z';
        put_at(content, i * kEach + 0x3c, header - i * kEach, 4);
    }
    append(content, ByteView(real).subspan(64));
    put_at(content, header + 6, 0xffff, 2);
    content.resize(header + 264 + 0xffff * 40);
    return content;
}

TEST(FindExecutables, GivesUpOnDecoysThatShareAHeaderOfManySections) {
    const Bytes content = decoys_with_a_shared_header(20'000);
    const SearchLimits limits;
    const SearchResult result = find_executables(content, limits);
    EXPECT_FALSE(result.complete);
    EXPECT_LE(result.steps, content.size() * limits.steps_per_byte);
}

TEST(FindExecutables, WorksInProportionToTheBytesWhateverTheyAre) {
    const SearchLimits limits{.least_steps = 0};
    const std::string_view units[] = {"MZ",
                                      "\x7f"
                                      "ELF",
                                      "MZ\x7f"
                                      "ELF",
                                      std::string_view("MZ\0\0PE\0\0", 8)};
    for (const std::string_view unit : units) {
        const SearchResult one = find_executables(repeated(unit, kMegabyte), limits);
        const SearchResult four = find_executables(repeated(unit, 4 * kMegabyte), limits);
        EXPECT_GT(one.steps, 0u);
        EXPECT_LE(four.steps, 4 * one.steps + 8) << unit;
        EXPECT_TRUE(four.complete) << unit;
    }
}

// --- properties ----------------------------------------------------------------------------------

RC_GTEST_PROP(FindExecutablesProperty, FindsExactlyWhatWasPlantedAmongRandomBytes, ()) {
    static const std::vector<Bytes> executables = {sample_pe(), sample_pe(Machine::kX86),
                                                   signed_sample(), sample_elf(false),
                                                   sample_elf(true)};
    Bytes content;
    std::vector<std::pair<uint64_t, uint64_t>> planted;
    const int count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
        append(content, *rc::gen::arbitrary<Bytes>());
        const Bytes& executable = *rc::gen::elementOf(executables);
        planted.emplace_back(content.size(), executable.size());
        append(content, executable);
    }
    append(content, *rc::gen::arbitrary<Bytes>());
    std::vector<std::pair<uint64_t, uint64_t>> found;
    for (const FoundExecutable& executable : find_executables(content).found) {
        found.emplace_back(executable.offset, executable.length);
    }
    RC_ASSERT(found == planted);
}

RC_GTEST_PROP(FindExecutablesProperty, WhatIsFoundIsInBoundsAndParsesAloneToo, ()) {
    Bytes content = *rc::gen::element(sample_pe(), signed_sample(), sample_elf(true));
    const int changes = *rc::gen::inRange(1, 5);
    for (int i = 0; i < changes; ++i) {
        const size_t at = *rc::gen::inRange<size_t>(0, std::min<size_t>(content.size(), 500));
        content[at] = *rc::gen::arbitrary<uint8_t>();
    }
    for (const FoundExecutable& found : find_executables(content).found) {
        RC_ASSERT(found.offset + found.length <= content.size());
        const ByteView alone = ByteView(content).subspan(found.offset, found.length);
        const std::vector<FoundExecutable> again = find_executables(alone).found;
        RC_ASSERT(!again.empty() && again.front().offset == 0u);
        RC_ASSERT(again.front().length == found.length);
    }
}

}  // namespace
}  // namespace firebreak::endpoint::executables
