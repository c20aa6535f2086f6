// The cloud's answers that may still be used.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>

#include "base/sim_time.h"
#include "base/sha256.h"
#include "ports/clock.h"

namespace firebreak::endpoint::reputation {

using base::Sha256;

// Keeps so many answers, each until its time; one too many drives out the one that was used longest
// ago. A tree and no hash table: whoever chooses the files may not choose how long a look-up takes.
// Not thread-safe.
class CloudCache {
  public:
    // Empty inside: the cloud answered that it does not know the file.
    using Answer = std::optional<uint8_t>;

    explicit CloudCache(size_t capacity) : capacity_(capacity) {}

    // nullopt: none is kept, or its time is over.
    std::optional<Answer> find(const Sha256& file, ports::Clock& clock);
    // In place of what was kept of this file.
    void keep(const Sha256& file, Answer answer, base::UtcTime until);
    size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        Answer answer;
        base::UtcTime until;
        std::list<Sha256>::iterator use;
    };
    void drop(const Sha256& file);

    size_t capacity_;
    std::map<Sha256, Entry> entries_;
    std::list<Sha256> uses_;  // the latest first
};

}  // namespace firebreak::endpoint::reputation
