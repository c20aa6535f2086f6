// The system calls that a program under test may not make. A deny list, because the program and the
// libraries that it loads are not ours to know: what it keeps out is the kernel's rarely used and
// privileged half, other processes, and the network. Files are the business of mounts and Landlock.
#pragma once

#include "base/result.h"
#include "sandbox/descriptor.h"

namespace firebreak::sandbox {

// Puts the filter on this process and all that come of it. From here on a denied call stops its
// process inside the kernel and is told to whoever reads the listener, which is returned; another
// architecture's calls kill. Needs no_new_privs. Errors: the kernel refuses.
base::Result<Descriptor> deny_system_calls();

// Takes what a listener tells: the name of the call, or "unknown". Errors: nothing to be read, as
// when the process was killed meanwhile.
base::Result<std::string> denied_call(const Descriptor& listener);

}  // namespace firebreak::sandbox
