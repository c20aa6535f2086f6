#include "base/working_hours.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace firebreak::base {
namespace {

constexpr UtcTime kMonday{1772409600};  // 2026-03-02T00:00:00Z

constexpr SimTime at(int64_t day, int64_t hour, int64_t minute = 0) {
    return SimTime{} + days(day) + hours(hour) + minutes(minute);
}

TEST(Shift, IsOpenFromTheFirstHourToBeforeTheLast) {
    const Shift shift({8, 18, false}, kMonday);
    EXPECT_FALSE(shift.open({at(0, 8).seconds - 1}));
    EXPECT_TRUE(shift.open(at(0, 8)));
    EXPECT_TRUE(shift.open({at(0, 18).seconds - 1}));
    EXPECT_FALSE(shift.open(at(0, 18)));
}

TEST(Shift, KnowsWeekends) {
    const Shift weekdays({8, 18, false}, kMonday);
    const Shift always({8, 18, true}, kMonday);
    for (int64_t day = 0; day < 14; ++day) {
        EXPECT_EQ(weekdays.open(at(day, 12)), day % 7 < 5) << "day " << day;
        EXPECT_TRUE(always.open(at(day, 12))) << "day " << day;
    }
}

TEST(Shift, FollowsTheCalendarAndNotTheBeginningOfTheRun) {
    const Shift shift({8, 18, false}, kMonday + days(4) + hours(17) + minutes(30));  // a Friday
    EXPECT_TRUE(shift.open({0}));
    EXPECT_FALSE(shift.open({1800}));
    EXPECT_EQ(shift.next_open({1800}), SimTime{1800 + (6 + 48 + 8) * 3600}) << "Monday at 8";
}

TEST(Shift, OpensNextAtOnceOrInTheMorningOrOnMonday) {
    const Shift shift({8, 18, false}, kMonday);
    EXPECT_EQ(shift.next_open(at(0, 9, 5)), at(0, 9, 5));
    EXPECT_EQ(shift.next_open(at(0, 3, 30)), at(0, 8));
    EXPECT_EQ(shift.next_open(at(0, 18)), at(1, 8));
    EXPECT_EQ(shift.next_open(at(4, 18)), at(7, 8));
    EXPECT_EQ(shift.next_open(at(6, 12)), at(7, 8));
}

TEST(Shift, PausesWorkOvernightAndOverTheWeekend) {
    const Shift shift({8, 18, false}, kMonday);
    EXPECT_EQ(shift.done(at(0, 9), hours(4)), at(0, 13));
    EXPECT_EQ(shift.done(at(0, 14), hours(4)), at(0, 18)) << "just done by the evening";
    EXPECT_EQ(shift.done(at(0, 16), hours(4)), at(1, 10));
    EXPECT_EQ(shift.done(at(0, 22), hours(4)), at(1, 12));
    EXPECT_EQ(shift.done(at(4, 17, 30), hours(4)), at(7, 11, 30));
    EXPECT_EQ(shift.done(at(0, 8), hours(25)), at(2, 13));
    EXPECT_EQ(shift.done(at(5, 12), Duration{0}), at(7, 8)) << "even nothing waits for somebody";
}

TEST(Shift, WorksThroughWhenSomebodyIsAlwaysThere) {
    const Shift shift({0, 24, true}, kMonday);
    EXPECT_TRUE(shift.open(at(5, 23, 59)));
    EXPECT_EQ(shift.done(at(4, 20), hours(50)), SimTime{} + days(4) + hours(70));
}

// Against counting the open minutes one by one.
RC_GTEST_PROP(Shift, IsDoneAfterSoManyOpenMinutes, ()) {
    const int from = *rc::gen::inRange(0, 24);
    const int until = *rc::gen::inRange(from + 1, 25);
    const Shift shift({from, until, *rc::gen::arbitrary<bool>()},
                      kMonday + minutes(*rc::gen::inRange(0, 7 * 24 * 60)));
    const SimTime begin = SimTime{} + minutes(*rc::gen::inRange(0, 7 * 24 * 60));
    const int64_t work = *rc::gen::inRange(1, 1000);
    SimTime now = begin;
    for (int64_t left = work; left > 0; now = now + minutes(1)) {
        left -= shift.open(now) ? 1 : 0;
    }
    RC_ASSERT(shift.done(begin, minutes(work)) == now);
}

}  // namespace
}  // namespace firebreak::base
