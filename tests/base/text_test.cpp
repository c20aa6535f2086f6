#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace firebreak::base {
namespace {

const std::vector<std::string> kKeys{"seed", "start", "duration", "group", "at"};

TEST(Nearest, FindsWhatWasMeant) {
    EXPECT_EQ(nearest("seeed", kKeys), "seed");
    EXPECT_EQ(nearest("sede", kKeys), "seed");
    EXPECT_EQ(nearest("durration", kKeys), "duration");
    EXPECT_EQ(nearest("groups", kKeys), "group");
    EXPECT_EQ(nearest("start", kKeys), "start");
}

TEST(Nearest, SaysNothingRatherThanGuess) {
    EXPECT_EQ(nearest("publication", kKeys), "");
    EXPECT_EQ(nearest("", {}), "");
    EXPECT_EQ(nearest(std::string(100'000, 's'), kKeys), "");
}

TEST(Nearest, TakesTheFirstOfTwoThatAreEquallyNear) {
    EXPECT_EQ(nearest("ab", std::vector<std::string>{"abc", "abd"}), "abc");
}

TEST(WithThousands, GroupsDigitsByThree) {
    EXPECT_EQ(with_thousands(0), "0");
    EXPECT_EQ(with_thousands(999), "999");
    EXPECT_EQ(with_thousands(1000), "1,000");
    EXPECT_EQ(with_thousands(-999), "-999");
    EXPECT_EQ(with_thousands(-1234567), "-1,234,567");
    EXPECT_EQ(with_thousands(8500000), "8,500,000");
    EXPECT_EQ(with_thousands(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Printable, KeepsPlainTextAndOtherScripts) {
    EXPECT_EQ(printable("plain text, Grüße, 日本語, 🔥"), "plain text, Grüße, 日本語, 🔥");
}

TEST(Printable, ShowsControlCharactersAndBadUtf8AsHex) {
    EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(printable("line\r\n\ttab"), "line\\x0d\\x0a\\x09tab");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // C1 control sequence introducer
    EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");           // no UTF-8
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half a surrogate pair
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // past U+10FFFF
    EXPECT_EQ(printable("\xe6\x97"), "\\xe6\\x97");                    // cut short
}

TEST(Printable, CutsLongTextBetweenCharacters) {
    EXPECT_EQ(printable("abcdef", 3), "abc…");
    EXPECT_EQ(printable("abc", 3), "abc");
    EXPECT_EQ(printable("日本語", 4), "日本…");
    EXPECT_EQ(printable("x", 0), "…");
    EXPECT_EQ(printable("", 0), "");
}

RC_GTEST_PROP(Printable, IsHarmlessAndItsOwnFixedPoint, (const std::string& text)) {
    constexpr size_t kCap = 50;
    const std::string shown = printable(text, kCap);
    for (const char c : shown) {
        RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
    RC_ASSERT(shown.size() <= kCap + 3 + std::string("…").size());
    RC_ASSERT(printable(shown, 1000) == shown);
}

}  // namespace
}  // namespace firebreak::base
