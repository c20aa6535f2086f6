// The content distribution network in process: a plain static-file layout (content/manifest.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sim_time.h"
#include "content/package.h"
#include "ports/transport.h"

namespace firebreak::cloud {

// Packages and payloads never change once stored. A head changes when its time has come: until then
// the edges serve what they have. get() is safe from any thread while nothing else is called.
class Cdn final : public ports::Transport {
  public:
    void store(const content::Package& package);

    // From `visible_at` on, every edge offers this package to the group (null: nothing).
    void set_head(const std::string& group, content::Feed feed, const content::Package* package,
                  base::SimTime visible_at);
    // Brings the heads up to `now`. True if any of them changed.
    bool advance(base::SimTime now);

    ports::Fetched get(const std::string& path, uint64_t max_bytes) override;
    // What the head that is being served names; null: nothing on offer.
    const content::Package* offered(const std::string& group, content::Feed feed) const;

  private:
    struct HeadChange {
        std::string path;
        content::Feed feed;
        const content::Package* package;
    };
    std::map<std::string, std::shared_ptr<const base::Bytes>> files_;
    std::map<std::string, const content::Package*> offers_;  // by head path
    std::multimap<base::SimTime, HeadChange> pending_;       // equal times keep their order
};

}  // namespace firebreak::cloud
