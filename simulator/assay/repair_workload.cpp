#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "assay/components.h"
#include "assay/workloads.h"
#include "base/random.h"
#include "host/installed.h"
#include "host/product.h"
#include "host/windows_path.h"

namespace firebreak::assay {

namespace {

using base::Code;
using content::Feed;
using endpoint::repair::AuditLine;
using endpoint::repair::RepairReport;
using host::Machine;
using host::MachineFile;
using host::Product;

// Shutdowns belong to the product, as a day's events do to a persona: every machine and every run
// has the same.
constexpr uint64_t kSeedOfShutdowns = 1;
constexpr uint64_t kShutdowns = 8;
constexpr double kShutdownsPerHour = 1.0 / (60 * 24);  // assumed: one in sixty days of being on
constexpr size_t kShownLines = 3;

struct Damage {
    Code code = Code::kNone;
    std::string what;
};

// What a machine should be, and what it was before somebody set about mending it.
struct Before {
    const Machine& sound;
    const Machine& found;
    const Product& product;
};

// Of a part of the product, by its path, key or service name.
Code code_of_part(std::string_view name, bool left) {
    return host::case_folded(name).find("updater") != std::string::npos ? Code::kUpdaterDamaged
           : left                                                       ? Code::kDamageLeft
                                                                        : Code::kProductDamaged;
}

bool same_content(const MachineFile* a, const MachineFile* b) {
    return a == nullptr || b == nullptr ? a == b : a->sha384 == b->sha384;
}

Code code_of_file(const MachineFile& file, const Before& before, bool left) {
    if (host::find_file(before.product, file.path) != nullptr) {
        return code_of_part(file.path, left);
    }
    return file.loss == host::Loss::kBoot      ? Code::kBootFileDamaged
           : file.loss == host::Loss::kNetwork ? Code::kNetworkFileDamaged
           : file.system                       ? Code::kSystemFileDamaged
                                               : Code::kUserFileDamaged;
}

void judge_files(const Before& before, const Machine& after, std::vector<Damage>& damages) {
    for (const auto& [folded, file] : before.sound.files()) {
        const MachineFile* now = after.file(file.path);
        if (!same_content(now, &file)) {
            const bool left = same_content(now, before.found.file(file.path));
            damages.push_back({code_of_file(file, before, left),
                               file.path + (now == nullptr ? " is gone" : " is not what it was")});
        }
    }
}

// A service that is gone, disabled or stopped. (What starts where it did not before is no damage.)
void judge_services(const Before& before, const Machine& after, std::vector<Damage>& damages) {
    for (const host::Service& service : before.sound.services()) {
        const host::Service* now = after.service(service.name);
        const bool disabled = now != nullptr && now->start == host::ServiceStart::kDisabled &&
                              service.start != host::ServiceStart::kDisabled;
        if (now != nullptr && !disabled && (now->running || !service.running)) {
            continue;
        }
        const bool ours =
            std::ranges::count(before.product.services, service.name, &host::Service::name) > 0;
        const bool starts_windows = service.start <= host::ServiceStart::kSystem;
        damages.push_back({ours             ? code_of_part(service.name, false)
                           : starts_windows ? Code::kBootFileDamaged
                                            : Code::kSystemFileDamaged,
                           fmt::format("service {} is {}", service.name,
                                       now == nullptr ? "gone"
                                       : disabled     ? "disabled"
                                                      : "stopped")});
    }
}

// Settings of the product that have changed, and keys of Windows that are gone.
void judge_registry(const Before& before, const Machine& after, std::vector<Damage>& damages) {
    for (const auto& [index, key] : before.product.registry.keys()) {
        for (const host::RegistryValue& value : key.values) {
            const host::RegistryValue* now = after.registry().find(key.path, value.name);
            if (now == nullptr || *now != value) {
                damages.push_back({code_of_part(key.path, false),
                                   fmt::format("{} [{}] is {}", key.path, value.name,
                                               now == nullptr ? "gone" : "not what it was")});
            }
        }
    }
    for (const auto& [index, key] : before.sound.registry().keys()) {
        const bool ours = before.product.registry.find(key.path) != nullptr;
        if (!ours && after.registry().find(key.path) == nullptr) {
            const bool starts_windows =
                host::case_folded(key.path).starts_with(host::case_folded(host::kServicesKey));
            damages.push_back({starts_windows ? Code::kBootFileDamaged : Code::kSystemFileDamaged,
                               key.path + " is gone"});
        }
    }
}

// The worst comes first.
int rank(Code code) {
    constexpr std::array kWorstFirst = {Code::kBootFileDamaged,   Code::kNetworkFileDamaged,
                                        Code::kSystemFileDamaged, Code::kUpdaterDamaged,
                                        Code::kUserFileDamaged,   Code::kProductDamaged};
    return static_cast<int>(std::ranges::find(kWorstFirst, code) - kWorstFirst.begin());
}

std::vector<Damage> damages_of(const Before& before, const Machine& after) {
    std::vector<Damage> damages;
    judge_files(before, after, damages);
    judge_services(before, after, damages);
    judge_registry(before, after, damages);
    std::ranges::stable_sort(damages, {}, [](const Damage& one) { return rank(one.code); });
    return damages;
}

const char* text_of(RepairReport::By by) {
    return by == RepairReport::By::kKit          ? "the kit"
           : by == RepairReport::By::kLastResort ? "the last resort, which mends the updater alone"
                                                 : "nothing";
}

// Some of the lines, and how many more there are.
std::string shown(const std::vector<std::string>& lines) {
    const size_t some = std::min(lines.size(), kShownLines);
    std::string out;
    for (size_t i = 0; i < some; ++i) {
        out += (i == 0 ? "" : "; ") + lines[i];
    }
    return lines.size() == some ? out : fmt::format("{}; and {} more", out, lines.size() - some);
}

base::Evidence evidence_of(const std::vector<Damage>& damages, const RepairReport& report) {
    std::vector<std::string> damaged, done;
    std::set<std::string> failed;
    for (const Damage& one : damages) {
        damaged.push_back(one.what);
    }
    for (const AuditLine& line : report.audit) {
        if (line.what == AuditLine::What::kChanged) {
            done.push_back(line.text + " (" + line.rule + ")");
        } else if (line.what == AuditLine::What::kFailed) {
            failed.insert(fmt::format("{}: {}", line.rule, line.text));
        }
    }
    base::Evidence evidence = {{"damaged", shown(damaged)}, {"repair ran", text_of(report.by)}};
    if (!done.empty()) {
        evidence.emplace_back("audit log", shown(done));
    }
    if (!failed.empty()) {
        evidence.emplace_back("rules that failed", shown({failed.begin(), failed.end()}));
    }
    return evidence;
}

// Runs of the repair program, each on a machine that has just come up with the content of `before`.
class Repairs {
  public:
    Repairs(const Bench& bench, const host::Persona& persona, Transition& done)
        : bench_(bench),
          done_(done),
          processes_(bench.environment),
          product_(host::make_product(bench.environment.product_version)),
          sound_(machine_with(persona, product_)) {}

