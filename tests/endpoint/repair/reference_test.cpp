#include "endpoint/repair/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::repair {
namespace {

// The page that people read is the one that the code makes. To write it anew:
//   FIREBREAK_WRITE_REFERENCE=1 build/release/bin/test_repair --gtest_filter=RepairReference.*
TEST(RepairReference, IsThePageInTheRepository) {
    const auto file = test::source_dir() / "simulator/endpoint/repair/REFERENCE.md";
    if (std::getenv("FIREBREAK_WRITE_REFERENCE") != nullptr) {
        std::ofstream(file) << reference_page();
    }
    ASSERT_OK_AND(const base::Bytes page, base::read_file(file, 1 << 20));
    EXPECT_EQ(base::text_of(page), reference_page());
}

TEST(RepairReference, NamesFunctionsOnceAndLimits) {
    const std::string page = reference_page();
    EXPECT_THAT(page, testing::HasSubstr("| `files.restore(path)` |"));
    EXPECT_THAT(page, testing::HasSubstr("| `registry.value(key, name) → value or nil` |"));
    EXPECT_THAT(page, testing::HasSubstr("| rules of a kit | 64 |"));
    const size_t first = page.find("`files.read(");
    EXPECT_EQ(page.find("`files.read(", first + 1), page.npos);
}

}  // namespace
}  // namespace firebreak::endpoint::repair
