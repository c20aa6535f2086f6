#include "endpoint/reputation/cloud_cache.h"

namespace firebreak::endpoint::reputation {

std::optional<CloudCache::Answer> CloudCache::find(const Sha256& file, ports::Clock& clock) {
    const auto found = entries_.find(file);
    if (found == entries_.end()) {
        return std::nullopt;
    }
    if (clock.reached(found->second.until)) {
        drop(file);
        return std::nullopt;
    }
    uses_.splice(uses_.begin(), uses_, found->second.use);
    return found->second.answer;
}

void CloudCache::keep(const Sha256& file, Answer answer, base::UtcTime until) {
    if (capacity_ == 0) {
        return;
    }
    drop(file);
    if (entries_.size() == capacity_) {
        drop(Sha256(uses_.back()));  // a copy: what it names goes away with it
    }
    uses_.push_front(file);
    entries_[file] = {answer, until, uses_.begin()};
}

void CloudCache::drop(const Sha256& file) {
    const auto found = entries_.find(file);
    if (found != entries_.end()) {
        uses_.erase(found->second.use);
        entries_.erase(found);
    }
}

}  // namespace firebreak::endpoint::reputation
