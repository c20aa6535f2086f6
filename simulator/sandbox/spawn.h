// How a worker process comes into being.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>

#include "base/result.h"
#include "sandbox/descriptor.h"
#include "sandbox/policy.h"
#include "sandbox/worker.h"

namespace firebreak::sandbox {

// What the new process gets; all descriptors are the child's ends and stay the caller's to close.
struct Launch {
    const Policy* policy = nullptr;
    int socket = -1;
    int page = -1;
    int errors = -1;
    std::array<int, 2> folders = {-1, -1};  // for a policy that allows them: log, objects
};

struct Launched {
    pid_t pid = -1;
    Descriptor pidfd;     // close-on-exec
    uint32_t layers = 0;  // that the zygote says it has given it
};

// What the folders of a policy are made as; sandbox/folders.h.
struct QuotaFolders {
    Descriptor log, objects;  // close-on-exec
};

// Moves a descriptor above those that a zygote has, so that dup2 in the child overwrites none that
// is still needed. Close-on-exec.
base::Result<Descriptor> lift(Descriptor low);

}  // namespace firebreak::sandbox
