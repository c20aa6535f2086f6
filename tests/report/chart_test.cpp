#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "report/axis.h"
#include "report/scatter_chart.h"
#include "report/time_chart.h"
#include "report/well_formed.h"

namespace firebreak::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
    std::vector<std::string> out;
    for (const Tick& tick : ticks) {
        out.push_back(tick.label);
    }
    return out;
}

TEST(ValueAxis, HasRoundSteps) {
    EXPECT_THAT(labels(ValueAxis(Scale::kLinear, Quantity::kCount, 343).ticks()),
                ElementsAre("0", "100", "200", "300", "400"));
    EXPECT_THAT(labels(ValueAxis(Scale::kLinear, Quantity::kCount, 2).ticks()),
                ElementsAre("0", "1", "2"));
    EXPECT_THAT(labels(ValueAxis(Scale::kLinear, Quantity::kShare, 1).ticks()),
                ElementsAre("0 %", "50 %", "100 %"));
    EXPECT_THAT(labels(ValueAxis(Scale::kLinear, Quantity::kCount, 8'500'000).ticks()),
                ElementsAre("0", "5 M", "10 M"));
}

TEST(ValueAxis, HasDecadesOnALogScale) {
    const ValueAxis axis(Scale::kLog, Quantity::kCount, 45'812);
    EXPECT_THAT(labels(axis.ticks()), ElementsAre("0", "1", "10", "100", "1,000", "10 k", "100 k"));
    EXPECT_EQ(axis.place(0), 0);
    EXPECT_EQ(axis.place(100'000), 1);
    EXPECT_NEAR(axis.place(1'000) - axis.place(100), axis.place(100) - axis.place(10), 1e-12);
    EXPECT_NEAR(axis.place(1), (axis.place(10) - axis.place(1)) / 2, 1e-12);
}

RC_GTEST_PROP(ValueAxis, KeepsOrderAndRoom, (uint64_t a, uint64_t b, bool log)) {
    const auto low = static_cast<double>(std::min(a, b));
    const auto high = static_cast<double>(std::max(a, b));
    const ValueAxis axis(log ? Scale::kLog : Scale::kLinear, Quantity::kCount, high);
    RC_ASSERT(axis.place(low) <= axis.place(high));
    RC_ASSERT(axis.place(high) <= 1 + 1e-9);
    RC_ASSERT(axis.ticks().size() >= 2u);
    RC_ASSERT(axis.ticks().size() <= 13u);
}

TEST(TimeTicks, AreDaysOrHours) {
    EXPECT_THAT(labels(time_ticks({0}, {3 * 86400}, 8)),
                ElementsAre("day 1 00:00", "day 1 12:00", "day 2 00:00", "day 2 12:00",
                            "day 3 00:00", "day 3 12:00", "day 4 00:00"));
    EXPECT_THAT(
        labels(time_ticks({0}, {7 * 86400}, 8)),
        ElementsAre("day 1", "day 2", "day 3", "day 4", "day 5", "day 6", "day 7", "day 8"));
    EXPECT_THAT(labels(time_ticks({50'400}, {57'600}, 4)),
                ElementsAre("day 1 14:00", "day 1 15:00", "day 1 16:00"));
    EXPECT_LE(time_ticks({0}, {int64_t{1} << 40}, 8).size(), 8u);
    EXPECT_EQ(time_ticks({0}, {0}, 8).size(), 1u);
}

TEST(Compact, TellsSizesInFewLetters) {
    EXPECT_EQ(compact(12), "12");
    EXPECT_EQ(compact(1'500), "1,500");
    EXPECT_EQ(compact(45'812), "45.8 k");
    EXPECT_EQ(compact(8.5e6), "8.5 M");
}

TEST(Percent, NeverRoundsSomethingToNothing) {
    EXPECT_EQ(percent(12, 1'000), "1.2 %");
    EXPECT_EQ(percent(1, 8'500'000), "under 0.001 %");
    EXPECT_EQ(percent(0, 10), "0 %");
    EXPECT_EQ(percent(0, 0), "0 %");
}

TimeChart chart_of(std::vector<Line> lines) {
    TimeChart chart;
    chart.title = "Harm <over> time";
    chart.end = {86'400};
    chart.lines = std::move(lines);
    return chart;
}

TEST(TimeChart, KeepsPeaksOfLongSeries) {
    Line line{"affected", {}, Tone::kAffected, 0, false};
    for (int i = 0; i < 20'000; ++i) {
        line.points.push_back({{i * 4}, i == 12'345 ? 777.0 : 1.0});
    }
    const std::string svg = time_chart(chart_of({line}));
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_THAT(svg, HasSubstr("49380 777,")) << "the peak, at its moment";
    EXPECT_LT(svg.size(), 20'000u);
}

TEST(TimeChart, CutsWhatLiesOutside) {
    const std::vector<record::Point> points = {{{100}, 1}, {{200}, 2}, {{300}, 3}, {{400}, 4}};
    EXPECT_EQ(window(points, {250}, {350}), (std::vector<record::Point>{{{250}, 2}, {{300}, 3}}));
    EXPECT_EQ(window(points, {0}, {150}), (std::vector<record::Point>{{{100}, 1}}));
    EXPECT_TRUE(window(points, {0}, {50}).empty());
}

TEST(TimeChart, PutsFlagsOfAKindTogetherAndOthersBelow) {
    TimeChart chart = chart_of({{"affected", {{{0}, 1}}, Tone::kAffected, 0, false}});
    for (int i = 0; i < 50; ++i) {
        chart.flags.push_back({{40'000 + i}, 'P', "promotion " + std::to_string(i)});
    }
    chart.flags.push_back({{40'010}, 'H', "halt"});
    chart.flags.push_back({{90'000}, 'R', "too late to be seen"});
    const std::string svg = time_chart(chart);
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_THAT(svg, HasSubstr("promotion 0; promotion 1"));
    EXPECT_THAT(svg, HasSubstr("and 44 more"));
    EXPECT_THAT(svg, HasSubstr("flag-H"));
    EXPECT_THAT(svg, Not(HasSubstr("too late")));
}

// Labels stand at least their own height apart, or one would lie on another.
TEST(TimeChart, MovesLabelsApart) {
    std::vector<Line> lines;
    for (int i = 0; i < 20; ++i) {
        lines.push_back(
            {"run " + std::to_string(i), {{{0}, 5.0 + 0.001 * i}}, Tone::kInk, 0, false});
    }
    const std::string svg = time_chart(chart_of(std::move(lines)));
    std::vector<double> places;
    const std::string mark = "<text class=\"label\"";
    for (size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
        const size_t y = svg.find(" y=\"", at) + 4;
        places.push_back(std::stod(svg.substr(y, svg.find('"', y) - y)));
    }
    ASSERT_EQ(places.size(), 20u);
    for (size_t i = 1; i < places.size(); ++i) {
        EXPECT_GE(places[i] - places[i - 1], 15.9);
    }
    EXPECT_GT(places.front(), 0);
}

TEST(TimeChart, EscapesTitlesAndNames) {
    TimeChart chart = chart_of({{"<b>\"x\"", {{{0}, 1}}, Tone::kInk, 0, false}});
    chart.thresholds = {{3, "<i>"}};
    const std::string svg = time_chart(chart);
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_THAT(svg, HasSubstr("Harm &lt;over&gt; time"));
    EXPECT_THAT(svg, HasSubstr("&lt;i&gt;"));
}

TEST(ScatterChart, NamesEachDot) {
    ScatterChart chart;
    chart.title = "trade";
    chart.dots = {{"big-bang", 10, 343, Tone::kAffected},
                  {"<canary>", 10, 343, Tone::kRefused},
                  {"nothing", 0, 0, Tone::kInk}};
    const std::string svg = scatter_chart(chart);
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_THAT(svg, HasSubstr("big-bang"));
    EXPECT_THAT(svg, HasSubstr("&lt;canary&gt;"));
    EXPECT_THAT(svg, HasSubstr("nothing"));
}

}  // namespace
}  // namespace firebreak::report
