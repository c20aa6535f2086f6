#include "lab/control_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "endpoint/applications/application_service.h"
#include "endpoint/behavior/behavior_service.h"

namespace firebreak::lab {

namespace {

bool is_death(base::Category category) {
    switch (category) {
        case base::Category::kCrash:
        case base::Category::kCpuLimit:
        case base::Category::kMemoryLimit:
        case base::Category::kForbidden:
        case base::Category::kProtocol:
        case base::Category::kHang:
            return true;
        default:
            return false;
    }
}

bool is_lost(base::HarmMask harms) {
    return std::any_of(
        base::harms().begin(), base::harms().end(),
        [harms](const base::HarmInfo& one) { return one.lost && (harms & bit(one.harm)) != 0; });
}

constexpr base::HarmMask kRuins = bit(base::Harm::kUnbootable) | bit(base::Harm::kNetworkLost) |
                                  bit(base::Harm::kSystemFileLost) | bit(base::Harm::kUpdatesLost) |
                                  bit(base::Harm::kUserFileLost);

base::Harm harm_of_damage(base::Code code) {
    switch (code) {
        case base::Code::kBootFileDamaged:
            return base::Harm::kUnbootable;
        case base::Code::kNetworkFileDamaged:
            return base::Harm::kNetworkLost;
        case base::Code::kSystemFileDamaged:
            return base::Harm::kSystemFileLost;
        case base::Code::kUpdaterDamaged:
            return base::Harm::kUpdatesLost;
        case base::Code::kUserFileDamaged:
            return base::Harm::kUserFileLost;
        default:  // of the product, by the kit or by an unclean shutdown
            return base::Harm::kDown;
    }
}

}  // namespace

bool is_ruin(base::Harm harm) {
    return (bit(harm) & kRuins) != 0;
}

bool component_runs(const assay::Snapshot& state, content::Feed feed) {
    const auto runs = [&](content::Feed one) {
        return assay::running_content(state, one).has_value();
    };
    if (feed == content::Feed::kRepairKit) {
        return true;
    }
    if (endpoint::applications::is_application_feed(feed)) {
        return runs(feed);
    }
    return endpoint::behavior::is_rule_feed(feed)
               ? std::ranges::any_of(endpoint::behavior::kRuleFeeds, runs)
               : runs(content::Feed::kDatasetA);
}

assay::Snapshot taken_away(const assay::Snapshot& state, base::HarmMask harms, content::Feed feed) {
    const bool ruined = (harms & kRuins) != 0;
    const assay::Snapshot back = assay::fallen_back(state, feed);
    return ruined && assay::running_content(back, feed) ? back : state;
}

base::Harm harm_of(const base::Outcome& outcome, base::Harm measured, bool kernel, bool runs_on,
                   bool changed) {
    using base::Harm;
    switch (outcome.category) {
        case base::Category::kFalsePositive:
            return outcome.code == base::Code::kBootFileHeld      ? Harm::kUnbootable
                   : outcome.code == base::Code::kNetworkFileHeld ? Harm::kNetworkLost
                   : outcome.code == base::Code::kSystemFileHeld  ? Harm::kSystemFileLost
                                                                  : Harm::kFileHeld;
        case base::Category::kSlowDown:
            return Harm::kSlow;
        case base::Category::kMissed:
            return Harm::kBlind;
        case base::Category::kMeasured:
            return measured;
        case base::Category::kDamaged:
            return harm_of_damage(outcome.code);
        default:
            break;
    }
    if (is_death(outcome.category) && kernel) {
        return Harm::kBootLoop;
    }
    if (is_death(outcome.category) && runs_on) {
        return Harm::kRestart;
    }
    // A scan that fails without a death leaves its file unscanned, again and again.
    return !changed ? Harm::kOverExclusion : runs_on ? Harm::kRestart : Harm::kDown;
}

ControlPlane::ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds,
                           base::UtcTime start, Setting setting)
    : assays_(assays), feeds_(std::move(feeds)), setting_(std::move(setting)), start_(start) {
    for (const base::HarmInfo& one : base::harms()) {
        if (setting_.recovery[static_cast<size_t>(one.harm)] == base::Recovery::kUpdate) {
            ended_by_update_ |= bit(one.harm);
        }
    }
}

