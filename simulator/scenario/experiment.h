// What a scenario file says, checked and complete: every default filled in, nothing left to parse.
// Immutable once loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/metric.h"
#include "base/result.h"
#include "base/sim_time.h"
#include "content/catalogue.h"

namespace firebreak::scenario {

// Every record remembers where it stands ("scenarios/fast/a.toml:12:1"), for errors that only show
// later, when the lab resolves names of files.
using Place = std::string;

enum class GroupStage : uint8_t { kEngineering, kInternal, kPublic };

// A release group. Order in the file is order of release: engineering, internal, then public ones.
struct Group {
    std::string name;
    GroupStage stage = GroupStage::kPublic;
    uint32_t endpoints = 0;                  // 1 to 20,000,000
    uint32_t tenants = 1;                    // each in this group alone; 1 to 65,535
    std::map<std::string, double> personas;  // name → weight > 0
    Place place;

    friend bool operator==(const Group&, const Group&) = default;
};

// How releases are staged and halted. Defaults are ours (assumed), the order of groups and the
// manual promotions are the modelled vendor's.
struct Policy {
    bool gates = true;  // a failure in engineering or internal halts the release
    base::Duration public_interval = base::hours(6);  // from one public group to the next
    base::Duration cdn_ttl = base::minutes(5);        // until every edge serves a changed head
    base::Duration alert_delay = base::minutes(5);    // from the endpoint's contact to the vendor
    base::Duration crash_report_delay = base::minutes(15);
    double halt_share = 0.001;   // of the exposed endpoints in public groups; 0 < share ≤ 1
    uint32_t halt_reports = 10;  // and at least so many failures reported
    bool halt_on_alerts = true;  // refusals count as failures, not crashes alone

    friend bool operator==(const Policy&, const Policy&) = default;
};

// Content that every endpoint runs when the run begins, signed a day before.
struct Baseline {
    content::Feed feed = content::Feed::kDatasetA;
    std::string version;
    // As written: under fixtures/content, or ./… beside the scenario. (Inherited ./… paths are
    // rewritten so that they lead to the same folder from here.)
    std::filesystem::path source;
    Place place;

    friend bool operator==(const Baseline&, const Baseline&) = default;
};

enum class ReleaseKind : uint8_t { kUpdate, kFix };

struct Release {
    std::string id;  // unique; names it in acts and expectations
    content::Feed feed = content::Feed::kDatasetA;
    std::string version;  // unique per feed, baseline included; default: the id
    std::filesystem::path source;
    base::SimTime at;                         // signed and published to the engineering group
    ReleaseKind kind = ReleaseKind::kUpdate;  // a fix does not count as exposure
    bool expedited = false;  // published to all groups at once, past gates and promotions
    Place place;

    friend bool operator==(const Release&, const Release&) = default;
};

enum class ActKind : uint8_t { kPromoteToInternal, kPromoteToPublic, kHalt };

// What an operator does at a given time.
struct Act {
    base::SimTime at;
    ActKind kind = ActKind::kHalt;
    std::string release;  // id
    Place place;

    friend bool operator==(const Act&, const Act&) = default;
};

enum class FaultKind : uint8_t { kBitFlip, kTruncate, kReplay };
enum class FaultTarget : uint8_t { kPayload, kPackage, kHead };

// What happens to bytes between the CDN and endpoints.
struct Fault {
    FaultKind kind = FaultKind::kBitFlip;
    content::Feed feed = content::Feed::kDatasetA;
    FaultTarget target = FaultTarget::kPayload;  // kBitFlip, kTruncate
    std::string replayed;             // kReplay: the release id, or "baseline", that is served
    std::vector<std::string> groups;  // empty: all
    double share = 1;                 // of the endpoints in those groups; 0 < share ≤ 1
    uint32_t variants = 8;            // distinct damages; an endpoint meets one of them; 1 to 1000
    base::SimTime from;
    base::SimTime until;  // default: the end of the run
    Place place;

    friend bool operator==(const Fault&, const Fault&) = default;
};

enum class Comparison : uint8_t { kEquals, kAtMost, kAtLeast };
enum class When : uint8_t { kEnd, kAlways, kEventually, kAt };

struct Expectation {
    base::Metric metric = base::Metric::kAffected;
    std::optional<std::string> group;    // nullopt: all groups together
    std::optional<std::string> release;  // metrics per release; default: the timeline's last
    Comparison comparison = Comparison::kEquals;
    double bound = 0;       // in the metric's unit (seconds for durations)
    bool is_share = false;  // bound is a share (0 to 1) of the scope's endpoints
    When when = When::kEnd;
    base::SimTime at;  // When::kAt
    std::string text;  // "affected in public-2: at most 0, always"; unique within a scenario
    Place place;

    friend bool operator==(const Expectation&, const Expectation&) = default;
};

struct Experiment {
    std::filesystem::path file;
    std::string name;  // the file's stem
    std::string title;
    std::string description;
    std::vector<std::string> tags;
    uint64_t seed = 1;
    base::UtcTime start;  // calendar time of the run's first second
    base::Duration duration;
    std::vector<Group> groups;
    Policy policy;
    std::vector<Baseline> baseline;
    std::vector<Release> releases;  // in order of time, then of the file
    std::vector<Act> acts;          // likewise
    std::vector<Fault> faults;
    std::vector<Expectation> expectations;
    std::optional<std::string> fingerprint;  // golden: the run must have it
    std::string toml;  // the file as resolved, extends merged in: loads to an equal Experiment

    friend bool operator==(const Experiment&, const Experiment&) = default;
};

inline constexpr int64_t kMaxEndpoints = 20'000'000;
// The lab decides in slices of this length, so no signal may be faster.
inline constexpr base::Duration kSlice = base::minutes(5);
inline constexpr int kMaxAncestors = 8;  // by way of `extends`

// Errors name file:line:column, what was expected, and the nearest valid key or name.
base::Result<Experiment> load(const std::filesystem::path& file);
// The same from text; `file` serves messages and relative paths.
base::Result<Experiment> parse(std::string_view text, const std::filesystem::path& file);

}  // namespace firebreak::scenario
