// What application detection and its sandboxed rule engine say to each other. Parsers of both
// directions take any bytes at all: a wrong message is an error, never a crash.
//
// A process is loaded once; then it looks at machines. What kills it is known by the request that
// it died of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "endpoint/applications/application.h"
#include "endpoint/rules/loading.h"

namespace firebreak::endpoint::applications {

// So many that the reply to a machine on which all of them say as much as they may is no longer
// than a reply may be: no rule takes room from another.
inline constexpr size_t kMaxRules = 128;
inline constexpr size_t kMaxIdBytes = 64;  // of an id, a name, a version
inline constexpr size_t kMaxPathBytes = 300;
inline constexpr size_t kMaxMessageBytes = 400;
inline constexpr size_t kMaxEvidence = 4;     // of one application
inline constexpr size_t kMaxExclusions = 16;  // that one rule asks for
inline constexpr size_t kMaxScripts = 2;      // of one rule
inline constexpr uint32_t kScriptTakes_s = 2;
inline constexpr uint32_t kScriptLimit_s = 60;  // then a script is ended

// What PowerShell does on this machine, whatever it is asked. Append only: numbers are stored.
struct PowerShell {
    enum class Does : uint8_t { kAnswers = 0, kFails = 1, kHangs = 2 } does = Does::kAnswers;
    uint32_t exit_code = 0;  // when it fails
    std::string text;        // the same: what it says then; at most kMaxMessageBytes
    friend bool operator==(const PowerShell&, const PowerShell&) = default;
};

// --- requests. Views are into the bytes that they were parsed from.

struct LoadRules {
    std::vector<rules::RuleFile> files;
};

// What is there?
struct Detect {
    base::ByteView machine;  // host::encode()
    PowerShell powershell;
};

using Request = std::variant<LoadRules, Detect>;

// --- replies; of LoadRules: rules::LoadReply

// What became of one rule.
struct RuleReply {
    enum class End : uint8_t {
        kNotFound = 0,
        kFound = 1,
        // Nothing is said about the application:
        kError = 2,     // it failed
        kDeadline = 3,  // it ran for too long
        kMemory = 4,    // it had more than its memory
        kDisabled = 5,  // it was stopped too often, and is not called any more
    } end = End::kNotFound;
    Claim claim;          // of any end: the id; of kFound: all
    std::string message;  // of a failure
    friend bool operator==(const RuleReply&, const RuleReply&) = default;

    bool failed() const { return end > End::kFound; }
};
std::string_view to_text(RuleReply::End end);  // "not found"

// What it has cost, with loading it.
struct RuleCost {
    uint64_t nanoseconds = 0;
    uint64_t memory_bytes = 0;  // when it ended, garbage included
};

struct DetectReply {
    std::vector<RuleReply> rules;  // one for each file, in the order in which they were loaded
    std::vector<RuleCost> costs;   // of each of them
    uint32_t scripts = 0;          // that PowerShell ran
    uint32_t scripts_failed = 0;   // of them: those without an answer
    uint32_t waited_s = 0;         // for them, in simulated time
};

base::Gathered encode(const LoadRules& request);
base::Gathered encode(const Detect& request);
base::Bytes encode(const DetectReply& reply);

// parse(b) succeeds exactly if b is what encode() makes of a message within the limits above.
base::Result<Request> parse_request(base::ByteView bytes);
// Ids are there, and no two alike.
base::Result<DetectReply> parse_detect_reply(base::ByteView bytes);

// --- what application detection keeps

struct KnownApplication {
    std::string rule;  // the file that its rule stands in
    Claim claim;       // with the exclusions that were granted
    friend bool operator==(const KnownApplication&, const KnownApplication&) = default;
};
base::Bytes encode(const std::vector<KnownApplication>& known);
base::Result<std::vector<KnownApplication>> parse_known(base::ByteView bytes);

}  // namespace firebreak::endpoint::applications
