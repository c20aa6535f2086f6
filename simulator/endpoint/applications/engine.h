// The rule engine's sandboxed process: the rules of one feed of application detection.
#pragma once

#include <chrono>
#include <memory>

#include "endpoint/applications/messages.h"
#include "host/machine.h"

namespace firebreak::endpoint::applications {

struct EngineLimits {
    size_t memory_of_rule = 8u * 1024 * 1024;
    std::chrono::microseconds detection{20'000};  // processor time of one, and of loading a rule
};
inline constexpr uint32_t kMaxStops = 3;  // at a deadline or a memory limit, until disabled

// Not thread-safe; one per process, for the thread that made it. Made before the process is locked
// down, without content: what it needs of the system, it has by then.
//
// A rule is a file. For each machine it has a fresh interpreter of its own. So what it says depends
// on nothing but its text, the machine and PowerShell, and no rule can do anything to another. A
// rule that is stopped too often is disabled alone, for as long as the process lives.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> create(const EngineLimits& limits = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Once. Each rule is compiled and tried (kRuleSelfTest): on a machine on which nothing stands
    // it must find nothing, and of each of its examples what that says.
    rules::LoadReply load(const LoadRules& request);
    DetectReply detect(const host::Machine& machine, const PowerShell& powershell);

    // The encoded reply to an encoded request; empty, which is no reply at all, to anything else.
    base::Bytes answer(base::ByteView request);

  private:
    class State;
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::applications
