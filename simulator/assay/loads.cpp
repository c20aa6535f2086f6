#include "assay/loads.h"

#include <vector>

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
        history.insert(history.end(), digest.bytes.begin(), digest.bytes.end());
        history_ = base::sha384(history);
        auto known = loads_.find(history_);
        if (known && process_ == nullptr) {
            loaded_.emplace_back(request.begin(), request.end());
            return *std::move(known);
        }
        FB_CHECK(make_real());
        FB_TRY(ports::CallResult result, process_->load(request));
        loads_.keep(history_, result);
        return result;
    }

    std::chrono::microseconds last_call_cpu() const override {
        return process_ == nullptr ? std::chrono::microseconds{0} : process_->last_call_cpu();
    }

  private:
    // What was answered from memory is done now.
    base::Status make_real() {
        if (process_ != nullptr) {
            return {};
        }
        FB_TRY(process_, real_.start());
        for (const base::Bytes& request : loaded_) {
            FB_TRY([[maybe_unused]] const ports::CallResult result, process_->load(request));
        }
        loaded_.clear();
        return {};
    }

    ports::ComponentProcesses& real_;
    Loads& loads_;
    std::unique_ptr<ports::ComponentProcess> process_;
    base::Digest history_;             // of all loads so far
    std::vector<base::Bytes> loaded_;  // that were answered from memory
};

}  // namespace

std::optional<ports::CallResult> Loads::find(const base::Digest& history) const {
    const std::lock_guard lock(mutex_);
    const auto found = results_.find(history);
    return found == results_.end() ? std::nullopt : std::optional(found->second);
}

void Loads::keep(const base::Digest& history, const ports::CallResult& result) {
    const std::lock_guard lock(mutex_);
    results_.emplace(history, result);
}

base::Result<std::unique_ptr<ports::ComponentProcess>> RememberingProcesses::start() {
    return std::unique_ptr<ports::ComponentProcess>(
        std::make_unique<RememberingProcess>(real_, loads_));
}

}  // namespace firebreak::assay
