#include "assay/rule_trial.h"

#include "assay/components.h"
#include "assay/worker_processes.h"

namespace firebreak::assay {

base::Result<RuleTrial> try_rules(sandbox::Spawner& spawner, uint32_t required_layers,
                                  const endpoint::behavior::RuleProcess::Files& product,
                                  const endpoint::behavior::RuleProcess::Files& behavior,
                                  const host::EventLog& events) {
    using endpoint::behavior::CostReply;
    using endpoint::behavior::EventReply;
    using endpoint::behavior::RuleProcess;
    WorkerProcesses processes(spawner, behavior_policy(required_layers),
                              WorkerProcesses::Folders::kNone);
    RuleTrial trial;
    FB_TRY(RuleProcess::Loaded loaded, RuleProcess::start(processes, product, behavior));
    if (loaded.process == nullptr) {
        trial.failure = std::move(loaded.outcome);
        return trial;
    }
    FB_TRY(RuleProcess::Answer answer, loaded.process->handle(events, true));
    if (auto* death = std::get_if<base::Outcome>(&answer)) {
        trial.failure = std::move(*death);
        return trial;
    }
    trial.reply = std::get<EventReply>(std::move(answer));
    FB_TRY(auto costs, loaded.process->costs());
    if (auto* death = std::get_if<base::Outcome>(&costs)) {
        trial.failure = std::move(*death);
    } else {
        trial.costs = std::get<CostReply>(std::move(costs));
    }
    return trial;
}

}  // namespace firebreak::assay
