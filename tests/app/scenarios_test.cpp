// The scenarios that the project ships, as CI runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/process.h"

namespace firebreak::test {
namespace {

TEST(Scenarios, OfTheFastSuiteAllPass) {
    const TemporaryFolder folder;
    const Finished done = run({command_line_binary().string(), "suite",
                               (source_dir() / "scenarios" / "fast").string(), "--out", "runs"},
                              folder.path());
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    EXPECT_THAT(done.out, testing::HasSubstr("5 of 5 scenarios passed"));
}

// Every scenario file stands in a folder that a suite runs: one that nobody runs proves nothing.
TEST(Scenarios, AllStandInAFolderThatASuiteRuns) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(source_dir() / "scenarios")) {
        if (entry.path().extension() == ".toml") {
            EXPECT_EQ(entry.path().parent_path().filename(), "fast") << entry.path();
        }
    }
}

}  // namespace
}  // namespace firebreak::test
