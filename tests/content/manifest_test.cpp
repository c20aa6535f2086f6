#include "content/manifest.h"

#include <gtest/gtest.h>

#include "content/encryption.h"
#include "content/packages.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using test::sample_manifest;

const std::string kPayloadDigest(96, 'a');

std::string good_json() {
    return R"({"feed":"ESH","groups":["beta","internal"],"min_product_version":"0",)"
           R"("payloads":[{"name":"a.json","sha384":")" +
           kPayloadDigest + R"(","size":7}],"platform":"linux-x64","schema":1,"version":"1"})";
}

// good_json() with the first `from` replaced.
std::string changed(const std::string& from, const std::string& to) {
    std::string json = good_json();
    const size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return json.replace(at, from.size(), to);
}

auto parse(std::string_view json) {
    return parse_manifest(base::view_of(json));
}

TEST(Manifest, IsReadAsItIsWritten) {
    ASSERT_OK_AND(const Manifest manifest, parse(good_json()));
    EXPECT_EQ(manifest.feed, Feed::kESH);
    EXPECT_EQ(manifest.version, "1");
    EXPECT_EQ(manifest.platform, "linux-x64");
    EXPECT_EQ(manifest.groups, (std::vector<std::string>{"beta", "internal"}));
    ASSERT_EQ(manifest.payloads.size(), 1u);
    EXPECT_EQ(manifest.payloads[0].name, "a.json");
    EXPECT_EQ(manifest.payloads[0].size, 7u);
    EXPECT_EQ(manifest.payloads[0].sha384.hex(), kPayloadDigest);
    EXPECT_EQ(base::text_of(canonical_json(manifest)), good_json());
}

TEST(Manifest, RefusesAnyOtherSpellingOfTheSameThing) {
    for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{
             {"{\"feed", " {\"feed"},
             {":7", ": 7"},
             {":7", ":7.0"},
             {":7", ":7e0"},
             {":7", ":-0"},
             {"\"schema\":1", "\"schema\":1.0"},
             {"\"ESH\"", "\"E\\u0053H\""},
             {"\"version\":\"1\"}", "\"version\":\"1\"}\n"},
             {"\"version\":\"1\"}", "\"version\":\"1\",\"version\":\"1\"}"},
             {"\"version\":\"1\"}", "\"version\":\"2\",\"version\":\"1\"}"},
             {"\"platform\":\"linux-x64\",\"schema\":1", "\"schema\":1,\"platform\":\"linux-x64\""},
             {"{\"feed", "\xef\xbb\xbf{\"feed"}}) {
        EXPECT_FALSE(parse(changed(from, to)).ok()) << changed(from, to);
    }
}

TEST(Manifest, SaysWhichKeyIsWrong) {
    EXPECT_ERROR(parse(changed("\"schema\":1", "\"schema\":2")), "schema");
    EXPECT_ERROR(parse(changed("\"ESH\"", "\"EHS\"")), "no feed is named `EHS`");
    EXPECT_ERROR(parse(changed("\"ESH\"", "7")), "feed: not a string");
    EXPECT_ERROR(parse(changed("\"feed\"", "\"fed\"")), "unknown key `fed`");
    EXPECT_ERROR(parse(changed(",\"version\":\"1\"", "")), "no key `version`");
    EXPECT_ERROR(parse(changed("\"version\":\"1\"", "\"version\":\"\"")), "version");
    EXPECT_ERROR(parse(changed("\"version\":\"1\"", "\"version\":\"1/2\"")), "version");
    EXPECT_ERROR(parse(changed("_version\":\"0\"", "_version\":\"a\"")), "min_product_version");
    EXPECT_ERROR(parse(changed("\"linux-x64\"", "\"\"")), "platform: not a platform");
    EXPECT_ERROR(parse(changed("\"linux-x64\"", "\"Linux\"")), "platform: not a platform");
    EXPECT_ERROR(parse(changed("\"linux-x64\"", "null")), "platform: not a string");
    EXPECT_ERROR(parse(changed("\"platform\":\"linux-x64\",", "")), "no key `platform`");
    EXPECT_ERROR(parse(changed("\"groups\":[\"beta\",\"internal\"],", "")), "no key `groups`");
    EXPECT_ERROR(parse(changed("[\"beta\",\"internal\"]", "{}")), "groups: not a list");
    EXPECT_ERROR(parse(changed("\"beta\"", "7")), "groups[0]: not a string");
    EXPECT_ERROR(parse(changed("\"beta\"", "\"Beta\"")), "groups[0]: not a name");
    EXPECT_ERROR(parse(changed("\"beta\"", "\"internal\"")), "groups[1]: out of order");
    EXPECT_ERROR(parse(changed("\"beta\"", "\"later\"")), "groups[1]: out of order");
    EXPECT_ERROR(parse(changed(",\"size\":7", "")), "payloads[0]: no key `size`");
    EXPECT_ERROR(parse(changed(":7", ":\"7\"")), "payloads[0].size");
    EXPECT_ERROR(parse(changed(":7", ":1073741825")), "payloads[0].size");
    EXPECT_ERROR(parse(changed("aaaa", "AAAA")), "digest");
    EXPECT_ERROR(parse(changed("aaaa", "")), "digest");
    EXPECT_ERROR(parse("[]"), "not a JSON object");
    EXPECT_ERROR(parse("{"), "not JSON");
    EXPECT_ERROR(parse(""), "not JSON");
    // nlohmann's parser takes NUL for the end: only the comparison with canonical bytes sees it.
    EXPECT_ERROR(parse(good_json() + std::string(1, '\0')), "not the canonical JSON");
}

