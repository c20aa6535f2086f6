// The tables that say what is in a run, and what must come of it. Settings: settings_format.cpp.
#include "scenario/format.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/metric.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

namespace {

// "exposed: endpoints to which …; affected: …".
std::string metrics_in_words() {
    std::string out;
    for (const base::MetricInfo& info : base::metrics()) {
        out +=
            (out.empty() ? "" : "; ") + std::string(info.name) + ": " + std::string(info.meaning);
    }
    return out + ".";
}

std::vector<std::string> metric_names() {
    std::vector<std::string> out;
    for (const base::MetricInfo& info : base::metrics()) {
        out.emplace_back(info.name);
    }
    return out;
}

std::vector<std::string> harm_names() {
    std::vector<std::string> out;
    for (const base::HarmInfo& info : base::harms()) {
        out.emplace_back(info.name);
    }
    return out;
}

std::vector<Key> keys_of_the_run() {
    return {
        {.name = "schema",
         .type = Type::kSchemaVersion,
         .description = "Version of this format.",
         .required = true},
        {.name = "extends",
         .type = Type::kFiles,
         .description = "A scenario, relative to this file, or a list of them, that say all that "
                        "this one does not; of a list, later ones win over earlier ones. Tables "
                        "are merged key by key; lists and other values are replaced."},
        {.name = "title", .type = Type::kLine, .description = "One line for people."},
        {.name = "description", .description = "What the scenario shows, and why that matters."},
        {.name = "tags",
         .type = Type::kNames,
         .description = "Words by which suites select scenarios."},
        {.name = "seed",
         .type = Type::kInteger,
         .description = "Start of all random draws: the same seed gives the same run.",
         .fallback = "1",
         .max = static_cast<double>(std::numeric_limits<int64_t>::max())},
        {.name = "start",
         .type = Type::kTime,
         .description = "Calendar time of the run's first second, in UTC and whole seconds: a "
                        "TOML date-time without quotes, 2026-03-02T00:00:00Z."},
        {.name = "duration",
         .type = Type::kDuration,
         .description = "How long the run lasts: at least 5m."},
    };
}

std::vector<Key> keys_of_the_fleet() {
    return {
        {.name = "group",
         .type = Type::kTables,
         .description = "Release groups, in order of release: at most one engineering group, at "
                        "most one internal group, then public ones. At most 20,000,000 endpoints "
                        "in all.",
         .table = &group_format()},
        {.name = "inventory", .type = Type::kTable, .table = &inventory_format()},
        {.name = "keys",
         .type = Type::kBeside,
         .description = "Sign with the keys of this folder, laid out as fixtures/keys, in place "
                        "of those: \"./our-ca\"."},
    };
}

std::vector<Key> keys_of_settings() {
    return {
        {.name = "policy", .type = Type::kTable, .table = &policy_format()},
        {.name = "signal", .type = Type::kTable, .table = &signals_format()},
        {.name = "people", .type = Type::kTable, .table = &people_format()},
        {.name = "crew", .type = Type::kTable, .table = &crew_format()},
        {.name = "recovery", .type = Type::kTable, .table = &recovery_format()},
        {.name = "load_context", .type = Type::kTable, .table = &load_context_format()},
    };
}

std::vector<Key> keys_of_the_timeline() {
    return {
        {.name = "baseline",
         .type = Type::kTables,
         .description = "Content that every endpoint runs when the run begins. One for each feed "
                        "at most.",
         .table = &baseline_format()},
        {.name = "release",
         .type = Type::kTables,
         .description = "Content that the vendor publishes during the run.",
         .table = &release_format()},
        {.name = "act",
         .type = Type::kTables,
         .description = "What an operator does.",
         .table = &act_format()},
        {.name = "fault",
         .type = Type::kTables,
         .description = "What happens to bytes between the CDN and endpoints.",
         .table = &fault_format()},
        {.name = "campaign",
         .type = Type::kTables,
         .description = "Threats that begin to go round. At most 16.",
         .table = &campaign_format()},
        {.name = "measured",
         .type = Type::kTables,
         .description = "What releases did as measured elsewhere: stands in place of what the "
                        "lab would find out on that persona.",
         .table = &measured_format()},
        {.name = "expect",
         .type = Type::kTables,
         .description = "What the run must show. Without any, a run proves nothing.",
         .table = &expect_format()},
        {.name = "fingerprint",
         .type = Type::kFingerprint,
         .description = "The fingerprint that the run must have, copied from a report."},
    };
}

const Key& feed_key() {
    static const Key kKey{.name = "feed",
                          .type = Type::kFeed,
                          .description = "One of the 17 feeds.",
                          .required = true};
    return kKey;
}

const Key& source_key() {
    static const Key kKey{.name = "source",
                          .type = Type::kSource,
                          .description =
                              "The folder with the content: under fixtures/content, or "
                              "beside this file when it begins with ./",
                          .required = true};
    return kKey;
}

}  // namespace

