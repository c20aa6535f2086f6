// Component processes that are real sandboxed workers.
#pragma once

#include <optional>

#include "ports/component_process.h"
#include "sandbox/folders.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

// The scanner's processes, one after another on one machine: what one leaves over in the working
// folders is there for the next. Where this machine can give no folders, they have none. Not
// thread-safe.
class WorkerProcesses final : public ports::ComponentProcesses {
  public:
    WorkerProcesses(sandbox::Spawner& spawner, sandbox::Policy policy)
        : spawner_(spawner), policy_(std::move(policy)) {}

    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool loads_libraries) override;

  private:
    sandbox::Spawner& spawner_;
    sandbox::Policy policy_;
    std::optional<sandbox::Folders> folders_;
    bool asked_for_folders_ = false;
};

}  // namespace firebreak::assay
