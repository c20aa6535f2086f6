// The launcher itself, on a small tree: what it passes on, when it builds, what it installs.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "launcher/stand_in.h"

namespace firebreak::launcher {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kOtherProgram = "#!/bin/sh\necho other\n";

bool is_debian_12() {
    std::ifstream release("/etc/os-release");
    const std::string text(std::istreambuf_iterator<char>(release), {});
    return text.find("\nID=debian\n") != std::string::npos &&
           text.find("\nVERSION_ID=\"12\"\n") != std::string::npos;
}

// --- What it passes on

TEST(Launcher, PassesArgumentsInputOutputAndExitCodeThrough) {
    StandIn tree;
    const Finished good = tree.run({"run", "a b", "", "*", "--no-install", "-"}, "from stdin\n");
    EXPECT_EQ(good.exit_code, 0) << good.err;
    EXPECT_EQ(good.out, "in " + tree.root().string() +
                            "\n[run]\n[a b]\n[]\n[*]\n[--no-install]\n[-]\nfrom stdin\n");
    EXPECT_EQ(tree.run({"suite", "bad"}).exit_code, 1);
}

// As many as README lists.
TEST(Launcher, PassesEverySubcommandOfTheProgramOn) {
    StandIn tree;
    for (const char* command :
         {"run", "suite", "list", "report", "compare", "replay", "content", "schema", "doctor"}) {
        const Finished done = tree.run({command});
        EXPECT_EQ(done.exit_code, 0) << command << done.err;
        EXPECT_THAT(done.out, HasSubstr(std::string("\n[") + command + "]\n"));
    }
}

TEST(Launcher, SaysOnStderrWhenItBuildsAndNothingWhenItDoesNot) {
    StandIn tree;
    const Finished first = tree.run({"list"});
    EXPECT_THAT(first.err, HasSubstr("firebreak: building; the log is "));
    EXPECT_THAT(first.err, HasSubstr("firebreak: built in "));
    EXPECT_THAT(first.err, Not(HasSubstr("\r"))) << "no terminal, no rewritten line";
    EXPECT_THAT(tree.run({"list"}).err, IsEmpty());
}

TEST(Launcher, WorksFromAnyFolderThroughALinkAndWithCdpath) {
    StandIn tree;
    tree.user_folder = tree.root().parent_path() / "else where";
    std::filesystem::create_directories(tree.user_folder / "simulator");
    tree.environment["CDPATH"] = tree.user_folder.string();
    std::filesystem::create_symlink("../a tree/firebreak", tree.user_folder / "link");
    std::filesystem::permissions(
        tree.user_folder, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    for (const char* name : {"./link", "../a tree/firebreak"}) {
        tree.called_as = name;
        const Finished finished = tree.run({"list"});
        EXPECT_EQ(finished.exit_code, 0) << finished.err;
        EXPECT_EQ(finished.out, "in " + tree.user_folder.string() + "\n[list]\n");
    }
    EXPECT_EQ(tree.run({"test", "-R", "Passes"}).exit_code, 0);
    std::filesystem::permissions(tree.user_folder, std::filesystem::perms::owner_all);
    EXPECT_FALSE(std::filesystem::exists(tree.user_folder / "build"));
}

TEST(Launcher, EndsWith4ForWrongUsageAndTouchesNothing) {
    StandIn tree;
    tree.remove_package("cmake");
    using Arguments = std::vector<std::string>;
    for (const auto& [arguments, message] : std::vector<std::pair<Arguments, std::string>>{
             {{"rnu"}, "unknown command 'rnu'"},
             {{"--fast", "run"}, "unknown option '--fast'"},
             {{"build", "all"}, "takes no arguments"},
             {{"test", "--preset"}, "--preset needs a name"},
             {{"test", "-V", "--preset", "fast"}, "there is no preset 'fast'"}}) {
        const Finished finished = tree.run(arguments);
        EXPECT_EQ(finished.exit_code, 4) << message;
        EXPECT_THAT(finished.err, HasSubstr(message));
        EXPECT_THAT(finished.out, IsEmpty());
    }
    EXPECT_FALSE(std::filesystem::exists(tree.root() / "build"));
    EXPECT_THAT(tree.apt_calls(), IsEmpty());
}

TEST(Launcher, HelpsWithoutBuilding) {
    StandIn tree;
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{}, {"help"}, {"--help"}}) {
        const Finished finished = tree.run(arguments);
        EXPECT_EQ(finished.exit_code, 0);
        EXPECT_THAT(finished.out, HasSubstr("./firebreak run SCENARIO"));
    }
    EXPECT_FALSE(std::filesystem::exists(tree.root() / "build"));
}

