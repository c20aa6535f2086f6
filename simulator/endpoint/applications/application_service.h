// Application detection's side of an endpoint: which applications it knows, and what scanning
// leaves out because of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "content/manifest.h"
#include "endpoint/applications/application_process.h"
#include "endpoint/applications/budget.h"
#include "endpoint/supervision/content_record.h"
#include "endpoint/supervision/restarts.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/store.h"
#include "ports/uptime.h"

namespace firebreak::endpoint::applications {

// kAPPFEED and kUSERAPPFEED.
bool is_application_feed(content::Feed feed);

struct ApplicationSetting {
    content::Feed feed = content::Feed::kAPPFEED;
    // By which payloads are decrypted (content/encryption.h): the component's own key store.
    base::Bytes content_key = {};
    // Content that has killed the process so often is put into quarantine. At least 1.
    unsigned kills = 2;
};

struct ApplicationPorts {
    ports::Store& store;
    ports::ComponentProcesses& processes;
    ports::Uptime& uptime;
};

// An exclusion, with whose it is and where it comes from: as an administrator reads it.
struct ListedExclusion {
    std::string application;  // id
    std::string name;         // for people
    std::string version;
    std::string rule;  // the file that its rule stands in
    Exclusion exclusion;
    friend bool operator==(const ListedExclusion&, const ListedExclusion&) = default;
};

struct RefusedExclusion {
    ListedExclusion what;
    Refusal why = Refusal::kNoPath;
};

// A rule that said nothing about its application.
struct FailedRule {
    std::string rule;
    std::string application;
    RuleReply::End how = RuleReply::End::kError;
    std::string message;
};

// What a rule has cost.
struct RuleExpense {
    std::string rule;
    RuleCost cost;
};

// What came of looking at a machine, or why nobody looked.
struct Detected {
    bool detected = false;
    base::Outcome outcome;  // if not detected
    // What Central has not been told yet. Two with the same application and path are the same.
    std::vector<ListedExclusion> added, removed;
    std::vector<RefusedExclusion> refused;
    std::vector<std::string> not_there;  // applications that are claimed, and that nothing shows
    std::vector<FailedRule> failed;
    std::vector<RuleExpense> expenses;  // of all rules, in the order in which they are loaded
    uint32_t scripts = 0;               // that PowerShell ran
    uint32_t scripts_failed = 0;        // of them: without an answer
    base::Duration waited{0};           // for them
};

// One for each feed: two processes, two lists. Store keys under applications/<feed>/ as
// supervision::ContentRecord has them, and: `known` (applications with their exclusions), `told`
// (the same, as Central knows it). What stands there and cannot be read counts as nothing: it is
// found anew. Not thread-safe.
//
// A rule that fails, because PowerShell hangs, say, tells nothing of its application: what was
// known of it stays as long as the machine shows that it is there. An application that is not found
// any more, or whose rule is no longer part of the content, takes its exclusions along.
class ApplicationService {
  public:
    ApplicationService(const ApplicationPorts& ports, ApplicationSetting setting);
    ~ApplicationService();

    // install() decrypts the content and loads it into a fresh process: verify, decrypt, load,
    // swap. Refused, dead while loading, or in quarantine: what runs runs on.
    ports::Installer& installer();

    // By what runs; the list is kept when this returns. If the process dies, or none runs, the list
    // stays as it was; the next call, after a pause, has a fresh process.
    base::Result<Detected> detect(const host::Machine& machine, const PowerShell& powershell = {});
    // Central has what the last detect() said of it. Until then, that is said again.
    base::Status note_told();
    // For the tenant's administrator, and for whoever scans: by application, in a fixed order.
    base::Result<std::vector<ListedExclusion>> exclusions() const;

    // Detections that no rule had a part in: nothing ran, or died.
    uint64_t missed() const { return missed_; }
    // Exclusions refused since the start.
    uint64_t refusals() const { return refusals_; }

  private:
    class FeedInstaller;

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const std::string& digest);
    base::Result<ApplicationProcess::Loaded> start(const content::Manifest& manifest);
    // Nothing: there is a process.
    base::Result<std::optional<base::Outcome>> make_ready();
    base::Result<base::Outcome> died(base::Outcome death);
    base::Result<std::string> fall_back(const supervision::Contents& before,
                                        ports::Changes& changes);
    base::Result<Detected> weigh(const host::Machine& machine, const DetectReply& reply);
    base::Result<std::vector<KnownApplication>> list(std::string_view key) const;

    ApplicationPorts ports_;
    ApplicationSetting setting_;
    supervision::ContentRecord record_;
    supervision::Restarts restarts_;
    std::unique_ptr<FeedInstaller> installer_;
    std::unique_ptr<ApplicationProcess> running_;  // null: down, or not started yet
    uint64_t missed_ = 0;
    uint64_t refusals_ = 0;
};

}  // namespace firebreak::endpoint::applications
