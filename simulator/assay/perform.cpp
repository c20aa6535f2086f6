// One transition, performed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "assay/assays.h"
#include "assay/components.h"
#include "assay/faulty_ports.h"
#include "assay/keyed_transport.h"
#include "assay/scans.h"
#include "assay/workloads.h"
#include "endpoint/update/update_client.h"

namespace firebreak::assay {

namespace {

class CountedAlerts final : public ports::Alerts {
  public:
    void raise(const ports::Alert&) override { ++count_; }
    uint32_t count() const { return count_; }

  private:
    uint32_t count_ = 0;
};

// The right time, and between which of the times that it was compared with it lies: whatever came
// of it holds for all of that interval.
class AskedClock final : public ports::Clock {
  public:
    explicit AskedClock(base::UtcTime now) : now_(now) {}
    bool reached(base::UtcTime time) override {
        const bool has = now_ >= time;
        (has ? from_ : until_) = has ? std::max(from_, time) : std::min(until_, time);
        return has;
    }
    base::UtcTime from() const { return from_; }
    base::UtcTime until() const { return until_; }

  private:
    base::UtcTime now_;
    base::UtcTime from_{Transition::kAlways.first}, until_{Transition::kAlways.second};
};

// A poll that brings several feeds something is told by the worst of it.
void tell_worst(std::vector<endpoint::update::Check> checks, Transition& done) {
    const bool several = checks.size() > 1;
    const endpoint::update::Check* worst = nullptr;
    for (const endpoint::update::Check& check : checks) {
        done.delivered |= check.delivered;
        if (worst == nullptr || check.outcome.category > worst->outcome.category) {
            worst = &check;
        }
    }
    if (worst == nullptr) {
        return;
    }
    done.outcome = worst->outcome;
    done.feed = worst->feed;
    done.manifest = worst->manifest;
    if (several && done.outcome.category != base::Category::kNothingNew) {
        done.outcome.evidence.emplace_back("feed", std::string(content::info(done.feed).name));
    }
}

base::Result<Transition> poll(const Environment& environment, BlobPool& blobs,
                              const Snapshot& before, const PollStimulus& stimulus) {
    FB_TRY(const auto wire, environment.wire.connect(stimulus.files, stimulus.edges));
    KeyedTransport keyed(*wire, stimulus.files);
    MemoryStore memory(before, blobs);
    AskedClock clock(stimulus.clock);
    FaultyPorts faulty(keyed, memory, clock, stimulus);
    CountedAlerts alerts;
    ProcessesOfComponents processes(environment);
    Components components(environment, faulty.store(), processes);
    endpoint::update::UpdateClient client(
        {stimulus.channel, stimulus.group, environment.product_version, environment.platform,
         environment.profile, environment.built},
        {faulty.transport(), faulty.store(), faulty.clock(), alerts}, environment.verifier);

    FB_TRY(auto checks, client.check_all(stimulus.feeds, components));
    if (!keyed.reads_outside_the_key().empty()) {
        return base::Error{"the update client read outside the assay's key",
                           keyed.reads_outside_the_key().front(), ""};
    }
    Transition done;
    done.reads = memory.reads();
    done.changes = memory.changes();
    done.clock_from = clock.from();
    done.clock_until = clock.until();
    done.alerts = alerts.count();
    tell_worst(std::move(checks), done);
    return done;
}

// In place of a workload that nobody runs here.
Transition as_measured(const Snapshot& before, const std::vector<Measured>& measured) {
    Transition done;
    const ports::Changes back = difference(before, fallen_back(before, content::Feed::kDatasetA));
    for (const auto& [key, value] : before) {
        done.reads[key] = value;  // where it falls back to depends on several of them
    }
    for (const Measured& one : measured) {
        if (one.harm == base::Harm::kNone || one.events == 0) {
            continue;
        }
        Trigger trigger;
        trigger.what = one.what;
        trigger.per_hour = 1;
        trigger.hits = one.events;
        trigger.trials = one.hours;
        trigger.measured = one.harm;
        trigger.outcome = {base::Stage::kRun,
                           base::Category::kMeasured,
                           base::Code::kImported,
                           {{"measured elsewhere", fmt::format("{} events in {:.6g} machine-hours",
                                                               one.events, one.hours)},
                            {"harm", std::string(base::info(one.harm).name)},
                            {"set off by", one.what}}};
        const bool died = one.harm == base::Harm::kRestart || one.harm == base::Harm::kDown ||
                          one.harm == base::Harm::kBootLoop;
        trigger.changes = died ? back : ports::Changes{};
        done.triggers.push_back(std::move(trigger));
    }
    return done;
}

// Policy says that nothing is opened which nobody could scan.
Trigger held_unscanned() {
    Trigger trigger;
    trigger.what = "every file";
    trigger.at_once = true;
    trigger.outcome = {base::Stage::kRun,
                       base::Category::kFalsePositive,
                       base::Code::kHeldUnscanned,
                       {{"scanner", "down, and policy holds what it has not scanned"}}};
    return trigger;
}

// In place of components that nobody runs here. Whether anything runs at all, the rules of the
// scanner tell: it is what was measured.
base::Result<Transition> workload(const Environment& environment, BlobPool& blobs,
                                  const Snapshot& before, const WorkloadStimulus& stimulus) {
    Transition done;
    const bool scans_run = look(before, running_key(content::Feed::kDatasetA), done).has_value();
    if (!scans_run && environment.scanner.when_down == ports::Access::kHold) {
        done.triggers.push_back(held_unscanned());
    }
    if (stimulus.measured != nullptr) {
        if (scans_run) {
            done = as_measured(before, *stimulus.measured);
        }
    } else {
        const host::Persona& persona = environment.personas.at(stimulus.persona.value);
        const Bench bench{environment, blobs, before};
        Scans scans(environment, blobs, before);
        FB_TRY(const auto exclusions, run_applications(bench, persona, done));
        FB_CHECK(run_scanner(bench, scans, persona, exclusions, done));
        FB_CHECK(run_rules(bench, scans, persona, done));
        FB_CHECK(run_repair(bench, persona, done));
    }
    if (!done.triggers.empty()) {
        const base::Outcome& first = done.triggers.front().outcome;
        done.outcome.stage = first.stage;
        done.outcome.category = first.category;
        done.outcome.code = first.code;
    }
    return done;
}

// Found or not, by what runs; with nothing running nothing is found.
base::Result<Transition> sample(const Environment& environment, BlobPool& blobs,
                                const Snapshot& before, const SampleStimulus& stimulus) {
    Transition done;
    if (look(before, running_key(content::Feed::kDatasetA), done)) {
        Scans scans(environment, blobs, before);
        FB_TRY(const Scans::Met met, scans.scan_file(stimulus.name, *stimulus.content));
        done.reads.insert(scans.reads().begin(), scans.reads().end());
        if (met.verdict.detected()) {
            done.outcome.evidence.emplace_back(
                "found by", fmt::format("{}", fmt::join(met.verdict.found, ", ")));
            return done;
        }
        done.outcome.evidence = met.verdict.outcome.evidence;
    }
    done.outcome.evidence.emplace_back("a campaign's sample", stimulus.name);
    done.outcome.evidence.emplace_back("found by", "nothing that runs");
    done.outcome.stage = base::Stage::kRun;
    done.outcome.category = base::Category::kMissed;
    done.outcome.code = base::Code::kSampleNotFound;
    return done;
}

}  // namespace

std::optional<std::string> look(const Snapshot& before, const std::string& key, Transition& done) {
    const auto found = before.find(key);
    auto value = found == before.end() ? std::nullopt : std::optional(found->second);
    done.reads[key] = value;
    return value;
}

base::Result<Transition> perform_once(const Environment& environment, BlobPool& blobs,
                                      const Snapshot& before, const Stimulus& stimulus) {
    const auto begin = std::chrono::steady_clock::now();
    const auto run = [&]() -> base::Result<Transition> {
        if (const auto* check = std::get_if<PollStimulus>(&stimulus)) {
            return poll(environment, blobs, before, *check);
        }
        if (const auto* shown = std::get_if<SampleStimulus>(&stimulus)) {
            return sample(environment, blobs, before, *shown);
        }
        return workload(environment, blobs, before, std::get<WorkloadStimulus>(stimulus));
    };
    FB_TRY(Transition done, run());
    done.stimulus = key(environment, stimulus);
    done.cost_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    return done;
}

}  // namespace firebreak::assay
