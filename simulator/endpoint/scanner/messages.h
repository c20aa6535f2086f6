// What the file scanner's service and its sandboxed process say to each other. Parsers of both
// directions take any bytes at all: a wrong message is an error, never a crash.
//
// A process is loaded once, with one request for each content that it runs; then it scans. What
// kills it is known by the request that it died of, which the process has no say in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/sim_time.h"
#include "ports/scanner.h"

namespace firebreak::endpoint::scanner {

inline constexpr size_t kMaxRuleFiles = 256;   // as many as a manifest may name
inline constexpr size_t kMaxNameBytes = 4096;  // of a rule file or a subject
inline constexpr size_t kMaxMessageBytes = 1000;
inline constexpr size_t kMaxPublishers = 64;
inline constexpr size_t kMaxSubjects = 256;       // of one request
inline constexpr size_t kMaxRegions = 4096;       // of one subject
inline constexpr size_t kMaxMatches = 1000;       // of one subject, like all that follow
inline constexpr size_t kMaxRuleNameBytes = 256;  // libyara's own limit is 128
inline constexpr size_t kMaxPrograms = 64;
inline constexpr size_t kMaxGaps = 64;
inline constexpr size_t kMaxWhereBytes = 512;  // names of archives in archives
inline constexpr size_t kMaxSignerBytes = 256;
inline constexpr size_t kMaxFeatures = 256;
inline constexpr size_t kMaxScores = 64;

// --- loading. Views in requests are into the bytes that they were parsed from.

// DatasetA: compile these rule files, together. Once in a process.
struct LoadRules {
    struct File {
        std::string name;  // "worms.yar": for messages
        base::ByteView source;
    };
    std::vector<File> files;  // at most kMaxRuleFiles
};

// LocalRepData: this table. Once in a process.
struct LoadTable {
    std::string name;
    base::ByteView table;
};

// MLModels: this library, which comes a second time as a file of the request, for the loader
// (ports/component_process.h). Once for each name.
struct LoadModel {
    std::string name;  // of the payload: "packed.live.so"
    base::ByteView library;
};

// Who may sign programs on this machine: certificates (DER) that are trusted as roots, and the time
// at which chains to them are judged. Not content of a feed.
struct TrustPublishers {
    std::vector<base::ByteView> roots;  // at most kMaxPublishers
    base::UtcTime at;
};

struct LoadReply {
    base::Code code = base::Code::kNone;  // kNone: loaded
    uint32_t loaded = 0;  // how many rules, entries, models or certificates; 0: nobody knows
    std::string file;     // where the first error is, when refused
    uint32_t line = 0;    // 1-based; 0: unknown
    std::string message;  // at most kMaxMessageBytes
};

// --- scanning

using ports::Region;
using ports::Subject;
using ports::SubjectKind;

// Several at once: a message costs as much as a scan of some small files. Reputations of processes
// stay behind.
struct ScanRequest {
    std::vector<Subject> subjects;  // at most kMaxSubjects
};

// In what follows, `where` says where in the subject: "" is the subject itself, "a.zip/b.exe" a
// member of an archive in it, "@1,024" what begins at that byte; each may stand in the other.
struct Match {
    std::string rule;
    std::string where;
    friend bool operator==(const Match&, const Match&) = default;
};

// An executable, and what is known of it here; or anything else that the table knows by its hash.
struct Program {
    std::string where;
    base::Sha256 sha256{};
    std::optional<base::Sha256> signer;  // of the certificate whose signature was verified
    std::string signer_name;             // empty: not signed, or not verified
    std::optional<uint8_t> by_hash;      // the table's reputations
    std::optional<uint8_t> by_signer;
    std::vector<float> features;  // for models; empty where none is loaded
};

// Not looked into, or not to the end.
enum class GapReason : uint8_t {
    kTooDeep = 0,   // archives in archives in archives
    kTooMany = 1,   // members, or programs
    kTooLarge = 2,  // unpacked
    kRatio = 3,     // unpacked against packed: a bomb
    kDamaged = 4,
    kEncrypted = 5,
    kNoRoom = 6,  // for a large member
    kFailed = 7,  // the rules failed on it
};
struct Gap {
    GapReason reason = GapReason::kTooDeep;
    std::string where;
    friend bool operator==(const Gap&, const Gap&) = default;
};

struct SubjectReply {
    base::Code code = base::Code::kNone;  // kNone: scanned; kScanFailed, kOutOfMemory
    std::vector<Match> matches;           // in the order of the rule files, the subject itself
                                          // first
    std::vector<Program> programs;        // in the order in which they were found
    std::vector<Gap> gaps;
    std::string message;  // when it failed
};

struct ScanReply {
    std::vector<SubjectReply> subjects;  // one for each that was sent, in order
};

// --- models

// Scores of one program: of every live model, and of those that nothing acts on for a sample of the
// programs.
struct ScoreRequest {
    uint64_t number = 0;  // of the program, counted up: decides whether it is in the sample
    std::vector<float> features;
};

struct Score {
    std::string model;  // "packed"
    std::string version;
    bool telemetry = false;  // nothing acts on it
    float score = 0;         // 0 to 1
    float threshold = 0;     // 0 to 1: what the model calls malicious is there or above
    bool malicious = false;  // never of telemetry
    std::string refusal;     // not empty: it gave no score, and why
};

struct ScoreReply {
    std::vector<Score> scores;  // at most kMaxScores
};

using Request =
    std::variant<LoadRules, LoadTable, LoadModel, TrustPublishers, ScanRequest, ScoreRequest>;

// Contents of files and subjects are borrowed: they must outlive the message.
base::Gathered encode(const LoadRules& request);
base::Gathered encode(const LoadTable& request);
base::Gathered encode(const LoadModel& request);
base::Gathered encode(const TrustPublishers& request);
base::Gathered encode(const ScanRequest& request);
base::Gathered encode(const ScoreRequest& request);
base::Bytes encode(const LoadReply& reply);
base::Bytes encode(const ScanReply& reply);
base::Bytes encode(const ScoreReply& reply);

// parse(b) succeeds exactly if b is what encode() makes of a message within the limits above.
base::Result<Request> parse_request(base::ByteView bytes);
base::Result<LoadReply> parse_load_reply(base::ByteView bytes);
// The reply to a request with so many subjects.
base::Result<ScanReply> parse_scan_reply(base::ByteView bytes, size_t subjects);
base::Result<ScoreReply> parse_score_reply(base::ByteView bytes);

std::string_view to_text(SubjectKind kind);  // "file"
std::string_view to_text(GapReason reason);  // "nested too deeply"

}  // namespace firebreak::endpoint::scanner