const Key& Table::at(std::string_view key) const {
    const auto found =
        std::find_if(keys.begin(), keys.end(), [key](const Key& k) { return k.name == key; });
    if (found == keys.end()) {
        std::abort();
    }
    return *found;
}

base::Status allow(base::TomlTable& in, const Table& format) {
    std::vector<std::string_view> keys;
    for (const Key& key : format.keys) {
        keys.push_back(key.name);
    }
    return in.allow(std::span<const std::string_view>(keys));
}

const Table& root_format() {
    static const Table kTable = [] {
        Table out{.name = "scenario",
                  .description =
                      "A run of a simulated fleet: who is in it, what is published when, what "
                      "goes wrong on the way, and what must come of it. Keys that a file does not "
                      "have come from the files that it extends. The lab checks more than a "
                      "schema can say: names, order and times.",
                  .keys = keys_of_the_run()};
        for (const auto& more : {keys_of_the_fleet(), keys_of_settings(), keys_of_the_timeline()}) {
            out.keys.insert(out.keys.end(), more.begin(), more.end());
        }
        return out;
    }();
    return kTable;
}

const Table& group_format() {
    static const Table kTable{
        .name = "group",
        .description = "A release group.",
        .keys = {{.name = "name",
                  .type = Type::kName,
                  .description = "Unique within the scenario.",
                  .required = true},
                 {.name = "stage",
                  .type = Type::kWord,
                  .description = "engineering: no customers; internal: employees' own machines; "
                                 "public: customers.",
                  .required = true,
                  .words = words_of(kStages)},
                 {.name = "endpoints",
                  .type = Type::kInteger,
                  .description = "How many machines the group has.",
                  .required = true,
                  .min = 1,
                  .max = kMaxEndpoints},
                 {.name = "tenants",
                  .type = Type::kInteger,
                  .description = "Among how many customers they are divided: no more than there "
                                 "are endpoints.",
                  .fallback = "1",
                  .min = 1,
                  .max = kMaxTenants},
                 {.name = "personas",
                  .type = Type::kWeights,
                  .description = "Which machine profiles of fixtures/personas it has, and in "
                                 "which proportion.",
                  .required = true}}};
    return kTable;
}

const Table& inventory_format() {
    static const Table kTable{
        .name = "inventory",
        .description =
            "Release groups and their personas from a CSV file, in place of [[group]]. "
            "Its header: group,stage,tenants,persona,weight. Lines of one group and "
            "persona add up, so that a line may stand for one machine.",
        .keys = {{.name = "file",
                  .type = Type::kBeside,
                  .description = "The CSV file: \"./fleet.csv\". At most 16 MiB.",
                  .required = true},
                 {.name = "endpoints",
                  .type = Type::kInteger,
                  .description = "How many endpoints to divide by the weights. Without it, "
                                 "weights are numbers of endpoints.",
                  .min = 1,
                  .max = kMaxEndpoints}}};
    return kTable;
}

