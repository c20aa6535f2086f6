#include "models/run_chart.h"

#include <gmock/gmock.h>

#include <QStringList>

#include "support/sample_run.h"

namespace firebreak::models {
namespace {

using base::Metric;
using record::kAll;
using testing::ElementsAre;
using testing::SizeIs;

QStringList names(const RunChart& chart) {
    QStringList out;
    for (const ChartLine& line : chart.lines) {
        out.push_back(line.name);
    }
    return out;
}

double at(const RunChart& chart, const QString& name, base::SimTime time) {
    for (const ChartLine& line : chart.lines) {
        if (line.name == name) {
            return value_at(line.own, time).value_or(-1);
        }
    }
    return -2;
}

TEST(RunChart, ShowsOneGroupOrAll) {
    const record::Run run = test::rich_run();
    const RunChart all = chart_of(run, ChartKind::kReach, kAll);
    const RunChart group = chart_of(run, ChartKind::kReach, 2);
    EXPECT_EQ(names(all), QStringList({"exposed", "affected", "refused"}));
    EXPECT_EQ(at(group, "affected", run.reached),
              record::value_at(run.series, {Metric::kAffected, 2}, run.reached));
    EXPECT_GT(at(all, "affected", run.reached), at(group, "affected", run.reached));
}

TEST(RunChart, HasALineForEachReleaseAndNoMoreThanCanBeRead) {
    record::Run run = test::rich_run();
    EXPECT_EQ(names(chart_of(run, ChartKind::kAdoption, kAll)),
              QStringList({"rules-1", "rules-2", "rules-3"}));
    for (int i = 0; i < 40; ++i) {
        run.header.releases.push_back(
            {"more-" + std::to_string(i), "DatasetA", "1", "update", {}, ""});
    }
    const RunChart chart = chart_of(run, ChartKind::kAdoption, kAll);
    EXPECT_THAT(chart.lines, SizeIs(8));
    EXPECT_EQ(chart.lines[0].name, "rules-1");  // spread furthest
}

// Whatever overlaps in the record: nobody is counted twice, nobody is left out.
TEST(RunChart, HealthAddsUpToTheFleet) {
    record::Run run = test::rich_run();
    for (auto& [key, points] : run.series) {
        if (key.metric == Metric::kProtected && key.part == kAll) {
            points.push_back({{40 * 3600}, points.back().value * 0.6});
        }
    }
    for (const int32_t group : {kAll, 2}) {
        const RunChart chart = chart_of(run, ChartKind::kHealth, group);
        ASSERT_THAT(chart.lines, SizeIs(4));
        EXPECT_TRUE(chart.stacked);
        const double endpoints = group == kAll ? 90'000 : 19'000;
        for (const int64_t hour : {1, 20, 34, 41, 160}) {
            double sum = 0;
            for (const ChartLine& line : chart.lines) {
                const double own = value_at(line.own, {hour * 3600}).value_or(0);
                EXPECT_GE(own, 0);
                sum += own;
                EXPECT_NEAR(value_at(line.top, {hour * 3600}).value_or(0), sum, 1e-6);
            }
            EXPECT_NEAR(sum, endpoints, 1e-6) << "hour " << hour;
        }
    }
    EXPECT_GT(at(chart_of(run, ChartKind::kHealth, kAll), "without protection", {41 * 3600}), 0);
}

TEST(RunChart, SignalsCarryTheThresholdOfTheSettings) {
    record::Run run = test::rich_run();
    const RunChart chart = chart_of(run, ChartKind::kSignals, kAll);
    EXPECT_TRUE(names(chart).contains("crash reports"));
    ASSERT_TRUE(chart.threshold);
    EXPECT_EQ(chart.threshold->value, 10);
    run.header.settings.clear();
    EXPECT_FALSE(chart_of(run, ChartKind::kSignals, kAll).threshold);
    EXPECT_FALSE(chart_of(run, ChartKind::kAlerts, kAll).threshold);
}

TEST(RunChart, KnowsWhenThereIsNothingYet) {
    record::Run run = test::sample_run();
    EXPECT_FALSE(chart_of(run, ChartKind::kReach, kAll).nothing_yet());
    EXPECT_TRUE(chart_of(run, ChartKind::kSignals, kAll).nothing_yet());
    EXPECT_TRUE(chart_of(run, ChartKind::kHealth, kAll).nothing_yet());
    EXPECT_TRUE(chart_of(run, ChartKind::kReach, 0).nothing_yet());
}

}  // namespace
}  // namespace firebreak::models
