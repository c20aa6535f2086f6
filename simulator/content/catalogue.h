// The 17 feeds. Source: the vendor's article "Content updates and product architecture" (2024);
// cadences are ours, its table of them is not public.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/sim_time.h"

namespace firebreak::content {

// Append only: numbers are stored in run files.
enum class Feed : uint8_t {
    kDatasetA = 0,
    kLocalRepData,
    kBehavior,
    kProductRulesFeed,
    kFlagsSupplement,
    kCRT,
    kESH,
    kScheduledQueryPack,
    kRemapperRules,
    kEPIPS_data,
    kNTP_OVERRIDES,
    kRepairKit,
    kTELEMSUP,
    kAPPFEED,
    kUSERAPPFEED,
    kMLModels,
    kHmpa_data,
};
inline constexpr size_t kFeedCount = 17;

struct FeedInfo {
    Feed feed;
    std::string_view name;       // as in scenarios, paths and certificates: "DatasetA"
    std::string_view component;  // "file scanner"
    std::string_view process;    // the modelled process: "SophosFileScanner"
    std::string_view payload;    // "YARA rules"
    bool encrypted;
    base::Duration cadence;    // between releases of the feed, in a scenario that says no other
    std::string_view purpose;  // one sentence
};

// All of them, in the order of Feed.
std::span<const FeedInfo, kFeedCount> catalogue();
const FeedInfo& info(Feed feed);
// Exact, case-sensitive.
std::optional<Feed> find_feed(std::string_view name);

}  // namespace firebreak::content