TEST(Manifest, RefusesPayloadsThatAreNoListOfObjects) {
    std::string json = good_json();
    const size_t from = json.find("[{");
    const size_t to = json.find("}]") + 2;
    for (const char* list : {"[]", "{}", "null", "7", "[7]", "[[]]", "[null]"}) {
        EXPECT_ERROR(parse(std::string(json).replace(from, to - from, list)), "payloads");
    }
}

TEST(Manifest, RefusesPayloadsOutOfOrderOrTwice) {
    Manifest manifest = sample_manifest();
    const PayloadFile first = manifest.payloads.front();
    for (const char* second : {"a.yar", "A.yar", "0"}) {
        manifest.payloads = {first, first};
        manifest.payloads[1].name = second;
        EXPECT_ERROR(validate(manifest), "payloads[1].name");
        EXPECT_ERROR(parse_manifest(canonical_json(manifest)), "payloads[1].name");
    }
}

TEST(Manifest, TakesUpTo256Payloads) {
    Manifest manifest = sample_manifest();
    const PayloadFile payload = manifest.payloads.front();
    manifest.payloads.clear();
    for (int i = 0; i < 257; ++i) {
        EXPECT_EQ(validate(manifest).ok(), i > 0);
        manifest.payloads.push_back(payload);
        manifest.payloads.back().name = "payload" + std::to_string(100 + i);
    }
    EXPECT_ERROR(validate(manifest), "257 payload files");
}

TEST(Manifest, OfAnEncryptedFeedTakesSmallerPayloads) {
    Manifest manifest = sample_manifest(Feed::kDatasetA);
    manifest.payloads[0].size = 1ull << 30;
    ASSERT_OK(validate(manifest));
    manifest.feed = Feed::kBehavior;
    EXPECT_ERROR(validate(manifest), "payloads[0].size");
    manifest.payloads[0].size = kMaxCipherBytes;
    ASSERT_OK(validate(manifest));
    ++manifest.payloads[0].size;
    EXPECT_ERROR(validate(manifest), "payloads[0].size");
}

TEST(Manifest, OfTheGreatestSizeFitsUnderItsCap) {
    Manifest manifest{Feed::kScheduledQueryPack,
                      std::string(64, 'v'),
                      {},
                      "999999999.999999999.999999999.999999999.999999999.999999999.999999999.1",
                      std::string(32, 'p'),
                      {}};
    for (int i = 0; i < 64; ++i) {
        manifest.payloads.push_back(
            {std::string(97, 'n') + std::to_string(100 + i), kMaxPayloadBytes, {}});
    }
    for (int i = 0; i < 64; ++i) {
        manifest.groups.push_back(std::string(37, 'g') + std::to_string(100 + i));
    }
    ASSERT_OK(validate(manifest));
    const base::Bytes json = canonical_json(manifest);
    EXPECT_LE(json.size(), kMaxManifestBytes);
    EXPECT_TRUE(parse_manifest(json).ok());
}

TEST(Manifest, RefusesMoreBytesThanTheCapBeforeParsingThem) {
    EXPECT_ERROR(parse(std::string(kMaxManifestBytes + 1, ' ')), "bytes of JSON");
}

