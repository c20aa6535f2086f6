#include <algorithm>
#include <array>

#include "assay/workloads.h"
#include "host/product.h"
#include "host/windows_path.h"

namespace firebreak::assay {

namespace {

using content::Feed;
using endpoint::applications::Detected;
using endpoint::applications::Exclusion;
using endpoint::applications::ExclusionKind;
using endpoint::applications::ListedExclusion;

constexpr std::array kApplicationFeeds = {Feed::kAPPFEED, Feed::kUSERAPPFEED};
// How often a machine is looked at (assumed).
constexpr double kLooksPerHour = 1.0 / 24;

ExclusionUse use_of(Feed feed, const ListedExclusion& one, std::string_view refusal) {
    return {feed,
            one.name,
            one.rule,
            one.exclusion.path,
            std::string(to_text(one.exclusion.kind)),
            std::string(refusal)};
}

Trigger death_of_detection(Feed feed, base::Outcome outcome, ports::Changes changes) {
    Trigger trigger;
    trigger.what = "a look at what is installed";
    trigger.feed = feed;
    trigger.per_hour = kLooksPerHour;
    trigger.outcome = std::move(outcome);
    trigger.outcome.stage = base::Stage::kRun;
    trigger.changes = std::move(changes);
    return trigger;
}

// "deadline: backup.lua:12: …"; also without a message.
std::string failure_of(const endpoint::applications::FailedRule& failed) {
    std::string text(to_text(failed.how));
    return failed.message.empty() ? text : text + ": " + failed.message;
}

// One look: a rule is called once, and what it finds is no detection.
void note_uses(Feed feed, const Detected& detected, Transition& done) {
    using endpoint::applications::FailedRule;
    using End = endpoint::applications::RuleReply::End;
    for (const auto& [rule, cost] : detected.expenses) {
        const auto failed = std::ranges::find(detected.failed, rule, &FailedRule::rule);
        const bool is_sound = failed == detected.failed.end();
        const bool disabled = !is_sound && failed->how == End::kDisabled;
        done.rules.push_back({feed, rule, disabled ? 0u : 1u, is_sound || disabled ? 0u : 1u, 0,
                              disabled, cost.nanoseconds, cost.memory_bytes,
                              is_sound ? "" : failure_of(*failed)});
    }
}

}  // namespace

bool is_excluded(const std::string& path, const std::vector<Exclusion>& exclusions) {
    const std::string folded = host::case_folded(path);
    return std::ranges::any_of(exclusions, [&](const Exclusion& one) {
        const std::string excluded = host::case_folded(one.path);
        return one.kind == ExclusionKind::kFile ? folded == excluded
               : one.kind == ExclusionKind::kFolder
                   ? folded.starts_with(excluded.ends_with('\\') ? excluded : excluded + '\\')
                   : false;
    });
}

base::Result<std::vector<Exclusion>> run_applications(const Bench& bench,
                                                      const host::Persona& persona,
                                                      Transition& done) {
    std::vector<Exclusion> exclusions;
    for (const Feed feed : kApplicationFeeds) {
        if (!look(bench.before, running_key(feed), done)) {
            continue;
        }
        MemoryStore store(bench.before, bench.blobs);
        ProcessesOfComponents processes(bench.environment);
        Components components(bench.environment, store, processes);
        const host::Machine machine =
            machine_with(persona, host::make_product(bench.environment.product_version));
        auto& service = components.applications(feed);
        FB_TRY(Detected detected, service.detect(machine));
        if (!detected.detected) {
            done.triggers.push_back(
                death_of_detection(feed, std::move(detected.outcome), store.changes()));
        }
        note_uses(feed, detected, done);
        FB_TRY(const std::vector<ListedExclusion> granted, service.exclusions());
        for (const ListedExclusion& one : granted) {
            exclusions.push_back(one.exclusion);
            done.exclusions.push_back(use_of(feed, one, ""));
        }
        for (const auto& refused : detected.refused) {
            done.exclusions.push_back(use_of(feed, refused.what, to_text(refused.why)));
        }
        done.reads.insert(store.reads().begin(), store.reads().end());
    }
    return exclusions;
}

}  // namespace firebreak::assay
