#include "endpoint/scanner/scanner_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "endpoint/models/model_slots.h"
#include "endpoint/scanner/blame.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;
using content::Feed;
using ports::Access;
using ports::ScanVerdict;

std::string name_of(Feed feed) {
    return std::string(content::info(feed).name);
}

constexpr std::string_view kComponent = "scanner";

size_t place_of(Feed feed) {
    return static_cast<size_t>(std::find(kScannerFeeds.begin(), kScannerFeeds.end(), feed) -
                               kScannerFeeds.begin());
}

std::string megabytes(uint64_t bytes) {
    return base::with_thousands(static_cast<int64_t>(bytes / (1024 * 1024))) + " MiB";
}

Outcome too_large(Stage stage, uint64_t bytes, uint64_t limit) {
    return {
        stage,
        Category::kTooLarge,
        Code::kOverCap,
        {{"bytes", base::with_thousands(static_cast<int64_t>(bytes))}, {"cap", megabytes(limit)}}};
}

Outcome reply_invalid(Stage stage, const base::Error& error) {
    return {stage, Category::kProtocol, Code::kReplyInvalid, {{"reply", error.text()}}};
}

Outcome refusal(const LoadReply& reply) {
    const Category category =
        reply.code == Code::kOutOfMemory ? Category::kMemoryLimit : Category::kRejected;
    base::Evidence evidence;
    if (!reply.file.empty()) {
        const std::string line = reply.line == 0 ? "" : ":" + std::to_string(reply.line);
        evidence.emplace_back("file", base::printable(reply.file) + line);
    }
    evidence.emplace_back("message", base::printable(reply.message));
    return {Stage::kLoad, category, reply.code, std::move(evidence)};
}

Outcome down() {
    return {Stage::kLoad,
            Category::kRejected,
            Code::kNothingRuns,
            {{"scanner", "down: there is no content for it to run"}}};
}

// Whether the process did die, as against content that it turned away.
bool is_kill(const Outcome& outcome) {
    return outcome.category != Category::kRejected && outcome.category != Category::kTooLarge;
}

uint64_t bytes_of(const content::Manifest& manifest) {
    uint64_t bytes = 0;
    for (const content::PayloadFile& payload : manifest.payloads) {
        bytes += payload.size;
    }
    return bytes;
}

uint64_t bytes_of(const ports::Subject& subject) {
    uint64_t bytes = 0;
    for (const ports::Region& region : subject.regions) {
        bytes += region.bytes.size();
    }
    return bytes;
}

// "a.zip/b.doc: encrypted".
std::string text_of(const Gap& gap) {
    return (gap.where.empty() ? "itself" : base::printable(gap.where)) + ": " +
           std::string(to_text(gap.reason));
}

void add_once(std::vector<std::string>& to, std::string one) {
    if (std::find(to.begin(), to.end(), one) == to.end()) {
        to.push_back(std::move(one));
    }
}

// Why the process could not be asked about it; nothing: it can.
std::optional<Outcome> why_not_asked(const ports::Subject& subject) {
    if (const uint64_t bytes = bytes_of(subject); bytes > kMaxSubjectBytes) {
        return too_large(Stage::kRun, bytes, kMaxSubjectBytes);
    }
    if (subject.name.size() <= kMaxNameBytes && subject.regions.size() <= kMaxRegions) {
        return std::nullopt;
    }
    return Outcome{Stage::kRun,
                   Category::kTooLarge,
                   Code::kOverCap,
                   {{"name", fmt::format("{} bytes, of {}", subject.name.size(), kMaxNameBytes)},
                    {"regions", fmt::format("{}, of {}", subject.regions.size(), kMaxRegions)}}};
}

}  // namespace

std::string kills_key(Feed feed) {
    return fmt::format("{}/{}/kills", kComponent, content::info(feed).name);
}

bool is_scanner_feed(Feed feed) {
    return place_of(feed) < kScannerFeeds.size();
}

class ScannerService::FeedInstaller final : public ports::Installer {
  public:
    FeedInstaller(ScannerService& service, Feed feed) : service_(service), feed_(feed) {}
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override {
        return service_.install(manifest, manifest_digest.hex());
    }
    base::Result<bool> keeps(const base::Digest& manifest_digest) override {
        return service_.record(feed_).keeps(manifest_digest.hex());
    }

