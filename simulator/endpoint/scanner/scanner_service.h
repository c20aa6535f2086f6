// The file scanner's side of an endpoint: which rules run, and what happens when they kill it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "content/manifest.h"
#include "endpoint/scanner/messages.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/scanner.h"
#include "ports/store.h"

namespace firebreak::endpoint::scanner {

// Keeps two contents in the store: the running one and the last-known-good one, the one that ran
// before it. Not thread-safe.
//
// Store keys, values are manifest digests in hex: scanner/DatasetA/running (absent: no scanner),
// scanner/DatasetA/last-known-good, scanner/DatasetA/killed-by (the content that last killed it).
// The manifest itself stands under package/<digest>, its payloads are blobs of the store.
class ScannerService final : public ports::Installer, public ports::Scanner {
  public:
    ScannerService(ports::Store& store, ports::ComponentProcesses& processes);

    // Loads the new rules into a fresh process. Loaded: the changes make it the running content and
    // the running one last-known-good. Refused, or dead while loading: the running content is
    // loaded once more (kLoad outcome, no changes): the scanner runs on as before.
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override;

    // Scans with the running content. If the process dies of it: no verdict, the scanner restarts
    // on last-known-good, and that is committed: last-known-good is running, without a
    // last-known-good of its own; without one there is no running content, and the scanner is down.
    base::Result<ports::ScanVerdict> scan(const std::string& name, base::ByteView bytes) override;

  private:
    struct Loaded {
        std::unique_ptr<ports::ComponentProcess> process;  // null: not loaded
        base::Outcome outcome;                             // kInstalled, or why not (stage kLoad)
    };
    base::Result<Loaded> load(const content::Manifest& manifest);
    base::Result<std::optional<content::Manifest>> manifest_under(const std::string& key);
    base::Status fall_back(const base::Outcome& death);

    ports::Store& store_;
    ports::ComponentProcesses& processes_;
    std::unique_ptr<ports::ComponentProcess> running_;
};

}  // namespace firebreak::endpoint::scanner
