#include "lab/control_plane.h"

#include <fmt/format.h>

#include <set>

namespace firebreak::lab {

ControlPlane::ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds)
    : assays_(assays), feeds_(std::move(feeds)) {}

void ControlPlane::add_release(const base::Digest& manifest, uint32_t release) {
    releases_[manifest] = release;
}

uint32_t ControlPlane::release_of(const base::Digest& manifest) const {
    const auto found = releases_.find(manifest);
    return found == releases_.end() ? kNoRelease : found->second;
}

fleet::SetId ControlPlane::intern(std::vector<assay::StateId> states) {
    const fleet::SetId next{static_cast<uint32_t>(sets_.size())};
    const auto [place, is_new] = set_ids_.emplace(states, next);
    if (is_new) {
        Set set;
        for (size_t f = 0; f < feeds_.size(); ++f) {
            set.runs.push_back(assay::running_content(assays_.state(states[f]), feeds_[f]));
        }
        const fleet::ContentId content{static_cast<uint32_t>(contents_.size())};
        set.content = contents_.emplace(set.runs, content).first->second;
        set.states = std::move(states);
        sets_.push_back(std::move(set));
    }
    return place->second;
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
        states.push_back(assays_.intern(transition.after));
    }
    return intern(std::move(states));
}

fleet::Context ControlPlane::context(const std::string& group, const std::vector<uint8_t>& personas,
                                     const std::vector<Offer>& offers) {
    const auto [place, is_new] = context_ids_.emplace(std::pair(group, offers), contexts_.size());
    if (is_new) {
        ContextInfo info{group, personas, offers, {}};
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
    stimulus.group = context.group;
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
        std::vector<assay::StateId> after;
        for (size_t f = 0; f < feeds_.size(); ++f) {
            const assay::Transition& one = assays_[done[p * feeds_.size() + f]];
            after.push_back(assays_.intern(one.after));
            step.alerts += one.alerts;
            step.delivered |= one.delivered;
            step.refused |= one.outcome.refused();
            // A poll that brings several feeds something is told by the gravest of it.
            if (one.outcome.category > step.category) {
                step.category = one.outcome.category;
                step.code = one.outcome.code;
                step.release = release_of(one.manifest);
            }
        }
        step.after = intern(std::move(after));
        steps.push_back(step);
    }
    FB_CHECK(run_workloads(polls, steps));
    return steps;
}

assay::Assays::Request ControlPlane::workload_request(assay::StateId state, uint8_t persona) const {
    return {state,
            assay::WorkloadStimulus{{persona}, assays_.environment().personas[persona].name}};
}

// Newly installed content is about to meet the workload of every persona of its group: run those
// assays now, side by side, rather than one by one as the rows come up.
base::Status ControlPlane::run_workloads(std::span<const Poll> polls,
                                         std::span<const fleet::Step> steps) {
    std::set<std::pair<assay::StateId, uint8_t>> wanted;
    for (size_t p = 0; p < polls.size(); ++p) {
        if (running(polls[p].set) == running(steps[p].after)) {
            continue;
        }
        for (const assay::StateId state : sets_[steps[p].after.value].states) {
            for (const uint8_t persona : contexts_[polls[p].context.value].personas) {
                wanted.emplace(state, persona);
            }
        }
    }
    std::vector<assay::Assays::Request> requests;
    for (const auto& [state, persona] : wanted) {
        requests.push_back(workload_request(state, persona));
    }
    FB_TRY([[maybe_unused]] const auto done, assays_.perform(requests));
    return {};
}

base::Result<std::vector<std::vector<fleet::TriggerStep>>> ControlPlane::triggers(
    std::span<const Workload> workloads) {
    std::vector<assay::Assays::Request> requests;
    for (const Workload& workload : workloads) {
        for (const assay::StateId state : sets_[workload.set.value].states) {
            requests.push_back(workload_request(state, workload.persona));
        }
    }
    FB_TRY(const std::vector<assay::TransitionId> done, assays_.perform(requests));
    std::vector<std::vector<fleet::TriggerStep>> all;
    for (size_t w = 0; w < workloads.size(); ++w) {
        std::vector<fleet::TriggerStep> steps;
        for (size_t f = 0; f < feeds_.size(); ++f) {
            // A copy: interning may move the sets.
            const std::vector<assay::StateId> states = sets_[workloads[w].set.value].states;
            const std::optional<base::Digest> runs = sets_[workloads[w].set.value].runs[f];
            for (const assay::Trigger& trigger : assays_[done[w * feeds_.size() + f]].triggers) {
                std::vector<assay::StateId> after = states;
                after[f] = assays_.intern(trigger.after);
                steps.push_back({trigger.per_hour, intern(std::move(after)),
                                 trigger.outcome.category, trigger.outcome.code,
                                 runs ? release_of(*runs) : kNoRelease});
            }
        }
        all.push_back(std::move(steps));
    }
    return all;
}

fleet::ContentId ControlPlane::running(fleet::SetId set) const {
    return sets_[set.value].content;
}

std::optional<uint32_t> ControlPlane::running_release(fleet::SetId set, size_t feed) const {
    const auto& runs = sets_[set.value].runs[feed];
    return runs ? std::optional(release_of(*runs)) : std::nullopt;
}

}  // namespace firebreak::lab
