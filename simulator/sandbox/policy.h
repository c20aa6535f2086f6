// What a worker process may do. The default is nothing but computing over what it is sent.
#pragma once

#include <cstdint>
#include <string>

namespace firebreak::sandbox {

struct Policy {
    std::string component;                          // argv[1] of firebreak-worker: "scanner"
    uint64_t memory_bytes = 1024ull * 1024 * 1024;  // RLIMIT_AS
    uint32_t lifetime_cpu_s = 3600;                 // RLIMIT_CPU: the kernel's own last word
    uint32_t call_cpu_ms = 1000;                    // CPU time of one call, kept by the parent
    uint32_t call_wall_ms = 60'000;                 // backstop: inconclusive, to be tried again
    uint32_t max_reply_bytes = 1024 * 1024;
};

// The longest request that either side takes.
inline constexpr uint32_t kMaxRequestBytes = 128u * 1024 * 1024;

// Which layers stand between the worker and the machine; reported by `firebreak doctor`, recorded
// in the run file, required by scenarios.
enum Layer : uint32_t {
    kNoNewPrivs = 1u << 0,
    kResourceLimits = 1u << 1,
    kSystemCallFilter = 1u << 2,  // seccomp allow-list: no files, no network, no processes
    kUnprivilegedUser = 1u << 3,  // not root (dropped to 65534 when the parent is root)
    kNoDescriptors = 1u << 4,     // none but the socket and standard error
    kNamespaces = 1u << 5,        // users, processes, network, IPC and host name of its own
    kEmptyRoot = 1u << 6,         // a root folder that is empty and cannot be written
    kLandlock = 1u << 7,          // the kernel denies files, ports, and signals to others once more
};
// Below this, no content is handed to a worker.
inline constexpr uint32_t kMinimumLayers =
    kNoNewPrivs | kResourceLimits | kSystemCallFilter | kUnprivilegedUser | kNoDescriptors;

// All that there are: what a machine may lack is not in kMinimumLayers.
inline constexpr uint32_t kAllLayers = kMinimumLayers | kNamespaces | kEmptyRoot | kLandlock;

// "no new privileges, resource limits": in the order of Layer; "none" for 0.
std::string layer_names(uint32_t layers);

}  // namespace firebreak::sandbox