  private:
    ScannerService& service_;
    Feed feed_;
};

ScannerService::ScannerService(const ScannerPorts& ports, ScannerSetting setting)
    : ports_(ports),
      setting_(std::move(setting)),
      lookup_(ports.cloud, ports.clock, setting_.cloud) {
    for (const Feed feed : kScannerFeeds) {
        records_.emplace_back(ports.store, kComponent, feed);
        installers_.emplace_back(*this, feed);
    }
}

ScannerService::~ScannerService() = default;

ports::Installer& ScannerService::installer(Feed feed) {
    return installers_.at(place_of(feed));
}

const supervision::ContentRecord& ScannerService::record(Feed feed) const {
    return records_.at(place_of(feed));
}

base::Result<ScannerService::Wanted> ScannerService::what_runs(std::optional<Feed> but) {
    Wanted wanted;
    for (const Feed feed : kScannerFeeds) {
        if (feed == but) {
            continue;
        }
        FB_TRY(wanted[place_of(feed)], record(feed).running());
    }
    return wanted;
}

// No content is in the process yet: what goes wrong says nothing about any.
base::Status ScannerService::trust(ports::ComponentProcess& process) {
    if (setting_.publishers.empty()) {
        return {};
    }
    TrustPublishers request;
    request.roots.assign(setting_.publishers.begin(), setting_.publishers.end());
    request.at = setting_.judged_at;
    FB_TRY(ports::CallResult result, process.load(encode(request)));
    if (const auto* death = std::get_if<Outcome>(&result)) {
        return base::Error{
            "a fresh scanner died before it had any content: " + base::to_text(death->evidence), "",
            ""};
    }
    FB_TRY(const LoadReply reply, parse_load_reply(std::get<base::Bytes>(result)));
    if (reply.code != Code::kNone) {
        return base::Error{"publishers that the scanner shall trust: " + reply.message, "",
                           "name certificates in DER or PEM"};
    }
    return {};
}

base::Result<std::optional<Outcome>> ScannerService::load(ports::ComponentProcess& process,
                                                          const content::Manifest& manifest,
                                                          base::Evidence& told) {
    if (manifest.feed == Feed::kMLModels) {
        return load_models(process, manifest, told);
    }
    std::vector<base::Bytes> payloads;
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(payloads.emplace_back(), ports_.store.blob(payload.sha384));
    }
    LoadRules rules;
    for (size_t i = 0; i < payloads.size(); ++i) {
        rules.files.push_back({manifest.payloads[i].name, payloads[i]});
    }
    if (manifest.feed == Feed::kLocalRepData && payloads.size() != 1) {
        return std::optional(refusal({Code::kPayloadSetWrong, 0, "", 0,
                                      "one table is expected, and there are " +
                                          std::to_string(payloads.size()) + " files"}));
    }
    const base::Gathered request =
        manifest.feed == Feed::kLocalRepData
            ? encode(LoadTable{rules.files[0].name, rules.files[0].source})
            : encode(rules);
    uint32_t count = 0;
    FB_TRY(std::optional<Outcome> failed, load_one(process, request, {}, count));
    if (!failed && count > 0) {  // somebody's own scanner does not tell
        told.emplace_back(manifest.feed == Feed::kLocalRepData ? "reputations" : "rules",
                          base::with_thousands(count));
    }
    return failed;
}

// One library after another, each in a request of its own, with itself as the one file that may be
// loaded while it is answered.
base::Result<std::optional<Outcome>> ScannerService::load_models(ports::ComponentProcess& process,
                                                                 const content::Manifest& manifest,
                                                                 base::Evidence& told) {
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(const base::Bytes library, ports_.store.blob(payload.sha384));
        const base::ByteView file = library;
        uint32_t count = 0;
        FB_TRY(std::optional<Outcome> failed,
               load_one(process, encode(LoadModel{payload.name, library}), {&file, 1}, count));
        if (failed) {
            failed->evidence.emplace_back("model", base::printable(payload.name));
            return failed;
        }
    }
    told.emplace_back("models",
                      base::with_thousands(static_cast<int64_t>(manifest.payloads.size())));
    return std::optional<Outcome>();
}

