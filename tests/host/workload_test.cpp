#include "host/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

constexpr int64_t kHour = 3'600'000;
const base::RandomStream kRandom(7, base::Stream::kSignal);

EventWorkload workload(EventKind kind, double per_hour, std::string process = "") {
    EventWorkload out;
    out.kind = kind;
    out.per_hour = per_hour;
    out.process = std::move(process);
    return out;
}

void set(EventWorkload& out, std::string_view field, std::string value) {
    out.fields.emplace_back(find_event_field(out.kind, field).value(), std::move(value));
}

EventLog events(const Persona& persona, int64_t from, int64_t to, uint64_t endpoint = 1) {
    auto log = workload_events(persona, kRandom, endpoint, from, to);
    EXPECT_TRUE(log.ok());
    return log.ok() ? *log : EventLog();
}

Persona busy_persona() {
    Persona persona;
    persona.events.push_back(workload(EventKind::kFileCreate, 100, R"(C:\b.exe)"));
    set(persona.events.back(), "path", R"(C:\t\{n}.tmp)");
    persona.events.push_back(workload(EventKind::kProcessStart, 50, R"(C:\B.exe)"));
    set(persona.events.back(), "image", R"(C:\c.exe)");
    set(persona.events.back(), "user", "ana");
    persona.events.back().lasts = base::minutes(10);
    persona.events.push_back(workload(EventKind::kProcessAccess, 20, R"(C:\a.exe)"));
    set(persona.events.back(), "target_image", R"(c:\b.EXE)");
    return persona;
}

TEST(Workload, ComesAsOftenAsItSays) {
    Persona persona;
    persona.events.push_back(workload(EventKind::kDnsQuery, 30));
    persona.events.push_back(workload(EventKind::kLogon, 0));
    persona.events.push_back(workload(EventKind::kPipe, 3600));
    std::map<EventKind, double> count;
    const EventLog log = events(persona, 0, 100 * kHour);
    for (const Event& event : log.events()) {
        ++count[event.kind];
    }
    // Five standard deviations of a Poisson count.
    EXPECT_NEAR(count[EventKind::kDnsQuery], 3000, 5 * 55);
    EXPECT_NEAR(count[EventKind::kPipe], 360'000, 5 * 600);
    EXPECT_EQ(count[EventKind::kLogon], 0);
}

TEST(Workload, IsTheSameHoweverTheTimeIsCut) {
    const Persona persona = busy_persona();
    const EventLog whole = events(persona, 0, 5 * kHour);
    std::vector<Event> parts;
    std::vector<EventLog> alive;
    int64_t from = 0;
    for (const int64_t to : {kHour / 3, kHour, 2 * kHour + 1, 2 * kHour + 2, 5 * kHour}) {
        alive.push_back(events(persona, from, to));
        parts.insert(parts.end(), alive.back().events().begin(), alive.back().events().end());
        from = to;
    }
    EXPECT_GT(parts.size(), 500u);
    EXPECT_TRUE(std::ranges::equal(whole.events(), parts));
}

TEST(Workload, DiffersFromMachineToMachine) {
    const Persona persona = busy_persona();
    const EventLog one = events(persona, 0, kHour, 1), same = events(persona, 0, kHour, 1),
                   two = events(persona, 0, kHour, 2);
    EXPECT_TRUE(std::ranges::equal(one.events(), same.events()));
    EXPECT_FALSE(std::ranges::equal(one.events(), two.events()));
}

TEST(Workload, NumbersProcessesByTheirPathsWhateverTheCase) {
    const EventLog log = events(busy_persona(), 0, kHour);
    std::set<std::string> seen;
    for (const Event& event : log.events()) {
        if (event.kind == EventKind::kFileCreate) {
            EXPECT_EQ(event.process, 2u);
            EXPECT_EQ(event.value("image").text(), R"(C:\b.exe)");
        } else if (event.kind == EventKind::kProcessAccess) {
            EXPECT_EQ(event.process, 1u);
            EXPECT_EQ(event.value("target").number(), 2u);
        }
        seen.emplace(info_of(event.kind).name);
    }
    EXPECT_EQ(seen, (std::set<std::string>{"file_create", "process_access", "process_end",
                                           "process_start"}));
}

TEST(Workload, StartsEachProcessOnceAndEndsIt) {
    Persona persona = busy_persona();
    persona.events.push_back(persona.events[1]);
    const EventLog log = events(persona, 0, 20 * kHour);
    std::map<uint32_t, int64_t> started;
    size_t ended = 0;
    for (const Event& event : log.events()) {
        if (event.kind == EventKind::kProcessStart) {
            EXPECT_GT(event.process, 2u);
            EXPECT_TRUE(started.emplace(event.process, event.at_ms).second);
            EXPECT_EQ(event.value("parent").number(), 2u);
            EXPECT_EQ(event.value("parent_image").text(), R"(C:\B.exe)");
        } else if (event.kind == EventKind::kProcessEnd) {
            ASSERT_TRUE(started.contains(event.process));
            EXPECT_EQ(event.at_ms, started[event.process] + 600'000);
            EXPECT_EQ(event.value("image").text(), R"(C:\c.exe)");
            EXPECT_EQ(event.value("user").text(), "ana");
            ++ended;
        }
    }
    EXPECT_GT(ended, 1600u);
    EXPECT_LE(ended, started.size());
}

TEST(Workload, TellsItsMomentsApart) {
    const EventLog log = events(busy_persona(), 0, 3 * kHour);
    std::set<std::string_view> paths;
    for (const Event& event : log.events()) {
        if (event.kind == EventKind::kFileCreate) {
            EXPECT_TRUE(paths.insert(event.value("path").text()).second);
        }
    }
    EXPECT_GT(paths.size(), 200u);
}

TEST(Workload, RefusesMoreThanALogHoldsAndTimesOutOfReach) {
    Persona persona;
    persona.events.push_back(workload(EventKind::kPipe, 3600));
    EXPECT_ERROR(workload_events(persona, kRandom, 1, 0, 300 * kHour),
                 "more than 1,000,000 events");
    EXPECT_ERROR(workload_events(persona, kRandom, 1, -1, kHour), "no machine lives to see");
    EXPECT_ERROR(workload_events(persona, kRandom, 1, 0, INT64_MAX), "no machine lives to see");
    const EventLog none = events(persona, kHour, kHour);
    EXPECT_TRUE(none.events().empty());
}

TEST(Workload, OfEveryPersonaIsBusyAndNamesItsProcesses) {
    for (const auto& entry :
         std::filesystem::directory_iterator(test::fixtures_dir() / "personas")) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        ASSERT_OK_AND(const Persona persona, load_persona(entry.path()));
        ASSERT_OK_AND(const EventLog log, workload_events(persona, kRandom, 1, 0, 8 * kHour));
        EXPECT_GT(log.events().size(), 300u) << entry.path();
        for (const Event& event : log.events()) {
            EXPECT_EQ(event.process == 0, event.kind == EventKind::kDriverLoad) << entry.path();
        }
    }
}

}  // namespace
}  // namespace firebreak::host
