#include "base/sim_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "support/result_matchers.h"

namespace firebreak::base {
namespace {

constexpr int64_t kLastSecondOf9999 = 253402300799;

TEST(Durations, ReadAsPeopleWriteThem) {
    const std::pair<const char*, int64_t> cases[] = {
        {"0s", 0},      {"45s", 45},       {"18m", 1080},    {"6h", 21600},        {"1.5h", 5400},
        {"7d", 604800}, {"2d 6h", 194400}, {"1h30m", 5400},  {"1d  1s", 86401},    {"0.1m", 6},
        {"1.1h", 3960}, {"2.2h", 7920},    {"0.25d", 21600}, {"3650d", 315360000}, {"1h 1h", 7200},
        {"007m", 420},  {"1.000000s", 1},
    };
    for (const auto& [text, seconds] : cases) {
        const Result<Duration> parsed = parse_duration(text);
        ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.error().text();
        EXPECT_EQ(parsed->seconds, seconds) << text;
    }
}

TEST(Durations, AreRefusedWithARemedy) {
    for (const char* text : {"",
                             " ",
                             "6",
                             "h",
                             "6 h",
                             "-6h",
                             "+6h",
                             " 6h",
                             "6x",
                             "6H",
                             "1.5s",
                             "0.0001h",
                             "1e3s",
                             ".5h",
                             "1.h",
                             "1.2.3h",
                             "6h,",
                             "6h -1h",
                             "inf",
                             "nan",
                             "0x10s",
                             "3650d 1s",
                             "3651d",
                             "99999999999999999999d",
                             "9999999999999s",
                             "1.00000000000000000001h",
                             "6h\n",
                             "1d 3649d 24h 1s"}) {
        EXPECT_ERROR(parse_duration(text), "is not a duration; write a number with s, m, h or d");
    }
    EXPECT_ERROR(parse_duration("\x1b[2J"), "`\\x1b[2J` is not a duration");
}

RC_GTEST_PROP(Durations, ReadBackFromSecondsAndFromUnits, ()) {
    const auto seconds = *rc::gen::inRange<int64_t>(0, 3650 * 86400 + 1);
    RC_ASSERT(parse_duration(std::to_string(seconds) + "s")->seconds == seconds);
    const std::string units =
        std::to_string(seconds / 86400) + "d " + std::to_string(seconds % 86400 / 3600) + "h" +
        std::to_string(seconds % 3600 / 60) + "m " + std::to_string(seconds % 60) + "s";
    RC_ASSERT(parse_duration(units)->seconds == seconds);
}

RC_GTEST_PROP(Durations, SurviveHostileText, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::oneOf(
        rc::gen::elementOf(std::string("0123456789. smhd")), rc::gen::arbitrary<char>()));
    const Result<Duration> parsed = parse_duration(text);
    if (parsed.ok()) {
        RC_ASSERT(parsed->seconds >= 0);
        RC_ASSERT(parsed->seconds <= 3650 * 86400);
    }
}

TEST(Durations, AreShownInTheirTwoLargestUnits) {
    EXPECT_EQ(to_text(Duration{0}), "0 s");
    EXPECT_EQ(to_text(Duration{59}), "59 s");
    EXPECT_EQ(to_text(minutes(18)), "18 min");
    EXPECT_EQ(to_text(Duration{90}), "1 min 30 s");
    EXPECT_EQ(to_text(Duration{3599}), "59 min 59 s");
    EXPECT_EQ(to_text(hours(6)), "6 h");
    EXPECT_EQ(to_text(Duration{3600 + 59}), "1 h");
    EXPECT_EQ(to_text(Duration{5400}), "1 h 30 min");
    EXPECT_EQ(to_text(Duration{100800}), "1 d 4 h");
    EXPECT_EQ(to_text(days(7)), "7 d");
    EXPECT_EQ(to_text(Duration{-5400}), "-1 h 30 min");
}

TEST(SimTimes, CountDaysFromOne) {
    EXPECT_EQ(to_text(SimTime{0}), "day 1 00:00");
    EXPECT_EQ(to_text(SimTime{} + hours(24 + 14) + minutes(5)), "day 2 14:05");
    EXPECT_EQ(to_text(SimTime{86399}), "day 1 23:59");
}

TEST(SimTimes, AddAndSubtract) {
    EXPECT_EQ(SimTime{5} + Duration{7}, SimTime{12});
    EXPECT_EQ(SimTime{5} - Duration{7}, SimTime{-2});
    EXPECT_EQ(SimTime{5} - SimTime{7}, Duration{-2});
    EXPECT_EQ(UtcTime{5} + Duration{7}, UtcTime{12});
    EXPECT_LT(SimTime{5}, SimTime{6});
}

// std::chrono from the calendar's side: year, month and day are chosen, seconds come out.
RC_GTEST_PROP(UtcTimes, AgreeWithTheCalendarOfTheLibrary, ()) {
    using namespace std::chrono;
    const auto y = *rc::gen::inRange(1970, 10000);
    const auto m = *rc::gen::inRange(1, 13);
    const auto d = *rc::gen::inRange(1, 32);
    const auto second_of_day = *rc::gen::inRange(0, 86400);
    const year_month_day date{year{y}, month{static_cast<unsigned>(m)},
                              day{static_cast<unsigned>(d)}};
    char text[32];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d,
                  second_of_day / 3600, second_of_day % 3600 / 60, second_of_day % 60);
    const Result<UtcTime> parsed = parse_utc(text);
    RC_ASSERT(parsed.ok() == date.ok());
    if (date.ok()) {
        const auto expected = sys_days{date}.time_since_epoch() / seconds{1} + second_of_day;
        RC_ASSERT(parsed->unix_seconds == expected);
        RC_ASSERT(to_text(*parsed) == text);
    }
}

