// What the kernel says about a worker, so that its parent need not believe the worker.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/result.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {

// The layers in force over this process, as /proc tells. kNoDescriptors, kNamespaces and kEmptyRoot
// are only told to a parent that may look (root), kLandlock to nobody: `believed` says whether the
// worker's own word stands for them.
// Errors: /proc is not there or cannot be read.
base::Result<uint32_t> inspect(pid_t pid, const Policy& policy, uint32_t believed);

// It waits for something. False: it runs, or could if the machine let it; or it has ended.
bool is_asleep(pid_t pid);

}  // namespace firebreak::sandbox
