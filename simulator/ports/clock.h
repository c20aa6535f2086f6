// The endpoint's own clock, which can be wrong.
#pragma once

#include "base/sim_time.h"

namespace firebreak::ports {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual base::UtcTime now() const = 0;
};

}  // namespace firebreak::ports
