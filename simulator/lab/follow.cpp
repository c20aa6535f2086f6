// One endpoint alone, without the memo table, the slices' tables or the event queue: the long way
// round, to show that the short one ends at the same place.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/parts.h"

namespace firebreak::lab {

namespace {

class Follower {
  public:
    Follower(const Lab::Parts& parts, uint32_t row)
        : parts_(parts),
          rows_(parts.fleet->population()),
          row_(row),
          group_(rows_.group_of(row)),
          persona_(rows_.persona(row)),
          environment_(parts.assays->environment()),
          trigger_(parts.experiment.seed, base::Stream::kTrigger),
          share_(parts.experiment.seed, base::Stream::kFaultShare),
          variant_(parts.experiment.seed, base::Stream::kFaultVariant) {
        for (const assay::StateId state : parts.control->states(parts.initial)) {
            states_.push_back(parts.assays->state(state));
        }
    }

    base::Result<std::vector<HistoryEntry>> history() {
        for (const content::Package* package : parts_.baseline) {
            if (package == nullptr) {
                continue;
            }
            for (const auto& [name, bytes] : package->draft.payloads) {
                blobs_.keep(base::sha384(bytes), bytes);
            }
        }
        FB_CHECK(draw_trigger({0}));
        for (const base::SimTime at : polls()) {
            FB_CHECK(meet_triggers_before({at.seconds + 1}));
            FB_CHECK(poll(at));
        }
        FB_CHECK(meet_triggers_before(parts_.now));
        return std::move(history_);
    }

  private:
    struct Pending {
        base::SimTime at;
        size_t feed;
        assay::Trigger trigger;
    };

    // When this endpoint polls: asked slice by slice, with nothing idle.
    std::vector<base::SimTime> polls() const {
        const std::vector<uint8_t> busy(parts_.control->sets(), 0);
        std::vector<base::SimTime> out;
        std::vector<fleet::Due> due;
        for (int64_t t = 0; t < parts_.now.seconds; t += fleet::kSlice_s) {
            due.clear();
            rows_.due_polls(group_, {t}, {t + fleet::kSlice_s}, busy, due);
            for (const fleet::Due& one : due) {
                if (one.row == row_) {
                    out.push_back(one.at);
                }
            }
        }
        return out;
    }

    fleet::ContextId context_at(base::SimTime at) const {
        const auto& log = parts_.context_log[group_];
        const auto after =
            std::upper_bound(log.begin(), log.end(), at,
                             [](base::SimTime t, const auto& entry) { return t < entry.first; });
        return (after - 1)->second;
    }

    uint32_t variant_in(const fleet::Context& context) const {
        uint32_t number = 0;
        for (const fleet::FaultDraw& fault : context.faults) {
            const bool met = fault.share >= 1 || share_.unit(row_, fault.key) < fault.share;
            const uint64_t which = met ? 1 + variant_.below(fault.variants, row_, fault.key) : 0;
            number = number * (fault.variants + 1) + static_cast<uint32_t>(which);
        }
        return number;
    }

    std::vector<std::optional<base::Digest>> running() const {
        std::vector<std::optional<base::Digest>> out;
        for (size_t f = 0; f < states_.size(); ++f) {
            out.push_back(assay::running_content(states_[f], parts_.feeds[f]));
        }
        return out;
    }

    base::Status poll(base::SimTime at) {
        const fleet::ContextId id = context_at(at);
        const uint32_t variant = variant_in(parts_.control->context(id));
        const auto ran = running();
        base::Outcome gravest;
        for (size_t f = 0; f < states_.size(); ++f) {
            FB_TRY(assay::Transition done,
                   assay::perform_once(environment_, blobs_, states_[f],
                                       parts_.control->stimulus(id, f, variant)));
            states_[f] = std::move(done.after);
            if (done.outcome.category > gravest.category) {
                gravest = std::move(done.outcome);
            }
        }
        if (gravest.category != base::Category::kNothingNew) {
            history_.push_back({at, gravest.category, gravest.code});
        }
        return ran == running() ? base::Status{} : draw_trigger(at);
    }

    base::Status meet_triggers_before(base::SimTime end) {
        while (pending_ && pending_->at < end) {
            const Pending met = *std::exchange(pending_, std::nullopt);
            history_.push_back({met.at, met.trigger.outcome.category, met.trigger.outcome.code});
            const auto ran = running();
            // What the component does when it meets this depends on its state now, not on the state
            // in which the moment was drawn.
            FB_TRY(const assay::Transition workload, run_workload(met.feed));
            for (const assay::Trigger& trigger : workload.triggers) {
                if (trigger.what == met.trigger.what) {
                    states_[met.feed] = trigger.after;
                }
            }
            if (ran != running()) {
                FB_CHECK(draw_trigger(met.at));
            }
        }
        return {};
    }

    base::Result<assay::Transition> run_workload(size_t feed) {
        return assay::perform_once(
            environment_, blobs_, states_[feed],
            assay::WorkloadStimulus{{persona_}, environment_.personas[persona_].name});
    }

    base::Status draw_trigger(base::SimTime at) {
        pending_.reset();
        double soonest_h = INFINITY;
        uint64_t number = 0;
        for (size_t f = 0; f < states_.size(); ++f) {
            FB_TRY(const assay::Transition workload, run_workload(f));
            for (const assay::Trigger& trigger : workload.triggers) {
                const double wait_h = trigger_.waiting_time(
                    trigger.per_hour, row_, static_cast<uint64_t>(at.seconds) << 10 | number++);
                if (wait_h < soonest_h) {
                    soonest_h = wait_h;
                    pending_ = Pending{{}, f, trigger};
                }
            }
        }
        const base::SimTime end{parts_.experiment.duration.seconds};
        if (!pending_ || soonest_h * 3600 >= static_cast<double>((end - at).seconds)) {
            pending_.reset();
            return {};
        }
        pending_->at = {at.seconds + static_cast<int64_t>(std::ceil(soonest_h * 3600))};
        while (pending_->at < end && !rows_.online(row_, pending_->at)) {
            pending_->at = {(pending_->at.seconds / 3600 + 1) * 3600};
        }
        if (pending_->at >= end) {
            pending_.reset();
        }
        return {};
    }

    const Lab::Parts& parts_;
    const fleet::Population& rows_;
    uint32_t row_;
    size_t group_;
    uint8_t persona_;
    const assay::Environment& environment_;
    base::RandomStream trigger_, share_, variant_;
    assay::BlobPool blobs_;
    std::vector<assay::Snapshot> states_;  // by feed
    std::optional<Pending> pending_;
    std::vector<HistoryEntry> history_;
};

}  // namespace

base::Result<std::vector<HistoryEntry>> Lab::follow(uint32_t endpoint) {
    if (endpoint >= parts_->fleet->population().size()) {
        return base::Error{
            fmt::format("there is no endpoint {}", endpoint), "",
            fmt::format("the last one is {}", parts_->fleet->population().size() - 1)};
    }
    return Follower(*parts_, endpoint).history();
}

}  // namespace firebreak::lab
