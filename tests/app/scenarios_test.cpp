// The scenarios that the project ships, as CI runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/process.h"

namespace firebreak::test {
namespace {

namespace fs = std::filesystem;

// Folders of scenarios/.
constexpr const char* kSuites[] = {"attacks", "fast", "policies"};

fs::path scenarios_dir() {
    return source_dir() / "scenarios";
}

// Names that begin with `_` are no scenarios of their own: others extend them.
bool is_scenario(const fs::path& file) {
    return file.extension() == ".toml" && !file.filename().string().starts_with("_");
}

class Suites : public testing::TestWithParam<const char*> {};

TEST_P(Suites, PassAsAWhole) {
    const fs::path place = scenarios_dir() / GetParam();
    const auto scenarios = std::count_if(fs::directory_iterator(place), fs::directory_iterator(),
                                         [](const fs::path& file) { return is_scenario(file); });
    ASSERT_GT(scenarios, 0);
    const TemporaryFolder folder;
    const Finished done = run(
        {command_line_binary().string(), "suite", place.string(), "--out", "runs"}, folder.path());
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    const std::string n = std::to_string(scenarios);
    EXPECT_THAT(done.out, testing::HasSubstr(n + " of " + n + " scenarios passed"));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Suites, testing::ValuesIn(kSuites),
                         [](const auto& suite) { return std::string(suite.param); });

// One that nobody runs proves nothing.
TEST(Scenarios, AllStandInAFolderThatASuiteRuns) {
    for (const auto& entry : fs::recursive_directory_iterator(scenarios_dir())) {
        if (is_scenario(entry.path())) {
            const fs::path folder = fs::relative(entry.path().parent_path(), scenarios_dir());
            EXPECT_THAT(kSuites, testing::Contains(folder.string())) << entry.path();
        }
    }
}

// Others extend it, or it is a dead file.
TEST(Scenarios, ThatAreNoneOfTheirOwnAreExtendedByOthers) {
    std::string all;
    std::set<std::string> bases;
    for (const auto& entry : fs::recursive_directory_iterator(scenarios_dir())) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        all += contents(entry.path());
        if (!is_scenario(entry.path())) {
            bases.insert(entry.path().filename().string());
        }
    }
    EXPECT_FALSE(bases.empty());
    for (const std::string& base : bases) {
        EXPECT_THAT(all, testing::HasSubstr(base + "\"")) << "nothing extends it";
    }
}

}  // namespace
}  // namespace firebreak::test
