// What a scenario file says, checked and complete: every default filled in, nothing left to parse.
// Immutable once loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/channel.h"
#include "base/harm.h"
#include "base/metric.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/sim_time.h"
#include "base/working_hours.h"
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

// Whoever decides on a halt once there is reason for one.
enum class Decider : uint8_t { kMachine, kPeople };

// One step of a publication to the public.
struct Step {
    double share = 1;      // of the public endpoints that have it from here on; 0 < share ≤ 1
    base::Duration after;  // since the release went public

    friend bool operator==(const Step&, const Step&) = default;
};

// How releases are staged and halted. The order of groups, the manual promotions and the halt on a
// failure in engineering or internal are the modelled vendor's; the rest is ours (assumed).
struct Policy {
    bool staged = true;  // through engineering and internal; false: everybody at once
    bool gates = true;   // a failure reported from engineering or internal halts the release
    // Promoted by itself after so long in the stage before (its bake time), unless it was halted.
    // nullopt: by hand, by an act.
    std::optional<base::Duration> internal_after, public_after;
    base::Duration public_interval = base::hours(6);  // from one public group to the next
    // In place of one public group after another: growing shares that cut across all of them.
    // Shares and times ascend; the last share is 1.
    std::vector<Step> ramp;
    bool ramp_by_tenant = false;  // whole tenants (they chose the delay), not single endpoints
    base::Duration cdn_ttl = base::minutes(5);  // until every edge serves a changed head
    base::Duration download = {0};              // from asking for a head to having the payload

    Decider halt_by = Decider::kMachine;
    bool withdraw = true;        // a halt also takes back what is on offer
    double halt_share = 0.001;   // of the exposed endpoints in public groups; 0 < share ≤ 1
    uint32_t halt_reports = 10;  // and at least so many failures reported
    bool halt_on_alerts = true;  // refusals count as failures, not crashes alone
    // Sequential tests: the chance that a release without a defect is ever alarmed about in a
    // group, and the excess of events per endpoint-hour that is worth finding. nullopt: no tests.
    std::optional<double> false_alarms;
    double worth_finding_per_h = 1e-4;

    friend bool operator==(const Policy&, const Policy&) = default;
};

// Those who decide at the vendor (assumed).
struct People {
    base::WorkingHours hours;
    base::Duration response = base::minutes(20);  // from an alarm to the decision, in office hours
    base::Duration on_call = base::minutes(90);   // the same out of office hours
    double overlook = 0.05;                       // an alarm is missed, and looked at a day later
    base::Duration investigation = base::hours(4);  // working time until blame is clear
    bool resume = true;  // a release that turns out to be harmless goes on

    friend bool operator==(const People&, const People&) = default;
};

// Those who mend machines by hand, at each tenant, and the repair kit (assumed).
struct Crew {
    base::WorkingHours hours;
    uint32_t endpoints_per_technician = 500;        // each tenant has one at least
    base::Duration repair = base::minutes(30);      // working time for one machine
    base::Duration repair_kit = base::hours(24);    // from the first harm of its kind to a kit
    base::Duration reboot_every = base::hours(72);  // mean time from one reboot to the next

    friend bool operator==(const Crew&, const Crew&) = default;
};

// A threat that begins to go round. An endpoint whose running content does not find the sample (or
// that runs none) is infected at a rate.
struct Campaign {
    std::string id;                // unique
    std::filesystem::path sample;  // a file under fixtures/samples, or ./… beside the scenario
    Place sample_place;
    base::SimTime at;
    base::SimTime until;  // default: the end of the run
    double per_hour = 0;  // per unprotected endpoint-hour online; 0 < per_hour ≤ 3600
    Place place;

    friend bool operator==(const Campaign&, const Campaign&) = default;
};

// What a release did on a persona as measured elsewhere (a farm of Windows machines, say): stands
// in place of the workload's assay. From CSV or JSON.
struct Measurement {
    std::string release;  // id
    std::string persona;
    base::Harm harm = base::Harm::kNone;  // kNone: nothing happened in all these hours
    std::string what;                     // what set it off, for people
    uint64_t events = 0;                  // 0 for kNone
    double hours = 0;                     // machine-hours that were watched; > 0
    Place place;

