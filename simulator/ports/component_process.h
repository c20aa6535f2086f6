// The process in which a component loads content. Only bytes cross, in both directions.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"

namespace firebreak::ports {

// The reply, as received from a process that nobody vouches for; or how the process died of the
// request (category kCrash, kCpuLimit, kMemoryLimit, kForbidden, kProtocol or kHang; stage left to
// the caller).
using CallResult = std::variant<base::Bytes, base::Outcome>;

class ComponentProcess {
  public:
    virtual ~ComponentProcess() = default;
    // After a death every call is an error. Errors are about this machine, not about the content
    // (the sandbox cannot be set up, the wall deadline passed while the process was at work): the
    // trial must be repeated.
    // `files`: shared libraries that the process may load while it answers, in this order, if it is
    // one that may load any at all; otherwise that is an error.
    virtual base::Result<CallResult> call(const base::Gathered& request,
                                          std::span<const base::ByteView> files = {}) = 0;
    // The same, for a request that loads content: its reply depends on nothing but the requests
    // before it, and files are part of what their request says, so it may be answered from memory.
    virtual base::Result<CallResult> load(const base::Gathered& request,
                                          std::span<const base::ByteView> files = {}) {
        return call(request, files);
    }
    // Processor time that the last call took, as the parent metered it; 0 before the first.
    virtual std::chrono::microseconds last_call_cpu() const = 0;
};

class ComponentProcesses {
  public:
    virtual ~ComponentProcesses() = default;
    // A fresh process, locked down, that has seen no content yet. `loads_libraries`: it may load
    // those that come with calls as files, and has that much less of a sandbox.
    virtual base::Result<std::unique_ptr<ComponentProcess>> start(bool loads_libraries) = 0;
};

}  // namespace firebreak::ports
