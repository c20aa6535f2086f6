// A program that is not ours, run in the sandbox: its files are there, read-only, where the policy
// names them, its input lies in a file system of its own, and there is nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/program_end.h"
#include "base/result.h"
#include "sandbox/worker.h"

namespace firebreak::sandbox {

// Of its processes: each has this much memory and processor time.
struct CommandLimits {
    uint64_t memory_bytes = 1024ull * 1024 * 1024;  // RLIMIT_AS
    uint32_t cpu_s = 10;                            // RLIMIT_CPU
    uint32_t wall_ms = 60'000;                      // for all of it
    uint32_t output_bytes = 1024 * 1024;            // of standard output, and of standard error
    uint32_t processes = 1;                         // at a time; a thread counts as one
    uint64_t scratch_bytes = 0;                     // of /scratch; 0: there is none
};

struct CommandPolicy {
    std::string program;             // an absolute path; bound by itself
    std::vector<std::string> binds;  // absolute paths of this machine, files or folders
    std::map<std::string, std::string> environment;  // all of it
    CommandLimits limits;
};

// Input of one run, all files together, is no more than this.
inline constexpr uint64_t kMaxInputBytes = 128ull * 1024 * 1024;

// What a program may not have bound: the machine's own state, and where its input lies.
// Says why, or "" if the path can be bound.
std::string why_not_bound(const std::string& path);

// Runs one program, any number of times. Every run has namespaces of its own (user, process, mount,
// network, IPC, host name, cgroup), an unprivileged user, a root folder with the binds and the
// input that cannot be written, /scratch if the policy has any, standard input that is empty, no
// other descriptor, no_new_privs, no capabilities, resource limits, Landlock where the kernel has
// it, and a system call filter (sandbox/command_filter.h). Needs all of that but Landlock: a
// machine that refuses one of them is an error that names it. Thread-safe if the spawner is.
class Command {
  public:
    // Errors: the policy cannot be carried out by anyone (a relative path, /proc bound); the
    // program or a bind is not there, or the program cannot be executed.
    static base::Result<Command> create(Spawner& spawner, CommandPolicy policy);

    const CommandPolicy& policy() const { return policy_; }

    // `arguments` follow the program's name. When this returns, all processes of the run have gone.
    // Errors: about this machine, or the input: over kMaxInputBytes, a path that is not absolute or
    // lies under a bind.
    base::Result<base::ProgramEnd> run(std::span<const std::string> arguments,
                                       std::span<const base::InputFile> files) const;

  private:
    Command(Spawner& spawner, CommandPolicy policy)
        : spawner_(&spawner), policy_(std::move(policy)) {}

    Spawner* spawner_;
    CommandPolicy policy_;
};

}  // namespace firebreak::sandbox
