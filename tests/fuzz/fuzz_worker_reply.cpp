// What a worker sends, whatever it is: its parent reads exactly the frames that are there, never a
// byte beyond, refuses the first one that is too long, and tells how the worker ended. The worker
// is a process of this program, which sends the input and exits with status 3.
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "sandbox/exchange.h"

namespace {

using namespace firebreak;

constexpr uint32_t kMaxReplyBytes = 1000;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

[[noreturn]] void send_and_exit(int socket, base::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(socket, bytes.data(), bytes.size());
        if (n <= 0) {
            _exit(4);
        }
        bytes = bytes.subspan(static_cast<size_t>(n));
    }
    _exit(3);
}

// Errors: this machine has no process or descriptor left, which is no finding.
base::Result<std::unique_ptr<sandbox::Process>> start(base::ByteView input) {
    sandbox::WorkerEnds theirs;
    FB_TRY(sandbox::Ends ours, sandbox::make_ends(theirs));
    int pidfd = -1;
    const auto pid = static_cast<pid_t>(
        syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
    if (pid < 0) {
        return sandbox::system_error("clone");
    }
    if (pid == 0) {
        send_and_exit(theirs.socket.get(), input);
    }
    sandbox::Policy policy;
    policy.max_reply_bytes = kMaxReplyBytes;
    return std::make_unique<sandbox::Process>(
        policy, std::move(ours), sandbox::Launched{pid, sandbox::Descriptor(pidfd), 0});
}

// What one read of a frame must come to. `rest` moves on.
void check_frame(sandbox::Process& process, base::ByteView& rest) {
    const auto deadline = sandbox::WallClock::now() + std::chrono::minutes(1);
    const auto reply = sandbox::exchange(process, nullptr, {std::nullopt, deadline});
    check(reply.ok());
    base::ByteReader reader(rest);
    const uint32_t length = reader.u32();
    const bool complete = rest.size() >= 4 && length <= kMaxReplyBytes && rest.size() - 4 >= length;
    if (!complete) {
        const auto* death = std::get_if<base::Outcome>(&*reply);
        const bool too_long = rest.size() >= 4 && length > kMaxReplyBytes;
        check(death != nullptr && death->category == base::Category::kProtocol);
        check(death->code == (too_long ? base::Code::kReplyInvalid : base::Code::kExited));
        check(process.dead());
        rest = {};
        return;
    }
    const auto* bytes = std::get_if<base::Bytes>(&*reply);
    check(bytes != nullptr && std::ranges::equal(*bytes, rest.subspan(4, length)));
    rest = rest.subspan(4 + length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    base::ByteView rest(data, size);
    const auto process = start(rest);
    if (!process.ok()) {
        return 0;
    }
    while (!(*process)->dead()) {
        check_frame(**process, rest);
    }
    return 0;
}
