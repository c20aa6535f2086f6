// Simulated time. Nothing under simulator/ asks the machine what time it is, except to report the
// cost of a run.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace firebreak::base {

// A span of simulated time in whole seconds.
struct Duration {
    int64_t seconds = 0;
    friend constexpr auto operator<=>(Duration, Duration) = default;
};

constexpr Duration minutes(int64_t n) {
    return {n * 60};
}
constexpr Duration hours(int64_t n) {
    return {n * 3600};
}
constexpr Duration days(int64_t n) {
    return {n * 86400};
}

// A moment of a run, in whole seconds since its start.
struct SimTime {
    int64_t seconds = 0;
    friend constexpr auto operator<=>(SimTime, SimTime) = default;
};

// A moment of the simulated calendar, in seconds since 1970-01-01T00:00:00Z: what certificates and
// signing times are judged against.
struct UtcTime {
    int64_t unix_seconds = 0;
    friend constexpr auto operator<=>(UtcTime, UtcTime) = default;
};

constexpr SimTime operator+(SimTime t, Duration d) {
    return {t.seconds + d.seconds};
}
constexpr SimTime operator-(SimTime t, Duration d) {
    return {t.seconds - d.seconds};
}
constexpr Duration operator-(SimTime a, SimTime b) {
    return {a.seconds - b.seconds};
}
constexpr UtcTime operator+(UtcTime t, Duration d) {
    return {t.unix_seconds + d.seconds};
}

// "45s", "18m", "6h", "1.5h", "7d", "2d 6h": not negative, at most 3,650 days, whole seconds.
Result<Duration> parse_duration(std::string_view text);

// "18 min", "6 h", "1 d 4 h": the two largest units, for people.
std::string to_text(Duration d);
// "day 2 14:05": day 1 is the first.
std::string to_text(SimTime t);
// "2026-03-02T08:00:00Z".
std::string to_text(UtcTime t);
// The inverse of to_text(UtcTime); years 1970 to 9999, no leap seconds.
Result<UtcTime> parse_utc(std::string_view text);

}  // namespace firebreak::base
