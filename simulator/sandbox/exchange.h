// One frame to a worker and one back, whatever the worker does.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "sandbox/process.h"

namespace firebreak::sandbox {

using Reply = std::variant<base::Bytes, base::Outcome>;

struct ExchangeLimits {
    std::optional<Nanoseconds> cpu;  // of the worker, from now on
    WallClock::time_point deadline;
};

// Sends the request, unless it is null, and waits for a frame; see Worker::call(). After an
// outcome or an error the process is dead. Files are for a policy that allows executable mapping.
base::Result<Reply> exchange(Process& process, const base::Gathered* request,
                             const ExchangeLimits& limits,
                             std::span<const base::ByteView> files = {});

// The policy's weakenings, which the worker reads before it locks itself down.
base::Status send_weakenings(Process& process);

// Waits for the listener that the worker sends before its first frame, and gives it to the process.
// Errors: it ended, sent something else, or the deadline passed; the process is dead then.
base::Status receive_listener(Process& process, WallClock::time_point deadline);

}  // namespace firebreak::sandbox
