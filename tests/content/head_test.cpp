#include "content/head.h"

#include <gtest/gtest.h>

#include "content/envelope.h"
#include "content/packages.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

const std::string kDigest(96, 'a');
const std::string kOtherDigest(96, 'b');

// `json` with the first `from` replaced.
std::string changed(std::string json, const std::string& from, const std::string& to) {
    const size_t at = json.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return json.replace(at, from.size(), to);
}

// Spellings of the same thing, and what stands at the wrong place: refused of every document. Each
// ends in "type":"…"}.
void expect_strict(const std::string& json, const std::function<bool(std::string_view)>& accepts) {
    EXPECT_TRUE(accepts(json)) << json;
    const size_t type = json.rfind(",\"type\"");
    ASSERT_NE(type, std::string::npos);
    for (const std::string& other :
         {" " + json, json + "\n", json + std::string(1, '\0'), "\xef\xbb\xbf" + json,
          changed(json, "{", "{ "), changed(json, "\"schema\":1", "\"schema\":1.0"),
          changed(json, "\"schema\":1", "\"schema\":2"), changed(json, "\"schema\":1,", ""),
          changed(json, "\"type\"", "\"typo\""), json.substr(0, type) + "}",
          json.substr(0, type) + ",\"type\":\"manifest\"}", json.substr(0, type) + ",\"type\":7}",
          json.substr(0, type) + json.substr(type, json.size() - type - 1) + json.substr(type),
          json.substr(0, json.size() - 1) + ",\"zzz\":1}", json.substr(0, json.size() - 1),
          std::string("[]"), std::string("null"), std::string()}) {
        EXPECT_FALSE(accepts(other)) << other;
    }
}

// --- unsigned heads ----------------------------------------------------------------------------

TEST(ChannelName, IsThatOfAGroupOrOfAPartOfOne) {
    for (const char* name : {"public-1", "public-1.2", "a.999"}) {
        EXPECT_TRUE(is_channel_name(name)) << name;
    }
    for (const char* name : {"", ".2", "public-1.", "public-1.x", "public-1.1000", "a.2.3", "a..2",
                             "../a", "a/b", "Public"}) {
        EXPECT_FALSE(is_channel_name(name)) << name;
    }
}

TEST(Head, IsReadAsItIsWritten) {
    const Head named{Feed::kTELEMSUP, base::sha384(base::view_of("x"))};
    ASSERT_OK_AND(const Head again, parse_head(canonical_json(named)));
    EXPECT_EQ(again.feed, named.feed);
    EXPECT_EQ(again.manifest, named.manifest);

    const Head nothing{Feed::kTELEMSUP, std::nullopt};
    EXPECT_EQ(base::text_of(canonical_json(nothing)),
              R"({"feed":"TELEMSUP","manifest":null,"schema":1})");
    ASSERT_OK_AND(const Head withdrawn, parse_head(canonical_json(nothing)));
    EXPECT_EQ(withdrawn.manifest, std::nullopt);
}

TEST(Head, RefusesWhatItWouldNotWrite) {
    for (const char* json : {"", "{}", "null", R"({"feed":"TELEMSUP","schema":1})",
                             R"({"feed":"TELEMSUP","manifest":"","schema":1})",
                             R"({"feed":"TELEMSUP","manifest":7,"schema":1})",
                             R"({"feed":"TELEMSUP","manifest":null,"schema":2})",
                             R"({"feed":"TELEMSUP", "manifest":null,"schema":1})",
                             R"({"feed":"TELEMSUP","manifest":null,"manifest":null,"schema":1})",
                             R"({"extra":1,"feed":"TELEMSUP","manifest":null,"schema":1})",
                             R"({"feed":"Nothing","manifest":null,"schema":1})"}) {
        EXPECT_FALSE(parse_head(base::view_of(std::string_view(json))).ok()) << json;
    }
}

TEST(Head, RefusesMoreBytesThanTheCapBeforeParsingThem) {
    EXPECT_ERROR(parse_head(base::Bytes(kMaxHeadBytes + 1, ' ')), "bytes of JSON");
}

// --- signed heads ------------------------------------------------------------------------------

std::string head_json() {
    return R"({"expires":1772524800,"feed":"ESH","group":"early-access","issued":1772438400,)"
           R"("manifest":")" +
           kDigest + R"(","schema":1,"sequence":9007199254740992,"set":")" + kOtherDigest +
           R"(","trust":3,"type":"head"})";
}

