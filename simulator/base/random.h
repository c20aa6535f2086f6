// Counter-based randomness: a draw is a pure function of (seed, stream, endpoint, n), so any number
// of threads, in any order, draws the same. The mixer is SplitMix64's finalizer (Steele, Lea and
// Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014), applied once per key part.
#pragma once

#include <cmath>
#include <cstdint>

namespace firebreak::base {

__extension__ using Wide = unsigned __int128;

constexpr uint64_t mix64(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// What a draw is for. Append only: a number here is part of every recorded fingerprint.
enum class Stream : uint32_t {
    kPersona = 1,
    kTenant = 2,
    kPollPhase = 3,
    kPollJitter = 4,
    kOnline = 5,
    kFaultShare = 6,
    kFaultVariant = 7,
    kTrigger = 8,
    kMutation = 9,
    kSignal = 10,
    kRecovery = 11,
    kCampaign = 12,
    kDecision = 13,
    kPersonaEvents = 14,
    kDiskDamage = 15,
};

// One stream of draws of one seed. A value; free to copy and to share between threads.
class RandomStream {
  public:
    constexpr RandomStream(uint64_t seed, Stream stream)
        : key_(mix64(mix64(seed) ^ static_cast<uint64_t>(stream))) {}

    // 64 uniform bits for draw n of this endpoint.
    constexpr uint64_t bits(uint64_t endpoint, uint64_t n = 0) const {
        return mix64(mix64(key_ ^ endpoint) + n);
    }
    // Uniform in [0, bound); bound > 0. The bias is below bound / 2^64.
    constexpr uint64_t below(uint64_t bound, uint64_t endpoint, uint64_t n = 0) const {
        return static_cast<uint64_t>((static_cast<Wide>(bits(endpoint, n)) * bound) >> 64);
    }
    // Uniform in [0, 1), 53 bits.
    constexpr double unit(uint64_t endpoint, uint64_t n = 0) const {
        return static_cast<double>(bits(endpoint, n) >> 11) * 0x1.0p-53;
    }
    // Exponential waiting time with this rate > 0, in the rate's unit of time.
    double waiting_time(double rate, uint64_t endpoint, uint64_t n = 0) const {
        return -std::log1p(-unit(endpoint, n)) / rate;
    }

  private:
    uint64_t key_;
};

}  // namespace firebreak::base
