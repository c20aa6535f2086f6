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

// Rule sets and subjects beyond these are turned away before a process sees them (kTooLarge).
inline constexpr uint64_t kMaxRuleBytes = 64ull * 1024 * 1024;  // of all files together
inline constexpr uint64_t kMaxSubjectBytes = 64ull * 1024 * 1024;

// Keeps two contents in the store: the running one and the last-known-good one, the one that ran
// before it. Not thread-safe.
//
// Store keys, values are manifest digests in hex: scanner/DatasetA/running (absent: no scanner),
// scanner/DatasetA/last-known-good, scanner/DatasetA/killed-by (the content that last killed it).
// The update client puts the manifest under ports::package_key(), and its payloads into the store
// as blobs; manifests that are neither running nor last-known-good any more are erased here.
class ScannerService final : public ports::Installer, public ports::Scanner {
  public:
    ScannerService(ports::Store& store, ports::ComponentProcesses& processes);

    // Loads the new rules into a fresh process. Loaded: the changes make it the running content and
    // the running one last-known-good. Refused, or dead while loading: the running content runs on,
    // and is loaded if no process has it yet (kLoad outcome, no changes). Should it not load
    // either, the outcome's evidence says so, and the next scan falls back.
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override;
    base::Result<bool> keeps(const base::Digest& manifest_digest) override;

    // Scans with the running content. If the process dies of it, or of loading it: no verdict, the
    // scanner restarts on last-known-good, and that is committed: last-known-good is running,
    // without a last-known-good of its own; without one, or if it does not load either, there is no
    // running content, and the scanner is down.
    // A scan that fails without a death (out of memory, say) is no verdict and changes nothing.
    base::Result<ports::ScanVerdict> scan(const std::string& name, base::ByteView bytes) override;

  private:
    struct Loaded {
        std::unique_ptr<ports::ComponentProcess> process;  // null: not loaded
        base::Outcome outcome;                             // kInstalled, or why not (stage kLoad)
    };
    // What the store says, read at the beginning of each operation.
    struct Contents {
        std::optional<std::string> running, last_known_good;  // manifest digests in hex
    };

    base::Result<Contents> contents();
    base::Result<content::Manifest> manifest(const std::string& digest);
    base::Result<Loaded> load(const content::Manifest& manifest);
    base::Result<Loaded> load(const std::string& digest);
    base::Result<ports::ScanVerdict> judge(base::ByteView reply, const std::string& name);
    base::Result<ports::ScanVerdict> fall_back(base::Outcome death);

    ports::Store& store_;
    ports::ComponentProcesses& processes_;
    std::unique_ptr<ports::ComponentProcess> running_;  // null: down, or not started yet
};

}  // namespace firebreak::endpoint::scanner
