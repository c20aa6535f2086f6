#include "assay/assays.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "assay/keyed_transport.h"
#include "assay/worker_processes.h"
#include "endpoint/scanner/scanner_service.h"
#include "endpoint/update/update_client.h"
#include "ports/host_view.h"

namespace firebreak::assay {

namespace {

constexpr int kTries = 3;

class CountedAlerts final : public ports::Alerts {
  public:
    void raise(const ports::Alert&) override { ++count_; }
    uint32_t count() const { return count_; }

  private:
    uint32_t count_ = 0;
};

// No check of the published design asks the clock, so that assays need no class of clocks yet: an
// answer would be outside the key.
class NoClock final : public ports::Clock {
  public:
    base::UtcTime now() const override { return {0}; }
};

class PersonaView final : public ports::HostView {
  public:
    explicit PersonaView(const host::Persona& persona) : persona_(persona) {}
    std::span<const host::File> files() const override { return persona_.files; }

  private:
    const host::Persona& persona_;
};

sandbox::Policy scanner_policy() {
    sandbox::Policy policy;
    policy.component = "scanner";
    return policy;
}

base::Result<Transition> poll(const Environment& environment, BlobPool& blobs,
                              const Snapshot& before, const PollStimulus& stimulus) {
    const content::Head head{stimulus.feed, stimulus.offered == nullptr
                                                ? std::nullopt
                                                : std::optional(stimulus.offered->manifest_digest)};
    std::vector<const content::Package*> packages;
    for (const content::Package* package : {stimulus.offered, stimulus.replayed}) {
        if (package != nullptr) {
            packages.push_back(package);
        }
    }
    KeyedTransport keyed(environment.cdn, content::head_path(stimulus.group, stimulus.feed),
                         content::canonical_json(head), packages);
    faults::DamagedTransport transport(keyed, stimulus.damage);
    MemoryStore store(before, blobs);
    NoClock clock;
    CountedAlerts alerts;
    WorkerProcesses processes(environment.spawner, scanner_policy());
    endpoint::scanner::ScannerService scanner(store, processes);
    endpoint::update::UpdateClient client({stimulus.group, environment.product_version, {}},
                                          {transport, store, clock, alerts}, environment.verifier);

    FB_TRY(endpoint::update::Check check, client.check(stimulus.feed, scanner));
    if (!keyed.reads_outside_the_key().empty()) {
        return base::Error{"the update client read outside the assay's key",
                           keyed.reads_outside_the_key().front(), ""};
    }
    Transition done;
    done.after = store.snapshot();
    done.outcome = std::move(check.outcome);
    done.manifest = check.manifest;
    done.delivered = check.delivered;
    done.alerts = alerts.count();
    return done;
}

// Every file of the workload is met in the same state: what one of them does to the component is
// that trigger's affair, and the next file starts afresh.
base::Result<Transition> workload(const Environment& environment, BlobPool& blobs,
                                  const Snapshot& before, const WorkloadStimulus& stimulus) {
    const PersonaView machine(environment.personas.at(stimulus.persona.value));
    WorkerProcesses processes(environment.spawner, scanner_policy());
    std::optional<MemoryStore> store;
    std::optional<endpoint::scanner::ScannerService> scanner;
    Transition done;
    done.after = before;
    if (!running_content(before, content::Feed::kDatasetA)) {
        return done;  // nothing runs, nothing can go wrong
    }
    for (const host::File& file : machine.files()) {
        if (file.opens_per_hour <= 0) {
            continue;
        }
        if (!scanner) {
            store.emplace(before, blobs);
            scanner.emplace(*store, processes);
        }
        FB_TRY(ports::ScanVerdict verdict, scanner->scan(file.path, *file.content));
        if (verdict.kind == ports::ScanVerdict::Kind::kScanned) {
            for (const std::string& rule : verdict.rules) {
                done.outcome.evidence.emplace_back("detection", rule + " in " + file.path);
            }
            continue;
        }
        verdict.outcome.stage = base::Stage::kRun;
        done.triggers.push_back(
            {file.path, file.opens_per_hour, std::move(verdict.outcome), store->snapshot()});
        scanner.reset();
    }
    if (!done.triggers.empty()) {
        const base::Outcome& first = done.triggers.front().outcome;
        done.outcome = {first.stage, first.category, first.code, std::move(done.outcome.evidence)};
    }
    return done;
}

}  // namespace

base::Result<Transition> perform_once(const Environment& environment, BlobPool& blobs,
                                      const Snapshot& before, const Stimulus& stimulus) {
    const auto begin = std::chrono::steady_clock::now();
    const auto run = [&]() -> base::Result<Transition> {
        if (const auto* check = std::get_if<PollStimulus>(&stimulus)) {
            return poll(environment, blobs, before, *check);
        }
        return workload(environment, blobs, before, std::get<WorkloadStimulus>(stimulus));
    };
    FB_TRY(Transition done, run());
    done.stimulus = text(stimulus);
    done.cost_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    return done;
}

Assays::Assays(Environment environment, Log log)
    : environment_(std::move(environment)), log_(std::move(log)) {}

void Assays::replay_from(std::vector<std::pair<base::Digest, Transition>> recorded) {
    replaying_ = true;
    for (auto& [before, transition] : recorded) {
        std::string key = before.hex() + ' ' + transition.stimulus;
        recorded_.emplace(std::move(key), std::move(transition));
    }
}

StateId Assays::intern(const Snapshot& snapshot) {
    const StateId next{static_cast<uint32_t>(states_.size())};
    const auto [place, is_new] = state_ids_.emplace(digest(snapshot), next);
    if (is_new) {
        states_.push_back(snapshot);
    }
    return place->second;
}

base::Result<Transition> Assays::obtain(const Request& request, const std::string& text) {
    if (replaying_) {
        const auto found = recorded_.find(digest(state(request.before)).hex() + ' ' + text);
        if (found == recorded_.end()) {
            return base::Error{"the recording has no outcome for: " + text, "",
                               "replay it with the version and the fixtures that recorded it"};
        }
        return found->second;
    }
    for (int attempt = 1;; ++attempt) {
        auto done = perform_once(environment_, blobs_, state(request.before), request.stimulus);
        if (done.ok() || attempt == kTries) {
            return done;
        }
    }
}

base::Result<std::vector<TransitionId>> Assays::perform(std::span<const Request> requests) {
    std::vector<TransitionId> ids;
    struct Work {
        const Request* request;
        std::string text;
        std::optional<base::Result<Transition>> done;
    };
    std::vector<Work> work;
    for (const Request& request : requests) {
        std::string stimulus = text(request.stimulus);
        const TransitionId next{static_cast<uint32_t>(transitions_.size() + work.size())};
        const auto [place, is_new] =
            known_.emplace(fmt::format("{} {}", request.before.value, stimulus), next);
        if (is_new) {
            work.push_back({&request, std::move(stimulus), std::nullopt});
        }
        ids.push_back(place->second);
    }

    std::atomic<size_t> next{0};
    const auto drain = [&] {
        for (size_t i; (i = next++) < work.size();) {
            work[i].done = obtain(*work[i].request, work[i].text);
        }
    };
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min<size_t>(environment_.jobs, work.size()); ++i) {
        helpers.emplace_back(drain);
    }
    drain();
    helpers.clear();

    for (Work& item : work) {
        if (!item.done->ok()) {
            return item.done->error();
        }
        Transition& done = **item.done;
        done.before = item.request->before;
        transitions_.push_back(std::move(done));
        const TransitionId id{static_cast<uint32_t>(transitions_.size() - 1)};
        FB_CHECK(log_(id, transitions_.back()));
    }
    return ids;
}

}  // namespace firebreak::assay
