// Public event logs (FIREBREAK_CORPUS/security-datasets): every line is an event, counted or bad.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/event_import.h"
#include "support/event_logs.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

namespace fs = std::filesystem;

struct Share {
    uint64_t lines = 0, events = 0, counted = 0;
};

void check_log(const fs::path& file, Share& all) {
    const std::string log = test::unpacked(file);
    ASSERT_FALSE(log.empty()) << file;
    ASSERT_OK_AND(const Imported imported, import_windows_events(log));
    uint64_t counted = 0;
    for (const auto& [name, count] : imported.unknown) {
        counted += count;
    }
    const uint64_t events = imported.events.events().size();
    EXPECT_EQ(imported.bad, 0u) << file << ": " << imported.problems[0].why;
    EXPECT_EQ(events + counted, imported.lines) << file;
    EXPECT_GT(events, 0u) << file;
    ASSERT_OK_AND(const EventLog again, EventLog::parse(imported.events.encode()));
    EXPECT_TRUE(std::ranges::equal(again.events(), imported.events.events())) << file;
    all.lines += imported.lines;
    all.events += events;
    all.counted += counted;
}

TEST(EventCorpus, EveryLineIsAnEventOrCounted) {
    const std::vector<fs::path> logs = test::event_logs();
    if (logs.empty()) {
        GTEST_SKIP() << "FIREBREAK_CORPUS has no security-datasets";
    }
    Share all;
    for (const fs::path& log : logs) {
        check_log(log, all);
    }
    fmt::print("{} logs, {} lines: {} events, {} counted as of another kind\n", logs.size(),
               all.lines, all.events, all.counted);
}

}  // namespace
}  // namespace firebreak::host
