#include "lab/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace firebreak::lab {

namespace {

// How many of `total` belong to the steps up to a share.
uint32_t up_to(double share, uint32_t total) {
    return static_cast<uint32_t>(std::llround(share * total));
}

// Whole tenants that have chosen a delay, or a part of every tenant's endpoints.
std::vector<SegmentPlan> cut(const scenario::Group& group, size_t number, uint32_t first_tenant,
                             const scenario::Policy& policy) {
    std::vector<SegmentPlan> out;
    uint32_t tenants_before = 0;
    uint32_t endpoints_before = 0;
    for (size_t step = 0; step < policy.ramp.size(); ++step) {
        const scenario::Step& plan = policy.ramp[step];
        SegmentPlan part;
        part.name = step == 0 ? group.name : fmt::format("{}.{}", group.name, step + 1);
        part.group = number;
        part.after = plan.after;
        const uint32_t tenants =
            policy.ramp_by_tenant ? up_to(plan.share, group.tenants) : group.tenants;
        const uint32_t endpoints =
            policy.ramp_by_tenant
                ? up_to(static_cast<double>(tenants) / group.tenants, group.endpoints)
                : up_to(plan.share, group.endpoints);
        part.endpoints = endpoints - endpoints_before;
        part.tenants = policy.ramp_by_tenant ? tenants - tenants_before : group.tenants;
        part.first_tenant = first_tenant + (policy.ramp_by_tenant ? tenants_before : 0);
        tenants_before = tenants;
        endpoints_before = endpoints;
        if (part.endpoints > 0) {
            out.push_back(std::move(part));
        }
    }
    return out;
}

}  // namespace

std::vector<SegmentPlan> plan_segments(const scenario::Experiment& experiment) {
    std::vector<SegmentPlan> out;
    uint32_t first_tenant = 0;
    int64_t public_groups = 0;
    for (size_t g = 0; g < experiment.groups.size(); ++g) {
        const scenario::Group& group = experiment.groups[g];
        const bool is_public = group.stage == scenario::GroupStage::kPublic;
        if (is_public && !experiment.policy.ramp.empty()) {
            const auto parts = cut(group, g, first_tenant, experiment.policy);
            out.insert(out.end(), parts.begin(), parts.end());
        } else {
            const base::Duration after{
                is_public ? experiment.policy.public_interval.seconds * public_groups : 0};
            out.push_back({group.name, g, after, group.endpoints, group.tenants, first_tenant});
        }
        public_groups += is_public ? 1 : 0;
        first_tenant += group.tenants;
    }
    return out;
}

cloud::Vigilance vigilance(const scenario::Experiment& experiment) {
    const scenario::Policy& policy = experiment.policy;
    const scenario::People& people = experiment.people;
    cloud::Vigilance out;
    out.gates = policy.gates && policy.staged;
    out.halt_share = policy.halt_share;
    out.halt_reports = policy.halt_reports;
    out.on_alerts = policy.halt_on_alerts;
    out.false_alarms = policy.false_alarms;
    out.worth_finding_per_h = policy.worth_finding_per_h;
    out.channels = experiment.signals;
    out.people = policy.halt_by == scenario::Decider::kPeople;
    out.hours = people.hours;
    out.response = people.response;
    out.on_call = people.on_call;
    out.overlook = people.overlook;
    out.investigation = people.investigation;
    out.resume = people.resume;
    return out;
}

}  // namespace firebreak::lab
