// The endpoint's own clock, which can be wrong.
#pragma once

#include "base/sim_time.h"

namespace firebreak::ports {

// Answers comparisons only. So what a component did holds for every reading between the times that
// it compared with, and nothing can store a reading.
class Clock {
  public:
    virtual ~Clock() = default;
    // Whether it is that time by this clock, or later.
    virtual bool reached(base::UtcTime time) = 0;
};

}  // namespace firebreak::ports
