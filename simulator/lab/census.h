// Who stands where: the fleet's rows counted by what they run and suffer, once per slice.
#pragma once

#include <span>
#include <vector>

#include "fleet/fleet.h"
#include "lab/control_plane.h"

namespace firebreak::lab {

// Endpoints of one scope. `online`: expected, by the rhythm of this hour.
struct Standing {
    uint64_t endpoints = 0;
    uint64_t is_protected = 0;  // all components run, and find what they must
    uint64_t down = 0;          // a component runs nothing
    uint64_t harmed = 0;        // suffers some harm
    uint64_t lost = 0;          // does not run
    uint64_t unreached = 0;     // runs a halted release, or is lost or cut off
    uint64_t gap = 0;           // runs, without protection
    double online = 0;          // of all; what a vendor expects to hear from
    double contacts = 0;        // of those that are not cut off

    void add(const Standing& other);
};

// Not thread-safe.
class Census {
  public:
    // `group_of`: release group of each of the fleet's segments. `first_hour`: of the week.
    Census(std::vector<size_t> group_of, size_t groups, size_t releases,
           std::vector<fleet::OnlinePattern> patterns, uint32_t first_hour);

    // One more release, numbered after the others.
    void add_release();

    // `halted`: by release.
    base::Status update(base::SimTime now, const fleet::Fleet& fleet, ControlPlane& control,
                        const std::vector<bool>& halted);

    // What is protected has changed: a campaign has begun or ended.
    void forget() { views_.clear(); }

    const Standing& group(size_t group) const { return groups_[group]; }
    const Standing& persona(size_t persona) const { return personas_[persona]; }
    const Standing& all() const { return all_; }
    uint64_t running(size_t group, size_t release) const { return running_[group][release]; }
    // Expected to be online in this hour, of those that run the release.
    double running_online(size_t group, size_t release) const {
        return running_online_[group][release];
    }
    // How many of the group are of this persona.
    uint64_t of_persona(size_t group, size_t persona) const { return mix_[group][persona]; }
    // The chance that a machine of the persona is online in the hour of `at`.
    double online(size_t persona, base::SimTime at) const;

  private:
    struct View {  // of a content set
        bool known = false;
        bool is_protected = false, down = false, lost = false, cut_off = false, harmed = false;
        std::vector<uint32_t> releases;  // that run in it
    };
    base::Status learn(uint32_t set, ControlPlane& control);

    std::vector<size_t> group_of_;
    std::vector<fleet::OnlinePattern> patterns_;
    uint32_t first_hour_;
    std::vector<View> views_;
    std::vector<Standing> groups_, personas_;
    Standing all_;
    std::vector<std::vector<uint64_t>> running_, mix_;
    std::vector<std::vector<double>> running_online_;
};

}  // namespace firebreak::lab
