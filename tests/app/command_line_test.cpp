// The built program from outside: exit codes, messages, files, and what a kill leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/command_line.h"

namespace firebreak::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(CommandLine, RunsAScenarioAndSaysWhereTheRunFileLies) {
    const Finished done = run_scenario(kScenario);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("release group"));
    EXPECT_THAT(done.out, HasSubstr("No endpoint of 20 affected"));
    EXPECT_THAT(done.out, HasSubstr("run file runs/tiny-1.run"));
    EXPECT_TRUE(fs::exists(folder_.path() / "runs" / "tiny-1.run"));
    const Finished report = firebreak({"report", "runs/tiny-1.run"});
    EXPECT_EQ(report.code, 0);
    EXPECT_EQ(report.out, done.out);
}

// What a run has recorded is not to be lost to a slip on the command line.
TEST_F(CommandLine, OverwritesNoRunFileWithAReport) {
    ASSERT_EQ(run_scenario(kScenario, {"--out", "a.run"}).code, 0);
    ASSERT_EQ(run_scenario(kScenario, {"--out", "b.run"}).code, 0);
    const std::string before = contents(folder_.path() / "a.run");
    const std::vector<std::vector<std::string>> slips = {
        {"report", "a.run", "--format", "html", "--out", "a.run"},
        {"report", "b.run", "--format", "json", "--out", "a.run"},
        {"compare", "a.run", "b.run", "--html", "a.run"},
        {"compare", "a.run", "b.run", "--json", "a.run"},
    };
    for (const std::vector<std::string>& words : slips) {
        const Finished done = firebreak(words);
        EXPECT_NE(done.code, 0) << words[0];
        EXPECT_THAT(done.err, HasSubstr("not to be overwritten"));
        EXPECT_TRUE(contents(folder_.path() / "a.run") == before) << words[0];
    }
    EXPECT_NE(run_scenario(kScenario, {"--out", "b.run", "--json", "a.run"}).code, 0);
    EXPECT_TRUE(contents(folder_.path() / "a.run") == before);
}

TEST_F(CommandLine, WritesNoRunFileInPlaceOfAFolder) {
    fs::create_directory(folder_.path() / "empty");
    const Finished done = run_scenario(kScenario, {"--out", "empty"});
    EXPECT_EQ(done.code, 4);
    EXPECT_THAT(done.err, HasSubstr("a folder"));
    EXPECT_TRUE(fs::is_directory(folder_.path() / "empty"));
}

TEST_F(CommandLine, TakesNoSeedBelowZero) {
    EXPECT_EQ(run_scenario(kScenario, {"--seed", "-1"}).code, 4);
    EXPECT_EQ(run_scenario(kScenario, {"--seed", "18446744073709551616"}).code, 4);
    EXPECT_EQ(run_scenario(kScenario, {"--seed", "9223372036854775807"}).code, 0);
}

TEST_F(CommandLine, KeepsEarlierRuns) {
    run_scenario(kScenario);
    const Finished again = run_scenario(kScenario);
    EXPECT_THAT(again.out, HasSubstr("runs/tiny-2.run"));
    EXPECT_TRUE(fs::exists(folder_.path() / "runs" / "tiny-1.run"));
}

TEST_F(CommandLine, ExitsWith1AndTheMeasuredValueWhenAnExpectationFails) {
    std::string wrong = kScenario;
    wrong.replace(wrong.find("equals = 20"), 11, "equals = 19");
    const Finished done = run_scenario(wrong);
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.out, HasSubstr("measured 20 of 20 (100 %), expected exactly 19"));
    EXPECT_THAT(done.out, HasSubstr("tiny.toml:"));
}

TEST_F(CommandLine, WritesJsonAndJunit) {
    const Finished done = run_scenario(kScenario, {"--json", "a.json", "--junit", "a.xml"});
    EXPECT_EQ(done.code, 0) << done.err;
    const auto json = nlohmann::json::parse(contents(folder_.path() / "a.json"));
    EXPECT_EQ(json["status"], "passed");
    EXPECT_EQ(json["seed"], 3);
    EXPECT_EQ(json["groups"][0]["endpoints"], 20);
    EXPECT_EQ(json["expectations"][0]["passed"], true);
    EXPECT_GT(json["wall_s"], 0);
    EXPECT_THAT(contents(folder_.path() / "a.xml"), HasSubstr("<testsuite name=\"tiny\""));
    const Finished piped = run_scenario(kScenario, {"--json", "-"});
    EXPECT_EQ(nlohmann::json::parse(piped.out)["status"], "passed");
}

