// What was found good before, under a digest of all that the finding depends on.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/digest.h"

namespace firebreak::content {

// Thread-safe. Holds at most `kMost`: only what is good gets in, so that a flood of it is a very
// long run, and forgetting costs no more than finding it good again.
template <class Finding>
class Remembered {
  public:
    static constexpr size_t kMost = 1024;

    std::optional<Finding> find(const base::Digest& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = findings_.find(key);
        return found == findings_.end() ? std::nullopt : std::optional(found->second);
    }

    // Forgets all others when there are too many.
    void add(const base::Digest& key, Finding finding) {
        const std::lock_guard lock(mutex_);
        if (findings_.size() >= kMost) {
            findings_.clear();
        }
        findings_.insert_or_assign(key, std::move(finding));
    }

  private:
    mutable std::mutex mutex_;
    std::unordered_map<base::Digest, Finding> findings_;
};

}  // namespace firebreak::content