base::Result<std::optional<Outcome>> ScannerService::load_one(ports::ComponentProcess& process,
                                                              const base::Gathered& request,
                                                              std::span<const base::ByteView> files,
                                                              uint32_t& count) {
    FB_TRY(ports::CallResult result, process.load(request, files));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kLoad;
        return std::optional(std::move(*death));
    }
    const auto reply = parse_load_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return std::optional(reply_invalid(Stage::kLoad, reply.error()));
    }
    if (reply->code != Code::kNone) {
        return std::optional(refusal(*reply));
    }
    count = reply->loaded;
    return std::optional<Outcome>();
}

base::Result<ScannerService::Started> ScannerService::start(const Wanted& wanted, Feed last) {
    for (const std::optional<content::Manifest>& manifest : wanted) {
        if (!manifest) {
            continue;
        }
        const uint64_t bytes = bytes_of(*manifest);
        const uint64_t most =
            manifest->feed == Feed::kLocalRepData ? kMaxTableBytes : kMaxContentBytes;
        if (bytes > most) {
            return Started{nullptr, manifest->feed, too_large(Stage::kLoad, bytes, most)};
        }
    }
    FB_TRY(std::unique_ptr<ports::ComponentProcess> process,
           ports_.processes.start(wanted[place_of(Feed::kMLModels)].has_value()));
    FB_CHECK(trust(*process));
    std::vector<Feed> order(kScannerFeeds.begin(), kScannerFeeds.end());
    std::stable_partition(order.begin(), order.end(), [last](Feed feed) { return feed != last; });
    base::Evidence told;
    for (const Feed feed : order) {
        const std::optional<content::Manifest>& manifest = wanted[place_of(feed)];
        if (!manifest) {
            continue;
        }
        told.clear();  // of the last one alone
        FB_TRY(std::optional<Outcome> failed, load(*process, *manifest, told));
        if (failed) {
            return Started{nullptr, feed, std::move(*failed)};
        }
    }
    return Started{
        std::move(process), last, {Stage::kNever, Category::kInstalled, Code::kNone, told}};
}

base::Result<ports::Installation> ScannerService::install(const content::Manifest& manifest,
                                                          const std::string& digest) {
    const Feed feed = manifest.feed;
    FB_TRY(const supervision::Contents before, record(feed).contents());
    if (before.quarantined(digest)) {
        return ports::Installation{{Stage::kLoad,
                                    Category::kRejected,
                                    Code::kQuarantined,
                                    {{"remedy", "release another version"}}},
                                   {}};
    }
    FB_TRY(Wanted wanted, what_runs(feed));
    wanted[place_of(feed)] = manifest;
    FB_TRY(Started started, start(wanted, feed));
    // What does not load any more is not this content's fault, and not its business: without it.
    base::Evidence left_out;
    while (started.process == nullptr && started.feed != feed) {
        left_out.emplace_back("left out: " + name_of(started.feed),
                              "does not load: " + base::to_text(started.outcome.evidence));
        wanted[place_of(started.feed)].reset();
        FB_TRY(started, start(wanted, feed));
    }
    Outcome outcome = std::move(started.outcome);
    outcome.evidence.insert(outcome.evidence.end(), left_out.begin(), left_out.end());
    if (started.process == nullptr) {
        return ports::Installation{std::move(outcome), {}};
    }
    if (feed == Feed::kMLModels && before.running) {
        FB_TRY(const content::Manifest ran, record(feed).manifest(*before.running));
        const std::vector<std::string> promoted = models::promoted_from_telemetry(ran, manifest);
        if (!promoted.empty()) {
            outcome.evidence.emplace_back("promoted from telemetry",
                                          fmt::format("{}", fmt::join(promoted, ", ")));
        }
    }
    // With something left out it is no process to scan with.
    has_models_ = wanted[place_of(Feed::kMLModels)].has_value();
    running_ = left_out.empty() && wanted[place_of(Feed::kDatasetA)] ? std::move(started.process)
                                                                     : nullptr;
    ports::Changes changes;
    record(feed).note_installed(before, digest, changes);
    return ports::Installation{std::move(outcome), std::move(changes)};
}

