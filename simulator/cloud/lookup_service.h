// The vendor's service that endpoints ask about one file.
#pragma once

#include <map>

#include "base/sha256.h"
#include "ports/cloud_lookup.h"

namespace firebreak::cloud {

// Answers by a list that does not change: safe from any thread.
class LookupService final : public ports::CloudLookup {
  public:
    // Reputations 0 to 100. Out of reach: nothing is ever answered.
    LookupService(std::map<base::Sha256, uint8_t> known, bool reachable,
                  std::chrono::milliseconds latency)
        : known_(std::move(known)), reachable_(reachable), latency_(latency) {}

    ports::CloudAnswer ask(const base::Sha256& file) override {
        using Kind = ports::CloudAnswer::Kind;
        if (!reachable_) {
            return {Kind::kUnreachable, 0, {}, latency_};
        }
        const auto found = known_.find(file);
        return found == known_.end()
                   ? ports::CloudAnswer{Kind::kUnknown, 0, {}, latency_}
                   : ports::CloudAnswer{Kind::kScore, found->second, {}, latency_};
    }

  private:
    std::map<base::Sha256, uint8_t> known_;
    bool reachable_;
    std::chrono::milliseconds latency_;
};

}  // namespace firebreak::cloud
