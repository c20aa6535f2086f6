#include "models/series_view.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

namespace firebreak::models {
namespace {

using base::SimTime;
using record::Point;
using testing::ElementsAre;
using testing::IsEmpty;

struct Case {
    Steps steps;
    SimTime begin, end;
    size_t columns = 1;
};

Case any_case() {
    Case out;
    const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 900));
    int64_t at = *rc::gen::inRange(0, 5000);
    for (const int gap : gaps) {
        out.steps.push_back({{at}, static_cast<double>(*rc::gen::inRange(0, 50))});
        at += gap;
    }
    out.begin = {*rc::gen::inRange(0, 8000)};
    out.end = {out.begin.seconds + *rc::gen::inRange(1, 60'000)};
    out.columns = static_cast<size_t>(*rc::gen::inRange(1, 40));
    return out;
}

// Every value that the function has within the stretch.
std::vector<double> values_within(const Case& of) {
    std::vector<double> out;
    if (const auto at_begin = value_at(of.steps, of.begin)) {
        out.push_back(*at_begin);
    }
    for (const Point& point : of.steps) {
        if (point.at > of.begin && point.at <= of.end) {
            out.push_back(point.value);
        }
    }
    return out;
}

RC_GTEST_PROP(SeriesView, KeepsPeaksAndTroughs, ()) {
    const Case of = any_case();
    const Steps kept = view(of.steps, of.begin, of.end, of.columns);
    const std::vector<double> all = values_within(of);
    RC_ASSERT(kept.empty() == all.empty());
    if (!all.empty()) {
        const auto [low, high] = std::ranges::minmax(kept, {}, &Point::value);
        RC_ASSERT(low.value == std::ranges::min(all));
        RC_ASSERT(high.value == std::ranges::max(all));
    }
}

// Not only of the whole: each column of pixels shows how far up and down it went there.
RC_GTEST_PROP(SeriesView, KeepsPeaksOfEachColumn, ()) {
    const Case of = any_case();
    const Steps kept = view(of.steps, of.begin, of.end, of.columns);
    const auto column = [&](SimTime at) {
        const int64_t n = (at.seconds - of.begin.seconds) * static_cast<int64_t>(of.columns) /
                          (of.end.seconds - of.begin.seconds);
        return std::min(n, static_cast<int64_t>(of.columns) - 1);
    };
    for (const Point& point : of.steps) {
        if (point.at <= of.begin || point.at > of.end) {
            continue;
        }
        const auto beside = [&](const Point& one) { return column(one.at) == column(point.at); };
        RC_ASSERT(std::ranges::any_of(
            kept, [&](const Point& one) { return beside(one) && one.value >= point.value; }));
        RC_ASSERT(std::ranges::any_of(
            kept, [&](const Point& one) { return beside(one) && one.value <= point.value; }));
    }
}

RC_GTEST_PROP(SeriesView, KeepsTrueValuesInOrderAndFewOfThem, ()) {
    const Case of = any_case();
    const Steps kept = view(of.steps, of.begin, of.end, of.columns);
    RC_ASSERT(kept.size() <= 4 * of.columns + 2);
    for (size_t i = 0; i < kept.size(); ++i) {
        RC_ASSERT(value_at(of.steps, kept[i].at) == kept[i].value);
        RC_ASSERT(i == 0 || kept[i - 1].at < kept[i].at);
    }
}

RC_GTEST_PROP(SeriesView, BeginsAndEndsWithWhatHoldsThere, ()) {
    const Case of = any_case();
    const Steps kept = view(of.steps, of.begin, of.end, of.columns);
    if (const auto at_begin = value_at(of.steps, of.begin)) {
        RC_ASSERT((kept.front() == Point{of.begin, *at_begin}));
    }
    if (const auto at_end = value_at(of.steps, of.end)) {
        RC_ASSERT((kept.back() == Point{of.end, *at_end}));
    }
}

TEST(SeriesView, CarriesAValueAcrossAStretchWithoutSteps) {
    const Steps steps{{{10}, 3}, {{1000}, 7}};
    EXPECT_THAT(view(steps, {100}, {200}, 10), ElementsAre(Point{{100}, 3}, Point{{200}, 3}));
}

TEST(SeriesView, HasNothingBeforeTheFirstStep) {
    EXPECT_THAT(view({{{1000}, 7}}, {100}, {200}, 10), IsEmpty());
    EXPECT_EQ(value_at({{{1000}, 7}}, {999}), std::nullopt);
}

}  // namespace
}  // namespace firebreak::models
