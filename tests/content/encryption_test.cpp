#include "content/encryption.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "content/der.h"
#include "content/packages.h"
#include "content/stock_openssl.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::ByteView;
using base::Category;
using base::Code;
using test::stock_openssl_decrypts;
using test::test_pki;

const Bytes& kek() {
    return test_pki().content_keys.at(Feed::kBehavior);
}

ByteView key_id() {
    return base::view_of("Behavior");
}

Bytes encrypted(ByteView plain, Feed feed = Feed::kBehavior) {
    return encrypt(feed, plain, kek()).value();
}

Bytes sample() {
    return encrypted(base::view_of("on('process.start', function(e) end)"));
}

// The plain text, or nullopt: the refusal then is `code` with evidence.
std::optional<Bytes> decrypted(ByteView cipher, Code code = Code::kNone,
                               Category category = Category::kCorrupt) {
    const auto result = decrypt(Feed::kBehavior, cipher, kek());
    if (const auto* refusal = std::get_if<base::Outcome>(&result)) {
        EXPECT_EQ(refusal->stage, base::Stage::kVerify);
        EXPECT_EQ(refusal->category, category);
        EXPECT_EQ(refusal->code, code) << base::to_text(refusal->code);
        EXPECT_FALSE(refusal->evidence.empty());
        return std::nullopt;
    }
    return std::get<Bytes>(result);
}

// --- there and back ----------------------------------------------------------------------------

