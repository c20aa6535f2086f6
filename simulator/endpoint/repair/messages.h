// What the repair program and its sandboxed rule engine say to each other. Parsers of both
// directions take any bytes at all: a wrong message is an error, never a crash.
//
// A process is loaded once; then it mends machines. It holds an image of a machine, and what comes
// back is a journal: what is done to the machine is for the service to decide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "endpoint/rules/loading.h"
#include "host/machine.h"

namespace firebreak::endpoint::repair {

inline constexpr size_t kMaxRules = 64;                // of a kit
inline constexpr size_t kMaxEntries = 1000;            // of one rule's journal
inline constexpr size_t kMaxJournalBytes = 60 * 1024;  // the same, as it is sent
inline constexpr size_t kMaxNoteBytes = 300;
inline constexpr size_t kMaxPackageFiles = 10'000;
// The longest reply: all rules say as much as they may, so that none takes room from another. The
// sandbox's policy must allow it.
inline constexpr uint32_t kMaxReplyBytes = 4u * 1024 * 1024;

// --- requests. Views are into the bytes that they were parsed from.

struct LoadRules {
    std::vector<rules::RuleFile> files;
};

// A file of the product, as its package has it.
struct PackageFile {
    std::string path;
    uint64_t size = 0;  // at most host::kMostFileBytes
    base::Digest sha384;
    friend bool operator==(const PackageFile&, const PackageFile&) = default;
};

struct Mend {
    base::ByteView machine;  // host::encode()
    std::vector<PackageFile> package;
};

using Request = std::variant<LoadRules, Mend>;

// --- replies

// The file is as the package has it. Whoever says so need not have its content.
struct Restore {
    std::string path;
    friend bool operator==(const Restore&, const Restore&) = default;
};
// What the rule has to say of it.
struct Note {
    std::string text;
    friend bool operator==(const Note&, const Note&) = default;
};
using Entry = std::variant<host::Change, Restore, Note>;
size_t size_of(const Entry& entry);  // in bytes, as it is sent

struct RuleReport {
    enum class End : uint8_t {
        kDone = 0,
        kError = 1,
        kDeadline = 2,  // it ran for too long
        kMemory = 3,    // it had more than its memory
    } end = End::kDone;
    std::string rule;            // its id
    std::string message;         // why it is not done
    std::vector<Entry> journal;  // in the order in which things were done; of a rule that is done
    friend bool operator==(const RuleReport&, const RuleReport&) = default;
};
std::string_view to_text(RuleReport::End end);  // "error"

struct MendReply {
    std::vector<RuleReport> rules;  // one for each file, in their order
    friend bool operator==(const MendReply&, const MendReply&) = default;
};

base::Gathered encode(const LoadRules& request);
base::Gathered encode(const Mend& request);
base::Bytes encode(const MendReply& reply);

// parse(b) succeeds exactly if b is what encode() makes of a message within the limits above.
base::Result<Request> parse_request(base::ByteView bytes);
base::Result<MendReply> parse_mend_reply(base::ByteView bytes);

}  // namespace firebreak::endpoint::repair
