// Stages releases through release groups, and halts those that fail.
//
// The order of groups, the two manual promotions, the automatic publication to the public groups
// and the halt on a failure in engineering or internal are the modelled vendor's. The threshold
// among the public groups is ours: in a million endpoints something always fails.
#pragma once

#include <cstdint>
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

enum class GroupStage : uint8_t { kEngineering, kInternal, kPublic };

struct ReleaseGroup {
    std::string name;
    GroupStage stage = GroupStage::kPublic;
};

struct Staging {
    bool gates = true;  // one failure in engineering or internal halts
    base::Duration public_interval;
    base::Duration cdn_ttl;
    double halt_share = 0;  // reported failures / exposed, both among public groups
    uint32_t halt_reports = 0;
};

// Something that the release system did, for the timeline.
struct Decision {
    enum class Kind : uint8_t { kPublished, kHalted };
    base::SimTime at;
    Kind kind = Kind::kPublished;
    ReleaseId release;
    GroupId group;    // kPublished
    std::string why;  // kHalted: "2 failures reported from engineering"
};

class ReleaseSystem {
  public:
    // Groups in order of release. The CDN must outlive this.
    ReleaseSystem(std::vector<ReleaseGroup> groups, Staging staging, Cdn& cdn);

    // The package must outlive this. Not offered to anybody yet.
    ReleaseId add(const content::Package* package, std::string name, bool expedited);

    // Offers it to the first group; an expedited release to all.
    void release(ReleaseId id, base::SimTime now);
    // On to the groups of this stage. Errors, with the reason: halted, expedited, not released yet,
    // already there, or the stage before it was left out.
    base::Status promote(ReleaseId id, GroupStage to, base::SimTime now);
    // Stops its publication and withdraws it where it is on offer. Errors: halted already.
    base::Status halt(ReleaseId id, base::SimTime now, std::string why);

    // What the CDN's logs and the endpoints' reports tell the vendor.
    void count_exposed(ReleaseId id, GroupId group, uint32_t endpoints);
    void count_failures(ReleaseId id, GroupId group, uint32_t reports);

    // Publishes what is due, and halts what has failed. Once per slice, after the counts.
    void advance(base::SimTime now);

    std::vector<Decision> take_decisions();
    // When its withdrawal reached every edge; nullopt if it was not halted.
    std::optional<base::SimTime> halt_in_force(ReleaseId id) const;
    const content::Package* package(ReleaseId id) const { return releases_[id.value].package; }

  private:
    struct Release {
        const content::Package* package = nullptr;
        std::string name;
        bool expedited = false;
        bool released = false;
        std::optional<base::SimTime> public_since;
        std::optional<base::SimTime> halted_at;
        std::vector<bool> published;  // by group
        std::vector<uint64_t> exposed, failures;
    };
    void publish(ReleaseId id, size_t group, base::SimTime now);
    void publish_stage(ReleaseId id, GroupStage stage, base::SimTime now);
    bool has_stage(GroupStage stage) const;
    bool is_published(const Release& release, GroupStage stage) const;
    std::string failure(const Release& release) const;

    std::vector<ReleaseGroup> groups_;
    Staging staging_;
    Cdn& cdn_;
    std::vector<Release> releases_;
    std::vector<Decision> decisions_;
};

}  // namespace firebreak::cloud
