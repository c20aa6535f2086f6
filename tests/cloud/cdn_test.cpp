#include "cloud/cdn.h"

#include <gtest/gtest.h>

#include "cloud/packages.h"
#include "support/result_matchers.h"

namespace firebreak::cloud {
namespace {

constexpr auto kFeed = content::Feed::kDatasetA;

TEST(Cdn, ServesPackagesAndPayloadsInTheStaticLayout) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.store(one);
    EXPECT_EQ(cdn.get(content::package_path(one.manifest_digest), 1000).body, one.envelope);
    EXPECT_EQ(cdn.get(content::payload_path(one.draft.manifest.payloads[0].sha384), 1000).body,
              one.draft.payloads.at("rules.yar"));
    EXPECT_EQ(cdn.get("packages/other.p7m", 1000).status, ports::FetchStatus::kMissing);
}

TEST(Cdn, DeliversNothingOfAFileThatIsOverTheCap) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.store(one);
    const std::string path = content::package_path(one.manifest_digest);
    const ports::Fetched fetched = cdn.get(path, one.envelope.size() - 1);
    EXPECT_EQ(fetched.status, ports::FetchStatus::kOverCap);
    EXPECT_TRUE(fetched.body.empty());
    EXPECT_EQ(cdn.get(path, one.envelope.size()).status, ports::FetchStatus::kOk);
}

TEST(Cdn, GoesOnServingAnOldHeadUntilTheChangeIsVisible) {
    const content::Package one = package("1");
    const content::Package two = package("2");
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.set_head("public-1", kFeed, &two, {600});
    cdn.set_head("public-1", kFeed, nullptr, {1200});
    const auto named = [&] {
        auto head = content::parse_head(
            cdn.get(content::head_path("public-1", kFeed), content::kMaxHeadBytes).body);
        EXPECT_TRUE(head.ok());
        return head.value().manifest;
    };
    EXPECT_TRUE(cdn.advance({0}));
    EXPECT_EQ(named(), one.manifest_digest);
    EXPECT_FALSE(cdn.advance({599}));
    EXPECT_EQ(cdn.offered("public-1", kFeed), &one);
    EXPECT_TRUE(cdn.advance({600}));
    EXPECT_EQ(named(), two.manifest_digest);
    EXPECT_TRUE(cdn.advance({5000}));
    EXPECT_EQ(named(), std::nullopt);
    EXPECT_EQ(cdn.offered("public-1", kFeed), nullptr);
}

TEST(Cdn, KeepsGroupsApart) {
    const content::Package one = package("1");
    Cdn cdn;
    cdn.set_head("public-1", kFeed, &one, {0});
    cdn.advance({0});
    EXPECT_EQ(cdn.offered("public-2", kFeed), nullptr);
    EXPECT_EQ(cdn.get(content::head_path("public-2", kFeed), 1000).status,
              ports::FetchStatus::kMissing);
}

}  // namespace
}  // namespace firebreak::cloud
