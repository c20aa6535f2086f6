// Theory tests: each simulates thousands of watches with fixed seeds, and states the interval that
// its result must lie in. Fixed seeds make the outcome fixed too; the intervals are four standard
// errors wide on each side, so that a right implementation passes with other seeds as well.
#include "cloud/sequential_test.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "base/random.h"

namespace firebreak::cloud {
namespace {

constexpr uint64_t kWatches = 4000;

// From background and defect of the usual size (events per endpoint-hour) to rates that are close.
constexpr TestDesign kDesigns[] = {{1e-6, 1e-4, 0.01 / 6}, {0.1, 0.3, 0.05}, {0.1, 0.15, 0.02}};

// Four standard errors of the share of `kWatches` watches.
double four_errors(double share) {
    return 4 * std::sqrt(share * (1 - share) / kWatches);
}

// The hours after which one watch of Poisson events at this rate alarms, looked at after every
// event; nullopt: not within `horizon`.
std::optional<double> hours_to_alarm(const TestDesign& design, double rate, double horizon,
                                     uint64_t watch) {
    const base::RandomStream random(2, base::Stream::kTrigger);
    SequentialTest test(design);
    for (uint64_t n = 0;; ++n) {
        const double wait = random.waiting_time(rate, watch, n);
        if (test.hours() + wait > horizon) {
            return std::nullopt;
        }
        test.watch(wait);
        test.count(1);
        if (test.alarm()) {
            return test.hours();
        }
    }
}

double share_alarmed(const TestDesign& design, double rate, double horizon) {
    uint64_t alarmed = 0;
    for (uint64_t watch = 0; watch < kWatches; ++watch) {
        alarmed += hours_to_alarm(design, rate, horizon, watch).has_value() ? 1 : 0;
    }
    return static_cast<double>(alarmed) / kWatches;
}

TEST(SequentialTest, WeighsEventsAgainstHours) {
    const TestDesign design{0.1, 0.2, 0.05};
    EXPECT_DOUBLE_EQ(design.threshold(), std::log(20));
    EXPECT_DOUBLE_EQ(design.evidence(0, 0), 0);
    EXPECT_DOUBLE_EQ(design.evidence(10, 20), 10 * std::log(2) - 2);
    SequentialTest test(design);
    test.watch(15);
    test.watch(5);
    test.count(7);
    EXPECT_FALSE(test.alarm());
    EXPECT_LT(test.evidence(), design.threshold());
    test.count(1);
    EXPECT_EQ(test.events(), 8u);
    EXPECT_DOUBLE_EQ(test.hours(), 20);
    EXPECT_TRUE(test.alarm()) << "8 ln 2 - 2 = 3.5, and the threshold is ln 20 = 3.0";
}

TEST(SequentialTest, AlarmsAtTheFewestEventsThatItNames) {
    for (const TestDesign& design : kDesigns) {
        for (const double hours : {0.0, 0.5, 24.0, 1e4, 1e6}) {
            const uint64_t n = design.events_to_alarm(hours);
            ASSERT_GE(n, 1u);
            EXPECT_GE(design.evidence(n, hours), design.threshold()) << hours;
            EXPECT_LT(design.evidence(n - 1, hours), design.threshold()) << hours;
        }
    }
}

// The chance that evidence ever crosses is at most false_alarms (Ville). It is also at least
// false_alarms rate0 / rate1, as it is false_alarms E[exp(-overshoot)] and the last event oversteps
// by ln(rate1 / rate0) at most. Both within four binomial errors. At the horizon the evidence is
// -100 on average: what may come later is not worth counting.
TEST(SequentialTest, AlarmsFalselyNoMoreOftenThanStatedHoweverLongItRuns) {
    for (const TestDesign& design : kDesigns) {
        const double horizon = 100 / (design.rate1 - design.rate0 -
                                      design.rate0 * std::log(design.rate1 / design.rate0));
        const double share = share_alarmed(design, design.rate0, horizon);
        const double least = design.false_alarms * design.rate0 / design.rate1;
        EXPECT_LE(share, design.false_alarms + four_errors(design.false_alarms)) << design.rate1;
        EXPECT_GE(share, least - four_errors(least)) << design.rate1;
    }
}

// How many of the watches have so many events at the end that they alarm then.
double share_over_at_the_end(const TestDesign& design, double rate, double hours) {
    const base::RandomStream random(4, base::Stream::kTrigger);
    uint64_t over = 0;
    for (uint64_t watch = 0; watch < kWatches; ++watch) {
        uint64_t events = 0;
        double at = random.waiting_time(rate, watch, 0);
        while (at <= hours) {
            ++events;
            at += random.waiting_time(rate, watch, events);
        }
        over += events >= design.events_to_alarm(hours) ? 1 : 0;
    }
    return static_cast<double>(over) / kWatches;
}

// By the count at the end the power is 0.95, within four binomial errors (0.014). The test itself,
// which has looked all the time, finds no less; it does not find as much of 0.7 of that excess.
TEST(SequentialTest, FindsTheSmallestRateThatItNamesInTheHoursGiven) {
    for (const TestDesign& design : kDesigns) {
        for (const double events : {3.0, 30.0}) {  // that rate1 brings in that time
            const double hours = events / (design.rate1 - design.rate0);
            const double excess = smallest_found(design, hours);
            const double rate = design.rate0 + excess;
            EXPECT_NEAR(share_over_at_the_end(design, rate, hours), 0.95, four_errors(0.95));
            EXPECT_GE(share_alarmed(design, rate, hours), 0.95 - four_errors(0.95));
            EXPECT_LT(share_alarmed(design, design.rate0 + 0.7 * excess, hours),
                      0.95 - four_errors(0.95));
        }
    }
}

TEST(SequentialTest, NamesRatesThatFallWithTimeTowardsWhatItFindsInTheEnd) {
    for (const TestDesign& design : kDesigns) {
        const double in_the_end =
            (design.rate1 - design.rate0) / std::log(design.rate1 / design.rate0) - design.rate0;
        double before = INFINITY;
        for (const double events : {1.0, 10.0, 100.0, 1e4, 1e6}) {
            const double excess = smallest_found(design, events / (design.rate1 - design.rate0));
            EXPECT_LT(excess, before);
            EXPECT_GT(excess, in_the_end);
            before = excess;
        }
        EXPECT_NEAR(before, in_the_end, 0.01 * (in_the_end + design.rate0));
    }
}

TEST(SequentialTest, NeedsMoreForMorePower) {
    const TestDesign& design = kDesigns[0];
    EXPECT_GT(smallest_found(design, 1e5, 0.99), smallest_found(design, 1e5, 0.95));
    EXPECT_GT(smallest_found(design, 1e5, 0.95), smallest_found(design, 1e5, 0.5));
}

// Wald's identity: mean delay = mean evidence at the alarm / its growth per hour, and the evidence
// there is between the threshold and one jump above it. Both ends four standard errors wider.
TEST(SequentialTest, TakesTheDelayOfWaldsIdentity) {
    for (const TestDesign& design : kDesigns) {
        const double jump = std::log(design.rate1 / design.rate0);
        for (const double rate : {design.rate1, 2 * design.rate1}) {
            const double growth = rate * jump - (design.rate1 - design.rate0);
            double sum = 0;
            double squares = 0;
            for (uint64_t watch = 0; watch < kWatches; ++watch) {
                const auto hours = hours_to_alarm(design, rate, INFINITY, watch);
                ASSERT_TRUE(hours.has_value());
                sum += *hours;
                squares += *hours * *hours;
            }
            const double mean = sum / kWatches;
            const double error = std::sqrt((squares / kWatches - mean * mean) / kWatches);
            EXPECT_GE(mean, design.threshold() / growth - 4 * error) << rate;
            EXPECT_LE(mean, (design.threshold() + jump) / growth + 4 * error) << rate;
        }
    }
}

TEST(Gate, FindsByTheRuleOfThree) {
    EXPECT_NEAR(smallest_found_by_gate(100), 0.029957, 1e-6);
    EXPECT_NEAR(smallest_found_by_gate(1, 0.5), std::log(2), 1e-12);
    // Simulated: the first event within 100 hours, 0.95 within four binomial errors.
    const base::RandomStream random(3, base::Stream::kTrigger);
    uint64_t found = 0;
    for (uint64_t watch = 0; watch < kWatches; ++watch) {
        found += random.waiting_time(smallest_found_by_gate(100), watch) <= 100 ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(found) / kWatches, 0.95, four_errors(0.95));
}

// Published tables of the normal distribution (NIST/SEMATECH e-Handbook, 1.3.6.7.1).
TEST(NormalQuantile, IsThatOfThePublishedTables) {
    EXPECT_NEAR(normal_quantile(0.05), 1.644854, 1e-6);
    EXPECT_NEAR(normal_quantile(0.025), 1.959964, 1e-6);
    EXPECT_NEAR(normal_quantile(0.001), 3.090232, 1e-6);
    EXPECT_NEAR(normal_quantile(1e-6), 4.753424, 1e-6);
}

}  // namespace
}  // namespace firebreak::cloud
