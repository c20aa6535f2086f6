#include "sandbox/command_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/result_matchers.h"

namespace firebreak::sandbox {
namespace {

using How = base::ProgramEnd::How;

CommandOrder order() {
    static const std::string kRule = "rule a { condition: true }";
    CommandOrder out;
    out.program = "/usr/bin/yara";
    out.arguments = {"--count", ""};
    out.binds = {"/usr/lib"};
    out.environment = {{"LANG", "C"}};
    out.files = {{"/content/a.yar", base::view_of(kRule)}, {"/subject/b", {}}};
    out.memory_bytes = 1ull << 33;
    out.cpu_s = 2;
    out.wall_ms = 3;
    out.processes = 4;
    out.scratch_bytes = 5;
    return out;
}

TEST(CommandMessages, ComeOutAsTheyWentIn) {
    const base::Bytes bytes = encode(order());
    ASSERT_OK_AND(const CommandOrder back, parse_command_order(bytes));
    EXPECT_EQ(back.program, order().program);
    EXPECT_EQ(back.arguments, order().arguments);
    EXPECT_EQ(back.environment, order().environment);
    ASSERT_EQ(back.files.size(), 2u);
    EXPECT_EQ(base::text_of(back.files[0].bytes), base::text_of(order().files[0].bytes));
    EXPECT_EQ(encode(back), bytes);

    CommandReport report;
    report.failure = "no";
    report.end = {How::kForbidden, -1, "ptrace", "", "", std::chrono::microseconds(7)};
    ASSERT_OK_AND(const CommandReport told, parse_command_report(encode(report)));
    EXPECT_EQ(encode(told), encode(report));
    EXPECT_EQ(told.end.status, -1);
}

TEST(CommandMessages, ThatBreakOffOrGoOnAreErrors) {
    const base::Bytes whole = encode(order());
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_command_order(base::ByteView(whole).first(size)).ok()) << size;
    }
    base::Bytes longer = whole;
    longer.push_back(0);
    EXPECT_ERROR(parse_command_order(longer), "an order that this build does not understand");

    CommandOrder twice = order();
    twice.environment = {{"A", "1"}, {"B", "2"}};
    base::Bytes bytes = encode(twice);
    std::ranges::replace(bytes, 'B', 'A');
    EXPECT_ERROR(parse_command_order(bytes), "an order that this build does not understand");

    base::Bytes report = encode(CommandReport{});
    for (size_t size = 0; size < report.size(); ++size) {
        EXPECT_FALSE(parse_command_report(base::ByteView(report).first(size)).ok()) << size;
    }
    report[4] = 6;  // there is no such way to end
    EXPECT_ERROR(parse_command_report(report), "a report that this build does not understand");
}

}  // namespace
}  // namespace firebreak::sandbox
