#include "endpoint/behavior/process_table.h"

#include <gtest/gtest.h>

#include "endpoint/behavior/rule_fixture.h"

namespace firebreak::endpoint::behavior {
namespace {

using host::EventKind;

TEST(ProcessTable, LearnsOfProcessesThatStartAndOfThoseThatWereThere) {
    ProcessTable table;
    table.note(
        event_of(EventKind::kProcessStart, 7,
                 {{"image", "C:\\a.exe"}, {"command_line", "a -x"}, {"parent", uint64_t{3}}}));
    table.note(event_of(EventKind::kDnsQuery, 3, {{"image", "C:\\parent.exe"}}));
    ASSERT_NE(table.find(7), nullptr);
    EXPECT_EQ(table.find(7)->command_line, "a -x");
    EXPECT_EQ(table.find(7)->parent, 3u);
    ASSERT_NE(table.find(3), nullptr);
    EXPECT_EQ(table.find(3)->image, "C:\\parent.exe");
    table.note(event_of(EventKind::kDnsQuery, 0, {{"image", "C:\\nobody.exe"}}));
    EXPECT_EQ(table.find(0), nullptr);
    table.forget(7);
    EXPECT_EQ(table.find(7), nullptr);
}

TEST(ProcessTable, KeepsTagsOfKnownProcessesUpToALimit) {
    ProcessTable table;
    table.note(start_of(7, "C:\\a.exe"));
    for (size_t i = 0; i < kTagsOfRule; ++i) {
        EXPECT_TRUE(table.tag(7, "tag " + std::to_string(i), 1));
    }
    EXPECT_FALSE(table.tag(7, "one more", 1));
    EXPECT_TRUE(table.tag(7, "tag 3", 1)) << "it has that already";
    EXPECT_TRUE(table.tag(7, "one more", 2)) << "another rule has as many";
    EXPECT_FALSE(table.tag(8, "x", 1));
}

TEST(ProcessTable, LetsNoRuleFillTheMemoryWithTags) {
    ProcessTable table;
    uint32_t process = 1;
    for (size_t set = 0; set < kAllTagsOfRule; ++process) {
        table.note(start_of(process, "C:\\a.exe"));
        for (size_t i = 0; i < kTagsOfRule; ++i, ++set) {
            ASSERT_TRUE(table.tag(process, "tag " + std::to_string(i), 1));
        }
    }
    table.note(start_of(process, "C:\\a.exe"));
    EXPECT_FALSE(table.tag(process, "x", 1));
    EXPECT_TRUE(table.tag(process, "x", 2));
    table.forget(1);
    EXPECT_TRUE(table.tag(process, "y", 1)) << "there is room again";
}

TEST(ProcessTable, ForgetsThoseKnownForLongest) {
    ProcessTable table;
    for (uint32_t process = 1; process <= kMaxProcesses + 10; ++process) {
        table.note(start_of(process, "C:\\a.exe"));
    }
    EXPECT_EQ(table.find(10), nullptr);
    EXPECT_NE(table.find(11), nullptr);
    EXPECT_NE(table.find(kMaxProcesses + 10), nullptr);
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
