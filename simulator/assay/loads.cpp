#include "assay/loads.h"

#include <optional>
#include <vector>

namespace firebreak::assay {

namespace {

base::Digest digest_of(const base::Gathered& request) {
    base::Sha384 hash;
    for (const base::ByteView piece : request.pieces()) {
        hash.add(piece);
    }
    return hash.finish();
}

class RememberingProcess final : public ports::ComponentProcess {
  public:
    RememberingProcess(ports::ComponentProcesses& real, Loads& loads, bool loads_libraries)
        : real_(real), loads_(loads), loads_libraries_(loads_libraries) {}

    base::Result<ports::CallResult> call(const base::Gathered& request,
                                         std::span<const base::ByteView> files) override {
        FB_TRY(std::optional<base::Outcome> death, make_real());
        return death ? ports::CallResult(std::move(*death)) : process_->call(request, files);
    }

    base::Result<ports::CallResult> load(const base::Gathered& request,
                                         std::span<const base::ByteView> files) override {
        base::Bytes history(history_.bytes.begin(), history_.bytes.end());
        const base::Digest digest = digest_of(request);
        history.insert(history.end(), digest.bytes.begin(), digest.bytes.end());
        history_ = base::sha384(history);
        auto known = loads_.find(history_);
        if (known && process_ == nullptr) {
            keep(request, files);
            return *std::move(known);
        }
        FB_TRY(std::optional<base::Outcome> death, make_real());
        if (death) {
            return ports::CallResult(std::move(*death));
        }
        FB_TRY(ports::CallResult result, process_->load(request, files));
        loads_.keep(history_, result);
        return result;
    }

    std::chrono::microseconds last_call_cpu() const override {
        return process_ == nullptr ? std::chrono::microseconds{0} : process_->last_call_cpu();
    }

  private:
    struct Load {
        base::Bytes request;
        std::vector<base::Bytes> files;
    };
    void keep(const base::Gathered& request, std::span<const base::ByteView> files) {
        Load& load = loaded_.emplace_back();
        load.request = request.joined();
        for (const base::ByteView file : files) {
            load.files.emplace_back(file.begin(), file.end());
        }
    }

    // What was answered from memory is done now. An outcome: content that has loaded before kills
    // the process this time.
    base::Result<std::optional<base::Outcome>> make_real() {
        if (process_ != nullptr) {
            return std::optional<base::Outcome>();
        }
        FB_TRY(process_, real_.start(loads_libraries_));
        for (const Load& load : loaded_) {
            const std::vector<base::ByteView> files(load.files.begin(), load.files.end());
            FB_TRY(ports::CallResult result, process_->load(load.request, files));
            if (auto* death = std::get_if<base::Outcome>(&result)) {
                return std::optional(std::move(*death));
            }
        }
        loaded_.clear();
        return std::optional<base::Outcome>();
    }

    ports::ComponentProcesses& real_;
    Loads& loads_;
    bool loads_libraries_;
    std::unique_ptr<ports::ComponentProcess> process_;
    base::Digest history_;      // of all loads so far
    std::vector<Load> loaded_;  // that were answered from memory
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

base::Result<std::unique_ptr<ports::ComponentProcess>> RememberingProcesses::start(
    bool loads_libraries) {
    return std::unique_ptr<ports::ComponentProcess>(
        std::make_unique<RememberingProcess>(real_, loads_, loads_libraries));
}

}  // namespace firebreak::assay
