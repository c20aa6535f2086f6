// The root folder of a command's world.
#pragma once

#include "base/result.h"
#include "sandbox/command_messages.h"

namespace firebreak::sandbox {

inline constexpr const char* kScratch = "/scratch";

// Replaces all that is mounted, in a mount namespace of this process's own, by a file system that
// holds the order's files and binds, read-only, and kScratch, if the order has any. Errors: a bind
// is not there or cannot be read by this user (named), a file cannot be made, the kernel refuses.
base::Status make_root(const CommandOrder& order);

}  // namespace firebreak::sandbox
