// The tables of settings: how a vendor stages, listens, decides and mends. Their defaults are those
// of the Experiment's structs; where they come from stands here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/sandbox_layers.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

using base::Channel;
using base::ChannelInfo;
using base::Harm;
using base::HarmInfo;

// "Content updates and product architecture: Sophos Endpoint", August 2024.
constexpr const char* kArticle = "published: the modelled vendor, 2024";

Key hours_key(const char* description, const Table& table) {
    return {.name = "hours", .type = Type::kTable, .description = description, .table = &table};
}

const Table& hours_format() {
    static const base::WorkingHours kHours;
    static const Table kTable{
        .name = "hours",
        .description = "When people are at work, in UTC.",
        .keys = {{.name = "from",
                  .type = Type::kInteger,
                  .description = "The hour at which work begins.",
                  .fallback = value_text(kHours.from_hour),
                  .max = 23},
                 {.name = "until",
                  .type = Type::kInteger,
                  .description = "The hour at which it ends: later than `from`.",
                  .fallback = value_text(kHours.until_hour),
                  .min = 1,
                  .max = 24},
                 {.name = "weekends",
                  .type = Type::kBoolean,
                  .description = "On Saturdays and Sundays too.",
                  .fallback = value_text(kHours.weekends)}}};
    return kTable;
}

const Table& step_format() {
    static const Table kTable{
        .name = "step",
        .description = "A step of a ramp.",
        .keys = {{.name = "share",
                  .type = Type::kShare,
                  .description = "Of all public endpoints that have the release from here on.",
                  .required = true,
                  .above_min = true},
                 {.name = "after",
                  .type = Type::kDuration,
                  .description = "Since the release went public.",
                  .required = true}}};
    return kTable;
}

const Table& halt_format() {
    static const Policy kPolicy;
    static const Table kTable{
        .name = "halt",
        .description =
            "When failures in public groups are reason for a halt (both bounds must be "
            "reached), and what a halt does.",
        .keys = {{.name = "share",
                  .type = Type::kShare,
                  .description = "Failures reported, of the exposed endpoints in public groups.",
                  .fallback = share_text(kPolicy.halt_share),
                  .above_min = true},
                 {.name = "reports",
                  .type = Type::kInteger,
                  .description = "At least so many failures reported.",
                  .fallback = value_text(kPolicy.halt_reports),
                  .min = 1,
                  .max = kMaxEndpoints},
                 {.name = "on_alerts",
                  .type = Type::kBoolean,
                  .description = "Refusals count as failures too, not crashes alone.",
                  .fallback = value_text(kPolicy.halt_on_alerts)},
                 {.name = "by",
                  .type = Type::kWord,
                  .description = "Who decides: machine, at once; or people, as [people] says.",
                  .fallback = word_for(kPolicy.halt_by, kDeciders),
                  .words = words_of(kDeciders)},
                 {.name = "withdraw",
                  .type = Type::kBoolean,
                  .description = "A halt also takes back what is on offer.",
                  .fallback = value_text(kPolicy.withdraw)}}};
    return kTable;
}

const Table& test_format() {
    static const Policy kPolicy;
    static const Table kTable{
        .name = "test",
        .description = "Sequential tests of signals against the usual background, in each group.",
        .keys = {{.name = "false_alarms",
                  .type = Type::kShareOrWord,
                  .description = "The chance that a release without a defect is ever alarmed "
                                 "about in a group; none: no tests.",
                  .fallback = std::string(kNoTests),
                  .words = {std::string(kNoTests)},
                  .above_min = true},
                 {.name = "worth_finding",
                  .type = Type::kNumber,
                  .description = "The excess of events per endpoint-hour that is worth finding.",
                  .fallback = value_text(kPolicy.worth_finding_per_h),
                  .max = kMostPerHour,
                  .above_min = true}}};
    return kTable;
}

