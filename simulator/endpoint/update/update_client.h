// AutoUpdate: checks, downloads, verifies, and hands to a feed's installer.
#pragma once

#include <optional>
#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/envelope.h"
#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/installer.h"
#include "ports/store.h"
#include "ports/transport.h"

namespace firebreak::endpoint::update {

// What came of one check of one feed.
struct Check {
    base::Outcome outcome;
    base::Digest manifest;   // of the content concerned: what the head names; none() if unreadable
    bool delivered = false;  // package bytes arrived, whole or damaged
};

// Checks one feed at a time and reports each check as an outcome. Not thread-safe.
//
// Store keys, under update/<feed>/: `floor` (signing time of the newest authenticated download, in
// Unix seconds), `installed` and `rejected` (manifest digests in hex: what runs, and what the
// component refused, so that neither is downloaded again), `alerted` (the last alert, so that it is
// raised once and not every hour).
class UpdateClient {
  public:
    struct Settings {
        std::string release_group;
        std::string product_version;
        // Refuse what is signed further ahead of the endpoint's clock than this. The published
        // design has no such check: nullopt.
        std::optional<base::Duration> allowed_skew;
    };
    struct Ports {
        ports::Transport& transport;
        ports::Store& store;
        ports::Clock& clock;
        ports::Alerts& alerts;
    };

    UpdateClient(Settings settings, Ports ports, const content::Verifier& verifier);

    // Installs what the release group is offered for this feed, if it is new and good. Whatever is
    // refused changes nothing but the memory of its alert; corrupt, untrusted, too old, too new and
    // rejected content alerts vendor and tenant. The floor moves once a download is authentic as a
    // whole (envelope and every payload), before its installation is tried.
    // Errors: the store or the installer failed; nothing was installed.
    base::Result<Check> check(content::Feed feed, ports::Installer& installer);

  private:
    struct FeedState {
        std::optional<base::UtcTime> floor;
        std::optional<std::string> installed, rejected, alerted;
    };
    struct Step;  // one check under way

    base::Result<FeedState> read_state(content::Feed feed);
    base::Result<Check> download(Step& step, ports::Installer& installer);
    base::Result<Check> install(Step& step, const content::Verified& verified,
                                ports::Installer& installer);
    std::optional<base::Outcome> refusal(const Step& step, const content::Verified& verified) const;
    std::optional<base::Outcome> fetch_payloads(Step& step, const content::Manifest& manifest);
    base::Result<Check> conclude(Step& step, base::Outcome outcome, ports::Changes changes = {});

    Settings settings_;
    Ports ports_;
    const content::Verifier& verifier_;
};

}  // namespace firebreak::endpoint::update
