// What an endpoint is offered: from plain pointers, or from signed heads and their set.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "content/head.h"
#include "endpoint/update/client_state.h"
#include "endpoint/update/download.h"
#include "endpoint/update/update_client.h"

namespace firebreak::endpoint::update {

struct Offer {
    std::optional<base::Digest> manifest;  // nullopt: nothing is on offer
    std::optional<base::Outcome> failure;  // why it is not known what is
    std::optional<base::Outcome> warning;  // known all the same, by another way
};

struct Offers {
    std::map<content::Feed, Offer> by_feed;
    std::optional<std::string> set;        // digest of the set that they come from
    std::optional<base::UtcTime> trusted;  // the newest time that signed heads vouch for
    std::vector<base::Outcome> warnings;   // about the endpoint: its clock, its channel
    ports::Changes changes;                // to be remembered whatever becomes of the offers
};

// The unsigned pointers of the published design.
Offers read_pointers(const Settings& settings, Downloader& downloader,
                     std::span<const content::Feed> feeds);

// Signed heads: root statements first (who is revoked, which floors were reset: `state` is brought
// up to date), then every feed's head, then the set that the newest of them names. Following the
// set and not each head alone is what leaves nothing to mix.
class SignedOffers {
  public:
    SignedOffers(const Settings& settings, Downloader& downloader, ports::Clock& clock,
                 const content::Verifier& verifier, ClientState& state)
        : settings_(settings),
          downloader_(downloader),
          clock_(clock),
          verifier_(verifier),
          state_(state) {}

    Offers read(std::span<const content::Feed> feeds);

  private:
    void learn_trust();
    std::optional<base::Outcome> read_statement(const std::string& path,
                                                std::optional<content::RootStatement>& statement);
    void catch_up(const content::RootStatement& newest);
    void revoke(const content::RootStatement& statement);
    void apply(const content::RootStatement& statement);
    std::optional<base::Outcome> judge_head(content::Feed feed, base::ByteView bundle);
    std::optional<base::Outcome> judge_expiry(const content::SignedHead& head);
    void watch_clock(const content::SignedHead& head);
    void read_heads(std::span<const content::Feed> feeds);
    void follow_newest(std::span<const content::Feed> feeds);
    std::optional<base::Outcome> read_set(const content::SignedHead& head,
                                          content::SetManifest& set);
    void offer_from(const content::SetManifest& set, content::Feed feed);
    void watch_freshness();

    const Settings& settings_;
    Downloader& downloader_;
    ports::Clock& clock_;
    const content::Verifier& verifier_;
    ClientState& state_;
    std::map<content::Feed, content::SignedHead> heads_;  // that were taken
    uint64_t newest_trust_ = 0;  // number of the newest statement, whether its resets are applied
    Offers offers_;
};

}  // namespace firebreak::endpoint::update
