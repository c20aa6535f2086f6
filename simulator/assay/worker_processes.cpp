#include "assay/worker_processes.h"

#include "sandbox/weakenings/executable_mapping.h"
#include "sandbox/weakenings/quota_folders.h"

namespace firebreak::assay {

namespace {

class WorkerProcess final : public ports::ComponentProcess {
  public:
    explicit WorkerProcess(sandbox::Worker worker) : worker_(std::move(worker)) {}
    base::Result<ports::CallResult> call(const base::Gathered& request,
                                         std::span<const base::ByteView> files) override {
        return worker_.call(request, files);
    }
    std::chrono::microseconds last_call_cpu() const override { return worker_.last_call_cpu(); }

  private:
    sandbox::Worker worker_;
};

}  // namespace

base::Result<std::unique_ptr<ports::ComponentProcess>> WorkerProcesses::start(
    bool loads_libraries) {
    sandbox::Policy policy = policy_;
    if (loads_libraries) {
        sandbox::allow_executable_mapping(policy);
    }
    if (!asked_for_folders_) {
        asked_for_folders_ = true;
        sandbox::Policy with_folders = policy_;
        sandbox::allow_quota_folders(with_folders);
        if (auto folders = sandbox::Folders::make(spawner_, with_folders); folders.ok()) {
            folders_ = std::move(folders).value();
        }
    }
    if (folders_) {
        sandbox::allow_quota_folders(policy);
    }
    FB_TRY(sandbox::Worker worker,
           sandbox::Worker::start(spawner_, policy, folders_ ? &*folders_ : nullptr));
    return std::unique_ptr<ports::ComponentProcess>(
        std::make_unique<WorkerProcess>(std::move(worker)));
}

}  // namespace firebreak::assay
