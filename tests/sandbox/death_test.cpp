// The verdict over a dead worker, for ends that no test can bring about at will.
#include "sandbox/death.h"

#include <gtest/gtest.h>

#include "support/result_matchers.h"

namespace firebreak::sandbox {
namespace {

Remains killed_by(int signal) {
    Remains remains;
    remains.status.si_code = CLD_KILLED;
    remains.status.si_status = signal;
    return remains;
}

TEST(Death, ByAKillFromOutsideSaysNothingAboutTheContent) {
    for (const int signal : {SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        EXPECT_ERROR(judge(killed_by(signal), {}), "killed from outside");
    }
}

TEST(Death, ByTheKernelsLastWordOnCpuTimeIsTheCpuLimit) {
    Remains remains = killed_by(SIGKILL);
    remains.life_cpu_time = std::chrono::seconds(11);
    ASSERT_OK_AND(const base::Outcome outcome,
                  judge(remains, {.component = "x", .lifetime_cpu_s = 10}));
    EXPECT_EQ(outcome.category, base::Category::kCpuLimit);
    EXPECT_EQ(base::to_text(outcome.evidence), "CPU time: 11,000 ms; limit: 10 s in its life");
}

TEST(Death, ThatTheKernelDoesNotReportIsAnErrorAndNoOutcome) {
    EXPECT_ERROR(judge(Remains{}, {}), "SIGCHLD");
}

TEST(Death, HasAFaultAddressOnlyIfItBelongsToTheSignal) {
    Remains remains = killed_by(SIGSEGV);
    remains.fault_signal = SIGBUS;
    remains.fault_address = 0x1000;
    ASSERT_OK_AND(base::Outcome outcome, judge(remains, {}));
    EXPECT_EQ(base::to_text(outcome.evidence), "signal: SIGSEGV");
    remains.fault_signal = SIGSEGV;
    ASSERT_OK_AND(outcome, judge(remains, {}));
    EXPECT_EQ(base::to_text(outcome.evidence), "signal: SIGSEGV; fault address: 0x1000");
}

TEST(Death, IsNotOfMemoryBecauseTheWorkersPageSaysSo) {
    Remains remains = killed_by(SIGSEGV);
    remains.out_of_memory = true;
    ASSERT_OK_AND(const base::Outcome outcome, judge(remains, {}));
    EXPECT_EQ(outcome.category, base::Category::kCrash);
}

TEST(Death, QuotesStandardErrorWithoutItsControlCharacters) {
    Remains remains = killed_by(SIGABRT);
    remains.errors = "red \x1b[31m\xff";
    ASSERT_OK_AND(const base::Outcome outcome, judge(remains, {}));
    EXPECT_EQ(base::to_text(outcome.evidence),
              "signal: SIGABRT; standard error: red \\x1b[31m\\xff");
}

TEST(Death, NamesACallThatItsLibraryDoesNotKnow) {
    const base::Outcome outcome = stopped_at_call(99'999, 0, Remains{});
    EXPECT_EQ(outcome.category, base::Category::kForbidden);
    EXPECT_EQ(base::to_text(outcome.evidence), "system call: unknown; number: 99999");
}

}  // namespace
}  // namespace firebreak::sandbox
