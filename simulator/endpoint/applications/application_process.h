// Application detection's side of a rule engine's process.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "base/outcome.h"
#include "endpoint/applications/messages.h"
#include "host/machine.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::applications {

// One process with the rules of one feed. Not thread-safe.
class ApplicationProcess {
  public:
    using Files = std::vector<rules::RuleFile>;
    // kInstalled, and a process; or why there is none (stage kLoad).
    struct Loaded {
        std::unique_ptr<ApplicationProcess> process;
        base::Outcome outcome;
    };
    // In a fresh process. Errors: about this machine.
    static base::Result<Loaded> start(ports::ComponentProcesses& processes, const Files& files);

    // An outcome (stage kRun): the process died of it, and every further call is an error. A reply
    // has one rule for each file, in their order.
    using Answer = std::variant<DetectReply, base::Outcome>;
    base::Result<Answer> detect(const host::Machine& machine, const PowerShell& powershell);

    // Of the rules, as they were loaded.
    const std::vector<std::string>& files() const { return files_; }

  private:
    ApplicationProcess(std::unique_ptr<ports::ComponentProcess> process, const Files& files);

    std::unique_ptr<ports::ComponentProcess> process_;
    std::vector<std::string> files_;
};

}  // namespace firebreak::endpoint::applications
