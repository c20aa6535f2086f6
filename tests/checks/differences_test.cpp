#include "checks/differences.h"

#include <gtest/gtest.h>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using Values = std::vector<std::string>;

TEST(Differences, AreWhatIsNotTheSameInAllRuns) {
    const record::Run one = test::rich_run();
    record::Run two = one;
    two.header.seed = 7;
    two.header.settings[1].value = "4h";
    two.header.settings.pop_back();
    two.header.settings.push_back({"people", "response", "20m", true, ""});
    const auto all = differences({&one, &two});
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[0].key, "seed");
    EXPECT_EQ(all[0].values, (Values{"42", "7"}));
    EXPECT_EQ(all[1].section, "policy");
    EXPECT_EQ(all[1].key, "public_after");
    EXPECT_EQ(all[1].values, (Values{"20h", "4h"}));
    EXPECT_EQ(all[2].key, "repair");
    EXPECT_EQ(all[2].values, (Values{"30m", "–"}));
    EXPECT_EQ(all[3].section, "people");
    EXPECT_EQ(all[3].values, (Values{"–", "20m"}));
}

TEST(Differences, OfTheSameRunAreNone) {
    const record::Run run = test::rich_run();
    EXPECT_TRUE(differences({&run, &run, &run}).empty());
}

}  // namespace
}  // namespace firebreak::checks
