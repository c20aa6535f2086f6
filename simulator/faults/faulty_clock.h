// Fault model: an endpoint's clock that is wrong by a constant. It runs at the right speed, and it
// is as wrong at every question of one assay. What it does not do: jump, stop or drift.
#pragma once

#include "faults/fault.h"
#include "ports/clock.h"

namespace firebreak::faults {

// Wrong for kWrongClock; for any other fault it answers as `inner`, which must outlive it.
class FaultyClock final : public ports::Clock {
  public:
    FaultyClock(ports::Clock& inner, const Fault& fault);
    bool reached(base::UtcTime time) override;

  private:
    ports::Clock& inner_;
    base::Duration shift_;
};

}  // namespace firebreak::faults