TEST(Encryption, GivesBackWhatItHid) {
    for (const size_t size : {0u, 1u, 15u, 16u, 17u, 100'000u}) {
        const Bytes plain(size, 'x');
        const Bytes cipher = encrypted(plain);
        EXPECT_EQ(decrypted(cipher), plain) << size;
        if (size >= 15) {
            EXPECT_TRUE(std::ranges::search(cipher, plain).empty()) << size;
        }
    }
}

TEST(Encryption, IsReadByStockOpenSsl) {
    for (const size_t size : {1u, 16u, 1'000u, 300'000u}) {
        const Bytes plain(size, 'x');
        EXPECT_EQ(stock_openssl_decrypts(encrypted(plain), key_id(), kek()), plain) << size;
    }
    const auto nothing = stock_openssl_decrypts(encrypted({}), key_id(), kek());
    EXPECT_EQ(nothing, Bytes());
}

TEST(Encryption, TakesUpToSixteenMebibytes) {
    Bytes plain(kMaxPlainBytes, 'x');
    const Bytes cipher = encrypted(plain);
    EXPECT_LE(cipher.size(), kMaxCipherBytes);
    EXPECT_EQ(decrypted(cipher), plain);
    EXPECT_EQ(stock_openssl_decrypts(cipher, key_id(), kek()), plain);
    plain.push_back('x');
    EXPECT_ERROR(encrypt(Feed::kBehavior, plain, kek()), "at most 16777216");
    EXPECT_EQ(decrypted(Bytes(kMaxCipherBytes + 1, 0x30), Code::kOverCap, Category::kTooLarge),
              std::nullopt);
}

TEST(Encryption, WantsAKeyOfTheRightSize) {
    for (const size_t size : {0u, 16u, 31u, 33u}) {
        EXPECT_ERROR(encrypt(Feed::kBehavior, {}, Bytes(size, 1)), "a content key has 32");
        const auto result = decrypt(Feed::kBehavior, sample(), Bytes(size, 1));
        ASSERT_TRUE(std::holds_alternative<base::Outcome>(result));
        EXPECT_EQ(std::get<base::Outcome>(result).code, Code::kNothingDecrypts);
    }
}

// --- nothing is random -------------------------------------------------------------------------

// Where the nonce is: the only OCTET STRING of 12 bytes behind AES-256-GCM's name.
Bytes nonce_of(const Bytes& cipher) {
    const Bytes gcm = base::from_hex("060960864801650304012e 3011 040c").value();
    const auto found = std::ranges::search(cipher, gcm);
    EXPECT_FALSE(found.empty());
    return Bytes(found.end(), found.end() + 12);
}

RC_GTEST_PROP(Encryption, IsTheSameAgainAndSharesNoNonceWithAnotherText,
              (const Bytes& plain, const Bytes& other)) {
    RC_ASSERT(encrypted(plain) == encrypted(plain));
    RC_ASSERT(decrypted(encrypted(plain)) == plain);
    if (plain != other) {
        RC_ASSERT(nonce_of(encrypted(plain)) != nonce_of(encrypted(other)));
    }
}

TEST(Encryption, IsAnotherForEachFeedAndKey) {
    const Bytes plain = base::bytes_of("the same text");
    const Bytes other_key = test_pki().content_keys.at(Feed::kRepairKit);
    const Bytes first = encrypted(plain);
    EXPECT_NE(nonce_of(first), nonce_of(encrypted(plain, Feed::kRepairKit)));
    EXPECT_NE(nonce_of(first), nonce_of(encrypt(Feed::kBehavior, plain, other_key).value()));
}

// The nonce was computed by hand, with HMAC-SHA-384 (RFC 5869) and nothing of this program: runs of
// different builds must agree.
TEST(Encryption, StaysTheSameFromBuildToBuild) {
    const Bytes key(kContentKeyBytes, 0x42);
    const Bytes cipher = encrypt(Feed::kBehavior, base::view_of("firebreak"), key).value();
    EXPECT_EQ(base::to_hex(nonce_of(cipher)), "f928e31e8880664ed23ae0f0");
    EXPECT_EQ(base::sha384(cipher).hex(),
              "2d02ebd188414a31e4e14583fb9a7b1636e3ba85b590c71d"
              "c643050ebed38235552b0be8c25c4bf98c4900e937b90241");
}

// --- refusals ----------------------------------------------------------------------------------

TEST(Decryption, RefusesAnotherKeyOrAnotherFeed) {
    const Bytes other = test_pki().content_keys.at(Feed::kRepairKit);
    const auto by_other = decrypt(Feed::kBehavior, sample(), other);
    ASSERT_TRUE(std::holds_alternative<base::Outcome>(by_other));
    EXPECT_EQ(std::get<base::Outcome>(by_other).code, Code::kNothingDecrypts);
    EXPECT_EQ(stock_openssl_decrypts(sample(), key_id(), other), std::nullopt);

    const auto of_other = decrypt(Feed::kRepairKit, sample(), kek());
    ASSERT_TRUE(std::holds_alternative<base::Outcome>(of_other));
    EXPECT_EQ(std::get<base::Outcome>(of_other).code, Code::kNothingDecrypts);
    EXPECT_EQ(stock_openssl_decrypts(sample(), base::view_of("RepairKit"), kek()), std::nullopt);
}

TEST(Decryption, RefusesEveryFlippedBit) {
    const Bytes good = sample();
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
        Bytes flipped = good;
        flipped[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const auto result = decrypt(Feed::kBehavior, flipped, kek());
        ASSERT_TRUE(std::holds_alternative<base::Outcome>(result)) << "bit " << bit;
    }
}

TEST(Decryption, RefusesEveryTruncationAndAnythingBehind) {
    const Bytes good = sample();
    for (size_t length = 0; length < good.size(); ++length) {
        ASSERT_EQ(decrypted(ByteView(good).first(length), Code::kEnvelopeMalformed), std::nullopt);
    }
    for (const int tail : {0x00, 0x0a, 0x30}) {
        Bytes longer = good;
        longer.push_back(static_cast<uint8_t>(tail));
        EXPECT_EQ(decrypted(longer, Code::kEnvelopeNotCanonical), std::nullopt);
    }
}

// `good` with the first run of bytes that is `from` replaced.
Bytes with(Bytes good, const Bytes& from, const Bytes& to) {
    const auto found = std::ranges::search(good, from);
    EXPECT_FALSE(found.empty());
    const auto at = good.erase(found.begin(), found.end());
    good.insert(at, to.begin(), to.end());
    return good;
}

TEST(Decryption, RefusesOtherContentTagOrWrappedKeyAsStockOpenSslDoes) {
    const Bytes good = sample();
    const Bytes tag(good.end() - 16, good.end());
    Bytes other_tag = tag;
    other_tag[15] ^= 1;
    Bytes other_content = good;
    other_content[good.size() - 20] ^= 1;
    Bytes other_wrap = good;
    const auto wrap = std::ranges::search(other_wrap, Bytes{0x04, 0x28});
    ASSERT_FALSE(wrap.empty());
    *(wrap.end() + 5) ^= 1;
    for (const Bytes& bad : {with(good, tag, other_tag), other_content, other_wrap}) {
        EXPECT_EQ(decrypted(bad, Code::kNothingDecrypts), std::nullopt);
        EXPECT_EQ(stock_openssl_decrypts(bad, key_id(), kek()), std::nullopt);
    }
}

TEST(Decryption, RefusesEncodingsThatStockOpenSslTakes) {
    const Bytes good = sample();
    ASSERT_EQ(good[0], 0x30);
    ASSERT_EQ(good[1], 0x81);
    Bytes indefinite = good;
    indefinite.erase(indefinite.begin() + 2);
    indefinite[1] = 0x80;
    indefinite.insert(indefinite.end(), {0, 0});
    Bytes longer_length = good;
    longer_length[1] = 0x82;
    longer_length.insert(longer_length.begin() + 2, 0);
    EXPECT_EQ(decrypted(indefinite, Code::kEnvelopeMalformed), std::nullopt);
    EXPECT_EQ(decrypted(longer_length, Code::kEnvelopeNotCanonical), std::nullopt);
    for (const Bytes& taken : {indefinite, longer_length}) {
        EXPECT_TRUE(stock_openssl_decrypts(taken, key_id(), kek()).has_value());
    }
}

TEST(Decryption, RefusesShortTagsAndNonces) {
    // Well-formed, and lengths all right: 12 of the tag's 16 bytes.
    const Bytes good = sample();
    Bytes short_tag = good;
    short_tag.resize(good.size() - 4);
    const auto shorten = [&short_tag](size_t at) {
        short_tag[at] = static_cast<uint8_t>(short_tag[at] - 4);
    };
    shorten(2);                 // of ContentInfo, 0x30 0x81 length
    shorten(good.size() - 17);  // of the tag
    const auto name =
        std::ranges::search(short_tag, base::from_hex("060b2a864886f70d0109100117").value());
    const auto data = static_cast<size_t>(name.end() - short_tag.begin());
    shorten(data + 2);  // [0], 0xa0 0x81 length
    shorten(data + 5);  // SEQUENCE, 0x30 0x81 length
    EXPECT_EQ(decrypted(short_tag, Code::kEnvelopeNotCanonical), std::nullopt);
}

RC_GTEST_PROP(Decryption, RefusesRandomBytes, (const Bytes& bytes)) {
    RC_ASSERT(std::holds_alternative<base::Outcome>(decrypt(Feed::kBehavior, bytes, kek())));
}

}  // namespace
}  // namespace firebreak::content
