#include "base/sim_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/text.h"

namespace firebreak::base {

namespace {

constexpr int64_t kLongest_s = 3650LL * 86400;

Error bad_duration(std::string_view text) {
    return {fmt::format("`{}` is not a duration", printable(text, 60)), "",
            "write a number with s, m, h or d, such as \"90m\" or \"2d 6h\", at most 3650d"};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int64_t unit_seconds(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3600;
        case 'd':
            return 86400;
        default:
            return 0;
    }
}

// One "1.5h" off the front of `text`, in exact decimal arithmetic: 1.1 h are 3,960 s.
std::optional<int64_t> take_seconds(std::string_view& text) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    int64_t whole = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + digits, whole);
    if (parsed.ec != std::errc{} || whole > kLongest_s) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    int64_t fraction = 0;
    int64_t scale = 1;
    if (!text.empty() && text.front() == '.') {
        text.remove_prefix(1);
        for (; !text.empty() && is_digit(text.front()) && scale < 1'000'000'000; scale *= 10) {
            fraction = fraction * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        if (scale == 1) {
            return std::nullopt;  // no digit behind the point
        }
    }
    const int64_t unit = text.empty() ? 0 : unit_seconds(text.front());
    if (unit == 0 || fraction * unit % scale != 0) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    return whole * unit + fraction * unit / scale;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    const Error bad = bad_duration(text);
    if (text.empty()) {
        return bad;
    }
    int64_t total = 0;
    do {
        const std::optional<int64_t> part = take_seconds(text);
        if (!part || (total += *part) > kLongest_s) {
            return bad;
        }
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    } while (!text.empty());
    return Duration{total};
}

std::string to_text(Duration d) {
    const int64_t s = d.seconds;
    if (s < 0) {
        return "-" + to_text(Duration{-s});
    }
    if (s < 60) {
        return fmt::format("{} s", s);
    }
    if (s < 3600) {
        return s % 60 == 0 ? fmt::format("{} min", s / 60)
                           : fmt::format("{} min {} s", s / 60, s % 60);
    }
    if (s < 86400) {
        return s % 3600 < 60 ? fmt::format("{} h", s / 3600)
                             : fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
    }
    return s % 86400 < 3600 ? fmt::format("{} d", s / 86400)
                            : fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::string to_text(SimTime t) {
    const int64_t s = t.seconds;
    return fmt::format("day {} {:02}:{:02}", s / 86400 + 1, s % 86400 / 3600, s % 3600 / 60);
}

std::string to_text(UtcTime t) {
    using namespace std::chrono;
    const sys_seconds moment{seconds{t.unix_seconds}};
    const auto day = floor<std::chrono::days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

Result<UtcTime> parse_utc(std::string_view text) {
    using namespace std::chrono;
    const Error bad{fmt::format("`{}` is not a UTC time", printable(text, 60)), "",
                    "write it as 2026-03-02T08:00:00Z"};
    if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':' || text[19] != 'Z') {
        return bad;
    }
    int fields[6] = {};
    constexpr size_t kStarts[6] = {0, 5, 8, 11, 14, 17};
    for (int i = 0; i < 6; ++i) {
        const size_t length = i == 0 ? 4 : 2;
        const char* first = text.data() + kStarts[i];
        for (size_t k = 0; k < length; ++k) {
            if (!is_digit(first[k])) {
                return bad;
            }
        }
        std::from_chars(first, first + length, fields[i]);
    }
    const year_month_day date{year{fields[0]}, month{static_cast<unsigned>(fields[1])},
                              day{static_cast<unsigned>(fields[2])}};
    if (!date.ok() || fields[0] < 1970 || fields[3] > 23 || fields[4] > 59 || fields[5] > 59) {
        return bad;
    }
    const auto moment = sys_days{date}.time_since_epoch() + std::chrono::hours{fields[3]} +
                        std::chrono::minutes{fields[4]} + std::chrono::seconds{fields[5]};
    return UtcTime{duration_cast<std::chrono::seconds>(moment).count()};
}

}  // namespace firebreak::base
