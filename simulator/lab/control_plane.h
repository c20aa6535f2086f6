// Between the fleet and the assays: knows what each segment is offered, asks for the transitions
// that the fleet meets, derives harm from what components did, and turns component states into
// content sets.
#pragma once

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "assay/assays.h"
#include "base/harm.h"
#include "fleet/fleet.h"

namespace firebreak::lab {

// What an outcome means for the machine. `kernel`: the component loads there. `runs_on`: it has
// content to run afterwards; `changed`: other content than before, or none.
base::Harm harm_of(const base::Outcome& outcome, base::Harm measured, bool kernel, bool runs_on,
                   bool changed);

// The component's state after somebody has mended these harms by hand.
assay::Snapshot taken_away(const assay::Snapshot& state, content::Feed feed, base::HarmMask harms);

// Not thread-safe. A content set is a tuple of component states, one per feed of the scenario,
// with the harm that the machine suffers and the campaigns that have infected it.
class ControlPlane final : public fleet::Transitions {
  public:
    // A fault of one feed, as it may be in force in a segment.
    struct Fault {
        fleet::FaultDraw draw;
        std::vector<faults::Damage> damages;         // one per variant
        const content::Package* replayed = nullptr;  // for the replay among them
    };
    // What the polls of a segment meet for one feed.
    struct Offer {
        const content::Package* package = nullptr;
        const Fault* fault = nullptr;
        friend auto operator<=>(const Offer&, const Offer&) = default;
    };
    struct Campaign {
        assay::SampleStimulus sample;
        double per_hour = 0;
        bool active = false;
    };
    // How the machines are built, and how they are mended.
    struct Setting {
        std::set<content::Feed> kernel;        // feeds whose component loads there
        std::vector<base::Recovery> recovery;  // by harm
        std::vector<Campaign> campaigns;       // at most kMaxCampaigns
        // In place of workloads: by release and persona. Must not change any more.
        std::map<std::pair<uint32_t, uint8_t>, std::vector<assay::Measured>> measured;
    };
    static constexpr size_t kMaxCampaigns = 16;

    // `feeds`: those that the scenario has content for; every Offer list is in this order.
    ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds, Setting setting);

    // What stands behind a manifest, for blame: releases are numbered as in the scenario.
    void add_release(const base::Digest& manifest, uint32_t release);

    // The set of a fresh machine on which each of these packages (null: none) was installed from an
    // undamaged CDN. Errors: one of them is not accepted, with the outcome.
    base::Result<fleet::SetId> install_baseline(
        const std::vector<const content::Package*>& packages);

    // The context of a segment, given its offers; `personas`: those of its endpoints.
    fleet::Context context(const std::string& segment, const std::vector<uint8_t>& personas,
                           const std::vector<Offer>& offers);

    // The fleet must redraw after this.
    void set_active(size_t campaign, bool active);

    base::Result<std::vector<fleet::Step>> steps(std::span<const Poll> polls) override;
    base::Result<std::vector<std::vector<fleet::TriggerStep>>> triggers(
        std::span<const Workload> workloads) override;
    base::Result<fleet::HazardId> hazard(fleet::SetId set) override;
    base::HarmMask harms(fleet::SetId set) const override;
    // Whoever mends a machine by hand takes away the content that ruined it as well: components go
    // back to last-known-good.
    fleet::SetId cured(fleet::SetId set, base::HarmMask harms, base::Code how) override;

    // The parts of a context and of a set, for whoever follows one endpoint by hand.
    const fleet::Context& context(fleet::ContextId id) const { return contexts_[id.value].context; }
    assay::PollStimulus stimulus(fleet::ContextId context, size_t feed, uint32_t variant) const;
    const std::vector<assay::StateId>& states(fleet::SetId set) const {
        return sets_[set.value].states;
    }
    const Setting& setting() const { return setting_; }

    // The release whose content this is; kNoRelease for the baseline's.
    static constexpr uint32_t kNoRelease = base::Id<void>::kNone;
    uint32_t release_of(const base::Digest& manifest) const;
    // The release whose content runs for this feed; nullopt for nothing.
    std::optional<uint32_t> running_release(fleet::SetId set, size_t feed) const;
    // Its components all run something and find what they must, active campaigns included.
    base::Result<bool> is_protected(fleet::SetId set);
    size_t sets() const { return sets_.size(); }
    const std::vector<content::Feed>& feeds() const { return feeds_; }

  private:
    using Infections = uint16_t;  // campaigns, a bit each
    struct Set {
        std::vector<assay::StateId> states;             // by feed
        std::vector<std::optional<base::Digest>> runs;  // by feed
        base::HarmMask harms = 0;
        Infections infected = 0;
        bool lost = false;
    };
    struct ContextInfo {
        std::string segment;
        std::vector<uint8_t> personas;
        std::vector<Offer> offers;
        fleet::Context context;
    };
    fleet::SetId intern(std::vector<assay::StateId> states, base::HarmMask harms,
                        Infections infected);
    // The set after components have changed: what an update mends is over once other content runs.
    fleet::SetId next_set(fleet::SetId before, std::vector<assay::StateId> states, base::Harm harm);
    bool runs_alike(fleet::SetId a, fleet::SetId b) const {
        return sets_[a.value].runs == sets_[b.value].runs;
    }
    base::Status run_workloads(std::span<const Poll> polls, std::span<const fleet::Step> steps);
    assay::Assays::Request workload_request(assay::StateId state, size_t feed,
                                            uint8_t persona) const;
    base::Result<Infections> unprotected(fleet::SetId set);
    void add_triggers(fleet::SetId set, size_t feed, const assay::Transition& workload,
                      std::vector<fleet::TriggerStep>& out);
    base::Status add_campaigns(fleet::SetId set, std::vector<fleet::TriggerStep>& out);

    assay::Assays& assays_;
    std::vector<content::Feed> feeds_;
    Setting setting_;
    base::HarmMask ended_by_update_ = 0;
    std::unordered_map<base::Digest, uint32_t> releases_;
    std::vector<Set> sets_;
    std::map<std::tuple<std::vector<assay::StateId>, base::HarmMask, Infections>, fleet::SetId>
        set_ids_;
    std::map<std::tuple<std::vector<std::optional<base::Digest>>, base::HarmMask, Infections,
                        Infections>,
             fleet::HazardId>
        hazards_;
    std::vector<ContextInfo> contexts_;
    std::map<std::pair<std::string, std::vector<Offer>>, size_t> context_ids_;
};

}  // namespace firebreak::lab
