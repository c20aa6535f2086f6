#include "cloud/sequential_test.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace firebreak::cloud {

namespace {

// The chance that a Poisson number of this mean > 0 is smaller than n. Summed from its largest
// terms down, so that nothing is lost to rounding or to underflow that would count.
double chance_below(uint64_t n, double mean) {
    if (n == 0) {
        return 0;
    }
    const auto top = static_cast<double>(n - 1);
    const double last = std::exp(top * std::log(mean) - mean - std::lgamma(top + 1));
    // Terms grow from n - 1 down to the mean: their sum is 1 less what stands above.
    if (top > mean) {
        double above = 0;
        double term = last;
        for (double k = top + 1; term > above * std::numeric_limits<double>::epsilon(); ++k) {
            term *= mean / k;
            above += term;
        }
        return std::max(0.0, 1 - above);
    }
    double sum = last;
    double term = last;
    for (double k = top; k > 0 && term > sum * std::numeric_limits<double>::epsilon(); --k) {
        term *= k / mean;
        sum += term;
    }
    return std::min(1.0, sum);
}

// Where a falling function comes down to `target`, between `low` and `high`, to the last digit.
double bisect(double low, double high, double target,
              const std::function<double(double)>& falling) {
    while (true) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return high;
        }
        (falling(middle) > target ? low : high) = middle;
    }
}

}  // namespace

double TestDesign::threshold() const {
    return std::log(1 / false_alarms);
}

double TestDesign::evidence(uint64_t n, double hours) const {
    return static_cast<double>(n) * std::log(rate1 / rate0) - (rate1 - rate0) * hours;
}

uint64_t TestDesign::events_to_alarm(double hours) const {
    const double exact = (threshold() + (rate1 - rate0) * hours) / std::log(rate1 / rate0);
    auto n = static_cast<uint64_t>(std::ceil(exact));
    // Rounding must not make this disagree with what alarms.
    while (evidence(n, hours) < threshold()) {
        ++n;
    }
    while (n > 0 && evidence(n - 1, hours) >= threshold()) {
        --n;
    }
    return n;
}

double smallest_found(const TestDesign& design, double hours, double power) {
    const uint64_t n = design.events_to_alarm(hours);
    const auto missed = [&](double mean) { return chance_below(n, mean); };
    double high = static_cast<double>(n);
    while (missed(high) > 1 - power) {
        high *= 2;
    }
    const double mean = bisect(0, high, 1 - power, missed);
    return std::max(0.0, mean / hours - design.rate0);
}

double smallest_found_by_gate(double hours, double power) {
    return -std::log1p(-power) / hours;
}

double normal_quantile(double chance) {
    return bisect(0, 40, chance, [](double z) { return std::erfc(z / std::sqrt(2.0)) / 2; });
}

}  // namespace firebreak::cloud
