// Workers killed at random moments while they are at work: each request has one end, and nothing is
// left behind. 400 of them here; FIREBREAK_KILLS may say another number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "sandbox/descriptors.h"
#include "sandbox/hostile.h"

namespace firebreak::sandbox {
namespace {

using test::policy_for;

int kills() {
    const char* wanted = std::getenv("FIREBREAK_KILLS");
    return wanted == nullptr ? 400 : std::atoi(wanted);
}

// Memory files that this process or any child of it holds or maps.
size_t memory_files() {
    std::ifstream maps("/proc/self/maps");
    size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
        count += line.find("memfd:") == std::string::npos ? 0 : 1;
    }
    return count;
}

struct Tally {
    std::atomic<int> replies = 0, killed = 0, other = 0;
    std::string strange;  // what else came of a request; of the first such
};

// One worker until it is killed: asked without pause, by a caller who does not know that it will
// be.
void ask_until_killed(Spawner& spawner, const base::RandomStream& random, uint64_t n,
                      Tally& tally) {
    base::Result<Worker> worker = Worker::start(spawner, policy_for("echo"));
    if (!worker.ok()) {
        ++tally.other;
        tally.strange = worker.error().text();
        return;
    }
    const pid_t pid = worker->pid();
    const std::chrono::microseconds moment(random.below(3'000, n, 0));
    std::jthread killer([pid, moment] {
        std::this_thread::sleep_for(moment);
        kill(pid, SIGKILL);
    });
    const base::Bytes request(random.below(200'000, n, 1), 'x');
    for (;;) {
        const auto result = worker->call(request);
        if (result.ok() && std::get_if<base::Bytes>(&*result) != nullptr &&
            std::get<base::Bytes>(*result) == request) {
            ++tally.replies;
            continue;
        }
        const std::string what = test::describe(result);
        const bool told = what.find("killed from outside, by SIGKILL") != std::string::npos;
        ++(told ? tally.killed : tally.other);
        if (!told) {
            tally.strange = what.substr(0, 300);
        }
        return;  // the worker is reaped here; only then may its number be given away again
    }
}

TEST(KilledWorkers, EachHaveOneOutcomeAndLeaveNothingBehind) {
    Spawner spawner(test::hostile_worker_binary());
    ASSERT_OK(Worker::start(spawner, policy_for("echo")));  // its zygote is there
    const size_t descriptors = test::open_descriptors();
    const size_t files = memory_files();
    const base::RandomStream random(7, base::Stream::kMutation);
    Tally tally;
    {
        std::vector<std::jthread> callers;
        for (int caller = 0; caller < 4; ++caller) {
            callers.emplace_back([&, caller] {
                for (int n = caller; n < kills(); n += 4) {
                    ask_until_killed(spawner, random, static_cast<uint64_t>(n), tally);
                }
            });
        }
    }
    EXPECT_EQ(tally.killed, kills());
    EXPECT_EQ(tally.other, 0) << tally.strange;
    EXPECT_GT(tally.replies, 0);
    EXPECT_EQ(test::open_descriptors(), descriptors);
    EXPECT_EQ(memory_files(), files);
}

}  // namespace
}  // namespace firebreak::sandbox
