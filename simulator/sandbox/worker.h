// The parent's side of a worker process.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <variant>

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/result.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {

class Folders;
struct Launch;
struct Launched;
struct QuotaFolders;

// Starts workers, each forked from its component's zygote (sandbox/zygote.h), which is started when
// the component is first asked for. Does so from one thread of its own that lives as long as it
// does: Linux sends the parent-death signal when the parent *thread* ends, so the thread that
// starts zygotes must outlive all workers. If this process dies, however it dies, its workers are
// killed. Thread-safe; must outlive its workers.
class Spawner {
  public:
    // `worker_binary`: the path of firebreak-worker.
    explicit Spawner(std::filesystem::path worker_binary);
    ~Spawner();
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

  private:
    friend class Command;
    friend class Worker;
    // A process of its own for this request. Errors: the binary cannot be executed (says why), its
    // zygote is not ready in time or ends, no process can be had.
    base::Result<Launched> launch(const Launch& request);
    friend class Folders;
    // Two empty ones. Errors: as above; the layer that is missing for them.
    base::Result<QuotaFolders> make_folders(const Policy& policy);

    struct State;
    std::unique_ptr<State> state_;
};

// One worker process. Not thread-safe; different workers are independent. The destructor kills and
// reaps it.
class Worker {
  public:
    // A fresh process that has locked itself down with at least kMinimumLayers, as far as the
    // kernel confirms it. Errors: the binary is missing, a layer cannot be had on this machine
    // (named), call_wall_ms passed.
    // `folders`: exactly if the policy allows quota folders (sandbox/folders.h).
    static base::Result<Worker> start(Spawner& spawner, const Policy& policy,
                                      const Folders* folders = nullptr);
    Worker(Worker&&) noexcept;
    Worker& operator=(Worker&&) noexcept;
    ~Worker();

    uint32_t layers() const;
    int pid() const;

    // The reply; or, if the process died of it or was killed for it, how (stage left at kNever):
    //   killed by a signal        kCrash       signal, fault address if any
    //   over call_cpu_ms          kCpuLimit    CPU time used
    //   allocation failed         kMemoryLimit the limit
    //   forbidden system call     kForbidden   name and number of the call
    //   asleep at the deadline    kHang        wall time
    //   exited, a reply that is too long, or one that was not asked for    kProtocol
    // and always the tail of standard error, if any. A reply counts if it took no more CPU time
    // than call_cpu_ms, however late a busy machine delivers it. A worker that is asleep when
    // call_wall_ms have passed waits for something that nobody will give it: the request has been
    // sent, all replies are read, and it has no other thread. Errors: the wall deadline passed
    // while the worker was at work (a busy machine: try again), somebody else killed the worker
    // (the kernel, out of memory, say), it is already dead, the request is longer than
    // kMaxRequestBytes, or a system call failed.
    //
    // With `files`, libraries that the worker may load during this call, in this order, while it
    // answers (sandbox/weakenings/executable_mapping.h). Errors also: the policy does not allow
    // that, or there are more than kMostFiles of them (sandbox/channel.h).
    base::Result<std::variant<base::Bytes, base::Outcome>> call(
        const base::Gathered& request, std::span<const base::ByteView> files = {});
    // Processor time that the last call took.
    std::chrono::microseconds last_call_cpu() const;

  private:
    struct State;
    explicit Worker(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace firebreak::sandbox
