// What a run file holds, in memory. Plain values: written by the lab, read by checks and reports.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/metric.h"
#include "base/outcome.h"
#include "base/sim_time.h"

namespace firebreak::record {

inline constexpr int32_t kAll = -1;  // in place of a group's or a release's number

struct Group {
    std::string name, stage;
    uint32_t endpoints = 0;
    uint32_t tenants = 0;

    friend bool operator==(const Group&, const Group&) = default;
};

struct Persona {
    std::string name, title, windows_build;
    uint64_t endpoints = 0;  // of it in the fleet

    friend bool operator==(const Persona&, const Persona&) = default;
};

// A number that the run depended on.
struct Setting {
    std::string section, key, value;
    bool given = false;  // by the scenario; else a default
    std::string source;  // of a default: "assumed", "published: …"

    friend bool operator==(const Setting&, const Setting&) = default;
};

// A stage of a release's way: what is looked at there, and how small a defect it can find.
struct Stage {
    std::string name;    // "engineering", "public-1", "public, 10 %"
    std::string checks;  // what was verified there, in words
    uint64_t endpoints = 0;
    base::Duration bake;                // until the next stage begins, at the earliest
    double endpoint_hours = 0;          // expected online within the bake time
    std::optional<double> finds_per_h;  // smallest defect rate found with 95 % within it, events
                                        // per endpoint-hour; nullopt: nothing is found there
    std::vector<std::string> first_seen_here;  // personas, drivers, versions no earlier stage has

    friend bool operator==(const Stage&, const Stage&) = default;
};

// What falls together: the feeds whose components share a process.
struct FaultDomain {
    std::string process;  // "file scanner (SophosFileScanner)"
    std::string context;  // "user space", "kernel"
    std::vector<std::string> feeds;
    std::string exits;  // what a crash means: "restarts on last-known-good", "boot loop"

    friend bool operator==(const FaultDomain&, const FaultDomain&) = default;
};

// Totals of one tenant of a group; only those to which something happened.
struct Tenant {
    uint32_t number = 0;
    int32_t group = 0;
    uint32_t endpoints = 0, exposed = 0, affected = 0, refused = 0, lost = 0, infected = 0;
    std::optional<base::SimTime> first_affected, last_recovered;

    friend bool operator==(const Tenant&, const Tenant&) = default;
};

struct Release {
    std::string name, feed, version, kind;
    base::SimTime at;
    std::string manifest;  // SHA-384, hex

    friend bool operator==(const Release&, const Release&) = default;
};

enum class Comparison : uint8_t { kEquals, kAtMost, kAtLeast };
enum class Moment : uint8_t { kEnd, kAlways, kEventually, kAt };

struct Expectation {
    base::Metric metric = base::Metric::kAffected;
    int32_t group = kAll;
    int32_t release = kAll;
    int32_t part = kAll;  // of the metric's Part: number of a persona, channel or harm
    Comparison comparison = Comparison::kEquals;
    double bound = 0;       // in the metric's unit; a share (0 to 1) if is_share
    bool is_share = false;  // of the scope's endpoints
    Moment moment = Moment::kEnd;
    base::SimTime at;     // Moment::kAt
    std::string text;     // in words
    std::string place;    // file:line:column
    bool attack = false;  // no bound on a metric: that header.attack comes to what it should

    friend bool operator==(const Expectation&, const Expectation&) = default;
};

// What becomes of an attack on the content channel.
enum class Standing : uint8_t { kHeld, kContained, kFell };

// A row of the attack matrix, under one profile. Held: all of `held` are true. Contained: not that,
// but all of `contained`, and there are some. Fell: neither.
struct Attack {
    std::string row, aim, profile;
    Standing expected = Standing::kHeld;
    std::vector<Expectation> held, contained;

    friend bool operator==(const Attack&, const Attack&) = default;
};

// What is known before the first second.
struct Header {
    std::string name, title, description;
    // The resolved TOML with what was done by hand, names beside it as seen from the run file:
    // enough to run it again.
    std::string scenario;
    std::string version;   // of Firebreak
    std::string notes;     // layers of the sandbox, bounds that sampled variants support, …
    uint64_t seed = 0;
    base::UtcTime start;
    base::Duration duration;
    std::vector<Group> groups;
    std::vector<Release> releases;
    std::vector<Persona> personas;
    std::vector<Setting> settings;
    std::vector<Stage> stages;
    std::vector<FaultDomain> fault_domains;
    std::vector<Expectation> expectations;  // one with `attack` where there is an attack
    std::optional<Attack> attack;
};

struct Command {
    base::SimTime at;
    std::string origin, kind;  // "scenario" or "operator"; "promote to internal", "fault"
    int32_t release = kAll;
    std::string result;  // "done", or why not