std::vector<Key> keys_of_staging() {
    static const Policy kPolicy;
    return {
        {.name = "staged",
         .type = Type::kBoolean,
         .description = "Through engineering and internal first; false: everybody at once.",
         .fallback = value_text(kPolicy.staged),
         .source = kArticle},
        {.name = "gates",
         .type = Type::kBoolean,
         .description = "A failure reported from the engineering or internal group is reason for "
                        "a halt.",
         .fallback = value_text(kPolicy.gates),
         .source = kArticle},
        {.name = "internal_after",
         .type = Type::kDurationOrWord,
         .description = "From the first group to the internal one by itself after so long, at "
                        "least 5m; or by_hand, by an act.",
         .fallback = std::string(kByHand),
         .source = kArticle,
         .words = {std::string(kByHand)}},
        {.name = "public_after",
         .type = Type::kDurationOrWord,
         .description = "From the stage before to the public by itself after so long, at least "
                        "5m; or by_hand, by an act.",
         .fallback = std::string(kByHand),
         .source = kArticle,
         .words = {std::string(kByHand)}},
        {.name = "public_interval",
         .type = Type::kDuration,
         .description = "From one public group to the next; \"0s\": all at once, else at least "
                        "5m. Not used with a ramp.",
         .fallback = exact_text(kPolicy.public_interval)},
        {.name = "ramp",
         .type = Type::kTables,
         .description = "In place of one public group after another: growing shares of the whole "
                        "public. Shares and times ascend; the last share is 100%. An empty list: "
                        "no ramp.",
         .table = &step_format()},
        {.name = "ramp_by",
         .type = Type::kWord,
         .description = "Whether single endpoints or whole tenants join at a step.",
         .fallback = word_for(kPolicy.ramp_by_tenant, kRampBy),
         .words = words_of(kRampBy)},
        {.name = "cdn_ttl",
         .type = Type::kDuration,
         .description = "Until every edge of the CDN serves a change.",
         .fallback = exact_text(kPolicy.cdn_ttl)},
        {.name = "download",
         .type = Type::kDuration,
         .description = "From asking for a release to having it: a halt comes too late for what "
                        "is under way.",
         .fallback = exact_text(kPolicy.download)},
        {.name = "halt", .type = Type::kTable, .table = &halt_format()},
        {.name = "test", .type = Type::kTable, .table = &test_format()},
    };
}

// TELEMSUP's own interval is the one number about signals that was published.
std::vector<Key> keys_of_timing(const ChannelInfo& info) {
    std::vector<Key> out{{.name = "delay",
                          .type = Type::kDuration,
                          .description = "Until the vendor knows: at least 5m.",
                          .fallback = exact_text(info.usual.delay)}};
    if (info.channel == Channel::kSilence) {
        return out;
    }
    out.push_back({.name = "spread",
                   .type = Type::kDuration,
                   .description = "Mean of a random time on top of the delay.",
                   .fallback = exact_text(info.usual.spread)});
    if (info.channel == Channel::kTelemetry) {
        out.push_back({.name = "interval",
                       .type = Type::kDuration,
                       .description = "How often an endpoint sends a batch: at least 5m.",
                       .fallback = exact_text(info.usual.interval),
                       .source = kArticle});
    }
    return out;
}

std::vector<Key> keys_of_channel(const ChannelInfo& info) {
    std::vector<Key> out = keys_of_timing(info);
    if (info.channel == Channel::kSilence) {
        return out;
    }
    out.insert(out.end(), {{.name = "loss",
                            .type = Type::kShare,
                            .description = "Of the signals: they never arrive.",
                            .fallback = share_text(info.usual.loss)},
                           {.name = "opt_out",
                            .type = Type::kShare,
                            .description = "Of the endpoints: they never send any.",
                            .fallback = share_text(info.usual.opt_out)},
                           {.name = "background",
                            .type = Type::kNumber,
                            .description = "Signals per endpoint-hour online without any defect.",
                            .fallback = value_text(info.usual.background_per_h),
                            .max = kMostPerHour},
                           {.name = "office_hours",
                            .type = Type::kBoolean,
                            .description = "Taken in the office hours of [people] only.",
                            .fallback = value_text(info.usual.office_hours)}});
    return out;
}

