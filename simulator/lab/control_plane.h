// Between the fleet and the assays: knows what each group is offered, asks for the transitions that
// the fleet meets, and turns component states into content sets.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "assay/assays.h"
#include "fleet/fleet.h"

namespace firebreak::lab {

// Not thread-safe. Content sets are tuples of component states, one per feed of the scenario.
class ControlPlane final : public fleet::Transitions {
  public:
    // A fault of one feed, as it may be in force in a group.
    struct Fault {
        fleet::FaultDraw draw;
        std::vector<faults::Damage> damages;         // one per variant
        const content::Package* replayed = nullptr;  // for the replay among them
    };
    // What the polls of a group meet for one feed.
    struct Offer {
        const content::Package* package = nullptr;
        const Fault* fault = nullptr;
        friend auto operator<=>(const Offer&, const Offer&) = default;
    };

    // `feeds`: those that the scenario has content for; every Offer list is in this order.
    ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds);

    // What stands behind a manifest, for blame: releases are numbered as in the scenario.
    void add_release(const base::Digest& manifest, uint32_t release);

    // The set of a fresh machine on which each of these packages (null: none) was installed from an
    // undamaged CDN. Errors: one of them is not accepted, with the outcome.
    base::Result<fleet::SetId> install_baseline(
        const std::vector<const content::Package*>& packages);

    // The context of a group, given its offers; `personas`: those of its endpoints.
    fleet::Context context(const std::string& group, const std::vector<uint8_t>& personas,
                           const std::vector<Offer>& offers);

    base::Result<std::vector<fleet::Step>> steps(std::span<const Poll> polls) override;
    base::Result<std::vector<std::vector<fleet::TriggerStep>>> triggers(
        std::span<const Workload> workloads) override;
    fleet::ContentId running(fleet::SetId set) const override;

    // The parts of a context and of a set, for whoever follows one endpoint by hand.
    const fleet::Context& context(fleet::ContextId id) const { return contexts_[id.value].context; }
    assay::PollStimulus stimulus(fleet::ContextId context, size_t feed, uint32_t variant) const;
    const std::vector<assay::StateId>& states(fleet::SetId set) const {
        return sets_[set.value].states;
    }

    // The release whose content runs for this feed; kNoRelease for the baseline's, nullopt for
    // nothing.
    static constexpr uint32_t kNoRelease = base::Id<void>::kNone;
    std::optional<uint32_t> running_release(fleet::SetId set, size_t feed) const;
    size_t sets() const { return sets_.size(); }
    const std::vector<content::Feed>& feeds() const { return feeds_; }

  private:
    struct Set {
        std::vector<assay::StateId> states;             // by feed
        std::vector<std::optional<base::Digest>> runs;  // by feed
        fleet::ContentId content;
    };
    struct ContextInfo {
        std::string group;
        std::vector<uint8_t> personas;
        std::vector<Offer> offers;
        fleet::Context context;
    };
    fleet::SetId intern(std::vector<assay::StateId> states);
    uint32_t release_of(const base::Digest& manifest) const;
    base::Status run_workloads(std::span<const Poll> polls, std::span<const fleet::Step> steps);
    assay::Assays::Request workload_request(assay::StateId state, uint8_t persona) const;

    assay::Assays& assays_;
    std::vector<content::Feed> feeds_;
    std::unordered_map<base::Digest, uint32_t> releases_;
    std::vector<Set> sets_;
    std::map<std::vector<assay::StateId>, fleet::SetId> set_ids_;
    std::map<std::vector<std::optional<base::Digest>>, fleet::ContentId> contents_;
    std::vector<ContextInfo> contexts_;
    std::map<std::pair<std::string, std::vector<Offer>>, size_t> context_ids_;
};

}  // namespace firebreak::lab
