// AutoUpdate: checks, downloads, verifies, and hands to each feed's installer.
//
// One round of checks goes through these states, for every feed side by side:
//
//   check → head → manifest → payloads → verify → stage → activate → confirm
//
// and out of any of them into a refusal with category, code and evidence. What is durable when:
//
//   verify     floors and counters move; nothing is active
//   stage      the whole package is in the store and named there
//   activate   one commit: the component's own state together with what is installed
//   confirm    payloads that nothing names any more are dropped
//
// A kill between any two of them leaves the endpoint on what it ran; the next round goes on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/outcome.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/envelope.h"
#include "endpoint/update/profile.h"
#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/installer.h"
#include "ports/store.h"
#include "ports/transport.h"

namespace firebreak::endpoint::update {

struct Settings {
    std::string channel;        // whose heads are asked for: "public-1", or a part of that group
    std::string release_group;  // "public-1"
    std::string product_version;
    std::string platform = "windows-x64";
    Profile profile;
    base::UtcTime built;         // when the product was built: see Profile::build_floor
    double jitter = 0.5;         // this endpoint's, 0 to 1
    uint64_t memory = 64 << 20;  // what the machine can spare for a file, where nothing caps it
};

struct Ports {
    ports::Transport& transport;
    ports::Store& store;
    ports::Clock& clock;
    ports::Alerts& alerts;
};

// What came of one check of one feed.
struct Check {
    content::Feed feed = content::Feed::kDatasetA;
    base::Outcome outcome;
    base::Digest manifest;   // of the content concerned: what is on offer; none() if unreadable
    bool delivered = false;  // package bytes arrived, whole or damaged
};

// Not thread-safe. Keeps nothing between rounds but what is in the store (client_state.h).
class UpdateClient {
  public:
    UpdateClient(Settings settings, Ports ports, const content::Verifier& verifier);

    // Installs what this endpoint is offered for these feeds, if it is new and good. Whatever is
    // refused changes nothing but the memory of its alert; corrupt, untrusted, stale, too old, too
    // new and rejected content alerts vendor and tenant. A feed's floor moves once a download is
    // authentic as a whole (envelope and every payload), before its installation is tried.
    // A store that cannot be written is an outcome (kMachineFull): nothing was installed then.
    // Errors: the store cannot be read, or an installer failed; nothing was installed.
    base::Result<std::vector<Check>> check_all(std::span<const content::Feed> feeds,
                                               ports::Installers& installers);

  private:
    Settings settings_;
    Ports ports_;
    const content::Verifier& verifier_;
};

}  // namespace firebreak::endpoint::update
