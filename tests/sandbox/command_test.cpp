// What a program under test can do wrong, each thing done for real by a real program.
#include "sandbox/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/text.h"
#include "sandbox/descriptors.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::sandbox {
namespace {

namespace fs = std::filesystem;
using How = base::ProgramEnd::How;
using testing::HasSubstr;

std::string trial_program() {
    return (test::worker_binary().parent_path() / "firebreak-trial-program").string();
}

CommandPolicy policy() {
    CommandPolicy out;
    out.program = trial_program();
    out.binds = {"/usr", "/lib", "/lib64"};
    out.limits.memory_bytes = 256ull * 1024 * 1024;
    out.limits.cpu_s = 1;
    out.limits.wall_ms = 10'000;
    out.limits.output_bytes = 64 * 1024;
    return out;
}

std::string in_words(How how) {
    constexpr const char* kWords[] = {"exited",   "signal", "CPU limit",
                                      "deadline", "output", "forbidden"};
    return kWords[static_cast<size_t>(how)];
}

// "exited 0: standard output", "signal 11: ", "forbidden ptrace: ".
std::string describe(const base::Result<base::ProgramEnd>& end) {
    if (!end.ok()) {
        return "error: " + end.error().text();
    }
    const bool has_status = end->how == How::kExited || end->how == How::kSignal;
    const std::string what = has_status ? std::to_string(end->status) : end->call;
    return fmt::format("{}{}{}: {}{}", in_words(end->how), what.empty() ? "" : " ", what,
                       end->output.substr(0, 200), end->errors.substr(0, 200));
}

std::string outcome_of(Spawner& spawner, const CommandPolicy& policy,
                       const std::vector<std::string>& arguments,
                       const std::vector<base::InputFile>& files = {}) {
    base::Result<Command> command = Command::create(spawner, policy);
    return command.ok() ? describe(command->run(arguments, files))
                        : "error: " + command.error().text();
}

class ProgramUnderTest : public testing::Test {
  protected:
    std::string outcome_of(const std::vector<std::string>& arguments,
                           const std::vector<base::InputFile>& files = {}) {
        return sandbox::outcome_of(spawner_, policy_, arguments, files);
    }

