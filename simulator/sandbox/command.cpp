#include "sandbox/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "sandbox/command_messages.h"
#include "sandbox/command_root.h"
#include "sandbox/message.h"
#include "sandbox/process.h"
#include "sandbox/spawn.h"

namespace firebreak::sandbox {
namespace {

using How = base::ProgramEnd::How;

// Beyond the program's own deadline, which its first process keeps.
constexpr std::chrono::seconds kPatience{10};

bool lies_under(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || path[folder.size()] == '/' || folder == "/");
}

bool is_plain(std::string_view path) {
    return path.starts_with('/') && path.size() > 1 && !path.ends_with('/') &&
           path.find("//") == path.npos && (std::string(path) + "/").find("/./") == path.npos &&
           (std::string(path) + "/").find("/../") == path.npos && path.find('\0') == path.npos;
}

// What one side of a pipe or a socket is to us, and to the program.
struct Pair {
    Descriptor ours, theirs;
};

base::Result<Pair> pipe_to_us() {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return system_error("pipe2");
    }
    Pair out{Descriptor(pair[0]), Descriptor(pair[1])};
    if (fcntl(out.ours.get(), F_SETFL, O_NONBLOCK) != 0) {
        return system_error("fcntl(O_NONBLOCK)");
    }
    FB_TRY(out.theirs, lift(std::move(out.theirs)));
    return out;
}

base::Result<Pair> socket_pair() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return system_error("socketpair");
    }
    Pair out{Descriptor(pair[0]), Descriptor(pair[1])};
    FB_TRY(out.theirs, lift(std::move(out.theirs)));
    return out;
}

// One run, under way. Its end leaves nothing behind: the first process of the program's world is
// our child, and once it can be reaped the kernel has ended all others.
class Run {
  public:
    Run(const CommandLimits& limits, Descriptor socket, Descriptor output, Descriptor errors,
        Launched launched)
        : limits_(limits),
          socket_(std::move(socket)),
          output_(std::move(output)),
          errors_(std::move(errors)),
          pidfd_(std::move(launched.pidfd)) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { end(); }

    base::Result<base::ProgramEnd> finish(const Descriptor& order) {
        const std::byte nothing{};
        const int descriptor = order.get();
        FB_CHECK(send_message(socket_.get(), std::span(&nothing, 1), std::span(&descriptor, 1)));
        const auto deadline =
            WallClock::now() + std::chrono::milliseconds(limits_.wall_ms) + kPatience;
        CommandReport report;
        for (bool heard = false; !heard && !flooded_;) {
            FB_TRY(heard, listen(deadline, report));
        }
        end();
        take(output_, report.end.output);
        take(errors_, report.end.errors);
        if (!report.failure.empty()) {
            return base::Error{"the program under test cannot be run: " + report.failure, "", ""};
        }
        if (flooded_) {
            report.end.how = How::kOutputLimit;
        }
        return std::move(report.end);
    }

  private:
    // True: the report is complete.
    base::Result<bool> listen(WallClock::time_point deadline, CommandReport& report) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - WallClock::now());
        if (left.count() <= 0) {
            return base::Error{"the program under test was not ended at its deadline", "",
                               "try again on a machine that is less busy"};
        }
        std::array<pollfd, 3> watched = {
            {{socket_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}}};
        if (poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0) {
            return errno == EINTR ? base::Result<bool>(false) : system_error("poll");
        }
        take(output_, report.end.output);
        take(errors_, report.end.errors);
        if (watched[0].revents == 0) {
            return false;
        }
        std::array<std::byte, kMaxReportBytes> text;
        FB_TRY(const Received received, receive_message(socket_.get(), text));
        if (received.bytes == 0) {
            return base::Error{"the first process of a program under test has gone", "",
                               "try again; SIGKILL is often the kernel, out of memory"};
        }
        FB_TRY(
            CommandReport told,
            parse_command_report({reinterpret_cast<const uint8_t*>(text.data()), received.bytes}));
        told.end.output = std::move(report.end.output);
        told.end.errors = std::move(report.end.errors);
        report = std::move(told);
        return true;
    }

    // What is there now, up to the limit.
    void take(const Descriptor& pipe, std::string& into) {
        std::array<char, 64 * 1024> buffer;
        for (ssize_t n = 0; (n = read(pipe.get(), buffer.data(), buffer.size())) > 0;) {
            const size_t room = limits_.output_bytes - into.size();
            into.append(buffer.data(), std::min(room, static_cast<size_t>(n)));
            if (static_cast<size_t>(n) > room) {
                flooded_ = true;
                return;
            }
        }
    }

    void end() {
        if (!pidfd_.valid()) {
            return;
        }
        syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
        siginfo_t ignored;
        while (waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &ignored, WEXITED) != 0 &&
               errno == EINTR) {
        }
        pidfd_ = {};
    }

    const CommandLimits& limits_;
    Descriptor socket_, output_, errors_;
    Descriptor pidfd_;
    bool flooded_ = false;  // it wrote more than the limit allows
};

