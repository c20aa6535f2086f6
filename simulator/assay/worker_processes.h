// Component processes that are real sandboxed workers.
#pragma once

#include "ports/component_process.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

// Thread-safe if the spawner is.
class WorkerProcesses final : public ports::ComponentProcesses {
  public:
    // `folders`: exactly if the policy allows quota folders. Each process has them then.
    WorkerProcesses(sandbox::Spawner& spawner, sandbox::Policy policy,
                    const sandbox::Folders* folders = nullptr)
        : spawner_(spawner), policy_(std::move(policy)), folders_(folders) {}

    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool loads_libraries) override;

  private:
    sandbox::Spawner& spawner_;
    sandbox::Policy policy_;
    const sandbox::Folders* folders_;
};

}  // namespace firebreak::assay
