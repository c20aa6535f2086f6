#include "faults/damaged_transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "content/envelope.h"
#include "content/manifest.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::faults {
namespace {

class Files final : public ports::Transport {
  public:
    ports::Fetched get(const std::string& path, uint64_t) override {
        const auto found = files.find(path);
        return found == files.end() ? ports::Fetched{ports::FetchStatus::kMissing, {}}
                                    : ports::Fetched{ports::FetchStatus::kOk, found->second};
    }
    std::map<std::string, base::Bytes> files{
        {"payloads/p", base::Bytes(1000, 0x55)},
        {"packages/q.p7m", base::Bytes(2000, 0x33)},
        {"heads/g/DatasetA.json",
         content::canonical_json(
             content::Head{content::Feed::kDatasetA, base::sha384(base::bytes_of("new"))})}};
};

int differing_bits(const base::Bytes& a, const base::Bytes& b) {
    int bits = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        bits += std::popcount(static_cast<unsigned>(a[i] ^ b[i]));
    }
    return bits;
}

TEST(DamagedTransport, FlipsExactlyOneBitOfTheTargetAndLeavesTheRest) {
    Files files;
    std::set<base::Bytes> seen;
    for (uint64_t draw = 0; draw < 200; ++draw) {
        DamagedTransport damaged(files, {DamageKind::kBitFlip, DamageTarget::kPayload, draw, {}});
        const base::Bytes body = damaged.get("payloads/p", 5000).body;
        EXPECT_EQ(differing_bits(body, files.files["payloads/p"]), 1);
        seen.insert(body);
        EXPECT_EQ(damaged.get("packages/q.p7m", 5000).body, files.files["packages/q.p7m"]);
        EXPECT_EQ(damaged.get("heads/g/DatasetA.json", 5000).body,
                  files.files["heads/g/DatasetA.json"]);
    }
    EXPECT_GT(seen.size(), 150u) << "variants fall in different places";
}

// Two signings of one manifest differ in their last hundred bytes or so, in length as well. The
// same damage must do the same to both.
TEST(DamagedTransport, DamagesEverySigningOfAPackageAtTheSamePlace) {
    ASSERT_OK_AND(const content::Pki pki, content::load_pki(test::fixtures_dir() / "keys"));
    const content::Manifest manifest{
        content::Feed::kDatasetA, "1", {{"a.yar", 1, base::sha384(base::bytes_of("a"))}}, "0"};
    std::set<size_t> lengths;
    for (int signing = 0; signing < 12; ++signing) {
        ASSERT_OK_AND(const base::Bytes envelope,
                      content::sign(content::canonical_json(manifest),
                                    pki.signers.at(content::Feed::kDatasetA), {1'772'409'600}));
        lengths.insert(envelope.size());
        Files files;
        files.files["packages/q.p7m"] = envelope;
        for (uint64_t draw = 0; draw < 100; ++draw) {
            DamagedTransport damaged(files,
                                     {DamageKind::kBitFlip, DamageTarget::kPackage, draw, {}});
            const base::Bytes body = damaged.get("packages/q.p7m", 5000).body;
            ASSERT_EQ(differing_bits(body, envelope), 1);
            const auto at = std::mismatch(body.begin(), body.end(), envelope.begin()).first;
            static std::map<uint64_t, ptrdiff_t> places;
            const auto [place, is_new] = places.emplace(draw, at - body.begin());
            EXPECT_EQ(place->second, at - body.begin()) << "draw " << draw;
            EXPECT_LT(at - body.begin(), static_cast<ptrdiff_t>(envelope.size()) - 90);
        }
    }
    EXPECT_GT(lengths.size(), 1u) << "the test met only signatures of one length";
}

TEST(DamagedTransport, TruncatesByAtLeastOneByte) {
    Files files;
    for (uint64_t draw = 0; draw < 200; ++draw) {
        DamagedTransport damaged(files, {DamageKind::kTruncate, DamageTarget::kPayload, draw, {}});
        const base::Bytes body = damaged.get("payloads/p", 5000).body;
        EXPECT_LT(body.size(), 1000u);
        EXPECT_TRUE(std::equal(body.begin(), body.end(), files.files["payloads/p"].begin()));
    }
}

TEST(DamagedTransport, DoesTheSameAtEveryTry) {
    Files files;
    DamagedTransport damaged(files, {DamageKind::kBitFlip, DamageTarget::kPayload, 77, {}});
    EXPECT_EQ(damaged.get("payloads/p", 5000).body, damaged.get("payloads/p", 5000).body);
}

TEST(DamagedTransport, ReplaysByNamingTheOldPackageInTheHead) {
    Files files;
    const base::Digest old_manifest = base::sha384(base::bytes_of("old"));
    DamagedTransport damaged(files, {DamageKind::kReplay, DamageTarget::kHead, 0, old_manifest});
    ASSERT_OK_AND(const content::Head head,
                  content::parse_head(damaged.get("heads/g/DatasetA.json", 5000).body));
    EXPECT_EQ(head.manifest, old_manifest);
    EXPECT_EQ(damaged.get("payloads/p", 5000).body, files.files["payloads/p"]);
}

TEST(DamagedTransport, LeavesAnEmptyAndAMissingFileAsTheyAre) {
    Files files;
    files.files["payloads/p"].clear();
    DamagedTransport damaged(files, {DamageKind::kBitFlip, DamageTarget::kPayload, 1, {}});
    EXPECT_TRUE(damaged.get("payloads/p", 10).body.empty());
    EXPECT_EQ(damaged.get("payloads/x", 10).status, ports::FetchStatus::kMissing);
}

TEST(DamagedTransport, NamesEachDamageDifferently) {
    const base::Digest some = base::sha384(base::bytes_of("some"));
    std::set<std::string> names;
    for (const DamageKind kind : {DamageKind::kNone, DamageKind::kBitFlip, DamageKind::kTruncate}) {
        for (const uint64_t draw : {1u, 2u}) {
            names.insert(Damage{kind, DamageTarget::kPayload, draw, {}}.text());
            names.insert(Damage{kind, DamageTarget::kHead, draw, {}}.text());
        }
    }
    names.insert(Damage{DamageKind::kReplay, DamageTarget::kHead, 0, some}.text());
    EXPECT_EQ(names.size(), 1u + 4 + 4 + 1);
}

}  // namespace
}  // namespace firebreak::faults