    Spawner spawner_{test::worker_binary()};
    CommandPolicy policy_ = policy();
};

TEST_F(ProgramUnderTest, GetsItsArgumentsAndNoEnvironmentButWhatIsNamed) {
    policy_.environment = {{"LANG", "C"}, {"TZ", "UTC0"}};
    EXPECT_EQ(outcome_of({"words", "a b", "$HOME;*", ""}),
              "exited 0: [words][a b][$HOME;*][]{LANG=C}{TZ=UTC0}\n");
}

TEST_F(ProgramUnderTest, EndsByItsExitStatus) {
    EXPECT_EQ(outcome_of({"exit", "0"}), "exited 0: ");
    EXPECT_EQ(outcome_of({"exit", "2"}), "exited 2: ");
    EXPECT_EQ(outcome_of({"exit", "255"}), "exited 255: ");
}

TEST_F(ProgramUnderTest, EndsByItsSignal) {
    EXPECT_EQ(outcome_of({"segfault"}), "signal 11: ");
    EXPECT_EQ(outcome_of({"abort"}), "signal 6: ");
    EXPECT_EQ(outcome_of({"kill-itself"}), "signal 15: ");
}

TEST_F(ProgramUnderTest, IsKilledAtItsProcessorTime) {
    EXPECT_EQ(outcome_of({"spin"}), "CPU limit: ");
    EXPECT_EQ(outcome_of({"ignore-signals"}), "CPU limit: ");
}

TEST_F(ProgramUnderTest, IsKilledAtItsDeadlineWithItsProcessorTimeKnown) {
    policy_.limits.wall_ms = 300;
    EXPECT_EQ(outcome_of({"hang"}), "deadline: ");
    ASSERT_OK_AND(Command command, Command::create(spawner_, policy_));
    const std::string spin = "spin";
    ASSERT_OK_AND(const base::ProgramEnd end, command.run(std::span(&spin, 1), {}));
    EXPECT_EQ(end.how, How::kWallDeadline);
    EXPECT_GT(end.cpu, std::chrono::milliseconds(1));
    EXPECT_LT(end.cpu, std::chrono::milliseconds(1000));
}

TEST_F(ProgramUnderTest, HasNoMoreMemoryThanItsLimit) {
    policy_.limits.memory_bytes = 64ull * 1024 * 1024;
    policy_.limits.cpu_s = 10;
    EXPECT_THAT(outcome_of({"allocate"}), HasSubstr("exited 3: out of memory after "));
}

TEST_F(ProgramUnderTest, IsKilledWhenItWritesTooMuch) {
    for (const char* stream : {"flood", "flood-errors"}) {
        EXPECT_THAT(outcome_of({stream}), HasSubstr("output: oooo")) << stream;
    }
    ASSERT_OK_AND(Command command, Command::create(spawner_, policy_));
    const std::string flood = "flood";
    ASSERT_OK_AND(const base::ProgramEnd end, command.run(std::span(&flood, 1), {}));
    EXPECT_EQ(end.output.size(), policy_.limits.output_bytes);
}

TEST_F(ProgramUnderTest, CannotMultiplyBeyondItsLimit) {
    policy_.limits.processes = 5;
    EXPECT_EQ(outcome_of({"multiply"}),
              "exited 0: 4 children, then: Resource temporarily unavailable\n");
}

TEST_F(ProgramUnderTest, FindsItsInputAndNothingElse) {
    const std::string rules = "rule a { condition: true }", subject("\0\xff", 2);
    const std::vector<base::InputFile> files = {{"/content/a.yar", base::view_of(rules)},
                                                {"/content/deep/b.yar", base::view_of(subject)},
                                                {"/subject/c", base::view_of(subject)}};
    EXPECT_EQ(outcome_of({"read", "/content/a.yar"}, files), "exited 0: " + rules);
    EXPECT_EQ(outcome_of({"read", "/subject/c"}, files), "exited 0: " + subject);
    EXPECT_EQ(outcome_of({"list", "/content"}, files), "exited 0: a.yar deep \n");
    const std::string root = outcome_of({"list", "/"}, files);
    for (const char* expected : {"content", "lib", "lib64", "subject", "usr"}) {
        EXPECT_THAT(root, HasSubstr(expected));
    }
    for (const char* hidden : {"proc", "sys", "dev", "etc", "home", "root", "var", "scratch"}) {
        EXPECT_THAT(root, testing::Not(HasSubstr(std::string(" ") + hidden + " "))) << hidden;
    }
}

TEST_F(ProgramUnderTest, CannotReadOutsideOfItsBinds) {
    for (const char* path : {"/etc/passwd", "/proc/self/status", "/tmp/../etc/hostname",
                             "/dev/null", "/usr/../etc/passwd"}) {
        EXPECT_EQ(outcome_of({"read", path}), "exited 0: No such file or directory\n") << path;
    }
}

TEST_F(ProgramUnderTest, CannotWriteToItsBindsOrItsInput) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "kept") << "kept";
    fs::permissions(folder.path(), fs::perms::all);
    fs::permissions(folder.path() / "kept", fs::perms::all);
    const std::string path = folder.path() / "kept";
    policy_.binds.push_back(folder.path());
    EXPECT_EQ(outcome_of({"read", path}), "exited 0: kept");
    const std::string text = "input";
    const std::vector<base::InputFile> files = {{"/content/a", base::view_of(text)}};
    const auto refused =
        testing::AnyOf("exited 0: Read-only file system\n", "exited 0: Permission denied\n");
    for (const std::string& place :
         {path, folder.path().string() + "/new", std::string("/content/a"),
          std::string("/content/new"), std::string("/new"), std::string("/usr/new")}) {
        EXPECT_THAT(outcome_of({"write", place, "10"}, files), refused) << place;
    }
    EXPECT_THAT(outcome_of({"remove", path}), refused);
    std::ifstream file(path);
    std::string kept;
    file >> kept;
    EXPECT_EQ(kept, "kept");
}

TEST_F(ProgramUnderTest, HasScratchSpaceIfItsPolicySaysSoAndNoMore) {
    EXPECT_THAT(outcome_of({"write", "/scratch/a", "10"}), HasSubstr("No such file"));
    policy_.limits.scratch_bytes = 1024 * 1024;
    EXPECT_EQ(outcome_of({"write", "/scratch/a", "1000000"}), "exited 0: written\n");
    EXPECT_THAT(
        outcome_of({"write", "/scratch/a", "2000000"}),
        testing::AnyOf("exited 0: File too large\n", "exited 0: No space left on device\n"));
    EXPECT_EQ(outcome_of({"list", "/scratch"}), "exited 0: \n") << "each run has its own";
}

