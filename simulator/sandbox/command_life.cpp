#include "sandbox/command_life.h"

#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "base/text.h"
#include "sandbox/channel.h"
#include "sandbox/command_filter.h"
#include "sandbox/command_messages.h"
#include "sandbox/command_root.h"
#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"
#include "sandbox/message.h"
#include "sandbox/namespaces.h"
#include "sandbox/policy.h"
#include "sandbox/process.h"

namespace firebreak::sandbox {
namespace {

using How = base::ProgramEnd::How;

constexpr int kOutputFd = kPageFd;
constexpr rlim_t kOpenFiles = 256;

// --- the program's side, from fork to exec

// No hard limit can be raised: where this process has a lower one, that is the program's too.
bool limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
    rlimit own{};
    getrlimit(resource, &own);
    const rlimit wanted{std::min(soft, own.rlim_max), std::min(hard, own.rlim_max)};
    return setrlimit(resource, &wanted) == 0;
}

base::Status set_limits(const CommandOrder& order) {
    const auto both = [](__rlimit_resource resource, rlim_t n) { return limit(resource, n, n); };
    const bool set =
        // SIGXCPU at the limit, SIGKILL a second later. The kernel counts processes in each user
        // namespace apart; the first process of this one is one of them.
        limit(RLIMIT_CPU, order.cpu_s, order.cpu_s + 1) &&
        both(RLIMIT_NPROC, order.processes + 1) && both(RLIMIT_STACK, kStackBytes) &&
        both(RLIMIT_FSIZE, order.scratch_bytes) && both(RLIMIT_CORE, 0) &&
        both(RLIMIT_NOFILE, kOpenFiles) && both(RLIMIT_MEMLOCK, 0) && both(RLIMIT_MSGQUEUE, 0) &&
        both(RLIMIT_AS, order.memory_bytes);
    return set ? base::Status{} : no_layer(kResourceLimits, system_error("setrlimit"));
}

// Ignored signals and the mask survive exec.
void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        sigaction(signal, &action, nullptr);  // SIGKILL and SIGSTOP refuse
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

base::Status take_descriptors() {
    if (setsid() < 0 || dup2(kOutputFd, STDOUT_FILENO) < 0 ||
        close_range(kErrorsFd + 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0) {
        return no_layer(kNoDescriptors, system_error("descriptors"));
    }
    return {};
}

// The listener of the filter, which tells of forbidden calls.
base::Result<Descriptor> lock_down_program(const CommandOrder& order) {
    FB_CHECK(take_descriptors());
    reset_signals();
    FB_CHECK(drop_capabilities());
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return no_layer(kNoNewPrivs, system_error("prctl(PR_SET_NO_NEW_PRIVS)"));
    }
    if (const auto landlock = give_up_all_but_reading(kScratch); !landlock.ok()) {
        return no_layer(kLandlock, landlock.error());
    }
    base::Result<Descriptor> listener = deny_system_calls();
    if (!listener.ok()) {
        return no_layer(kSystemCallFilter, listener.error());
    }
    FB_CHECK(set_limits(order));
    return listener;
}

base::Status tell(int socket, const std::string& text, std::span<const int> descriptors) {
    return send_message(socket, std::as_bytes(std::span(text)), descriptors);
}

// Becomes the program. What comes back, if anything, is why it did not.
base::Error become(const CommandOrder& order, int socket) {
    std::vector<std::string> words = {order.program};
    words.insert(words.end(), order.arguments.begin(), order.arguments.end());
    std::vector<std::string> settings;
    for (const auto& [name, value] : order.environment) {
        settings.push_back(name + "=" + value);
    }
    const auto pointers = [](std::vector<std::string>& list) {
        std::vector<char*> out;
        for (std::string& text : list) {
            out.push_back(text.data());
        }
        out.push_back(nullptr);
        return out;
    };
    const std::vector<char*> arguments = pointers(words);
    const std::vector<char*> environment = pointers(settings);
    const base::Result<Descriptor> listener = lock_down_program(order);
    if (!listener.ok()) {
        return listener.error();
    }
    const int descriptor = listener->get();
    if (const base::Status told = tell(socket, "ready", std::span(&descriptor, 1)); !told.ok()) {
        return told.error();
    }
    execve(order.program.c_str(), arguments.data(), environment.data());
    return system_error("execve of " + base::printable(order.program));
}

// --- the first process's side

struct Program {
    pid_t pid = -1;
    Descriptor listener;
};

base::Result<std::string> hear(int socket, Received& received) {
    std::array<std::byte, 1000> text;
    FB_TRY(received, receive_message(socket, text));
    return std::string(reinterpret_cast<const char*>(text.data()), received.bytes);
}

// Running, or an Error that says why not.
base::Result<Program> start(const CommandOrder& order) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return system_error("socketpair");
    }
    const Descriptor ours(pair[0]);
    Descriptor theirs(pair[1]);
    const pid_t pid = fork();
    if (pid < 0) {
        return system_error("fork of the program");
    }
    if (pid == 0) {
        const base::Error why = become(order, theirs.get());
        (void)tell(theirs.get(), base::printable(why.message, 900), {});
        _exit(127);
    }
    theirs = {};
    Received with;
    FB_TRY(const std::string first, hear(ours.get(), with));
    if (with.count != 1) {
        return base::Error{first.empty() ? "it died before it was started" : first, "", ""};
    }
    Program program{pid, std::move(with.descriptors[0])};
    FB_TRY(const std::string last, hear(ours.get(), with));
    if (!last.empty()) {
        return base::Error{last, base::printable(order.program),
                           "see that the program and all that it loads are among the binds"};
    }
    return program;
}

