#include "assay/loads.h"

namespace firebreak::assay {

namespace {

class RememberingProcess final : public ports::ComponentProcess {
  public:
    RememberingProcess(ports::ComponentProcesses& real, Loads& loads)
        : real_(real), loads_(loads) {}

    base::Result<ports::CallResult> call(base::ByteView request,
                                         std::span<const base::ByteView> files) override {
        if (process_ != nullptr) {
            return process_->call(request, files);
        }
        if (!first_.empty()) {  // answered from memory: now it is needed for real
            FB_TRY(process_, real_.start());
            FB_TRY([[maybe_unused]] const ports::CallResult loaded, process_->call(first_));
            return process_->call(request, files);
        }
        if (!files.empty()) {  // what is remembered goes by requests alone
            FB_TRY(process_, real_.start());
            return process_->call(request, files);
        }
        first_.assign(request.begin(), request.end());
        const base::Digest digest = base::sha384(request);
        if (auto known = loads_.find(digest)) {
            return *std::move(known);
        }
        FB_TRY(process_, real_.start());
        FB_TRY(ports::CallResult result, process_->call(request));
        loads_.keep(digest, result);
        return result;
    }

    std::chrono::microseconds last_call_cpu() const override {
        return process_ == nullptr ? std::chrono::microseconds{0} : process_->last_call_cpu();
    }

  private:
    ports::ComponentProcesses& real_;
    Loads& loads_;
    std::unique_ptr<ports::ComponentProcess> process_;
    base::Bytes first_;
};

}  // namespace

std::optional<ports::CallResult> Loads::find(const base::Digest& request) const {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(request);
    return found == results_.end() ? std::nullopt : std::optional(found->second);
}

void Loads::keep(const base::Digest& request, const ports::CallResult& result) {
    const std::lock_guard lock(mutex_);
    results_.emplace(request, result);
}

base::Result<std::unique_ptr<ports::ComponentProcess>> RememberingProcesses::start() {
    return std::unique_ptr<ports::ComponentProcess>(
        std::make_unique<RememberingProcess>(real_, loads_));
}

}  // namespace firebreak::assay