const Table& baseline_format() {
    static const Table kTable{.name = "baseline",
                              .description = "The content of one feed at the beginning.",
                              .keys = {feed_key(),
                                       {.name = "version",
                                        .type = Type::kVersion,
                                        .description = "Unique within the feed, releases included.",
                                        .required = true},
                                       source_key()}};
    return kTable;
}

const Table& release_format() {
    static const Table kTable{
        .name = "release",
        .description = "A version of a feed, published during the run.",
        .keys = {{.name = "id",
                  .type = Type::kName,
                  .description = "Unique; by it acts, faults and expectations name the release. "
                                 "Not \"baseline\".",
                  .required = true},
                 feed_key(),
                 {.name = "version",
                  .type = Type::kVersion,
                  .description = "Unique within the feed; default: the id."},
                 source_key(),
                 {.name = "at",
                  .type = Type::kDuration,
                  .description = "When it is signed and published to the first group, since the "
                                 "start."},
                 {.name = "fixes",
                  .type = Type::kName,
                  .description = "In place of `at`: the release upon whose halt this one is made. "
                                 "If that is never halted, this one never comes."},
                 {.name = "after_halt",
                  .type = Type::kDuration,
                  .description = "With `fixes`: from the halt to this release.",
                  .fallback = "0s"},
                 {.name = "kind",
                  .type = Type::kWord,
                  .description = "A fix does not count as exposure. Default: fix for what "
                                 "`fixes` something, else update.",
                  .words = words_of(kReleaseKinds)},
                 {.name = "expedited",
                  .type = Type::kBoolean,
                  .description = "Published to all groups at once, past gates and promotions.",
                  .fallback = "false"}},
        .one_of = {{"at"}, {"fixes"}}};
    return kTable;
}

const Table& act_format() {
    static const Table kTable{
        .name = "act",
        .description = "One deed of an operator.",
        .keys = {{.name = "at",
                  .type = Type::kDuration,
                  .description = "When, since the start.",
                  .required = true},
                 {.name = "promote",
                  .type = Type::kName,
                  .description = "The release to take to the next stage."},
                 {.name = "to",
                  .type = Type::kWord,
                  .description = "With `promote`: the stage to take it to.",
                  .words = words_of(kDestinations)},
                 {.name = "halt",
                  .type = Type::kName,
                  .description = "The release to halt; by policy it is taken back as well."},
                 {.name = "withdraw",
                  .type = Type::kName,
                  .description = "The release to take back, and to halt if it is not halted yet."},
                 {.name = "resume",
                  .type = Type::kName,
                  .description = "The release to go on with after a halt."}},
        .one_of = {{"promote", "to"}, {"halt"}, {"withdraw"}, {"resume"}}};
    return kTable;
}

const Table& fault_format() {
    static const Table kTable{
        .name = "fault",
        .description = "One kind of damage on the way.",
        .keys = {{.name = "kind",
                  .type = Type::kWord,
                  .description = "bit_flip: one bit is wrong; truncate: the end is missing; "
                                 "replay: an older release is served.",
                  .required = true,
                  .words = words_of(kFaultKinds)},
                 feed_key(),
                 {.name = "target",
                  .type = Type::kWord,
                  .description = "What is damaged: a payload file, the signed package, or the "
                                 "head that names it. Not for replay.",
                  .fallback = "payload",
                  .words = words_of(kFaultTargets)},
                 {.name = "groups",
                  .type = Type::kNames,
                  .description = "The groups that meet it; default: all."},
                 {.name = "share",
                  .type = Type::kShare,
                  .description = "Of the endpoints in those groups.",
                  .fallback = "100%",
                  .above_min = true},
                 {.name = "variants",
                  .type = Type::kInteger,
                  .description = "How many distinct damages there are; an endpoint meets one of "
                                 "them. Not for replay.",
                  .fallback = "8",
                  .min = 1,
                  .max = 1000},
                 {.name = "from",
                  .type = Type::kDuration,
                  .description = "When it begins, since the start.",
                  .fallback = "0s"},
                 {.name = "until",
                  .type = Type::kDuration,
                  .description = "When it ends; default: with the run."},
                 {.name = "replayed",
                  .type = Type::kName,
                  .description = "For replay alone: the id of the release that is served, or "
                                 "\"baseline\"."}}};
    return kTable;
}

