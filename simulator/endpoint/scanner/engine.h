// libyara behind the scanner's messages. Lives in the sandboxed process alone: the runner does not
// even link it (tests/structure checks that).
#pragma once

#include <memory>

#include "endpoint/scanner/messages.h"

namespace firebreak::endpoint::scanner {

// Not thread-safe; one per process. Prepares libyara and what it leans on without reading any
// content, so that it can be made before the process is locked down.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> create();
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Source rules only, in files named .yar or .yara, at least one rule in all; includes refused;
    // the external variables that public rule sets use (filename, filepath, extension, filetype,
    // owner) defined. A second load is refused (kPayloadSetWrong).
    LoadReply load(const LoadRequest& request);
    // One fast scan, without libyara's own time-out: it is not always kept, and the parent's CPU
    // limit is.
    ScanReply scan(const ScanRequest& request);

    // The encoded reply to an encoded request; empty, which is no reply at all, to anything else.
    base::Bytes answer(base::ByteView request);

  private:
    struct State;
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::scanner