TEST_F(CommandLine, GivesTheSameFingerprintForTheSameSeedAndAnotherForAnother) {
    std::set<std::string> same, all;
    for (const char* jobs : {"1", "2"}) {
        run_scenario(kScenario, {"--json", "a.json", "-j", jobs});
        same.insert(nlohmann::json::parse(contents(folder_.path() / "a.json"))["fingerprint"]);
    }
    EXPECT_EQ(same.size(), 1u);
    run_scenario(kScenario, {"--json", "a.json", "--seed", "4"});
    all = same;
    all.insert(nlohmann::json::parse(contents(folder_.path() / "a.json"))["fingerprint"]);
    EXPECT_EQ(all.size(), 2u);
    const std::string golden = "fingerprint = \"" + *same.begin() + "\"\n";
    EXPECT_EQ(run_scenario(golden + kScenario).code, 0);
    const Finished differs =
        run_scenario("fingerprint = \"0000-0000-0000-0000\"\n" + std::string(kScenario));
    EXPECT_EQ(differs.code, 10);
    EXPECT_THAT(differs.err, HasSubstr(*same.begin()));
}

TEST_F(CommandLine, ReplaysARunWithoutAWorker) {
    run_scenario(kScenario);
    std::vector<std::string> words = {"replay", "runs/tiny-1.run"};
    const auto with = fixtures();
    words.insert(words.end(), with.begin(), with.end());
    const Finished done = firebreak(words);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("Same fingerprint"));
}

