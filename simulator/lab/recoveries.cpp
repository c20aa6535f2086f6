#include "lab/recoveries.h"

#include <algorithm>
#include <cmath>

namespace firebreak::lab {

Recoveries::Recoveries(uint64_t seed, base::UtcTime start, Crews crews,
                       std::vector<base::Recovery> by, std::vector<uint32_t> tenants)
    : crews_(crews),
      shift_(crews.hours, start),
      by_(std::move(by)),
      tenants_(std::move(tenants)),
      stream_(seed, base::Stream::kRecovery) {}

void Recoveries::note(const fleet::RowEvent& event) {
    const base::Recovery by = by_[static_cast<size_t>(event.harm)];
    if (event.harm != base::Harm::kNone && by != base::Recovery::kItself &&
        by != base::Recovery::kUpdate) {
        noted_.push_back(event);
    }
}

base::SimTime Recoveries::by_hand(uint32_t tenant, base::SimTime from) {
    FreeAt& free = technicians_[tenant];
    if (free.empty()) {
        const uint32_t technicians =
            std::max<uint32_t>(1, tenants_[tenant] / crews_.endpoints_per_technician);
        for (uint32_t i = 0; i < technicians; ++i) {
            free.push({0});
        }
    }
    const base::SimTime done = shift_.done(std::max(from, free.top()), crews_.repair);
    free.pop();
    free.push(done);
    return done;
}

std::vector<Grant> Recoveries::grant(const fleet::Population& population, base::SimTime end) {
    std::sort(noted_.begin(), noted_.end(), [](const fleet::RowEvent& a, const fleet::RowEvent& b) {
        return a.at != b.at ? a.at < b.at : a.row < b.row;
    });
    std::vector<Grant> out;
    for (const fleet::RowEvent& event : noted_) {
        Grant grant{event.row, event.at, bit(event.harm), base::Code::kByHand};
        const auto draw = static_cast<uint64_t>(event.at.seconds);
        switch (by_[static_cast<size_t>(event.harm)]) {
            case base::Recovery::kByHand:
                grant.at = by_hand(population.tenant(event.row), event.at);
                break;
            case base::Recovery::kReboot: {
                const double mean_h = static_cast<double>(crews_.reboot_every.seconds) / 3600;
                const double wait_h = stream_.waiting_time(1 / mean_h, event.row, draw);
                grant.at = {event.at.seconds + static_cast<int64_t>(std::ceil(wait_h * 3600))};
                grant.how = base::Code::kByReboot;
                break;
            }
            case base::Recovery::kRepairKit: {
                const base::SimTime out_at =
                    kits_.emplace(event.harm, event.at + crews_.repair_kit).first->second;
                // The repair program looks every hour.
                const auto wait = static_cast<int64_t>(stream_.below(3600, event.row, draw));
                grant.at = population.next_online(event.row,
                                                  {std::max(event.at, out_at).seconds + wait}, end);
                grant.how = base::Code::kByRepairKit;
                break;
            }
            case base::Recovery::kItself:
            case base::Recovery::kUpdate:
                continue;
        }
        if (grant.at < end) {
            out.push_back(grant);
        }
    }
    noted_.clear();
    return out;
}

}  // namespace firebreak::lab
