// Workers from birth to death: what they inherit, what they leave behind, who outlives whom.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "sandbox/channel.h"
#include "sandbox/command.h"
#include "sandbox/descriptors.h"
#include "sandbox/folders.h"
#include "sandbox/hostile.h"
#include "sandbox/process.h"
#include "sandbox/weakenings/quota_folders.h"

namespace firebreak::sandbox {
namespace {

using test::describe;
using test::policy_for;
using testing::HasSubstr;

// Of all threads: workers, zombies, and the spawners' zygotes.
std::vector<pid_t> children_of_this_process() {
    std::vector<pid_t> all;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream file(task.path() / "children");
        for (pid_t pid = 0; file >> pid;) {
            all.push_back(pid);
        }
    }
    return all;
}

size_t children() {
    return children_of_this_process().size();
}

class WorkerLife : public testing::Test {
  protected:
    Spawner spawner_{test::hostile_worker_binary()};
};

TEST_F(WorkerLife, BeginsWithEveryLayerInForce) {
    ASSERT_OK_AND(const Worker worker, Worker::start(spawner_, policy_for("echo")));
    EXPECT_EQ(worker.layers() & kMinimumLayers, kMinimumLayers)
        << base::layer_names(kMinimumLayers & ~worker.layers());
}

TEST_F(WorkerLife, DoesNotBeginWithoutALayerThatIsRequired) {
    Policy policy = policy_for("echo");
    policy.required_layers = kAllLayers + 1;  // one that no machine has
    EXPECT_FALSE(Worker::start(spawner_, policy).ok());
}

TEST_F(WorkerLife, InheritsNoEnvironmentAndNoDescriptors) {
    ASSERT_EQ(setenv("FIREBREAK_SECRET", "token", 1), 0);
    const int leak = fcntl(STDERR_FILENO, F_DUPFD, 50);  // not close-on-exec
    ASSERT_GE(leak, 50);
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("look")));
    const std::string seen = describe(worker.call(base::Bytes()));
    EXPECT_THAT(seen, HasSubstr("reply TZ=UTC0\ndescriptors "));
    std::istringstream words(seen.substr(seen.find("descriptors ") + 12));
    std::vector<int> descriptors;
    for (int fd = 0; words >> fd;) {
        descriptors.push_back(fd);
    }
    EXPECT_THAT(descriptors, testing::UnorderedElementsAre(0, 1, 2, 3, 4));
    close(leak);
}

TEST_F(WorkerLife, IsLivedInASessionOfItsOwn) {
    ASSERT_OK_AND(const Worker worker, Worker::start(spawner_, policy_for("echo")));
    EXPECT_EQ(getsid(worker.pid()), worker.pid());
}

TEST_F(WorkerLife, CarriesRequestsFarBeyondTheSocketsBuffer) {
    Policy policy = policy_for("echo");
    policy.call_cpu_ms = 10'000;
    policy.max_reply_bytes = 64 * 1024 * 1024;
    policy.memory_bytes = 1024ull * 1024 * 1024;
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    base::Bytes request(20'000'000);
    for (size_t i = 0; i < request.size(); ++i) {
        request[i] = static_cast<uint8_t>(i * 31 >> 3);
    }
    ASSERT_OK_AND(const auto result, worker.call(request));
    EXPECT_TRUE(std::get<base::Bytes>(result) == request);
}

TEST_F(WorkerLife, CarriesRequestsOfAnySizeInlineOrInAFile) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("echo")));
    for (const size_t size : {size_t{0}, size_t{1}, kMostInline - 1, kMostInline, kMostInline + 1,
                              2 * kMostInline, size_t{1'000'000}}) {
        base::Bytes request(size);
        for (size_t i = 0; i < size; ++i) {
            request[i] = static_cast<uint8_t>(i * 7 >> 2);
        }
        ASSERT_OK_AND(const auto result, worker.call(request));
        EXPECT_TRUE(std::get<base::Bytes>(result) == request) << size;
    }
}

TEST(SealedFile, CannotBeChangedByAnybody) {
    ASSERT_OK_AND(const Descriptor file,
                  sealed_file(base::Gathered(base::view_of("content")).pieces()));
    EXPECT_LT(write(file.get(), "x", 1), 0);
    EXPECT_NE(ftruncate(file.get(), 1), 0);
    EXPECT_NE(ftruncate(file.get(), 100), 0);
    EXPECT_NE(fcntl(file.get(), F_ADD_SEALS, 0), 0);
    EXPECT_EQ(mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0), MAP_FAILED);
    char first = 0;
    EXPECT_EQ(pread(file.get(), &first, 1, 0), 1);
    EXPECT_EQ(first, 'c');
}

