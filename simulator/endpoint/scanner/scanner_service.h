// The file scanner's side of an endpoint: which content runs in its process, and what happens when
// that kills it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "content/manifest.h"
#include "endpoint/reputation/lookup.h"
#include "endpoint/scanner/messages.h"
#include "endpoint/supervision/content_record.h"
#include "endpoint/supervision/restarts.h"
#include "ports/clock.h"
#include "ports/cloud_lookup.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/scanner.h"
#include "ports/store.h"
#include "ports/uptime.h"

namespace firebreak::endpoint::scanner {

// Contents and subjects beyond these are turned away before a process sees them (kTooLarge).
// Of one feed, all files together.
inline constexpr uint64_t kMaxContentBytes = 64ull * 1024 * 1024;
// LocalRepData: more than 12 million entries. Only what is looked up of it is read after loading.
inline constexpr uint64_t kMaxTableBytes = 400ull * 1024 * 1024;
inline constexpr uint64_t kMaxSubjectBytes = 64ull * 1024 * 1024;
// Larger ones go alone: their scan takes longer than their message.
inline constexpr uint64_t kMostInBatch = 256 * 1024;
inline constexpr uint64_t kMaxBatchBytes = 4 * 1024 * 1024;  // of all together
// Programs of one subject that models score.
inline constexpr size_t kMostScored = 16;

// The feeds that share the scanner's process, in the order in which they are loaded. One dies of
// another's content: they are one fault domain.
inline constexpr std::array kScannerFeeds = {content::Feed::kLocalRepData, content::Feed::kDatasetA,
                                             content::Feed::kMLModels};
bool is_scanner_feed(content::Feed feed);

// Under this key the store says how often the running content has killed the process.
std::string kills_key(content::Feed feed);
struct ScannerSetting {
    // Certificates (DER) of those who may sign programs here, and the time at which chains to them
    // are judged.
    std::vector<base::Bytes> publishers = {};
    base::UtcTime judged_at = {};
    // Content that has killed the process so often is put into quarantine: the feed goes back to
    // its last-known-good, and the content is never installed again. At least 1.
    unsigned kills = 2;
    // Telemetry models score every program, not a sample.
    bool sample_all = false;
    // What callers are told to do with what nothing could scan.
    ports::Access when_down = ports::Access::kAllow;
    reputation::CloudPolicy cloud = {};
};

// What the scanner asks of the world.
struct ScannerPorts {
    ports::Store& store;
    ports::ComponentProcesses& processes;
    ports::Clock& clock;
    ports::Uptime& uptime;
    ports::CloudLookup* cloud = nullptr;  // null: turned off
};

// How many subjects nothing scanned: the protection gap, and what became of them.
struct Unscanned {
    uint64_t allowed = 0;
    uint64_t held = 0;
};

// Keeps two contents of each feed in the store: the running one and the last-known-good one, the
// one that ran before it. Not thread-safe.
//
// Store keys under scanner/<feed>/ as supervision::ContentRecord has them. The update client puts
// manifests under ports::package_key(), and payloads into the store as blobs.
//
// Without running DatasetA the scanner is down; without the others it scans without them.
//
// Who is to blame for a death is told by the request that the process died of: a load request's
// own feed, DatasetA for a scan, and MLModels for scores. So content of one feed that damages the
// process and lets another feed's request die of it is not found out, as in the field.
class ScannerService final : public ports::Scanner {
  public:
    explicit ScannerService(const ScannerPorts& ports, ScannerSetting setting = {});
    ~ScannerService() override;

    // Of a feed of kScannerFeeds. install() loads the new content into a fresh process, with what
    // runs of the other feeds. Loaded: the changes make it the running content and the running one
    // last-known-good. Refused, dead while loading, or in quarantine: what runs runs on (kLoad
    // outcome, no changes).
    ports::Installer& installer(content::Feed feed);

