// The scenario's faults as what they come to for a segment: which files an attacker has to serve
// there, and which variants there are.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cloud/cdn.h"
#include "lab/control_plane.h"
#include "lab/policy.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// The damage that the scenario's fault of this number does in one of its variants; it must be a bit
// flip or a truncation.
faults::Fault damage_planned(const scenario::Experiment& experiment, size_t number,
                             uint32_t variant);

// Not thread-safe.
class FaultMenu {
  public:
    struct Keys {
        std::vector<content::Signer> stolen;  // the vendor's head keys, first those that are stolen
        std::vector<content::Signer> own;     // the attacker's, whom no endpoint trusts
    };
    // `package_of`: of a release's id, or "baseline", of a feed; null: none. All must outlive this.
    FaultMenu(
        const scenario::Experiment& experiment, cloud::Cdn& cdn, Keys keys,
        std::function<const content::Package*(const std::string& id, content::Feed)> package_of);

    // Errors: faults that cannot be told apart where they meet, with the scenario's place.
    base::Status check() const;

    // The faults that are in force in this segment now. References stay good.
    base::Result<std::vector<const ControlPlane::Fault*>> in_force(const SegmentPlan& segment,
                                                                   base::SimTime now);

    // In the order of the scenario.
    const std::vector<scenario::Fault>& plans() const { return experiment_.faults; }
    // "bit flip in the payload of DatasetA", "replay of rules-1".
    std::string words(const scenario::Fault& plan) const;

  private:
    bool strikes(const scenario::Fault& plan, const std::string& group, base::SimTime now) const;
    // What stands behind the files that it serves: another number, another fault.
    uint64_t source_of(const scenario::Fault& plan, const std::string& channel);
    base::Result<ControlPlane::Fault> make(size_t number, const std::string& channel);
    base::Status serve(const scenario::Fault& plan, const std::string& channel,
                       faults::Fault& fault) const;
    base::Result<std::map<std::string, cloud::HeadFile>> forged(const scenario::Fault& plan,
                                                                const std::string& channel) const;
    const cloud::ChannelHeads* heads_at(const std::string& channel, base::SimTime at) const;

    const scenario::Experiment& experiment_;
    cloud::Cdn& cdn_;
    Keys keys_;
    std::function<const content::Package*(const std::string&, content::Feed)> package_of_;
    std::deque<ControlPlane::Fault> made_;
    std::map<std::tuple<size_t, std::string, uint64_t>, const ControlPlane::Fault*> known_;
};

}  // namespace firebreak::lab
