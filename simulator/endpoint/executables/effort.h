// A bound on the work that bytes from outside may cause.
#pragma once

#include <cstdint>

namespace firebreak::endpoint::executables {

// Counts steps: one for each candidate, section, segment and certificate that is looked at.
class Effort {
  public:
    explicit Effort(uint64_t allowed) : allowed_(allowed) {}

    // Whether that much was left. Once something was not, nothing is.
    bool spend(uint64_t steps) {
        used_up_ = used_up_ || steps > allowed_ - spent_;
        spent_ += used_up_ ? 0 : steps;
        return !used_up_;
    }
    uint64_t spent() const { return spent_; }
    bool used_up() const { return used_up_; }

  private:
    uint64_t allowed_;
    uint64_t spent_ = 0;
    bool used_up_ = false;
};

}  // namespace firebreak::endpoint::executables