RC_GTEST_PROP(UtcTimes, ReadBackFromTheirText, ()) {
    const UtcTime time{*rc::gen::inRange<int64_t>(0, kLastSecondOf9999 + 1)};
    const Result<UtcTime> parsed = parse_utc(to_text(time));
    RC_ASSERT(parsed.ok());
    RC_ASSERT(*parsed == time);
}

TEST(UtcTimes, CoverTheirWholeRange) {
    EXPECT_EQ(to_text(UtcTime{0}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_text(UtcTime{kLastSecondOf9999}), "9999-12-31T23:59:59Z");
    ASSERT_OK_AND(const UtcTime leap_day, parse_utc("2024-02-29T00:00:00Z"));
    EXPECT_EQ(leap_day.unix_seconds, 1709164800);
}

TEST(UtcTimes, AreRefusedWithARemedy) {
    for (const char* text : {"",
                             "2026-03-02",
                             "2026-03-02T08:00:00",
                             "2026-03-02T08:00:00z",
                             "2026-03-02 08:00:00Z",
                             "2026-03-02T08:00:00+00:00",
                             "2026-02-29T00:00:00Z",
                             "2100-02-29T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-03-00T00:00:00Z",
                             "2026-03-02T24:00:00Z",
                             "2026-03-02T08:60:00Z",
                             "2016-12-31T23:59:60Z",
                             "1969-12-31T23:59:59Z",
                             "26-03-02T08:00:00ZZZ",
                             "2026-03-02T08:00:-1Z",
                             "2026-03-02T08:00: 1Z",
                             "2026-03-02T08:00:00ZZ",
                             "+026-03-02T08:00:00Z"}) {
        EXPECT_ERROR(parse_utc(text), "write it as 2026-03-02T08:00:00Z");
    }
}

RC_GTEST_PROP(UtcTimes, SurviveHostileText, ()) {
    std::string text = "2026-03-02T08:00:00Z";
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
        text[*rc::gen::inRange<size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    }
    const Result<UtcTime> parsed = parse_utc(text);
    if (parsed.ok()) {
        RC_ASSERT(to_text(*parsed) == text);
    }
}

}  // namespace
}  // namespace firebreak::base