auto parse_head_text(std::string_view json) {
    return parse_signed_head(base::view_of(json));
}

TEST(SignedHead, IsReadAsItIsWritten) {
    ASSERT_OK_AND(const SignedHead head, parse_head_text(head_json()));
    EXPECT_EQ(head.feed, Feed::kESH);
    EXPECT_EQ(head.group, "early-access");
    EXPECT_EQ(head.sequence, 1ull << 53);
    ASSERT_TRUE(head.manifest);
    EXPECT_EQ(head.manifest->hex(), kDigest);
    EXPECT_EQ(head.set.hex(), kOtherDigest);
    EXPECT_EQ(head.trust, 3u);
    EXPECT_EQ(head.issued, test::utc("2026-03-02T08:00:00Z"));
    EXPECT_EQ(head.expires, test::utc("2026-03-03T08:00:00Z"));
    EXPECT_EQ(base::text_of(canonical_json(head)), head_json());
    ASSERT_OK_AND(const SignedHead nothing,
                  parse_head_text(changed(head_json(), "\"" + kDigest + "\"", "null")));
    EXPECT_EQ(nothing.manifest, std::nullopt);
}

TEST(SignedHead, IsReadStrictly) {
    expect_strict(head_json(), [](std::string_view json) { return parse_head_text(json).ok(); });
    EXPECT_FALSE(parse_signed_head(canonical_json(test::sample_set())).ok());
    EXPECT_FALSE(parse_signed_head(canonical_json(Head{})).ok());
}

TEST(SignedHead, SaysWhichKeyIsWrong) {
    const auto with = [](const std::string& from, const std::string& to) {
        return parse_head_text(changed(head_json(), from, to));
    };
    EXPECT_ERROR(with("\"ESH\"", "\"EHS\""), "no feed is named `EHS`");
    EXPECT_ERROR(with("early-access", "Early"), "group: not a name");
    EXPECT_ERROR(with("\"head\"", "\"set\""), "type: not `head`");
    EXPECT_ERROR(with("\"early-access\"", "null"), "group: not a string");
    EXPECT_ERROR(with("9007199254740992", "9007199254740993"), "sequence: not a whole number");
    EXPECT_ERROR(with("9007199254740992", "-1"), "sequence: not a whole number");
    EXPECT_ERROR(with("9007199254740992", "1.5"), "sequence: not a whole number");
    EXPECT_ERROR(with("\"trust\":3", "\"trust\":\"3\""), "trust: not a whole number");
    EXPECT_ERROR(with("1772438400", "253402300800"), "issued: not a whole number");
    EXPECT_ERROR(with("1772524800", "253402300800"), "expires: not a whole number");
    EXPECT_ERROR(with("1772524800", "1772438400"), "expires: not after `issued`");
    EXPECT_ERROR(with("\"" + kOtherDigest + "\"", "null"), "set: not a string");
    EXPECT_ERROR(with(kOtherDigest, "bb"), "set: not a SHA-384 digest");
    EXPECT_ERROR(with("\"" + kDigest + "\"", "\"\""), "manifest: not a SHA-384 digest");
    EXPECT_ERROR(parse_signed_head(base::Bytes(kMaxHeadBytes + 1, ' ')), "bytes of JSON");
}

TEST(SignedHead, IsValidWithinItsLimitsAlone) {
    const SignedHead good = test::sample_head();
    ASSERT_OK(validate(good));
    SignedHead head = good;
    head.group = "";
    EXPECT_ERROR(validate(head), "group");
    head = good;
    head.sequence = (1ull << 53) + 1;
    EXPECT_ERROR(validate(head), "sequence");
    head = good;
    head.trust = (1ull << 53) + 1;
    EXPECT_ERROR(validate(head), "trust");
    head = good;
    head.issued = {-1};
    EXPECT_ERROR(validate(head), "issued");
    head = good;
    head.expires = {253'402'300'800};
    EXPECT_ERROR(validate(head), "expires");
    head.expires = good.issued;
    EXPECT_ERROR(validate(head), "expires: not after `issued`");
}

// --- set manifests -----------------------------------------------------------------------------

std::string set_json() {
    return R"({"group":"internal","packages":{"CRT":")" + kDigest + R"(","DatasetA":")" +
           kOtherDigest + R"("},"schema":1,"sequence":0,"type":"set"})";
}