void ControlPlane::add_package(const content::Package& package, uint32_t release) {
    if (release != kNoRelease) {
        releases_[package.manifest_digest] = release;
    }
    std::set<std::string>& files = files_[package.draft.manifest.feed];
    files.insert(content::package_path(package.manifest_digest));
    for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
        files.insert(content::payload_path(payload.sha384));
    }
}

uint32_t ControlPlane::release_of(const base::Digest& manifest) const {
    const auto found = releases_.find(manifest);
    return found == releases_.end() ? kNoRelease : found->second;
}

fleet::SetId ControlPlane::intern(assay::StateId state, base::HarmMask harms, Infections infected,
                                  content::Feed blamed) {
    const fleet::SetId next{static_cast<uint32_t>(sets_.size())};
    if ((harms & kRuins) == 0) {
        blamed = content::Feed::kDatasetA;  // nobody will ask
    }
    const auto [place, is_new] = set_ids_.emplace(std::tuple(state, harms, infected, blamed), next);
    if (is_new) {
        Set set;
        for (const content::Feed feed : feeds_) {
            set.runs.push_back(assay::running_content(assays_.state(state), feed));
        }
        for (const content::Feed feed : feeds_) {
            const auto kills = assays_.state(state).find(assay::kills_key(feed));
            set.kills.push_back(kills == assays_.state(state).end() ? "" : kills->second);
        }
        set.state = state;
        set.blamed = blamed;
        set.harms = harms;
        set.infected = infected;
        set.lost = is_lost(harms);
        sets_.push_back(std::move(set));
    }
    return place->second;
}

fleet::SetId ControlPlane::next_set(fleet::SetId before, assay::StateId state, base::Harm harm,
                                    content::Feed feed) {
    const base::HarmMask harms = sets_[before.value].harms;
    const Infections infected = sets_[before.value].infected;
    const content::Feed blamed = is_ruin(harm) ? feed : sets_[before.value].blamed;
    const fleet::SetId moved = intern(state, harms, infected, blamed);
    auto after =
        static_cast<base::HarmMask>(runs_alike(before, moved) ? harms : harms & ~ended_by_update_);
    if (setting_.recovery[static_cast<size_t>(harm)] != base::Recovery::kItself) {
        after |= bit(harm);
    }
    return intern(state, after, infected, blamed);
}

namespace {

std::map<std::string, assay::ServedFile> served(const cloud::ChannelHeads* heads) {
    std::map<std::string, assay::ServedFile> files;
    if (heads != nullptr) {
        for (const auto& [path, file] : heads->files) {
            files[path] = {file.bytes, file.words};
        }
    }
    return files;
}

}  // namespace

base::Result<fleet::SetId> ControlPlane::install_baseline(const cloud::ChannelHeads& heads) {
    const assay::StateId fresh = assays_.intern({});
    assay::PollStimulus stimulus;
    stimulus.channel = stimulus.group = heads.offering.channel;
    stimulus.feeds = feeds_;
    stimulus.files = served(&heads);
    stimulus.clock = start_;
    const assay::Assays::Request request{fresh, stimulus};
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform({&request, 1}));
    const assay::Transition& transition = assays_[done.front()];
    const base::Category category = transition.outcome.category;
    if (category != base::Category::kInstalled && category != base::Category::kNothingNew) {
        // A feed without a baseline has no head yet, and that is all right.
        const bool absent = transition.outcome.code == base::Code::kHeadMissing;
        if (!absent) {
            return base::Error{
                fmt::format("the baseline of {} is not accepted: {} at {} ({}; {})",
                            content::info(transition.feed).name, to_text(category),
                            to_text(transition.outcome.stage), to_text(transition.outcome.code),
                            base::to_text(transition.outcome.evidence)),
                "", "name content that its component accepts"};
        }
    }
    return intern(assays_.changed(fresh, transition.changes), 0, 0, content::Feed::kDatasetA);
}

