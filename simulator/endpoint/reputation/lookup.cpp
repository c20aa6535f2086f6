#include "endpoint/reputation/lookup.h"

#include <algorithm>

namespace firebreak::endpoint::reputation {

namespace {

using ports::CloudAnswer;

bool is_answer(const CloudAnswer& answer) {
    return answer.kind == CloudAnswer::Kind::kUnknown ||
           (answer.kind == CloudAnswer::Kind::kScore && answer.score <= kHighestReputation);
}

CloudCache::Answer score_of(const CloudAnswer& answer) {
    return answer.kind == CloudAnswer::Kind::kScore ? std::optional(answer.score) : std::nullopt;
}

std::optional<Reputation> from(CloudCache::Answer answer, Source source) {
    return answer ? std::optional(Reputation{*answer, source}) : std::nullopt;
}

}  // namespace

Lookup::Lookup(ports::CloudLookup* cloud, ports::Clock& clock, const CloudPolicy& policy)
    : cloud_(cloud), clock_(clock), policy_(policy), cache_(policy.kept_answers) {}

Reputation Lookup::look_up(const Sha256& file, const TableAnswer& table) {
    if (table.by_hash && policy_.known_bad_is_final &&
        band_of(*table.by_hash) == Band::kKnownBad) {
        return {*table.by_hash, Source::kTableHash};
    }
    if (const auto known = in_cloud(file)) {
        return *known;
    }
    if (table.by_hash) {
        return {*table.by_hash, Source::kTableHash};
    }
    if (table.by_signer) {
        return {*table.by_signer, Source::kTableSigner};
    }
    return {};
}

std::optional<Reputation> Lookup::in_cloud(const Sha256& file) {
    if (cloud_ == nullptr) {
        return std::nullopt;
    }
    if (const auto kept = cache_.find(file, clock_)) {
        ++counts_.from_cache;
        return from(*kept, Source::kCloudCache);
    }
    if (skips()) {
        ++counts_.skipped;
        return std::nullopt;
    }
    ++counts_.asked;
    const CloudAnswer answer = cloud_->ask(file);
    counts_.waited += std::clamp(answer.latency, std::chrono::milliseconds(0), policy_.deadline);
    if (!is_answer(answer)) {
        ++counts_.unreachable;
        note_failure();
        return std::nullopt;
    }
    keep(file, score_of(answer), answer.keep_until);
    if (answer.latency > policy_.deadline) {
        ++counts_.late;
        note_failure();
        return std::nullopt;
    }
    ++counts_.in_time;
    next_outage_ = 1;
    return from(score_of(answer), Source::kCloud);
}

bool Lookup::skips() {
    if (to_skip_ == 0) {
        return false;
    }
    --to_skip_;
    return true;
}

void Lookup::note_failure() {
    to_skip_ = std::min(next_outage_, policy_.most_skipped);
    next_outage_ = std::min(2 * to_skip_, policy_.most_skipped);
}

void Lookup::keep(const Sha256& file, CloudCache::Answer answer, base::UtcTime until) {
    if (clock_.reached(until)) {
        return;
    }
    if (clock_.reached({until.unix_seconds - policy_.longest_kept.seconds})) {
        cache_.keep(file, answer, until);
    }
}

}  // namespace firebreak::endpoint::reputation
