// The repair program's sandboxed process: the rules of a kit, on an image of a machine.
#pragma once

#include <chrono>
#include <memory>

#include "endpoint/repair/messages.h"

namespace firebreak::endpoint::repair {

struct EngineLimits {
    size_t memory_of_rule = 8u * 1024 * 1024;
    std::chrono::microseconds rule{20'000};  // processor time of one, and of loading it
};

// Not thread-safe; one per process, for the thread that made it. Made before the process is locked
// down, without content: what it needs of the system, it has by then.
//
// A rule is a file. For each machine it has a fresh interpreter of its own, so what it does depends
// on nothing but its text, the package and the machine, as the rules before it have left that. What
// it does takes effect as a whole, when it has ended: of a rule that fails, nothing is done.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> create(const EngineLimits& limits = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Once. Each rule is compiled and tried (kRuleSelfTest): on a machine on which nothing stands,
    // with an empty package, it must end without an error and change nothing. What is not there
    // needs no mending.
    rules::LoadReply load(const LoadRules& request);
    MendReply mend(const host::Machine& machine, const std::vector<PackageFile>& package);

    // The encoded reply to an encoded request; empty, which is no reply at all, to anything else.
    base::Bytes answer(base::ByteView request);

  private:
    class State;
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::repair
