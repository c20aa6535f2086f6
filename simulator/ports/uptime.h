// How long the endpoint has been up, for what is measured in spans: back-off, say. Unlike its clock
// it cannot be wrong, and nothing of it survives a restart.
#pragma once

#include "base/sim_time.h"

namespace firebreak::ports {

class Uptime {
  public:
    virtual ~Uptime() = default;
    // Since the start of the machine; never goes back.
    virtual base::Duration up() = 0;
};

}  // namespace firebreak::ports