fleet::Context ControlPlane::context(const std::string& segment, const std::string& group,
                                     const std::vector<uint8_t>& personas,
                                     const Situation& situation, base::SimTime now) {
    now_ = now;
    if (start_ + base::Duration{now.seconds} >= clock_ends_) {
        ++clock_class_;
        clock_ends_ = {assay::Transition::kAlways.second};
    }
    std::vector<uint64_t> key;
    for (const cloud::ChannelHeads* heads : situation.heads) {
        key.push_back(heads == nullptr ? 0 : heads->id);
    }
    for (const Fault* fault : situation.faults) {
        key.push_back(fault->number);
    }
    const auto [place, is_new] =
        context_ids_.emplace(std::tuple(segment, key, clock_class_), contexts_.size());
    if (is_new) {
        ContextInfo info{segment, group, personas, situation, false, {}};
        info.context.id = {static_cast<uint32_t>(contexts_.size())};
        const auto& heads = situation.heads;
        info.draws_edge = heads.size() > 1 &&
                          (std::any_of(heads.begin(), heads.end(),
                                       [&](const auto* one) { return one != heads.front(); }) ||
                           std::any_of(situation.faults.begin(), situation.faults.end(),
                                       [](const Fault* fault) { return fault->edge.has_value(); }));
        if (info.draws_edge) {
            info.context.faults.push_back(
                {kEdgeDraw, 1, static_cast<uint32_t>(situation.heads.size())});
        }
        for (const Fault* fault : situation.faults) {
            info.context.faults.push_back(fault->draw);
        }
        contexts_.push_back(std::move(info));
    }
    return contexts_[place->second].context;
}

// The files that a fault of one feed can strike; none: all there are.
std::set<std::string> ControlPlane::struck(const std::string& channel,
                                           const faults::Fault& fault) const {
    if (!fault.feed) {
        return {};
    }
    std::set<std::string> files;
    if (const auto known = files_.find(*fault.feed); known != files_.end()) {
        files = known->second;
    }
    files.insert(content::head_path(channel, *fault.feed));
    files.insert(content::signed_head_path(channel, *fault.feed));
    return files;
}

// Variant numbers are mixed radix over the draws of the context, the last one's digit the lowest.
assay::PollStimulus ControlPlane::stimulus(fleet::ContextId id, uint32_t variant) const {
    const ContextInfo& context = contexts_[id.value];
    std::vector<uint32_t> digits;
    for (auto draw = context.context.faults.rbegin(); draw != context.context.faults.rend();
         ++draw) {
        digits.insert(digits.begin(), variant % (draw->variants + 1));
        variant /= draw->variants + 1;
    }
    auto digit = digits.begin();
    const unsigned edge = context.draws_edge && *digit > 0 ? *digit - 1 : 0;
    digit += context.draws_edge ? 1 : 0;

    assay::PollStimulus stimulus;
    stimulus.channel = context.segment;
    stimulus.group = context.group;
    stimulus.feeds = feeds_;
    stimulus.edges = static_cast<unsigned>(context.situation.heads.size());
    stimulus.files = served(context.situation.heads[edge]);
    stimulus.clock = start_ + base::Duration{now_.seconds};
    for (const Fault* fault : context.situation.faults) {
        const uint32_t which = *digit++;
        if (which > 0 && (!fault->edge || *fault->edge == edge)) {
            stimulus.faults.push_back(fault->variants[which - 1]);
            stimulus.struck.push_back(struck(context.segment, stimulus.faults.back()));
        }
    }
    return stimulus;
}