TEST(Manifest, RefusesHostileJsonWithinTheCap) {
    const size_t most = kMaxManifestBytes;
    const std::vector<std::string> hostile = {
        std::string(most, '['),
        std::string(most / 2, '[') + std::string(most / 2, ']'),
        changed(":7", ":1" + std::string(1000, '0')),
        changed(":7", ":1e999999"),
        changed(":7", ":18446744073709551616"),
        changed(":7", ":-7"),
        changed("\"1\"", "\"" + std::string(60000, 'x') + "\""),
        changed("\"ESH\"", "\"\xff\xfe\""),
        changed("\"ESH\"", "\"\xed\xa0\x80\""),
        changed("\"ESH\"", "\"\\ud800\""),
        changed("\"ESH\"", "\"ESH\\u0000\""),
        changed("a.json", "\xc3\xa4.json"),
        std::string(1000, '\0'),
        "NaN",
        "{\"feed\":" + std::string(30000, '[') + std::string(30000, ']') + "}",
    };
    for (const std::string& json : hostile) {
        EXPECT_FALSE(parse(json).ok()) << json.substr(0, 100);
    }
}

TEST(Manifest, TakesUpToSixtyFourGroups) {
    Manifest manifest = sample_manifest();
    for (int i = 0; i < 64; ++i) {
        manifest.groups.push_back("group-" + std::to_string(100 + i));
    }
    ASSERT_OK(validate(manifest));
    manifest.groups.push_back("group-200");
    EXPECT_ERROR(validate(manifest), "groups: 65 release groups");
}

TEST(GroupName, IsShortAndPlain) {
    EXPECT_TRUE(is_group_name("early-access-2"));
    EXPECT_TRUE(is_group_name(std::string(40, 'g')));
    for (const char* name : {"", "Internal", "a b", "a/b", "..", "a_b", "\xc3\xa4"}) {
        EXPECT_FALSE(is_group_name(name)) << name;
    }
    EXPECT_FALSE(is_group_name(std::string(41, 'g')));
}

TEST(Platform, IsShortAndPlain) {
    EXPECT_TRUE(is_platform("any"));
    EXPECT_TRUE(is_platform(std::string(32, 'p')));
    for (const char* name : {"", "Windows", "windows x64", "windows/x64"}) {
        EXPECT_FALSE(is_platform(name)) << name;
    }
    EXPECT_FALSE(is_platform(std::string(33, 'p')));
}

TEST(PayloadName, IsAPlainFileName) {
    for (const char* name : {"a", "rules.yar", "a b(1)-2_3.json", "README", "~", "a..b"}) {
        EXPECT_TRUE(is_payload_name(name)) << name;
    }
    for (const char* name :
         {"",    ".",  "..", ".hidden", "a.", " a", "a ",  "a/b", "/a",    "a\\b",
          "c:d", "a*", "a?", "a\"",     "<a", "a>", "a|b", "a\n", "a\x7f", "\xc3\xa4"}) {
        EXPECT_FALSE(is_payload_name(name)) << name;
    }
    EXPECT_FALSE(is_payload_name(std::string_view("a\0b", 3)));
    EXPECT_TRUE(is_payload_name(std::string(100, 'a')));
    EXPECT_FALSE(is_payload_name(std::string(101, 'a')));
}

TEST(ProductVersion, IsDottedNumbers) {
    for (const char* version : {"0", "2024.2", "1.2.3.4.5.6.7.8", "999999999", "007"}) {
        EXPECT_TRUE(is_product_version(version)) << version;
    }
    for (const char* version :
         {"", ".", "1.", ".1", "1..2", "a", "1.a", "-1", "1 ", "1.2.3.4.5.6.7.8.9", "1000000000"}) {
        EXPECT_FALSE(is_product_version(version)) << version;
    }
}

TEST(ProductVersion, ComparesNumberByNumber) {
    EXPECT_EQ(compare_versions("2024.2", "2024.10"), -1);
    EXPECT_EQ(compare_versions("2024.10", "2024.2"), 1);
    EXPECT_EQ(compare_versions("2024.2", "2024.2.0.0"), 0);
    EXPECT_EQ(compare_versions("2024.2", "2024.2.0.1"), -1);
    EXPECT_EQ(compare_versions("1", "0.9"), 1);
    EXPECT_EQ(compare_versions("007", "7"), 0);
    EXPECT_EQ(compare_versions("999999999.1", "999999999"), 1);
}

TEST(CdnLayout, NamesPackagesAndPayloadsByDigest) {
    const base::Digest digest = base::sha384({});
    EXPECT_EQ(package_path(digest), "packages/" + digest.hex() + ".p7m");
    EXPECT_EQ(payload_path(digest), "payloads/" + digest.hex());
}

}  // namespace
}  // namespace firebreak::content
