#include "cloud/release_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace firebreak::cloud {

namespace {

size_t index(GroupStage stage) {
    return static_cast<size_t>(stage);
}

content::Feed feed(const content::Package& package) {
    return package.draft.manifest.feed;
}

base::Error refusal(const std::string& name, const char* act, const std::string& why) {
    return {fmt::format("{} cannot be {}: {}", name, act, why), "", ""};
}

constexpr const char* kNotReleased = "it is not released yet";

}  // namespace

ReleaseSystem::ReleaseSystem(std::vector<Segment> segments, Staging staging, Cdn& cdn)
    : segments_(std::move(segments)), staging_(staging), cdn_(cdn) {}

ReleaseId ReleaseSystem::add(const content::Package* package, std::string name, bool expedited) {
    Release release;
    release.package = package;
    release.name = std::move(name);
    release.expedited = expedited;
    release.published.resize(segments_.size());
    releases_.push_back(std::move(release));
    return {static_cast<uint32_t>(releases_.size() - 1)};
}

bool ReleaseSystem::has_stage(GroupStage stage) const {
    return std::any_of(segments_.begin(), segments_.end(),
                       [&](const Segment& segment) { return segment.stage == stage; });
}

std::optional<GroupStage> ReleaseSystem::stage_before(GroupStage stage) const {
    for (const auto before : {GroupStage::kInternal, GroupStage::kEngineering}) {
        if (before < stage && has_stage(before)) {
            return before;
        }
    }
    return std::nullopt;
}

bool ReleaseSystem::everywhere_at_once(const Release& release) const {
    return release.expedited || !staging_.staged;
}

bool ReleaseSystem::superseded(const Release& release, size_t segment) const {
    return std::any_of(releases_.begin(), releases_.end(), [&](const Release& other) {
        return other.order > release.order && other.published[segment] &&
               feed(*other.package) == feed(*release.package);
    });
}

bool ReleaseSystem::superseded_throughout(const Release& release, GroupStage stage) const {
    for (size_t s = 0; s < segments_.size(); ++s) {
        if (segments_[s].stage == stage && !superseded(release, s)) {
            return false;
        }
    }
    return true;
}

base::Duration ReleaseSystem::delay() const {
    return {staging_.cdn_ttl.seconds + staging_.download.seconds};
}

void ReleaseSystem::publish(ReleaseId id, size_t segment, base::SimTime now) {
    Release& release = at(id);
    if (release.published[segment] || superseded(release, segment)) {
        return;
    }
    release.published[segment] = true;
    const Segment& to = segments_[segment];
    cdn_.set_head(to.name, feed(*release.package), release.package, now + delay());
    const auto newest = newest_.find(to.group);
    if (newest == newest_.end() || newest->second.at < now) {
        newest_[to.group] = {now, id};
    }
    decisions_.push_back(
        {now, Decision::Kind::kPublished, id, {static_cast<uint32_t>(segment)}, ""});
}

void ReleaseSystem::publish_due(ReleaseId id, base::SimTime now) {
    for (size_t s = 0; s < segments_.size(); ++s) {
        const Segment& segment = segments_[s];
        const auto& since = at(id).since.at(index(segment.stage));
        const base::Duration wait =
            segment.stage == GroupStage::kPublic ? segment.after : base::Duration{0};
        if (since && *since + wait <= now) {
            publish(id, s, now);
        }
    }
}

void ReleaseSystem::enter(ReleaseId id, GroupStage stage, base::SimTime now) {
    at(id).since.at(index(stage)) = now;
    publish_due(id, now);
}

void ReleaseSystem::release(ReleaseId id, base::SimTime now) {
    Release& release = at(id);
    cdn_.store(*release.package);
    release.order = released_++;
    if (everywhere_at_once(release)) {
        for (size_t s = 0; s < segments_.size(); ++s) {
            publish(id, s, now);
        }
        return;
    }
    for (const auto stage :
         {GroupStage::kEngineering, GroupStage::kInternal, GroupStage::kPublic}) {
        if (has_stage(stage)) {
            enter(id, stage, now);
            return;
        }
    }
}

std::string ReleaseSystem::obstacle(const Release& release, GroupStage to) const {
    if (!release.order) {
        return kNotReleased;
    }
    if (release.expedited) {
        return "it is expedited and in every group already";
    }
    if (!staging_.staged) {
        return "nothing is staged, and it is in every group already";
    }
    if (release.halted_at) {
        return "it was halted on " + base::to_text(*release.halted_at);
    }
    if (release.since.at(index(to))) {
        return "it is there already";
    }
    if (!has_stage(to)) {
        return "there is no such group";
    }
    if (const auto before = stage_before(to); before && !release.since.at(index(*before))) {
        return fmt::format("it has not been in the {} group",
                           *before == GroupStage::kInternal ? "internal" : "engineering");
    }
    return superseded_throughout(release, to) ? "a later release is there already" : "";
}

