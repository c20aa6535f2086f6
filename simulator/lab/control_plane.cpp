#include "lab/control_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace firebreak::lab {

namespace {

bool is_death(base::Category category) {
    switch (category) {
        case base::Category::kCrash:
        case base::Category::kCpuLimit:
        case base::Category::kMemoryLimit:
        case base::Category::kForbidden:
        case base::Category::kProtocol:
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

}  // namespace

assay::Snapshot taken_away(const assay::Snapshot& state, content::Feed feed, base::HarmMask harms) {
    // A crash in the kernel has gone back to last-known-good already; it was the machine that did
    // not come up.
    const bool ruined = (harms & (bit(base::Harm::kUnbootable) | bit(base::Harm::kNetworkLost) |
                                  bit(base::Harm::kSystemFileLost))) != 0;
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
        default:
            break;
    }
    if (is_death(outcome.category) && kernel) {
        return Harm::kBootLoop;
    }
    // A scan that fails without a death leaves its file unscanned, again and again.
    return !changed ? Harm::kOverExclusion : runs_on ? Harm::kRestart : Harm::kDown;
}

ControlPlane::ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds, Setting setting)
    : assays_(assays), feeds_(std::move(feeds)), setting_(std::move(setting)) {
    for (const base::HarmInfo& one : base::harms()) {
        if (setting_.recovery[static_cast<size_t>(one.harm)] == base::Recovery::kUpdate) {
            ended_by_update_ |= bit(one.harm);
        }
    }
}

void ControlPlane::add_release(const base::Digest& manifest, uint32_t release) {
    releases_[manifest] = release;
}

uint32_t ControlPlane::release_of(const base::Digest& manifest) const {
    const auto found = releases_.find(manifest);
    return found == releases_.end() ? kNoRelease : found->second;
}

fleet::SetId ControlPlane::intern(std::vector<assay::StateId> states, base::HarmMask harms,
                                  Infections infected) {
    const fleet::SetId next{static_cast<uint32_t>(sets_.size())};
    const auto [place, is_new] = set_ids_.emplace(std::tuple(states, harms, infected), next);
    if (is_new) {
        Set set;
        for (size_t f = 0; f < feeds_.size(); ++f) {
            set.runs.push_back(assay::running_content(assays_.state(states[f]), feeds_[f]));
        }
        set.states = std::move(states);
        set.harms = harms;
        set.infected = infected;
        set.lost = is_lost(harms);
        sets_.push_back(std::move(set));
    }
    return place->second;
}

fleet::SetId ControlPlane::next_set(fleet::SetId before, std::vector<assay::StateId> states,
                                    base::Harm harm) {
    const base::HarmMask harms = sets_[before.value].harms;
    const Infections infected = sets_[before.value].infected;
    const fleet::SetId moved = intern(states, harms, infected);
    auto after =
        static_cast<base::HarmMask>(runs_alike(before, moved) ? harms : harms & ~ended_by_update_);
    if (setting_.recovery[static_cast<size_t>(harm)] != base::Recovery::kItself) {
        after |= bit(harm);
    }
    return intern(std::move(states), after, infected);
}

