#include "host/online_pattern.h"

#include <gtest/gtest.h>

#include <numeric>

namespace firebreak::host {
namespace {

float at(OnlineKind kind, int day, int hour) {
    return online_pattern(kind).at(static_cast<size_t>(day * 24 + hour));
}

float mean(OnlineKind kind) {
    const OnlinePattern pattern = online_pattern(kind);
    return std::accumulate(pattern.begin(), pattern.end(), 0.0f) / 168;
}

TEST(OnlinePattern, AlwaysMeansEveryHour) {
    for (const float chance : online_pattern(OnlineKind::kAlways)) {
        EXPECT_EQ(chance, 1.0f);
    }
}

TEST(OnlinePattern, OfficesWorkFromEightToSixOnWeekdays) {
    for (int day = 0; day < 7; ++day) {
        for (int hour = 0; hour < 24; ++hour) {
            const bool at_work = day < 5 && hour >= 8 && hour < 18;
            const float chance = at(OnlineKind::kOffice, day, hour);
            if (at_work) {
                EXPECT_EQ(chance, 0.95f) << day << " " << hour;
            } else {
                EXPECT_GT(chance, 0) << day << " " << hour;
                EXPECT_LT(chance, 0.2f) << day << " " << hour;
            }
        }
    }
}

TEST(OnlinePattern, RoamingMachinesAreOnlineLessAndAtOtherHours) {
    EXPECT_LT(mean(OnlineKind::kRoaming), mean(OnlineKind::kOffice));
    EXPECT_LT(at(OnlineKind::kRoaming, 2, 11), at(OnlineKind::kOffice, 2, 11));
    EXPECT_GT(at(OnlineKind::kRoaming, 2, 20), at(OnlineKind::kOffice, 2, 20));
    EXPECT_GT(at(OnlineKind::kRoaming, 6, 14), at(OnlineKind::kOffice, 6, 14));
    for (const float chance : online_pattern(OnlineKind::kRoaming)) {
        EXPECT_GT(chance, 0);
        EXPECT_LT(chance, 0.5f);
    }
}

}  // namespace
}  // namespace firebreak::host
