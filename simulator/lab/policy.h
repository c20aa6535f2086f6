// What a scenario's policy means to the cloud: who is offered what together, and what is an alarm.
#pragma once

#include <string>
#include <vector>

#include "base/sim_time.h"
#include "cloud/operations.h"
#include "scenario/experiment.h"

namespace firebreak::lab {

// The part of a release group that is offered the same at the same time.
struct SegmentPlan {
    std::string name;  // "public-1", "public-1.2": of its head on the CDN
    size_t group = 0;
    base::Duration after;  // public ones: since a release went public
    uint32_t endpoints = 0;
    uint32_t tenants = 0;
    uint32_t first_tenant = 0;  // counted over all groups
};

// By group, within it by time. Sizes add up to those of the groups; parts without an endpoint are
// left out.
std::vector<SegmentPlan> plan_segments(const scenario::Experiment& experiment);

cloud::Vigilance vigilance(const scenario::Experiment& experiment);

}  // namespace firebreak::lab