ScanVerdict ScannerService::no_verdict(Outcome outcome, Feed feed) {
    ++(setting_.when_down == Access::kHold ? unscanned_.held : unscanned_.allowed);
    ScanVerdict verdict;
    verdict.access = setting_.when_down;
    verdict.feed = feed;
    verdict.outcome = std::move(outcome);
    return verdict;
}

base::Result<std::optional<ScanVerdict>> ScannerService::make_ready() {
    if (running_ != nullptr) {
        return std::optional<ScanVerdict>();
    }
    // Last-known-good is nobody's business until it is needed: what came of scans holds whatever it
    // is.
    FB_TRY(const Wanted wanted, what_runs());
    if (!wanted[place_of(Feed::kDatasetA)]) {
        return std::optional(no_verdict(down()));
    }
    const base::Duration up = ports_.uptime.up();
    if (!restarts_.may_start(up)) {
        return std::optional(
            no_verdict({Stage::kLoad,
                        Category::kRejected,
                        Code::kRestarting,
                        {{"in", fmt::format("{} s", restarts_.pause(up).seconds)}}}));
    }
    FB_TRY(Started started, start(wanted, Feed::kDatasetA));
    if (started.process == nullptr) {
        FB_TRY(Outcome outcome, died(started.feed, std::move(started.outcome)));
        return std::optional(no_verdict(std::move(outcome), started.feed));
    }
    has_models_ = wanted[place_of(Feed::kMLModels)].has_value();
    running_ = std::move(started.process);
    return std::optional<ScanVerdict>();
}

base::Result<std::vector<ScanVerdict>> ScannerService::scan(
    std::span<const ports::Subject> subjects) {
    std::vector<ScanVerdict> verdicts;
    uint64_t bytes = 0;
    bool fits = subjects.size() > 1 && subjects.size() <= kMaxSubjects;
    for (const ports::Subject& subject : subjects) {
        bytes += bytes_of(subject);
        fits = fits && bytes <= kMaxBatchBytes && bytes_of(subject) <= kMostInBatch &&
               !why_not_asked(subject);
    }
    if (fits) {
        FB_TRY(const std::optional<ScanVerdict> not_ready, make_ready());
        if (!not_ready) {
            Outcome death;
            FB_TRY(const std::optional<ScanReply> reply, exchange(subjects, death));
            // Models may kill the process in between: the others have no scores then.
            for (size_t i = 0; reply && running_ != nullptr && i < subjects.size(); ++i) {
                FB_TRY(verdicts.emplace_back(), judge(reply->subjects[i], subjects[i]));
                verdicts.back().cpu = {};
            }
        }
    }
    // One by one: a single one, large ones, or what killed the process together.
    for (size_t i = verdicts.size(); i < subjects.size(); ++i) {
        FB_TRY(verdicts.emplace_back(), scan_one(subjects[i]));
    }
    return verdicts;
}

base::Result<ScanVerdict> ScannerService::scan_one(const ports::Subject& subject) {
    FB_TRY(std::optional<ScanVerdict> not_ready, make_ready());
    if (not_ready) {
        return *std::move(not_ready);
    }
    if (auto reason = why_not_asked(subject)) {
        return no_verdict(std::move(*reason));
    }
    Outcome death;
    FB_TRY(const std::optional<ScanReply> reply, exchange({&subject, 1}, death));
    if (!reply) {
        death.stage = Stage::kRun;
        death.evidence.emplace_back(std::string(to_text(subject.kind)),
                                    base::printable(subject.name));
        if (death.category == Category::kCpuLimit) {
            FB_TRY(const Wanted ran, what_runs());
            FB_TRY(const std::string rules, rules_to_blame(*ran[place_of(Feed::kDatasetA)], subject,
                                                           ports_.store, ports_.processes));
            if (!rules.empty()) {
                death.evidence.emplace_back("rules", rules);
            }
        }
        FB_TRY(Outcome outcome, died(Feed::kDatasetA, std::move(death)));
        return no_verdict(std::move(outcome));
    }
    const std::chrono::microseconds cpu = running_->last_call_cpu();
    FB_TRY(ScanVerdict verdict, judge(reply->subjects.front(), subject));
    verdict.cpu += cpu;
    return verdict;
}

