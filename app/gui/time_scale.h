// The time axis that charts of one pane share: which stretch of time lies on which pixels.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/sim_time.h"

namespace firebreak::gui {

struct TimeScale {
    base::SimTime begin, end{1};  // begin < end
    int left = 0, right = 1;      // pixels, left < right

    double x(base::SimTime at) const {
        return left + static_cast<double>((at - begin).seconds) * (right - left) /
                          static_cast<double>((end - begin).seconds);
    }
    // The nearest moment within the stretch.
    base::SimTime at(double pixel) const {
        const double share = std::clamp((pixel - left) / (right - left), 0.0, 1.0);
        return begin +
               base::Duration{std::llround(share * static_cast<double>((end - begin).seconds))};
    }
    friend bool operator==(const TimeScale&, const TimeScale&) = default;
};

}  // namespace firebreak::gui
