// What a run takes, told at less cost than the run itself.
#pragma once

#include <time.h>

#include <chrono>
#include <cstdint>

namespace firebreak::endpoint::lua {

// Counts of the processor's time stamp, where there is one (it costs a third of a clock's reading),
// else nanoseconds. They go by even while a process waits, and differ from machine to machine: for
// telemetry, and for budgets only as shares of processor_time().
class Stopwatch {
  public:
    using Count = uint64_t;

    // Finds out how long a count is; takes some 50 us.
    Stopwatch() {
        constexpr std::chrono::microseconds kLongEnough(50);
        const auto begin = std::chrono::steady_clock::now();
        const Count first = now();
        auto passed = begin - begin;
        while (passed < kLongEnough) {
            passed = std::chrono::steady_clock::now() - begin;
        }
        const Count counts = now() - first;
        ns_per_count_ = counts == 0
                            ? 1
                            : static_cast<double>(std::chrono::nanoseconds(passed).count()) /
                                  static_cast<double>(counts);
    }

    static Count now() {
#if defined(__x86_64__)
        return __builtin_ia32_rdtsc();
#else
        return static_cast<Count>(
            std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
#endif
    }
    // Nanoseconds that this thread has been at work; a system call.
    static uint64_t processor_time() {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 +
               static_cast<uint64_t>(time.tv_nsec);
    }
    uint64_t nanoseconds(Count counts) const {
        return static_cast<uint64_t>(static_cast<double>(counts) * ns_per_count_);
    }

  private:
    double ns_per_count_;
};

}  // namespace firebreak::endpoint::lua
