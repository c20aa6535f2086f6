#include "assay/assays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "assay/faulty_ports.h"
#include "assay/keyed_transport.h"
#include "assay/loads.h"
#include "assay/worker_processes.h"
#include "endpoint/delivery/delivered_content.h"
#include "endpoint/scanner/scanner_service.h"
#include "endpoint/update/update_client.h"

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

// A machine that has just been started: what an assay sees of pauses between restarts is their
// beginning.
class JustStarted final : public ports::Uptime {
  public:
    base::Duration up() override { return {0}; }
};

// No clock stands in the stimulus of a workload: answers of the cloud are kept for no time, so that
// no verdict depends on when it is asked for.
class AllTimeIsOver final : public ports::Clock {
  public:
    bool reached(base::UtcTime) override { return true; }
};

sandbox::Policy scanner_policy(uint32_t required_layers) {
    sandbox::Policy policy;
    policy.component = "scanner";
    policy.required_layers = required_layers;
    return policy;
}

// Sandboxed workers, or the scanner that somebody brought along; where the environment has a memory
// of loads, they answer from it.
class Processes {
  public:
    explicit Processes(const Environment& environment)
        : workers_(environment.spawner, scanner_policy(environment.required_layers),
                   WorkerProcesses::Folders::kShared) {
        real_ = environment.program != nullptr ? environment.program : &workers_;
        if (environment.loads != nullptr) {
            remembering_.emplace(*real_, *environment.loads);
        }
    }
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;

    ports::ComponentProcesses& get() {
        return remembering_ ? static_cast<ports::ComponentProcesses&>(*remembering_) : *real_;
    }

  private:
    WorkerProcesses workers_;
    ports::ComponentProcesses* real_;
    std::optional<RememberingProcesses> remembering_;
};

// Each subject is met in the same state, so each program is as good as the first of a sample: what
// telemetry models do to it shows, and comes about more often here than in the field.
endpoint::scanner::ScannerSetting every_program_scored(endpoint::scanner::ScannerSetting setting) {
    setting.sample_all = true;
    return setting;
}

// The file scanner on an endpoint with this store.
class ScannerHere {
  public:
    ScannerHere(const Environment& environment, ports::Store& store,
                ports::ComponentProcesses& processes)
        : service_({store, processes, clock_, uptime_, environment.cloud},
                   every_program_scored(environment.scanner)) {}
    endpoint::scanner::ScannerService& get() { return service_; }

  private:
    AllTimeIsOver clock_;
    JustStarted uptime_;
    endpoint::scanner::ScannerService service_;
};

// Of each feed: the scanner's for its own, for all others there is no component yet.
class InstallersOfFeeds final : public ports::Installers {
  public:
    InstallersOfFeeds(const Environment& environment, ports::Store& store,
                      ports::ComponentProcesses& processes)
        : scanner_(environment, store, processes), delivered_(store) {}
    ports::Installer& of(content::Feed feed) override {
        if (endpoint::scanner::is_scanner_feed(feed)) {
            return scanner_.get().installer(feed);
        }
        delivered_.select(feed);
        return delivered_;
    }

  private:
    ScannerHere scanner_;
    endpoint::delivery::DeliveredContent delivered_;
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
    Processes processes(environment);
    InstallersOfFeeds installers(environment, faulty.store(), processes.get());
    endpoint::update::UpdateClient client(
        {stimulus.channel, stimulus.group, environment.product_version, environment.platform,
         environment.profile, environment.built},
        {faulty.transport(), faulty.store(), faulty.clock(), alerts}, environment.verifier);

    FB_TRY(auto checks, client.check_all(stimulus.feeds, installers));
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

// A scanner in this state, for one subject after the other: every one is met in the same state, and
// what one of them does to the component is its own affair; the next starts afresh.
class Scans {
  public:
    Scans(const Environment& environment, BlobPool& blobs, const Snapshot& before)
        : environment_(environment), blobs_(blobs), before_(before), processes_(environment) {}