TEST_F(ProgramUnderTest, CannotRunWhatItWrites) {
    policy_.limits.scratch_bytes = 64ull * 1024 * 1024;
    EXPECT_EQ(outcome_of({"run-copy", trial_program()}), "exited 0: Permission denied\n");
}

TEST_F(ProgramUnderTest, HasNoInputNoDescriptorsAndNoRights) {
    EXPECT_EQ(outcome_of({"input"}), "exited 0: read 0\n");
    EXPECT_EQ(outcome_of({"descriptors"}), "exited 0: 0 1 2 \n");
    EXPECT_EQ(outcome_of({"rights"}), "exited 0: 0 no_new_privs 1\n");
    EXPECT_EQ(outcome_of({"user"}), "exited 0: somebody\n");
}

TEST_F(ProgramUnderTest, IsStoppedAtAForbiddenCallThatIsNamed) {
    for (const char* call :
         {"socket", "ptrace", "unshare", "mount", "keyctl", "bpf", "shmget", "memfd_create",
          "userfaultfd", "seccomp", "clone", "process_vm_readv"}) {
        EXPECT_EQ(outcome_of({call}), std::string("forbidden ") + call + ": ");
    }
    EXPECT_EQ(outcome_of({"netlink"}), "forbidden socket: ");
    EXPECT_EQ(outcome_of({"io_uring"}), "forbidden io_uring_setup: ");
    policy_.limits.processes = 2;
    EXPECT_EQ(outcome_of({"grandchild"}), "forbidden unshare: ");
}

TEST_F(ProgramUnderTest, MayUseSocketsOfItsOwnWorldAndLearnsThatClone3IsNotThere) {
    EXPECT_EQ(outcome_of({"unix"}), "exited 0: a socket\n");
    EXPECT_EQ(outcome_of({"clone3"}), "exited 0: Function not implemented\n");
}

TEST_F(ProgramUnderTest, CannotSignalTheProcessThatWatchesIt) {
    EXPECT_THAT(outcome_of({"kill-all"}), testing::StartsWith("exited 0: first: "));
}

// Of all processes that run a program of this name.
size_t processes_of(const std::string& program) {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code gone;
        const fs::path running = fs::read_symlink(entry.path() / "exe", gone);
        count += !gone && running.filename() == fs::path(program).filename() ? 1 : 0;
    }
    return count;
}

// A copy under a name that no other test's processes have.
std::string own_copy(const test::TemporaryFolder& folder) {
    fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::others_exec);
    const fs::path copy = folder.path() / fmt::format("trial-{}", getpid());
    fs::copy(trial_program(), copy);
    return copy;
}

TEST_F(ProgramUnderTest, LeavesNoProcessAndNoDescriptorHoweverItEnds) {
    const test::TemporaryFolder folder;
    policy_.program = own_copy(folder);
    policy_.limits.processes = 20;
    policy_.limits.wall_ms = 300;
    EXPECT_EQ(outcome_of({"exit", "0"}), "exited 0: ");  // the zygote is there from now on
    const size_t before = test::open_descriptors();
    EXPECT_EQ(outcome_of({"leave-child"}), "exited 0: gone ahead\n");
    for (const char* trial : {"multiply", "hang", "flood", "segfault", "socket", "nothing"}) {
        outcome_of({trial});
    }
    EXPECT_EQ(test::open_descriptors(), before);
    if (geteuid() == 0) {  // others cannot look
        EXPECT_EQ(processes_of(policy_.program), 0u);
    }
}

TEST_F(ProgramUnderTest, DiesWithTheProcessThatStartedIt) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "an ordinary user cannot see whether it is still there";
    }
    const test::TemporaryFolder folder;
    policy_.program = own_copy(folder);
    const pid_t lab = fork();
    if (lab == 0) {
        Spawner spawner(test::worker_binary());
        sandbox::outcome_of(spawner, policy_, {"hang"});
        _exit(0);
    }
    const auto wait_until = [](const std::function<bool()>& condition) {
        for (int i = 0; i < 1000 && !condition(); ++i) {
            usleep(10'000);
        }
        return condition();
    };
    EXPECT_TRUE(wait_until([this] { return processes_of(policy_.program) == 1; }));
    kill(lab, SIGKILL);
    waitpid(lab, nullptr, 0);
    EXPECT_TRUE(wait_until([this] { return processes_of(policy_.program) == 0; }));
}

