// A weakening: the worker may keep files in two folders, one for a log and one for large objects.
//
// Each is a file system in memory of its own (tmpfs), mounted nowhere, with a quota of bytes and of
// files that the kernel enforces: a full one is an error in the worker (ENOSPC), never a full disk.
// Nothing in them can be executed, be a device, or carry rights. They outlive the workers that they
// are handed to (sandbox/folders.h), so that what a killed one leaves over is there for the next.
//
// The worker has them at kLogFolderFd and kObjectsFolderFd (sandbox/channel.h) and can open, write,
// map, list and remove plain files right in them. It can make no folders, links or other kinds of
// file; names that lead elsewhere lead nowhere, because its root folder is empty. So this needs
// namespaces: where a machine does not give them, there are no folders to hand out.
//
// What it opens: file system code of the kernel, and bytes that pass from one worker to the next.
#pragma once

#include "sandbox/policy.h"

namespace firebreak::sandbox {

inline void allow_quota_folders(Policy& policy, const Quotas& quotas = {}) {
    policy.weakenings |= kQuotaFolders;
    policy.quotas = quotas;
}

}  // namespace firebreak::sandbox
