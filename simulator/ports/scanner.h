// How other components ask the file scanner, and the update client a feed's installer.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/outcome.h"
#include "content/manifest.h"

namespace firebreak::ports {

// kScanned: `rules` names the rules that matched (empty: clean). kNoVerdict: the scanner is down or
// died on this subject; `outcome` says why. `cpu`: processor time that the scan took.
struct ScanVerdict {
    enum class Kind { kScanned, kNoVerdict } kind = Kind::kNoVerdict;
    std::vector<std::string> rules;
    base::Outcome outcome;
    std::chrono::microseconds cpu{0};
};

class Scanner {
  public:
    virtual ~Scanner() = default;
    // `name` is the subject's path, for rules that look at it and for evidence.
    virtual base::Result<ScanVerdict> scan(const std::string& name, base::ByteView bytes) = 0;
};

}  // namespace firebreak::ports
