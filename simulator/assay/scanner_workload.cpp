#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "assay/workloads.h"

namespace firebreak::assay {

namespace {

// A scan of a persona's file takes a few milliseconds. What takes so much longer is felt by those
// who work there (assumed).
constexpr std::chrono::milliseconds kSlowScan{60};
constexpr int kSlowTrials = 3;

std::string names(const std::vector<std::string>& found) {
    return fmt::format("{}", fmt::join(found, ", "));
}

// Who vouches for the subject itself: "90, local table, by signer, signed by Example Publishing".
std::optional<std::string> vouched_for(const ports::ScanVerdict& verdict) {
    const ports::ProgramTag* tag = own_tag(verdict);
    return tag == nullptr
               ? std::nullopt
               : std::optional(fmt::format("{}, {}{}{}", tag->reputation, tag->source,
                                           tag->signer.empty() ? "" : ", signed by ", tag->signer));
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

base::Status scan_files(Scans& scans, const host::Persona& persona,
                        const std::vector<endpoint::applications::Exclusion>& exclusions,
                        Transition& done) {
    for (const host::File& file : persona.files) {
        if (file.opens_per_hour <= 0 || is_excluded(file.path, exclusions)) {
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
        if (const ports::ProgramTag* tag = own_tag(started.verdict)) {
            subject.reputation = tag->reputation;
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

}  // namespace

base::Code code_of(const host::File& file, bool cleaned_up) {
    return !cleaned_up                         ? base::Code::kFileHeld
           : file.loss == host::Loss::kBoot    ? base::Code::kBootFileHeld
           : file.loss == host::Loss::kNetwork ? base::Code::kNetworkFileHeld
           : file.system                       ? base::Code::kSystemFileHeld
                                               : base::Code::kFileHeld;
}

base::Status run_scanner(const Bench& bench, Scans& scans, const host::Persona& persona,
                         const std::vector<endpoint::applications::Exclusion>& exclusions,
                         Transition& done) {
    if (!look(bench.before, running_key(content::Feed::kDatasetA), done)) {
        return {};
    }
    FB_CHECK(scan_files(scans, persona, exclusions, done));
    FB_CHECK(scan_processes(scans, persona, done));
    FB_CHECK(scan_streams(scans, persona, done));
    FB_CHECK(scan_samples(scans, persona, done));
    done.reads.insert(scans.reads().begin(), scans.reads().end());
    return {};
}

}  // namespace firebreak::assay
