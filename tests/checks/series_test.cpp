#include "checks/series.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "support/sample_run.h"

namespace firebreak::checks {
namespace {

using Points = std::vector<record::Point>;

TEST(PointsOf, SumsUpGroupsWhereThereIsNoSum) {
    record::Run run = test::sample_run();
    run.series[{base::Metric::kDown, 0}] = {{{100}, 3}, {{300}, 1}};
    run.series[{base::Metric::kDown, 1}] = {{{100}, 4}, {{200}, 5}};
    const Points expected = {{{100}, 7}, {{200}, 8}, {{300}, 6}};
    EXPECT_EQ(points_of(run, {base::Metric::kDown}), expected);
    run.series[{base::Metric::kDown}] = {{{0}, 9}};
    EXPECT_EQ(points_of(run, {base::Metric::kDown}), (Points{{{0}, 9}}));
    EXPECT_TRUE(points_of(run, {base::Metric::kLost}).empty());
}

TEST(PointsOf, EndWhereTheRunGot) {
    record::Run run = test::sample_run();
    run.reached = {7600};
    EXPECT_EQ(points_of(run, {base::Metric::kAffected, 1}), (Points{{{7500}, 5}}));
}

TEST(Decimate, LeavesShortSeriesAlone) {
    const Points points = {{{0}, 1}, {{10}, 5}, {{20}, 2}};
    EXPECT_EQ(decimate(points, 12), points);
}

TEST(Decimate, KeepsASinglePeakAmongThousands) {
    Points points;
    for (int i = 0; i < 10'000; ++i) {
        points.push_back({{i * 300}, i == 6'321 ? 1e6 : i == 17 ? -5.0 : 1.0});
    }
    const Points few = decimate(points, 400);
    EXPECT_LE(few.size(), 400u);
    EXPECT_EQ(peak(few), 1e6);
    EXPECT_EQ(few.front(), points.front());
    EXPECT_EQ(few.back(), points.back());
    EXPECT_TRUE(std::any_of(few.begin(), few.end(),
                            [](const record::Point& point) { return point.value == -5; }));
}

RC_GTEST_PROP(Decimate, KeepsOrderTruthAndExtremes,
              (const std::vector<int16_t>& values, uint8_t step, uint8_t more)) {
    Points points;
    for (size_t i = 0; i < values.size(); ++i) {
        const auto at = static_cast<int64_t>(i * i) * (step + 1);
        points.push_back({{at}, static_cast<double>(values[i])});
    }
    const size_t most = 12u + more;
    const Points few = decimate(points, most);
    RC_ASSERT(few.size() <= most);
    const auto by_time = [](const record::Point& a, const record::Point& b) { return a.at < b.at; };
    RC_ASSERT(std::is_sorted(few.begin(), few.end(), by_time));
    RC_ASSERT(std::includes(points.begin(), points.end(), few.begin(), few.end(), by_time));
    const auto by_value = [](const record::Point& a, const record::Point& b) {
        return a.value < b.value;
    };
    if (!points.empty()) {
        RC_ASSERT(std::max_element(few.begin(), few.end(), by_value)->value ==
                  std::max_element(points.begin(), points.end(), by_value)->value);
        RC_ASSERT(std::min_element(few.begin(), few.end(), by_value)->value ==
                  std::min_element(points.begin(), points.end(), by_value)->value);
        RC_ASSERT(few.back() == points.back());
    }
}

}  // namespace
}  // namespace firebreak::checks
