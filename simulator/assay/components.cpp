#include "assay/components.h"

namespace firebreak::assay {

namespace {

sandbox::Policy scanner_policy(uint32_t required_layers) {
    sandbox::Policy policy;
    policy.component = "scanner";
    policy.required_layers = required_layers;
    return policy;
}

// Each subject is met in the same state, so each program is as good as the first of a sample: what
// telemetry models do to it shows, and comes about more often here than in the field.
endpoint::scanner::ScannerSetting every_program_scored(endpoint::scanner::ScannerSetting setting) {
    setting.sample_all = true;
    return setting;
}

sandbox::Policy application_policy(uint32_t required_layers) {
    sandbox::Policy policy;
    policy.component = "applications";
    policy.memory_bytes = 512ull * 1024 * 1024;
    policy.call_cpu_ms = 10'000;  // of all rules; each has a deadline of its own
    policy.max_reply_bytes = 16 * 1024 * 1024;
    policy.required_layers = required_layers;
    return policy;
}

sandbox::Policy repair_policy(uint32_t required_layers) {
    sandbox::Policy policy;
    policy.component = "repair";
    policy.memory_bytes = 512ull * 1024 * 1024;
    policy.call_cpu_ms = 10'000;  // of all rules; each has a deadline of its own
    policy.max_reply_bytes = endpoint::repair::kMaxReplyBytes;
    policy.required_layers = required_layers;
    return policy;
}

// Empty: there is none, and nothing that is encrypted can be read.
base::Bytes content_key(const Environment& environment, content::Feed feed) {
    const auto key = environment.content_keys.find(feed);
    return key == environment.content_keys.end() ? base::Bytes() : key->second;
}

endpoint::applications::ApplicationSetting application_setting(const Environment& environment,
                                                               content::Feed feed) {
    endpoint::applications::ApplicationSetting setting;
    setting.feed = feed;
    setting.content_key = content_key(environment, feed);
    return setting;
}

}  // namespace

sandbox::Policy behavior_policy(uint32_t required_layers) {
    sandbox::Policy policy;
    policy.component = "behavior";
    policy.memory_bytes = 512ull * 1024 * 1024;
    policy.call_cpu_ms = 10'000;  // of thousands of events; each handler has a deadline of its own
    policy.max_reply_bytes = 32 * 1024 * 1024;  // whatever all rules say at once
    policy.required_layers = required_layers;
    return policy;
}

Processes::Processes(const Environment& environment, sandbox::Policy policy,
                     WorkerProcesses::Folders folders, ports::ComponentProcesses* instead)
    : workers_(environment.spawner, std::move(policy), folders),
      real_(instead != nullptr ? instead : &workers_) {
    if (environment.loads != nullptr) {
        remembering_.emplace(*real_, *environment.loads);
    }
}

ProcessesOfComponents::ProcessesOfComponents(const Environment& environment)
    : scanner(environment, scanner_policy(environment.required_layers),
              WorkerProcesses::Folders::kShared, environment.program),
      behavior(environment, behavior_policy(environment.required_layers),
               WorkerProcesses::Folders::kNone),
      applications(environment, application_policy(environment.required_layers),
                   WorkerProcesses::Folders::kNone),
      repair(environment, repair_policy(environment.required_layers),
             WorkerProcesses::Folders::kNone) {}

Components::Components(const Environment& environment, ports::Store& store,
                       ProcessesOfComponents& processes)
    : scanner_({store, processes.scanner.get(), clock_, uptime_, environment.cloud},
               every_program_scored(environment.scanner)),
      behavior_({store, processes.behavior.get(), uptime_},
                {.content_keys = environment.content_keys}),
      applications_({store, processes.applications.get(), uptime_},
                    application_setting(environment, content::Feed::kAPPFEED)),
      user_applications_({store, processes.applications.get(), uptime_},
                         application_setting(environment, content::Feed::kUSERAPPFEED)),
      repair_({store, processes.repair.get()},
              {.content_key = content_key(environment, content::Feed::kRepairKit)}),
      delivered_(store) {}

ports::Installer& Components::of(content::Feed feed) {
    if (endpoint::scanner::is_scanner_feed(feed)) {
        return scanner_.installer(feed);
    }
    if (endpoint::behavior::is_rule_feed(feed)) {
        return behavior_.installer(feed);
    }
    if (endpoint::applications::is_application_feed(feed)) {
        return applications(feed).installer();
    }
    if (feed == content::Feed::kRepairKit) {
        return repair_.installer();
    }
    delivered_.select(feed);
    return delivered_;
}

}  // namespace firebreak::assay
