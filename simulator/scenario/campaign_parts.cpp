// Campaigns: threats that begin to go round.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "scenario/format.h"
#include "scenario/parts.h"

namespace firebreak::scenario {

using base::Error;
using base::Result;
using base::TomlTable;

namespace {

Result<Campaign> read_campaign(TomlTable in, const Experiment& so_far) {
    FB_CHECK(allow(in, campaign_format()));
    Campaign out;
    out.place = in.place();
    FB_TRY(out.id, read_name(in, "id"));
    FB_TRY(out.sample, read_source(in, "sample", "samples"));
    out.sample_place = in.place("sample");
    FB_TRY(out.at, read_moment(in, "at", so_far));
    FB_CHECK(read_window(in, "at", "the campaign", so_far, out.at, out.until));
    FB_TRY(out.per_hour, in.number("per_hour", {0, kMostPerHour, true}));
    FB_CHECK(in.finish());
    return out;
}

}  // namespace

Result<std::vector<Campaign>> read_campaigns(TomlTable& root, const Experiment& so_far) {
    FB_TRY(const std::vector<TomlTable> tables, root.tables("campaign"));
    std::vector<Campaign> out;
    for (const TomlTable& table : tables) {
        FB_TRY(Campaign campaign, read_campaign(table, so_far));
        const auto known = std::find_if(
            out.begin(), out.end(), [&](const Campaign& other) { return other.id == campaign.id; });
        if (known != out.end()) {
            return Error{fmt::format("a second campaign is called `{}`", campaign.id),
                         campaign.place, "the first is at " + known->place};
        }
        if (out.size() == kMaxCampaigns) {
            return Error{fmt::format("more than {} campaigns", kMaxCampaigns), campaign.place,
                         "remove some of them"};
        }
        out.push_back(std::move(campaign));
    }
    return out;
}

}  // namespace firebreak::scenario
