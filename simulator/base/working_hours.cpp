#include "base/working_hours.h"

#include <algorithm>

namespace firebreak::base {

namespace {

constexpr int64_t kHour_s = 3600;
constexpr int64_t kDay_s = 24 * kHour_s;

}  // namespace

bool Shift::open(SimTime at) const {
    const int64_t now = start_.unix_seconds + at.seconds;
    const int64_t day = now / kDay_s;
    const int64_t weekday = (day + 3) % 7;  // 1970-01-01 was a Thursday; 0: Monday
    const int64_t second = now % kDay_s;
    return (hours_.weekends || weekday < 5) && second >= hours_.from_hour * kHour_s &&
           second < hours_.until_hour * kHour_s;
}

SimTime Shift::next_open(SimTime at) const {
    while (!open(at)) {
        // The next full hour: shifts begin on one.
        const int64_t now = start_.unix_seconds + at.seconds;
        at = {at.seconds + kHour_s - now % kHour_s};
    }
    return at;
}

SimTime Shift::done(SimTime from, Duration work) const {
    SimTime at = next_open(from);
    int64_t left = work.seconds;
    while (left > 0) {
        const int64_t second = (start_.unix_seconds + at.seconds) % kDay_s;
        const int64_t today = std::min(left, hours_.until_hour * kHour_s - second);
        left -= today;
        at = {at.seconds + today};
        if (left > 0) {
            at = next_open(at);
        }
    }
    return at;
}

}  // namespace firebreak::base
