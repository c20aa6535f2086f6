#include "faults/faulty_clock.h"

#include <gtest/gtest.h>

namespace firebreak::faults {
namespace {

class RightClock final : public ports::Clock {
  public:
    bool reached(base::UtcTime time) override { return base::UtcTime{1'772'438'400} >= time; }
};

Fault shifted_by(int64_t seconds) {
    Fault fault;
    fault.kind = FaultKind::kWrongClock;
    fault.shift = base::Duration{seconds};
    return fault;
}

// The latest time that a clock says it has reached, among those around the right one.
int64_t shown(ports::Clock& clock, int64_t around) {
    int64_t latest = around - 100;
    while (clock.reached({latest + 1}) && latest < around + 100) {
        ++latest;
    }
    return latest;
}

TEST(FaultyClock, ShowsTheRightTimePlusTheShift) {
    RightClock right;
    constexpr int64_t kTenYears = 10 * 365 * 86400;
    for (const int64_t shift : {-kTenYears, int64_t{-86400}, int64_t{-1}, int64_t{0}, int64_t{1},
                                int64_t{86400}, kTenYears}) {
        FaultyClock clock(right, shifted_by(shift));
        EXPECT_EQ(shown(clock, 1'772'438'400 + shift), 1'772'438'400 + shift);
    }
}

TEST(FaultyClock, IsRightWhereTheFaultIsAnother) {
    RightClock right;
    Fault fault = shifted_by(86400);
    fault.kind = FaultKind::kBitFlip;
    FaultyClock clock(right, fault);
    EXPECT_EQ(shown(clock, 1'772'438'400), 1'772'438'400);
}

}  // namespace
}  // namespace firebreak::faults
