// Rule engines of the repair program in this process, behind the port of sandboxed ones.
#pragma once

#include <memory>
#include <utility>

#include "endpoint/repair/engine.h"
#include "ports/component_process.h"

namespace firebreak::test {

class RepairEngines final : public ports::ComponentProcesses {
  public:
    explicit RepairEngines(const endpoint::repair::EngineLimits& limits) : limits_(limits) {}
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        FB_TRY(std::unique_ptr<endpoint::repair::Engine> engine,
               endpoint::repair::Engine::create(limits_));
        return std::unique_ptr<ports::ComponentProcess>(new Process(std::move(engine)));
    }

  private:
    class Process final : public ports::ComponentProcess {
      public:
        explicit Process(std::unique_ptr<endpoint::repair::Engine> engine)
            : engine_(std::move(engine)) {}
        base::Result<ports::CallResult> call(const base::Gathered& request,
                                             std::span<const base::ByteView>) override {
            return ports::CallResult(engine_->answer(request.joined()));
        }
        std::chrono::microseconds last_call_cpu() const override { return {}; }

      private:
        std::unique_ptr<endpoint::repair::Engine> engine_;
    };
    endpoint::repair::EngineLimits limits_;
};

}  // namespace firebreak::test