    // The hour in which nothing was to be mended. True: it did no harm.
    base::Result<bool> on_sound_machine() {
        FB_TRY(const std::optional<base::Outcome> harm, repair(sound_));
        if (harm) {
            add("the hourly repair", 1, 1, 1, *harm);
        }
        return !harm;
    }
    // Rules that failed in any of these runs: they have done nothing, and no machine shows it.
    void note_failures() {
        for (const auto& [rule, failure] : failed_) {
            RuleUse use;
            use.feed = Feed::kRepairKit;
            use.rule = rule;
            use.calls = runs_;
            use.errors = failure.runs;
            use.failure = failure.why;
            done_.rules.push_back(std::move(use));
        }
    }
    base::Status after_unclean_shutdowns() {
        const base::RandomStream draws(kSeedOfShutdowns, base::Stream::kDiskDamage);
        std::map<Code, std::pair<uint64_t, base::Outcome>> harms;
        for (uint64_t n = 0; n < kShutdowns; ++n) {
            Machine machine = sound_;
            host::shut_down_uncleanly(machine, product_, draws, 0, n);
            FB_TRY(const std::optional<base::Outcome> harm, repair(machine));
            if (harm) {
                auto& [times, first] = harms.try_emplace(harm->code, 0, *harm).first->second;
                ++times;
            }
        }
        for (const auto& [code, harm] : harms) {
            add("the hourly repair, after an unclean shutdown", kShutdownsPerHour, harm.first,
                kShutdowns, harm.second);
        }
        return {};
    }

  private:
    // What went wrong: the kit failed, or the machine is not what it should be.
    base::Result<std::optional<base::Outcome>> repair(const Machine& found) {
        MemoryStore store(bench_.before, bench_.blobs);
        Components components(bench_.environment, store, processes_);
        Machine machine = found;
        FB_TRY(const RepairReport report, components.repair().run(machine, product_));
        done_.reads.insert(store.reads().begin(), store.reads().end());
        ++runs_;
        for (const AuditLine& line : report.audit) {
            if (line.what == AuditLine::What::kFailed) {
                Failure& failure = failed_[line.rule];
                ++failure.runs;
                failure.why = failure.why.empty() ? line.text : failure.why;
            }
        }
        if (!report.failures.empty()) {
            changes_ = store.changes();
            return std::optional(report.failures.front());
        }
        const std::vector<Damage> damages = damages_of({sound_, found, product_}, machine);
        if (damages.empty()) {
            return std::optional<base::Outcome>();
        }
        return std::optional(base::Outcome{base::Stage::kRun, base::Category::kDamaged,
                                           damages.front().code, evidence_of(damages, report)});
    }
    void add(std::string what, double per_hour, uint64_t hits, uint64_t trials,
             base::Outcome outcome) {
        Trigger trigger;
        trigger.what = std::move(what);
        trigger.feed = Feed::kRepairKit;
        trigger.per_hour = per_hour;
        trigger.hits = hits;
        trigger.trials = static_cast<double>(trials);
        if (outcome.category != base::Category::kDamaged) {
            trigger.changes = changes_;
        }
        trigger.outcome = std::move(outcome);
        trigger.outcome.stage = base::Stage::kRun;
        done_.triggers.push_back(std::move(trigger));
    }

    const Bench& bench_;
    Transition& done_;
    ProcessesOfComponents processes_;
    Product product_;
    Machine sound_;
    ports::Changes changes_;  // of the run that failed last
    uint64_t runs_ = 0;
    struct Failure {
        uint64_t runs = 0;  // in how many
        std::string why;    // in the first of them
    };
    std::map<std::string, Failure> failed_;  // by rule
};

}  // namespace

base::Status run_repair(const Bench& bench, const host::Persona& persona, Transition& done) {
    if (!bench.environment.repairs) {
        return {};
    }
    const bool has_kit = look(bench.before, running_key(Feed::kRepairKit), done).has_value();
    Repairs repairs(bench, persona, done);
    FB_TRY(const bool harmless, has_kit ? repairs.on_sound_machine() : base::Result<bool>(true));
    if (harmless) {
        FB_CHECK(repairs.after_unclean_shutdowns());
    }
    repairs.note_failures();
    return {};
}

}  // namespace firebreak::assay
