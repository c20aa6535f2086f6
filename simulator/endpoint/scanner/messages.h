// What the file scanner's service and its sandboxed process say to each other. Parsers of both
// directions take any bytes at all: a wrong message is an error, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"

namespace firebreak::endpoint::scanner {

inline constexpr size_t kMaxRuleFiles = 64;    // as many as a manifest may name
inline constexpr size_t kMaxNameBytes = 4096;  // of a rule file or a subject
inline constexpr size_t kMaxMessageBytes = 1000;
inline constexpr size_t kMaxMatches = 1000;
inline constexpr size_t kMaxRuleNameBytes = 256;  // libyara's own limit is 128

// Compile these rule files, together, in place of what is loaded. A process loads once.
struct LoadRequest {
    struct RuleFile {
        std::string name;  // "worms.yar": for messages
        base::Bytes source;
    };
    std::vector<RuleFile> files;  // at most kMaxRuleFiles
};

struct LoadReply {
    base::Code code = base::Code::kNone;  // kNone: loaded
    uint32_t rules = 0;                   // how many, when loaded; 0: nobody knows
    std::string file;                     // where the first error is, when refused
    uint32_t line = 0;                    // 1-based; 0: unknown
    std::string message;                  // the compiler's, at most kMaxMessageBytes
};

struct ScanRequest {
    std::string name;  // the subject's path
    base::Bytes subject;
};

struct ScanReply {
    base::Code code = base::Code::kNone;  // kNone: scanned; kScanFailed, kOutOfMemory
    std::vector<std::string> rules;       // that matched, in the order of the rule files;
                                          // no more than kMaxMatches of them
    std::string message;                  // when it failed
};

using Request = std::variant<LoadRequest, ScanRequest>;

base::Bytes encode(const LoadRequest& request);
base::Bytes encode(const ScanRequest& request);
// The same, without a copy of the subject.
base::Bytes encode_scan_request(std::string_view name, base::ByteView subject);
base::Bytes encode(const LoadReply& reply);
base::Bytes encode(const ScanReply& reply);

// parse(b) succeeds exactly if b is what encode() makes of a message within the limits above.
base::Result<Request> parse_request(base::ByteView bytes);
base::Result<LoadReply> parse_load_reply(base::ByteView bytes);
base::Result<ScanReply> parse_scan_reply(base::ByteView bytes);

}  // namespace firebreak::endpoint::scanner
