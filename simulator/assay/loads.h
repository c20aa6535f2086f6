// What came of loading content, remembered.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/digest.h"
#include "ports/component_process.h"

namespace firebreak::assay {

// Replies to the load requests of a fresh process, by the bytes of all of them so far: the process
// has nothing else to go by. Thread-safe.
class Loads {
  public:
    std::optional<ports::CallResult> find(const base::Digest& history) const;
    void keep(const base::Digest& history, const ports::CallResult& result);

  private:
    mutable std::mutex mutex_;
    std::map<base::Digest, ports::CallResult> results_;
};

// Component processes that are started only when there is something to find out: a load that has
// been performed before is answered from memory, and the real process is started, and loads for
// real, once it is asked for more. Thread-safe if `real` is.
class RememberingProcesses final : public ports::ComponentProcesses {
  public:
    RememberingProcesses(ports::ComponentProcesses& real, Loads& loads)
        : real_(real), loads_(loads) {}

    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool loads_libraries) override;

  private:
    ports::ComponentProcesses& real_;
    Loads& loads_;
};

}  // namespace firebreak::assay