TEST_F(WorkerLife, RefusesARequestThatNoWorkerWouldTake) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("echo")));
    const base::Bytes piece(1 << 20);
    base::ByteWriter writer;
    for (uint32_t mib = 0; mib < kMaxRequestBytes >> 20; ++mib) {
        writer.borrowed_blob(piece);
    }
    EXPECT_THAT(describe(worker.call(std::move(writer).gather())),
                HasSubstr("error: a request of 536,872,960 bytes"));
    EXPECT_EQ(describe(worker.call(base::view_of("still there"))), "reply still there");
}

TEST_F(WorkerLife, MetersEachCallByItself) {
    Policy policy = policy_for("echo");
    policy.call_cpu_ms = 30;
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    clockid_t clock;
    ASSERT_EQ(clock_getcpuclockid(worker.pid(), &clock), 0);
    // More than one call's CPU time in all, yet no call of them exceeds it.
    const base::Bytes request(500'000);
    for (timespec used{}; used.tv_nsec < 60'000'000 && used.tv_sec == 0;
         clock_gettime(clock, &used)) {
        ASSERT_THAT(describe(worker.call(request)), HasSubstr("reply "));
    }
}

TEST_F(WorkerLife, LeavesNoDescriptorAndNoZombieBehind) {
    size_t descriptors = 0, processes = 0;
    for (int i = 0; i < 70; ++i) {
        for (const char* component : {"echo", "abort", "open"}) {
            ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for(component)));
            ASSERT_OK(worker.call(base::Bytes()));
        }
        if (i == 0) {  // three zygotes have come, to stay
            descriptors = test::open_descriptors();
            processes = children();
            EXPECT_EQ(processes, 3u);
        }
    }
    EXPECT_EQ(test::open_descriptors(), descriptors);
    EXPECT_EQ(children(), processes);
}

TEST_F(WorkerLife, LeavesNothingBehindWhenAStartFails) {
    ASSERT_FALSE(Worker::start(spawner_, policy_for("liar")).ok());  // its zygote is in order
    const size_t before = test::open_descriptors();
    for (int i = 0; i < 20; ++i) {
        for (const char* component : {"liar", "talker", "babbler"}) {
            ASSERT_FALSE(Worker::start(spawner_, policy_for(component)).ok());
        }
    }
    ASSERT_FALSE(Worker::start(spawner_, policy_for("babbler")).ok());
    EXPECT_EQ(children(), 2u) << "zygotes of liar and babbler";
    EXPECT_LE(test::open_descriptors(), before + 3) << "of the latter";
}

TEST_F(WorkerLife, EndsWithItsSpawnerToTheLastProcess) {
    {
        Spawner spawner(test::hostile_worker_binary());
        ASSERT_OK(Worker::start(spawner, policy_for("echo")));
        EXPECT_EQ(children(), 1u);
    }
    EXPECT_EQ(children(), 0u);
}

// A zygote that somebody has killed takes its workers along; the next start has another one.
TEST_F(WorkerLife, GoesOnWithAnotherZygoteWhenTheFirstIsKilled) {
    ASSERT_OK_AND(Worker first, Worker::start(spawner_, policy_for("echo")));
    ASSERT_EQ(describe(first.call(base::view_of("a"))), "reply a");
    for (const pid_t child : children_of_this_process()) {
        if (child != first.pid()) {
            ASSERT_EQ(kill(child, SIGKILL), 0);
        }
    }
    ASSERT_OK_AND(Worker second, Worker::start(spawner_, policy_for("echo")));
    EXPECT_EQ(describe(second.call(base::view_of("b"))), "reply b");
    if ((first.layers() & kNamespaces) != 0) {
        EXPECT_THAT(describe(first.call(base::Bytes())), HasSubstr("error: "));
    }
}

TEST_F(WorkerLife, EndsWithItsOwnerWhateverItIsDoing) {
    Policy policy = policy_for("spin");
    policy.call_cpu_ms = 60'000;
    policy.call_wall_ms = 500;
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    EXPECT_THAT(describe(worker.call(base::Bytes())), HasSubstr("wall deadline"));
    { ASSERT_OK_AND(const Worker idle, Worker::start(spawner_, policy_for("echo"))); }
    EXPECT_EQ(children(), 2u) << "two zygotes";
}

