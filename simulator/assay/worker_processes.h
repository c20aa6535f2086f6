// Component processes that are real sandboxed workers.
#pragma once

#include "ports/component_process.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

// Thread-safe if the spawner is.
class WorkerProcesses final : public ports::ComponentProcesses {
  public:
    WorkerProcesses(sandbox::Spawner& spawner, sandbox::Policy policy)
        : spawner_(spawner), policy_(std::move(policy)) {}

    base::Result<std::unique_ptr<ports::ComponentProcess>> start() override;

  private:
    sandbox::Spawner& spawner_;
    sandbox::Policy policy_;
};

}  // namespace firebreak::assay
