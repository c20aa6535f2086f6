// What a chart's pixels can show of a series: steps, thinned out with every peak kept.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "record/run.h"

namespace firebreak::models {

// A step function: each value holds until the next point. Ascending in time.
using Steps = std::vector<record::Point>;

// Nullopt before the first point.
std::optional<double> value_at(const Steps& steps, base::SimTime at);

// The steps from `begin` to `end` (begin < end) for that many columns of pixels (at least one): of
// each column the first, the lowest, the highest and the last, so that no peak is lost and every
// kept point is a true one, at most 4 * columns + 2. Begins with the value in force at `begin`, if
// there is one, and ends with the one in force at `end`. Costs no more than the steps in between.
Steps view(const Steps& steps, base::SimTime begin, base::SimTime end, size_t columns);

// The largest value; 0 if there is none above.
double highest(const Steps& steps);

}  // namespace firebreak::models