const Table& channel_format(const ChannelInfo& info) {
    static const std::vector<Table> kTables = [] {
        std::vector<Table> out;
        for (const ChannelInfo& channel : base::channels()) {
            out.push_back({.name = std::string(channel.name),
                           .description = fmt::format("Signal: {}.", channel.meaning),
                           .keys = keys_of_channel(channel)});
        }
        return out;
    }();
    return kTables.at(static_cast<size_t>(info.channel));
}

// The same reasons as in base/harm.cpp.
const char* recovery_source(Harm harm) {
    switch (harm) {
        case Harm::kBootLoop:
            return "published: mostly hands-on, CrowdStrike 2024";
        case Harm::kNetworkLost:
            return "published: the fix could not be fetched, Kaspersky 2013";
        case Harm::kSlow:
            return "published: a newer pattern, Trend Micro 2005";
        default:
            return "assumed";
    }
}

}  // namespace

std::vector<std::string> recovery_words(const HarmInfo& info) {
    std::vector<std::string> out;
    for (const auto& [word, recovery] : kRecoveries) {
        const bool needs_network =
            recovery == base::Recovery::kUpdate || recovery == base::Recovery::kRepairKit;
        if (!(info.cut_off && needs_network)) {
            out.emplace_back(word);
        }
    }
    return out;
}

const Table& policy_format() {
    static const Table kTable{.name = "policy",
                              .description = "How releases are staged and halted.",
                              .keys = keys_of_staging()};
    return kTable;
}

const Table& update_format() {
    static const Update kUpdate;
    static const Table kTable{
        .name = "update",
        .description =
            "The content channel: what update clients check, and how content gets to "
            "them.",
        .keys = {{.name = "profile",
                  .type = Type::kWord,
                  .description = "published: the checks that the vendor describes; hardened: with "
                                 "those of The Update Framework and Uptane.",
                  .fallback = word_for(kUpdate.profile, kProfileNames),
                  .source = kArticle,
                  .words = words_of(kProfileNames)},
                 {.name = "edges",
                  .type = Type::kInteger,
                  .description = "How many edges the CDN has.",
                  .fallback = value_text(kUpdate.edges),
                  .min = 1,
                  .max = kMostEdges},
                 {.name = "invalidation",
                  .type = Type::kDurationOrWord,
                  .description = "From a changed head until every edge has let go of its copy; "
                                 "cdn_ttl: as [policy] says.",
                  .fallback = std::string(kAsCdnTtl),
                  .words = {std::string(kAsCdnTtl)}},
                 {.name = "transport",
                  .type = Type::kWord,
                  .description = "http: endpoints speak real HTTP to a real server on loopback.",
                  .fallback = word_for(kUpdate.http, kTransports),
                  .words = words_of(kTransports)},
                 {.name = "platform",
                  .type = Type::kPlatform,
                  .description = "Of the endpoints.",
                  .fallback = kUpdate.platform},
                 {.name = "head_valid",
                  .type = Type::kDuration,
                  .description = "How long a signed head is valid. Hardened profile.",
                  .fallback = exact_text(kUpdate.head_valid)},
                 {.name = "head_refresh",
                  .type = Type::kDuration,
                  .description = "How often heads are signed anew: at least 5m, and less than "
                                 "`head_valid`. Hardened profile.",
                  .fallback = exact_text(kUpdate.head_refresh)}}};
    return kTable;
}

const Table& sandbox_format() {
    static const Table kTable{
        .name = "sandbox",
        .description = "What stands between content and the machine that the lab runs on.",
        .keys = {
            {.name = "require",
             .type = Type::kNames,
             .description = fmt::format(
                 "Layers that the machine must give its workers: {}. Without the first five no "
                 "content runs anywhere.",
                 fmt::join(base::all_layer_names(), ", "))}}};
    return kTable;
}

