// The root, the tables that say who is in a run, and those that say what must come of it. Settings:
// settings_format.cpp; what happens: timeline_format.cpp.
#include "scenario/format.h"

#include <fmt/format.h>

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
        {.name = "update", .type = Type::kTable, .table = &update_format()},
        {.name = "sandbox", .type = Type::kTable, .table = &sandbox_format()},
        {.name = "protection", .type = Type::kTable, .table = &protection_format()},
        {.name = "scanner", .type = Type::kTable, .table = &scanner_format()},
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
         .description = "Content that the vendor publishes during the run, or that an attacker "
                        "plants.",
         .table = &release_format()},
        {.name = "act",
         .type = Type::kTables,
         .description = "What an operator does.",
         .table = &act_format()},
        {.name = "fault",
         .type = Type::kTables,
         .description = "What goes wrong between the CDN and endpoints, or on the endpoint around "
                        "its update client.",
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
        {.name = "attack", .type = Type::kTable, .table = &attack_format()},
        {.name = "expect",
         .type = Type::kTables,
         .description = "What the run must show. Without any, a run proves nothing.",
         .table = &expect_format()},
        {.name = "fingerprint",
         .type = Type::kFingerprint,
         .description = "The fingerprint that the run must have, copied from a report."},
    };
}

std::vector<Key> keys_of_a_condition() {
    return {{.name = "metric",
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
             .words = {"end", "always", "eventually"}}};
}

std::vector<std::vector<std::string>> bounds() {
    return {{"equals"}, {"at_most"}, {"at_least"}};
}

const Table& standings_format() {
    static const Table kTable = [] {
        Table out{.name = "standings",
                  .description =
                      "What must come of the attack under each profile: held, "
                      "contained, or fell.",
                  .keys = {}};
        for (const auto& [name, profile] : kProfileNames) {
            out.keys.push_back({.name = std::string(name),
                                .type = Type::kWord,
                                .description = fmt::format("Under the {} profile.", name),
                                .required = true,
                                .words = words_of(kStandings)});
        }
        return out;
    }();
    return kTable;
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

const Table& attack_format() {
    static const Table kTable{
        .name = "attack",
        .description =
            "Makes the scenario a row of the attack matrix, which a suite runs once "
            "under each profile.",
        .keys = {{.name = "row",
                  .type = Type::kLine,
                  .description = "The attack, as the published lists call it: rollback.",
                  .required = true},
                 {.name = "aim",
                  .type = Type::kLine,
                  .description = "What the attacker wants, for people.",
                  .required = true},
                 {.name = "held",
                  .type = Type::kTables,
                  .description = "The attack was held if all of these are true. At least one.",
                  .required = true,
                  .table = &condition_format()},
                 {.name = "contained",
                  .type = Type::kTables,
                  .description = "Failing that, it was contained if all of these are true, and "
                                 "else the channel fell. Without any, it is held or fell.",
                  .table = &condition_format()},
                 {.name = "expect",
                  .type = Type::kTable,
                  .required = true,
                  .table = &standings_format()}}};
    return kTable;
}

const Table& condition_format() {
    static const Table kTable{.name = "condition",
                              .description = "A metric, a scope, a bound, and when it must hold.",
                              .keys = keys_of_a_condition(),
                              .one_of = bounds()};
    return kTable;
}

const Table& expect_format() {
    static const Table kTable = [] {
        Table out{.name = "expect",
                  .description = "A metric, a scope, a bound, and when it must hold.",
                  .keys = keys_of_a_condition(),
                  .one_of = bounds()};
        out.keys.push_back({.name = "profile",
                            .type = Type::kWord,
                            .description = "It counts only where [update] has this profile; "
                                           "default: under either.",
                            .words = words_of(kProfileNames)});
        return out;
    }();
    return kTable;
}

}  // namespace firebreak::scenario