    // Scans with what runs. If the process dies of a subject: no verdict; the death is counted, and
    // the next scan, after a pause (Restarts), has a fresh process with the same content. At the
    // last death that is allowed the feed goes back to last-known-good, which is tried at once and
    // committed: running, without a last-known-good of its own; without one, or if it does not load
    // either, the feed has nothing to run. Content that does not load any more goes the same way
    // at once. A death of several subjects at a time counts for nothing: they are scanned again
    // one by one. A scan that fails without a death (out of memory, say) is no verdict and changes
    // nothing.
    using ports::Scanner::scan;
    base::Result<std::vector<ports::ScanVerdict>> scan(
        std::span<const ports::Subject> subjects) override;

    const Unscanned& unscanned() const { return unscanned_; }
    const reputation::CloudCounts& cloud_counts() const { return lookup_.counts(); }

  private:
    class FeedInstaller;
    using Feed = content::Feed;

    // Which manifest each feed shall run.
    using Wanted = std::array<std::optional<content::Manifest>, kScannerFeeds.size()>;
    struct Started {
        std::unique_ptr<ports::ComponentProcess> process;  // null: not loaded
        Feed feed = Feed::kDatasetA;                       // of the content that failed
        base::Outcome outcome;                             // kInstalled, or why not (stage kLoad)
    };

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const std::string& digest);
    const supervision::ContentRecord& record(Feed feed) const;
    base::Result<Wanted> what_runs(std::optional<Feed> but = std::nullopt);
    // A fresh process with all of these; the feed `last` is loaded after all others.
    base::Result<Started> start(const Wanted& wanted, Feed last);
    // Loaded: nothing.
    base::Result<std::optional<base::Outcome>> load(ports::ComponentProcess& process,
                                                    const content::Manifest& manifest,
                                                    base::Evidence& told);
    base::Result<std::optional<base::Outcome>> load_models(ports::ComponentProcess& process,
                                                           const content::Manifest& manifest,
                                                           base::Evidence& told);
    // `count`: how much was loaded.
    base::Result<std::optional<base::Outcome>> load_one(ports::ComponentProcess& process,
                                                        const base::Gathered& request,
                                                        std::span<const base::ByteView> files,
                                                        uint32_t& count);
    base::Status trust(ports::ComponentProcess& process);

    // Nothing: there is a process.
    base::Result<std::optional<ports::ScanVerdict>> make_ready();
    base::Result<ports::ScanVerdict> scan_one(const ports::Subject& subject);
    base::Result<std::optional<ScanReply>> exchange(std::span<const ports::Subject> subjects,
                                                    base::Outcome& death);
    base::Result<ports::ScanVerdict> judge(const SubjectReply& reply,
                                           const ports::Subject& subject);
    // Adds to the verdict what models say of a program. An outcome: the process died of it.
    base::Result<std::optional<base::Outcome>> score(const Program& program,
                                                     ports::ScanVerdict& verdict);
    ports::ScanVerdict no_verdict(base::Outcome outcome,
                                  content::Feed feed = content::Feed::kDatasetA);

    // The process has gone, and this feed's content is to blame.
    base::Result<base::Outcome> died(Feed feed, base::Outcome death);
    base::Result<std::string> fall_back(Feed feed, const supervision::Contents& before,
                                        ports::Changes& changes);
    base::Result<std::string> shared_with(Feed feed);

    ScannerPorts ports_;
    ScannerSetting setting_;
    reputation::Lookup lookup_;
    supervision::Restarts restarts_;
    Unscanned unscanned_;
    uint64_t programs_scored_ = 0;
    bool has_models_ = false;                          // the process that runs
    std::vector<supervision::ContentRecord> records_;  // in the order of kScannerFeeds
    std::vector<FeedInstaller> installers_;
    std::unique_ptr<ports::ComponentProcess> running_;  // null: down, or not started yet
};

}  // namespace firebreak::endpoint::scanner
