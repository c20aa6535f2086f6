// Keys, entries and clocks for tests of reputations.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "endpoint/reputation/reputation_table.h"
#include "ports/clock.h"

namespace firebreak::endpoint::reputation::test {

// The n-th file or signer: uniform, as real ones are.
Sha256 key(uint64_t n);
// Another key with the same first eight bytes: what only hostile content has.
Sha256 crowded_key(uint64_t n);
// key(0) … key(count - 1), with reputations from 0 to 100 in turn.
std::vector<TableEntry> entries(size_t count);

// A table's bytes with the checksum that belongs to them: what a maker of bad tables would send.
base::Bytes resealed(base::Bytes table);

// Where the parts of a table are (reputation_table.h).
inline constexpr size_t kVersionAt = 8;
inline constexpr size_t kReservedAt = 12;
inline constexpr size_t kFilesAt = 16;
inline constexpr size_t kSignersAt = 24;
inline constexpr size_t kKeysAt = 32;
inline constexpr size_t kKeyBytes = 32;
inline constexpr size_t kChecksumBytes = 32;

class SetClock final : public ports::Clock {
  public:
    bool reached(base::UtcTime time) override { return now >= time; }
    base::UtcTime now{1'772'000'000};
};

}  // namespace firebreak::endpoint::reputation::test
