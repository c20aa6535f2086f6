#include "base/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"

namespace firebreak::base {
namespace {

// FIPS 180-4 examples, and RFC 6234's million times 'a'.
TEST(Sha384, MatchesKnownVectors) {
    EXPECT_EQ(sha384({}).hex(),
              "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
              "274edebfe76f65fbd51ad2f14898b95b");
    EXPECT_EQ(sha384(view_of("abc")).hex(),
              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
              "8086072ba1e7cc2358baeca134c825a7");
    EXPECT_EQ(sha384(Bytes(1'000'000, 'a')).hex(),
              "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b"
              "07b8b3dc38ecc4ebae97ddd87f3d8985");
}

RC_GTEST_PROP(Sha384, IsTheSameHoweverTheBytesAreCut, (const std::vector<Bytes>& pieces)) {
    Bytes whole;
    Sha384 digest;
    for (const Bytes& piece : pieces) {
        digest.add(piece);
        whole.insert(whole.end(), piece.begin(), piece.end());
    }
    RC_ASSERT(digest.finish() == sha384(whole));
}

TEST(Digest, IsNoneUntilItIsSet) {
    EXPECT_TRUE(Digest{}.none());
    EXPECT_FALSE(sha384({}).none());
}

RC_GTEST_PROP(Digest, ReadsBackFromItsText, (const Bytes& bytes)) {
    const Digest digest = sha384(bytes);
    const Result<Digest> parsed = parse_digest(digest.hex());
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == digest);
}

TEST(Digest, IsReadStrictly) {
    const std::string good = sha384({}).hex();
    std::string upper = good;
    upper[3] = 'B';  // it is 'b'
    std::string foreign = good;
    foreign[95] = 'g';
    for (const std::string& bad : {std::string(), good.substr(1), good + "0", upper, foreign,
                                   " " + good.substr(1), good.substr(1) + "\n"}) {
        EXPECT_ERROR(parse_digest(bad), "96 lower-case hexadecimal digits");
    }
}

RC_GTEST_PROP(Hex, RoundTrips, (const Bytes& bytes)) {
    const Result<Bytes> parsed = from_hex(to_hex(bytes));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == bytes);
}

TEST(Hex, AllowsBlanksBetweenPairsOnly) {
    ASSERT_OK_AND(const Bytes bytes, from_hex(" 4d 5A\n\t00\r\nff "));
    EXPECT_EQ(bytes, (Bytes{0x4d, 0x5a, 0x00, 0xff}));
    EXPECT_ERROR(from_hex("4 d"), "not hexadecimal");
    EXPECT_ERROR(from_hex("4d5"), "odd number");
    EXPECT_ERROR(from_hex("0x4d"), "not hexadecimal");
    EXPECT_ERROR(from_hex(std::string_view("\0\0", 2)), "not hexadecimal");
    ASSERT_OK_AND(const Bytes none, from_hex(""));
    EXPECT_TRUE(none.empty());
}

// The expected value comes from an implementation in another language.
TEST(Fingerprint, HasAGoldenValue) {
    Fingerprint print;
    print.add(1, 2, 3);
    print.add(-1);
    print.add();
    EXPECT_EQ(print.value(), 0xa0094d3ac4572a93u);
    EXPECT_EQ(print.text(), "a009-4d3a-c457-2a93");
}

TEST(Fingerprint, PadsItsText) {
    EXPECT_EQ(Fingerprint().text(), "0000-0000-0000-0000");
}

RC_GTEST_PROP(Fingerprint, DoesNotDependOnTheOrderOfTerms,
              (std::vector<std::pair<uint64_t, uint64_t>> terms)) {
    const auto sum = [&terms] {
        Fingerprint print;
        for (const auto& [a, b] : terms) {
            print.add(a, b);
        }
        return print.value();
    };
    const uint64_t before = sum();
    std::sort(terms.begin(), terms.end());
    RC_ASSERT(sum() == before);
    std::reverse(terms.begin(), terms.end());
    RC_ASSERT(sum() == before);
}

RC_GTEST_PROP(Fingerprint, TellsPartsOfATermApart, (uint64_t a, uint64_t b)) {
    RC_PRE(a != b);
    Fingerprint one;
    one.add(a, b);
    Fingerprint other;
    other.add(b, a);
    RC_ASSERT(one.value() != other.value());
    Fingerprint split;
    split.add(a);
    split.add(b);
    RC_ASSERT(one.value() != split.value());
    Fingerprint twice = one;
    twice.add(a, b);
    RC_ASSERT(twice.value() != one.value());
}

}  // namespace
}  // namespace firebreak::base
