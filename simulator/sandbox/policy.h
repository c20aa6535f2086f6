// What a worker process may do. The default is nothing but computing over what it is sent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/sandbox_layers.h"

namespace firebreak::sandbox {

// What a policy may allow beyond that. Each has a header of its own in sandbox/weakenings, which
// says what it opens and is the only way to ask for it.
enum Weakening : uint32_t {
    kExecutableMapping = 1u << 0,
    kQuotaFolders = 1u << 1,
};

// Of the folders that kQuotaFolders allows. Both hold kMostFolderEntries files at most.
struct Quotas {
    uint64_t log_bytes = 1024 * 1024;
    uint64_t objects_bytes = 64 * 1024 * 1024;
};
inline constexpr uint32_t kMostFolderEntries = 256;

struct Policy {
    std::string component;                          // argv[1] of firebreak-worker: "scanner"
    uint64_t memory_bytes = 1024ull * 1024 * 1024;  // RLIMIT_AS
    uint32_t lifetime_cpu_s = 3600;                 // RLIMIT_CPU: the kernel's own last word
    uint32_t call_cpu_ms = 1000;                    // CPU time of one call, kept by the parent
    uint32_t call_wall_ms = 60'000;                 // for what waits; see Worker::call()
    uint32_t max_reply_bytes = 1024 * 1024;
    uint32_t required_layers = 0;  // beside kMinimumLayers (base/sandbox_layers.h)
    // Set by sandbox/weakenings alone.
    uint32_t weakenings = 0;
    Quotas quotas = {};

    bool allows(Weakening weakening) const { return (weakenings & weakening) != 0; }
    // RLIMIT_FSIZE: more than fits into a folder, so that it is the quota that a worker meets.
    uint64_t file_bytes() const;
};

// "executable mapping", "quota folders": in the order of Weakening.
std::vector<std::string> weakening_names(const Policy& policy);

// The longest request that either side takes.
inline constexpr uint32_t kMaxRequestBytes = 512u * 1024 * 1024;

// The names of base/sandbox_layers.h, which is what scenarios and run files know of this folder.
using enum base::SandboxLayer;
using base::kAllLayers;
using base::kMinimumLayers;

}  // namespace firebreak::sandbox
