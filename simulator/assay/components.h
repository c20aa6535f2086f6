// The components of one simulated endpoint, in front of real processes.
#pragma once

#include <optional>

#include "assay/environment.h"
#include "assay/loads.h"
#include "assay/worker_processes.h"
#include "endpoint/applications/application_service.h"
#include "endpoint/behavior/behavior_service.h"
#include "endpoint/delivery/delivered_content.h"
#include "endpoint/repair/repair_service.h"
#include "endpoint/scanner/scanner_service.h"
#include "ports/clock.h"
#include "ports/installer.h"
#include "ports/uptime.h"

namespace firebreak::assay {

// How the protection service runs rules.
sandbox::Policy behavior_policy(uint32_t required_layers);

// Sandboxed workers of one component, or the program that somebody brought along in its place;
// where the environment has a memory of loads, they answer from it.
class Processes {
  public:
    Processes(const Environment& environment, sandbox::Policy policy,
              WorkerProcesses::Folders folders, ports::ComponentProcesses* instead = nullptr);
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;

    ports::ComponentProcesses& get() {
        return remembering_ ? static_cast<ports::ComponentProcesses&>(*remembering_) : *real_;
    }

  private:
    WorkerProcesses workers_;
    ports::ComponentProcesses* real_;
    std::optional<RememberingProcesses> remembering_;
};

// Those of an endpoint, which outlive its components.
struct ProcessesOfComponents {
    explicit ProcessesOfComponents(const Environment& environment);
    Processes scanner, behavior, applications, repair;
};

// A machine that has just been started: what an assay sees of pauses between restarts is their
// beginning. Nothing runs before it is asked for.
class Components final : public ports::Installers {
  public:
    Components(const Environment& environment, ports::Store& store,
               ProcessesOfComponents& processes);

    // Of feeds without a component yet: delivered and kept.
    ports::Installer& of(content::Feed feed) override;
    endpoint::scanner::ScannerService& scanner() { return scanner_; }
    endpoint::behavior::BehaviorService& behavior() { return behavior_; }
    // Of APPFEED or USERAPPFEED: two instances.
    endpoint::applications::ApplicationService& applications(content::Feed feed) {
        return feed == content::Feed::kAPPFEED ? applications_ : user_applications_;
    }
    endpoint::repair::RepairService& repair() { return repair_; }

  private:
    // No clock stands in the stimulus of a workload: answers of the cloud are kept for no time, so
    // that no verdict depends on when it is asked for.
    class AllTimeIsOver final : public ports::Clock {
      public:
        bool reached(base::UtcTime) override { return true; }
    };
    class JustStarted final : public ports::Uptime {
      public:
        base::Duration up() override { return {0}; }
    };

    AllTimeIsOver clock_;
    JustStarted uptime_;
    endpoint::scanner::ScannerService scanner_;
    endpoint::behavior::BehaviorService behavior_;
    endpoint::applications::ApplicationService applications_, user_applications_;
    endpoint::repair::RepairService repair_;
    endpoint::delivery::DeliveredContent delivered_;
};

}  // namespace firebreak::assay
