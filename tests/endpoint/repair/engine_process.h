// A rule engine of the repair program's in this process, behind the port that a sandboxed one has.
#pragma once

#include <memory>
#include <utility>

#include "endpoint/repair/engine.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::repair {

class EngineProcesses final : public ports::ComponentProcesses {
  public:
    explicit EngineProcesses(const EngineLimits& limits) : limits_(limits) {}
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        FB_TRY(std::unique_ptr<Engine> engine, Engine::create(limits_));
        return std::unique_ptr<ports::ComponentProcess>(new Process(std::move(engine)));
    }

  private:
    class Process final : public ports::ComponentProcess {
      public:
        explicit Process(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
        base::Result<ports::CallResult> call(const base::Gathered& request,
                                             std::span<const base::ByteView>) override {
            return ports::CallResult(engine_->answer(request.joined()));
        }
        std::chrono::microseconds last_call_cpu() const override { return {}; }

      private:
        std::unique_ptr<Engine> engine_;
    };
    EngineLimits limits_;
};

}  // namespace firebreak::endpoint::repair
