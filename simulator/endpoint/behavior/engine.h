// The rule engine's sandboxed process: Behavior over ProductRules, in one interpreter.
#pragma once

#include <chrono>
#include <memory>

#include "endpoint/behavior/messages.h"
#include "host/event.h"

namespace firebreak::endpoint::behavior {

struct EngineLimits {
    size_t memory_of_rule = 8u * 1024 * 1024;
    size_t memory_of_all = 96u * 1024 * 1024;
    std::chrono::microseconds handler{10'000};  // processor time of one call
    // The same of all calls; then a window of events over which budgets are looked at ends early.
    std::chrono::microseconds window{1'000'000};
};

// Not thread-safe; one per process, for the thread that made it. Made before the process is locked
// down, without content: what it needs of the system, it has by then.
//
// A rule is a file. It has globals, state and memory of its own; what its handlers do takes effect
// when they end, and a handler that fails has done nothing. So no rule's mistake changes what
// another sees, but for what they tell each other by tags and what core functions do for them.
// Events go to the rules in the order of their time, and for each to the handlers in the order in
// which they were loaded and registered.
class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> create(const EngineLimits& limits = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // ProductRules once, then Behavior once; either may be left out. Rules are compiled, then each
    // of their examples is tried in an interpreter of its own (kRuleSelfTest). What is refused
    // leaves the engine in no state to go on with.
    LoadReply load(const LoadRules& request);
    // `last`: nothing follows.
    EventReply handle(const host::EventLog& log, bool last = false,
                      const std::vector<HandleEvents::Reputation>& reputations = {});
    // Answers a rule that asked. Of a number that nobody waits for: nothing happens.
    EventReply tell(const TellScan& answer);
    CostReply costs() const;

    // The encoded reply to an encoded request; empty, which is no reply at all, to anything else.
    base::Bytes answer(base::ByteView request);

  private:
    class State;
    explicit Engine(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::endpoint::behavior
