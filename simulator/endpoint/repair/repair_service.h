// The repair program's side of an endpoint: which kit mends the machine, and what does when none
// can.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "content/manifest.h"
#include "endpoint/repair/repair_process.h"
#include "endpoint/supervision/content_record.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/store.h"

namespace firebreak::endpoint::repair {

struct RepairSetting {
    // By which payloads are decrypted (content/encryption.h): the component's own key store.
    base::Bytes content_key = {};
    // Content that has killed the process so often is put into quarantine. At least 1.
    unsigned kills = 2;
};

struct RepairPorts {
    ports::Store& store;
    ports::ComponentProcesses& processes;
};

// What one run has done to the machine.
struct RepairReport {
    enum class By : uint8_t {
        kNobody = 0,      // not even the last resort could run
        kKit = 1,         // and by the last resort, if a rule of it failed
        kLastResort = 2,  // the updater alone
    } by = By::kNobody;
    std::vector<AuditLine> audit;
    // Why a kit could not run, and the last resort, in the order in which they were tried.
    std::vector<base::Outcome> failures;

    size_t count(AuditLine::What what) const;
};

// Runs each hour, with the right to change all of the machine. Its rules have no such right: they
// run in a sandboxed process over an image of the machine, and what comes back is a journal. That
// keeps what is no journal at all from doing anything; a kit that is validly signed and bad can
// ruin the machine all the same.
//
// Where no kit is installed, or none loads or runs, rules that are part of the program mend the
// updater alone, so that the next kit can come. So they do after a kit of which a rule failed: it
// may have been the one that was to mend the updater. Store keys under repair/RepairKit/, as
// supervision::ContentRecord has them. Not thread-safe.
class RepairService {
  public:
    RepairService(const RepairPorts& ports, RepairSetting setting = {});
    ~RepairService();

    // Of the feed RepairKit. install() decrypts the kit and loads it into a fresh process, where
    // each rule is tried on an empty machine. Refused, dead while loading, or in quarantine: what
    // is installed stays.
    ports::Installer& installer();

    // In a fresh process: nothing is kept from one run to the next. The machine is changed by the
    // whole journal, or not at all; `package`: from which files are restored. If the kit kills its
    // process, or its journal does not hold, that is counted; content that has done so too often
    // goes into quarantine, and what ran before it is tried at once. A kit that cannot be read or
    // decrypted any more is kept: it is the store that is damaged. Errors: about this machine.
    base::Result<RepairReport> run(host::Machine& machine, const host::Product& package);

  private:
    class KitInstaller;
    // A kit as it is loaded.
    struct Kit {
        std::vector<base::Bytes> texts;
        RepairProcess::Files files;  // of these texts
    };
    using Done = std::variant<RepairProcess::Mended, base::Outcome>;

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const std::string& digest);
    base::Result<std::variant<Kit, base::Outcome>> decrypt(const content::Manifest& manifest);
    base::Result<std::optional<RepairProcess::Mended>> run_kit(
        const host::Machine& machine, const host::Product& package,
        std::vector<base::Outcome>& failures);
    base::Result<Done> mend_by(const content::Manifest& manifest, const host::Machine& machine,
                               const host::Product& package);
    base::Result<Done> mend_by(const RepairProcess::Files& files, const host::Machine& machine,
                               const host::Product& package);
    base::Result<bool> fall_back(base::Outcome& failure);

    RepairPorts ports_;
    RepairSetting setting_;
    supervision::ContentRecord record_;
    std::unique_ptr<KitInstaller> installer_;
};

}  // namespace firebreak::endpoint::repair