const Table& campaign_format() {
    static const Table kTable{
        .name = "campaign",
        .description =
            "A threat: whoever runs content that does not find its sample, or runs "
            "none, is infected at a rate.",
        .keys = {{.name = "id",
                  .type = Type::kName,
                  .description = "Unique; names it in reports.",
                  .required = true},
                 {.name = "sample",
                  .type = Type::kSource,
                  .description = "The file that it carries: under fixtures/samples, or beside "
                                 "this file when it begins with ./",
                  .required = true},
                 {.name = "at",
                  .type = Type::kDuration,
                  .description = "When it begins, since the start.",
                  .required = true},
                 {.name = "until",
                  .type = Type::kDuration,
                  .description = "When it ends; default: with the run."},
                 {.name = "per_hour",
                  .type = Type::kNumber,
                  .description = "Infections per unprotected endpoint and hour online.",
                  .required = true,
                  .max = kMostPerHour,
                  .above_min = true}}};
    return kTable;
}

const Table& measured_format() {
    static const Table kTable{
        .name = "measured",
        .description = "Either `file`, or one measurement in the other keys.",
        .keys = {{.name = "file",
                  .type = Type::kBeside,
                  .description = "Measurements in a file: \"./farm.csv\", with the header "
                                 "release,persona,harm,what,events,hours, or \"./farm.json\", a "
                                 "list of objects with these members. At most 1 MiB."},
                 {.name = "release",
                  .type = Type::kName,
                  .description = "The release that was watched."},
                 {.name = "persona",
                  .type = Type::kName,
                  .description = "The kind of machine that it was watched on."},
                 {.name = "harm",
                  .type = Type::kWord,
                  .description = "What came of it; none: nothing, in all these hours.",
                  .words = harm_names()},
                 {.name = "what",
                  .type = Type::kLine,
                  .description = "What set it off, for people. Not for none."},
                 {.name = "events",
                  .type = Type::kInteger,
                  .description = "How often it came about. Not for none.",
                  .min = 1,
                  .max = kMostEvents},
                 {.name = "hours",
                  .type = Type::kNumber,
                  .description = "Machine-hours that were watched.",
                  .max = kMostHours,
                  .above_min = true}},
        .one_of = {{"file"}, {"release", "persona", "harm", "hours"}}};
    return kTable;
}

const Table& expect_format() {
    static const Table kTable{
        .name = "expect",
        .description = "A metric, a scope, a bound, and when it must hold.",
        .keys = {{.name = "metric",
                  .type = Type::kWord,
                  .description = metrics_in_words(),
                  .required = true,
                  .words = metric_names()},
                 {.name = "group",
                  .type = Type::kName,
                  .description = "The group it is measured in; default: all together."},
                 {.name = "release",
                  .type = Type::kName,
                  .description = "The release it is measured for, where a metric has releases; "
                                 "default: the last of the timeline."},
                 {.name = "part",
                  .description = "One persona, one channel (of signals) or one harm (of harm), "
                                 "where a metric has them."},
                 {.name = "equals", .type = Type::kBound, .description = "Exactly so many."},
                 {.name = "at_most", .type = Type::kBound, .description = "An upper bound."},
                 {.name = "at_least", .type = Type::kBound, .description = "A lower bound."},
                 {.name = "when",
                  .type = Type::kDurationOrWord,
                  .description = "When it must hold: at the end, always, at some time, or at a "
                                 "time since the start.",
                  .fallback = "end",
                  .words = {"end", "always", "eventually"}}},
        .one_of = {{"equals"}, {"at_most"}, {"at_least"}}};
    return kTable;
}

}  // namespace firebreak::scenario