// Each gets exit code 4 and one clear line, whatever it is.
TEST_F(CommandLine, RefusesWhatIsNoScenarioWithOneClearMessage) {
    std::string misspelt = kScenario;
    misspelt.replace(misspelt.find("endpoints"), 9, "endpionts");
    const fs::path huge = folder_.path() / "huge.toml";
    std::ofstream(huge) << "schema = 1\n";
    fs::resize_file(huge, 100'000'000);
    const std::vector<std::pair<std::string, std::string>> cases = {
        {write("misspelt.toml", misspelt), "did you mean `endpoints`"},
        {(folder_.path() / "missing.toml").string(), "missing.toml"},
        {write("empty.toml", ""), "empty"},
        {huge.string(), "larger than"},
        {write("binary.toml", std::string("\x7f"
                                          "ELF\0\0\1\2",
                                          8)),
         "binary.toml"},
        {write("deep.toml", "a = " + std::string(50'000, '[')), "deep.toml"},
        {write("latin1.toml", "title = \"caf\xe9\"\n"), "latin1.toml"},
        {folder_.path().string(), "a folder, where a scenario file is wanted"},
    };
    for (const auto& [file, part] : cases) {
        const Finished done = firebreak({"run", file, "--fixtures", fixtures_dir().string()});
        EXPECT_EQ(done.code, 4) << file << done.err;
        EXPECT_THAT(done.err, HasSubstr(part));
        EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
        EXPECT_THAT(done.out, "");
    }
    EXPECT_FALSE(fs::exists(folder_.path() / "runs")) << "nothing was begun";
}

TEST_F(CommandLine, SuggestsTheScenarioWhoseNameIsNearest) {
    const std::string file = write("mine/slow-start.toml", kScenario);
    write("scenarios/fast/kernel-loop.toml", kScenario);
    write("scenarios/fast/_parts.toml", kScenario);
    const auto complaint = [this](const std::string& named) {
        const Finished done = firebreak({"run", named});
        EXPECT_EQ(done.code, 4);
        EXPECT_THAT(done.err, HasSubstr("there is no such scenario"));
        EXPECT_THAT(done.err, HasSubstr("`firebreak list` lists the scenarios"));
        return done.err;
    };
    EXPECT_THAT(complaint("mine/slowstart.toml"),
                HasSubstr("did you mean `mine/slow-start.toml`?"));
    EXPECT_THAT(complaint("kernel-loop"),
                HasSubstr("did you mean `scenarios/fast/kernel-loop.toml`?"));
    EXPECT_THAT(complaint("_parts"), Not(HasSubstr("_parts.toml")));
    EXPECT_THAT(complaint("rare-triger-escapes"), HasSubstr("fast/rare-trigger-escapes.toml`?"));
    EXPECT_THAT(complaint("nothing-that-is-like-any-of-them"), Not(HasSubstr("did you mean")));
    const Finished folder = firebreak({"run", "mine"});
    EXPECT_THAT(folder.err, HasSubstr("firebreak suite mine"));
    EXPECT_FALSE(fs::exists(folder_.path() / "runs"));
}

TEST_F(CommandLine, SaysWhatToDoWhereAReportCannotBeWritten) {
    write("file", "");
    const Finished done = run_scenario(kScenario, {"--quiet", "--html", "file/report.html"});
    EXPECT_EQ(done.code, 3);
    EXPECT_THAT(done.err, HasSubstr("name a file in a folder that you may write to"));
    const Finished good = run_scenario(kScenario, {"--quiet", "--html", "report.html"});
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_THAT(contents(folder_.path() / "report.html"), HasSubstr("<!DOCTYPE html>"));
}

TEST_F(CommandLine, RefusesToWriteOverSomethingElse) {
    write("thesis.txt", "years of work");
    const Finished done = run_scenario(kScenario, {"--out", "thesis.txt"});
    EXPECT_EQ(done.code, 4);
    EXPECT_THAT(done.err, HasSubstr("not a run file"));
    EXPECT_EQ(contents(folder_.path() / "thesis.txt"), "years of work");
}

TEST_F(CommandLine, ExitsWith4OnBadUsage) {
    EXPECT_EQ(firebreak({}).code, 4);
    EXPECT_EQ(firebreak({"frobnicate"}).code, 4);
    EXPECT_EQ(firebreak({"run"}).code, 4);
    EXPECT_EQ(firebreak({"run", "x.toml", "-j", "0"}).code, 4);
    EXPECT_EQ(firebreak({"report", "none.run"}).code, 4);
    EXPECT_EQ(firebreak({"--help"}).code, 0);
    EXPECT_EQ(firebreak({"--version"}).code, 0);
}

TEST_F(CommandLine, ListsAndRunsAFolderOfScenarios) {
    write("suite/a.toml", kScenario);
    write("suite/deeper/b.toml", kScenario);
    write("suite/_base.toml", "not a scenario of its own");
    std::string wrong = kScenario;
    wrong.replace(wrong.find("equals = 20"), 11, "equals = 19");

    const Finished list = firebreak({"list", "suite"});
    EXPECT_EQ(list.code, 0) << list.err;
    EXPECT_THAT(list.out, HasSubstr("suite/deeper/b.toml"));
    EXPECT_THAT(list.out, testing::Not(HasSubstr("_base")));

    std::vector<std::string> words = {"suite", "suite", "--junit", "all.xml", "--json", "all.json"};
    const auto with = fixtures();
    words.insert(words.end(), with.begin(), with.end());
    const Finished good = firebreak(words);
    EXPECT_EQ(good.code, 0) << good.out << good.err;
    EXPECT_THAT(good.out, HasSubstr("2 of 2 scenarios passed"));
    EXPECT_EQ(nlohmann::json::parse(contents(folder_.path() / "all.json")).size(), 2u);

    write("suite/c.toml", wrong);
    const Finished failing = firebreak(words);
    EXPECT_EQ(failing.code, 1);
    EXPECT_THAT(failing.out, HasSubstr("measured 20 of 20"));
    EXPECT_THAT(contents(folder_.path() / "all.xml"), HasSubstr("failures=\"1\""));

    write("suite/d.toml", "schema = 1\nsede = 3\n");
    const Finished invalid = firebreak(words);
    EXPECT_EQ(invalid.code, 4);
    EXPECT_THAT(invalid.out, HasSubstr("d.toml:2:1"));
    EXPECT_THAT(invalid.out, HasSubstr("2 of 4 scenarios passed"));

    fs::create_directory(folder_.path() / "nothing");
    EXPECT_EQ(firebreak({"suite", "nothing"}).code, 5);
}

TEST_F(CommandLine, ExaminesThisMachine) {
    fs::create_directory_symlink(fixtures_dir(), folder_.path() / "fixtures");
    const Finished done = firebreak({"doctor"});
    EXPECT_EQ(done.code, 0) << done.out;
    EXPECT_THAT(done.out, HasSubstr("system-call-filter       in force"));
}

TEST_F(CommandLine, NamesProgramsThatScenariosNeedAndThisMachineLacks) {
    fs::create_directory_symlink(fixtures_dir(), folder_.path() / "fixtures");
    write("scenarios/external/theirs.toml", std::string(kScenario) + R"(
[scanner]
command = "/usr/bin/no-such-scanner"
package = "no-such-package"
check = ["{files}"]
scan = ["{files}", "{subject}"]
exit_codes = { clean = [0], failed = [1] }
)");
    const Finished done = firebreak({"doctor"});
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    EXPECT_THAT(done.out,
                HasSubstr("✗ /usr/bin/no-such-scanner not installed, and external/theirs.toml "
                          "needs it; install it: apt-get install no-such-package"));
    EXPECT_THAT(done.out, HasSubstr("every scenario but those that need a program"));
    fs::remove(folder_.path() / "scenarios/external/theirs.toml");
    EXPECT_THAT(firebreak({"doctor"}).out, HasSubstr("This machine can run every scenario."));
}

// Processes that run and whose program stands in this folder.
std::set<int> alive_in(const fs::path& folder) {
    std::set<int> pids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const std::string command = contents(entry.path() / "cmdline");
        const std::string status = contents(entry.path() / "status");
        if (command.starts_with(folder.string()) && status.find("State:\tZ") == std::string::npos) {
            pids.insert(std::stoi(name));
        }
    }
    return pids;
}

bool eventually(const std::function<bool()>& condition) {
    for (int i = 0; i < 2000; ++i) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

// A defect that burns CPU until its limit keeps a worker busy long enough to be met.
std::string slow_scenario() {
    std::string slow = kScenario;
    slow.replace(slow.find("good/DatasetA/2026-03-02"), 24, "defective/DatasetA/backtracking");
    slow.replace(slow.find("{ server = 1 }"), 14, "{ developer = 1 }");
    return slow;
}

TEST_F(CommandLine, LeavesNoWorkerAndAReadableRunFileWhenItIsKilled) {
    // Copies, so that their processes can be told from those of other tests.
    const fs::path programs = folder_.path() / "bin";
    fs::create_directory(programs);
    fs::copy_file(command_line_binary(), programs / "firebreak");
    fs::copy_file(worker_binary(), programs / "firebreak-worker");
    Process process({(programs / "firebreak").string(), "run", write("slow.toml", slow_scenario()),
                     "--fixtures", fixtures_dir().string(), "--out", "slow.run"},
                    folder_.path());
    // Not before there is a record, and a worker beside the runner.
    ASSERT_TRUE(eventually([&] {
        return fs::exists(folder_.path() / "slow.run-wal") && alive_in(programs).size() > 1 &&
               firebreak({"report", "slow.run"}).code == 0;
    }));
    process.kill(SIGKILL);
    EXPECT_EQ(process.wait().code, 128 + SIGKILL);
    EXPECT_TRUE(eventually([&] { return alive_in(programs).empty(); })) << "an orphan lives on";

    const Finished report = firebreak({"report", "slow.run"});
    EXPECT_EQ(report.code, 0) << report.err;
    EXPECT_THAT(report.out, HasSubstr("Interrupted"));
}

TEST_F(CommandLine, EndsInOrderOnCtrlC) {
    Process process({command_line_binary().string(), "run", write("slow.toml", slow_scenario()),
                     "--fixtures", fixtures_dir().string(), "--out", "slow.run"},
                    folder_.path());
    ASSERT_TRUE(eventually([&] { return fs::exists(folder_.path() / "slow.run-wal"); }));
    process.kill(SIGINT);
    const Finished done = process.wait();
    EXPECT_EQ(done.code, 2) << done.err;
    EXPECT_THAT(done.out, HasSubstr("Interrupted"));
}

}  // namespace
}  // namespace firebreak::test
