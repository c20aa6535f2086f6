// Between the fleet and the assays: knows what each segment is offered, asks for the transitions
// that the fleet meets, derives harm from what components did, and turns component states into
// content sets.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "assay/assays.h"
#include "base/harm.h"
#include "cloud/cdn.h"
#include "fleet/fleet.h"

namespace firebreak::lab {

// What an outcome means for the machine. `kernel`: the component loads there. `runs_on`: it has
// content to run afterwards; `changed`: other content than before, or none.
base::Harm harm_of(const base::Outcome& outcome, base::Harm measured, bool kernel, bool runs_on,
                   bool changed);

// Whether the feed's component has something to run. Without its rules the scanner is down, and the
// protection service without any rules; without other content they run on. The repair program has
// rules of its own.
bool component_runs(const assay::Snapshot& state, content::Feed feed);

// Whether it is mended by taking content away. (A crash in the kernel has gone back to
// last-known-good already; it was the machine that did not come up.)
bool is_ruin(base::Harm harm);

// The components' state after somebody has mended these harms by hand.
assay::Snapshot taken_away(const assay::Snapshot& state, base::HarmMask harms, content::Feed feed);

// Not thread-safe. A content set is the state of a machine's components, with the harm that the
// machine suffers and the campaigns that have infected it.
class ControlPlane final : public fleet::Transitions {
  public:
    // A fault, as it may be in force in a segment.
    struct Fault {
        uint64_t number = 0;                  // unique among those of a run, versions included
        fleet::FaultDraw draw;                // one variant for each of …
        std::vector<faults::Fault> variants;  // … these
        std::optional<unsigned> edge;         // the only bad one; nullopt: all of them
    };
    // What the polls of a segment meet.
    struct Situation {
        std::vector<const cloud::ChannelHeads*> heads;  // by edge; null: none yet
        std::vector<const Fault*> faults;
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

    // `feeds`: those that the scenario has content for. `start`: calendar time of the run's first
    // second.
    ControlPlane(assay::Assays& assays, std::vector<content::Feed> feeds, base::UtcTime start,
                 Setting setting);

    // Content that may come to endpoints. `release`: its number in the scenario, for blame;
    // kNoRelease for the baseline's.
    void add_package(const content::Package& package, uint32_t release);

    // The set of a fresh machine that has polled this channel from an undamaged CDN. Errors: a
    // package is not accepted, with the outcome.
    base::Result<fleet::SetId> install_baseline(const cloud::ChannelHeads& heads);

    // The context of a segment, for polls of the slice that begins now; `personas`: those of its
    // endpoints. Other than the last one also where an endpoint's clock would say something else by
    // now.
    fleet::Context context(const std::string& segment, const std::string& group,
                           const std::vector<uint8_t>& personas, const Situation& situation,
                           base::SimTime now);

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
    assay::PollStimulus stimulus(fleet::ContextId context, uint32_t variant) const;
    assay::StateId state(fleet::SetId set) const { return sets_[set.value].state; }
    const Setting& setting() const { return setting_; }

    using Runs = std::vector<std::optional<base::Digest>>;  // by feed
    // What stands in place of this persona's workload where these contents run; null: nothing.
    const std::vector<assay::Measured>* measured(const Runs& runs, uint8_t persona) const;

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
    // Tells endpoints' edges apart in the random streams; faults have the numbers below it.
    static constexpr uint64_t kEdgeDraw = uint64_t{1} << 32;
    struct Set {
        assay::StateId state;
        Runs runs;
        std::vector<std::string> kills;  // of each scanner feed's running content
        base::HarmMask harms = 0;
        Infections infected = 0;
        bool lost = false;
        // Whose content ruined the machine last, for those who mend by hand.
        content::Feed blamed = content::Feed::kDatasetA;
    };
    struct ContextInfo {
        std::string segment, group;
        std::vector<uint8_t> personas;
        Situation situation;
        bool draws_edge = false;
        fleet::Context context;
    };
    fleet::SetId intern(assay::StateId state, base::HarmMask harms, Infections infected,
                        content::Feed blamed);
    // The set after components have changed: what an update mends is over once other content runs.
    fleet::SetId next_set(fleet::SetId before, assay::StateId state, base::Harm harm,
                          content::Feed feed);
    bool runs_alike(fleet::SetId a, fleet::SetId b) const {
        return sets_[a.value].runs == sets_[b.value].runs;
    }
    base::Status run_workloads(std::span<const Poll> polls, std::span<const fleet::Step> steps);
    assay::Assays::Request workload_request(const Set& set, uint8_t persona) const;
    std::set<std::string> struck(const std::string& channel, const faults::Fault& fault) const;
    base::Result<Infections> unprotected(fleet::SetId set);
    void add_triggers(fleet::SetId set, const assay::Transition& workload,
                      std::vector<fleet::TriggerStep>& out);
    base::Status add_campaigns(fleet::SetId set, std::vector<fleet::TriggerStep>& out);

    assay::Assays& assays_;
    std::vector<content::Feed> feeds_;
    Setting setting_;
    base::HarmMask ended_by_update_ = 0;
    base::UtcTime start_;
    base::SimTime now_;  // of the polls that are asked about
    std::unordered_map<base::Digest, uint32_t> releases_;
    std::map<content::Feed, std::set<std::string>> files_;  // of all packages, by path
    // Answers of endpoints' clocks in this class of contexts hold until clock_ends_.
    uint64_t clock_class_ = 0;
    base::UtcTime clock_ends_{assay::Transition::kAlways.second};
    std::vector<Set> sets_;
    std::map<std::tuple<assay::StateId, base::HarmMask, Infections, content::Feed>, fleet::SetId>
        set_ids_;
    std::map<std::tuple<Runs, std::vector<std::string>, base::HarmMask, Infections, Infections>,
             fleet::HazardId>
        hazards_;
    std::deque<ContextInfo> contexts_;
    std::map<std::tuple<std::string, std::vector<uint64_t>, uint64_t>, size_t> context_ids_;
};

}  // namespace firebreak::lab
