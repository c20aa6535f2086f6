#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sandbox/channel.h"
#include "sandbox/spawn.h"

// clone() by the C library's other name for it: the thread sanitizer wraps the first one, and takes
// every clone for a fork that shares no memory.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

namespace firebreak::sandbox {
namespace {

struct Limit {
    int resource;
    rlimit64 value;
};

// Everything that the child needs between clone and exec, made before: the child allocates nothing.
struct Plan {
    const char* binary;
    std::array<const char*, 3> arguments;
    std::array<const char*, 2> environment;
    std::array<Limit, 7> limits;
    pid_t parent;
    int null, socket, page, errors;
    int error = 0;  // errno of the step that failed; the child shares this memory
};

// No hard limit can be raised: where this process has a lower one, that is the worker's too.
Limit limit(int resource, uint64_t soft, uint64_t hard) {
    rlimit64 own{};
    getrlimit64(static_cast<__rlimit_resource>(resource), &own);
    return {resource,
            {std::min<rlim64_t>(soft, own.rlim_max), std::min<rlim64_t>(hard, own.rlim_max)}};
}

Plan plan_of(const std::string& binary, const Launch& request, int null) {
    const Policy& policy = *request.policy;
    const auto both = [](int resource, uint64_t n) { return limit(resource, n, n); };
    return {
        .binary = binary.c_str(),
        .arguments = {binary.c_str(), policy.component.c_str(), nullptr},
        // A fixed time zone: otherwise the C library reads the machine's at the first date, which
        // is a forbidden call by then, and makes outcomes depend on the machine.
        .environment = {"TZ=UTC0", nullptr},
        .limits = {{
            both(RLIMIT_AS, policy.memory_bytes),
            // SIGXCPU at the limit, SIGKILL a second later.
            limit(RLIMIT_CPU, policy.lifetime_cpu_s, policy.lifetime_cpu_s + 1ull),
            both(RLIMIT_STACK, kStackBytes),
            both(RLIMIT_FSIZE, 0),
            both(RLIMIT_CORE, 0),
            both(RLIMIT_NPROC, 0),
            both(RLIMIT_NOFILE, kMaxOpenFiles),
        }},
        .parent = getpid(),
        .null = null,
        .socket = request.socket,
        .page = request.page,
        .errors = request.errors,
    };
}

// The child, from clone to exec. It shares the parent's memory and its thread-local storage, so:
// system calls only, no sanitizer's instrumentation, and nothing written but the plan's error.
// The signals stay blocked (the spawner's thread blocks all of them) until the worker resets them.
__attribute__((no_sanitize_address, no_sanitize_thread, no_sanitize_undefined)) int child(
    void* argument) {
    Plan& plan = *static_cast<Plan*>(argument);
    bool ok = syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0;
    if (ok && syscall(SYS_getppid) != plan.parent) {  // died before the line above
        syscall(SYS_exit_group, 127);
    }
    // A session of its own: a Ctrl-C at the terminal is for the parent to answer.
    ok = ok && syscall(SYS_setsid) >= 0;
    ok = ok && syscall(SYS_dup2, plan.null, 0) >= 0 && syscall(SYS_dup2, plan.null, 1) >= 0;
    ok = ok && syscall(SYS_dup2, plan.errors, kErrorsFd) >= 0;
    ok = ok && syscall(SYS_dup2, plan.socket, kSocketFd) >= 0;
    ok = ok && syscall(SYS_dup2, plan.page, kPageFd) >= 0;
    ok = ok && syscall(SYS_close_range, kPageFd + 1, ~0u, 0) == 0;
    ok = ok && syscall(SYS_chdir, "/") == 0;
    for (size_t i = 0; ok && i < std::size(plan.limits); ++i) {
        ok =
            syscall(SYS_prlimit64, 0, plan.limits[i].resource, &plan.limits[i].value, nullptr) == 0;
    }
    if (ok) {
        syscall(SYS_execve, plan.binary, &plan.arguments, &plan.environment);
    }
    plan.error = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

}  // namespace

base::Result<Descriptor> lift(Descriptor low) {
    constexpr int kAboveTheWorkers = 10;
    Descriptor high(fcntl(low.get(), F_DUPFD_CLOEXEC, kAboveTheWorkers));
    if (!high.valid()) {
        return system_error("fcntl(F_DUPFD_CLOEXEC)");
    }
    return high;
}

struct Spawner::State {
    struct Job {
        const Launch& request;
        std::optional<base::Result<Launched>> result;  // once it is done
    };

    std::string binary;
    std::vector<std::byte> stack = std::vector<std::byte>(64 * 1024);  // the child's, until exec

    std::mutex mutex;  // guards what follows, and the jobs themselves
    std::condition_variable changed;
    std::deque<Job*> jobs;
    bool stopping = false;

    std::thread thread;
    std::optional<base::Error> failure;  // the thread could not be made

    void work();
    base::Result<Launched> launch(const Launch& request);
};

void Spawner::State::work() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) {
            return;
        }
        Job& job = *jobs.front();
        jobs.pop_front();
        lock.unlock();
        base::Result<Launched> launched = launch(job.request);
        lock.lock();
        job.result = std::move(launched);
        changed.notify_all();
    }
}

base::Result<Launched> Spawner::State::launch(const Launch& request) {
    FB_TRY(const Descriptor null, lift(Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC))));
    Plan plan = plan_of(binary, request, null.get());
    int pidfd = -1;
    // CLONE_VM and CLONE_VFORK as in posix_spawn: the parent may be a gigabyte large, and a plain
    // fork would copy its page tables and make its other threads fault on every page afterwards.
    const pid_t pid = __clone(child, stack.data() + stack.size(),
                              CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
    if (pid < 0) {
        return system_error("clone");
    }
    Launched launched{pid, Descriptor(pidfd)};
    if (plan.error != 0) {
        siginfo_t ignored;
        waitid(P_PIDFD, static_cast<id_t>(pidfd), &ignored, WEXITED);
        base::Error error = system_error("cannot be executed", plan.error);
        error.place = binary;
        error.remedy = "build it, or name another worker";
        return error;
    }
    return launched;
}

Spawner::Spawner(std::filesystem::path worker_binary) : state_(std::make_unique<State>()) {
    std::error_code ignored;  // of a failing getcwd: the path stays as it is
    state_->binary = std::filesystem::absolute(worker_binary, ignored).string();
    if (state_->binary.empty()) {
        state_->binary = worker_binary.string();
    }
    // The thread takes no signals: handlers of the program must not run in a child that shares its
    // memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        state_->thread = std::thread([state = state_.get()] { state->work(); });
    } catch (const std::system_error& error) {
        state_->failure =
            base::Error{std::string("no thread to start workers from: ") + error.what(), "", ""};
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Spawner::~Spawner() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->changed.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

base::Result<Launched> Spawner::launch(const Launch& request) {
    if (state_->failure) {
        return *state_->failure;
    }
    State::Job job{request, std::nullopt};
    std::unique_lock lock(state_->mutex);
    state_->jobs.push_back(&job);
    state_->changed.notify_all();
    state_->changed.wait(lock, [&job] { return job.result.has_value(); });
    return *std::move(job.result);
}

}  // namespace firebreak::sandbox
