#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "assay/workloads.h"
#include "base/random.h"
#include "endpoint/reputation/reputation.h"
#include "host/windows_path.h"
#include "host/workload.h"

namespace firebreak::assay {

namespace {

using content::Feed;
using endpoint::behavior::Detection;
using endpoint::behavior::EventReply;
using endpoint::behavior::Handled;
using endpoint::behavior::HandleEvents;
using endpoint::behavior::Severity;
using endpoint::behavior::TellScan;

constexpr int kHours = 24;
constexpr int64_t kMsOfHour = 3'600'000;
// The events of a persona's day belong to the persona, as its files do: every machine and every
// run has the same.
constexpr uint64_t kSeedOfDays = 1;
constexpr uint64_t kMachine = 1;
// Scans that rules may ask for in one hour: a rule that asks for one at every answer gets no more.
constexpr size_t kMostScans = 256;

// One detection counts as often as it comes, by rule and program.
struct Stopped {
    Detection first;
    std::string image;
    uint64_t times = 0;
};

// The images of the processes that have been seen so far.
class Images {
  public:
    void note(const host::EventLog& log) {
        for (const host::Event& event : log.events()) {
            if (const std::string_view image = event.value("image").text(); !image.empty()) {
                images_.try_emplace(event.process, image);
            }
        }
    }
    std::string of(uint32_t process) const {
        const auto found = images_.find(process);
        return found == images_.end() ? "a process that was there before" : found->second;
    }

  private:
    std::map<uint32_t, std::string> images_;
};

const host::File* file_of(const host::Persona& persona, std::string_view path) {
    const std::string folded = host::case_folded(path);
    const auto found = std::ranges::find_if(persona.files, [&](const host::File& file) {
        return host::case_folded(file.path) == folded;
    });
    return found == persona.files.end() ? nullptr : &*found;
}

// The protection service of one machine, from its start to its first death.
class Protection {
  public:
    Protection(const Bench& bench, Scans& scans, const host::Persona& persona,
               ProcessesOfComponents& processes)
        : scans_(scans),
          persona_(persona),
          store_(bench.before, bench.blobs),
          components_(bench.environment, store_, processes) {}

    // What came of the log, and of the scans that were asked for because of it.
    base::Result<Handled> handle(const host::EventLog& log, bool last) {
        images_.note(log);
        FB_TRY(const auto reputations, tags_of(log));
        FB_TRY(Handled all, components_.behavior().handle(log, last, reputations));
        std::vector<endpoint::behavior::ScanWanted> wanted = std::move(all.reply.scans);
        for (size_t n = 0; all.handled && n < wanted.size() && n < kMostScans; ++n) {
            FB_TRY(const TellScan answer, scan(wanted[n]));
            FB_TRY(Handled told, components_.behavior().tell(answer));
            if (!told.handled) {
                return told;
            }
            std::ranges::move(told.reply.detections, std::back_inserter(all.reply.detections));
            std::ranges::move(told.reply.scans, std::back_inserter(wanted));
        }
        return all;
    }
    base::Result<std::optional<endpoint::behavior::CostReply>> costs() {
        return components_.behavior().costs();
    }
    // The tag of a file of the machine; nothing: not one, or nobody knows.
    base::Result<std::optional<uint8_t>> reputation(const std::string& path) {
        const auto [known, is_new] = tags_.try_emplace(host::case_folded(path));
        const host::File* file = is_new ? file_of(persona_, path) : nullptr;
        if (file != nullptr) {
            FB_TRY(const Scans::Met met, scans_.scan_file(file->path, *file->content));
            if (const ports::ProgramTag* tag = own_tag(met.verdict)) {
                known->second = tag->reputation;
            }
        }
        return known->second;
    }
    const Images& images() const { return images_; }
    const MemoryStore& store() const { return store_; }

