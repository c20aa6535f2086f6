// The parent's hold on one worker process: its descriptors, its clock and its end.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "sandbox/channel.h"
#include "sandbox/death.h"
#include "sandbox/descriptor.h"
#include "sandbox/policy.h"
#include "sandbox/spawn.h"

namespace firebreak::sandbox {

using Nanoseconds = std::chrono::nanoseconds;
// Wall time is asked for one purpose: to end what hangs.
using WallClock = std::chrono::steady_clock;

// What leads to a worker: made before it, ours to keep.
struct Ends {
    Descriptor socket;  // never blocks us
    Descriptor errors;  // blocks neither side: a worker that writes too much loses text, not time
    std::shared_ptr<const EvidencePage> page;
};
// What the worker gets.
struct WorkerEnds {
    Descriptor socket, errors, page;
};
base::Result<Ends> make_ends(WorkerEnds& theirs);

// A memory file of these bytes, piece after piece, that nobody can change any more. Close-on-exec.
base::Result<Descriptor> sealed_file(std::span<const base::ByteView> pieces);

// Not thread-safe. Its end kills and reaps.
class Process {
  public:
    Process(Policy policy, Ends ends, Launched launched);
    ~Process() { end(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    const Policy& policy() const { return policy_; }
    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }
    int socket() const { return ends_.socket.get(); }
    int errors() const { return ends_.errors.get(); }
    // Of the worker's system call filter, once the worker has sent it: tells of forbidden calls.
    int listener() const { return listener_.get(); }
    void set_listener(Descriptor listener) { listener_ = std::move(listener); }

    // The CPU time that the process has used in its life. Stands still once it is dead.
    Nanoseconds cpu_time() const;
    // Takes what is on standard error now, and keeps the tail.
    void read_errors();

    bool dead() const { return dead_; }
    // Kills what still lives and reaps it. A process that had ended by itself keeps its status.
    void end();
    // The same, and what is left. To be asked once.
    Remains remains(Nanoseconds call_cpu_time);

  private:
    Policy policy_;
    Ends ends_;
    pid_t pid_;
    Descriptor pidfd_;
    Descriptor listener_;
    clockid_t cpu_clock_{};
    Nanoseconds last_cpu_time_{};
    std::string error_tail_;
    siginfo_t status_{};
    bool dead_ = false;
};

}  // namespace firebreak::sandbox
