// What the store says of the content of one feed, as a component that is supervised keeps it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "content/manifest.h"
#include "ports/store.h"

namespace firebreak::endpoint::supervision {

// Contents that have killed their process: so many are remembered.
inline constexpr size_t kQuarantined = 16;

struct Contents {
    std::optional<std::string> running, last_known_good;  // manifest digests in hex
    unsigned kills = 0;                                   // of the running one
    std::vector<std::string> quarantine;

    bool quarantined(const std::string& digest) const;
};

// The list of quarantined digests with one more: the latest last, none twice, at most kQuarantined.
std::string quarantined(const std::string& list, const std::string& digest);

// Store keys, under <component>/<feed>/: `running` (a manifest digest in hex; absent: nothing),
// `last-known-good` (what to go back to), `kills` ("<digest> <n>": the running content has killed
// the process so often), `quarantine` (digests, the latest last). Not thread-safe.
class ContentRecord {
  public:
    // `component`: "scanner". `store` must outlive it.
    ContentRecord(ports::Store& store, std::string_view component, content::Feed feed);

    content::Feed feed() const { return feed_; }
    std::string key(std::string_view what) const;

    base::Result<Contents> contents() const;
    // Errors: it is not in the store, or is not what it is stored as.
    base::Result<content::Manifest> manifest(const std::string& digest) const;
    // Nothing: nothing runs.
    base::Result<std::optional<content::Manifest>> running() const;
    base::Result<bool> keeps(const std::string& digest) const;

    // Each adds to `changes` what comes of it; `before` is what contents() told. Manifests that are
    // neither running nor last-known-good any more are erased.
    void note_installed(const Contents& before, const std::string& digest,
                        ports::Changes& changes) const;
    // What runs becomes last-known-good, too: another feed that shares its process is about to
    // change.
    void note_proven(const Contents& before, ports::Changes& changes) const;
    void note_kill(const Contents& before, ports::Changes& changes) const;
    // What runs now is `good`, or nothing. What ran goes into quarantine, unless it had been
    // proven.
    void note_fallen_back(const Contents& before, const std::optional<std::string>& good,
                          ports::Changes& changes) const;

  private:
    void erase(const std::string& digest, ports::Changes& changes) const;

    ports::Store* store_;
    std::string prefix_;
    content::Feed feed_;
};

}  // namespace firebreak::endpoint::supervision
