#include "content/catalogue.h"

#include <algorithm>

namespace firebreak::content {

namespace {

using base::days;
using base::hours;

// "Several a day".
constexpr base::Duration kEveryWorkingShift = hours(8);
// Flags and the removal tool come with the software, which the modelled vendor releases monthly.
constexpr base::Duration kWithSoftware = days(30);
// The article of 2024 says that the last telemetry supplement was of 2016; ours is not quite so
// old.
constexpr base::Duration kOnceInYears = days(3 * 365);

constexpr std::array<FeedInfo, kFeedCount> kCatalogue = {{
    {Feed::kDatasetA, "DatasetA", "file scanner", "SophosFileScanner", "YARA rules", false,
     kEveryWorkingShift, "Says which files, process memory and network streams are malicious."},
    {Feed::kLocalRepData, "LocalRepData", "protection service and file scanner", "SSPService",
     "mapped table: SHA-256 to reputation, signer to reputation", false, days(1),
     "Tags programs with a reputation as they start, by hash and by valid signer."},
    {Feed::kBehavior, "Behavior", "protection service", "SSPService", "Lua, signed and encrypted",
     true, kEveryWorkingShift, "Rules that react to what processes do."},
    {Feed::kProductRulesFeed, "ProductRulesFeed", "protection service", "SSPService",
     "Lua, signed and encrypted", true, kEveryWorkingShift,
     "Core functions that the rules of Behavior stand on; loaded before them."},
    {Feed::kFlagsSupplement, "FlagsSupplement", "all components", "all processes", "JSON", false,
     kWithSoftware, "Which features of a software release may be switched on at all."},
    {Feed::kCRT, "CRT", "installer", "installer", "JSON rules", false, kWithSoftware,
     "Finds competing security software and removes it before installation."},
    {Feed::kESH, "ESH", "self help", "self help", "JSON: log path, RE2 expression, article", false,
     days(14), "Recognises known trouble in log files and links the article that mends it."},
    {Feed::kScheduledQueryPack, "ScheduledQueryPack", "query engine", "SophosOsquery",
     "osquery pack JSON", false, days(14),
     "Queries over the host, run on a schedule, for the data lake."},
    {Feed::kRemapperRules, "RemapperRules", "policy agent", "McsAgent",
     "XML rule documents with XPath and transforms", false, days(30),
     "Turns policy documents into registry values that the other components read."},
    {Feed::kEPIPS_data, "EPIPS_data", "intrusion prevention", "SophosIPS",
     "signatures in Suricata's language", false, days(1),
     "Says which packets the intrusion prevention drops."},
    {Feed::kNTP_OVERRIDES, "NTP_OVERRIDES", "network threat protection", "SophosNtpService",
     "JSON: incompatible drivers, version ranges", false, days(7),
     "Keeps intrusion prevention off on machines with a driver that it does not get on with."},
    {Feed::kRepairKit, "RepairKit", "repair", "su-repair", "Lua, signed and encrypted", true,
     days(30), "Finds and mends known damage, each hour, with full rights over the machine."},
    {Feed::kTELEMSUP, "TELEMSUP", "telemetry", "telemetry",
     "JSON: server, port, verb, resourceRoot, interval, additionalHeaders", false, kOnceInYears,
     "Sets where telemetry goes, and how often."},
    {Feed::kAPPFEED, "APPFEED", "app detection", "SEDService", "Lua, signed and encrypted", true,
     days(1), "Detects the machine's applications and derives scanning exclusions for them."},
    {Feed::kUSERAPPFEED, "USERAPPFEED", "app detection", "SEDService", "Lua, signed and encrypted",
     true, days(1), "Detects applications that users installed for themselves, likewise."},
    {Feed::kMLModels, "MLModels", "file scanner", "SophosFileScanner",
     "shared library: C ABI, logic and weights", false, days(30),
     "Models that score files: one live, one that is only watched, per kind of model."},
    {Feed::kHmpa_data, "Hmpa_data", "exploit mitigation", "hmpalertsvc", "thumbprint list", false,
     days(7), "Suppresses exploit detections that are known to be false, by thumbprint."},
}};

constexpr bool in_order() {
    for (size_t i = 0; i < kFeedCount; ++i) {
        if (static_cast<size_t>(kCatalogue[i].feed) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "info() indexes the catalogue by feed");

}  // namespace

std::span<const FeedInfo, kFeedCount> catalogue() {
    return kCatalogue;
}

const FeedInfo& info(Feed feed) {
    return kCatalogue[static_cast<size_t>(feed)];
}

std::optional<Feed> find_feed(std::string_view name) {
    const auto found = std::ranges::find(kCatalogue, name, &FeedInfo::name);
    return found == kCatalogue.end() ? std::nullopt : std::optional(found->feed);
}

}  // namespace firebreak::content