    friend bool operator==(const Command&, const Command&) = default;
};

struct TimelineEntry {
    base::SimTime at;
    // "act" and "refused" (commands), "publication", "alarm", "halt", "resume", "withdrawal",
    // "blame" (what an investigation found), "fault", "fault_over", "refusal", "harm", "signal",
    // "campaign", "recovery"
    std::string kind;
    int32_t group = kAll;
    int32_t release = kAll;
    std::string text;

    friend bool operator==(const TimelineEntry&, const TimelineEntry&) = default;
};

// What a model said of one of a machine's own programs.
struct ModelScore {
    int32_t release = kAll;      // whose models run there; kAll: the baseline's
    std::string program, where;  // its SHA-256 in hex, and the file in which it was met
    std::string model, version;
    bool telemetry = false;       // nothing acts on it
    std::optional<double> score;  // 0 to 1; nullopt: it gave none
    double threshold = 0;         // the model's: at or above it, it says malicious
    std::string refusal;          // why it gave none

    friend bool operator==(const ModelScore&, const ModelScore&) = default;
};

// What a rule did in a persona's day. Its cost differs from run to run, and is for people.
struct RuleUse {
    int32_t release = kAll;  // whose rule it is; kAll: the baseline's
    std::string feed, rule;
    uint64_t calls = 0, errors = 0, detections = 0;
    bool disabled = false;  // it handled nothing any more
    uint64_t nanoseconds = 0, memory_bytes = 0;

    friend bool operator==(const RuleUse&, const RuleUse&) = default;
};

// What became of that day's events of one kind before rules saw them.
struct SensorUse {
    std::string kind;
    uint64_t in = 0, merged = 0, dropped = 0, delivered = 0;

    friend bool operator==(const SensorUse&, const SensorUse&) = default;
};

// What application detection left unscanned on a persona's machine, or was asked to and refused: as
// Central shows it to the tenant's administrator.
struct ExclusionUse {
    int32_t release = kAll;  // whose rule it is; kAll: the baseline's
    std::string feed, application, rule, path, kind;
    std::string refusal;  // not empty: refused, and why

    friend bool operator==(const ExclusionUse&, const ExclusionUse&) = default;
};

struct Assay {
    base::SimTime at;       // when it was first needed
    bool imported = false;  // measured elsewhere, in place of an assay
    std::string state_before, stimulus, stage, category, code, evidence;
    double cost_ms = 0;
    std::string json;
    std::vector<ModelScore> scores;  // a program may have been met, and scored, twice
    std::vector<RuleUse> rules;
    std::vector<SensorUse> sensors;
    std::vector<ExclusionUse> exclusions;

    friend bool operator==(const Assay&, const Assay&) = default;
};

// One metric of one scope: steps at which its value changed, ascending in time.
struct SeriesKey {
    base::Metric metric = base::Metric::kExposed;
    int32_t group = kAll;
    int32_t release = kAll;
    int32_t part = kAll;
    friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};
struct Point {
    base::SimTime at;
    double value = 0;
    friend bool operator==(const Point&, const Point&) = default;
};
using Series = std::map<SeriesKey, std::vector<Point>>;

struct TallyKey {
    int32_t group = kAll;
    int32_t release = kAll;
    base::Category category = base::Category::kNothingNew;
    base::Code code = base::Code::kNone;
    friend auto operator<=>(const TallyKey&, const TallyKey&) = default;
};
using Tally = std::map<TallyKey, uint64_t>;

enum class RunStatus : uint8_t { kFinished, kInterrupted };

// What is known at the end.
struct Summary {
    std::string fingerprint;
    double wall_s = 0;
    uint64_t polls = 0;
    uint32_t tenants_alerted = 0;
    friend bool operator==(const Summary&, const Summary&) = default;
};

struct Run {
    Header header;
    RunStatus status = RunStatus::kInterrupted;
    base::SimTime reached;  // the last moment that was recorded
    std::vector<Command> commands;
    std::vector<TimelineEntry> timeline;
    std::vector<Assay> assays;
    Series series;
    Tally tally;
    std::vector<Tenant> tenants;
    Summary summary;  // kFinished only
};

// The last value at or before `at`; nullopt if there is none yet.
std::optional<double> value_at(const Series& series, const SeriesKey& key, base::SimTime at);

}  // namespace firebreak::record
