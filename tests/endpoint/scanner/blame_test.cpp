#include "endpoint/scanner/blame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace firebreak::endpoint::scanner {
namespace {

TEST(RulesIn, AreNamedAndKeepWhatStandsBeforeTheFirst) {
    const auto rules = rules_in(
        "import \"math\"\n// rule of thumb\n"
        "rule First : tag {\n condition: true\n}\n"
        "private global rule Second{ condition: true }\nglobal rule Third\n{ condition: true }");
    ASSERT_EQ(rules.size(), 3u);
    EXPECT_EQ(rules[0].name, "First");
    EXPECT_EQ(rules[1].name, "Second");
    EXPECT_EQ(rules[2].name, "Third");
    EXPECT_EQ(rules[0].source,
              "import \"math\"\n// rule of thumb\nrule First : tag {\n condition: true\n}\n");
    EXPECT_THAT(rules[2].source, testing::StartsWith("import \"math\"\n"));
    EXPECT_THAT(rules[2].source, testing::EndsWith("global rule Third\n{ condition: true }"));
}

TEST(RulesIn, OfAnyTextAreNoMoreThanItsLines) {
    EXPECT_TRUE(rules_in("").empty());
    EXPECT_TRUE(rules_in("\n\n").empty());
    EXPECT_TRUE(rules_in("ruler a\n  rule indented { }").empty());
    EXPECT_EQ(rules_in("rule ").size(), 1u);
    EXPECT_EQ(rules_in("rule \nrule \n").size(), 2u);
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
