// The installer that comes with each feed's component.
#pragma once

#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "content/catalogue.h"
#include "content/manifest.h"
#include "ports/store.h"

namespace firebreak::ports {

struct Installation {
    base::Outcome outcome;  // kInstalled, or why the component refuses (stage kInstall or kLoad)
    Changes changes;        // the component's own state, to be committed with the update client's
};

// Where the manifest of a package stands in the store, from staging on. The update client puts it
// there, and drops it if the package is never installed; once it is, that is its component's
// affair.
inline std::string package_key(content::Feed feed, const std::string& digest) {
    return "package/" + std::string(content::info(feed).name) + "/" + digest;
}

class Installer {
  public:
    virtual ~Installer() = default;
    // Has the component load this content, whose payloads the store already holds. On refusal the
    // component runs on as before. Commits nothing itself: the caller commits `changes` together
    // with its own state, so that an update is installed as a whole or not at all.
    // A component that is in memory may run the new content from here on; one whose changes are
    // not committed after all (another part of its set was refused) is on the old one again with
    // its next start.
    // Errors: the trial itself failed (no process could be started, say); nothing has changed.
    virtual base::Result<Installation> install(const content::Manifest& manifest,
                                               const base::Digest& manifest_digest) = 0;
    // Whether the component runs this content, or keeps it to go back to: its manifest and its
    // payloads must stay in the store then. Errors: the store cannot be read.
    virtual base::Result<bool> keeps(const base::Digest& manifest_digest) = 0;
};

// Of every feed that an endpoint takes.
class Installers {
  public:
    virtual ~Installers() = default;
    virtual Installer& of(content::Feed feed) = 0;
};

}  // namespace firebreak::ports
