// What the protection service and its sandboxed rule engine say to each other. Parsers of both
// directions take any bytes at all: a wrong message is an error, never a crash.
//
// A process is loaded once, ProductRules first, then Behavior; then it handles events. What kills
// it is known by the request that it died of.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "endpoint/rules/loading.h"

namespace firebreak::endpoint::behavior {

using rules::encode;
using rules::kMaxMessageBytes;
using rules::kMaxNameBytes;
using rules::kMaxRuleFiles;
using rules::LoadReply;
using rules::parse_load_reply;
inline constexpr size_t kMaxDetections = 65'536;  // of one batch of events, like all that follow
inline constexpr size_t kMaxEvidence = 8;         // pairs of one detection
inline constexpr size_t kMaxEvidenceBytes = 512;
inline constexpr size_t kMaxScans = 2048;
inline constexpr size_t kMaxNotes = 65'536;
inline constexpr size_t kMaxSensors = 64;  // more than there are kinds of events
inline constexpr size_t kMaxReputations = 65'536;
inline constexpr size_t kCostBuckets = 24;

// Append only: numbers are stored in run files.
enum class Severity : uint8_t { kInfo = 0, kLow = 1, kMedium = 2, kHigh = 3, kCritical = 4 };
std::string_view to_text(Severity severity);  // "high"
std::optional<Severity> find_severity(std::string_view name);

enum class RuleFeed : uint8_t { kProductRules = 0, kBehavior = 1 };

// --- requests. Views are into the bytes that they were parsed from.

struct LoadRules {
    using File = rules::RuleFile;
    RuleFeed feed = RuleFeed::kProductRules;
    std::vector<File> files;
    bool tried = false;  // these very rules hold to their examples: they are not tried again
};

// A host::EventLog, in its own encoding: what happened since the last request, in order of time.
struct HandleEvents {
    struct Reputation {
        uint32_t process = 0;
        uint8_t score = 0;  // 0 to 100: as the process was tagged when it started
    };
    base::ByteView log;
    bool last = false;                    // nothing follows: what sensors hold is delivered, too
    std::vector<Reputation> reputations;  // of processes that start in it; at most kMaxReputations
};

// What came of a scan that a rule has asked for.
struct TellScan {
    uint32_t number = 0;  // of the request
    bool scanned = false;
    bool detected = false;
    std::string found;                  // what detected something; "" for none
    std::optional<uint8_t> reputation;  // 0 to 100
};

// What each rule has cost so far.
struct TellCosts {};

using Request = std::variant<LoadRules, HandleEvents, TellScan, TellCosts>;

// --- replies, beside LoadReply

struct Detection {
    std::string rule;       // its id
    std::string technique;  // of MITRE ATT&CK: "T1059.001"; "" for none
    Severity severity = Severity::kMedium;
    uint32_t process = 0;
    int64_t at_ms = 0;
    std::vector<std::pair<std::string, std::string>> evidence;
    friend bool operator==(const Detection&, const Detection&) = default;
};

struct ScanWanted {
    uint32_t number = 0;
    std::string rule;
    std::string path;
};

// What happened to a rule itself.
struct RuleNote {
    enum class What : uint8_t {
        kError = 0,       // a handler failed
        kDeadline = 1,    // it ran for too long
        kMemory = 2,      // it had more than its memory
        kOverBudget = 3,  // it costs more than its share: the next time it is disabled
        kDisabled = 4,    // it handles nothing any more
    } what = What::kError;
    std::string rule;
    std::string message;
    friend bool operator==(const RuleNote&, const RuleNote&) = default;
};
std::string_view to_text(RuleNote::What what);  // "error"

// Of one kind of events, since the process was loaded.
struct SensorCount {
    std::string kind;
    uint64_t in = 0, merged = 0, dropped = 0, delivered = 0;
};

struct EventReply {
    std::vector<Detection> detections;
    std::vector<ScanWanted> scans;
    std::vector<RuleNote> notes;
    uint64_t left_out = 0;  // beyond a rule's share: detections, scans, notes and tags
    uint64_t handled = 0;   // calls of handlers
};

struct RuleCost {
    std::string rule;
    RuleFeed feed = RuleFeed::kBehavior;
    uint64_t calls = 0;
    uint64_t errors = 0;
    uint64_t detections = 0;
    uint64_t nanoseconds = 0;                           // of all calls
    std::array<uint64_t, kCostBuckets> histogram = {};  // calls that took up to 2^n ns
    uint64_t memory_bytes = 0;                          // now
    bool disabled = false;
};

struct CostReply {
    std::vector<RuleCost> rules;  // in the order in which they were loaded
    std::vector<SensorCount> sensors;
    uint64_t memory_bytes = 0;  // of all together
};

base::Gathered encode(const LoadRules& request);
base::Gathered encode(const HandleEvents& request);
base::Gathered encode(const TellScan& request);
base::Gathered encode(const TellCosts& request);
base::Bytes encode(const EventReply& reply);
base::Bytes encode(const CostReply& reply);

// parse(b) succeeds exactly if b is what encode() makes of a message within the limits above.
base::Result<Request> parse_request(base::ByteView bytes);
base::Result<EventReply> parse_event_reply(base::ByteView bytes);
base::Result<CostReply> parse_cost_reply(base::ByteView bytes);

}  // namespace firebreak::endpoint::behavior
