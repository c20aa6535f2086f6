// Groups and policy.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

namespace {

using base::Duration;
using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

constexpr TomlTable::Words<GroupStage, 3> kStages{{{"engineering", GroupStage::kEngineering},
                                                   {"internal", GroupStage::kInternal},
                                                   {"public", GroupStage::kPublic}}};
constexpr int64_t kMaxTenants = 65'535;

Result<Group> read_group(TomlTable in) {
    FB_CHECK(in.allow({"name", "stage", "endpoints", "tenants", "personas"}));
    Group out;
    out.place = in.place();
    FB_TRY(out.name, read_name(in, "name"));
    FB_TRY(out.stage, in.word("stage", kStages));
    FB_TRY(const int64_t endpoints, in.integer("endpoints", 1, kMaxEndpoints));
    FB_TRY(const int64_t tenants, in.integer("tenants", 1, kMaxTenants, 1));
    if (tenants > endpoints) {
        return in.error("tenants",
                        fmt::format("{} tenants cannot share {} endpoints",
                                    base::with_thousands(tenants), base::with_thousands(endpoints)),
                        "each tenant has at least one endpoint");
    }
    out.endpoints = static_cast<uint32_t>(endpoints);
    out.tenants = static_cast<uint32_t>(tenants);
    FB_TRY(out.personas, in.weights("personas"));
    for (const auto& [name, weight] : out.personas) {
        if (!is_name(name)) {
            return in.error("personas",
                            fmt::format("`{}` is no name of a persona", base::printable(name, 80)),
                            "write 1 to 40 of a-z, 0-9 and -");
        }
    }
    FB_CHECK(in.finish());
    return out;
}

// Engineering and internal groups are single stages; only the public has several groups.
Status check_order(const std::vector<Group>& groups, const Group& next) {
    if (groups.empty() || groups.back().stage < next.stage) {
        return {};
    }
    if (groups.back().stage > next.stage) {
        return Error{fmt::format("group `{}` comes too late", next.name), next.place,
                     "list groups in the order of release: engineering, internal, public"};
    }
    if (next.stage == GroupStage::kPublic) {
        return {};
    }
    return Error{fmt::format("`{}` is a second group of its stage", next.name), next.place,
                 "have one engineering and one internal group at most"};
}

// A delay that the lab can tell from none.
Result<Duration> read_delay(TomlTable& in, std::string_view key, Duration fallback) {
    FB_TRY(const Duration delay, in.duration(key, fallback));
    if (delay < kSlice) {
        return in.error(key, fmt::format("`{}` is shorter than the lab can tell", key),
                        "it decides in slices of five minutes: write at least 5m");
    }
    return delay;
}

Status read_halt(TomlTable in, Policy& out) {
    FB_CHECK(in.allow({"share", "reports", "on_alerts"}));
    if (in.has("share")) {
        FB_TRY(out.halt_share, in.share("share"));
        if (out.halt_share <= 0) {
            return in.error("share", "`share` is zero: every release would be halted",
                            "write it above 0%, such as \"0.1%\"");
        }
    }
    FB_TRY(const int64_t reports, in.integer("reports", 1, kMaxEndpoints, out.halt_reports));
    out.halt_reports = static_cast<uint32_t>(reports);
    FB_TRY(out.halt_on_alerts, in.boolean("on_alerts", out.halt_on_alerts));
    return in.finish();
}

}  // namespace

Result<std::vector<Group>> read_groups(TomlTable& root) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("group"));
    if (tables.empty()) {
        return root.error("group", "no group", "add a table [[group]]");
    }
    std::vector<Group> out;
    std::unordered_map<std::string, std::string> places;
    int64_t endpoints = 0;
    for (const TomlTable& table : tables) {
        FB_TRY(Group group, read_group(table));
        FB_CHECK(check_order(out, group));
        const auto [known, fresh] = places.emplace(group.name, group.place);
        if (!fresh) {
            return Error{fmt::format("a second group is called `{}`", group.name), group.place,
                         "the first is at " + known->second};
        }
        endpoints += group.endpoints;
        if (endpoints > kMaxEndpoints) {
            return Error{fmt::format("{} endpoints up to here", base::with_thousands(endpoints)),
                         group.place,
                         fmt::format("have at most {} in all groups together",
                                     base::with_thousands(kMaxEndpoints))};
        }
        out.push_back(std::move(group));
    }
    return out;
}

Result<Policy> read_policy(TomlTable& root) {
    Policy out;
    FB_TRY(std::optional<TomlTable> found, root.table("policy"));
    if (!found) {
        return out;
    }
    TomlTable& in = *found;
    FB_CHECK(in.allow(
        {"gates", "public_interval", "cdn_ttl", "alert_delay", "crash_report_delay", "halt"}));
    FB_TRY(out.gates, in.boolean("gates", out.gates));
    FB_TRY(out.public_interval, in.duration("public_interval", out.public_interval));
    if (out.public_interval.seconds != 0) {  // zero: all public groups at once
        FB_TRY(out.public_interval, read_delay(in, "public_interval", out.public_interval));
    }
    FB_TRY(out.cdn_ttl, in.duration("cdn_ttl", out.cdn_ttl));
    FB_TRY(out.alert_delay, read_delay(in, "alert_delay", out.alert_delay));
    FB_TRY(out.crash_report_delay, read_delay(in, "crash_report_delay", out.crash_report_delay));
    FB_TRY(std::optional<TomlTable> halt, in.table("halt"));
    if (halt) {
        FB_CHECK(read_halt(*halt, out));
    }
    FB_CHECK(in.finish());
    return out;
}

}  // namespace firebreak::scenario