TEST_F(WorkerLife, OutlivesTheThreadThatStartedIt) {
    std::optional<Worker> worker;
    std::thread([&] {
        base::Result<Worker> started = Worker::start(spawner_, policy_for("echo"));
        if (started.ok()) {
            worker = std::move(started).value();
        }
    }).join();
    ASSERT_TRUE(worker.has_value());
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(describe(worker->call(base::view_of("alive"))), "reply alive");
    }
}

TEST_F(WorkerLife, IsLedByManyThreadsAtOnce) {
    const auto work = [this](const std::string& word, int& good) {
        for (int i = 0; i < 25; ++i) {
            base::Result<Worker> worker = Worker::start(spawner_, policy_for("echo"));
            good += worker.ok() && describe(worker->call(base::view_of(word))) == "reply " + word;
        }
    };
    int good_here = 0;
    int good_there = 0;
    std::thread other([&] { work("there", good_there); });
    work("here", good_here);
    other.join();
    EXPECT_EQ(good_here, 25);
    EXPECT_EQ(good_there, 25);
}

TEST_F(WorkerLife, EndedBySomebodyElseIsNoOutcomeOfTheContent) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("hang")));
    std::thread killer([&] { kill(worker.pid(), SIGKILL); });
    EXPECT_THAT(describe(worker.call(base::Bytes())), HasSubstr("killed from outside, by SIGKILL"));
    killer.join();
}

// The child of the test below: starts workers that spin, tells their pids, and waits to be killed.
[[noreturn]] void lead_spinning_workers(int report) {
    Spawner spawner(test::hostile_worker_binary());
    Policy policy = policy_for("spin");
    policy.call_cpu_ms = 60'000;
    std::vector<Worker> workers;
    for (int i = 0; i < 3; ++i) {
        base::Result<Worker> worker = Worker::start(spawner, policy);
        if (!worker.ok()) {
            _exit(1);
        }
        workers.push_back(std::move(worker).value());
    }
    std::vector<std::thread> callers;
    for (Worker& worker : workers) {
        const int pid = worker.pid();
        callers.emplace_back([&worker] { static_cast<void>(worker.call(base::Bytes())); });
        [[maybe_unused]] const ssize_t n = write(report, &pid, sizeof pid);
    }
    for (;;) {
        pause();
    }
}

// Far more CPU time than starting takes: now it hears of its parent's end from the kernel alone.
void wait_until_it_spins(int pid) {
    clockid_t clock;
    ASSERT_EQ(clock_getcpuclockid(pid, &clock), 0);
    for (timespec used{}; used.tv_sec == 0 && used.tv_nsec < 100'000'000;) {
        ASSERT_EQ(clock_gettime(clock, &used), 0);
        std::this_thread::yield();
    }
}