    friend bool operator==(const Measurement&, const Measurement&) = default;
};

// A setting as it is in force, for reports: every number that a run depends on.
struct Setting {
    std::string section, key;  // "policy", "halt.share"; "signal.telemetry", "delay"
    std::string value;         // "0.1%", "15m"
    bool given = false;        // by the scenario or the command line; else a default
    std::string source;        // of a default: "assumed", "published: …"; "" if given

    friend bool operator==(const Setting&, const Setting&) = default;
};

// Content that every endpoint runs when the run begins, signed a day before.
struct Baseline {
    content::Feed feed = content::Feed::kDatasetA;
    std::string version;
    // As written: under fixtures/content, or ./… beside the scenario. (Inherited ./… paths are
    // rewritten so that they lead to the same folder from here.)
    std::filesystem::path source;
    Place source_place;
    std::vector<std::filesystem::path> with;  // likewise: folders whose files join them
    Place place;

    friend bool operator==(const Baseline&, const Baseline&) = default;
};

// kPlant: an attacker's. The vendor never publishes it; only a fault serves it.
enum class ReleaseKind : uint8_t { kUpdate, kFix, kPlant };

// Whose key a package is signed with: the vendor's own for the feed (which an attacker may have
// stolen), another feed's of the vendor's, or one that nobody should accept.
enum class SignedBy : uint8_t {
    kVendor,
    kOtherFeed,   // the vendor's signer of another feed
    kOtherRoot,   // a whole chain of the attacker's own
    kWrongUsage,  // the vendor's chain, not for signing code
    kExpired,     // the vendor's chain, over before the signing time
    kNobody,      // the signature is cut off
};

struct Release {
    std::string id;  // unique; names it in acts and expectations
    content::Feed feed = content::Feed::kDatasetA;
    std::string version;  // unique per feed, baseline included; default: the id
    std::filesystem::path source;
    Place source_place;
    std::vector<std::filesystem::path> with;  // likewise: folders whose files join them
    base::SimTime at;  // signed and published to the engineering group; a plant: exists from then
    // By an act, at its time, in place of `at`. Numbered after all others, so that those keep their
    // numbers when somebody releases something that was not planned.
    bool by_hand = false;
    // In place of `at`: made once that release is halted, so long after the halt. If it never is,
    // this one never comes.
    std::optional<std::string> fixes;
    base::Duration after_halt;
    ReleaseKind kind = ReleaseKind::kUpdate;  // a fix does not count as exposure
    bool expedited = false;  // published to all groups at once, past gates and promotions
    std::string platform = "any";
    std::vector<std::string> only_groups;    // the manifest binds it to these; empty: all
    std::optional<base::UtcTime> signed_at;  // default: calendar time of `at`
    SignedBy signed_by = SignedBy::kVendor;
    Place place;

    friend bool operator==(const Release&, const Release&) = default;
};

// kHalt ends publication (and takes back what is on offer, by policy); kWithdraw takes it back in
// any case; kResume goes on with a halted release; kRelease is of one that comes by hand.
enum class ActKind : uint8_t {
    kPromoteToInternal,
    kPromoteToPublic,
    kHalt,
    kWithdraw,
    kResume,
    kRelease
};

// What an operator does at a given time.
struct Act {
    base::SimTime at;
    ActKind kind = ActKind::kHalt;
    std::string release;  // id
    // Was done while a run went on: whether it can do anything is not asked beforehand, and what
    // else is due at its time comes first.
    bool by_hand = false;
    Place place;

    friend bool operator==(const Act&, const Act&) = default;
};

