// How other components ask the file scanner.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/sha256.h"
#include "content/catalogue.h"

namespace firebreak::ports {

enum class SubjectKind : uint8_t {
    kFile = 0,
    kMemory = 1,  // of a process: regions at their addresses
    kStream = 2,  // a piece of what comes over the network
};

struct Region {
    uint64_t address = 0;
    base::ByteView bytes;
};

// What is to be scanned. The bytes must outlive the scan.
struct Subject {
    SubjectKind kind = SubjectKind::kFile;
    std::string name;             // path, process or connection
    std::vector<Region> regions;  // files and streams have one, at 0
    // Of a process, whose memory this is: the reputation with which it was tagged at its start.
    std::optional<uint8_t> reputation;
};

inline Subject file_subject(std::string name, base::ByteView bytes) {
    return {SubjectKind::kFile, std::move(name), {{0, bytes}}, std::nullopt};
}

// An executable in the subject, or the subject itself, with what is known of it.
struct ProgramTag {
    std::string where;  // "": the subject itself; "a.zip/b.exe"; "@1,024"
    base::Sha256 sha256{};
    uint8_t reputation = 0;  // 0 to 100
    std::string source;      // who says so: "table, by hash"
    std::string signer;      // its name, if the signature was verified
};

// What a model said of a program: for telemetry, where live models and those that nothing acts on
// stand side by side.
struct ModelScore {
    std::string model;
    std::string version;
    bool telemetry = false;
    float score = 0;        // 0 to 1
    float threshold = 0;    // the model's: at or above it, it says malicious
    std::string refusal;    // not empty: it gave no score, and why
    base::Sha256 sha256{};  // of the program
};

// What the caller shall do with the subject.
enum class Access : uint8_t { kAllow = 0, kHold = 1 };

struct ScanVerdict {
    // kNoVerdict: the scanner is down, about to be restarted, or died of this subject; `outcome`
    // says why, and `access` is what policy says of such subjects.
    enum class Kind { kScanned, kNoVerdict } kind = Kind::kNoVerdict;
    Access access = Access::kAllow;  // of what was scanned: held if detected
    bool cleaned_up = false;         // taken off the machine; never if not detected
    std::vector<std::string> found;  // rules, models and reputations that detected something
    // Whose content detected something, or is to blame for a death.
    content::Feed feed = content::Feed::kDatasetA;
    std::vector<ProgramTag> tags;
    std::vector<std::string> gaps;   // what could not be looked into: "a.zip/b.doc: encrypted"
    std::vector<ModelScore> scores;  // of each program by each model that was asked
    base::Outcome outcome;
    std::chrono::microseconds cpu{0};  // processor time; 0 for one of several that went together

    bool detected() const { return kind == Kind::kScanned && access == Access::kHold; }
};

class Scanner {
  public:
    virtual ~Scanner() = default;
    // One verdict for each, in order. Several together cost less than one by one.
    virtual base::Result<std::vector<ScanVerdict>> scan(std::span<const Subject> subjects) = 0;

    base::Result<ScanVerdict> scan(const Subject& subject) {
        FB_TRY(std::vector<ScanVerdict> verdicts, scan(std::span(&subject, 1)));
        return std::move(verdicts.front());
    }
};

}  // namespace firebreak::ports
