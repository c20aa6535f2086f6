#include "endpoint/external/reading.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "support/result_matchers.h"

namespace firebreak::endpoint::external {
namespace {

using base::Code;
using base::ProgramEnd;
using How = base::ProgramEnd::How;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Contract contract() {
    Contract out;
    out.exit_codes = {{0, Answer::kClean}, {1, Answer::kDetected}, {2, Answer::kFailed}};
    out.rules = {"^/subject/[^:]*: (\\S+) FOUND$", "^rule (\\S*)"};
    out.errors = {"^error: (.*)", "^WARNING.*"};
    out.memory = {"out of memory"};
    out.wall = std::chrono::seconds(10);
    return out;
}

ProgramEnd exited(int status, const std::string& output = "", const std::string& errors = "") {
    return {How::kExited, status, "", output, errors, {}};
}

class ReadingTest : public testing::Test {
  protected:
    // "rules a, b", "scan failed: why" or how it died.
    std::string scan(const ProgramEnd& end) {
        const auto answer = reading_.of_scan(end);
        if (!answer.ok()) {
            return "error: " + answer.error().text();
        }
        if (const auto* died = std::get_if<base::Outcome>(&*answer)) {
            return told(*died);
        }
        const auto& reply = std::get<scanner::SubjectReply>(*answer);
        EXPECT_TRUE(scanner::parse_scan_reply(scanner::encode(scanner::ScanReply{{reply}}), 1).ok())
            << "within its limits";
        std::string rules;
        for (const scanner::Match& match : reply.matches) {
            rules += " " + match.rule;
        }
        return reply.code == Code::kNone
                   ? "rules" + rules
                   : std::string(base::to_text(reply.code)) + ": " + reply.message;
    }
    std::string check(const ProgramEnd& end) {
        const auto answer = reading_.of_check(end);
        if (!answer.ok()) {
            return "error: " + answer.error().text();
        }
        if (const auto* died = std::get_if<base::Outcome>(&*answer)) {
            return told(*died);
        }
        const auto& reply = std::get<scanner::LoadReply>(*answer);
        EXPECT_TRUE(scanner::parse_load_reply(scanner::encode(reply)).ok()) << "within its limits";
        return reply.code == Code::kNone
                   ? "loaded"
                   : std::string(base::to_text(reply.code)) + ": " + reply.message;
    }
    static std::string told(const base::Outcome& died) {
        EXPECT_EQ(died.stage, base::Stage::kNever);
        return fmt::format("{}, {}: {}", base::to_text(died.category), base::to_text(died.code),
                           base::to_text(died.evidence));
    }

