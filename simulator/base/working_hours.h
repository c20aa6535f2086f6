// When people are at work.
#pragma once

#include "base/sim_time.h"

namespace firebreak::base {

struct WorkingHours {
    int from_hour = 8;    // 0 to 23
    int until_hour = 18;  // from_hour + 1 to 24
    bool weekends = false;

    friend bool operator==(const WorkingHours&, const WorkingHours&) = default;
};

// Working hours laid over a run that starts at a certain moment of the (UTC) calendar.
class Shift {
  public:
    Shift(WorkingHours hours, UtcTime start) : hours_(hours), start_(start) {}

    bool open(SimTime at) const;
    // `at` if somebody works then, else the next moment at which somebody does.
    SimTime next_open(SimTime at) const;
    // When work of this length that begins at `from` at the earliest is done; it pauses when
    // nobody works.
    SimTime done(SimTime from, Duration work) const;

  private:
    WorkingHours hours_;
    UtcTime start_;
};

}  // namespace firebreak::base
