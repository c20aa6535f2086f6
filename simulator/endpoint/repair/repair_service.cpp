#include "endpoint/repair/repair_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "endpoint/repair/last_resort.h"
#include "endpoint/supervision/plain_text.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;
using content::Feed;
using Loaded = RepairProcess::Loaded;
using Mended = RepairProcess::Mended;

// What is in the store is not what was put there: an unclean shutdown damages that, too.
Outcome store_damaged(const base::Error& error) {
    return {Stage::kLoad, Category::kCorrupt, Code::kStateUnreadable, {{"store", error.text()}}};
}

}  // namespace

size_t RepairReport::count(AuditLine::What what) const {
    return static_cast<size_t>(std::ranges::count(audit, what, &AuditLine::what));
}

class RepairService::KitInstaller final : public ports::Installer {
  public:
    explicit KitInstaller(RepairService& service) : service_(service) {}
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override {
        return service_.install(manifest, manifest_digest.hex());
    }
    base::Result<bool> keeps(const base::Digest& manifest_digest) override {
        return service_.record_.keeps(manifest_digest.hex());
    }

  private:
    RepairService& service_;
};

RepairService::RepairService(const RepairPorts& ports, RepairSetting setting)
    : ports_(ports),
      setting_(std::move(setting)),
      record_(ports.store, "repair", Feed::kRepairKit),
      installer_(std::make_unique<KitInstaller>(*this)) {}

RepairService::~RepairService() = default;

ports::Installer& RepairService::installer() {
    return *installer_;
}

// Errors: it is not in the store, or there is no key.
base::Result<std::variant<RepairService::Kit, Outcome>> RepairService::decrypt(
    const content::Manifest& manifest) {
    using Decrypted = std::variant<Kit, Outcome>;
    Kit kit;
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(auto plain, supervision::plain_text(ports_.store, Feed::kRepairKit, payload,
                                                   setting_.content_key));
        if (auto* refused = std::get_if<Outcome>(&plain)) {
            return Decrypted(std::move(*refused));
        }
        kit.texts.push_back(std::get<base::Bytes>(std::move(plain)));
        kit.files.push_back({payload.name, kit.texts.back()});
    }
    return Decrypted(std::move(kit));
}

base::Result<ports::Installation> RepairService::install(const content::Manifest& manifest,
                                                         const std::string& digest) {
    FB_TRY(const supervision::Contents before, record_.contents());
    if (before.quarantined(digest)) {
        return ports::Installation{{Stage::kLoad,
                                    Category::kRejected,
                                    Code::kQuarantined,
                                    {{"remedy", "release another version"}}},
                                   {}};
    }
    FB_TRY(auto kit, decrypt(manifest));
    if (auto* refused = std::get_if<Outcome>(&kit)) {
        return ports::Installation{std::move(*refused), {}};
    }
    FB_TRY(Loaded loaded, RepairProcess::start(ports_.processes, std::get<Kit>(kit).files));
    if (loaded.process == nullptr) {
        return ports::Installation{std::move(loaded.outcome), {}};
    }
    ports::Changes changes;
    record_.note_installed(before, digest, changes);
    loaded.outcome.evidence.emplace_back("rules", std::to_string(manifest.payloads.size()));
    return ports::Installation{std::move(loaded.outcome), std::move(changes)};
}

base::Result<RepairService::Done> RepairService::mend_by(const RepairProcess::Files& files,
                                                         const host::Machine& machine,
                                                         const host::Product& package) {
    FB_TRY(Loaded loaded, RepairProcess::start(ports_.processes, files));
    if (loaded.process == nullptr) {
        return Done(std::move(loaded.outcome));
    }
    return loaded.process->mend(machine, package);
}

base::Result<RepairService::Done> RepairService::mend_by(const content::Manifest& manifest,
                                                         const host::Machine& machine,
                                                         const host::Product& package) {
    auto kit = decrypt(manifest);
    if (!kit.ok()) {
        return Done(store_damaged(kit.error()));
    }
    if (auto* refused = std::get_if<Outcome>(&*kit)) {
        return Done(std::move(*refused));
    }
    return mend_by(std::get<Kit>(*kit).files, machine, package);
}

// Nothing: there is none, or none that runs.
base::Result<std::optional<Mended>> RepairService::run_kit(const host::Machine& machine,
                                                           const host::Product& package,
                                                           std::vector<Outcome>& failures) {
    for (bool again = true; again;) {
        const auto manifest = record_.running();
        if (!manifest.ok()) {
            failures.push_back(store_damaged(manifest.error()));
            break;
        }
        if (!manifest->has_value()) {
            break;
        }
        FB_TRY(Done done, mend_by(**manifest, machine, package));
        if (auto* mended = std::get_if<Mended>(&done)) {
            return std::optional(std::move(*mended));
        }
        failures.push_back(std::get<Outcome>(std::move(done)));
        FB_TRY(again, fall_back(failures.back()));
    }
    return std::optional<Mended>();
}

// Whether there is another kit to be tried at once. What was decrypted when it was installed and
// cannot be read now is no fault of the content: that stays as it is.
base::Result<bool> RepairService::fall_back(Outcome& failure) {
    if (failure.category == Category::kCorrupt) {
        return false;
    }
    FB_TRY(const supervision::Contents before, record_.contents());
    ports::Changes changes;
    const unsigned kills = before.kills + 1;
    std::string now;
    bool again = false;
    if (rules::is_kill(failure) && kills < setting_.kills) {
        record_.note_kill(before, changes);
        now = fmt::format("tries the same kit again, which has failed {} of {} times", kills,
                          setting_.kills);
    } else {
        record_.note_fallen_back(before, before.last_known_good, changes);
        again = before.last_known_good.has_value() && before.last_known_good != before.running;
        now = again ? "goes back to last-known-good" : "down: no last-known-good";
    }
    FB_CHECK(ports_.store.commit(changes));
    failure.evidence.emplace_back("repair program", now);
    return again;
}

// All that is done is done to a copy: an error leaves the machine as it was.
base::Result<RepairReport> RepairService::run(host::Machine& machine,
                                              const host::Product& package) {
    RepairReport report;
    FB_TRY(std::optional<Mended> mended, run_kit(machine, package, report.failures));
    if (mended) {
        report.by = RepairReport::By::kKit;
        report.audit = std::move(mended->audit);
    }
    if (!mended || report.count(AuditLine::What::kFailed) > 0) {
        const host::Machine& so_far = mended ? mended->machine : machine;
        const RepairProcess::Files rules = {{"last_resort.lua", base::view_of(kLastResort)}};
        FB_TRY(Done done, mend_by(rules, so_far, package));
        if (auto* last = std::get_if<Mended>(&done)) {
            report.by = mended ? report.by : RepairReport::By::kLastResort;
            std::ranges::move(last->audit, std::back_inserter(report.audit));
            mended = std::move(*last);
        } else {
            report.failures.push_back(std::get<Outcome>(std::move(done)));
        }
    }
    if (mended) {
        machine = std::move(mended->machine);
    }
    return report;
}

}  // namespace firebreak::endpoint::repair
