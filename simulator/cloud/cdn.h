// The content distribution network in process: a static-file layout (content/head.h,
// content/manifest.h) behind edges that lag behind it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sim_time.h"
#include "cloud/head_signer.h"
#include "cloud/origin.h"
#include "content/package.h"
#include "ports/transport.h"

namespace firebreak::cloud {

// What a channel's heads say from some moment on.
struct ChannelHeads {
    uint64_t id = 0;      // unique in a CDN
    base::SimTime since;  // at the origin and the quickest edge
    Offering offering;
    std::map<std::string, HeadFile> files;  // that are not named by their digest, by path
};

// Packages, payloads and sets never change once stored. A head changes when its time has come:
// until then edges serve what they have. Endpoints ask every edge all the time, so that edges hold
// copies of all ages: of E edges, edge e sees a change e/E of the time to live after the first.
// open() and get() are safe from any thread while nothing else is called.
class Cdn final : public Origin, public ports::Transport {
  public:
    // `edges`: at least 1.
    explicit Cdn(unsigned edges = 1, base::Duration time_to_live = {0})
        : edges_(edges), time_to_live_(time_to_live) {}

    // Heads are also signed from here on, and signed anew every `refresh`. `start`: calendar time
    // of the run's first second.
    void sign_heads(HeadSigner signer, base::UtcTime start, base::Duration refresh);

    void store(const content::Package& package);
    void store(const std::string& path, base::Bytes bytes);

    // From `visible_at` on, every edge offers this package to the channel (null: nothing).
    void set_head(const std::string& channel, content::Feed feed, const content::Package* package,
                  base::SimTime visible_at);
    // Brings the heads up to `now`. Errors: heads cannot be signed.
    base::Status advance(base::SimTime now);

    // What this edge serves; null: this channel has no heads yet.
    const ChannelHeads* heads(const std::string& channel, unsigned edge = 0) const;
    // What the slowest edge offers; null: nothing.
    const content::Package* offered(const std::string& channel, content::Feed feed) const;
    // All that the channel's heads ever said, oldest first.
    std::vector<const ChannelHeads*> history(const std::string& channel) const;

    base::Result<std::shared_ptr<const StaticFile>> open(const std::string& path) override;

    unsigned edges() const override { return edges_; }
    // Files that are named by their digest.
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override;

  private:
    struct Change {
        std::string channel;
        content::Feed feed;
        const content::Package* package;
    };
    struct Signing {
        HeadSigner signer;
        base::UtcTime start;
        base::Duration refresh;
    };
    base::Duration lag(unsigned edge) const;
    base::Status add_versions_of(base::SimTime at);
    base::Status add_version(Offering offering, base::SimTime since);
    base::Status refresh_heads(base::SimTime now);

    unsigned edges_;
    base::Duration time_to_live_;
    std::optional<Signing> signing_;
    base::SimTime now_;
    std::optional<base::SimTime> refreshed_;
    std::map<std::string, std::shared_ptr<const base::Bytes>> files_;
    std::multimap<base::SimTime, Change> pending_;  // equal times keep their order
    std::deque<ChannelHeads> versions_;             // never moved
    std::map<std::string, std::vector<const ChannelHeads*>> channels_;
};

}  // namespace firebreak::cloud