enum class FaultKind : uint8_t {
    kBitFlip,
    kTruncate,
    kReplay,      // another package is served: an older one, or an attacker's
    kFreeze,      // what was served when the fault began is served for ever
    kCrossGroup,  // what another group is offered
    kMissing,
    kBlackHole,
    kEndless,
    kInflate,
    kSlow,
    kWrongClock,
    kStateLost,
    kStoreFull,
    kStoreReadOnly,
};
// In the order of faults::FaultTarget.
enum class FaultTarget : uint8_t {
    kPayload,
    kPackage,
    kSignature,
    kChain,
    kManifest,
    kLength,
    kEncoding,
    kHead,
    kSet,
};

// What goes wrong between the CDN and endpoints, or on the endpoint around its update client.
struct Fault {
    FaultKind kind = FaultKind::kBitFlip;
    // Whose files; nullopt: every feed's. Never for kWrongClock and what follows it.
    std::optional<content::Feed> feed;
    FaultTarget target = FaultTarget::kPayload;  // kBitFlip, kTruncate, kMissing, kEndless … kSlow
    std::string replayed;    // kReplay: the release id, or "baseline", that is served; needs a feed
    std::string from_group;  // kCrossGroup
    // kReplay: of the vendor's head keys, so many are the attacker's. 0 to 3.
    uint32_t stolen_heads = 0;
    base::Duration shift;             // kWrongClock: ahead, or behind if negative
    std::optional<uint32_t> edge;     // only this edge of the CDN is bad, 1 to [update] edges
    std::vector<std::string> groups;  // empty: all
    double share = 1;                 // of the endpoints in those groups; 0 < share ≤ 1
    // kBitFlip, kTruncate: distinct damages, of which an endpoint meets one; 1 to 1000.
    uint32_t variants = 8;
    // kBitFlip, kTruncate: in place of drawn ones, this byte of the target; there is one variant
    // then.
    std::optional<uint64_t> byte;
    uint8_t bit = 0;  // kBitFlip with a byte: this bit of it, 0 to 7
    base::SimTime from;
    base::SimTime until;  // default: the end of the run
    Place place;

    friend bool operator==(const Fault&, const Fault&) = default;
};

enum class Profile : uint8_t { kPublished, kHardened };
inline constexpr size_t kProfiles = 2;

// The content channel: what update clients check, and how content gets to them.
struct Update {
    Profile profile = Profile::kPublished;
    uint32_t edges = 1;  // of the CDN; 1 to 8
    // From a changed head to every edge's having let go of its copy; default: policy.cdn_ttl.
    std::optional<base::Duration> invalidation;
    bool http = false;                     // assays speak real HTTP to a real server on loopback
    std::string platform = "windows-x64";  // of the endpoints
    base::Duration head_valid = base::hours(24);   // signed heads (hardened)
    base::Duration head_refresh = base::hours(6);  // … are signed anew; less than head_valid

    friend bool operator==(const Update&, const Update&) = default;
};

enum class Comparison : uint8_t { kEquals, kAtMost, kAtLeast };
enum class When : uint8_t { kEnd, kAlways, kEventually, kAt };

struct Expectation {
    base::Metric metric = base::Metric::kAffected;
    std::optional<std::string> group;  // nullopt: all groups together
    // Metrics per release; default: the timeline's last that is no plant and does not come by hand.
    std::optional<std::string> release;
    std::optional<std::string> part;  // persona, channel or harm, by the metric's Part
    Comparison comparison = Comparison::kEquals;
    double bound = 0;       // in the metric's unit (seconds for durations)
    bool is_share = false;  // bound is a share (0 to 1) of the scope's endpoints
    When when = When::kEnd;
    base::SimTime at;  // When::kAt
    // Counts under this profile alone; nullopt: under either. Those of a profile that the run does
    // not have are left out of Experiment::expectations.
    std::optional<Profile> profile;
    std::string text;  // "affected in public-2: at most 0, always"; unique within its list
    Place place;

    friend bool operator==(const Expectation&, const Expectation&) = default;
};

// What an attack on the content channel must come to.
enum class Standing : uint8_t { kHeld, kContained, kFell };