// --- When it builds

TEST(Launcher, RunsNothingButTheProgramWhenNothingChanged) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    for (const char* tool : {"dpkg-query", "apt-get", "sudo", "cmake", "ninja", "flock"}) {
        tree.forbid(tool);
    }
    EXPECT_EQ(tree.run({"list"}).exit_code, 0);
    EXPECT_THAT(tree.forbidden_calls(), IsEmpty());
}

TEST(Launcher, BuildsAgainWhenASourceChanged) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    tree.edit("app/firebreak.sh", kOtherProgram);
    EXPECT_EQ(tree.run({"list"}).out, "other\n");
}

TEST(Launcher, BuildsAgainWhenAFileCameOrWent) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    tree.edit("app/extra/CMakeLists.txt", "message(FATAL_ERROR \"the new folder is seen\")\n");
    const Finished seen = tree.run({"list"});
    EXPECT_EQ(seen.exit_code, 3);
    EXPECT_THAT(seen.err, HasSubstr("the new folder is seen"));

    std::filesystem::remove_all(tree.root() / "app/extra");
    EXPECT_EQ(tree.run({"list"}).exit_code, 0);
    std::filesystem::remove(tree.root() / "app/firebreak.sh");
    const Finished missing = tree.run({"list"});
    EXPECT_EQ(missing.exit_code, 3);
    EXPECT_THAT(missing.err, HasSubstr("firebreak.sh"));
}

TEST(Launcher, ConfiguresAgainWhenAPresetChanged) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    std::string presets = tree.read("CMakePresets.json");
    const size_t variables_of_release = presets.find("\"CMAKE_BUILD_TYPE\"");
    ASSERT_NE(variables_of_release, std::string::npos);
    presets.insert(variables_of_release, "\"STAND_IN\": \"changed\", ");
    tree.edit("CMakePresets.json", presets);
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    EXPECT_THAT(tree.read("build/release/CMakeCache.txt"), HasSubstr("=changed\n"));
}

TEST(Launcher, BuildsAgainWhenAProgramIsGone) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    std::filesystem::remove(tree.root() / "build/release/bin/firebreak-worker");
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    EXPECT_TRUE(std::filesystem::exists(tree.root() / "build/release/bin/firebreak-worker"));
}

