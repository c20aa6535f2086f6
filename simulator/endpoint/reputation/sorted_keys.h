// Sorted hashes with a reputation each: what a table is made of, and how it is searched.
#pragma once

#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/sha256.h"

namespace firebreak::endpoint::reputation {

using base::Sha256;

inline constexpr size_t kKeyBytes = sizeof(Sha256);

// Keys in strictly ascending order, and the reputation of each, in place.
class SortedKeys {
  public:
    // As many keys of 32 bytes as reputations of one. Nothing is looked at yet.
    SortedKeys(base::ByteView keys, base::ByteView reputations)
        : keys_(keys), reputations_(reputations) {}

    size_t size() const { return reputations_.size(); }
    Sha256 key(size_t n) const;
    uint8_t reputation(size_t n) const { return reputations_[n]; }

    // How many keys from the first on are strictly ascending. What follows holds if all are.
    size_t ascending() const;

    // nullopt: not there.
    std::optional<uint8_t> look_up(const Sha256& key) const;
    // The same for each of `keys`, whose answers go where they stand in `answers`, which is as
    // long. Several times as fast: while one key's memory is on its way, the others go on.
    void look_up(std::span<const Sha256> keys, std::span<std::optional<uint8_t>> answers) const;
    // How many of the table's keys a look-up of this one reads. Never more than most_probes().
    unsigned probes(const Sha256& key) const;
    // O(log size()), whatever the keys are: a few guesses, then bisection.
    unsigned most_probes() const;

  private:
    base::ByteView keys_;
    base::ByteView reputations_;
};

}  // namespace firebreak::endpoint::reputation