  private:
    // A process is tagged at its start.
    base::Result<std::vector<HandleEvents::Reputation>> tags_of(const host::EventLog& log) {
        std::vector<HandleEvents::Reputation> tags;
        for (const host::Event& event : log.events()) {
            if (event.kind == host::EventKind::kProcessStart) {
                FB_TRY(const auto tag, reputation(std::string(event.value("image").text())));
                if (tag) {
                    tags.push_back({event.process, *tag});
                }
            }
        }
        return tags;
    }
    base::Result<TellScan> scan(const endpoint::behavior::ScanWanted& wanted) {
        TellScan answer;
        answer.number = wanted.number;
        const host::File* file = file_of(persona_, wanted.path);
        if (file == nullptr) {
            return answer;
        }
        FB_TRY(const Scans::Met met, scans_.scan_file(file->path, *file->content));
        answer.scanned = met.verdict.kind == ports::ScanVerdict::Kind::kScanned;
        answer.detected = met.verdict.detected();
        answer.found = met.verdict.found.empty() ? "" : met.verdict.found.front();
        if (const ports::ProgramTag* tag = own_tag(met.verdict)) {
            answer.reputation = tag->reputation;
        }
        return answer;
    }

    Scans& scans_;
    const host::Persona& persona_;
    MemoryStore store_;
    Components components_;
    Images images_;
    std::map<std::string, std::optional<uint8_t>> tags_;  // by folded path
};

// Whose content a death is put down to: the feed whose record has changed.
Feed blamed_by(const ports::Changes& changes) {
    const std::string product =
        fmt::format("behavior/{}/", content::info(Feed::kProductRulesFeed).name);
    const bool is_product = std::ranges::any_of(
        changes, [&](const auto& change) { return change.first.starts_with(product); });
    const std::string other = fmt::format("behavior/{}/", content::info(Feed::kBehavior).name);
    const bool is_behavior = std::ranges::any_of(
        changes, [&](const auto& change) { return change.first.starts_with(other); });
    return is_product && !is_behavior ? Feed::kProductRulesFeed : Feed::kBehavior;
}

Trigger death_of_rules(base::Outcome outcome, const ports::Changes& changes, int hour) {
    Trigger trigger;
    trigger.what = "events of the machine";
    trigger.per_hour = 1;
    trigger.trials = hour + 1;
    trigger.outcome = std::move(outcome);
    trigger.outcome.stage = base::Stage::kRun;
    trigger.changes = changes;
    trigger.feed = blamed_by(changes);
    return trigger;
}

// A rule of high severity has the process stopped, and its program taken off the machine unless it
// is known to be good.
base::Result<Trigger> false_alarm(const Stopped& stopped, Protection& protection,
                                  const host::Persona& persona) {
    FB_TRY(const auto score, protection.reputation(stopped.image));
    endpoint::reputation::Reputation tag;
    tag.score = score.value_or(endpoint::reputation::kScoreOfTheUnknown);
    const bool cleaned_up = treatment_of(tag, true).cleaned_up;
    const host::File* file = file_of(persona, stopped.image);
    Trigger trigger;
    trigger.what = "start of " + stopped.image;
    trigger.feed = Feed::kBehavior;
    trigger.per_hour = 1;
    trigger.hits = stopped.times;
    trigger.trials = kHours;
    trigger.outcome = {
        base::Stage::kRun,
        base::Category::kFalsePositive,
        file != nullptr && cleaned_up ? code_of(*file, true) : base::Code::kProcessStopped,
        {{"rule", stopped.first.rule}, {"process", stopped.image}}};
    if (!stopped.first.technique.empty()) {
        trigger.outcome.evidence.emplace_back("technique", stopped.first.technique);
    }
    if (score) {
        trigger.outcome.evidence.emplace_back("reputation", std::to_string(*score));
    }
    return trigger;
}

// The first thing that went wrong, by rule.
using Failures = std::map<std::string, std::string>;

void note_failures(const EventReply& reply, Failures& failures) {
    for (const endpoint::behavior::RuleNote& note : reply.notes) {
        failures.try_emplace(note.rule, fmt::format("{}: {}", to_text(note.what), note.message));
    }
}

void note_uses(const endpoint::behavior::CostReply& costs, const Failures& failures,
               Transition& done) {
    using endpoint::behavior::RuleFeed;
    for (const endpoint::behavior::RuleCost& cost : costs.rules) {
        const auto failed = failures.find(cost.rule);
        done.rules.push_back(
            {cost.feed == RuleFeed::kProductRules ? Feed::kProductRulesFeed : Feed::kBehavior,
             cost.rule, cost.calls, cost.errors, cost.detections, cost.disabled, cost.nanoseconds,
             cost.memory_bytes, failed == failures.end() ? "" : failed->second});
    }
    for (const endpoint::behavior::SensorCount& count : costs.sensors) {
        done.sensors.push_back(
            {count.kind, count.in, count.merged, count.dropped, count.delivered});
    }
}

using StoppedOnes = std::map<std::pair<std::string, std::string>, Stopped>;

void note_stopped(const EventReply& reply, const Images& images, StoppedOnes& stopped) {
    for (const Detection& detection : reply.detections) {
        if (detection.severity < Severity::kHigh) {
            continue;  // reported, and nothing else
        }
        const std::string image = images.of(detection.process);
        Stopped& one = stopped[{detection.rule, image}];
        if (one.times++ == 0) {
            one.first = detection;
            one.image = image;
        }
    }
}

// A day of the machine. False: the process died.
base::Result<bool> live_a_day(Protection& protection, const host::Persona& persona,
                              Transition& done) {
    const base::RandomStream random(kSeedOfDays, base::Stream::kPersonaEvents);
    StoppedOnes stopped;
    Failures failures;
    for (int hour = 0; hour < kHours; ++hour) {
        FB_TRY(const host::EventLog log,
               host::workload_events(persona, random, kMachine, hour * kMsOfHour,
                                     (hour + 1) * kMsOfHour));
        FB_TRY(Handled handled, protection.handle(log, hour + 1 == kHours));
        if (!handled.handled) {
            done.triggers.push_back(
                death_of_rules(std::move(handled.outcome), protection.store().changes(), hour));
            return false;
        }
        note_stopped(handled.reply, protection.images(), stopped);
        note_failures(handled.reply, failures);
    }
    for (const auto& [key, one] : stopped) {
        FB_TRY(Trigger trigger, false_alarm(one, protection, persona));
        done.triggers.push_back(std::move(trigger));
    }
    FB_TRY(const auto costs, protection.costs());
    if (costs) {
        note_uses(*costs, failures, done);
    }
    return true;
}

// Attacks that no rule raises: silent loss of detection.
base::Status meet_attacks(const Bench& bench, Scans& scans, const host::Persona& persona,
                          ProcessesOfComponents& processes, Transition& done) {
    std::vector<std::string> missed;
    for (const Attack& attack : bench.environment.attacks) {
        Protection protection(bench, scans, persona, processes);
        FB_TRY(const Handled handled, protection.handle(attack.events, true));
        if (handled.reply.detections.empty()) {
            missed.push_back(attack.name);
        }
    }
    if (!missed.empty()) {
        Trigger trigger;
        trigger.what = fmt::format("{}", fmt::join(missed, ", "));
        trigger.at_once = true;
        trigger.feed = Feed::kBehavior;
        trigger.hits = missed.size();
        trigger.trials = static_cast<double>(bench.environment.attacks.size());
        trigger.outcome = {base::Stage::kRun,
                           base::Category::kMissed,
                           base::Code::kAttackNotRaised,
                           {{"not raised", trigger.what}}};
        done.triggers.push_back(std::move(trigger));
    }
    return {};
}

}  // namespace

base::Status run_rules(const Bench& bench, Scans& scans, const host::Persona& persona,
                       Transition& done) {
    const bool behavior = look(bench.before, running_key(Feed::kBehavior), done).has_value();
    const bool product = look(bench.before, running_key(Feed::kProductRulesFeed), done).has_value();
    if (!behavior && !product) {
        return {};
    }
    ProcessesOfComponents processes(bench.environment);
    Protection protection(bench, scans, persona, processes);
    FB_TRY(const bool lived, live_a_day(protection, persona, done));
    done.reads.insert(protection.store().reads().begin(), protection.store().reads().end());
    if (lived && behavior) {
        FB_CHECK(meet_attacks(bench, scans, persona, processes, done));
    }
    done.reads.insert(scans.reads().begin(), scans.reads().end());
    return {};
}

}  // namespace firebreak::assay
