// The worker's side: lock the process down, then answer requests until the parent hangs up.
#pragma once

#include <functional>

#include "base/bytes.h"

namespace firebreak::sandbox {

using Handler = std::function<base::Bytes(base::ByteView request)>;

// A worker's life, in a process that the zygote has forked: locks it down, reports the layers, and
// serves. Content is read only after lockdown. Returns the process's exit status: 0 when the parent
// hung up, else 70 with a message on standard error.
int serve(const Handler& handler);

}  // namespace firebreak::sandbox
