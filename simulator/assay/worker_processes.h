// Component processes that are real sandboxed workers.
#pragma once

#include <optional>

#include "ports/component_process.h"
#include "sandbox/folders.h"
#include "sandbox/worker.h"

namespace firebreak::assay {

// A component's processes, one after another on one machine. Not thread-safe.
class WorkerProcesses final : public ports::ComponentProcesses {
  public:
    enum class Folders {
        kNone,
        // What one process leaves over in its working folders is there for the next. Where this
        // machine can give no folders, they have none.
        kShared,
    };
    WorkerProcesses(sandbox::Spawner& spawner, sandbox::Policy policy, Folders folders)
        : spawner_(spawner),
          policy_(std::move(policy)),
          asked_for_folders_(folders == Folders::kNone) {}

    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool loads_libraries) override;

  private:
    sandbox::Spawner& spawner_;
    sandbox::Policy policy_;
    std::optional<sandbox::Folders> folders_;
    bool asked_for_folders_;  // or they are not wanted
};

}  // namespace firebreak::assay
