#include "fleet/population.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace firebreak::fleet {
namespace {

OnlinePattern always(float chance) {
    OnlinePattern pattern;
    pattern.fill(chance);
    return pattern;
}

Population make(uint64_t seed = 7,
                std::vector<SegmentSpec> groups = {{100, {3, 1}, 4, 0}, {1000, {1, 1}, 5, 4}}) {
    return Population(seed, groups, {always(1), always(0.5)}, 0, {0});
}

TEST(Population, SharesPersonasOutInExactProportion) {
    const Population rows = make();
    std::map<std::pair<size_t, int>, int> counts;
    for (Row row = 0; row < rows.size(); ++row) {
        ++counts[{rows.segment_of(row), rows.persona(row)}];
    }
    EXPECT_EQ((counts[{0, 0}]), 75);
    EXPECT_EQ((counts[{0, 1}]), 25);
    EXPECT_EQ((counts[{1, 0}]), 500);
    EXPECT_EQ((counts[{1, 1}]), 500);
}

TEST(Population, GivesEveryEndpointSomePersonaWhateverTheRounding) {
    for (uint32_t n = 1; n < 40; ++n) {
        const Population rows = make(1, {{n, {1, 1, 1, 0.001, 7}, 1, 0}});
        for (Row row = 0; row < n; ++row) {
            EXPECT_LT(rows.persona(row), 5);
        }
    }
}

TEST(Population, ShufflesPersonasWithTheSeed) {
    const Population a = make(1);
    const Population b = make(1);
    const Population c = make(2);
    int differ = 0;
    for (Row row = 0; row < a.size(); ++row) {
        EXPECT_EQ(a.persona(row), b.persona(row));
        EXPECT_EQ(a.tenant(row), b.tenant(row));
        differ += a.persona(row) != c.persona(row);
    }
    EXPECT_GT(differ, 300);
}

TEST(Population, KeepsTenantsWithinTheirGroup) {
    const Population rows = make();
    std::set<uint32_t> first, second;
    for (Row row = 0; row < rows.size(); ++row) {
        (rows.segment_of(row) == 0 ? first : second).insert(rows.tenant(row));
    }
    EXPECT_EQ(first, (std::set<uint32_t>{0, 1, 2, 3}));
    EXPECT_EQ(second, (std::set<uint32_t>{4, 5, 6, 7, 8}));
}

// Every endpoint that is always on polls once an hour, whatever slices the hour is cut into, at a
// time within an hour and a minute of the poll before.
TEST(Population, PollsEveryEndpointOnceAnHour) {
    const Population rows = make(3, {{500, {1}, 1, 0}, {77, {1}, 1, 1}});
    const std::vector<uint8_t> busy(1, 0);
    std::map<Row, std::vector<int64_t>> times;
    uint64_t polls = 0;
    for (int64_t t = 0; t < 24 * 3600; t += 300) {
        for (size_t group = 0; group < 2; ++group) {
            std::vector<Due> due;
            polls += rows.due_polls(group, {t}, {t + 300}, busy, due);
            EXPECT_TRUE(std::is_sorted(due.begin(), due.end(),
                                       [](const Due& a, const Due& b) { return a.row < b.row; }));
            for (const Due& one : due) {
                EXPECT_GE(one.at.seconds, t);
                EXPECT_LT(one.at.seconds, t + 300);
                times[one.row].push_back(one.at.seconds);
            }
        }
    }
    EXPECT_EQ(polls, 577u * 24);
    ASSERT_EQ(times.size(), 577u);
    for (const auto& [row, at] : times) {
        // The last may have been delayed past the end of the day.
        EXPECT_GE(at.size(), 23u);
        EXPECT_LE(at.size(), 24u);
        for (size_t i = 1; i < at.size(); ++i) {
            EXPECT_NEAR(static_cast<double>(at[i] - at[i - 1]), 3600, 60);
        }
    }
}

TEST(Population, SpreadsPollsEvenlyOverTheHour) {
    const Population rows = make(3, {{36000, {1}, 1, 0}});
    const std::vector<uint8_t> busy(1, 0);
    for (int64_t t = 3600; t < 7200; t += 300) {
        std::vector<Due> due;
        rows.due_polls(0, {t}, {t + 300}, busy, due);
        EXPECT_NEAR(static_cast<double>(due.size()), 3000, 100);
    }
}

TEST(Population, LeavesOutIdleSetsAndMachinesThatAreOff) {
    Population rows = make(3, {{1000, {0, 1}, 1, 0}});  // on half of the time
    std::vector<Due> due;
    uint64_t polls = 0;
    const std::vector<uint8_t> idle{0, 1};
    for (int64_t t = 0; t < 3600; t += 300) {
        polls += rows.due_polls(0, {t}, {t + 300}, idle, due);
    }
    EXPECT_EQ(polls, 1000u);
    EXPECT_NEAR(static_cast<double>(due.size()), 500, 60);
    for (const Due& one : due) {
        EXPECT_TRUE(rows.online(one.row, one.at));
    }
    for (Row row = 0; row < 1000; ++row) {
        rows.assign(row, {1});
    }
    due.clear();
    for (int64_t t = 3600; t < 7200; t += 300) {
        rows.due_polls(0, {t}, {t + 300}, idle, due);
    }
    EXPECT_TRUE(due.empty());
}

TEST(Population, FollowsTheHourOfTheWeek) {
    OnlinePattern pattern{};
    pattern[9] = 1;  // Monday 09:00
    const Population rows(1, {{1, {1}, 1, 0}}, {pattern}, 8, {0});
    EXPECT_FALSE(rows.online(0, {0}));
    EXPECT_TRUE(rows.online(0, {3600}));
    EXPECT_FALSE(rows.online(0, {7200}));
    EXPECT_TRUE(rows.online(0, {3600 + 7 * 86400}));
    EXPECT_EQ(rows.next_online(0, {10}, {86400}).seconds, 3600);
    EXPECT_EQ(rows.next_online(0, {7300}, {86400}).seconds, 86400) << "not before the end";
    EXPECT_EQ(rows.next_online(0, {4000}, {86400}).seconds, 4000);
}

// Second by second: only those in which the machine is on count.
TEST(Population, KnowsWhenAMachineWillHaveBeenOnlineForSoLong) {
    OnlinePattern sometimes;
    sometimes.fill(0.4f);
    const Population rows(3, {{50, {1}, 1, 0}}, {sometimes}, 0, {0});
    const base::SimTime end{3 * 86400};
    for (Row row = 0; row < rows.size(); ++row) {
        for (const int64_t wanted : {1, 1800, 3600, 3601, 20'000, 200'000}) {
            const base::SimTime from{777 + 60 * static_cast<int64_t>(row)};
            int64_t left = wanted;
            base::SimTime at = from;
            while (at < end && (left > 0 || !rows.online(row, at))) {
                left -= rows.online(row, at) ? 1 : 0;
                at = {at.seconds + 1};
            }
            EXPECT_EQ(rows.after_online(row, from, wanted, end), at) << row << " " << wanted;
        }
    }
}

}  // namespace
}  // namespace firebreak::fleet
