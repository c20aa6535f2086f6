// Landlock: what a process may do to files, ports, sockets and processes outside, decided by the
// kernel and never widened again.
#pragma once

#include <span>

#include "base/result.h"

namespace firebreak::sandbox {

// Gives up all that this kernel's Landlock knows of, but for plain files in these folders. False:
// this kernel has none. Needs no_new_privs. Errors: it is there, and refuses.
base::Result<bool> give_up_files_and_ports(std::span<const int> folders);

// The version of Landlock's interface; 0: none.
int landlock_version();

// For programs that are not ours: gives up all but reading and executing what there is, and making,
// writing and removing plain files and folders under `writable`, if there is such a folder. Else as
// above.
base::Result<bool> give_up_all_but_reading(const char* writable);

}  // namespace firebreak::sandbox
