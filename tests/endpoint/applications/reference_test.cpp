#include "endpoint/applications/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "endpoint/applications/rule_engine.h"

namespace firebreak::endpoint::applications {
namespace {

using testing::HasSubstr;

// The page that people read is the one that the code makes. To write it anew:
//   FIREBREAK_WRITE_REFERENCE=1 build/release/bin/test_applications
//   --gtest_filter=Applic*Reference.*
TEST(ApplicationReference, IsThePageInTheRepository) {
    const auto file = test::source_dir() / "simulator/endpoint/applications/REFERENCE.md";
    if (std::getenv("FIREBREAK_WRITE_REFERENCE") != nullptr) {
        std::ofstream(file) << reference_page();
    }
    ASSERT_OK_AND(const base::Bytes page, base::read_file(file, 1 << 20));
    EXPECT_EQ(base::text_of(page), reference_page());
}

TEST(ApplicationReference, NamesFunctionsScriptsAndLimits) {
    const std::string page = reference_page();
    EXPECT_THAT(page, HasSubstr("| `installed_programs(beginning) → list` |"));
    EXPECT_THAT(page, HasSubstr("| `registry.value(key, name) → value or nil` |"));
    EXPECT_THAT(page, HasSubstr("| `text.find(text, what, from) → position or nil` |"));
    EXPECT_THAT(page, HasSubstr("| `(Get-Service -Name X).Status` |"));
    EXPECT_THAT(page, HasSubstr("| exclusions of an application | 8 |"));
}

TEST(ApplicationReference, BeginsWithARuleThatLoads) {
    const std::string page = reference_page();
    const size_t begin = page.find("```lua\n") + 7;
    const auto engine = new_engine();
    const rules::LoadReply reply =
        load(*engine, {{"sql-server.lua", page.substr(begin, page.find("```", begin) - begin)}});
    EXPECT_EQ(reply.loaded, 1u) << reply.message;
}

}  // namespace
}  // namespace firebreak::endpoint::applications
