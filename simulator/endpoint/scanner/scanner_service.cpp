#include "endpoint/scanner/scanner_service.h"

#include <fmt/format.h>

#include "base/text.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

constexpr auto kRunning = "scanner/DatasetA/running";
constexpr auto kLastKnownGood = "scanner/DatasetA/last-known-good";
constexpr auto kKilledBy = "scanner/DatasetA/killed-by";

std::string package_key(const std::string& digest) {
    return ports::package_key(content::Feed::kDatasetA, digest);
}

std::string megabytes(uint64_t bytes) {
    return base::with_thousands(static_cast<int64_t>(bytes / (1024 * 1024))) + " MiB";
}

Outcome too_large(Stage stage, uint64_t bytes, uint64_t limit) {
    return {stage,
            Category::kTooLarge,
            Code::kOverCap,
            {{"size", base::with_thousands(static_cast<int64_t>(bytes)) + " bytes"},
             {"limit", megabytes(limit)}}};
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

ports::ScanVerdict no_verdict(Outcome outcome) {
    return {ports::ScanVerdict::Kind::kNoVerdict, {}, std::move(outcome)};
}

ports::ScanVerdict down() {
    return no_verdict({Stage::kLoad,
                       Category::kRejected,
                       Code::kNone,
                       {{"scanner", "down: there is no content for it to run"}}});
}

}  // namespace

ScannerService::ScannerService(ports::Store& store, ports::ComponentProcesses& processes)
    : store_(store), processes_(processes) {}

base::Result<ScannerService::Contents> ScannerService::contents() {
    Contents contents;
    FB_TRY(contents.running, store_.get(kRunning));
    FB_TRY(contents.last_known_good, store_.get(kLastKnownGood));
    return contents;
}

base::Result<content::Manifest> ScannerService::manifest(const std::string& digest) {
    FB_TRY(const std::optional<std::string> json, store_.get(package_key(digest)));
    if (!json || base::sha384(base::view_of(*json)).hex() != digest) {
        return base::Error{json ? "is not the manifest that it is stored as" : "is missing",
                           "store key " + package_key(digest), ""};
    }
    return content::parse_manifest(base::view_of(*json));
}

// Into a fresh process. Errors are about this machine; all that content does is an outcome.
base::Result<ScannerService::Loaded> ScannerService::load(const content::Manifest& manifest) {
    uint64_t bytes = 0;
    for (const content::PayloadFile& payload : manifest.payloads) {
        bytes += payload.size;
    }
    if (bytes > kMaxRuleBytes) {
        return Loaded{nullptr, too_large(Stage::kLoad, bytes, kMaxRuleBytes)};
    }
    LoadRequest request;
    for (const content::PayloadFile& payload : manifest.payloads) {
        FB_TRY(base::Bytes source, store_.blob(payload.sha384));
        request.files.push_back({payload.name, std::move(source)});
    }
    FB_TRY(auto process, processes_.start());
    FB_TRY(ports::CallResult result, process->call(encode(request)));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kLoad;
        return Loaded{nullptr, std::move(*death)};
    }
    const auto reply = parse_load_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return Loaded{nullptr, reply_invalid(Stage::kLoad, reply.error())};
    }
    if (reply->code != Code::kNone) {
        return Loaded{nullptr, refusal(*reply)};
    }
    base::Evidence evidence;
    if (reply->rules > 0) {  // somebody's own scanner does not tell
        evidence.emplace_back("rules", base::with_thousands(reply->rules));
    }
    return Loaded{std::move(process),
                  {Stage::kNever, Category::kInstalled, Code::kNone, std::move(evidence)}};
}

base::Result<ScannerService::Loaded> ScannerService::load(const std::string& digest) {
    FB_TRY(const content::Manifest found, manifest(digest));
    return load(found);
}

