// How harm ends: by a reboot, by the repair kit, or by somebody who comes to the machine. (What
// ends by itself or by an update, the control plane sees to.)
#pragma once

#include <map>
#include <optional>
#include <queue>
#include <vector>

#include "base/random.h"
#include "base/working_hours.h"
#include "fleet/fleet.h"

namespace firebreak::lab {

// A grant of the future: this row's harms end at that time.
struct Grant {
    fleet::Row row = 0;
    base::SimTime at;
    base::HarmMask harms = 0;
    base::Code how = base::Code::kNone;
};

struct Crews {
    base::WorkingHours hours;
    uint32_t endpoints_per_technician = 0;
    base::Duration repair;        // working time for one machine
    base::Duration repair_kit;    // from the first harm of its kind until a kit is out
    base::Duration reboot_every;  // mean
};

// Not thread-safe. Machines of a tenant wait for its own technicians, first come, first served.
class Recoveries {
  public:
    // `by`: how each harm ends, by its number. `tenants`: endpoints of each.
    Recoveries(uint64_t seed, base::UtcTime start, Crews crews, std::vector<base::Recovery> by,
               std::vector<uint32_t> tenants);

    // A harm has come to a row. To be told slice by slice.
    void note(const fleet::RowEvent& event);
    // Grants for what was noted since the last call, in order of time, then row.
    std::vector<Grant> grant(const fleet::Population& population, base::SimTime end);

  private:
    base::SimTime by_hand(uint32_t tenant, base::SimTime from);

    Crews crews_;
    base::Shift shift_;
    std::vector<base::Recovery> by_;
    std::vector<uint32_t> tenants_;
    std::vector<fleet::RowEvent> noted_;
    std::map<base::Harm, base::SimTime> kits_;  // when each is out
    using FreeAt = std::priority_queue<base::SimTime, std::vector<base::SimTime>, std::greater<>>;
    std::map<uint32_t, FreeAt> technicians_;  // of tenants that needed any
    base::RandomStream stream_;
};

}  // namespace firebreak::lab
