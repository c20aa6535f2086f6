// What can stand between a worker process and the machine that it runs on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::base {

// Reported by `firebreak doctor`, recorded in the run file, required by scenarios.
enum SandboxLayer : uint32_t {
    kNoNewPrivs = 1u << 0,
    kResourceLimits = 1u << 1,
    kSystemCallFilter = 1u << 2,  // seccomp allow-list: no files, no network, no processes
    kUnprivilegedUser = 1u << 3,  // not root (65534 when the parent is root), no capabilities
    kNoDescriptors = 1u << 4,     // none but the socket, standard error, quota folders
    kNamespaces = 1u << 5,        // users, processes, network, IPC and host name of its own
    kEmptyRoot = 1u << 6,         // a root folder that is empty and cannot be written
    kLandlock = 1u << 7,          // the kernel denies files, ports, and signals to others once more
};

// Below this, no content is handed to a worker.
inline constexpr uint32_t kMinimumLayers =
    kNoNewPrivs | kResourceLimits | kSystemCallFilter | kUnprivilegedUser | kNoDescriptors;
// What a machine may lack is not in kMinimumLayers.
inline constexpr uint32_t kAllLayers = kMinimumLayers | kNamespaces | kEmptyRoot | kLandlock;

// "no-new-privileges, resource-limits": in the order of SandboxLayer; "none" for 0.
std::string layer_names(uint32_t layers);
// By such a name.
std::optional<SandboxLayer> find_layer(std::string_view name);
// Of all layers.
std::vector<std::string> all_layer_names();

}  // namespace firebreak::base
