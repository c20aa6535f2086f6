// Landlock: what a process may do to files, ports, sockets and processes outside, decided by the
// kernel and never widened again.
#pragma once

#include <string>

#include "base/result.h"

namespace firebreak::sandbox {

// Gives up all that this kernel's Landlock knows of. False: this kernel has none. Needs
// no_new_privs. Errors: it is there, and refuses.
base::Result<bool> give_up_files_and_ports();

// The same, but for reading and executing whatever there is, and for making, writing and removing
// files and folders under `writable`, if there is such a folder.
base::Result<bool> give_up_all_but_reading(const std::string& writable);

// The version of Landlock's interface; 0: none.
int landlock_version();

}  // namespace firebreak::sandbox