    Reading reading_ = *Reading::create(contract());
};

TEST_F(ReadingTest, FindsRulesInLinesOfEitherStream) {
    EXPECT_EQ(scan(exited(0)), "rules");
    EXPECT_EQ(scan(exited(1, "/subject/a b: Eicar FOUND\n/subject/a b: Other FOUND\n")),
              "rules Eicar Other");
    EXPECT_EQ(scan(exited(0, "rule a\nnothing\nrule b", "rule c\nrule a\n")), "rules a b c")
        << "an exit status of 0 with rule lines is a detection, as yara has it";
    EXPECT_EQ(scan(exited(1)), "rules exit status 1");
}

TEST_F(ReadingTest, HasAScanFailByItsExitStatusOrByAnErrorLine) {
    EXPECT_EQ(scan(exited(2)), "scan failed: exit status 2");
    EXPECT_EQ(scan(exited(2, "first\nlast\n")), "scan failed: last");
    EXPECT_EQ(scan(exited(0, "rule a\n", "error: no such file\nerror: more\n")),
              "scan failed: no such file");
    EXPECT_EQ(scan(exited(0, "WARNING: x\n")), "scan failed: WARNING: x");
    EXPECT_EQ(scan(exited(2, "", "sorry, out of memory\n")), "out of memory: sorry, out of memory");
}

TEST_F(ReadingTest, HasContentRefusedByExitStatusOrErrorLine) {
    EXPECT_EQ(check(exited(0)), "loaded");
    EXPECT_EQ(check(exited(1, "rule a\n")), "loaded");
    EXPECT_EQ(check(exited(2, "", "error: line 3\n")), "rules do not compile: line 3");
    EXPECT_EQ(check(exited(0, "", "error: line 3\n")), "rules do not compile: line 3");
    EXPECT_EQ(check(exited(0, "", "out of memory\n")), "out of memory: out of memory");
}

TEST_F(ReadingTest, TakesAnExitStatusThatNobodyNamedForADeath) {
    EXPECT_EQ(scan(exited(7, "", "bye")), "protocol, exited: exit status: 7; standard error: bye");
    EXPECT_EQ(check(exited(127)), "protocol, exited: exit status: 127");
}

TEST_F(ReadingTest, TellsDeathsApart) {
    EXPECT_EQ(scan({How::kSignal, SIGSEGV, "", "", "last words", {}}),
              "crash, killed by a signal: signal: SIGSEGV; standard error: last words");
    EXPECT_EQ(check({How::kSignal, SIGABRT, "", "", "out of memory", {}}),
              "memory limit, killed at its memory limit: signal: SIGABRT; standard error: out of "
              "memory");
    EXPECT_EQ(scan({How::kCpuLimit, 0, "", "", "", std::chrono::milliseconds(2012)}),
              "CPU limit, killed at its CPU limit: CPU time: 2,012 ms");
    EXPECT_EQ(scan({How::kForbidden, 0, "ptrace", "", "", {}}),
              "forbidden call, killed at a forbidden system call: system call: ptrace");
    EXPECT_EQ(check({How::kOutputLimit, 0, "", "xxx", "", {}}),
              "protocol, reply is invalid: protocol: more output than its limit");
}

TEST_F(ReadingTest, TakesAnIdleDeadlineForAHangAndABusyOneForABusyMachine) {
    EXPECT_EQ(scan({How::kWallDeadline, 0, "", "", "", std::chrono::milliseconds(900)}),
              "hang, killed at the wall deadline: deadline: 10,000 ms; CPU time: 900 ms");
    EXPECT_THAT(scan({How::kWallDeadline, 0, "", "", "", std::chrono::milliseconds(1100)}),
                HasSubstr("error: the scanner under test was busy for 1,100 ms of the 10,000 ms"));
}

TEST_F(ReadingTest, SaysNothingOfContentWhenSomebodyElseKilledTheProgram) {
    EXPECT_THAT(scan({How::kSignal, SIGKILL, "", "", "", {}}), HasSubstr("error: the scanner under "
                                                                         "test was killed from"));
}

TEST_F(ReadingTest, OutlivesHostileOutput) {
    std::string rules, bytes;
    for (int i = 0; i < 5000; ++i) {
        rules += fmt::format("rule r{}\n", i);
        bytes += static_cast<char>(i);
    }
    const auto many = reading_.of_scan(exited(0, rules));
    ASSERT_OK(many);
    const auto& reply = std::get<scanner::SubjectReply>(*many);
    EXPECT_EQ(reply.matches.size(), scanner::kMaxMatches);
    EXPECT_TRUE(scanner::parse_scan_reply(scanner::encode(scanner::ScanReply{{reply}}), 1).ok());
    EXPECT_THAT(scan(exited(0, "rule " + bytes + "\n" + bytes)), HasSubstr("rules"));
    EXPECT_THAT(scan(exited(0, "rule " + std::string(1 << 20, 'x'))), HasSubstr("rules xxx"));
    EXPECT_EQ(scan(exited(0, "rule \x1b[31m\xff")).find('\x1b'), std::string::npos);
    EXPECT_THAT(scan(exited(2, "error: " + std::string(5000, '\xff'))), HasSubstr("scan failed"));
    EXPECT_EQ(scan(exited(0, std::string("rule a\0b\n", 9))).find('\0'), std::string::npos);
}

TEST(Patterns, ThatCannotBeUsedAreNamed) {
    EXPECT_EQ(why_no_pattern("^(a)", true), "");
    EXPECT_EQ(why_no_pattern("^a", false), "");
    EXPECT_THAT(why_no_pattern("^a", true), HasSubstr("has no group"));
    EXPECT_THAT(why_no_pattern("(", false), HasSubstr("no regular expression"));
    Contract wrong = contract();
    wrong.errors.push_back("a{5000}");
    EXPECT_ERROR(Reading::create(wrong), "a{5000}");
}

}  // namespace
}  // namespace firebreak::endpoint::external
