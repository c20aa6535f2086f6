#include "cloud/byte_range.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace firebreak::cloud {
namespace {

using Kind = ByteRange::Kind;

// "5+3": three bytes from the fifth on.
std::string read(std::string_view header, uint64_t size) {
    const ByteRange range = parse_byte_range(header, size);
    switch (range.kind) {
        case Kind::kWhole:
            return "whole";
        case Kind::kOutsideFile:
            return "outside";
        case Kind::kPart:
            break;
    }
    return fmt::format("{}+{}", range.first, range.length);
}

TEST(ByteRange, IsCutToTheFile) {
    EXPECT_EQ(read("bytes=0-", 10), "0+10");
    EXPECT_EQ(read("bytes=3-", 10), "3+7");
    EXPECT_EQ(read("bytes=3-5", 10), "3+3");
    EXPECT_EQ(read("bytes=9-9", 10), "9+1");
    EXPECT_EQ(read("bytes=3-99999", 10), "3+7");
    EXPECT_EQ(read("bytes=3-99999999999999999999999999999999", 10), "3+7");
    EXPECT_EQ(read("Bytes=3-", 10), "3+7");
}

TEST(ByteRange, CountsFromTheEnd) {
    EXPECT_EQ(read("bytes=-3", 10), "7+3");
    EXPECT_EQ(read("bytes=-10", 10), "0+10");
    EXPECT_EQ(read("bytes=-11", 10), "0+10");
    EXPECT_EQ(read("bytes=-18446744073709551616", 10), "0+10");
    EXPECT_EQ(read("bytes=-0", 10), "outside");
}

TEST(ByteRange, CanLieOutsideTheFile) {
    EXPECT_EQ(read("bytes=10-", 10), "outside");
    EXPECT_EQ(read("bytes=18446744073709551615-", 10), "outside");
    EXPECT_EQ(read("bytes=99999999999999999999999-", 10), "outside");
    EXPECT_EQ(read("bytes=0-", 0), "outside");
    EXPECT_EQ(read("bytes=-5", 0), "outside");
}

TEST(ByteRange, IsPassedOverUnlessItIsOneOfBytes) {
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=5", "items=0-5", "bytes=5-2", "bytes=0-1,3-4",
          "bytes=0-1-2", "bytes= 0-1", "bytes=0x1-", "bytes=+1-", "bytes=1-x", "bytes=1 -2", "-=1",
          "bytes=--1", "bytes==0-1"}) {
        EXPECT_EQ(read(header, 10), "whole") << header;
    }
}

RC_GTEST_PROP(ByteRange, NamesBytesOfTheFileWhateverTheHeaderSays, ()) {
    const auto header =
        "bytes=" + *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123489-, =")));
    const auto size = *rc::gen::inRange<uint64_t>(0, 1000);
    const ByteRange range = parse_byte_range(header, size);
    if (range.kind == Kind::kPart) {
        RC_ASSERT(range.length > 0);
        RC_ASSERT(range.first < size);
        RC_ASSERT(range.length <= size - range.first);
    }
}

RC_GTEST_PROP(ByteRange, IsWhatItWasWrittenFrom, ()) {
    const auto size = *rc::gen::inRange<uint64_t>(1, 1u << 30);
    const auto first = *rc::gen::inRange<uint64_t>(0, size);
    const auto last = *rc::gen::inRange<uint64_t>(first, size);
    const ByteRange range = parse_byte_range(fmt::format("bytes={}-{}", first, last), size);
    RC_ASSERT(range.kind == Kind::kPart);
    RC_ASSERT(range.first == first);
    RC_ASSERT(range.length == last - first + 1);
}

}  // namespace
}  // namespace firebreak::cloud