base::Result<std::vector<fleet::Step>> ControlPlane::steps(std::span<const Poll> polls) {
    std::vector<assay::Assays::Request> requests;
    for (const Poll& poll : polls) {
        requests.push_back({sets_[poll.set.value].state, stimulus(poll.context, poll.variant)});
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<fleet::Step> steps;
    for (size_t p = 0; p < polls.size(); ++p) {
        const assay::Transition& one = assays_[done[p]];
        clock_ends_ = std::min(clock_ends_, one.clock_until);
        fleet::Step step;
        step.alerts = one.alerts;
        step.delivered = one.delivered;
        step.refused = one.outcome.refused();
        step.category = one.outcome.category;
        step.code = one.outcome.code;
        step.release = release_of(one.manifest);
        // In user space content that kills its loader is turned away; the kernel goes with it.
        if (is_death(one.outcome.category) && setting_.kernel.contains(one.feed)) {
            step.harm = base::Harm::kBootLoop;
        } else if (one.outcome.category == base::Category::kExhausted) {
            step.harm = base::Harm::kExhausted;
        }
        step.after = next_set(polls[p].set, assays_.changed(requests[p].before, one.changes),
                              step.harm, one.feed);
        steps.push_back(step);
    }
    FB_CHECK(run_workloads(polls, steps));
    return steps;
}

assay::Assays::Request ControlPlane::workload_request(const Set& set, uint8_t persona) const {
    assay::WorkloadStimulus stimulus{
        {persona}, assays_.environment().personas[persona].name, nullptr};
    stimulus.measured = measured(set.runs, persona);
    return {set.state, stimulus};
}

const std::vector<assay::Measured>* ControlPlane::measured(const Runs& runs,
                                                           uint8_t persona) const {
    for (const auto& content : runs) {
        if (content) {
            const auto found = setting_.measured.find({release_of(*content), persona});
            if (found != setting_.measured.end()) {
                return &found->second;
            }
        }
    }
    return nullptr;
}

// Newly installed content is about to meet the workload of every persona of its group: run those
// assays now, side by side, rather than one by one as the rows come up.
base::Status ControlPlane::run_workloads(std::span<const Poll> polls,
                                         std::span<const fleet::Step> steps) {
    std::set<std::pair<fleet::SetId, uint8_t>> wanted;
    for (size_t p = 0; p < polls.size(); ++p) {
        if (sets_[steps[p].after.value].lost || runs_alike(polls[p].set, steps[p].after)) {
            continue;
        }
        for (const uint8_t persona : contexts_[polls[p].context.value].personas) {
            wanted.emplace(steps[p].after, persona);
        }
    }
    std::vector<assay::Assays::Request> requests;
    for (const auto& [set, persona] : wanted) {
        requests.push_back(workload_request(sets_[set.value], persona));
    }
    FB_TRY([[maybe_unused]] const auto done, assays_.perform(requests));
    return {};
}

// What would change nothing is left out: a harm that is there already does not come again.
void ControlPlane::add_triggers(fleet::SetId set, const assay::Transition& workload,
                                std::vector<fleet::TriggerStep>& out) {
    // Copies: interning may move the sets.
    const assay::StateId state = sets_[set.value].state;
    const base::HarmMask harms = sets_[set.value].harms;
    const Runs runs = sets_[set.value].runs;
    for (const assay::Trigger& trigger : workload.triggers) {
        const size_t feed = std::find(feeds_.begin(), feeds_.end(), trigger.feed) - feeds_.begin();
        const std::optional<base::Digest> before = feed < runs.size() ? runs[feed] : std::nullopt;
        const assay::StateId after = assays_.changed(state, trigger.changes);
        const auto runs_after = assay::running_content(assays_.state(after), trigger.feed);
        const bool runs_on = component_runs(assays_.state(after), trigger.feed);
        const base::Harm harm =
            harm_of(trigger.outcome, trigger.measured, setting_.kernel.contains(trigger.feed),
                    runs_on, runs_after != before);
        if (after == state && (harms & bit(harm)) != 0) {
            continue;
        }
        out.push_back({trigger.hazard(), trigger.at_once, next_set(set, after, harm, trigger.feed),
                       trigger.outcome.category, trigger.outcome.code,
                       before ? release_of(*before) : kNoRelease, harm});
    }
}

base::Status ControlPlane::add_campaigns(fleet::SetId set, std::vector<fleet::TriggerStep>& out) {
    FB_TRY(const Infections open, unprotected(set));
    const Set before = sets_[set.value];
    for (size_t c = 0; c < setting_.campaigns.size(); ++c) {
        const auto campaign = static_cast<Infections>(1u << c);
        if ((open & campaign & ~before.infected) != 0) {
            fleet::TriggerStep step;
            step.per_hour = setting_.campaigns[c].per_hour;
            step.after = intern(before.state, before.harms,
                                static_cast<Infections>(before.infected | campaign), before.blamed);
            step.category = base::Category::kInfected;
            step.code = base::Code::kCampaign;
            out.push_back(step);
        }
    }
    return {};
}

base::Result<std::vector<std::vector<fleet::TriggerStep>>> ControlPlane::triggers(
    std::span<const Workload> workloads) {
    std::vector<assay::Assays::Request> requests;
    for (const Workload& workload : workloads) {
        const Set& set = sets_[workload.set.value];
        if (!set.lost) {
            requests.push_back(workload_request(set, workload.persona));
        }
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<std::vector<fleet::TriggerStep>> all;
    size_t next = 0;
    for (const Workload& workload : workloads) {
        std::vector<fleet::TriggerStep> steps;
        if (!sets_[workload.set.value].lost) {
            add_triggers(workload.set, assays_[done[next++]], steps);
            FB_CHECK(add_campaigns(workload.set, steps));
        }
        all.push_back(std::move(steps));
    }
    return all;
}

void ControlPlane::set_active(size_t campaign, bool active) {
    setting_.campaigns[campaign].active = active;
}

// The active campaigns whose sample none of the components finds in this state.
base::Result<ControlPlane::Infections> ControlPlane::unprotected(fleet::SetId set) {
    Infections out = 0;
    for (size_t c = 0; c < setting_.campaigns.size(); ++c) {
        if (!setting_.campaigns[c].active) {
            continue;
        }
        const assay::Assays::Request request{sets_[set.value].state, setting_.campaigns[c].sample};
        FB_TRY(const auto done, assays_.perform({&request, 1}));
        const bool found = assays_[done.front()].outcome.category != base::Category::kMissed;
        out |= static_cast<Infections>(found ? 0 : 1u << c);
    }
    return out;
}

base::Result<fleet::HazardId> ControlPlane::hazard(fleet::SetId set) {
    FB_TRY(const Infections open, unprotected(set));
    const Set& of = sets_[set.value];
    const fleet::HazardId next{static_cast<uint32_t>(hazards_.size())};
    return hazards_.emplace(std::tuple(of.runs, of.kills, of.harms, of.infected, open), next)
        .first->second;
}

base::HarmMask ControlPlane::harms(fleet::SetId set) const {
    return sets_[set.value].harms;
}

fleet::SetId ControlPlane::cured(fleet::SetId set, base::HarmMask harms, base::Code how) {
    const Set before = sets_[set.value];
    const auto left = static_cast<base::HarmMask>(before.harms & ~harms);
    const fleet::SetId mended = intern(before.state, left, before.infected, before.blamed);
    if (how != base::Code::kByHand) {
        return mended;
    }
    const assay::StateId back =
        assays_.intern(taken_away(assays_.state(before.state), harms, before.blamed));
    return next_set(mended, back, base::Harm::kNone, before.blamed);
}

std::optional<uint32_t> ControlPlane::running_release(fleet::SetId set, size_t feed) const {
    const auto& runs = sets_[set.value].runs[feed];
    return runs ? std::optional(release_of(*runs)) : std::nullopt;
}

base::Result<bool> ControlPlane::is_protected(fleet::SetId set) {
    FB_TRY(const Infections open, unprotected(set));
    const Set& of = sets_[set.value];
    const bool all_run = std::all_of(of.runs.begin(), of.runs.end(),
                                     [](const auto& runs) { return runs.has_value(); });
    return all_run && open == 0 && (of.harms & bit(base::Harm::kBlind)) == 0;
}

}  // namespace firebreak::lab
