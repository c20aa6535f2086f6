// How a component asks the vendor's cloud about one file, while that file waits.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/sim_time.h"

namespace firebreak::ports {

// Nobody vouches for any of it: an answer is neither signed nor staged.
struct CloudAnswer {
    enum class Kind {
        kScore,        // the cloud knows the file
        kUnknown,      // it answers, and does not
        kUnreachable,  // no answer, or none that can be read
    };
    Kind kind = Kind::kUnreachable;
    uint8_t score = 0;  // with kScore: 0 (known bad) to 100 (known good)
    // The service's own word on how long its answer may be kept; with kScore and kUnknown. A time
    // and no span: the asker can compare times with its clock, and cannot read it.
    base::UtcTime keep_until;
    // Simulated time from the request to the answer, or to the end of the attempt.
    std::chrono::milliseconds latency{0};
};

class CloudLookup {
  public:
    virtual ~CloudLookup() = default;
    // By the file's SHA-256.
    virtual CloudAnswer ask(const std::array<uint8_t, 32>& file) = 0;
};

}  // namespace firebreak::ports