auto parse_set_text(std::string_view json) {
    return parse_set_manifest(base::view_of(json));
}

TEST(SetManifest, IsReadAsItIsWritten) {
    ASSERT_OK_AND(const SetManifest set, parse_set_text(set_json()));
    EXPECT_EQ(set.group, "internal");
    EXPECT_EQ(set.sequence, 0u);
    ASSERT_EQ(set.packages.size(), 2u);
    EXPECT_EQ(set.packages.at(Feed::kCRT).hex(), kDigest);
    EXPECT_EQ(set.packages.at(Feed::kDatasetA).hex(), kOtherDigest);
    EXPECT_EQ(base::text_of(canonical_json(set)), set_json());
    const SetManifest empty{"internal", 3, {}};
    ASSERT_OK_AND(const SetManifest again, parse_set_manifest(canonical_json(empty)));
    EXPECT_EQ(again, empty);
}

TEST(SetManifest, IsReadStrictly) {
    expect_strict(set_json(), [](std::string_view json) { return parse_set_text(json).ok(); });
    EXPECT_FALSE(parse_set_manifest(canonical_json(test::sample_head())).ok());
}

TEST(SetManifest, SaysWhichKeyIsWrong) {
    const auto with = [](const std::string& from, const std::string& to) {
        return parse_set_text(changed(set_json(), from, to));
    };
    EXPECT_ERROR(with("\"CRT\"", "\"CRX\""), "packages: no feed is named `CRX`");
    EXPECT_ERROR(with("\"set\"", "\"head\""), "type: not `set`");
    EXPECT_ERROR(with("\"" + kDigest + "\"", "null"), "CRT: not a string");
    EXPECT_ERROR(with(kOtherDigest, "bb"), "DatasetA: not a SHA-384 digest");
    EXPECT_ERROR(with("\"CRT\"", "\"DatasetA\""), "not the canonical JSON");
    EXPECT_ERROR(with("internal", "int/ernal"), "group");
    EXPECT_ERROR(with(":0,", ":00,"), "not JSON");
    EXPECT_ERROR(parse_set_text(R"({"group":"g","packages":[],"schema":1,"sequence":0,)"
                                R"("type":"set"})"),
                 "packages: not an object");
    EXPECT_ERROR(parse_set_manifest(base::Bytes(kMaxHeadBytes + 1, ' ')), "bytes of JSON");
}

TEST(SetManifest, OfEveryFeedFitsUnderItsCap) {
    SetManifest set{std::string(40, 'g'), 1ull << 53, {}};
    for (const FeedInfo& feed : catalogue()) {
        set.packages[feed.feed] = base::sha384(base::view_of(feed.name));
    }
    ASSERT_OK(validate(set));
    ASSERT_OK_AND(const SetManifest again, parse_set_manifest(canonical_json(set)));
    EXPECT_EQ(again, set);
}

TEST(SetManifest, IsValidWithinItsLimitsAlone) {
    EXPECT_ERROR(validate(SetManifest{"", 1, {}}), "group");
    EXPECT_ERROR(validate(SetManifest{"g", (1ull << 53) + 1, {}}), "sequence");
}

// --- statements of the root --------------------------------------------------------------------

std::string statement_json() {
    return R"({"floors":{"DatasetA":1772438400},"number":2,"revoked":[")" + kDigest + R"(",")" +
           kOtherDigest + R"("],"schema":1,"sequence":null,"type":"trust"})";
}

auto parse_statement_text(std::string_view json) {
    return parse_root_statement(base::view_of(json));
}

TEST(RootStatement, IsReadAsItIsWritten) {
    ASSERT_OK_AND(const RootStatement statement, parse_statement_text(statement_json()));
    EXPECT_EQ(statement.number, 2u);
    EXPECT_EQ(statement.revoked.size(), 2u);
    EXPECT_TRUE(statement.revoked.contains(base::parse_digest(kDigest).value()));
    EXPECT_EQ(statement.floors.at(Feed::kDatasetA), test::signing_time());
    EXPECT_EQ(base::text_of(canonical_json(statement)), statement_json());
    ASSERT_OK_AND(const RootStatement reset,
                  parse_statement_text(changed(statement_json(), "null", "9007199254740992")));
    EXPECT_EQ(reset.sequence, 1ull << 53);
    const RootStatement nothing{1, {}, {}};
    ASSERT_OK_AND(const RootStatement again, parse_root_statement(canonical_json(nothing)));
    EXPECT_EQ(again, nothing);
}

