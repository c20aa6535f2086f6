#include "cloud/central.h"

#include <algorithm>

namespace firebreak::cloud {

void Central::receive(base::SimTime end,
                      const std::function<void(const Signal&, uint32_t count)>& handle) {
    while (!underway_.empty() && underway_.begin()->first.arrives < end) {
        const auto first = underway_.begin();
        handle(first->first, first->second);
        underway_.erase(first);
    }
}

uint32_t Central::tenants_alerted() const {
    return static_cast<uint32_t>(std::count_if(alerts_of_tenant_.begin(), alerts_of_tenant_.end(),
                                               [](uint32_t alerts) { return alerts > 0; }));
}

}  // namespace firebreak::cloud