// Nothing: the process died of it, or its reply says nothing; it has gone.
base::Result<std::optional<ScanReply>> ScannerService::exchange(
    std::span<const ports::Subject> subjects, Outcome& death) {
    base::Result<ports::CallResult> result =
        running_->call(encode(ScanRequest{{subjects.begin(), subjects.end()}}));
    if (!result.ok()) {
        running_.reset();  // whatever state it is in: the next scan begins with a fresh one
        return result.error();
    }
    if (auto* died_of_it = std::get_if<Outcome>(&*result)) {
        running_.reset();
        death = std::move(*died_of_it);
        return std::optional<ScanReply>();
    }
    base::Result<ScanReply> reply =
        parse_scan_reply(std::get<base::Bytes>(*result), subjects.size());
    if (!reply.ok()) {
        running_.reset();
        death = reply_invalid(Stage::kRun, reply.error());
        return std::optional<ScanReply>();
    }
    return std::optional(std::move(reply).value());
}

base::Result<ScanVerdict> ScannerService::judge(const SubjectReply& reply,
                                                const ports::Subject& subject) {
    if (reply.code != Code::kNone && reply.matches.empty()) {
        const Category category =
            reply.code == Code::kOutOfMemory ? Category::kMemoryLimit : Category::kRejected;
        return no_verdict({Stage::kRun,
                           category,
                           reply.code,
                           {{"message", base::printable(reply.message)},
                            {std::string(to_text(subject.kind)), base::printable(subject.name)}}});
    }
    ScanVerdict verdict;
    verdict.kind = ScanVerdict::Kind::kScanned;
    for (const Match& match : reply.matches) {
        add_once(verdict.found, base::printable(match.rule));
    }
    for (const Gap& gap : reply.gaps) {
        verdict.gaps.push_back(text_of(gap));
    }
    if (reply.code != Code::kNone) {  // after it had found something
        verdict.gaps.push_back("itself: " + base::printable(reply.message));
    }
    const bool by_rules = !verdict.found.empty();
    bool by_model = false;
    size_t scored = 0;
    reputation::Reputation own;
    if (subject.reputation) {
        own.score = *subject.reputation;
    }
    for (Program program : reply.programs) {
        if (program.where.empty() && subject.regions.size() == 1) {
            program.sha256 = base::sha256(subject.regions[0].bytes);  // ours to say
        }
        const reputation::Reputation known =
            lookup_.look_up(program.sha256, {program.by_hash, program.by_signer});
        verdict.tags.push_back({program.where, program.sha256, known.score,
                                std::string(reputation::to_text(known.source)),
                                base::printable(program.signer_name)});
        if (program.where.empty()) {
            own = known;
        }
        if (reputation::band_of(known.score) == reputation::Band::kKnownBad) {
            add_once(verdict.found,
                     fmt::format("known bad ({})", reputation::to_text(known.source)));
        }
        const size_t found = verdict.found.size();
        std::optional<Outcome> death;
        if (scored++ < kMostScored) {
            FB_TRY(death, score(program, verdict));
        }
        by_model = by_model || verdict.found.size() > found;
        if (death) {
            death->evidence.emplace_back(std::string(to_text(subject.kind)),
                                         base::printable(subject.name));
            FB_TRY(Outcome outcome, died(Feed::kMLModels, std::move(*death)));
            return no_verdict(std::move(outcome), Feed::kMLModels);
        }
    }
    // What is bad in it makes it bad; what is good in it does not make it good.
    const reputation::Treatment treatment = reputation::treatment_of(own, !verdict.found.empty());
    verdict.feed = by_rules ? Feed::kDatasetA : by_model ? Feed::kMLModels : Feed::kLocalRepData;
    verdict.access = treatment.detected ? Access::kHold : Access::kAllow;
    verdict.cleaned_up = treatment.cleaned_up;
    return verdict;
}

