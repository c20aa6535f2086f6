// What the update client remembers, in the endpoint's store.
//
// Keys, under update/: `sequence` (the highest that any signed head had), `fresh` (when the newest
// head was issued, in Unix seconds), `trust` (number of the root statement up to which all are
// applied), `revoked` (certificates, digests in hex; none is ever taken back), `set` (digest of the
// set that was activated last), `alerted` (the last alert that is about no feed). Under
// update/<feed>/: `floor` (signing time of the newest authenticated download, in Unix seconds),
// `installed` and `rejected` (manifest digests in hex: what runs, and what the component refused,
// so that neither is downloaded again), `staged` (a package that is here as a whole and not active
// yet: the update client's to drop), `alerted` (the last alert, so that it is raised once and not
// every hour). Manifests stand under ports::package_key().
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/sim_time.h"
#include "content/envelope.h"
#include "ports/store.h"

namespace firebreak::endpoint::update {

struct FeedState {
    std::optional<base::UtcTime> floor;
    std::optional<std::string> installed, rejected, staged, alerted;
};

struct ClientState {
    uint64_t sequence = 0;
    std::optional<base::UtcTime> fresh;
    uint64_t trust = 0;
    content::Trust revoked;
    std::optional<std::string> set, alerted;
    std::map<content::Feed, FeedState> feeds;
};

// "update/DatasetA/floor", "update/fresh".
std::string state_key(content::Feed feed, std::string_view name);
std::string state_key(std::string_view name);

// `with_heads`: also what only signed heads need. Errors: the store is unreadable, or a value is
// not what was written: a floor that cannot be read must not read as "no floor".
base::Result<ClientState> read_state(ports::Store& store, std::span<const content::Feed> feeds,
                                     bool with_heads);

std::string to_text(const std::set<base::Digest>& digests);

}  // namespace firebreak::endpoint::update
