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
};

struct Release {
    std::string name, feed, version, kind;
    base::SimTime at;
    std::string manifest;  // SHA-384, hex
};

enum class Comparison : uint8_t { kEquals, kAtMost, kAtLeast };
enum class Moment : uint8_t { kEnd, kAlways, kEventually, kAt };

struct Expectation {
    base::Metric metric = base::Metric::kAffected;
    int32_t group = kAll;
    int32_t release = kAll;
    Comparison comparison = Comparison::kEquals;
    double bound = 0;       // in the metric's unit; a share (0 to 1) if is_share
    bool is_share = false;  // of the scope's endpoints
    Moment moment = Moment::kEnd;
    base::SimTime at;   // Moment::kAt
    std::string text;   // in words
    std::string place;  // file:line:column
};

// What is known before the first second.
struct Header {
    std::string name, title, description;
    std::string scenario;  // the resolved TOML: enough to run it again
    std::string version;   // of Firebreak
    std::string notes;     // layers of the sandbox, bounds that sampled variants support, …
    uint64_t seed = 0;
    base::UtcTime start;
    base::Duration duration;
    std::vector<Group> groups;
    std::vector<Release> releases;
    std::vector<Expectation> expectations;
};

struct Command {
    base::SimTime at;
    std::string origin, kind;  // "scenario" or "operator"; "promote to internal"
    int32_t release = kAll;
    std::string result;  // "done", or why not
};

struct TimelineEntry {
    base::SimTime at;
    // "act" and "refused" (commands), "publication", "halt", "fault", "refusal", "harm", "signal"
    std::string kind;
    int32_t group = kAll;
    int32_t release = kAll;
    std::string text;
};

struct Assay {
    base::SimTime at;  // when it was first needed
    std::string state_before, stimulus, stage, category, code, evidence;
    double cost_ms = 0;
    std::string json;
};

// One metric of one scope: steps at which its value changed, ascending in time.
struct SeriesKey {
    base::Metric metric = base::Metric::kExposed;
    int32_t group = kAll;
    int32_t release = kAll;
    friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};
struct Point {
    base::SimTime at;
    double value = 0;
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
    Summary summary;  // kFinished only
};

// The last value at or before `at`; nullopt if there is none yet.
std::optional<double> value_at(const Series& series, const SeriesKey& key, base::SimTime at);

}  // namespace firebreak::record
