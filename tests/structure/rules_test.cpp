// Every rule on small examples in memory, good and bad: one that can never fail is found out here.
#include "structure/rules.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

namespace firebreak::structure {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kHeader = "// A header.\n#pragma once\n";

TEST(Directions, GoOneWay) {
    std::set<std::string> above;
    for (const Direction& row : directions()) {
        std::istringstream words{std::string(row.may_include)};
        for (std::string word; words >> word;) {
            EXPECT_TRUE(above.contains("simulator/" + word) || above.contains("app/" + word))
                << row.folder << " sees " << word << ", which does not stand above it";
        }
        EXPECT_TRUE(above.insert(std::string(row.folder)).second) << row.folder << " twice";
    }
}

TEST(Directions, LetTheLabSeeAllOfTheSimulator) {
    for (const Direction& row : directions()) {
        if (row.folder.starts_with("simulator/")) {
            EXPECT_TRUE(may_see("simulator/lab", row.folder)) << row.folder;
        }
    }
}

TEST(FoldersOutsideTheTable, AreNamed) {
    EXPECT_THAT(folders_outside_the_table({{"simulator/util/a.h", kHeader},
                                           {"simulator/base/b.h", kHeader},
                                           {"simulator/c.h", kHeader},
                                           {"app/manager/d.cpp", ""},
                                           {"tests/anything/e.cpp", ""}}),
                ElementsAre(StartsWith("app/manager/d.cpp:1: "), StartsWith("simulator/c.h:1: "),
                            StartsWith("simulator/util/a.h:1: ")));
}

TEST(Includes, MayNotGoAgainstTheDirections) {
    const SourceTree tree = {
        {"simulator/base/a.h", "// A.\n#pragma once\n#include \"content/b.h\"\n"},
        {"simulator/content/b.h", "// B.\n#pragma once\n\n#include \"base/a.h\"\n"},
        {"simulator/content/b.cpp", "#include \"b.h\"\n  #  include <content/b.h>\n"}};
    EXPECT_THAT(includes_against_the_directions(tree),
                ElementsAre("simulator/base/a.h:3: simulator/base may not include "
                            "simulator/content; see the table in "
                            "tests/structure/include_rules.cpp"));
}

TEST(Includes, AreFoundRelativeToTheirOwnFolderToo) {
    const SourceTree tree = {{"simulator/base/a.h", "#include \"../record/b.h\"\n"},
                             {"simulator/record/b.h", kHeader}};
    EXPECT_THAT(includes_against_the_directions(tree), SizeIs(1));
    EXPECT_THAT(includes_that_resolve_to_nothing(tree), IsEmpty());
}

TEST(Includes, InCommentsAndStringsAreNone) {
    const SourceTree tree = {{"simulator/base/a.cpp",
                              "// #include \"content/b.h\"\n"
                              "/*\n#include \"content/b.h\"\n*/\n"
                              "const char* text = R\"(\n#include \"content/b.h\"\n)\";\n"},
                             {"simulator/content/b.h", kHeader}};
    EXPECT_THAT(includes_against_the_directions(tree), IsEmpty());
}

TEST(Includes, OfOneTestFolderMayNotServeAnother) {
    const SourceTree tree = {{"tests/base/a.cpp",
                              "#include \"base/a.h\"\n"
                              "#include \"support/s.h\"\n"
                              "#include \"host/h.h\"\n"},
                             {"simulator/base/a.h", kHeader},
                             {"tests/support/s.h", kHeader},
                             {"tests/host/h.h", kHeader}};
    EXPECT_THAT(includes_against_the_directions(tree),
                ElementsAre(StartsWith("tests/base/a.cpp:3: ")));
}

TEST(Includes, MustMeanAFileOfTheProject) {
    const SourceTree tree = {{"simulator/base/a.cpp",
                              "#include \"base/gone.h\"\n"
                              "#include <base/b.h>\n"
                              "#include <vector>\n"
                              "#include \"base/b.h\"\n"},
                             {"simulator/base/b.h", kHeader}};
    EXPECT_THAT(includes_that_resolve_to_nothing(tree),
                ElementsAre(StartsWith("simulator/base/a.cpp:1: no file of the project"),
                            StartsWith("simulator/base/a.cpp:2: <base/b.h> is the project's own")));
}

TEST(Includes, MayMeanAHeaderThatCMakeMakesFromATemplate) {
    EXPECT_THAT(
        includes_that_resolve_to_nothing({{"simulator/record/a.cpp", "#include \"schema.h\"\n"},
                                          {"simulator/record/schema.h.in", kHeader}}),
        IsEmpty());
}

TEST(Includes, OfTestsAreForTestsAlone) {
    const SourceTree tree = {{"app/headless/a.cpp", "#include \"support/s.h\"\n"},
                             {"tests/base/a.cpp", "#include \"support/s.h\"\n"},
                             {"tests/support/s.h", kHeader}};
    EXPECT_THAT(includes_of_tests(tree), ElementsAre(StartsWith("app/headless/a.cpp:1: ")));
}

TEST(Includes, OfQtAreSeenInEitherSpelling) {
    const SourceTree tree = {
        {"simulator/lab/a.cpp",
         "#include <QString>\n#include <QtCore/qglobal.h>\n#include \"QWidget\"\n"
         "#include <Quality.h>\n#include <queue>\n"},
        {"app/gui/a.cpp", "#include <QString>\n"}};
    EXPECT_THAT(qt_in_the_simulator(tree), ElementsAre(StartsWith("simulator/lab/a.cpp:1: "),
                                                       StartsWith("simulator/lab/a.cpp:2: "),
                                                       StartsWith("simulator/lab/a.cpp:3: ")));
}

TEST(BuildFiles, ListEverySourceOfTheirFolder) {
    const SourceTree tree = {
        {"simulator/base/CMakeLists.txt",
         "firebreak_library(firebreak_base SOURCES listed.cpp deep/listed.cpp)  # dead.cpp\n"},
        {"simulator/base/listed.cpp", ""},
        {"simulator/base/dead.cpp", ""},
        {"simulator/base/deep/listed.cpp", ""},
        {"simulator/base/deep/dead.cpp", ""},
        {"simulator/host/unbuilt.cpp", ""}};
    EXPECT_THAT(sources_in_no_build_file(tree),
                ElementsAre(StartsWith("simulator/base/dead.cpp:1: "),
                            StartsWith("simulator/base/deep/dead.cpp:1: "),
                            StartsWith("simulator/host/unbuilt.cpp:1: ")));
}

TEST(BuildFiles, AreAddedByTheOneAbove) {
    const SourceTree tree = {
        {"CMakeLists.txt", "add_subdirectory(simulator)\n# add_subdirectory(app)\n"},
        {"simulator/CMakeLists.txt", "foreach(folder base\n        content)\nendforeach()\n"},
        {"simulator/base/CMakeLists.txt", ""},
        {"simulator/content/CMakeLists.txt", ""},
        {"simulator/host/CMakeLists.txt", ""},
        {"app/CMakeLists.txt", ""}};
    EXPECT_THAT(build_files_that_nothing_adds(tree),
                ElementsAre(StartsWith("app/CMakeLists.txt:1: "),
                            StartsWith("simulator/host/CMakeLists.txt:1: ")));
}

TEST(BuildFiles, MayNotLinkAgainstTheDirections) {
    const SourceTree tree = {
        {"simulator/base/CMakeLists.txt",
         "firebreak_library(firebreak_base SOURCES a.cpp PRIVATE update_client)\n"},
        {"simulator/content/CMakeLists.txt",
         "firebreak_library(firebreak_content SOURCES a.cpp PUBLIC firebreak_base fmt::fmt)\n"},
        {"simulator/endpoint/update/CMakeLists.txt",
         "firebreak_library(\n    update_client SOURCES a.cpp PUBLIC firebreak_content)\n"},
        {"app/worker/CMakeLists.txt",
         "add_executable(worker main.cpp)\ntarget_link_libraries(worker firebreak_content)\n"},
        {"tests/base/CMakeLists.txt", "firebreak_test(test_base DEPS update_client)\n"}};
    EXPECT_THAT(links_against_the_directions(tree),
                ElementsAre(HasSubstr("app/worker may not link firebreak_content"),
                            HasSubstr("simulator/base may not link update_client of "
                                      "simulator/endpoint")));
}

// The rule's complaints about one line of simulator/<folder>/a.cpp.
Complaints calls_in(const std::string& folder, const std::string& line) {
    return calls_of_forbidden_functions({{"simulator/" + folder + "/a.cpp", line + "\n"}});
}

TEST(ForbiddenCalls, AreFoundWholeAndInCodeOnly) {
    for (const char* line :
         {"int i = std::rand();", "srand(1);", "auto t = time(nullptr);", "x = std::time(NULL);",
          "auto t = std::chrono::system_clock::now();", "std::random_device seed;",
          "std::regex r(\"a\");", "std::mt19937 engine;", "std::system(\"ls\");",
          "FILE* f = popen(\"ls\", \"r\");", "auto t = std::chrono::steady_clock::now();",
          "clock_gettime(CLOCK_REALTIME, &t);", "int n = 1'000; srand(2);"}) {
        EXPECT_THAT(calls_in("base", line), SizeIs(1)) << line;
    }
    for (const char* line :
         {"// never std::rand", "f(\"system(\");", "file_system(path);", "std::ranges::sort(v);",
          "my_srand_count = 1;", "auto t = run_time(nullptr);", "char c = '\"'; // srand(",
          "const auto r = R\"(srand(1))\";"}) {
        EXPECT_THAT(calls_in("base", line), IsEmpty()) << line;
    }
}

TEST(ForbiddenCalls, LeaveCostsToThoseWhoMeasureThem) {
    const std::string line = "auto t = std::chrono::steady_clock::now();";
    for (const char* folder : {"lab", "sandbox", "assay"}) {
        EXPECT_THAT(calls_in(folder, line), IsEmpty()) << folder;
    }
    EXPECT_THAT(calls_in("fleet", line), ElementsAre(StartsWith("simulator/fleet/a.cpp:1: ")));
}

TEST(Lines, AreCountedInCharacters) {
    std::string ellipses;
    for (int i = 0; i < 100; ++i) {
        ellipses += "…";
    }
    const std::string long_line(101, 'x');
    EXPECT_THAT(lines_too_long({{"simulator/base/a.h", ellipses + "\n"},
                                {"simulator/base/b.h", "\n" + ellipses + "x\n"},
                                {"CMakeLists.txt", long_line},
                                {"firebreak", long_line},
                                {"README.md", long_line}}),
                ElementsAre("CMakeLists.txt:1: 101 columns; break the line at 100",
                            "firebreak:1: 101 columns; break the line at 100",
                            "simulator/base/b.h:2: 101 columns; break the line at 100"));
}

TEST(MachinePaths, AreFoundInAnyText) {
    const std::string home =
        "/ho"
        "me/";
    const std::string work =
        "/wo"
        "rk/";
    EXPECT_THAT(
        paths_of_one_machine({{"README.md", "see\n`" + home + "me/x`\n"},
                              {"scenarios/a.toml", "source = \"" + work + "x\"\n"},
                              {"tests/a.cpp", "a" + work + "b ~" + work + "c\n"}}),
        ElementsAre(StartsWith("README.md:2: " + home), StartsWith("scenarios/a.toml:1: " + work)));
}

TEST(Headers, StartWithACommentAndAGuard) {
    EXPECT_THAT(
        headers_without_comment_and_guard({{"simulator/a.h", kHeader},
                                           {"simulator/b.h", "// Two\n// lines.\n\n#pragma once\n"},
                                           {"simulator/c.h", "#pragma once\n// Late.\n"},
                                           {"simulator/d.h", "// No guard.\n#include <vector>\n"},
                                           {"simulator/e.h", ""},
                                           {"simulator/f.cpp", "int x;\n"}}),
        ElementsAre(StartsWith("simulator/c.h:1: "), StartsWith("simulator/d.h:1: "),
                    StartsWith("simulator/e.h:1: ")));
}

TEST(Files, EndInANewline) {
    EXPECT_THAT(files_without_a_final_newline(
                    {{"a.md", "x\n"}, {"b.md", "x\ny"}, {"c.md", ""}, {"seed.json", "{}"}}),
                ElementsAre(StartsWith("b.md:2: "), StartsWith("c.md:0: ")));
}

TEST(ContinuousIntegration, RunsNothingThatTheReadmeDoesNotName) {
    const std::string run =
        "#!/bin/sh\n# ./firebreak in a comment\n./firebreak run a.toml || x=1\n";
    EXPECT_THAT(ci_commands_not_in_the_readme({{".ci/run", run}, {"README.md", "nothing"}}),
                ElementsAre(".ci/run:3: README.md does not name `./firebreak run a.toml`"));
    EXPECT_THAT(ci_commands_not_in_the_readme(
                    {{".ci/run", run}, {"README.md", "    ./firebreak run a.toml\n"}}),
                IsEmpty());
    EXPECT_THAT(ci_commands_not_in_the_readme({{".ci/run", run}}), SizeIs(1));
}

}  // namespace
}  // namespace firebreak::structure
