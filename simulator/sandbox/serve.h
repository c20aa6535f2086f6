// The worker's side: lock the process down, then answer requests until the parent hangs up.
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "sandbox/request.h"

namespace firebreak::sandbox {

// Whoever keeps the request keeps its bytes where they are: a long one stays mapped, not copied.
using Handler = std::function<base::Bytes(std::shared_ptr<const Request> request)>;

// A worker's life, in a process that the zygote has forked: locks it down, reports the layers, and
// serves. Content is read only after lockdown. Returns the process's exit status: 0 when the parent
// hung up, else 70 with a message on standard error.
int serve(const Handler& handler);

}  // namespace firebreak::sandbox
