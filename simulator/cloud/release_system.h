// Stages releases through release groups, and stops, takes back and resumes them.
//
// The order of groups, the two manual promotions and the automatic publication to the public groups
// are the modelled vendor's. The other ways of staging are there to be compared with it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "cloud/cdn.h"
#include "content/package.h"

namespace firebreak::cloud {

using ReleaseId = base::Id<struct ReleaseTag>;
using GroupId = base::Id<struct GroupTag>;
using SegmentId = base::Id<struct SegmentTag>;

enum class GroupStage : uint8_t { kEngineering, kInternal, kPublic };
inline constexpr size_t kGroupStages = 3;

// The endpoints that are offered the same at the same time: a release group or, where a release
// goes to growing shares of the public, the part of a group that joins at one step.
struct Segment {
    std::string name;  // of its head on the CDN; unique
    GroupId group;     // the release group that it is part of
    GroupStage stage = GroupStage::kPublic;
    base::Duration after;  // kPublic: since the release went public
};

struct Staging {
    bool staged = true;  // through engineering and internal; false: everybody at once
    // Promoted by itself after so long in the stage before; nullopt: by hand.
    std::optional<base::Duration> internal_after, public_after;
    base::Duration cdn_ttl;
    base::Duration download;  // an endpoint that has asked for a head has the payload so much later
    bool withdraw = true;     // a halt also takes back what is on offer
};

// Something that the release system did, for the timeline. A halt that takes back what is on offer
// is two decisions: halted, and withdrawn.
struct Decision {
    enum class Kind : uint8_t { kPublished, kHalted, kWithdrawn, kResumed };
    base::SimTime at;
    Kind kind = Kind::kPublished;
    ReleaseId release;
    SegmentId segment;  // kPublished
    std::string why;    // kHalted, kWithdrawn: "2 failures reported from engineering"
};

// Several releases of a feed may be in flight. Where a later one (by its time of release, which is
// when it is signed) has been published, earlier ones are superseded: they are not published there
// any more, not even once the later one has been withdrawn, as endpoints do not go back in time.
class ReleaseSystem {
  public:
    // Segments in order of release. The CDN must outlive this.
    ReleaseSystem(std::vector<Segment> segments, Staging staging, Cdn& cdn);

    // The package must outlive this and may change (be signed anew) until its release. Not offered
    // to anybody yet.
    ReleaseId add(const content::Package* package, std::string name, bool expedited);

    // Once for each release. Offers it to the first stage; an expedited release, or any if nothing
    // is staged, to every segment at once, whatever its `after`.
    void release(ReleaseId id, base::SimTime now);
    // On to the segments of this stage. Errors, with the reason: halted, expedited, nothing is
    // staged, not released yet, already there, no such group, superseded there, or the stage before
    // it was left out.
    base::Status promote(ReleaseId id, GroupStage to, base::SimTime now);
    // Ends its publication and, by policy, withdraws it. Errors: halted already, not released yet.
    base::Status halt(ReleaseId id, base::SimTime now, std::string why);
    // Halts it if need be, and takes it back where it is on offer and no later release of its feed
    // has taken its place: nothing is on offer there then. Errors: withdrawn already, not released.
    base::Status withdraw(ReleaseId id, base::SimTime now, std::string why);
    // Goes on where it was halted: back on offer where it was (unless superseded), and its way
    // through the stages continues, its clock having stood still. Errors: not halted.
    base::Status resume(ReleaseId id, base::SimTime now);

    // Promotes and publishes what is due, by clocks that stand still while a release is halted.
    // Once per slice.
    void advance(base::SimTime now);

    std::vector<Decision> take_decisions();

    bool released(ReleaseId id) const;
    bool halted(ReleaseId id) const;
    // When it was last halted; nullopt if it is not.
    std::optional<base::SimTime> halted_at(ReleaseId id) const;
    // When the withdrawal reached every edge and no download from before it was still under way;
    // nullopt if it is not withdrawn.
    std::optional<base::SimTime> halt_in_force(ReleaseId id) const;
    // The one published last in this group, before any others of its time; invalid: none. Who
    // knows no better blames this one.
    ReleaseId newest_in(GroupId group) const;
    const content::Package* package(ReleaseId id) const;
    const std::string& name(ReleaseId id) const;

  private:
    struct Release {
        const content::Package* package = nullptr;
        std::string name;
        bool expedited = false;
        std::optional<uint32_t> order;  // in which it was released
        std::optional<base::SimTime> halted_at, withdrawn_at;
        // By stage: when it got there, moved on by the time for which it was halted.
        std::array<std::optional<base::SimTime>, kGroupStages> since;
        std::vector<bool> published;  // by segment
    };
    Release& at(ReleaseId id) { return releases_.at(id.value); }
    const Release& at(ReleaseId id) const { return releases_.at(id.value); }
    bool has_stage(GroupStage stage) const;
    // The stage that a release must have been in; nullopt: none.
    std::optional<GroupStage> stage_before(GroupStage stage) const;
    bool everywhere_at_once(const Release& release) const;
    bool superseded(const Release& release, size_t segment) const;
    bool superseded_throughout(const Release& release, GroupStage stage) const;
    // Why it cannot be promoted; empty if it can.
    std::string obstacle(const Release& release, GroupStage to) const;
    void enter(ReleaseId id, GroupStage stage, base::SimTime now);
    void promote_if_due(ReleaseId id, GroupStage to, base::SimTime now);
    void publish_due(ReleaseId id, base::SimTime now);
    void publish(ReleaseId id, size_t segment, base::SimTime now);
    void end_publication(ReleaseId id, base::SimTime now, const std::string& why);
    void take_back(ReleaseId id, base::SimTime now, const std::string& why);
    // Of every segment where the release is what was published last.
    void set_heads(const Release& release, const content::Package* package, base::SimTime now);
    base::Duration delay() const;  // from a changed head to its taking effect everywhere

    struct Newest {
        base::SimTime at;
        ReleaseId release;
    };
    std::vector<Segment> segments_;
    Staging staging_;
    Cdn& cdn_;
    std::vector<Release> releases_;
    uint32_t released_ = 0;
    std::map<GroupId, Newest> newest_;
    std::vector<Decision> decisions_;
};

}  // namespace firebreak::cloud