TEST_F(ProgramUnderTest, RunsSideBySideWithOthers) {
    ASSERT_OK_AND(const Command command, Command::create(spawner_, policy_));
    std::vector<std::string> outcomes(8);
    {
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < outcomes.size(); ++i) {
            threads.emplace_back([&, i] {
                Command own = command;
                const std::vector<std::string> words = {"exit", std::to_string(i)};
                outcomes[i] = describe(own.run(words, {}));
            });
        }
    }
    for (size_t i = 0; i < outcomes.size(); ++i) {
        EXPECT_EQ(outcomes[i], fmt::format("exited {}: ", i));
    }
}

// The same for those who run the lab without rights.
TEST(ProgramUnderTestOfAnOrdinaryUser, IsAsConfined) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "all the other tests have shown it";
    }
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t user = fork();
    if (user == 0) {
        std::string told = "cannot become another user";
        if (setgroups(0, nullptr) == 0 && setresgid(65534, 65534, 65534) == 0 &&
            setresuid(65534, 65534, 65534) == 0) {
            Spawner spawner(test::worker_binary());
            told.clear();
            for (const char* trial : {"user", "segfault", "spin", "socket", "ptrace", "rights"}) {
                told += outcome_of(spawner, policy(), {trial}) + "|";
            }
            told += outcome_of(spawner, policy(), {"read", "/etc/passwd"}) + "|";
            told += outcome_of(spawner, policy(), {"write", "/usr/new", "1"}) + "|";
            CommandPolicy five = policy();
            five.limits.processes = 5;
            told += outcome_of(spawner, five, {"multiply"});
        }
        const ssize_t n = write(ends[1], told.data(), told.size());
        _exit(n == static_cast<ssize_t>(told.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string told(4096, '\0');
    told.resize(static_cast<size_t>(std::max<ssize_t>(0, read(ends[0], told.data(), 4096))));
    close(ends[0]);
    waitpid(user, nullptr, 0);
    EXPECT_EQ(told,
              "exited 0: somebody\n|signal 11: |CPU limit: |forbidden socket: |forbidden ptrace: |"
              "exited 0: 0 no_new_privs 1\n|exited 0: No such file or directory\n|"
              "exited 0: Read-only file system\n|"
              "exited 0: 4 children, then: Resource temporarily unavailable\n");
}

TEST_F(ProgramUnderTest, IsAnErrorIfItCannotBeStarted) {
    policy_.program = "/usr/bin/no-such-scanner";
    EXPECT_THAT(outcome_of({}), HasSubstr("the program is not on this machine"));
    policy_.program = "yara";
    EXPECT_THAT(outcome_of({}), HasSubstr("a program needs an absolute path"));
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "notes") << "no program";
    policy_.program = folder.path() / "notes";
    EXPECT_THAT(outcome_of({}), HasSubstr("the program cannot be executed"));
    policy_ = policy();
    policy_.binds.clear();  // and so without the dynamic loader
    EXPECT_THAT(outcome_of({"exit", "0"}), HasSubstr("execve of"));
    EXPECT_THAT(outcome_of({"exit", "0"}), HasSubstr("see that the program and all that it loads"));
}

TEST_F(ProgramUnderTest, GetsNothingBoundThatTellsOfTheMachine) {
    for (const char* path : {"/", "/proc", "/proc/self", "/sys/kernel", "/dev", "/run/user", "usr",
                             "/usr/../etc", "/usr/", "/content", "/subject/x", "/scratch"}) {
        EXPECT_NE(why_not_bound(path), "") << path;
        policy_ = policy();
        policy_.binds.push_back(path);
        EXPECT_THAT(outcome_of({"exit", "0"}), HasSubstr("error: ")) << path;
    }
    const test::TemporaryFolder folder;
    std::filesystem::create_symlink("/proc/self", folder.path() / "innocent");
    EXPECT_THAT(why_not_bound((folder.path() / "innocent").string()), HasSubstr("/proc"));
    EXPECT_EQ(why_not_bound("/usr/lib"), "");
    EXPECT_EQ(why_not_bound("/processes"), "");
    policy_ = policy();
    policy_.binds.push_back("/no/such/folder");
    EXPECT_THAT(outcome_of({}), HasSubstr("what is to be bound is not on this machine"));
}

TEST_F(ProgramUnderTest, GetsNoInputThatStandsInAWrongPlace) {
    for (const char* path : {"content/a", "/content/../a", "/content/", "/usr/a", "/"}) {
        EXPECT_THAT(outcome_of({"exit", "0"}, {{path, {}}}), HasSubstr("input cannot stand there"))
            << path;
    }
}

}  // namespace
}  // namespace firebreak::sandbox
