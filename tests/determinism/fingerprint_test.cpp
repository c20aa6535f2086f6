#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "determinism/scenarios.h"
#include "record/run_reader.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak::test {
namespace {

class FingerprintTest : public testing::Test {
  protected:
    std::string run(unsigned jobs, uint64_t seed, const record::Run* replay = nullptr) {
        return run(experiment(kEverything), jobs, seed, replay);
    }
    std::string run(const scenario::Experiment& experiment, unsigned jobs, uint64_t seed,
                    const record::Run* replay = nullptr) {
        lab::Options with = fixtures_.options("run" + std::to_string(++runs_) + ".run");
        with.jobs = jobs;
        with.seed = seed;
        with.replay = replay;
        const auto lab = assemble(experiment, with);
        const base::Status done = lab->advance_until(lab->end());
        EXPECT_TRUE(done.ok()) << done.error().text();
        EXPECT_TRUE(lab->finish(0).ok());
        return lab->fingerprint();
    }
    std::filesystem::path last_run() const {
        return fixtures_.run_file("run" + std::to_string(runs_) + ".run");
    }
    SmallFixtures fixtures_;
    int runs_ = 0;
};

TEST_F(FingerprintTest, IsTheSameForTheSameSeedAndAnyNumberOfJobs) {
    const std::string first = run(1, 5);
    EXPECT_EQ(run(1, 5), first);
    EXPECT_EQ(run(2, 5), first);
    EXPECT_EQ(run(7, 5), first);
}

// Harm, its recoveries, campaigns and measurements too, with any number of jobs and in a replay.
TEST_F(FingerprintTest, IsTheSameForEveryHarmAndItsRecovery) {
    for (const char* scenario : {kHarms, kBootLoops}) {
        const scenario::Experiment of = fixtures_.experiment(scenario);
        const std::string first = run(of, 1, 5);
        EXPECT_EQ(run(of, 3, 5), first);
        ASSERT_OK_AND(const record::Run recorded, record::read_run(last_run()));
        EXPECT_EQ(run(of, 1, 5, &recorded), first);
        EXPECT_NE(run(of, 1, 6), first);
    }
}

TEST_F(FingerprintTest, IsAnotherForAnotherSeed) {
    EXPECT_NE(run(2, 5), run(2, 6));
}

TEST_F(FingerprintTest, IsTheSameOnABusyMachine) {
    const std::string quiet = run(2, 5);
    std::atomic<bool> stop{false};
    std::vector<std::jthread> load;
    for (unsigned i = 0; i < 3 * std::thread::hardware_concurrency(); ++i) {
        load.emplace_back([&] {
            while (!stop) {
            }
        });
    }
    const std::string busy = run(2, 5);
    stop = true;
    EXPECT_EQ(busy, quiet);
}

TEST_F(FingerprintTest, IsTheSameWhenReplayedWithoutAWorker) {
    const std::string first = run(2, 5);
    ASSERT_OK_AND(const record::Run recorded, record::read_run(last_run()));
    EXPECT_EQ(run(1, 5, &recorded), first);
}

// Transitions hold within intervals of time there: a replay has to find the right ones.
TEST_F(FingerprintTest, IsTheSameUnderTheHardenedProfileForAnyJobsAndInAReplay) {
    const scenario::Experiment hardened =
        experiment(std::string(kEverything) + "[update]\nprofile = \"hardened\"\nedges = 2\n");
    const std::string first = run(hardened, 1, 5);
    EXPECT_EQ(run(hardened, 3, 5), first);
    ASSERT_OK_AND(const record::Run recorded, record::read_run(last_run()));
    EXPECT_EQ(run(hardened, 1, 5, &recorded), first);
    EXPECT_NE(first, run(1, 5));
}

// A record with one outcome changed must not replay to the same fingerprint: the replay does read
// the log.
TEST_F(FingerprintTest, DependsOnTheOutcomesThatAReplayReads) {
    const std::string first = run(2, 5);
    ASSERT_OK_AND(record::Run recorded, record::read_run(last_run()));
    int changed = 0;
    for (record::Assay& assay : recorded.assays) {
        // Killed at a forbidden system call becomes killed by a signal.
        for (size_t at; (at = assay.json.find("\"code\":403")) != std::string::npos; ++changed) {
            assay.json.replace(at, 10, "\"code\":400");
        }
    }
    ASSERT_GT(changed, 0);
    EXPECT_NE(run(1, 5, &recorded), first);
}

}  // namespace
}  // namespace firebreak::test