base::Status ReleaseSystem::promote(ReleaseId id, GroupStage to, base::SimTime now) {
    if (const std::string why = obstacle(at(id), to); !why.empty()) {
        return refusal(at(id).name, "promoted", why);
    }
    enter(id, to, now);
    return {};
}

void ReleaseSystem::set_heads(const Release& release, const content::Package* package,
                              base::SimTime now) {
    for (size_t s = 0; s < segments_.size(); ++s) {
        if (release.published[s] && !superseded(release, s)) {
            cdn_.set_head(segments_[s].name, feed(*release.package), package, now + delay());
        }
    }
}

void ReleaseSystem::end_publication(ReleaseId id, base::SimTime now, const std::string& why) {
    at(id).halted_at = now;
    decisions_.push_back({now, Decision::Kind::kHalted, id, {}, why});
}

void ReleaseSystem::take_back(ReleaseId id, base::SimTime now, const std::string& why) {
    at(id).withdrawn_at = now;
    set_heads(at(id), nullptr, now);
    decisions_.push_back({now, Decision::Kind::kWithdrawn, id, {}, why});
}

base::Status ReleaseSystem::halt(ReleaseId id, base::SimTime now, std::string why) {
    const Release& release = at(id);
    if (!release.order) {
        return refusal(release.name, "halted", kNotReleased);
    }
    if (release.halted_at) {
        return base::Error{fmt::format("{} was halted already, on {}", release.name,
                                       base::to_text(*release.halted_at)),
                           "", ""};
    }
    end_publication(id, now, why);
    if (staging_.withdraw) {
        take_back(id, now, why);
    }
    return {};
}

base::Status ReleaseSystem::withdraw(ReleaseId id, base::SimTime now, std::string why) {
    const Release& release = at(id);
    if (!release.order) {
        return refusal(release.name, "withdrawn", kNotReleased);
    }
    if (release.withdrawn_at) {
        return base::Error{fmt::format("{} was withdrawn already, on {}", release.name,
                                       base::to_text(*release.withdrawn_at)),
                           "", ""};
    }
    if (!release.halted_at) {
        end_publication(id, now, why);
    }
    take_back(id, now, why);
    return {};
}

base::Status ReleaseSystem::resume(ReleaseId id, base::SimTime now) {
    Release& release = at(id);
    if (!release.halted_at) {
        return refusal(release.name, "resumed", "it is not halted");
    }
    for (auto& since : release.since) {
        if (since) {
            since = *since + (now - *release.halted_at);
        }
    }
    if (release.withdrawn_at) {
        set_heads(release, release.package, now);
    }
    release.halted_at.reset();
    release.withdrawn_at.reset();
    decisions_.push_back({now, Decision::Kind::kResumed, id, {}, ""});
    return {};
}

void ReleaseSystem::promote_if_due(ReleaseId id, GroupStage to, base::SimTime now) {
    const Release& release = at(id);
    const auto& wait =
        to == GroupStage::kInternal ? staging_.internal_after : staging_.public_after;
    const auto before = stage_before(to);
    if (!wait || !before || !obstacle(release, to).empty()) {
        return;
    }
    if (*release.since.at(index(*before)) + *wait <= now) {
        enter(id, to, now);
    }
}

void ReleaseSystem::advance(base::SimTime now) {
    for (uint32_t r = 0; r < releases_.size(); ++r) {
        const ReleaseId id{r};
        if (!released(id) || halted(id)) {
            continue;
        }
        promote_if_due(id, GroupStage::kInternal, now);
        promote_if_due(id, GroupStage::kPublic, now);
        publish_due(id, now);
    }
}

std::vector<Decision> ReleaseSystem::take_decisions() {
    return std::exchange(decisions_, {});
}

bool ReleaseSystem::released(ReleaseId id) const {
    return at(id).order.has_value();
}

bool ReleaseSystem::halted(ReleaseId id) const {
    return at(id).halted_at.has_value();
}

std::optional<base::SimTime> ReleaseSystem::halted_at(ReleaseId id) const {
    return at(id).halted_at;
}

std::optional<base::SimTime> ReleaseSystem::halt_in_force(ReleaseId id) const {
    const auto& withdrawn = at(id).withdrawn_at;
    return withdrawn ? std::optional(*withdrawn + delay()) : std::nullopt;
}

ReleaseId ReleaseSystem::newest_in(GroupId group) const {
    const auto found = newest_.find(group);
    return found == newest_.end() ? ReleaseId{} : found->second.release;
}

const content::Package* ReleaseSystem::package(ReleaseId id) const {
    return at(id).package;
}

const std::string& ReleaseSystem::name(ReleaseId id) const {
    return at(id).name;
}

}  // namespace firebreak::cloud
