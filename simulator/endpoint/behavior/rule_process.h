// The protection service's side of a rule engine's process.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "base/outcome.h"
#include "endpoint/behavior/messages.h"
#include "host/event.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::behavior {

// Events of one request: the process has its deadline for all of them together.
inline constexpr size_t kEventsOfRequest = 10'000;

// One process with ProductRules and Behavior loaded. Not thread-safe.
class RuleProcess {
  public:
    using Files = std::vector<LoadRules::File>;
    // kInstalled, and a process; or why there is none (stage kLoad), and whose content failed.
    struct Loaded {
        std::unique_ptr<RuleProcess> process;
        base::Outcome outcome;
        RuleFeed feed = RuleFeed::kBehavior;
    };
    // In a fresh process; a feed without files is left out. `tried`: the two have been loaded
    // together before, and what their rules' examples say holds. Errors: about this machine.
    static base::Result<Loaded> start(ports::ComponentProcesses& processes, const Files& product,
                                      const Files& behavior, bool tried = false);

    // An outcome (stage kRun): the process died of the events, and nobody knows of how many it had
    // got through; what is told of them is lost with it. Every call is an error then.
    using Answer = std::variant<EventReply, base::Outcome>;
    // In requests of kEventsOfRequest; the reply is that of all of them together. `reputations`: of
    // processes that start in it.
    base::Result<Answer> handle(const host::EventLog& log, bool last = false,
                                const std::vector<HandleEvents::Reputation>& reputations = {});
    base::Result<Answer> tell(const TellScan& answer);
    base::Result<std::variant<CostReply, base::Outcome>> costs();

  private:
    explicit RuleProcess(std::unique_ptr<ports::ComponentProcess> process)
        : process_(std::move(process)) {}
    base::Result<Answer> ask(const base::Gathered& request);

    std::unique_ptr<ports::ComponentProcess> process_;
};

}  // namespace firebreak::endpoint::behavior
