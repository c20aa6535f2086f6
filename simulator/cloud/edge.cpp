#include "cloud/edge.h"

#include <algorithm>

namespace firebreak::cloud {

void Edge::advance(base::SimTime now) {
    const std::lock_guard lock(mutex_);
    now_ = std::max(now_, now);
    while (!purges_.empty() && purges_.begin()->first <= now_) {
        cache_.erase(purges_.begin()->second);
        purges_.erase(purges_.begin());
    }
    std::erase_if(cache_, [this](const auto& each) { return !is_fresh(each.second); });
}

void Edge::purge(const std::string& path, base::SimTime takes_effect) {
    const std::lock_guard lock(mutex_);
    if (takes_effect <= now_) {
        cache_.erase(path);
    } else {
        purges_.emplace(takes_effect, path);
    }
}

base::Result<std::shared_ptr<const StaticFile>> Edge::open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(path);
    if (found != cache_.end() && is_fresh(found->second)) {
        return found->second.file;
    }
    FB_TRY(std::shared_ptr<const StaticFile> file, origin_.open(path));
    Entry& entry = cache_[path];
    entry.file = file;
    entry.stale_at.reset();
    if (file == nullptr || is_replaced_in_place(path)) {
        entry.stale_at = now_ + time_to_live_;
    }
    return file;
}

}  // namespace firebreak::cloud
