#include "report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "report/markup.h"

namespace firebreak::report {

namespace {

// 1, 2 or 5 times a power of ten, the first that is no smaller than `rough` > 0.
double nice_step(double rough) {
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough * (1 - 1e-9)) {
            return factor * power;
        }
    }
    return 10 * power;
}

std::string tick_text(double value, Quantity quantity) {
    return quantity == Quantity::kShare ? fmt::format("{:.6g} %", 100 * value) : compact(value);
}

}  // namespace

ValueAxis::ValueAxis(Scale scale, Quantity quantity, double most) : scale_(scale) {
    if (scale_ == Scale::kLog) {
        const int decades =
            std::max(1, static_cast<int>(std::ceil(std::log10(std::max(most, 1.0)))));
        top_ = std::pow(10, decades);
        ticks_.push_back({0, tick_text(0, quantity)});
        for (int n = 0; n <= decades; n += decades > 5 ? 2 : 1) {
            ticks_.push_back({std::pow(10, n), tick_text(std::pow(10, n), quantity)});
        }
        return;
    }
    constexpr double kSteps = 4;
    double step = nice_step(std::max(most, 1e-9) / kSteps);
    if (quantity == Quantity::kCount) {
        step = std::max(step, 1.0);  // there is no half endpoint
    }
    const double steps = std::max(1.0, std::ceil(most / step - 1e-9));
    top_ = steps * step;
    for (double n = 0; n <= steps; ++n) {
        ticks_.push_back({n * step, tick_text(n * step, quantity)});
    }
}

double ValueAxis::raw(double value) const {
    constexpr double kBelowOne = 0.5;
    return value <= 1 ? kBelowOne * std::max(value, 0.0) : kBelowOne + std::log10(value);
}

double ValueAxis::place(double value) const {
    return scale_ == Scale::kLog ? raw(value) / raw(top_) : std::max(value, 0.0) / top_;
}

std::string compact(double value) {
    const double size = std::abs(value);
    return size >= 1e9    ? fmt::format("{:.3g} G", value / 1e9)
           : size >= 1e6  ? fmt::format("{:.3g} M", value / 1e6)
           : size >= 1e4  ? fmt::format("{:.3g} k", value / 1e3)
           : size >= 1000 ? base::with_thousands(std::llround(value))
                          : fmt::format("{:.3g}", value);
}

std::string worded(double value, Quantity quantity) {
    switch (quantity) {
        case Quantity::kShare:
            return percent(value, 1);
        case Quantity::kHours:
            return rounded(value) + " h";
        case Quantity::kCount:
            break;
    }
    return base::with_thousands(std::llround(value));
}

std::vector<Tick> time_ticks(base::SimTime begin, base::SimTime end, size_t most) {
    constexpr int64_t kSteps_s[] = {300,   600,   900,   1800,   3600,   7200,    10800,
                                    21600, 43200, 86400, 172800, 604800, 1209600, 2592000};
    const int64_t span = std::max<int64_t>(end.seconds - begin.seconds, 1);
    int64_t step = 0;
    for (const int64_t candidate : kSteps_s) {
        if (step == 0 && span / candidate + 1 <= static_cast<int64_t>(most)) {
            step = candidate;
        }
    }
    if (step == 0) {
        step = 86400 * (span / (86400 * static_cast<int64_t>(std::max<size_t>(most, 2) - 1)) + 1);
    }
    std::vector<Tick> ticks;
    for (int64_t at = (begin.seconds + step - 1) / step * step; at <= end.seconds; at += step) {
        ticks.push_back({static_cast<double>(at), step % 86400 == 0
                                                      ? fmt::format("day {}", at / 86400 + 1)
                                                      : to_text(base::SimTime{at})});
    }
    return ticks;
}

}  // namespace firebreak::report
