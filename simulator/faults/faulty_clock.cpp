#include "faults/faulty_clock.h"

namespace firebreak::faults {

FaultyClock::FaultyClock(ports::Clock& inner, const Fault& fault)
    : inner_(inner),
      shift_(fault.kind == FaultKind::kWrongClock ? fault.shift : base::Duration{}) {}

// It shows the right time plus the shift.
bool FaultyClock::reached(base::UtcTime time) {
    return inner_.reached(time + base::Duration{-shift_.seconds});
}

}  // namespace firebreak::faults
