// How bytes are spread.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace firebreak::endpoint::models {

using Counts = std::array<uint32_t, 256>;

// How often each value comes.
class Histogram {
  public:
    void add(base::ByteView bytes);
    void add(const Counts& counts);
    void add(const Histogram& other);

    uint64_t total() const { return total_; }
    uint64_t count(uint8_t value) const { return counts_[value]; }
    double share(uint8_t value) const;  // 0 of nothing
    double entropy() const;             // bits per byte; 0 of nothing
    double mean() const;                // 0 to 255
    double deviation() const;           // standard deviation
    // Chi-square against a spread over all values alike, per byte.
    double unevenness() const;

  private:
    std::array<uint64_t, 256> counts_{};
    uint64_t total_ = 0;
};

// Of neighbours, in one pass.
struct Sequence {
    double correlation = 0;  // of a byte with the next; 0 where all are the same
    double repeats = 0;      // share that equals the byte before
    double text = 0;         // share in runs of kTextRun printable bytes or more
};
inline constexpr size_t kTextRun = 6;
Sequence sequence_of(base::ByteView bytes, const Histogram& histogram);

// ASCII 0x20 to 0x7e, tab, line feed, carriage return.
constexpr bool is_printable(uint8_t byte) {
    return (byte >= 0x20 && byte <= 0x7e) || byte == '\t' || byte == '\n' || byte == '\r';
}

// Entropies of windows of kWindow bytes, one after another.
struct Windows {
    double mean = 0, most = 0, least = 0, deviation = 0;
    double dense = 0;  // share of those with kDense or more
};
inline constexpr size_t kWindow = 4096;
inline constexpr size_t kLeastWindow = 1024;  // a shorter last one counts only if it is the first
inline constexpr double kDense = 7.8;
// Adds all bytes to `whole`, which costs nothing beside.
Windows windows_of(base::ByteView bytes, Histogram& whole);

}  // namespace firebreak::endpoint::models
