// Series made ready for the eye: sums of several, fewer points with every peak kept.
#pragma once

#include <vector>

#include "record/run.h"

namespace firebreak::checks {

// The points of a series up to where the run got; of all groups together if only they were
// recorded one by one. Empty if there are none.
std::vector<record::Point> points_of(const record::Run& run, const record::SeriesKey& key);

// The sum of step functions, each 0 before its first point.
std::vector<record::Point> sum(const std::vector<std::vector<record::Point>>& series);

// At most `most` (at least 12) of the points, in order: of each stretch of time the first, the
// lowest, the highest and the last, so that no peak is lost and every kept point is a true one.
std::vector<record::Point> decimate(const std::vector<record::Point>& points, size_t most);

// The largest value; 0 if there is none above.
double peak(const std::vector<record::Point>& points);

}  // namespace firebreak::checks