    // The verdict, and what the scan did to the state.
    struct Met {
        ports::ScanVerdict verdict;
        ports::Changes changes;
    };
    base::Result<Met> scan(const ports::Subject& subject) {
        if (!scanner_) {
            store_.emplace(before_, blobs_);
            scanner_.emplace(environment_, *store_, processes_.get());
        }
        FB_TRY(ports::ScanVerdict verdict, scanner_->get().scan(subject));
        Met met{std::move(verdict), store_->changes()};
        reads_.insert(store_->reads().begin(), store_->reads().end());
        if (met.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            met.verdict.outcome.stage = base::Stage::kRun;
            scanner_.reset();
        }
        return met;
    }
    base::Result<Met> scan_file(const std::string& name, base::ByteView content) {
        return scan(ports::file_subject(name, content));
    }
    const ports::Changes& reads() const { return reads_; }

  private:
    ports::Changes reads_;
    const Environment& environment_;
    BlobPool& blobs_;
    const Snapshot& before_;
    Processes processes_;
    std::optional<MemoryStore> store_;
    std::optional<ScannerHere> scanner_;
};

// A scan of a persona's file takes a few milliseconds. What takes so much longer is felt by those
// who work there (assumed).
constexpr std::chrono::milliseconds kSlowScan{60};
constexpr int kSlowTrials = 3;

std::string names(const std::vector<std::string>& found) {
    return fmt::format("{}", fmt::join(found, ", "));
}

// Who vouches for the subject itself: "90, local table, by signer, signed by Example Publishing".
std::optional<std::string> vouched_for(const ports::ScanVerdict& verdict) {
    for (const ports::ProgramTag& tag : verdict.tags) {
        if (tag.where.empty()) {
            return fmt::format("{}, {}{}{}", tag.reputation, tag.source,
                               tag.signer.empty() ? "" : ", signed by ", tag.signer);
        }
    }
    return std::nullopt;
}

// What becomes of a part of the machine that the scanner takes for a threat. Nothing of a persona's
// own is one. What is cleaned up is lost, and a part of Windows takes along what needs it; what is
// only held is there again with the next content.
base::Code code_of(const host::File& file, bool cleaned_up) {
    return !cleaned_up                         ? base::Code::kFileHeld
           : file.loss == host::Loss::kBoot    ? base::Code::kBootFileHeld
           : file.loss == host::Loss::kNetwork ? base::Code::kNetworkFileHeld
           : file.system                       ? base::Code::kSystemFileHeld
                                               : base::Code::kFileHeld;
}

// `kind`: "file".
Trigger false_positive(const std::string& kind, const std::string& name, double per_hour,
                       base::Code code, const ports::ScanVerdict& verdict) {
    Trigger trigger;
    trigger.what = name;
    trigger.feed = verdict.feed;
    trigger.per_hour = per_hour;
    trigger.outcome = {base::Stage::kRun,
                       base::Category::kFalsePositive,
                       code,
                       {{"found", names(verdict.found)}, {kind, name}}};
    if (const auto tag = vouched_for(verdict)) {
        trigger.outcome.evidence.emplace_back("reputation", *tag);
    }
    return trigger;
}

// The scanner died of it, or could not scan it.
Trigger unscanned(const std::string& name, double per_hour, Scans::Met met) {
    Trigger trigger;
    trigger.what = name;
    trigger.feed = met.verdict.feed;
    trigger.per_hour = per_hour;
    trigger.outcome = std::move(met.verdict.outcome);
    trigger.changes = std::move(met.changes);
    return trigger;
}

// Slow once may be a busy machine; slow in most of several trials is the content.
base::Result<std::optional<Trigger>> slow_down(Scans& scans, const host::File& file,
                                               std::chrono::microseconds first) {
    uint64_t slow = 1;
    std::chrono::microseconds least = first;
    for (int trial = 1; trial < kSlowTrials; ++trial) {
        FB_TRY(Scans::Met again, scans.scan_file(file.path, *file.content));
        if (again.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            return std::optional(unscanned(file.path, file.opens_per_hour, std::move(again)));
        }
        slow += again.verdict.cpu >= kSlowScan ? 1 : 0;
        least = std::min(least, again.verdict.cpu);
    }
    if (least < kSlowScan) {
        return std::optional<Trigger>();
    }
    Trigger trigger;
    trigger.what = file.path;
    trigger.per_hour = file.opens_per_hour;
    trigger.hits = slow;
    trigger.trials = kSlowTrials;
    trigger.outcome = {
        base::Stage::kRun,
        base::Category::kSlowDown,
        base::Code::kSlowScan,
        {{"file", file.path},
         {"processor time of a scan", fmt::format("over {} ms", kSlowScan.count())}}};
    return std::optional(std::move(trigger));
}

// "packed: not a number"; of a model that refuses several programs for one reason, once.
std::vector<std::string> refusals(const ports::ScanVerdict& verdict) {
    std::vector<std::string> out;
    for (const ports::ModelScore& one : verdict.scores) {
        std::string text = one.model + ": " + one.refusal;
        if (!one.refusal.empty() && std::find(out.begin(), out.end(), text) == out.end()) {
            out.push_back(std::move(text));
        }
    }
    return out;
}

// A model judges nothing of what it gives no score for.
Trigger without_score(const host::File& file, const std::vector<std::string>& refused) {
    Trigger trigger;
    trigger.what = file.path;
    trigger.feed = content::Feed::kMLModels;
    trigger.per_hour = file.opens_per_hour;
    trigger.outcome = {base::Stage::kRun,
                       base::Category::kRejected,
                       base::Code::kModelScoreInvalid,
                       {{"no score", names(refused)}, {"file", file.path}}};
    return trigger;
}

// What live models say, and beside it those that nothing acts on: the vendor's telemetry.
void note_scores(const std::string& where, const ports::ScanVerdict& verdict, Transition& done) {
    for (const ports::ModelScore& one : verdict.scores) {
        done.scores.push_back({base::to_hex(one.sha256), where, one.model, one.version,
                               one.telemetry, one.score, one.threshold, one.refusal});
    }
}

base::Status scan_files(Scans& scans, const host::Persona& persona, Transition& done) {
    for (const host::File& file : persona.files) {
        if (file.opens_per_hour <= 0) {
            continue;
        }
        FB_TRY(Scans::Met met, scans.scan_file(file.path, *file.content));
        if (met.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            done.triggers.push_back(unscanned(file.path, file.opens_per_hour, std::move(met)));
            continue;
        }
        note_scores(file.path, met.verdict, done);
        if (met.verdict.detected()) {
            done.triggers.push_back(false_positive("file", file.path, file.opens_per_hour,
                                                   code_of(file, met.verdict.cleaned_up),
                                                   met.verdict));
        }
        if (const auto refused = refusals(met.verdict); !refused.empty()) {
            done.triggers.push_back(without_score(file, refused));
        }
        if (met.verdict.cpu >= kSlowScan) {
            FB_TRY(auto slow, slow_down(scans, file, met.verdict.cpu));
            if (slow) {
                done.triggers.push_back(std::move(*slow));
            }
        }
    }
    return {};
}

// At its start a process is tagged with its image's reputation; later its memory is scanned, and
// what is found there is treated by that tag.
base::Status scan_processes(Scans& scans, const host::Persona& persona, Transition& done) {
    for (const host::Process& process : persona.processes) {
        if (process.starts_per_hour <= 0) {
            continue;
        }
        const auto image =
            std::find_if(persona.files.begin(), persona.files.end(),
                         [&](const host::File& file) { return file.path == process.image; });
        FB_TRY(Scans::Met started, scans.scan_file(image->path, *image->content));
        if (started.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            done.triggers.push_back(unscanned("start of " + process.image, process.starts_per_hour,
                                              std::move(started)));
            continue;
        }
        note_scores(process.image, started.verdict, done);
        ports::Subject subject{ports::SubjectKind::kMemory,
                               process.image,
                               {{process.address, *process.memory}},
                               std::nullopt};
        if (!started.verdict.tags.empty() && started.verdict.tags.front().where.empty()) {
            subject.reputation = started.verdict.tags.front().reputation;
        }
        FB_TRY(Scans::Met met, scans.scan(subject));
        const std::string name = "memory of " + process.image;
        if (met.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            done.triggers.push_back(unscanned(name, process.starts_per_hour, std::move(met)));
        } else if (met.verdict.detected()) {
            done.triggers.push_back(false_positive("process", name, process.starts_per_hour,
                                                   code_of(*image, met.verdict.cleaned_up),
                                                   met.verdict));
        }
    }
    return {};
}

// What is detected in a stream never arrives: what was wanted is missing, and nothing is lost.
base::Status scan_streams(Scans& scans, const host::Persona& persona, Transition& done) {
    for (const host::Stream& stream : persona.streams) {
        if (stream.per_hour <= 0) {
            continue;
        }
        FB_TRY(Scans::Met met,
               scans.scan({ports::SubjectKind::kStream, stream.name, {{0, *stream.content}}, {}}));
        if (met.verdict.kind == ports::ScanVerdict::Kind::kNoVerdict) {
            done.triggers.push_back(unscanned(stream.name, stream.per_hour, std::move(met)));
            continue;
        }
        note_scores(stream.name, met.verdict, done);
        if (met.verdict.detected()) {
            done.triggers.push_back(false_positive("stream", stream.name, stream.per_hour,
                                                   base::Code::kFileHeld, met.verdict));
        }
    }
    return {};
}

// Silent loss of detection: what stands among the persona's samples must be found.
base::Status scan_samples(Scans& scans, const host::Persona& persona, Transition& done) {
    std::vector<std::string> missed;
    for (const host::Sample& sample : persona.samples) {
        FB_TRY(const Scans::Met met, scans.scan_file(sample.name, *sample.content));
        if (!met.verdict.detected()) {
            missed.push_back(sample.name);
        }
    }
    if (!missed.empty()) {
        Trigger trigger;
        trigger.what = names(missed);
        trigger.at_once = true;
        trigger.hits = missed.size();
        trigger.trials = static_cast<double>(persona.samples.size());
        trigger.outcome = {base::Stage::kRun,
                           base::Category::kMissed,
                           base::Code::kSampleNotFound,
                           {{"not found", names(missed)}}};
        done.triggers.push_back(std::move(trigger));
    }
    return {};
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

// Whether anything runs at all.
bool look_what_runs(const Snapshot& before, Transition& done) {
    const std::string key = running_key(content::Feed::kDatasetA);
    const auto found = before.find(key);
    done.reads[key] = found == before.end() ? std::nullopt : std::optional(found->second);
    return found != before.end();
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

base::Result<Transition> workload(const Environment& environment, BlobPool& blobs,
                                  const Snapshot& before, const WorkloadStimulus& stimulus) {
    Transition done;
    if (!look_what_runs(before, done)) {
        if (environment.scanner.when_down == ports::Access::kHold) {
            done.triggers.push_back(held_unscanned());
            done.outcome = done.triggers.front().outcome;
        }
        return done;  // nothing runs, nothing else can go wrong
    }
    if (stimulus.measured != nullptr) {
        done = as_measured(before, *stimulus.measured);
    } else {
        const host::Persona& persona = environment.personas.at(stimulus.persona.value);
        Scans scans(environment, blobs, before);
        FB_CHECK(scan_files(scans, persona, done));
        FB_CHECK(scan_processes(scans, persona, done));
        FB_CHECK(scan_streams(scans, persona, done));
        FB_CHECK(scan_samples(scans, persona, done));
        done.reads.insert(scans.reads().begin(), scans.reads().end());
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
    if (look_what_runs(before, done)) {
        Scans scans(environment, blobs, before);
        FB_TRY(const Scans::Met met, scans.scan_file(stimulus.name, *stimulus.content));
        done.reads.insert(scans.reads().begin(), scans.reads().end());
        if (met.verdict.detected()) {
            done.outcome.evidence.emplace_back("found by", names(met.verdict.found));
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

constexpr std::string_view kScannedBy = "; scanner: ";

// What key() has put there; "" without a scanner of somebody's own.
std::string identity_in(const std::string& key) {
    const size_t found = key.rfind(kScannedBy);
    return found == std::string::npos ? "" : key.substr(found + kScannedBy.size());
}

}  // namespace

std::string key(const Environment& environment, const Stimulus& stimulus) {
    std::string out = text(stimulus);
    if (!environment.program_identity.empty()) {
        out.append(kScannedBy).append(environment.program_identity);
    }
    return out;
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

Assays::Assays(Environment environment, Log log)
    : environment_(std::move(environment)), log_(std::move(log)) {
    environment_.loads = &loads_;
}

void Assays::replay_from(std::vector<Transition> recorded) {
    replaying_ = true;
    // The record answers for the scanner that it was made with, which need not be on this machine.
    if (!recorded.empty()) {
        environment_.program_identity = identity_in(recorded.front().stimulus);
    }
    for (Transition& transition : recorded) {
        std::string stimulus = transition.stimulus;
        recorded_[std::move(stimulus)].push_back(std::move(transition));
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
        const auto found = recorded_.find(text);
        if (found != recorded_.end()) {
            for (const Transition& candidate : found->second) {
                if (holds(candidate, state(request.before), clock_of(request.stimulus))) {
                    return candidate;
                }
            }
        }
        return base::Error{"the recording has no outcome for: " + text, "",
                           "replay it with the version and the fixtures that recorded it"};
    }
    for (int attempt = 1;; ++attempt) {
        auto done = perform_once(environment_, blobs_, state(request.before), request.stimulus);
        if (done.ok() || attempt == kTries) {
            return done;
        }
    }
}

bool Assays::in_time(const Transition& transition, const Request& request) {
    const base::UtcTime clock = clock_of(request.stimulus);
    return clock >= transition.clock_from && clock < transition.clock_until;
}

std::optional<TransitionId> Assays::known(const Work& work) const {
    const auto candidates = by_stimulus_.find(work.text);
    if (candidates == by_stimulus_.end()) {
        return std::nullopt;
    }
    for (const TransitionId id : candidates->second) {
        if (holds(transitions_[id.value], state(work.request->before),
                  clock_of(work.request->stimulus))) {
            return id;
        }
    }
    return std::nullopt;
}

// In rounds: of those with the same stimulus one is performed, and then it may hold for others.
base::Result<std::vector<TransitionId>> Assays::perform(std::span<const Request> requests) {
    std::vector<TransitionId> ids(requests.size());
    std::vector<Work> open;
    for (size_t i = 0; i < requests.size(); ++i) {
        std::string stimulus = key(environment_, requests[i].stimulus);
        std::string key = fmt::format("{} {}", requests[i].before.value, stimulus);
        const auto exact = known_.find(key);
        if (exact != known_.end() && in_time(transitions_[exact->second.value], requests[i])) {
            ids[i] = exact->second;
        } else {
            open.push_back({&requests[i], i, std::move(stimulus), std::move(key), std::nullopt});
        }
    }
    while (!open.empty()) {
        std::vector<Work> round, later;
        std::set<std::string> underway;
        for (Work& work : open) {
            if (const auto id = known(work)) {
                ids[work.place] = *id;
                known_.insert_or_assign(std::move(work.key), *id);
            } else if (underway.insert(work.text).second) {
                round.push_back(std::move(work));
            } else {
                later.push_back(std::move(work));
            }
        }
        FB_CHECK(perform_round(round, ids));
        open = std::move(later);
    }
    return ids;
}

base::Status Assays::perform_round(std::vector<Work>& round, std::vector<TransitionId>& ids) {
    std::atomic<size_t> next{0};
    const auto drain = [&] {
        for (size_t i; (i = next++) < round.size();) {
            round[i].done = obtain(*round[i].request, round[i].text);
        }
    };
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min<size_t>(environment_.jobs, round.size()); ++i) {
        helpers.emplace_back(drain);
    }
    drain();
    helpers.clear();
    for (Work& work : round) {
        if (!work.done->ok()) {
            return work.done->error();
        }
        transitions_.push_back(std::move(**work.done));
        const TransitionId id{static_cast<uint32_t>(transitions_.size() - 1)};
        ids[work.place] = id;
        known_.insert_or_assign(std::move(work.key), id);
        by_stimulus_[work.text].push_back(id);
        FB_CHECK(log_(work.request->before, transitions_.back()));
    }
    return {};
}

}  // namespace firebreak::assay