TEST(Launcher, BuildsAgainInAMovedFolder) {
    StandIn tree;
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    const auto moved = tree.root().parent_path() / "moved";
    std::filesystem::copy(tree.root(), moved, std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(tree.root());
    tree.called_as = moved / "firebreak";
    tree.user_folder = moved;
    const Finished finished = tree.run({"list"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("[list]"));
}

TEST(Launcher, ShowsTheEndOfTheLogOfAFailedBuildAndRecovers) {
    StandIn tree;
    tree.replace_tool("cp", "#!/bin/sh\necho 'cp: this went wrong'\nexit 1\n");
    const Finished failed = tree.run({"list"});
    EXPECT_EQ(failed.exit_code, 3);
    EXPECT_THAT(failed.out, IsEmpty());
    EXPECT_THAT(failed.err, HasSubstr("cp: this went wrong"));
    EXPECT_THAT(failed.err, HasSubstr("build/release/build.log"));

    tree.replace_tool("cp", "#!/bin/sh\nexec /bin/cp \"$@\"\n");
    EXPECT_EQ(tree.run({"list"}).exit_code, 0);
}

TEST(Launcher, BuildsOnceWhenCalledTwiceAtATime) {
    StandIn tree;
    tree.replace_tool("cp",
                      "#!/bin/sh\necho \"$2\" >>\"${0%/*}/copies\"\nsleep 0.2\n"
                      "exec /bin/cp \"$@\"\n");
    const auto one = tree.start({"run", "one"});
    const auto other = tree.start({"run", "other"});
    const Finished first = one->wait();
    const Finished second = other->wait();
    EXPECT_EQ(first.exit_code, 0) << first.err;
    EXPECT_EQ(second.exit_code, 0) << second.err;
    EXPECT_THAT(first.out, HasSubstr("[one]"));
    EXPECT_THAT(second.out, HasSubstr("[other]"));
    const std::string copies = tree.read("../tools/copies");
    EXPECT_EQ(std::count(copies.begin(), copies.end(), '\n'), 2) << copies;
}

TEST(Launcher, StopsTheBuildWhenInterruptedAndLeavesNothingHalfDone) {
    StandIn tree;
    tree.replace_tool("cp",
                      "#!/bin/sh\necho half >\"$2\"\necho one >>\"${0%/*}/started\"\n"
                      "exec sleep 20\n");
    const auto process = tree.start({"list"});
    // Both programs' steps: a step that is just being started could outlive the signal.
    while (tree.read("../tools/started") != "one\none\n") {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    process->signal_group(SIGINT);
    const Finished finished = process->wait();
    EXPECT_EQ(finished.signal, SIGINT) << "so that a caller's loop ends, too";
    EXPECT_THAT(tree.read("build/release/build.log"), HasSubstr("interrupted"));

    tree.replace_tool("cp", "#!/bin/sh\nexec /bin/cp \"$@\"\n");
    EXPECT_THAT(tree.run({"list"}).out, HasSubstr("[list]"));
}

// --- What it installs

TEST(Launcher, NamesWhatIsMissingAndStopsWhenItMayNotInstall) {
    StandIn tree;
    tree.remove_package("ninja-build");
    tree.remove_package("libyara-dev");
    const Finished finished = tree.run({"--no-install", "list"});
    EXPECT_EQ(finished.exit_code, 3);
    EXPECT_THAT(finished.err, HasSubstr("ninja-build libyara-dev\n"));
    EXPECT_THAT(tree.apt_calls(), IsEmpty());
}

TEST(Launcher, InstallsWhatIsMissingAndUpdatesListsOnlyWhenTheyLackIt) {
    if (!is_debian_12()) {
        GTEST_SKIP() << "the launcher installs on Debian 12 only";
    }
    StandIn tree;
    tree.remove_package("ninja-build");
    tree.remove_package("g++");
    const Finished listed = tree.run({"list"});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    EXPECT_EQ(tree.apt_calls(), "install g++ ninja-build\n");

    StandIn unlisted;
    unlisted.remove_package("g++");
    unlisted.forget_list_entry("g++");
    EXPECT_EQ(unlisted.run({"list"}).exit_code, 0);
    EXPECT_EQ(unlisted.apt_calls(), "install g++\nupdate\ninstall g++\n");
}

TEST(Launcher, ShowsWhatAptSaidWhenAPackageCannotBeInstalled) {
    if (!is_debian_12()) {
        GTEST_SKIP() << "the launcher installs on Debian 12 only";
    }
    StandIn tree;
    tree.remove_package("g++");
    tree.replace_tool("apt-get", "#!/bin/sh\necho \"E: no network\"\nexit 100\n");
    const Finished finished = tree.run({"list"});
    EXPECT_EQ(finished.exit_code, 3);
    EXPECT_THAT(finished.err, HasSubstr("could not install g++"));
    EXPECT_THAT(finished.err, HasSubstr("E: no network"));
}

TEST(Launcher, NeedsNoTestPackageForARun) {
    StandIn tree;
    tree.remove_package("libgtest-dev");
    EXPECT_EQ(tree.run({"--no-install", "list"}).exit_code, 0);
    const Finished tests = tree.run({"--no-install", "test"});
    EXPECT_EQ(tests.exit_code, 3);
    EXPECT_THAT(tests.err, HasSubstr("libgtest-dev"));
    EXPECT_EQ(tree.run({"--no-install", "list"}).exit_code, 0) << "and still none";
}

// --- The desktop program

TEST(Launcher, NeedsQtForTheDesktopProgramAlone) {
    StandIn tree;
    tree.remove_package("qt6-base-dev");
    ASSERT_EQ(tree.run({"list"}).exit_code, 0);
    EXPECT_THAT(tree.apt_calls(), IsEmpty());
    EXPECT_THAT(tree.read("build/release/CMakeCache.txt"), HasSubstr("FIREBREAK_GUI:BOOL=OFF"));
    const Finished finished = tree.run({"gui", "a run.run"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("[a run.run]"));
    EXPECT_THAT(tree.read("build/release/CMakeCache.txt"), HasSubstr("FIREBREAK_GUI:BOOL=ON"));
    for (const char* tool : {"dpkg-query", "apt-get", "cmake", "ninja"}) {
        tree.forbid(tool);
    }
    EXPECT_EQ(tree.run({"gui"}).exit_code, 0);
    EXPECT_EQ(tree.run({"list"}).exit_code, 0);
    EXPECT_THAT(tree.forbidden_calls(), IsEmpty());
}

// --- Tests and benchmarks

TEST(Launcher, RunsTheTestsThatCtestSelects) {
    StandIn tree;
    const Finished passed = tree.run({"test", "-R", "Passes"});
    EXPECT_EQ(passed.exit_code, 0) << passed.err;
    EXPECT_THAT(passed.out, HasSubstr("100% tests passed, 0 tests failed out of 1"));
    EXPECT_EQ(tree.run({"test"}).exit_code, 8) << "ctest's own code";
    EXPECT_NE(tree.run({"test", "-R", "NoSuchTest"}).exit_code, 0);
}

TEST(Launcher, KeepsTestsOnOnceTheyAre) {
    StandIn tree;
    ASSERT_EQ(tree.run({"test", "-R", "Passes"}).exit_code, 0);
    tree.edit("app/firebreak.sh", kOtherProgram);
    ASSERT_EQ(tree.run({"list"}).out, "other\n");
    EXPECT_THAT(tree.read("build/release/CMakeCache.txt"),
                HasSubstr("FIREBREAK_BUILD_TESTS:BOOL=ON"));
}

TEST(Launcher, BuildsTheReleaseWorkerBeforeItTestsWithASanitizer) {
    StandIn tree;
    const Finished finished = tree.run({"test", "--preset=asan", "-R", "Passes"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_TRUE(std::filesystem::exists(tree.root() / "build/asan/bin/firebreak"));
    EXPECT_TRUE(std::filesystem::exists(tree.root() / "build/release/bin/firebreak-worker"));
    EXPECT_FALSE(std::filesystem::exists(tree.root() / "build/release/bin/firebreak"));
}

TEST(Launcher, ListsAndRunsBenchmarks) {
    StandIn tree;
    EXPECT_EQ(tree.run({"bench"}).out, "quick\n");
    EXPECT_THAT(tree.run({"bench", "quick", "a b"}).out, HasSubstr("\n[a b]\n"));
    const Finished unknown = tree.run({"bench", "slow"});
    EXPECT_EQ(unknown.exit_code, 4);
    EXPECT_THAT(unknown.err, HasSubstr("there is no benchmark 'slow'"));
}

}  // namespace
}  // namespace firebreak::launcher