base::Result<std::optional<Outcome>> ScannerService::score(const Program& program,
                                                           ScanVerdict& verdict) {
    if (program.features.empty() || running_ == nullptr || !has_models_) {
        return std::optional<Outcome>();
    }
    base::Result<ports::CallResult> result = running_->call(
        encode(ScoreRequest{setting_.sample_all ? 0 : programs_scored_++, program.features}));
    if (!result.ok()) {
        running_.reset();
        return result.error();
    }
    if (auto* death = std::get_if<Outcome>(&*result)) {
        death->stage = Stage::kRun;
        return std::optional(std::move(*death));
    }
    verdict.cpu += running_->last_call_cpu();
    const auto reply = parse_score_reply(std::get<base::Bytes>(*result));
    if (!reply.ok()) {
        return std::optional(reply_invalid(Stage::kRun, reply.error()));
    }
    for (const Score& one : reply->scores) {
        const ports::ModelScore& score = verdict.scores.emplace_back(ports::ModelScore{
            base::printable(one.model), base::printable(one.version), one.telemetry, one.score,
            one.threshold, base::printable(one.refusal), program.sha256});
        if (one.malicious && !one.telemetry && one.refusal.empty()) {
            add_once(verdict.found, fmt::format("model {} {}", score.model, score.version));
        }
    }
    return std::optional<Outcome>();
}

base::Result<Outcome> ScannerService::died(Feed feed, Outcome death) {
    running_.reset();
    restarts_.note_death(ports_.uptime.up());
    FB_TRY(const supervision::Contents before, record(feed).contents());
    FB_TRY(const std::string others, shared_with(feed));
    ports::Changes changes;
    std::string now;
    if (is_kill(death) && before.running && before.kills + 1 < setting_.kills) {
        record(feed).note_kill(before, changes);
        now = fmt::format("restarts with the same content, which has killed it {} of {} times",
                          before.kills + 1, setting_.kills);
    } else {
        FB_TRY(now, fall_back(feed, before, changes));
    }
    if (const base::Status committed = ports_.store.commit(changes); !committed.ok()) {
        running_.reset();
        return committed.error();
    }
    if (!others.empty()) {
        death.evidence.emplace_back("fell with it", others);
    }
    death.evidence.emplace_back("scanner", now);
    return death;
}

// Nothing is changed unless last-known-good has been tried for real.
base::Result<std::string> ScannerService::fall_back(Feed feed, const supervision::Contents& before,
                                                    ports::Changes& changes) {
    std::optional<std::string> good = before.last_known_good;
    std::string now = good ? "" : "no last-known-good";
    if (good) {
        FB_TRY(Wanted wanted, what_runs(feed));
        FB_TRY(wanted[place_of(feed)], record(feed).manifest(*good));
        FB_TRY(Started started, start(wanted, feed));
        bool all = true;
        while (started.process == nullptr && started.feed != feed) {
            wanted[place_of(started.feed)].reset();  // its own turn comes with the next start
            all = false;
            FB_TRY(started, start(wanted, feed));
        }
        if (started.process == nullptr) {
            now = "last-known-good does not load: " + base::to_text(started.outcome.evidence);
            changes[ports::package_key(feed, *good)] = std::nullopt;
            good.reset();
        } else {
            now = "restarted on last-known-good";
            has_models_ = wanted[place_of(Feed::kMLModels)].has_value();
            running_ = all ? std::move(started.process) : nullptr;
        }
    }
    if (!good) {
        now = (feed == Feed::kDatasetA ? "down: " : "runs without " + name_of(feed) + ": ") + now;
    }
    record(feed).note_fallen_back(before, good, changes);
    return now;
}

// The other feeds whose content was in the process.
base::Result<std::string> ScannerService::shared_with(Feed feed) {
    std::vector<std::string> names;
    for (const Feed other : kScannerFeeds) {
        FB_TRY(const supervision::Contents contents, record(other).contents());
        if (other != feed && contents.running) {
            names.push_back(name_of(other));
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace firebreak::endpoint::scanner
