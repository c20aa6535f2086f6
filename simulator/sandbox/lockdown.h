// The worker's side: gives up everything that computing over requests does not need.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/sandbox_layers.h"

namespace firebreak::sandbox {

// What is told of a layer that cannot be had: which one it is, and the cause.
base::Error no_layer(base::SandboxLayer layer, const base::Error& cause);

// Locks this single-threaded process down for good, but for these weakenings (sandbox/policy.h),
// and hands the listener of its system call filter to the parent. Returns the layers that are in
// force. Errors: a layer cannot be had, named; the process is in no state to go on then.
//
// From here on every system call off the allow-list stops the process inside the kernel, where it
// waits for the parent, which never lets it go on.
base::Result<uint32_t> lock_down(uint32_t weakenings);

}  // namespace firebreak::sandbox
