// One endpoint alone, without the memo table, the slices' tables or the event queue: the long way
// round, to show that the short one ends at the same place.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "endpoint/scanner/scanner_service.h"
#include "lab/parts.h"

namespace firebreak::lab {

namespace {

bool has(base::HarmMask harms, bool base::HarmInfo::*property) {
    return std::any_of(base::harms().begin(), base::harms().end(), [&](const base::HarmInfo& one) {
        return one.*property && (harms & bit(one.harm)) != 0;
    });
}

class Follower {
  public:
    Follower(const Lab::Parts& parts, uint32_t row)
        : parts_(parts),
          setting_(parts.control->setting()),
          rows_(parts.fleet->population()),
          row_(row),
          segment_(rows_.segment_of(row)),
          persona_(rows_.persona(row)),
          environment_(parts.assays->environment()),
          active_(setting_.campaigns.size()),
          trigger_(parts.experiment.seed, base::Stream::kTrigger),
          share_(parts.experiment.seed, base::Stream::kFaultShare),
          variant_(parts.experiment.seed, base::Stream::kFaultVariant) {
        environment_.loads = nullptr;
        state_ = parts.assays->state(parts.control->state(parts.initial));
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
        auto turn = parts_.turns.begin();
        for (const base::SimTime at : polls()) {
            for (; turn != parts_.turns.end() && turn->at <= at; ++turn) {
                FB_CHECK(take_turn(*turn));
            }
            FB_CHECK(live_until({at.seconds + 1}));
            FB_CHECK(poll(at));
        }
        for (; turn != parts_.turns.end(); ++turn) {
            FB_CHECK(take_turn(*turn));
        }
        FB_CHECK(live_until(parts_.now));
        return std::move(history_);
    }

  private:
    struct Pending {
        base::SimTime at;
        assay::Trigger trigger;
        std::optional<size_t> campaign;  // in place of a trigger
    };
    // What decides which triggers there are.
    struct Hazard {
        ControlPlane::Runs runs;
        std::vector<std::string> kills;
        base::HarmMask harms = 0;
        std::vector<size_t> infected, open;
        friend bool operator==(const Hazard&, const Hazard&) = default;
    };

    // When this endpoint polls: asked slice by slice, with nothing idle.
    std::vector<base::SimTime> polls() const {
        const std::vector<uint8_t> busy(parts_.control->sets(), 0);
        std::vector<base::SimTime> out;
        std::vector<fleet::Due> due;
        for (int64_t t = 0; t < parts_.now.seconds; t += fleet::kSlice_s) {
            due.clear();
            rows_.due_polls(segment_, {t}, {t + fleet::kSlice_s}, busy, due);
            for (const fleet::Due& one : due) {
                if (one.row == row_) {
                    out.push_back(one.at);
                }
            }
        }
        return out;
    }

