// What a worker can do wrong, each thing done for real by a locked-down process.
#include "sandbox/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "sandbox/hostile.h"

namespace firebreak::sandbox {
namespace {

using test::describe;
using test::policy_for;
using testing::HasSubstr;

class HostileWorker : public testing::Test {
  protected:
    // What the first call comes back with.
    std::string outcome_of(const Policy& policy, base::ByteView request = {}) {
        base::Result<Worker> worker = Worker::start(spawner_, policy);
        return worker.ok() ? describe(worker->call(request)) : worker.error().text();
    }
    std::string outcome_of(const std::string& component) {
        return outcome_of(policy_for(component));
    }

    Spawner spawner_{test::hostile_worker_binary()};
};

TEST_F(HostileWorker, IsNoneAsLongAsItAnswers) {
    EXPECT_EQ(outcome_of(policy_for("echo"), base::view_of("hello")), "reply hello");
    EXPECT_EQ(outcome_of(policy_for("echo")), "reply ");
    EXPECT_EQ(outcome_of("dribble"), "reply byte by byte");
}

TEST_F(HostileWorker, ThatFaultsIsACrashWithSignalAndAddress) {
    EXPECT_EQ(outcome_of("segfault"),
              "crash, killed by a signal: signal: SIGSEGV; fault address: 0x1230");
    EXPECT_THAT(outcome_of("overflow"), HasSubstr("signal: SIGSEGV; fault address: 0x7f"));
    EXPECT_THAT(outcome_of("divide"), HasSubstr("signal: SIGFPE; fault address: 0x"));
    EXPECT_THAT(outcome_of("illegal"), HasSubstr("signal: SIGILL; fault address: 0x"));
    EXPECT_EQ(outcome_of("trap"), "crash, killed by a signal: signal: SIGTRAP");
}

TEST_F(HostileWorker, ThatMasksSignalsStillDiesOfItsFault) {
    EXPECT_EQ(outcome_of("mask"), "crash, killed by a signal: signal: SIGSEGV");
}

TEST_F(HostileWorker, ThatAbortsIsACrashWithItsLastWords) {
    EXPECT_EQ(outcome_of("abort"), "crash, killed by a signal: signal: SIGABRT");
    EXPECT_THAT(outcome_of("throw"), HasSubstr("signal: SIGABRT; standard error: terminate"));
    EXPECT_THAT(outcome_of("throw"), HasSubstr("thrown by content"));
    EXPECT_THAT(outcome_of("heap"), HasSubstr("signal: SIGABRT; standard error: free(): double"));
}

TEST_F(HostileWorker, ThatExitsBrokeTheProtocol) {
    EXPECT_EQ(outcome_of("exit"), "protocol, exited: exit status: 3");
    EXPECT_EQ(outcome_of("short-and-exit"), "protocol, exited: exit status: 0");
}

TEST_F(HostileWorker, ThatSpinsIsKilledAtTheCpuTimeOfOneCall) {
    const std::string outcome = outcome_of("spin");
    EXPECT_THAT(outcome, HasSubstr("CPU limit, killed at its CPU limit: CPU time: 1"));
    EXPECT_THAT(outcome, HasSubstr("ms; limit: 100 ms a call"));
}

TEST_F(HostileWorker, ThatSpinsIsKilledByTheKernelAtTheCpuTimeOfItsLife) {
    Policy policy = policy_for("spin");
    policy.call_cpu_ms = 60'000;
    policy.lifetime_cpu_s = 1;
    const std::string outcome = outcome_of(policy);
    EXPECT_THAT(outcome, HasSubstr("CPU limit, killed at its CPU limit"));
    EXPECT_THAT(outcome, HasSubstr("limit: 1 s in its life"));
}

TEST_F(HostileWorker, ThatAllocatesForEverRunsIntoItsMemoryLimit) {
    Policy policy = policy_for("allocate");
    policy.memory_bytes = 128ull * 1024 * 1024;
    policy.call_cpu_ms = 10'000;
    EXPECT_EQ(outcome_of(policy), "memory limit, killed at its memory limit: limit: 128 MiB");
}

TEST_F(HostileWorker, ThatFloodsStandardErrorNeitherHangsNorFillsMemory) {
    EXPECT_THAT(outcome_of("flood"), HasSubstr("CPU limit, killed"));
    const std::string aborted = outcome_of("flood-and-abort");
    EXPECT_THAT(aborted, HasSubstr("signal: SIGABRT; standard error: eeee"));
    EXPECT_LT(aborted.size(), 2000u);
}

TEST_F(HostileWorker, ThatWaitsForEverIsAHangAtTheWallDeadline) {
    for (const char* component : {"hang", "read-more", "short-and-hang"}) {
        Policy policy = policy_for(component);
        policy.call_wall_ms = 200;
        EXPECT_THAT(outcome_of(policy), HasSubstr("hang, killed at the wall deadline: waited: "
                                                  "asleep after 200 ms; CPU time: "))
            << component;
    }
}

TEST_F(HostileWorker, ThatIsAtWorkAtTheWallDeadlineIsToBeTriedAgain) {
    Policy policy = policy_for("spin");
    policy.call_cpu_ms = 60'000;
    policy.call_wall_ms = 200;
    EXPECT_THAT(outcome_of(policy), HasSubstr("no answer before its wall deadline; try again"));
}

TEST_F(HostileWorker, ThatIsHeldByTheMachineAtTheWallDeadlineIsToBeTriedAgain) {
    Policy policy = policy_for("hang");
    policy.call_wall_ms = 300;
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    ASSERT_EQ(kill(worker.pid(), SIGSTOP), 0);
    EXPECT_THAT(describe(worker.call(base::Bytes())),
                HasSubstr("no answer before its wall deadline"));
}

TEST_F(HostileWorker, ThatMakesAForbiddenCallIsStoppedAtIt) {
    const std::pair<const char*, const char*> kCalls[] = {
        {"open", "openat; number: 257"},
        {"create", "openat"},
        {"socket", "socket; number: 41"},
        {"fork", "clone"},
        {"clone", "clone3"},
        {"execve", "execve; number: 59"},
        {"ptrace", "ptrace; number: 101"},
        {"io_uring", "io_uring_setup; number: 425"},
        {"kill", "kill; number: 62"},
        {"prctl", "prctl; number: 157"},
        {"sigaction", "rt_sigaction"},
        {"tgkill", "tgkill"},
        {"memfd", "memfd_create"},
        {"write-elsewhere", "write; number: 1"},
        {"map-executable", "mmap; number: 9"},
        {"make-executable", "mprotect; number: 10"},
        {"map-page", "mmap; number: 9"},
        {"write-request", "mmap; number: 9"},
        {"close", "close; number: 3"},
    };
    for (const auto& [component, call] : kCalls) {
        EXPECT_THAT(outcome_of(component),
                    HasSubstr("forbidden call, killed at a forbidden system call: system call: " +
                              std::string(call)))
            << component;
    }
    EXPECT_FALSE(std::filesystem::exists("/tmp/firebreak-escaped"));
}

TEST_F(HostileWorker, IsStoppedAtAForbiddenCallWhateverItDoesAboutSignals) {
    EXPECT_THAT(outcome_of("sigsys"), HasSubstr("system call: openat"));
}

TEST_F(HostileWorker, IsKilledForWhatOnlyLockdownNeedsAndForCallsOfAnotherArchitecture) {
    for (const char* component : {"sendmsg", "setrlimit", "32-bit"}) {
        EXPECT_THAT(outcome_of(component),
                    HasSubstr("forbidden call, killed at a forbidden system call: signal: SIGSYS"))
            << component;
    }
}

TEST_F(HostileWorker, ThatAnnouncesTooLongAReplyIsCutOffAtTheAnnouncement) {
    EXPECT_EQ(outcome_of("oversized"),
              "protocol, reply is invalid: protocol: a reply of 4,294,967,295 bytes, where "
              "1,048,576 are allowed");
}

TEST_F(HostileWorker, MayReplyWithAllBytesThatThePolicyAllowsAndNotOneMore) {
    Policy policy = policy_for("echo");
    policy.max_reply_bytes = 1000;
    EXPECT_THAT(outcome_of(policy, base::Bytes(1000, 'x')), HasSubstr("reply xxx"));
    EXPECT_THAT(outcome_of(policy, base::Bytes(1001, 'x')), HasSubstr("reply of 1,001 bytes"));
}

TEST_F(HostileWorker, ThatSpeaksWithoutBeingAskedIsEndedAtTheNextCall) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("twice")));
    EXPECT_EQ(describe(worker.call(base::view_of("second"))), "reply unasked");
    // Its second frame is either there already, or comes while the next request is under way.
    const std::string next = describe(worker.call(base::Bytes()));
    EXPECT_TRUE(next.find("spoke without being asked") != std::string::npos ||
                next == "reply second")
        << next;
}

