#include "sandbox/death.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <string.h>

#include <cstdlib>
#include <memory>

#include "base/text.h"

namespace firebreak::sandbox {
namespace {

using base::Category;
using base::Code;

std::string signal_name(int signal) {
    const char* name = sigabbrev_np(signal);
    return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

std::string milliseconds(std::chrono::nanoseconds time) {
    return base::with_thousands(
               std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
}

base::Outcome outcome(Category category, Code code, base::Evidence evidence,
                      const Remains& remains) {
    if (!remains.errors.empty()) {
        evidence.emplace_back("standard error", base::printable(remains.errors, 4096));
    }
    return {base::Stage::kNever, category, code, std::move(evidence)};
}

base::Outcome of_cpu_limit(std::chrono::nanoseconds used, const std::string& limit,
                           const Remains& remains) {
    return outcome(Category::kCpuLimit, Code::kKilledAtCpuLimit,
                   {{"CPU time", milliseconds(used)}, {"limit", limit}}, remains);
}

base::Outcome of_lifetime(const Remains& remains, const Policy& policy) {
    return of_cpu_limit(remains.life_cpu_time,
                        base::with_thousands(policy.lifetime_cpu_s) + " s in its life", remains);
}

base::Outcome of_crash(const Remains& remains, int signal) {
    base::Evidence evidence = {{"signal", signal_name(signal)}};
    if (remains.fault_signal == static_cast<uint32_t>(signal)) {
        evidence.emplace_back("fault address", fmt::format("{:#x}", remains.fault_address));
    }
    return outcome(Category::kCrash, Code::kKilledBySignal, std::move(evidence), remains);
}

}  // namespace

base::Result<base::Outcome> judge(const Remains& remains, const Policy& policy) {
    const int status = remains.status.si_status;
    if (remains.status.si_code == 0) {
        return base::Error{"how the worker ended is not known", "",
                           "do not ignore SIGCHLD: the kernel forgets children then"};
    }
    if (remains.status.si_code == CLD_EXITED) {
        return outcome(Category::kProtocol, Code::kExited,
                       {{"exit status", std::to_string(status)}}, remains);
    }
    switch (status) {
        case SIGABRT:
            if (remains.out_of_memory) {
                const std::string mib =
                    base::with_thousands(static_cast<int64_t>(policy.memory_bytes / (1024 * 1024)));
                return outcome(Category::kMemoryLimit, Code::kKilledAtMemoryLimit,
                               {{"limit", mib + " MiB"}}, remains);
            }
            return of_crash(remains, status);
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
        case SIGTRAP:
            return of_crash(remains, status);
        case SIGSYS:
            return outcome(
                Category::kForbidden, Code::kKilledAtSystemCall,
                {{"signal", "SIGSYS"},
                 {"system call", "one that only lockdown needs, or another architecture's"}},
                remains);
        case SIGXCPU:
            return of_lifetime(remains, policy);
        default:
            if (status == SIGKILL &&
                remains.life_cpu_time >= std::chrono::seconds(policy.lifetime_cpu_s)) {
                return of_lifetime(remains, policy);
            }
            // No call on the allow-list can raise these.
            return base::Error{fmt::format("worker {} was killed from outside, by {}",
                                           remains.status.si_pid, signal_name(status)),
                               "", "try again; SIGKILL is often the kernel, out of memory"};
    }
}

base::Outcome stopped_at_call(int number, uint32_t architecture, const Remains& remains) {
    const std::unique_ptr<char, void (*)(void*)> name(
        seccomp_syscall_resolve_num_arch(architecture, number), std::free);
    return outcome(
        Category::kForbidden, Code::kKilledAtSystemCall,
        {{"system call", name ? name.get() : "unknown"}, {"number", std::to_string(number)}},
        remains);
}

base::Outcome stopped_at_call_limit(const Remains& remains, const Policy& policy) {
    const std::chrono::milliseconds limit(policy.call_cpu_ms);
    return of_cpu_limit(remains.call_cpu_time, milliseconds(limit) + " a call", remains);
}

base::Outcome stopped_at_deadline(const Remains& remains, const Policy& policy) {
    const std::chrono::milliseconds limit(policy.call_wall_ms);
    return outcome(Category::kHang, Code::kKilledAtWallDeadline,
                   {{"waited", "asleep after " + milliseconds(limit)},
                    {"CPU time", milliseconds(remains.call_cpu_time)}},
                   remains);
}

base::Outcome stopped_for(const std::string& what, const Remains& remains) {
    return outcome(Category::kProtocol, Code::kReplyInvalid, {{"protocol", what}}, remains);
}

}  // namespace firebreak::sandbox