TEST(RootStatement, IsReadStrictly) {
    expect_strict(statement_json(),
                  [](std::string_view json) { return parse_statement_text(json).ok(); });
}

TEST(RootStatement, SaysWhichKeyIsWrong) {
    const auto with = [](const std::string& from, const std::string& to) {
        return parse_statement_text(changed(statement_json(), from, to));
    };
    EXPECT_ERROR(with("\"number\":2", "\"number\":0"), "number: not a whole number from 1");
    EXPECT_ERROR(with("\"trust\"", "\"head\""), "type: not `trust`");
    EXPECT_ERROR(with("\"" + kDigest + "\"", "7"), "revoked: not a SHA-384 digest");
    EXPECT_ERROR(with(kDigest, std::string(96, 'A')), "revoked: not a SHA-384 digest");
    EXPECT_ERROR(with(kDigest, std::string(96, 'c')), "not the canonical JSON");
    EXPECT_ERROR(with(kDigest, kOtherDigest), "not the canonical JSON");
    EXPECT_ERROR(with("\"DatasetA\"", "\"DatasetB\""), "floors: no feed is named `DatasetB`");
    EXPECT_ERROR(with("1772438400", "-1772438400"), "DatasetA: not a whole number");
    EXPECT_ERROR(with("1772438400", "253402300800"), "DatasetA: not a whole number");
    EXPECT_ERROR(with("{\"DatasetA\":1772438400}", "[]"), "floors: not an object");
    EXPECT_ERROR(with("null", "-1"), "sequence: not a whole number");
    EXPECT_ERROR(with("null", "9007199254740993"), "sequence: not a whole number");
    EXPECT_ERROR(parse_root_statement(base::Bytes(kMaxRootStatementBytes + 1, ' ')),
                 "bytes of JSON");
}

TEST(RootStatement, OfTheGreatestSizeFitsUnderItsCapAndIntoAnEnvelope) {
    RootStatement statement{1ull << 53, {}, {}};
    for (size_t i = 0; i < kMaxRevocations; ++i) {
        statement.revoked.insert(base::sha384(base::Bytes(i, 'x')));
    }
    for (const FeedInfo& feed : catalogue()) {
        statement.floors[feed.feed] = test::utc("9999-12-31T23:59:59Z");
    }
    ASSERT_OK(validate(statement));
    ASSERT_OK_AND(const RootStatement again, parse_root_statement(canonical_json(statement)));
    EXPECT_EQ(again, statement);
    ASSERT_OK(sign_root_statement(statement, test::test_pki().root, test::signing_time()));
    statement.revoked.insert(base::sha384(base::view_of("one too many")));
    EXPECT_ERROR(validate(statement), "revoked: 401 revoked certificates");
    EXPECT_ERROR(parse_root_statement(canonical_json(statement)), "401 revoked certificates");
    EXPECT_ERROR(sign_root_statement(statement, test::test_pki().root, test::signing_time()),
                 "401 revoked certificates");
}

TEST(RootStatement, IsValidWithinItsLimitsAlone) {
    EXPECT_ERROR(validate(RootStatement{0, {}, {}}), "number");
    EXPECT_ERROR(validate(RootStatement{(1ull << 53) + 1, {}, {}}), "number");
    EXPECT_ERROR(validate(RootStatement{1, {}, {{Feed::kCRT, {-1}}}}), "floors");
    EXPECT_ERROR(validate(RootStatement{1, {}, {}, (1ull << 53) + 1}), "sequence");
}

// --- where they are ----------------------------------------------------------------------------

TEST(CdnLayout, NamesHeadsByGroupAndFeedSetsByDigestAndStatementsByNumber) {
    const base::Digest digest = base::sha384({});
    EXPECT_EQ(head_path("internal", Feed::kCRT), "heads/internal/CRT.json");
    EXPECT_EQ(signed_head_path("internal", Feed::kCRT), "heads/internal/CRT.signed");
    EXPECT_EQ(set_path(digest), "sets/" + digest.hex());
    EXPECT_EQ(trust_path(12), "trust/12.p7m");
    EXPECT_STREQ(kLatestTrustPath, "trust/latest.p7m");
}

}  // namespace
}  // namespace firebreak::content
