// Central: where the fleet's signals arrive, each after the delay of its channel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/channel.h"
#include "base/sim_time.h"
#include "cloud/release_system.h"

namespace firebreak::cloud {

// Equal signals that arrive in the same second are one, counted.
struct Signal {
    base::SimTime arrives;
    GroupId group;
    ReleaseId release;  // invalid: it names none, or content that no release of this run is
    base::Channel channel = base::Channel::kAlert;
    friend auto operator<=>(const Signal&, const Signal&) = default;
};

class Central {
  public:
    // Tenants are numbered 0 … tenants-1 over all groups.
    explicit Central(uint32_t tenants) : alerts_of_tenant_(tenants) {}

    void send(const Signal& signal, uint32_t count = 1) { underway_[signal] += count; }
    // Hands over what arrives before `end`, in order of time.
    void receive(base::SimTime end,
                 const std::function<void(const Signal&, uint32_t count)>& handle);

    // The tenant's administrator is told as well.
    void alert_tenant(uint32_t tenant) { ++alerts_of_tenant_[tenant]; }
    uint32_t tenants_alerted() const;

  private:
    std::map<Signal, uint32_t> underway_;
    std::vector<uint32_t> alerts_of_tenant_;
};

}  // namespace firebreak::cloud
