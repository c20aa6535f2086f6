#include "content/der.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "support/result_matchers.h"

namespace firebreak::content::der {
namespace {

base::Bytes bytes(std::string_view hex) {
    return base::from_hex(hex).value();
}

TEST(Der, WritesTheShortestLength) {
    for (const auto& [length, header] :
         std::initializer_list<std::pair<size_t, const char*>>{{0, "0400"},
                                                               {127, "047f"},
                                                               {128, "048180"},
                                                               {255, "0481ff"},
                                                               {256, "04820100"},
                                                               {65536, "0483010000"}}) {
        const base::Bytes contents(length, 7);
        base::Bytes expected = bytes(header);
        expected.insert(expected.end(), contents.begin(), contents.end());
        EXPECT_EQ(element(kOctetString, {contents}), expected) << length;
    }
}

TEST(DerReader, TakesElementsOneAfterAnother) {
    const base::Bytes input = bytes("3006 020105 040141");
    Reader outer(input);
    ASSERT_OK_AND(Reader inner, outer.enter(kSequence));
    EXPECT_TRUE(outer.at_end());
    ASSERT_OK_AND(const Element number, inner.next(kInteger));
    EXPECT_EQ(base::to_hex(number.whole), "020105");
    EXPECT_EQ(base::to_hex(number.contents), "05");
    ASSERT_OK_AND(const Element text, inner.next());
    EXPECT_EQ(base::text_of(text.contents), "A");
    EXPECT_TRUE(inner.at_end());
}

TEST(DerReader, TakesLengthsLongerThanTheyNeedBe) {
    const base::Bytes input = bytes("0484 00000001 41");
    ASSERT_OK_AND(const Element text, Reader(input).next());
    EXPECT_EQ(base::text_of(text.contents), "A");
}

TEST(DerReader, SaysAtWhichByteAnotherTagWasExpected) {
    const base::Bytes input = bytes("3003 020105");
    ASSERT_OK_AND(Reader inner, Reader(input).enter(kSequence));
    EXPECT_ERROR(inner.next(kOctetString), "byte 2: expected an element with tag 0x04, found 0x02");
}

TEST(DerReader, RefusesWhatIsNoElement) {
    for (const auto& [hex, reason] : std::initializer_list<std::pair<const char*, const char*>>{
             {"", "ends before an element"},
             {"04", "ends before the length"},
             {"0401", "1 bytes where 0 are left"},
             {"0480 41 0000", "indefinite"},
             {"0485 0000000001 41", "a length of more bytes than there are"},
             {"0482 01", "a length of more bytes than there are"},
             {"0484 ffffffff", "an element of"},
             {"1f0100", "a tag of several bytes"}}) {
        const base::Bytes input = bytes(hex);
        EXPECT_ERROR(Reader(input).next(), reason);
    }
}

}  // namespace
}  // namespace firebreak::content::der
