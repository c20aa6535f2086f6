#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sandbox/channel.h"
#include "sandbox/death.h"
#include "sandbox/message.h"
#include "sandbox/process.h"
#include "sandbox/spawn.h"

// clone() by the C library's other name for it: the thread sanitizer wraps the first one, and takes
// every clone for a fork that shares no memory.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

namespace firebreak::sandbox {
namespace {

// Everything that the child needs between clone and exec, made before: the child allocates nothing.
struct Plan {
    const char* binary;
    std::array<const char*, 3> arguments;
    std::array<const char*, 2> environment;
    pid_t parent;
    int null, socket, errors;
    int error = 0;  // errno of the step that failed; the child shares this memory
};

Plan plan_of(const std::string& binary, const std::string& component, int null, int socket,
             int errors) {
    return {
        .binary = binary.c_str(),
        .arguments = {binary.c_str(), component.c_str(), nullptr},
        // A fixed time zone: otherwise the C library reads the machine's, and outcomes depend on
        // the machine.
        .environment = {"TZ=UTC0", nullptr},
        .parent = getpid(),
        .null = null,
        .socket = socket,
        .errors = errors,
    };
}

// The child, from clone to exec. It shares the parent's memory and its thread-local storage, so:
// system calls only, no sanitizer's instrumentation, and nothing written but the plan's error.
// The signals stay blocked (the spawner's thread blocks all of them) until a worker resets them.
// The places of a worker's page and folders are taken, so that nothing that the zygote is sent
// lands there.
__attribute__((no_sanitize("address", "thread", "undefined"))) int child(void* argument) {
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
    for (int place = kPageFd; place <= kObjectsFolderFd; ++place) {
        ok = ok && syscall(SYS_dup2, plan.null, place) >= 0;
    }
    ok = ok && syscall(SYS_close_range, kObjectsFolderFd + 1, ~0u, 0) == 0;
    ok = ok && syscall(SYS_chdir, "/") == 0;
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

namespace {

// The spawner's hold on one zygote. Its end hangs up, and waits until it has gone.
class Zygote {
  public:
    Zygote(Descriptor pidfd, Descriptor socket, Descriptor errors)
        : pidfd_(std::move(pidfd)), socket_(std::move(socket)), errors_(std::move(errors)) {}
    Zygote(const Zygote&) = delete;
    Zygote& operator=(const Zygote&) = delete;
    ~Zygote() { end(); }

    // Waits until it is ready. Errors: why it is not, in its own last words.
    base::Status meet(const Policy& policy);
    // Errors: it has gone (see gone()), or has no process to give.
    base::Result<Launched> order(const Launch& request);
    base::Result<QuotaFolders> order_folders(const Policy& policy);
    bool gone() const { return gone_; }

  private:
    // Within the policy's wall deadline; or has ended.
    bool has_spoken(const Policy& policy) const;
    struct Answer {
        Birth birth{};
        Received received;
    };
    base::Result<Answer> ask(const Order& order, std::span<const int> descriptors,
                             const Policy& policy);
    base::Error failure(const Policy& policy);
    void end();

    Descriptor pidfd_, socket_, errors_;
    uint32_t layers_ = 0;
    bool gone_ = false;
    siginfo_t status_{};
};

bool Zygote::has_spoken(const Policy& policy) const {
    std::array<pollfd, 2> watched = {{{socket_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
    const auto at_most = static_cast<int>(policy.call_wall_ms);
    int ready = 0;
    do {
        ready = poll(watched.data(), watched.size(), at_most);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

base::Status Zygote::meet(const Policy& policy) {
    if (!has_spoken(policy)) {
        return base::Error{"it was not ready before its wall deadline", "",
                           "try again on a machine that is less busy"};
    }
    Hello hello{};
    const auto received =
        receive_message(socket_.get(), std::as_writable_bytes(std::span(&hello, 1)));
    if (!received.ok() || received->bytes != sizeof hello) {
        return failure(policy);
    }
    layers_ = hello.layers;
    return {};
}

base::Result<Zygote::Answer> Zygote::ask(const Order& order, std::span<const int> descriptors,
                                         const Policy& policy) {
    Answer answer;
    gone_ = !send_message(socket_.get(), std::as_bytes(std::span(&order, 1)), descriptors).ok() ||
            !has_spoken(policy);
    if (!gone_) {
        base::Result<Received> received =
            receive_message(socket_.get(), std::as_writable_bytes(std::span(&answer.birth, 1)));
        gone_ = !received.ok() || received->bytes != sizeof answer.birth;
        if (!gone_) {
            answer.received = *std::move(received);
            return answer;
        }
    }
    return base::Error{"the process that workers are forked from has gone, or does not answer", "",
                       ""};
}

base::Error no_descriptor_left(const std::string& for_what) {
    return {"no descriptor is left for " + for_what, "",
            "raise the limit (ulimit -n), or run fewer at a time"};
}

base::Result<Launched> Zygote::order(const Launch& request) {
    const Policy& policy = *request.policy;
    Order order{};
    order.memory_bytes = policy.memory_bytes;
    order.lifetime_cpu_s = policy.lifetime_cpu_s;
    order.file_bytes = policy.file_bytes();
    const std::array descriptors = {request.socket, request.page, request.errors,
                                    request.folders[0], request.folders[1]};
    FB_TRY(Answer answer,
           ask(order, std::span(descriptors).first(request.folders[0] < 0 ? 3 : 5), policy));
    const Birth& birth = answer.birth;
    if (birth.pid <= 0) {
        return system_error("clone", birth.error);
    }
    if (answer.received.count != 1) {  // ours to reap all the same: it has not been, so the number
        kill(birth.pid, SIGKILL);      // is its
        waitpid(birth.pid, nullptr, 0);
        return no_descriptor_left("another worker");
    }
    return Launched{birth.pid, std::move(answer.received.descriptors[0]), layers_};
}

base::Result<QuotaFolders> Zygote::order_folders(const Policy& policy) {
    constexpr uint32_t kNeeded = kNamespaces | kEmptyRoot;
    if (const uint32_t missing = kNeeded & ~layers_; missing != 0) {
        return base::Error{"quota folders cannot be had without " + base::layer_names(missing), "",
                           "run where the kernel offers them, or without these folders"};
    }
    Order order{};
    order.log_bytes = policy.quotas.log_bytes;
    order.objects_bytes = policy.quotas.objects_bytes;
    FB_TRY(Answer answer, ask(order, {}, policy));
    if (answer.birth.error != 0) {
        return system_error("quota folders cannot be had", answer.birth.error);
    }
    if (answer.received.count != 2) {
        return no_descriptor_left("quota folders");
    }
    auto& made = answer.received.descriptors;
    return QuotaFolders{std::move(made[0]), std::move(made[1])};
}

base::Error Zygote::failure(const Policy& policy) {
    end();
    Remains remains;
    remains.status = status_;
    std::array<char, 1000> text;
    if (const ssize_t n = read(errors_.get(), text.data(), text.size()); n > 0) {
        remains.errors.assign(text.data(), static_cast<size_t>(n));
    }
    const auto how = judge(remains, policy);
    return {"it did not lock itself down: " +
                (how.ok() ? base::to_text(how->evidence) : how.error().text()),
            "", ""};
}

// Hung up on, a zygote ends by itself: what it says then is its reason, if it had one. One that is
// stuck is killed.
void Zygote::end() {
    if (!pidfd_.valid()) {
        return;
    }
    constexpr int kPatienceMs = 1000;
    socket_ = {};
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (poll(&ended, 1, kPatienceMs) != 1) {
        syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    }
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &status_, WEXITED) != 0 &&
           errno == EINTR) {
    }
    pidfd_ = {};
}

}  // namespace

struct Spawner::State {
    struct Job {
        const std::function<void()>& work;
        bool done = false;
    };

    std::string binary;
    std::vector<std::byte> stack = std::vector<std::byte>(64 * 1024);  // the child's, until exec
    std::map<std::string, std::unique_ptr<Zygote>> zygotes;            // by component

    std::mutex mutex;  // guards what follows, and the jobs themselves
    std::condition_variable changed;
    std::deque<Job*> jobs;
    bool stopping = false;

    std::thread thread;
    std::optional<base::Error> failure;  // the thread could not be made

    void work();
    // On the thread; returns when it is done. Errors: there is no thread.
    base::Status perform(const std::function<void()>& job);

    // The rest is the thread's.
    // `order` by the component's zygote; by a fresh one if it has none, or none that answers.
    template <typename Made>
    base::Result<Made> by_zygote(const Policy& policy,
                                 const std::function<base::Result<Made>(Zygote&)>& order);
    base::Result<std::unique_ptr<Zygote>> start_zygote(const Policy& policy);
};

void Spawner::State::work() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return stopping || !jobs.empty(); });
        if (stopping) {
            zygotes.clear();
            return;
        }
        Job& job = *jobs.front();
        jobs.pop_front();
        lock.unlock();
        job.work();
        lock.lock();
        job.done = true;
        changed.notify_all();
    }
}

base::Status Spawner::State::perform(const std::function<void()>& work_of_job) {
    if (failure) {
        return *failure;
    }
    Job job{work_of_job};
    std::unique_lock lock(mutex);
    jobs.push_back(&job);
    changed.notify_all();
    changed.wait(lock, [&job] { return job.done; });
    return {};
}

template <typename Made>
base::Result<Made> Spawner::State::by_zygote(
    const Policy& policy, const std::function<base::Result<Made>(Zygote&)>& order) {
    if (const auto known = zygotes.find(policy.component); known != zygotes.end()) {
        base::Result<Made> made = order(*known->second);
        if (!known->second->gone()) {
            return made;
        }
        zygotes.erase(known);  // with all its workers, if it was but stuck
    }
    FB_TRY(std::unique_ptr<Zygote> zygote, start_zygote(policy));
    base::Result<Made> made = order(*zygote);
    if (!zygote->gone()) {
        zygotes[policy.component] = std::move(zygote);
    }
    return made;
}

base::Result<std::unique_ptr<Zygote>> Spawner::State::start_zygote(const Policy& policy) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return system_error("socketpair");
    }
    Descriptor socket(pair[0]);
    FB_TRY(Descriptor its_socket, lift(Descriptor(pair[1])));
    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) {
        return system_error("pipe2");
    }
    Descriptor errors(pair[0]);
    FB_TRY(Descriptor its_errors, lift(Descriptor(pair[1])));
    FB_TRY(const Descriptor null, lift(Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC))));
    Plan plan = plan_of(binary, policy.component, null.get(), its_socket.get(), its_errors.get());
    int pidfd = -1;
    // CLONE_VM and CLONE_VFORK as in posix_spawn: the parent may be a gigabyte large, and a plain
    // fork would copy its page tables and make its other threads fault on every page afterwards.
    const pid_t pid = __clone(child, stack.data() + stack.size(),
                              CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
    if (pid < 0) {
        return system_error("clone");
    }
    its_socket = {};
    its_errors = {};
    auto zygote = std::make_unique<Zygote>(Descriptor(pidfd), std::move(socket), std::move(errors));
    if (plan.error != 0) {
        base::Error error = system_error("cannot be executed", plan.error);
        error.place = binary;
        error.remedy = "build it, or name another worker";
        return error;
    }
    FB_CHECK(zygote->meet(policy));
    return zygote;
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
    base::Result<Launched> launched = base::Error{};
    FB_CHECK(state_->perform([&] {
        launched = state_->by_zygote<Launched>(
            *request.policy, [&](Zygote& zygote) { return zygote.order(request); });
    }));
    return launched;
}

base::Result<QuotaFolders> Spawner::make_folders(const Policy& policy) {
    base::Result<QuotaFolders> folders = base::Error{};
    FB_CHECK(state_->perform([&] {
        folders = state_->by_zygote<QuotaFolders>(
            policy, [&](Zygote& zygote) { return zygote.order_folders(policy); });
    }));
    return folders;
}

}  // namespace firebreak::sandbox
