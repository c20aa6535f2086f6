// How a component has rules loaded into its sandboxed process, whatever feed they are of: files go
// there, and how it went comes back. Parsers of both directions take any bytes at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/field_reader.h"
#include "base/outcome.h"
#include "base/result.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::rules {

inline constexpr size_t kMaxRuleFiles = 256;  // of one feed: as many as a manifest may name
inline constexpr size_t kMaxNameBytes = 256;
inline constexpr size_t kMaxMessageBytes = 600;

// A rule. The view is into the bytes that it was parsed from.
struct RuleFile {
    std::string name;  // "encoded-command.lua"
    base::ByteView source;
};

// As part of a request.
void write_files(base::ByteWriter& writer, const std::vector<RuleFile>& files);
std::vector<RuleFile> read_files(base::FieldReader& fields);

struct LoadReply {
    base::Code code = base::Code::kNone;  // kNone: loaded
    uint32_t loaded = 0;                  // how many rules
    std::string file;                     // where the first error is, when refused
    uint32_t line = 0;                    // 1-based; 0: unknown
    std::string message;
};

// The first byte of this reply; those of other messages of a component are others.
inline constexpr uint8_t kLoadReplyMark = 5;

base::Bytes encode(const LoadReply& reply);
// parse(b) succeeds exactly if b is what encode() makes of a reply within the limits.
base::Result<LoadReply> parse_load_reply(base::ByteView bytes);

// --- the service's side

// Nothing: the request, which has rules, was answered with a reply that says that they are loaded.
// Else why not (stage kLoad). Errors: about this machine.
base::Result<std::optional<base::Outcome>> load(ports::ComponentProcess& process,
                                                const base::Gathered& request);
// What is sent back is no reply.
base::Outcome reply_invalid(base::Stage stage, const base::Error& error);
// Whether the process died, as against content that it turned away.
bool is_kill(const base::Outcome& outcome);

}  // namespace firebreak::endpoint::rules
