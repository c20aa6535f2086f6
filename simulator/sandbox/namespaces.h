// A world of its own for the workers of one zygote: no network, no processes but themselves, and a
// root folder that is empty and cannot be written.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sandbox/descriptor.h"

namespace firebreak::sandbox {

// Root becomes nobody (65534); a set-user-id program becomes who started it. To be called before
// anything else. Errors: the kernel refuses.
base::Status become_unprivileged();

// Leaves the machine's namespaces as far as it is allowed to, which takes no privilege on most
// machines; what this process starts from here on are processes of the new world, whose first one,
// which does nothing, is started here: if this process dies, the kernel ends them all.
// Returns which of kNamespaces and kEmptyRoot are in force: a machine may refuse either (user
// namespaces are switched off in many containers). Errors: what a trial could do failed now.
base::Result<uint32_t> enter_own_world();

// What a process is started into that gets a world of its own at once, by clone(): all of the
// machine's namespaces that enter_own_world() leaves.
extern const unsigned long kOwnWorld;
// How folders that hold no more than data are mounted: nothing in them is a device or a program.
extern const unsigned long kInert;
// To be called in such a process, with the user and group of who started it: the same inside.
base::Status keep_ids(unsigned user, unsigned group);

// The last step: those that come with a new world, too. Errors: the kernel refuses.
base::Status drop_capabilities();

// All but the right to mount, in this world alone: for a process that makes folders of their own
// for its workers (sandbox/folders.h), and hands on none of it. Errors: the kernel refuses.
base::Status keep_the_right_to_mount();

// The descriptor of an empty folder, on a file system in memory of its own that is mounted nowhere
// and ends with the last descriptor in it. Holds so many bytes, and kMostFolderEntries files.
// Errors: the kernel refuses.
base::Result<Descriptor> make_quota_folder(uint64_t bytes);

}  // namespace firebreak::sandbox
