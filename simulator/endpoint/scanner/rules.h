// DatasetA in the sandboxed process: rules compiled and run by libyara. The runner does not even
// link it (tests/structure checks that).
#pragma once

#include <memory>

#include "endpoint/scanner/messages.h"

namespace firebreak::endpoint::scanner {

// Not thread-safe; one per process. Prepares libyara and what it leans on without reading any
// content, so that it can be made before the process is locked down.
class Rules {
  public:
    static base::Result<std::unique_ptr<Rules>> create();
    ~Rules();
    Rules(const Rules&) = delete;
    Rules& operator=(const Rules&) = delete;

    // Source rules only, in files named .yar or .yara, at least one rule in all; includes refused;
    // the external variables that public rule sets use (filename, filepath, extension, filetype,
    // owner) defined. A second load is refused (kPayloadSetWrong).
    LoadReply load(const LoadRules& request);
    bool loaded() const;

    // One fast scan, without libyara's own time-out: it is not always kept, and the parent's CPU
    // limit is. Adds what matches to `reply`, up to kMaxMatches in all, or says there what failed.
    // `name`: of what the regions are of, for rules that look at it.
    void scan(const std::string& name, std::span<const Region> regions, const std::string& where,
              SubjectReply& reply);

  private:
    struct State;
    explicit Rules(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::scanner
