// A weakening: the worker may load shared libraries that its parent hands to it (models).
//
// Files that go with a call (Worker::call) are sealed memory files. Where the worker's dlopen()
// opens a file, whatever its path, the kernel stops it, and the parent answers with the next of
// them, at descriptor kModelFd, and lets it ask once for that file's status. An openat() more than
// there are files, and a question about any other file, is a forbidden call as ever.
//
// So the C library's own loader works without any file system, namespace or mount, and nothing that
// can be written can ever be executed: a memory file is sealed before the worker sees it, mappings
// of it are executable or writable and never both, no other mapping is executable, and mprotect()
// gives nothing that right. (A folder for libraries, on a tmpfs of the worker's own, would be
// writable, and would need a mount.)
//
// What it opens: native code of somebody else runs in the worker, under all the other layers.
//
// For the worker's side: load with dlopen(path, RTLD_NOW | RTLD_LOCAL). The path must be absolute,
// and new in this process: a known one is answered without opening anything. A library that needs
// others than the worker has loaded is looked for on disk, which is forbidden.
#pragma once

#include "sandbox/policy.h"

namespace firebreak::sandbox {

inline void allow_executable_mapping(Policy& policy) {
    policy.weakenings |= kExecutableMapping;
}

}  // namespace firebreak::sandbox
