// What the components of an endpoint make of a persona's workload. Each adds what went wrong to
// `done`, and what it looked at in the state. Errors: about this machine, never about content.
#pragma once

#include "assay/scans.h"
#include "assay/transition.h"
#include "host/persona.h"

namespace firebreak::assay {

// A part of an endpoint in the state `before`.
struct Bench {
    const Environment& environment;
    BlobPool& blobs;
    const Snapshot& before;
};

// The value under this key, which counts as read.
std::optional<std::string> look(const Snapshot& before, const std::string& key, Transition& done);

// What becomes of a file of the machine that a component takes for a threat. Nothing of a persona's
// own is one. What is cleaned up is lost, and a part of Windows takes along what needs it; what is
// only held is there again with the next content.
base::Code code_of(const host::File& file, bool cleaned_up);

// Application detection, of both feeds: what is not to be scanned on this machine.
base::Result<std::vector<endpoint::applications::Exclusion>> run_applications(
    const Bench& bench, const host::Persona& persona, Transition& done);
bool is_excluded(const std::string& path,
                 const std::vector<endpoint::applications::Exclusion>& exclusions);

// The file scanner: each file that is opened, each process that starts, each stream that comes, and
// each sample, once. Nothing, if it has no rules. What is excluded is not scanned when it is
// opened.
base::Status run_scanner(const Bench& bench, Scans& scans, const host::Persona& persona,
                         const std::vector<endpoint::applications::Exclusion>& exclusions,
                         Transition& done);

// The protection service: a day of the persona's events, and then each attack, which must be
// raised. Nothing, if neither feed of rules runs.
base::Status run_rules(const Bench& bench, Scans& scans, const host::Persona& persona,
                       Transition& done);

// The repair program: an hour in which nothing was to be mended, and the hours after unclean
// shutdowns. Nothing, if the product has none here.
base::Status run_repair(const Bench& bench, const host::Persona& persona, Transition& done);

}  // namespace firebreak::assay