TEST_F(HostileWorker, ThatRepliesAndThenDiesHasReplied) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("reply-and-abort")));
    EXPECT_EQ(describe(worker.call(base::Bytes())), "reply reply");
    EXPECT_EQ(describe(worker.call(base::Bytes())), "crash, killed by a signal: signal: SIGABRT");
}

TEST_F(HostileWorker, ThatDoesNotReadItsRequestCannotHoldItsParent) {
    Policy policy = policy_for("deaf");
    policy.call_wall_ms = 500;
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy));
    EXPECT_EQ(describe(worker.call(base::Bytes())), "reply reply");
    EXPECT_THAT(describe(worker.call(base::Bytes(16 * 1024 * 1024))), HasSubstr("wall deadline"));
}

TEST_F(HostileWorker, IsNotAskedAgainOnceItIsDead) {
    ASSERT_OK_AND(Worker worker, Worker::start(spawner_, policy_for("abort")));
    EXPECT_THAT(describe(worker.call(base::Bytes())), HasSubstr("SIGABRT"));
    EXPECT_THAT(describe(worker.call(base::Bytes())), HasSubstr("is dead; start another one"));
}

TEST_F(HostileWorker, ThatOnlyClaimsToBeLockedDownGetsNoContent) {
    const base::Result<Worker> worker = Worker::start(spawner_, policy_for("liar"));
    EXPECT_ERROR(worker, "worker for liar cannot be used");
    EXPECT_ERROR(worker, "without no-new-privileges, ");
    EXPECT_ERROR(worker, "no content is given to it");
}

TEST_F(HostileWorker, ThatDoesNotOpenWithTheHandshakeGetsNoContent) {
    EXPECT_ERROR(Worker::start(spawner_, policy_for("babbler")), "did not lock itself down");
    EXPECT_ERROR(Worker::start(spawner_, policy_for("talker")), "did not lock itself down");
    for (const char* component : {"mute", "silent"}) {  // the worker, its zygote
        Policy policy = policy_for(component);
        policy.call_wall_ms = 200;
        SCOPED_TRACE(component);
        EXPECT_ERROR(Worker::start(spawner_, policy), "wall deadline");
    }
}

}  // namespace
}  // namespace firebreak::sandbox
