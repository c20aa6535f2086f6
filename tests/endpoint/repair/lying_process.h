// A process of the repair program's that has gone bad.
#pragma once

#include <utility>

#include "endpoint/rules/loading.h"
#include "ports/component_process.h"

namespace firebreak::endpoint::repair {

// Each process says that it has loaded, then `reply`, to whatever it is asked.
class LyingProcesses final : public ports::ComponentProcesses {
  public:
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        return std::unique_ptr<ports::ComponentProcess>(new Liar(*this));
    }
    base::Bytes reply;

  private:
    class Liar final : public ports::ComponentProcess {
      public:
        explicit Liar(const LyingProcesses& all) : all_(all) {}
        base::Result<ports::CallResult> call(const base::Gathered&,
                                             std::span<const base::ByteView>) override {
            const bool loads = !std::exchange(loaded_, true);
            return ports::CallResult(loads ? rules::encode({base::Code::kNone, 1, "", 0, ""})
                                           : all_.reply);
        }
        std::chrono::microseconds last_call_cpu() const override { return {}; }

      private:
        const LyingProcesses& all_;
        bool loaded_ = false;
    };
};

}  // namespace firebreak::endpoint::repair