std::chrono::microseconds time_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// Watches one program until it has ended, by itself or by what it did.
class Watch {
  public:
    Watch(const CommandOrder& order, Program program)
        : order_(order),
          program_(std::move(program)),
          deadline_(WallClock::now() + std::chrono::milliseconds(order.wall_ms)) {
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        children_ = Descriptor(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    // All its processes have gone when this returns.
    base::ProgramEnd end() {
        while (!ended_) {
            look();
        }
        kill(-1, SIGKILL);
        while (wait_for_one(0)) {
        }
        rusage used{};
        getrusage(RUSAGE_CHILDREN, &used);
        end_.cpu = time_of(used.ru_utime) + time_of(used.ru_stime);
        return end_;
    }

  private:
    void look() {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - WallClock::now());
        if (left.count() <= 0) {
            return stop(How::kWallDeadline);
        }
        std::array<pollfd, 3> watched = {{{children_.get(), POLLIN, 0},
                                          {program_.listener.get(), POLLIN, 0},
                                          {kSocketFd, POLLIN, 0}}};
        poll(watched.data(), watched.size(), static_cast<int>(left.count()));
        if (watched[0].revents != 0) {
            signalfd_siginfo ignored{};
            while (read(children_.get(), &ignored, sizeof ignored) > 0) {
            }
            while (wait_for_one(WNOHANG)) {
            }
        }
        // The listener hangs up with the last process that it speaks for.
        if (!ended_ && (watched[1].revents & POLLIN) != 0) {
            if (const auto call = denied_call(program_.listener); call.ok()) {
                end_.call = *call;
                stop(How::kForbidden);
            }
        }
        if (watched[2].revents != 0) {  // the parent has hung up
            _exit(0);
        }
    }

    void stop(How how) {
        end_.how = how;
        ended_ = true;
    }

    // Reaps a process, the program's own or one that it left to us. False: there was none.
    bool wait_for_one(int flags) {
        int status = 0;
        rusage used{};
        const pid_t pid = wait4(-1, &status, flags, &used);
        if (pid == program_.pid && !ended_) {
            judge(status, time_of(used.ru_utime) + time_of(used.ru_stime));
        }
        return pid > 0 || (pid < 0 && errno == EINTR);
    }

    void judge(int status, std::chrono::microseconds used) {
        stop(WIFEXITED(status) ? How::kExited : How::kSignal);
        end_.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
        const bool at_limit = used >= std::chrono::seconds(order_.cpu_s);
        if (end_.how == How::kSignal &&
            (end_.status == SIGXCPU || (end_.status == SIGKILL && at_limit))) {
            end_.how = How::kCpuLimit;
        }
        if (end_.how == How::kSignal && end_.status == SIGSYS) {
            end_.how = How::kForbidden;
            end_.call = "one of another architecture";
        }
    }

    const CommandOrder& order_;
    Program program_;
    WallClock::time_point deadline_;
    Descriptor children_;
    base::ProgramEnd end_;
    bool ended_ = false;
};

// The order's bytes, mapped from the parent's sealed file, for as long as this process lives.
base::Result<base::ByteView> receive_order() {
    std::array<std::byte, 1> nothing;
    FB_TRY(const Received received, receive_message(kSocketFd, nothing));
    struct stat file {};
    if (received.count != 1 || fstat(received.descriptors[0].get(), &file) != 0) {
        return base::Error{"no order came", "", ""};
    }
    const auto size = static_cast<size_t>(file.st_size);
    void* const mapped =
        mmap(nullptr, size, PROT_READ, MAP_PRIVATE, received.descriptors[0].get(), 0);
    if (mapped == MAP_FAILED) {
        return system_error("mmap of an order");
    }
    return base::ByteView(static_cast<const uint8_t*>(mapped), size);
}

base::Result<base::ProgramEnd> carry_out_order() {
    // Signals of this process stay blocked, as they came: SIGCHLD is read from a descriptor.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    FB_TRY(const base::ByteView bytes, receive_order());
    FB_TRY(const CommandOrder order, parse_command_order(bytes));
    if (const base::Status made = make_root(order); !made.ok()) {
        return no_layer(kEmptyRoot, made.error());
    }
    FB_TRY(Program program, start(order));
    return Watch(order, std::move(program)).end();
}

}  // namespace

int live_for_command() {
    const base::Result<base::ProgramEnd> end = carry_out_order();
    CommandReport report;
    if (end.ok()) {
        report.end = *end;
    } else {
        report.failure = base::printable(end.error().text(), 2000);
    }
    const base::Bytes bytes = encode(report);
    return send_message(kSocketFd, std::as_bytes(std::span(bytes)), {}).ok() ? 0 : kFailed;
}

}  // namespace firebreak::sandbox
