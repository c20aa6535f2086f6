#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace firebreak::base {
namespace {

TEST(ByteWriter, WritesLittleEndianNumbersAndPrefixedStrings) {
    ByteWriter out;
    out.u8(0x01);
    out.u16(0x0203);
    out.u32(0x04050607);
    out.u64(0x08090a0b0c0d0e0f);
    out.text("hi");
    const Bytes expected{0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f, 0x0e, 0x0d, 0x0c,
                         0x0b, 0x0a, 0x09, 0x08, 2,    0,    0,    0,    'h',  'i'};
    EXPECT_EQ(std::move(out).take(), expected);
}

RC_GTEST_PROP(ByteReader, ReadsBackWhatWasWritten,
              (uint8_t a, uint16_t b, uint32_t c, uint64_t d, const Bytes& e,
               const std::string& f)) {
    ByteWriter out;
    out.u8(a);
    out.u16(b);
    out.u32(c);
    out.u64(d);
    out.blob(e);
    out.text(f);
    const Bytes bytes = std::move(out).take();
    ByteReader in(bytes);
    RC_ASSERT(in.u8() == a);
    RC_ASSERT(in.u16() == b);
    RC_ASSERT(in.u32() == c);
    RC_ASSERT(in.u64() == d);
    const ByteView blob = in.blob();
    RC_ASSERT(Bytes(blob.begin(), blob.end()) == e);
    RC_ASSERT(!in.complete());
    RC_ASSERT(in.text() == f);
    RC_ASSERT(in.complete());
}

TEST(ByteReader, StaysFailedAndYieldsNothingOncePastTheEnd) {
    const Bytes bytes{1, 2, 3};
    ByteReader in(bytes);
    EXPECT_EQ(in.u32(), 0u);
    EXPECT_TRUE(in.failed());
    EXPECT_EQ(in.u8(), 0u);  // there would be a byte
    EXPECT_TRUE(in.blob().empty());
    EXPECT_EQ(in.text(), "");
    EXPECT_FALSE(in.complete());
}

TEST(ByteReader, RefusesABlobLongerThanWhatIsLeft) {
    const Bytes bytes{0xff, 0xff, 0xff, 0xff, 'x'};
    ByteReader in(bytes);
    EXPECT_TRUE(in.blob().empty());
    EXPECT_TRUE(in.failed());
}

TEST(ByteReader, ReadsAnEmptyMessageAsComplete) {
    EXPECT_TRUE(ByteReader({}).complete());
    EXPECT_FALSE(ByteReader({}).failed());
}

// Whatever the bytes and whatever is asked: views stay within the bytes, and lengths add up.
RC_GTEST_PROP(ByteReader, NeverLeavesHostileBytes,
              (const Bytes& bytes, const std::vector<uint8_t>& questions)) {
    ByteReader in(bytes);
    size_t consumed = 0;
    for (const uint8_t question : questions) {
        constexpr size_t kWidths[] = {1, 2, 4, 8};
        const bool failed_before = in.failed();
        size_t width = 0;
        switch (question % 5) {
            case 0:
                in.u8();
                break;
            case 1:
                in.u16();
                break;
            case 2:
                in.u32();
                break;
            case 3:
                in.u64();
                break;
            default:
                const ByteView blob = in.blob();
                if (!blob.empty()) {
                    RC_ASSERT(blob.data() >= bytes.data());
                    RC_ASSERT(blob.data() + blob.size() <= bytes.data() + bytes.size());
                }
                width = 4 + blob.size();
        }
        width = width == 0 ? kWidths[question % 5] : width;
        if (failed_before) {
            RC_ASSERT(in.failed());
        }
        consumed += in.failed() ? 0 : width;
        RC_ASSERT(consumed <= bytes.size());
    }
    RC_ASSERT(in.complete() == (!in.failed() && consumed == bytes.size()));
}

RC_GTEST_PROP(Gathered, IsWhatWouldHaveBeenWrittenInOnePiece, ()) {
    const size_t threshold = 4096;
    std::vector<Bytes> blobs;
    for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
        const size_t size = *rc::gen::element<size_t>(0, 1, 100, threshold - 1, threshold, 10'000);
        blobs.emplace_back(size, *rc::gen::arbitrary<uint8_t>());
    }
    ByteWriter gathering, copying;
    for (const Bytes& blob : blobs) {
        gathering.borrowed_blob(blob);
        copying.blob(blob);
        if (*rc::gen::arbitrary<bool>()) {
            gathering.u16(7);
            copying.u16(7);
        }
    }
    Gathered built = std::move(gathering).gather();
    const Gathered moved = std::move(built);
    const Bytes whole = std::move(copying).take();
    RC_ASSERT(moved.size() == whole.size());
    RC_ASSERT(moved.joined() == whole);
    for (const Bytes& blob : blobs) {
        const bool borrowed = std::ranges::any_of(
            moved.pieces(), [&](ByteView piece) { return piece.data() == blob.data(); });
        RC_ASSERT(borrowed == (blob.size() >= threshold));
    }
}

}  // namespace
}  // namespace firebreak::base