// Makes the scenario a row of the attack matrix. Of the conditions, "held" must all be true for the
// attack to have been held; failing that, "contained" all true for it to have been contained; else
// the channel fell. Without a condition for "contained" it is held or fell.
struct Attack {
    std::string row;                // of the published lists of attacks: "rollback"
    std::string aim;                // what the attacker wants, for people
    std::vector<Expectation> held;  // at least one
    std::vector<Expectation> contained;
    std::map<Profile, Standing> expected;  // under each profile
    Place place;

    friend bool operator==(const Attack&, const Attack&) = default;
};

enum class Cloud : uint8_t { kOff, kOn, kUnreachable };

// How endpoints run the scanner.
struct Protection {
    bool hold = false;   // files that nothing can scan
    uint32_t kills = 2;  // of the scanner, until content goes into quarantine
    Cloud cloud = Cloud::kOff;
    uint32_t cloud_latency_ms = 40;
    std::map<base::Sha256, uint8_t> cloud_known;  // reputations of files
    bool cloud_overrules = false;                 // what the installed table knows to be bad

    friend bool operator==(const Protection&, const Protection&) = default;
};

// What an exit status of somebody's scanner says.
enum class ScannerAnswer : uint8_t { kClean, kDetected, kFailed };

// Somebody's own scanner, which takes the place of the built-in one: a program of the machine that
// the lab runs on. endpoint/external/README.md has the contract.
struct ExternalScanner {
    std::string command;  // an absolute path
    std::string package;  // Debian's that brings it, to be named where it is missing; "": not said
    std::vector<std::string> check, scan;  // arguments
    std::vector<std::string> binds;        // absolute paths
    std::vector<std::string> environment;  // "LANG=C"
    std::map<int, ScannerAnswer> exit_codes;
    std::vector<std::string> rule_lines, error_lines, memory_lines;  // RE2
    uint32_t memory_mib = 1024;
    base::Duration cpu = {10}, wall = {60};
    uint32_t output_kib = 1024;
    uint32_t processes = 1;
    uint32_t scratch_mib = 0;
    Place place;

    friend bool operator==(const ExternalScanner&, const ExternalScanner&) = default;
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
    base::Channels signals = base::usual_channels();
    People people;
    Crew crew;
    std::map<base::Harm, base::Recovery> recovery;  // in place of the usual ones
    std::set<content::Feed> kernel;  // feeds whose component loads in the kernel: a crash is a
                                     // boot loop
    std::optional<std::filesystem::path> keys;  // a folder of keys in place of fixtures/keys
    Update update;
    uint32_t required_layers = 0;  // of the sandbox (base/sandbox_layers.h), beside the minimum
    Protection protection;
    std::optional<ExternalScanner> scanner;  // nullopt: the built-in one
    std::vector<Baseline> baseline;
    // In order of time, then of the file; then those that wait for a halt; then those by hand.
    std::vector<Release> releases;
    std::vector<Act> acts;  // likewise
    std::vector<Fault> faults;
    std::vector<Campaign> campaigns;
    std::vector<Measurement> measurements;
    std::vector<Setting> settings;  // all of them, in the order of the file format
    std::vector<Expectation> expectations;
    std::optional<Attack> attack;
    std::optional<std::string> fingerprint;  // golden: the run must have it
    std::string toml;  // the file as resolved, extends merged in: loads to an equal Experiment

    friend bool operator==(const Experiment&, const Experiment&) = default;
};

inline constexpr int64_t kMaxEndpoints = 20'000'000;
// The lab decides in slices of this length, so no signal may be faster.
inline constexpr base::Duration kSlice = base::minutes(5);
inline constexpr int kMaxAncestors = 8;  // by way of `extends`

// Errors name file:line:column, what was expected, and the nearest valid key or name.
// `overrides`: "policy.cdn_ttl=10m", in place of what the file says; the value is TOML, or a bare
// word taken as a string.
base::Result<Experiment> load(const std::filesystem::path& file,
                              std::span<const std::string> overrides = {});
// The same from text; `file` serves messages and relative paths.
base::Result<Experiment> parse(std::string_view text, const std::filesystem::path& file);

}  // namespace firebreak::scenario
