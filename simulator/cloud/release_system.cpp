#include "cloud/release_system.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace firebreak::cloud {

ReleaseSystem::ReleaseSystem(std::vector<ReleaseGroup> groups, Staging staging, Cdn& cdn)
    : groups_(std::move(groups)), staging_(staging), cdn_(cdn) {}

ReleaseId ReleaseSystem::add(const content::Package* package, std::string name, bool expedited) {
    Release release;
    release.package = package;
    release.name = std::move(name);
    release.expedited = expedited;
    release.published.resize(groups_.size());
    release.exposed.resize(groups_.size());
    release.failures.resize(groups_.size());
    cdn_.store(*package);
    releases_.push_back(std::move(release));
    return {static_cast<uint32_t>(releases_.size() - 1)};
}

bool ReleaseSystem::has_stage(GroupStage stage) const {
    return std::any_of(groups_.begin(), groups_.end(),
                       [&](const ReleaseGroup& group) { return group.stage == stage; });
}

bool ReleaseSystem::is_published(const Release& release, GroupStage stage) const {
    for (size_t g = 0; g < groups_.size(); ++g) {
        if (groups_[g].stage == stage && release.published[g]) {
            return true;
        }
    }
    return false;
}

void ReleaseSystem::publish(ReleaseId id, size_t group, base::SimTime now) {
    Release& release = releases_[id.value];
    if (release.published[group]) {
        return;
    }
    release.published[group] = true;
    cdn_.set_head(groups_[group].name, release.package->draft.manifest.feed, release.package,
                  now + staging_.cdn_ttl);
    decisions_.push_back({now, Decision::Kind::kPublished, id, {static_cast<uint32_t>(group)}, ""});
}

void ReleaseSystem::publish_stage(ReleaseId id, GroupStage stage, base::SimTime now) {
    if (stage == GroupStage::kPublic) {
        releases_[id.value].public_since = now;
        return;  // advance() takes it through the public groups
    }
    for (size_t g = 0; g < groups_.size(); ++g) {
        if (groups_[g].stage == stage) {
            publish(id, g, now);
        }
    }
}

void ReleaseSystem::release(ReleaseId id, base::SimTime now) {
    Release& release = releases_[id.value];
    release.released = true;
    if (release.expedited) {
        for (size_t g = 0; g < groups_.size(); ++g) {
            publish(id, g, now);
        }
        return;
    }
    for (const auto stage : {GroupStage::kEngineering, GroupStage::kInternal}) {
        if (has_stage(stage)) {
            publish_stage(id, stage, now);
            return;
        }
    }
    publish_stage(id, GroupStage::kPublic, now);
}

base::Status ReleaseSystem::promote(ReleaseId id, GroupStage to, base::SimTime now) {
    const Release& release = releases_[id.value];
    const auto refuse = [&](std::string why) {
        return base::Error{fmt::format("{} cannot be promoted: {}", release.name, why), "", ""};
    };
    if (!release.released) {
        return refuse("it is not released yet");
    }
    if (release.expedited) {
        return refuse("it is expedited and in every group already");
    }
    if (release.halted_at) {
        return refuse("it was halted on " + base::to_text(*release.halted_at));
    }
    if (is_published(release, to) || (to == GroupStage::kPublic && release.public_since)) {
        return refuse("it is there already");
    }
    if (to == GroupStage::kPublic && has_stage(GroupStage::kInternal) &&
        !is_published(release, GroupStage::kInternal)) {
        return refuse("it has not been in the internal group");
    }
    publish_stage(id, to, now);
    return {};
}

base::Status ReleaseSystem::halt(ReleaseId id, base::SimTime now, std::string why) {
    Release& release = releases_[id.value];
    if (release.halted_at) {
        return base::Error{fmt::format("{} was halted already, on {}", release.name,
                                       base::to_text(*release.halted_at)),
                           "", ""};
    }
    release.halted_at = now;
    for (size_t g = 0; g < groups_.size(); ++g) {
        // Only where no later release has taken its place.
        const bool superseded =
            std::any_of(releases_.begin() + static_cast<ptrdiff_t>(id.value) + 1, releases_.end(),
                        [&](const Release& later) {
                            return later.published[g] && later.package->draft.manifest.feed ==
                                                             release.package->draft.manifest.feed;
                        });
        if (release.published[g] && !superseded) {
            cdn_.set_head(groups_[g].name, release.package->draft.manifest.feed, nullptr,
                          now + staging_.cdn_ttl);
        }
    }
    decisions_.push_back({now, Decision::Kind::kHalted, id, {}, std::move(why)});
    return {};
}

void ReleaseSystem::count_exposed(ReleaseId id, GroupId group, uint32_t endpoints) {
    releases_[id.value].exposed[group.value] += endpoints;
}

void ReleaseSystem::count_failures(ReleaseId id, GroupId group, uint32_t reports) {
    releases_[id.value].failures[group.value] += reports;
}

// Why a release must be halted now; empty if it need not.
std::string ReleaseSystem::failure(const Release& release) const {
    uint64_t exposed = 0;
    uint64_t failures = 0;
    for (size_t g = 0; g < groups_.size(); ++g) {
        if (groups_[g].stage == GroupStage::kPublic) {
            exposed += release.exposed[g];
            failures += release.failures[g];
        } else if (staging_.gates && release.failures[g] > 0) {
            return fmt::format("{} failure{} reported from {}", release.failures[g],
                               release.failures[g] == 1 ? "" : "s", groups_[g].name);
        }
    }
    const double limit = staging_.halt_share * static_cast<double>(exposed);
    if (failures >= staging_.halt_reports && failures > 0 &&
        static_cast<double>(failures) >= limit) {
        return fmt::format("{} failures reported from {} exposed public endpoints, limit {:.3g} %",
                           base::with_thousands(static_cast<int64_t>(failures)),
                           base::with_thousands(static_cast<int64_t>(exposed)),
                           100 * staging_.halt_share);
    }
    return "";
}

void ReleaseSystem::advance(base::SimTime now) {
    for (uint32_t r = 0; r < releases_.size(); ++r) {
        if (releases_[r].halted_at || !releases_[r].released) {
            continue;
        }
        if (std::string why = failure(releases_[r]); !why.empty()) {
            (void)halt({r}, now, std::move(why));  // cannot be halted already
            continue;
        }
        if (!releases_[r].public_since) {
            continue;
        }
        base::SimTime due = *releases_[r].public_since;
        for (size_t g = 0; g < groups_.size(); ++g) {
            if (groups_[g].stage != GroupStage::kPublic) {
                continue;
            }
            if (due <= now) {
                publish({r}, g, now);
            }
            due = due + staging_.public_interval;
        }
    }
}

std::vector<Decision> ReleaseSystem::take_decisions() {
    return std::exchange(decisions_, {});
}

std::optional<base::SimTime> ReleaseSystem::halt_in_force(ReleaseId id) const {
    const auto& halted = releases_[id.value].halted_at;
    return halted ? std::optional(*halted + staging_.cdn_ttl) : std::nullopt;
}

}  // namespace firebreak::cloud
