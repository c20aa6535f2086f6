#include "endpoint/reputation/sorted_keys.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/random.h"

namespace firebreak::endpoint::reputation {

namespace {

// SHA-256 is uniform, so a key's first bits say about where it is: off by √n at the first guess, by
// the fourth root at the second. A look-up among 10 M keys reads 5.1 of them (bench_reputation).
// Keys that somebody chose are not uniform; after so many guesses the rest is bisected.
constexpr unsigned kMostGuesses = 8;
constexpr size_t kAtOnce = 32;  // look-ups under way together

// The first eight bytes as a number that sorts as they do.
uint64_t prefix_of(const uint8_t* key) {
    uint64_t number;
    std::memcpy(&number, key, sizeof number);
    return std::endian::native == std::endian::little ? __builtin_bswap64(number) : number;
}

// About how many of `count` uniform keys lie within this distance of the prefix.
size_t expected_within(uint64_t distance, size_t count) {
    return static_cast<size_t>((static_cast<base::Wide>(distance) * count) >> 64);
}

// One look-up under way.
class Search {
  public:
    enum class State { kGoesOn, kFound, kAbsent };

    Search() = default;
    Search(const uint8_t* keys, size_t count, const Sha256& key)
        : keys_(keys),
          key_(key.data()),
          prefix_(prefix_of(key.data())),
          count_(count),
          high_(count),
          guess_(expected_within(prefix_, count)) {}

    // The table's key that the next step reads; there is one unless the table is empty.
    const uint8_t* next() const { return keys_ + guess_ * kKeyBytes; }
    size_t position() const { return guess_; }
    unsigned probes() const { return probes_; }

    State step() {
        const uint64_t found = prefix_of(next());
        int order = prefix_ < found ? -1 : 1;
        if (prefix_ == found) {
            order = std::memcmp(key_, next(), kKeyBytes);
        }
        ++probes_;
        if (order == 0) {
            return State::kFound;
        }
        if (order > 0) {
            low_ = guess_ + 1;
            guess_ = low_ + expected_within(prefix_ - found, count_);
        } else {
            high_ = guess_;
            const size_t back = 1 + expected_within(found - prefix_, count_);
            guess_ = back < guess_ ? guess_ - back : 0;
        }
        if (low_ >= high_) {
            return State::kAbsent;
        }
        guess_ = probes_ < kMostGuesses ? std::clamp(guess_, low_, high_ - 1)
                                        : low_ + (high_ - low_) / 2;
        return State::kGoesOn;
    }

  private:
    const uint8_t* keys_ = nullptr;
    const uint8_t* key_ = nullptr;
    uint64_t prefix_ = 0;
    size_t count_ = 0;
    size_t low_ = 0;  // if it is there at all, it is in [low_, high_)
    size_t high_ = 0;
    size_t guess_ = 0;  // in [low_, high_)
    unsigned probes_ = 0;
};

Search::State finish(Search& search) {
    Search::State state = search.step();
    while (state == Search::State::kGoesOn) {
        state = search.step();
    }
    return state;
}

// One look-up of a batch. Ends each turn with its next piece of memory on the way.
class Turn {
  public:
    Turn() = default;
    Turn(const Search& search, const uint8_t* reputations, size_t asked)
        : search_(search), reputations_(reputations), asked_(asked) {
        __builtin_prefetch(search_.next());
    }

    // False: answer() is there.
    bool goes_on() {
        if (found_) {
            return false;
        }
        switch (search_.step()) {
            case Search::State::kGoesOn:
                __builtin_prefetch(search_.next());
                return true;
            case Search::State::kFound:
                __builtin_prefetch(reputations_ + search_.position());
                found_ = true;
                return true;
            case Search::State::kAbsent:
                break;
        }
        return false;
    }
    size_t asked() const { return asked_; }
    std::optional<uint8_t> answer() const {
        return found_ ? std::optional(reputations_[search_.position()]) : std::nullopt;
    }

  private:
    Search search_;
    const uint8_t* reputations_ = nullptr;
    size_t asked_ = 0;  // its place in the batch
    bool found_ = false;
};

}  // namespace

Sha256 SortedKeys::key(size_t n) const {
    Sha256 key;
    std::memcpy(key.data(), keys_.data() + n * kKeyBytes, kKeyBytes);
    return key;
}

size_t SortedKeys::ascending() const {
    if (size() == 0) {
        return 0;
    }
    uint64_t before = prefix_of(keys_.data());
    for (size_t n = 1; n < size(); ++n) {
        const uint8_t* key = keys_.data() + n * kKeyBytes;
        const uint64_t here = prefix_of(key);
        if (before > here ||
            (before == here && std::memcmp(key - kKeyBytes, key, kKeyBytes) >= 0)) {
            return n;
        }
        before = here;
    }
    return size();
}

std::optional<uint8_t> SortedKeys::look_up(const Sha256& key) const {
    if (size() == 0) {
        return std::nullopt;
    }
    Search search(keys_.data(), size(), key);
    return finish(search) == Search::State::kFound ? std::optional(reputations_[search.position()])
                                                   : std::nullopt;
}

void SortedKeys::look_up(std::span<const Sha256> keys,
                         std::span<std::optional<uint8_t>> answers) const {
    if (keys.size() != answers.size()) {
        std::abort();
    }
    if (size() == 0) {
        std::ranges::fill(answers, std::nullopt);
        return;
    }
    std::array<Turn, kAtOnce> turns;
    size_t started = 0;
    const auto start = [&](Turn& turn) {
        turn = Turn(Search(keys_.data(), size(), keys[started]), reputations_.data(), started);
        ++started;
    };
    size_t busy = std::min(kAtOnce, keys.size());
    std::for_each_n(turns.begin(), busy, start);
    while (busy > 0) {
        for (size_t i = 0; i < busy;) {
            Turn& turn = turns[i];
            if (turn.goes_on()) {
                ++i;
                continue;
            }
            answers[turn.asked()] = turn.answer();
            if (started < keys.size()) {
                start(turn);
                ++i;
            } else {
                turn = turns[--busy];
            }
        }
    }
}

unsigned SortedKeys::probes(const Sha256& key) const {
    if (size() == 0) {
        return 0;
    }
    Search search(keys_.data(), size(), key);
    finish(search);
    return search.probes();
}

unsigned SortedKeys::most_probes() const {
    return kMostGuesses + static_cast<unsigned>(std::bit_width(size()));
}

}  // namespace firebreak::endpoint::reputation
