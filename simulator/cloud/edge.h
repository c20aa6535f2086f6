// One edge of the CDN: a cache in front of an origin, over simulated time.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "base/sim_time.h"
#include "cloud/origin.h"

namespace firebreak::cloud {

// What is replaced in place (is_replaced_in_place), and that a file is missing, is remembered for
// `time_to_live` from when it was fetched; all other files for as long as the edge stands, for want
// of room it forgets none. A purge makes it forget one path.
//
// So at any time an edge serves what the origin had at some moment within the last `time_to_live`,
// or, of what is named for its digest, what the origin once had. Safe from any thread.
class Edge final : public Origin {
  public:
    // The origin must outlive the edge.
    Edge(Origin& origin, base::Duration time_to_live)
        : origin_(origin), time_to_live_(time_to_live) {}

    // It is `now`, from here on. Time never goes back: an earlier one changes nothing.
    void advance(base::SimTime now);
    // At this time the edge forgets the path: at once if it has come, else when time has advanced
    // that far. The delay of an invalidation is the difference to when it was asked for.
    void purge(const std::string& path, base::SimTime takes_effect);

    // What this edge serves now, from the cache or fetched. An origin's error is passed on, and not
    // remembered.
    base::Result<std::shared_ptr<const StaticFile>> open(const std::string& path) override;

  private:
    struct Entry {
        std::shared_ptr<const StaticFile> file;  // null: missing
        std::optional<base::SimTime> stale_at;   // nullopt: never
    };
    bool is_fresh(const Entry& entry) const { return !entry.stale_at || now_ < *entry.stale_at; }

    Origin& origin_;
    const base::Duration time_to_live_;
    std::mutex mutex_;  // over all below
    base::SimTime now_;
    std::map<std::string, Entry> cache_;
    std::multimap<base::SimTime, std::string> purges_;  // yet to come
};

}  // namespace firebreak::cloud
