#include "endpoint/behavior/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::behavior {
namespace {

// The page that people read is the one that the code makes. To write it anew:
//   FIREBREAK_WRITE_REFERENCE=1 build/release/bin/test_behavior --gtest_filter=Reference.*
TEST(Reference, IsThePageInTheRepository) {
    const auto file = test::source_dir() / "simulator/endpoint/behavior/REFERENCE.md";
    if (std::getenv("FIREBREAK_WRITE_REFERENCE") != nullptr) {
        std::ofstream(file) << reference_page();
    }
    ASSERT_OK_AND(const base::Bytes page, base::read_file(file, 1 << 20));
    EXPECT_EQ(base::text_of(page), reference_page());
}

TEST(Reference, NamesFunctionsEventsAndLimits) {
    const std::string page = reference_page();
    EXPECT_THAT(page, testing::HasSubstr("| `process_state(process) → table` |"));
    EXPECT_THAT(page, testing::HasSubstr("### process_start"));
    EXPECT_THAT(page, testing::HasSubstr("| `text.find(text, what, from) → position or nil` |"));
    EXPECT_THAT(page, testing::HasSubstr("| errors until a rule is disabled | 20 |"));
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