base::Result<fleet::SetId> ControlPlane::install_baseline(
    const std::vector<const content::Package*>& packages) {
    std::vector<assay::Assays::Request> requests;
    const assay::StateId fresh = assays_.intern({});
    for (size_t f = 0; f < feeds_.size(); ++f) {
        assay::PollStimulus stimulus;
        stimulus.feed = feeds_[f];
        stimulus.group = "factory";
        stimulus.offered = packages[f];
        requests.push_back({fresh, stimulus});
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<assay::StateId> states;
    for (size_t f = 0; f < feeds_.size(); ++f) {
        const assay::Transition& transition = assays_[done[f]];
        if (packages[f] != nullptr && transition.outcome.category != base::Category::kInstalled) {
            return base::Error{
                fmt::format("the baseline of {} is not accepted: {} at {} ({}; {})",
                            content::info(feeds_[f]).name, to_text(transition.outcome.category),
                            to_text(transition.outcome.stage), to_text(transition.outcome.code),
                            base::to_text(transition.outcome.evidence)),
                "", "name content that its component accepts"};
        }
        states.push_back(assays_.changed(fresh, transition.changes));
    }
    return intern(std::move(states), 0, 0);
}

fleet::Context ControlPlane::context(const std::string& segment,
                                     const std::vector<uint8_t>& personas,
                                     const std::vector<Offer>& offers) {
    const auto [place, is_new] = context_ids_.emplace(std::pair(segment, offers), contexts_.size());
    if (is_new) {
        ContextInfo info{segment, personas, offers, {}};
        info.context.id = {static_cast<uint32_t>(contexts_.size())};
        for (const Offer& offer : offers) {
            if (offer.fault != nullptr) {
                info.context.faults.push_back(offer.fault->draw);
            }
        }
        contexts_.push_back(std::move(info));
    }
    return contexts_[place->second].context;
}

// Variant numbers are mixed radix over the faults in force, the last one's digit the lowest.
assay::PollStimulus ControlPlane::stimulus(fleet::ContextId id, size_t feed,
                                           uint32_t variant) const {
    const ContextInfo& context = contexts_[id.value];
    assay::PollStimulus stimulus;
    stimulus.feed = feeds_[feed];
    stimulus.group = context.segment;
    stimulus.offered = context.offers[feed].package;
    for (size_t f = feeds_.size(); f-- > 0;) {
        const Fault* fault = context.offers[f].fault;
        if (fault == nullptr) {
            continue;
        }
        const uint32_t digit = variant % (fault->draw.variants + 1);
        variant /= fault->draw.variants + 1;
        if (f == feed && digit > 0) {
            stimulus.damage = fault->damages[digit - 1];
            stimulus.replayed = fault->replayed;
        }
    }
    return stimulus;
}

base::Result<std::vector<fleet::Step>> ControlPlane::steps(std::span<const Poll> polls) {
    std::vector<assay::Assays::Request> requests;
    for (const Poll& poll : polls) {
        for (size_t f = 0; f < feeds_.size(); ++f) {
            requests.push_back(
                {sets_[poll.set.value].states[f], stimulus(poll.context, f, poll.variant)});
        }
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<fleet::Step> steps;
    for (size_t p = 0; p < polls.size(); ++p) {
        fleet::Step step;
        std::vector<assay::StateId> after = sets_[polls[p].set.value].states;
        for (size_t f = 0; f < feeds_.size(); ++f) {
            const assay::Transition& one = assays_[done[p * feeds_.size() + f]];
            after[f] = assays_.changed(after[f], one.changes);
            step.alerts += one.alerts;
            step.delivered |= one.delivered;
            step.refused |= one.outcome.refused();
            // A poll that brings several feeds something is told by the gravest of it.
            if (one.outcome.category > step.category) {
                step.category = one.outcome.category;
                step.code = one.outcome.code;
                step.release = release_of(one.manifest);
            }
            // In user space content that kills its loader is turned away; the kernel goes with it.
            if (is_death(one.outcome.category) && setting_.kernel.contains(feeds_[f])) {
                step.harm = base::Harm::kBootLoop;
            }
        }
        step.after = next_set(polls[p].set, std::move(after), step.harm);
        steps.push_back(step);
    }
    FB_CHECK(run_workloads(polls, steps));
    return steps;
}

assay::Assays::Request ControlPlane::workload_request(assay::StateId state, size_t feed,
                                                      uint8_t persona) const {
    assay::WorkloadStimulus stimulus{
        {persona}, assays_.environment().personas[persona].name, nullptr};
    if (const auto runs = assay::running_content(assays_.state(state), feeds_[feed])) {
        const auto found = setting_.measured.find({release_of(*runs), persona});
        if (found != setting_.measured.end()) {
            stimulus.measured = &found->second;
        }
    }
    return {state, stimulus};
}

// Newly installed content is about to meet the workload of every persona of its group: run those
// assays now, side by side, rather than one by one as the rows come up.
base::Status ControlPlane::run_workloads(std::span<const Poll> polls,
                                         std::span<const fleet::Step> steps) {
    std::set<std::tuple<assay::StateId, size_t, uint8_t>> wanted;
    for (size_t p = 0; p < polls.size(); ++p) {
        const Set& after = sets_[steps[p].after.value];
        if (after.lost || runs_alike(polls[p].set, steps[p].after)) {
            continue;
        }
        for (size_t f = 0; f < feeds_.size(); ++f) {
            for (const uint8_t persona : contexts_[polls[p].context.value].personas) {
                wanted.emplace(after.states[f], f, persona);
            }
        }
    }
    std::vector<assay::Assays::Request> requests;
    for (const auto& [state, feed, persona] : wanted) {
        requests.push_back(workload_request(state, feed, persona));
    }
    FB_TRY([[maybe_unused]] const auto done, assays_.perform(requests));
    return {};
}

// What would change nothing is left out: a harm that is there already does not come again.
void ControlPlane::add_triggers(fleet::SetId set, size_t feed, const assay::Transition& workload,
                                std::vector<fleet::TriggerStep>& out) {
    // Copies: interning may move the sets.
    const std::vector<assay::StateId> states = sets_[set.value].states;
    const base::HarmMask harms = sets_[set.value].harms;
    const std::optional<base::Digest> runs = sets_[set.value].runs[feed];
    for (const assay::Trigger& trigger : workload.triggers) {
        std::vector<assay::StateId> after = states;
        after[feed] = assays_.changed(after[feed], trigger.changes);
        const auto runs_after = assay::running_content(assays_.state(after[feed]), feeds_[feed]);
        const base::Harm harm =
            harm_of(trigger.outcome, trigger.measured, setting_.kernel.contains(feeds_[feed]),
                    runs_after.has_value(), runs_after != runs);
        if (after == states && (harms & bit(harm)) != 0) {
            continue;
        }
        out.push_back({trigger.hazard(), trigger.at_once, next_set(set, std::move(after), harm),
                       trigger.outcome.category, trigger.outcome.code,
                       runs ? release_of(*runs) : kNoRelease, harm});
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
            step.after = intern(before.states, before.harms,
                                static_cast<Infections>(before.infected | campaign));
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
        for (size_t f = 0; f < feeds_.size() && !set.lost; ++f) {
            requests.push_back(workload_request(set.states[f], f, workload.persona));
        }
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<std::vector<fleet::TriggerStep>> all;
    size_t next = 0;
    for (const Workload& workload : workloads) {
        std::vector<fleet::TriggerStep> steps;
        if (!sets_[workload.set.value].lost) {
            for (size_t f = 0; f < feeds_.size(); ++f) {
                add_triggers(workload.set, f, assays_[done[next++]], steps);
            }
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
        std::vector<assay::Assays::Request> requests;
        for (const assay::StateId state : sets_[set.value].states) {
            requests.push_back({state, setting_.campaigns[c].sample});
        }
        FB_TRY(const auto done, assays_.perform(requests));
        const bool found = std::any_of(done.begin(), done.end(), [&](assay::TransitionId id) {
            return assays_[id].outcome.category != base::Category::kMissed;
        });
        out |= static_cast<Infections>(found ? 0 : 1u << c);
    }
    return out;
}

base::Result<fleet::HazardId> ControlPlane::hazard(fleet::SetId set) {
    FB_TRY(const Infections open, unprotected(set));
    const Set& of = sets_[set.value];
    const fleet::HazardId next{static_cast<uint32_t>(hazards_.size())};
    return hazards_.emplace(std::tuple(of.runs, of.harms, of.infected, open), next).first->second;
}

base::HarmMask ControlPlane::harms(fleet::SetId set) const {
    return sets_[set.value].harms;
}

fleet::SetId ControlPlane::cured(fleet::SetId set, base::HarmMask harms, base::Code how) {
    const Set before = sets_[set.value];
    const auto left = static_cast<base::HarmMask>(before.harms & ~harms);
    const fleet::SetId mended = intern(before.states, left, before.infected);
    if (how != base::Code::kByHand) {
        return mended;
    }
    std::vector<assay::StateId> states;
    for (size_t f = 0; f < feeds_.size(); ++f) {
        states.push_back(
            assays_.intern(taken_away(assays_.state(before.states[f]), feeds_[f], harms)));
    }
    return next_set(mended, std::move(states), base::Harm::kNone);
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
