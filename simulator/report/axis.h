// Axes of charts: where values lie and which ticks a reader gets.
#pragma once

#include <string>
#include <vector>

#include "base/sim_time.h"

namespace firebreak::report {

struct Tick {
    double value = 0;
    std::string label;
};

enum class Scale : uint8_t {
    kLinear,
    kLog,  // a decade for each power of ten from 1 on; 0 to 1 takes half a decade and is linear
};
enum class Quantity : uint8_t { kCount, kShare, kHours };  // shares: 0 to 1, shown in percent

// Maps values from 0 to `most` onto 0 to 1.
class ValueAxis {
  public:
    // Rounds `most` up to a whole number of steps.
    ValueAxis(Scale scale, Quantity quantity, double most);
    double place(double value) const;
    const std::vector<Tick>& ticks() const { return ticks_; }

  private:
    double raw(double value) const;
    Scale scale_;
    double top_ = 1;
    std::vector<Tick> ticks_;
};

// "8.5 M", "20 k", "1,500": for axes and labels with little room.
std::string compact(double value);
// In the quantity's own words: "12", "3.4 %", "1,200 h".
std::string worded(double value, Quantity quantity);

// Ticks at whole steps of time, at most `most` of them: "day 2", or "day 2 14:05" where a step is
// shorter than a day.
std::vector<Tick> time_ticks(base::SimTime begin, base::SimTime end, size_t most);

}  // namespace firebreak::report