    fleet::ContextId context_at(base::SimTime at) const {
        const auto& log = parts_.context_log[segment_];
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

    base::Result<Hazard> hazard() {
        Hazard out;
        out.harms = harms_;
        out.infected = infected_;
        out.runs = runs(state_);
        for (const content::Feed feed : parts_.feeds) {
            const auto kills = state_.find(assay::kills_key(feed));
            out.kills.push_back(kills == state_.end() ? "" : kills->second);
        }
        for (size_t c = 0; c < active_.size(); ++c) {
            if (!active_[c]) {
                continue;
            }
            FB_TRY(const assay::Transition shown,
                   assay::perform_once(environment_, blobs_, state_, setting_.campaigns[c].sample));
            if (shown.outcome.category == base::Category::kMissed) {
                out.open.push_back(c);
            }
        }
        return out;
    }

    ControlPlane::Runs runs(const assay::Snapshot& state) const {
        ControlPlane::Runs out;
        for (const content::Feed feed : parts_.feeds) {
            out.push_back(assay::running_content(state, feed));
        }
        return out;
    }

    // Components and machine take their new state; other content ends what an update mends.
    void become(assay::Snapshot state, base::Harm harm) {
        if (runs(state) != runs(state_)) {
            for (const base::HarmInfo& one : base::harms()) {
                if (by(one.harm) == base::Recovery::kUpdate) {
                    harms_ &= static_cast<base::HarmMask>(~bit(one.harm));
                }
            }
        }
        state_ = std::move(state);
        if (by(harm) != base::Recovery::kItself) {
            harms_ |= bit(harm);
        }
    }
    base::Recovery by(base::Harm harm) const {
        return setting_.recovery[static_cast<size_t>(harm)];
    }

    base::Status redraw_if_other(const Hazard& before, base::SimTime at) {
        FB_TRY(const Hazard after, hazard());
        return before == after ? base::Status{} : draw_trigger(at);
    }

    base::Status poll(base::SimTime at) {
        if (has(harms_, &base::HarmInfo::cut_off)) {
            return {};
        }
        const fleet::ContextId id = context_at(at);
        const uint32_t variant = variant_in(parts_.control->context(id));
        FB_TRY(const Hazard before, hazard());
        assay::PollStimulus stimulus = parts_.control->stimulus(id, variant);
        const int64_t slice = at.seconds - at.seconds % fleet::kSlice_s;
        stimulus.clock = parts_.experiment.start + base::Duration{slice};
        FB_TRY(const assay::Transition done,
               assay::perform_once(environment_, blobs_, state_, stimulus));
        const base::Category category = done.outcome.category;
        const bool kernel = setting_.kernel.contains(done.feed);
        base::Harm harm =
            category == base::Category::kExhausted ? base::Harm::kExhausted : base::Harm::kNone;
        if (kernel && harm_of(done.outcome, {}, kernel, true, true) == base::Harm::kBootLoop) {
            harm = base::Harm::kBootLoop;
        }
        if (category != base::Category::kNothingNew) {
            history_.push_back({at, category, done.outcome.code});
        }
        become(assay::applied(state_, done.changes), harm);
        return redraw_if_other(before, at);
    }

    base::Status take_turn(const Lab::Parts::Turn& turn) {
        FB_CHECK(live_until(turn.at));
        FB_TRY(const Hazard before, hazard());
        active_[turn.campaign] = turn.begins;
        return redraw_if_other(before, turn.at);
    }

    // The recovery that was granted to this row and comes next, if any.
    std::optional<Grant> next_grant() const {
        std::optional<Grant> next;
        for (size_t i = 0; i < parts_.grants.size(); ++i) {
            const auto& [made, grant] = parts_.grants[i];
            const bool taken = std::find(taken_.begin(), taken_.end(), i) != taken_.end();
            if (grant.row == row_ && !taken && (!next || std::max(made, grant.at) < next->at)) {
                next = grant;
                next->at = std::max(made, grant.at);  // not before the slice after
            }
        }
        return next;
    }

    void take(const Grant& grant) {
        for (size_t i = 0; i < parts_.grants.size(); ++i) {
            const auto& [made, one] = parts_.grants[i];
            if (one.row == grant.row && std::max(made, one.at) == grant.at &&
                one.harms == grant.harms &&
                std::find(taken_.begin(), taken_.end(), i) == taken_.end()) {
                taken_.push_back(i);
                return;
            }
        }
    }

    // Everything before `end` that is no poll.
    base::Status live_until(base::SimTime end) {
        for (;;) {
            const std::optional<Grant> grant = next_grant();
            const bool mends = grant && grant->at < end;
            const bool meets = pending_ && pending_->at < end;
            if (!mends && !meets) {
                return {};
            }
            if (mends && (!meets || grant->at <= pending_->at)) {
                FB_CHECK(recover(*grant));
            } else {
                FB_CHECK(meet(*std::exchange(pending_, std::nullopt)));
            }
        }
    }

    base::Status recover(const Grant& grant) {
        take(grant);
        if ((harms_ & grant.harms) == 0) {
            return {};
        }
        FB_TRY(const Hazard before, hazard());
        const auto suffers = static_cast<base::HarmMask>(harms_ & grant.harms);
        harms_ &= static_cast<base::HarmMask>(~grant.harms);
        if (grant.how == base::Code::kByHand) {
            become(taken_away(state_, suffers, blamed_), base::Harm::kNone);
        }
        history_.push_back({grant.at, base::Category::kRecovered, grant.how});
        return redraw_if_other(before, grant.at);
    }

    base::Status meet(const Pending& met) {
        FB_TRY(const Hazard before, hazard());
        if (met.campaign) {
            history_.push_back({met.at, base::Category::kInfected, base::Code::kCampaign});
            infected_.push_back(*met.campaign);
            std::sort(infected_.begin(), infected_.end());
            return redraw_if_other(before, met.at);
        }
        history_.push_back({met.at, met.trigger.outcome.category, met.trigger.outcome.code});
        // What the component does when it meets this depends on its state now, not on the state in
        // which the moment was drawn.
        FB_TRY(const assay::Transition workload, run_workload());
        for (const assay::Trigger& trigger : workload.triggers) {
            if (trigger.what == met.trigger.what &&
                trigger.outcome.category == met.trigger.outcome.category) {
                const base::Harm done = harm(trigger);
                blamed_ = is_ruin(done) ? trigger.feed : blamed_;
                become(assay::applied(state_, trigger.changes), done);
                break;
            }
        }
        return redraw_if_other(before, met.at);
    }

    base::Harm harm(const assay::Trigger& trigger) const {
        const assay::Snapshot after = assay::applied(state_, trigger.changes);
        return harm_of(trigger.outcome, trigger.measured, setting_.kernel.contains(trigger.feed),
                       component_runs(after, trigger.feed),
                       assay::running_content(after, trigger.feed) !=
                           assay::running_content(state_, trigger.feed));
    }

    base::Result<assay::Transition> run_workload() {
        assay::WorkloadStimulus stimulus{{persona_}, environment_.personas[persona_].name, nullptr};
        stimulus.measured = parts_.control->measured(runs(state_), persona_);
        return assay::perform_once(environment_, blobs_, state_, stimulus);
    }

    // All that may come to this endpoint as it stands, in the order in which draws are numbered.
    base::Result<std::vector<Pending>> possible() {
        std::vector<Pending> out;
        if (has(harms_, &base::HarmInfo::lost)) {
            return out;
        }
        FB_TRY(const assay::Transition workload, run_workload());
        for (const assay::Trigger& trigger : workload.triggers) {
            const bool same_state = assay::applied(state_, trigger.changes) == state_;
            if (!same_state || (harms_ & bit(harm(trigger))) == 0) {
                out.push_back({{}, trigger, std::nullopt});
            }
        }
        FB_TRY(const Hazard now, hazard());
        for (const size_t campaign : now.open) {
            if (std::find(infected_.begin(), infected_.end(), campaign) == infected_.end()) {
                out.push_back({{}, {}, campaign});
            }
        }
        return out;
    }

    base::Status draw_trigger(base::SimTime at) {
        pending_.reset();
        double soonest_h = INFINITY;
        FB_TRY(const std::vector<Pending> all, possible());
        for (uint64_t i = 0; i < all.size(); ++i) {
            const double rate = all[i].campaign ? setting_.campaigns[*all[i].campaign].per_hour
                                                : all[i].trigger.hazard();
            const double wait_h =
                all[i].trigger.at_once
                    ? 0
                    : trigger_.waiting_time(rate, row_,
                                            static_cast<uint64_t>(at.seconds) << 10 | i);
            if (wait_h < soonest_h) {
                soonest_h = wait_h;
                pending_ = all[i];
            }
        }
        if (!pending_) {
            return {};
        }
        pending_->at = at;
        if (pending_->trigger.at_once) {
            return {};
        }
        const base::SimTime end{parts_.experiment.duration.seconds};
        if (soonest_h * 3600 >= static_cast<double>((end - at).seconds)) {
            pending_.reset();
            return {};
        }
        // Second by second of online time, an hour at a time.
        auto online_s = static_cast<int64_t>(std::ceil(soonest_h * 3600));
        for (pending_->at = at; pending_->at < end;) {
            const int64_t left = 3600 - pending_->at.seconds % 3600;
            const bool on = rows_.online(row_, pending_->at);
            if (on && online_s < left) {
                pending_->at = pending_->at + base::Duration{online_s};
                break;
            }
            online_s -= on ? left : 0;
            pending_->at = pending_->at + base::Duration{left};
        }
        if (pending_->at >= end) {
            pending_.reset();
        }
        return {};
    }

    const Lab::Parts& parts_;
    const ControlPlane::Setting& setting_;
    const fleet::Population& rows_;
    uint32_t row_;
    size_t segment_;
    uint8_t persona_;
    assay::Environment environment_;
    std::vector<bool> active_;  // campaigns
    base::RandomStream trigger_, share_, variant_;
    assay::BlobPool blobs_;
    assay::Snapshot state_;
    base::HarmMask harms_ = 0;
    content::Feed blamed_ = content::Feed::kDatasetA;
    std::vector<size_t> infected_;  // campaigns
    std::optional<Pending> pending_;
    std::vector<size_t> taken_;  // grants
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
