// Endpoints, a column per field. Rows are sorted by segment (a release group, or the part of
// one that is offered the same at the same time) and, within it, by poll phase, so that those that
// poll in a slice of time stand next to each other: a slice touches only them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/sim_time.h"

namespace firebreak::fleet {

using SetId = base::Id<struct ContentSetTag>;  // one interned tuple of component states
using Row = uint32_t;

inline constexpr int64_t kPollPeriod_s = 3600;  // the modelled product checks hourly
// Uniform delay of each poll, so that a fleet does not knock in unison (Chromium's updater: ≤ 1
// minute). Ours; the modelled product's is not published.
inline constexpr int64_t kPollJitter_s = 60;

struct SegmentSpec {
    uint32_t endpoints = 0;
    std::vector<double> persona_weights;  // by persona number
    uint32_t tenants = 1;
    uint32_t first_tenant = 0;
};

// The chance of being online, per hour of the week from Monday 00:00.
using OnlinePattern = std::array<float, 168>;

struct Due {
    Row row;
    base::SimTime at;
};

// How many of `total` each weight gets: exact proportions, rounded by largest remainders.
std::vector<uint32_t> shares(uint32_t total, const std::vector<double>& weights);

class Population {
  public:
    // Personas are shared out in exact proportion (largest remainders), then shuffled. At most 255
    // personas and 2^32 - 1 endpoints in all. `first_hour`: hour of the week at time 0.
    Population(uint64_t seed, const std::vector<SegmentSpec>& segments,
               std::vector<OnlinePattern> personas, uint32_t first_hour, SetId initial);

    size_t size() const { return set_.size(); }
    size_t segments() const { return first_.size() - 1; }
    size_t personas() const { return patterns_.size(); }
    Row begin(size_t segment) const { return first_[segment]; }
    Row end(size_t segment) const { return first_[segment + 1]; }
    size_t segment_of(Row row) const;

    uint8_t persona(Row row) const { return persona_[row]; }
    uint32_t tenant(Row row) const { return tenant_[row]; }
    SetId set(Row row) const { return {set_[row]}; }
    void assign(Row row, SetId set) { set_[row] = set.value; }

    bool online(Row row, base::SimTime at) const;
    // `at`, or the first hour after it in which the machine is online; `end` if there is none.
    base::SimTime next_online(Row row, base::SimTime at, base::SimTime end) const;
    // When the machine will have been online for so long (in seconds) from `at` on; `end` if it is
    // not before then.
    base::SimTime after_online(Row row, base::SimTime at, int64_t online_s,
                               base::SimTime end) const;

    // Appends the polls of this segment that fall in [from, to) and find the machine online,
    // leaving out content sets that `idle` marks: polls that are known to find nothing cost no more
    // than their place in the sweep. Rows ascend. Returns how many polls the slice holds, idle ones
    // and those of machines that are off included. [from, to) lies within one hour.
    uint64_t due_polls(size_t segment, base::SimTime from, base::SimTime to,
                       std::span<const uint8_t> idle, std::vector<Due>& due) const;

    // Bytes per endpoint that the columns take.
    static constexpr size_t kBytesPerEndpoint =
        sizeof(uint32_t) + sizeof(uint32_t) + sizeof(uint16_t) + sizeof(uint8_t);

  private:
    std::vector<Row> first_;  // of each segment, and the end
    std::vector<uint32_t> set_;
    std::vector<uint32_t> tenant_;
    std::vector<uint16_t> phase_;
    std::vector<uint8_t> persona_;
    std::vector<OnlinePattern> patterns_;
    uint32_t first_hour_;
    base::RandomStream jitter_, online_;
};

}  // namespace firebreak::fleet
