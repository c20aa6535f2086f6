#include "content/catalogue.h"

#include <gtest/gtest.h>

#include <set>

namespace firebreak::content {
namespace {

TEST(Catalogue, FindsEveryFeedByItsOwnName) {
    std::set<std::string_view> names;
    for (const FeedInfo& feed : catalogue()) {
        EXPECT_EQ(find_feed(feed.name), feed.feed);
        EXPECT_EQ(&info(feed.feed), &feed);
        EXPECT_GT(feed.cadence.seconds, 0) << feed.name;
        EXPECT_FALSE(feed.component.empty() || feed.process.empty() || feed.payload.empty() ||
                     feed.purpose.empty())
            << feed.name;
        names.insert(feed.name);
    }
    EXPECT_EQ(names.size(), kFeedCount);
}

TEST(Catalogue, FindsNoFeedByAnotherSpelling) {
    for (const char* name : {"", "dataseta", "DATASETA", "DatasetA ", "Dataset", "Behaviour"}) {
        EXPECT_EQ(find_feed(name), std::nullopt) << name;
    }
}

TEST(Catalogue, MarksExactlyTheLuaFeedsAsEncrypted) {
    for (const FeedInfo& feed : catalogue()) {
        EXPECT_EQ(feed.encrypted, feed.payload.starts_with("Lua")) << feed.name;
    }
}

TEST(Catalogue, PutsFeedsThatShareAFaultDomainIntoOneProcess) {
    EXPECT_EQ(info(Feed::kBehavior).process, info(Feed::kProductRulesFeed).process);
    EXPECT_EQ(info(Feed::kDatasetA).process, info(Feed::kMLModels).process);
    EXPECT_EQ(info(Feed::kAPPFEED).process, info(Feed::kUSERAPPFEED).process);
}

}  // namespace
}  // namespace firebreak::content
