// The rules, applied to the project.
#include <gmock/gmock.h>

#include <filesystem>

#include "structure/elf_file.h"
#include "structure/rules.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::structure {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// One complaint per line, so that a failure reads like a compiler's.
std::string text_of(const Complaints& complaints) {
    std::string text;
    for (const std::string& complaint : complaints) {
        text += "\n" + complaint;
    }
    return text;
}

class Project : public testing::Test {
  protected:
    void expect_none(Complaints (*rule)(const SourceTree&)) const {
        EXPECT_EQ(text_of(rule(tree_)), "");
    }
    const SourceTree tree_ = read_source_tree(test::source_dir());
};

// Without this, a wrong path would let all that follows pass.
TEST_F(Project, IsRead) {
    for (const char* path : {"firebreak", ".ci/run", "CMakeLists.txt", "CMakePresets.json",
                             "simulator/base/result.h", "tests/structure/project_test.cpp"}) {
        EXPECT_TRUE(tree_.contains(path)) << path;
    }
    EXPECT_GT(tree_.size(), 60U);
}

TEST_F(Project, HasNoFolderOutsideTheTableOfDirections) {
    expect_none(folders_outside_the_table);
}
TEST_F(Project, IncludesInTheAllowedDirectionsOnly) {
    expect_none(includes_against_the_directions);
}
TEST_F(Project, IncludesOnlyWhatExistsAndQuotesItsOwn) {
    expect_none(includes_that_resolve_to_nothing);
}
TEST_F(Project, IncludesTestsNowhere) {
    expect_none(includes_of_tests);
}
TEST_F(Project, HasNoQtUnderTheSimulator) {
    expect_none(qt_in_the_simulator);
}
TEST_F(Project, BuildsEverySource) {
    expect_none(sources_in_no_build_file);
}
TEST_F(Project, AddsEveryFolderThatHasABuildFile) {
    expect_none(build_files_that_nothing_adds);
}
TEST_F(Project, LinksInTheAllowedDirectionsOnly) {
    expect_none(links_against_the_directions);
}
TEST_F(Project, CallsNoClockRandomnessShellOrRegexOfTheSystem) {
    expect_none(calls_of_forbidden_functions);
}
TEST_F(Project, KeepsLinesShort) {
    expect_none(lines_too_long);
}
TEST_F(Project, NamesNoPathOfOneMachine) {
    expect_none(paths_of_one_machine);
}
TEST_F(Project, StartsHeadersWithACommentAndAGuard) {
    expect_none(headers_without_comment_and_guard);
}
TEST_F(Project, EndsFilesInANewline) {
    expect_none(files_without_a_final_newline);
}
TEST_F(Project, RunsInContinuousIntegrationWhatTheReadmeNames) {
    expect_none(ci_commands_not_in_the_readme);
}

TEST_F(Project, HasScriptsThatCanBeExecuted) {
    for (const auto& [path, text] : tree_) {
        if (is_script(path)) {
            const auto permissions =
                std::filesystem::status(test::source_dir() / path).permissions();
            EXPECT_NE(permissions & std::filesystem::perms::owner_exec,
                      std::filesystem::perms::none)
                << path;
            EXPECT_THAT(text, StartsWith("#!")) << path;
        }
    }
}

// Rules are compiled and models loaded in workers only. A static libyara would show in the symbols.
TEST(CommandLine, HasNoContentEngineInsideAndNoQt) {
    ASSERT_OK_AND(const ElfNames names, read_elf_names(test::command_line_binary()));
    EXPECT_THAT(names.needed_libraries, Contains(StartsWith("libc.so")));
    EXPECT_THAT(names.needed_libraries, Not(Contains(StartsWith("libyara"))));
    EXPECT_THAT(names.needed_libraries, Not(Contains(StartsWith("libluajit"))));
    EXPECT_THAT(names.needed_libraries, Not(Contains(StartsWith("libQt"))));
    EXPECT_THAT(names.symbols, Not(IsEmpty())) << "stripped: this test would see nothing";
    EXPECT_THAT(names.symbols, Not(Contains(StartsWith("yr_"))));
    EXPECT_THAT(names.symbols, Not(Contains(StartsWith("luaL_"))));
    EXPECT_THAT(names.symbols, Not(Contains(HasSubstr("ModelHost"))));
}

// What a worker does not map, hostile content in it cannot use. libcrypto it maps, because Debian's
// libyara needs it for certificates in scanned programs; of our own use of it, the verification of
// envelopes, nothing may be there.
TEST(Worker, HoldsNoQtNoDatabaseNoTlsAndNoEnvelopes) {
    ASSERT_OK_AND(const ElfNames names,
                  read_elf_names(std::filesystem::path(FIREBREAK_BIN_DIR) / "firebreak-worker"));
    EXPECT_THAT(names.needed_libraries, Contains(StartsWith("libyara.so")));
    for (const char* library : {"libQt", "libssl.", "libsqlite3"}) {
        EXPECT_THAT(names.needed_libraries, Not(Contains(StartsWith(library))));
    }
    EXPECT_THAT(names.symbols, Not(IsEmpty())) << "stripped: this test would see nothing";
    for (const char* prefix : {"sqlite3_", "CMS_"}) {
        EXPECT_THAT(names.symbols, Not(Contains(StartsWith(prefix))));
    }
}

}  // namespace
}  // namespace firebreak::structure