base::Error cannot(const std::string& why, const std::string& path, const std::string& remedy) {
    return {why, base::printable(path), remedy};
}

base::Status check(const CommandPolicy& policy) {
    if (!is_plain(policy.program)) {
        return cannot("a program needs an absolute path", policy.program, "write one");
    }
    if (access(policy.program.c_str(), F_OK) != 0) {
        return cannot("the program is not on this machine", policy.program, "");
    }
    if (access(policy.program.c_str(), X_OK) != 0) {
        return cannot("the program cannot be executed", policy.program, "");
    }
    for (const std::string& path : policy.binds) {
        if (const std::string why = why_not_bound(path); !why.empty()) {
            return cannot(why, path, "bind what the program needs, and no more");
        }
        if (access(path.c_str(), F_OK) != 0) {
            return cannot("what is to be bound is not on this machine", path, "");
        }
    }
    return {};
}

CommandOrder order_of(const CommandPolicy& policy, std::span<const std::string> arguments,
                      std::span<const base::InputFile> files) {
    CommandOrder order;
    order.program = policy.program;
    order.arguments.assign(arguments.begin(), arguments.end());
    order.binds = policy.binds;
    order.environment = policy.environment;
    order.files.assign(files.begin(), files.end());
    order.memory_bytes = policy.limits.memory_bytes;
    order.cpu_s = policy.limits.cpu_s;
    order.wall_ms = policy.limits.wall_ms;
    order.processes = policy.limits.processes;
    order.scratch_bytes = policy.limits.scratch_bytes;
    return order;
}

base::Status check(std::span<const base::InputFile> files, const CommandPolicy& policy) {
    uint64_t bytes = 0;
    for (const base::InputFile& file : files) {
        bytes += file.bytes.size();
        const bool bound =
            std::any_of(policy.binds.begin(), policy.binds.end(),
                        [&](const std::string& bind) { return lies_under(file.path, bind); });
        if (!is_plain(file.path) || bound) {
            return cannot("input cannot stand there", file.path, "");
        }
    }
    if (bytes > kMaxInputBytes) {
        return base::Error{fmt::format("input of {} bytes, where {} are allowed",
                                       base::with_thousands(static_cast<int64_t>(bytes)),
                                       base::with_thousands(kMaxInputBytes)),
                           "", ""};
    }
    return {};
}

}  // namespace

std::string why_not_bound(const std::string& path) {
    if (!is_plain(path)) {
        return "no absolute path of a file or folder";
    }
    // Where it leads counts, too.
    std::error_code ignored;
    const std::string leads_to = std::filesystem::weakly_canonical(path, ignored).string();
    if (!ignored && leads_to != path) {
        if (std::string reason = why_not_bound(leads_to); !reason.empty()) {
            return reason;
        }
    }
    for (const char* folder : {"/proc", "/sys", "/dev", "/run", "/var/run"}) {
        if (lies_under(path, folder)) {
            return fmt::format("{} tells of the machine and is not for programs under test",
                               folder);
        }
    }
    for (const char* folder : {"/content", "/subject", kScratch}) {
        if (lies_under(path, folder)) {
            return fmt::format("{} is where the lab puts its own files", folder);
        }
    }
    return "";
}

base::Result<Command> Command::create(Spawner& spawner, CommandPolicy policy) {
    FB_CHECK(check(policy));
    const bool bound =
        std::any_of(policy.binds.begin(), policy.binds.end(),
                    [&](const std::string& bind) { return lies_under(policy.program, bind); });
    if (!bound) {
        policy.binds.push_back(policy.program);
    }
    return Command(spawner, std::move(policy));
}

base::Result<base::ProgramEnd> Command::run(std::span<const std::string> arguments,
                                            std::span<const base::InputFile> files) const {
    FB_CHECK(check(files, policy_));
    const base::Bytes encoded = encode(order_of(policy_, arguments, files));
    const base::ByteView bytes = encoded;
    FB_TRY(const Descriptor order, sealed_file({&bytes, 1}));
    FB_TRY(Pair socket, socket_pair());
    FB_TRY(Pair output, pipe_to_us());
    FB_TRY(Pair errors, pipe_to_us());
    Policy zygote;
    zygote.component = "command";
    base::Result<Launched> launched = spawner_->launch({.policy = &zygote,
                                                        .socket = socket.theirs.get(),
                                                        .page = output.theirs.get(),
                                                        .errors = errors.theirs.get()});
    if (!launched.ok()) {
        return base::Error{"no world of its own for a program under test (" +
                               base::layer_names(kNamespaces) + "): " + launched.error().text(),
                           "", "run where `firebreak doctor` finds that layer"};
    }
    socket.theirs = {};
    output.theirs = {};
    errors.theirs = {};
    Run run(policy_.limits, std::move(socket.ours), std::move(output.ours), std::move(errors.ours),
            *std::move(launched));
    return run.finish(order);
}

}  // namespace firebreak::sandbox