TEST(ParentOfWorkers, TakesThemAlongWhenItIsKilled) {
    int report[2];
    ASSERT_EQ(pipe(report), 0);
    const pid_t parent = fork();
    ASSERT_GE(parent, 0);  // kill(-1) would end every process of this user
    if (parent == 0) {
        lead_spinning_workers(report[1]);
    }
    close(report[1]);
    std::vector<pollfd> workers;
    for (int pid = 0; workers.size() < 3 && read(report[0], &pid, sizeof pid) == sizeof pid;) {
        workers.push_back({static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0});
        ASSERT_GE(workers.back().fd, 0);
        wait_until_it_spins(pid);
    }
    ASSERT_EQ(workers.size(), 3u);
    for (pollfd& worker : workers) {
        EXPECT_EQ(poll(&worker, 1, 0), 0) << "lives as long as its parent";
    }
    ASSERT_EQ(kill(parent, SIGKILL), 0);
    for (pollfd& worker : workers) {
        EXPECT_EQ(poll(&worker, 1, 20'000), 1) << "dies with it";
        close(worker.fd);
    }
    close(report[0]);
    waitpid(parent, nullptr, 0);
}

TEST(ParentOfWorkers, MayHaveLowerHardLimitsThanThePolicy) {
    // In a process of its own: a hard limit does not come back.
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const rlimit limit{5, 5};
        setrlimit(RLIMIT_CPU, &limit);
        Spawner spawner(test::hostile_worker_binary());
        base::Result<Worker> worker = Worker::start(spawner, policy_for("echo"));
        _exit(worker.ok() && describe(worker->call(base::view_of("x"))) == "reply x" ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

bool write_text(const char* path, const std::string& text) {
    return static_cast<bool>(std::ofstream(path) << text << std::flush);
}

// In the child of the test below: a user's world in which nobody may make another one.
bool forbid_namespaces() {
    const uid_t user = getuid();
    const gid_t group = getgid();
    const auto map = [&](uint64_t id) {
        return geteuid() == 0 ? std::string("0 0 65536") : fmt::format("{} {} 1", id, id);
    };
    const std::string users = map(user), groups = map(group);
    const bool root = user == 0;
    // A process that may write the maps of another: only its parent's world can map all ids.
    const pid_t inside = getpid();
    int ready[2];
    if (pipe(ready) != 0) {
        return false;
    }
    const pid_t helper = fork();
    if (helper == 0) {
        char go = 0;
        const std::string folder = "/proc/" + std::to_string(inside);
        const bool good = read(ready[0], &go, 1) == 1 &&
                          (root || write_text((folder + "/setgroups").c_str(), "deny")) &&
                          write_text((folder + "/uid_map").c_str(), users) &&
                          write_text((folder + "/gid_map").c_str(), groups);
        _exit(good ? 0 : 1);
    }
    if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], "x", 1) != 1) {
        return false;
    }
    int status = 0;
    waitpid(helper, &status, 0);
    return status == 0 && write_text("/proc/sys/user/max_user_namespaces", "0");
}

TEST(MachineWithoutNamespaces, LacksTheirLayersAndSaysSo) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!forbid_namespaces()) {
            _exit(77);
        }
        Spawner spawner(test::hostile_worker_binary());
        base::Result<Worker> worker = Worker::start(spawner, policy_for("echo"));
        if (!worker.ok()) {
            std::fprintf(stderr, "%s\n", worker.error().text().c_str());
            _exit(1);
        }
        const bool works = describe(worker->call(base::view_of("x"))) == "reply x";
        const bool lacks = (worker->layers() & (kNamespaces | kEmptyRoot)) == 0;
        const bool has = (worker->layers() & kMinimumLayers) == kMinimumLayers;
        Policy with_folders = policy_for("echo");
        allow_quota_folders(with_folders);
        const base::Result<Folders> folders = Folders::make(spawner, with_folders);
        const bool told =
            !folders.ok() && folders.error().text().find("without namespaces") != std::string::npos;
        _exit(works && lacks && has && told ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        GTEST_SKIP() << "this machine has no user namespaces to take away";
    }
    EXPECT_EQ(status, 0);
}

// Programs that are not ours lock nothing down themselves: without a world of their own, none runs.
TEST(MachineWithoutNamespaces, RunsNoProgramUnderTest) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!forbid_namespaces()) {
            _exit(77);
        }
        Spawner spawner(test::worker_binary());
        CommandPolicy policy;
        policy.program = "/usr/bin/true";
        policy.binds = {"/usr", "/lib", "/lib64"};
        const auto command = Command::create(spawner, policy);
        const auto end = command.ok() ? command->run({}, {}) : command.error();
        const bool refused = !end.ok() && end.error().text().starts_with(
                                              "no world of its own for a program under test "
                                              "(namespaces): ");
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        GTEST_SKIP() << "this machine has no user namespaces to take away";
    }
    EXPECT_EQ(status, 0);
}

TEST(ParentOfWorkers, HearsWhyABinaryCannotBeStarted) {
    Spawner missing("/nonexistent/firebreak-worker");
    EXPECT_ERROR(Worker::start(missing, policy_for("scanner")),
                 "/nonexistent/firebreak-worker: cannot be executed: No such file or directory");
    Spawner no_worker("/bin/true");
    EXPECT_ERROR(Worker::start(no_worker, policy_for("scanner")), "did not lock itself down");
    EXPECT_EQ(children(), 0u);
}

TEST(ParentOfWorkers, HearsFromTheShippedWorkerThatAComponentIsUnknown) {
    Spawner spawner(test::worker_binary());
    EXPECT_ERROR(Worker::start(spawner, policy_for("scaner")), "unknown component `scaner`");
    EXPECT_ERROR(Worker::start(spawner, policy_for("scaner")), "exit status: 64");
    EXPECT_ERROR(Worker::start(spawner, policy_for("")), "exit status: 64");
}

TEST(ParentOfWorkers, ThatIgnoresItsChildrenIsToldSo) {
    signal(SIGCHLD, SIG_IGN);
    Spawner spawner(test::hostile_worker_binary());
    ASSERT_OK_AND(Worker worker, Worker::start(spawner, policy_for("abort")));
    EXPECT_THAT(describe(worker.call(base::Bytes())), HasSubstr("do not ignore SIGCHLD"));
    signal(SIGCHLD, SIG_DFL);
}

}  // namespace
}  // namespace firebreak::sandbox
