// Release groups as the scenario lists them.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Error;
using base::Result;
using base::Status;
using base::TomlTable;

Result<Group> read_group(TomlTable in) {
    FB_CHECK(allow(in, group_format()));
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

}  // namespace

Error too_many_groups(std::string place) {
    return {fmt::format("more than {} groups", base::with_thousands(kMaxGroups)), std::move(place),
            "put some of them together"};
}

Status add_group(std::vector<Group>& groups, Group next) {
    if (groups.size() == kMaxGroups) {
        return too_many_groups(next.place);
    }
    FB_CHECK(check_order(groups, next));
    int64_t endpoints = next.endpoints;
    for (const Group& group : groups) {
        if (group.name == next.name) {
            return Error{fmt::format("a second group is called `{}`", next.name), next.place,
                         "the first is at " + group.place};
        }
        endpoints += group.endpoints;
    }
    if (endpoints > kMaxEndpoints) {
        return Error{fmt::format("{} endpoints up to here", base::with_thousands(endpoints)),
                     next.place,
                     fmt::format("have at most {} in all groups together",
                                 base::with_thousands(kMaxEndpoints))};
    }
    groups.push_back(std::move(next));
    return {};
}

Result<std::vector<Group>> read_groups(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::optional<TomlTable> inventory, root.table("inventory"));
    if (inventory) {
        if (root.has("group")) {
            return root.error("inventory", "both `inventory` and `group`",
                              "an inventory stands in place of groups: remove one of them");
        }
        return read_inventory(*inventory, so_far);
    }
    FB_TRY(const std::vector<TomlTable> tables, root.tables("group"));
    if (tables.empty()) {
        return root.error("group", "no group", "add a table [[group]], or an `inventory`");
    }
    std::vector<Group> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Group group, read_group(table));
        FB_CHECK(add_group(out, std::move(group)));
    }
    return out;
}

}  // namespace firebreak::scenario