base::Result<ports::Installation> ScannerService::install(const content::Manifest& manifest,
                                                          const base::Digest& manifest_digest) {
    FB_TRY(const Contents before, contents());
    FB_TRY(Loaded loaded, load(manifest));
    if (loaded.process == nullptr) {
        if (running_ == nullptr && before.running) {
            FB_TRY(Loaded again, load(*before.running));
            if (again.process == nullptr) {
                loaded.outcome.evidence.emplace_back(
                    "running content", "does not load: " + base::to_text(again.outcome.evidence));
            }
            running_ = std::move(again.process);
        }
        return ports::Installation{std::move(loaded.outcome), {}};
    }
    running_ = std::move(loaded.process);
    const std::string digest = manifest_digest.hex();
    ports::Changes changes;
    if (before.running != digest) {
        changes[kRunning] = digest;
        changes[kLastKnownGood] = before.running;
        if (before.last_known_good && before.last_known_good != digest) {
            changes[package_key(*before.last_known_good)] = std::nullopt;
        }
    }
    return ports::Installation{std::move(loaded.outcome), std::move(changes)};
}

base::Result<bool> ScannerService::keeps(const base::Digest& manifest_digest) {
    FB_TRY(const Contents kept, contents());
    const std::string digest = manifest_digest.hex();
    return kept.running == digest || kept.last_known_good == digest;
}

base::Result<ports::ScanVerdict> ScannerService::scan(const std::string& name,
                                                      base::ByteView bytes) {
    if (running_ == nullptr) {
        // Last-known-good is nobody's business until it is needed: what came of scans holds
        // whatever it is.
        FB_TRY(const std::optional<std::string> running, store_.get(kRunning));
        if (!running) {
            return down();
        }
        FB_TRY(Loaded loaded, load(*running));
        if (loaded.process == nullptr) {
            return fall_back(std::move(loaded.outcome));
        }
        running_ = std::move(loaded.process);
    }
    if (bytes.size() > kMaxSubjectBytes) {
        return no_verdict(too_large(Stage::kRun, bytes.size(), kMaxSubjectBytes));
    }
    base::Result<ports::CallResult> result = running_->call(encode_scan_request(name, bytes));
    if (!result.ok()) {
        running_.reset();  // whatever state it is in: the next scan begins with a fresh one
        return result.error();
    }
    if (auto* death = std::get_if<Outcome>(&*result)) {
        death->stage = Stage::kRun;
        death->evidence.emplace_back("subject", base::printable(name));
        return fall_back(std::move(*death));
    }
    const std::chrono::microseconds cpu = running_->last_call_cpu();
    FB_TRY(ports::ScanVerdict verdict, judge(std::get<base::Bytes>(*result), name));
    verdict.cpu = cpu;
    return verdict;
}

base::Result<ports::ScanVerdict> ScannerService::judge(base::ByteView bytes,
                                                       const std::string& name) {
    base::Result<ScanReply> reply = parse_scan_reply(bytes);
    if (!reply.ok()) {
        Outcome outcome = reply_invalid(Stage::kRun, reply.error());
        outcome.evidence.emplace_back("subject", base::printable(name));
        return fall_back(std::move(outcome));
    }
    if (reply->code != Code::kNone) {
        const Category category =
            reply->code == Code::kOutOfMemory ? Category::kMemoryLimit : Category::kRejected;
        return no_verdict(
            {Stage::kRun,
             category,
             reply->code,
             {{"message", base::printable(reply->message)}, {"subject", base::printable(name)}}});
    }
    return ports::ScanVerdict{ports::ScanVerdict::Kind::kScanned, std::move(reply->rules), {}, {}};
}

// The running content is over. Nothing is committed unless last-known-good has been tried for real.
base::Result<ports::ScanVerdict> ScannerService::fall_back(Outcome death) {
    running_.reset();
    FB_TRY(const Contents before, contents());
    std::string now = "down: no last-known-good";
    if (before.last_known_good) {
        FB_TRY(Loaded loaded, load(*before.last_known_good));
        running_ = std::move(loaded.process);
        now = running_ != nullptr ? "restarted on last-known-good"
                                  : "down: last-known-good does not load: " +
                                        base::to_text(loaded.outcome.evidence);
    }
    ports::Changes changes;
    changes[kRunning] = running_ != nullptr ? before.last_known_good : std::nullopt;
    changes[kLastKnownGood] = std::nullopt;
    if (before.running) {
        changes[kKilledBy] = before.running;
        changes[package_key(*before.running)] = std::nullopt;
    }
    if (const base::Status committed = store_.commit(changes); !committed.ok()) {
        running_.reset();
        return committed.error();
    }
    death.evidence.emplace_back("scanner", now);
    return no_verdict(std::move(death));
}

}  // namespace firebreak::endpoint::scanner