const Table& signals_format() {
    static const Table kTable = [] {
        Table out{.name = "signal",
                  .description = "The ways in which the vendor hears of trouble.",
                  .keys = {}};
        for (const ChannelInfo& info : base::channels()) {
            out.keys.push_back({.name = std::string(info.name),
                                .type = Type::kTable,
                                .table = &channel_format(info)});
        }
        return out;
    }();
    return kTable;
}

const Table& people_format() {
    static const People kPeople;
    static const Table kTable{
        .name = "people",
        .description = "Those who decide at the vendor.",
        .keys = {hours_key("When they are in the office, in UTC.", hours_format()),
                 {.name = "response",
                  .type = Type::kDuration,
                  .description = "From an alarm to the decision, in office hours.",
                  .fallback = exact_text(kPeople.response)},
                 {.name = "on_call",
                  .type = Type::kDuration,
                  .description = "The same out of office hours.",
                  .fallback = exact_text(kPeople.on_call)},
                 {.name = "overlook",
                  .type = Type::kShare,
                  .description = "Of the alarms: they are missed, and looked at a day later.",
                  .fallback = share_text(kPeople.overlook)},
                 {.name = "investigation",
                  .type = Type::kDuration,
                  .description = "Working time until it is clear what is to blame.",
                  .fallback = exact_text(kPeople.investigation)},
                 {.name = "resume",
                  .type = Type::kBoolean,
                  .description = "A halted release that turns out to be harmless goes on.",
                  .fallback = value_text(kPeople.resume)}}};
    return kTable;
}

const Table& crew_format() {
    static const Crew kCrew;
    static const Table kTable{
        .name = "crew",
        .description = "Those who mend machines by hand, at each tenant, and the repair kit.",
        .keys = {hours_key("When they are at work, in UTC.", hours_format()),
                 {.name = "endpoints_per_technician",
                  .type = Type::kInteger,
                  .description = "Each tenant has one technician at least.",
                  .fallback = value_text(kCrew.endpoints_per_technician),
                  .min = 1,
                  .max = kMaxEndpoints},
                 {.name = "repair",
                  .type = Type::kDuration,
                  .description = "Working time for one machine.",
                  .fallback = exact_text(kCrew.repair)},
                 {.name = "repair_kit",
                  .type = Type::kDuration,
                  .description = "From the first harm of its kind to a repair kit against it.",
                  .fallback = exact_text(kCrew.repair_kit)},
                 {.name = "reboot_every",
                  .type = Type::kDuration,
                  .description = "Mean time from one reboot to the next: at least 5m.",
                  .fallback = exact_text(kCrew.reboot_every)}}};
    return kTable;
}

const Table& recovery_format() {
    static const Table kTable = [] {
        Table out{.name = "recovery",
                  .description =
                      "What it takes to undo each harm. A machine that is cut off gets "
                      "no update and no repair kit.",
                  .keys = {}};
        for (const HarmInfo& info : base::harms()) {
            if (info.recovery != base::Recovery::kItself) {
                out.keys.push_back({.name = std::string(info.name),
                                    .type = Type::kWord,
                                    .description = fmt::format("Harm: {}.", info.meaning),
                                    .fallback = word_for(info.recovery, kRecoveries),
                                    .source = recovery_source(info.harm),
                                    .words = recovery_words(info)});
            }
        }
        return out;
    }();
    return kTable;
}

const Table& load_context_format() {
    static const Table kTable = [] {
        Table out{.name = "load_context",
                  .description =
                      "Where a feed's component loads: in kernel, a crash is a boot "
                      "loop. Only of feeds that are published here.",
                  .keys = {}};
        for (const content::FeedInfo& info : content::catalogue()) {
            out.keys.push_back({.name = std::string(info.name),
                                .type = Type::kWord,
                                .description = "As the feed's component is modelled: userspace.",
                                .fallback = word_for(false, kLoadContexts),
                                .source = kArticle,
                                .words = words_of(kLoadContexts)});
        }
        return out;
    }();
    return kTable;
}

}  // namespace firebreak::scenario
