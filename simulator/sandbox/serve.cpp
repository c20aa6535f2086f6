#include "sandbox/serve.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "sandbox/channel.h"
#include "sandbox/descriptor.h"
#include "sandbox/lockdown.h"
#include "sandbox/request.h"

namespace firebreak::sandbox {
namespace {

// For handlers, which get no argument. Set once, before any handler is.
EvidencePage* g_page = nullptr;

// Notes where, and returns: the instruction faults once more, now with the default action, so that
// the process dies of the very signal. (SA_RESETHAND; no other signal of these can reach it.)
void note_fault(int signal, siginfo_t* info, void*) {
    g_page->fault_address = reinterpret_cast<uint64_t>(info->si_addr);
    g_page->fault_signal = static_cast<uint32_t>(signal);
}

void note_out_of_memory() {
    g_page->out_of_memory = 1;
    std::abort();
}

base::Status map_page() {
    void* page =
        mmap(nullptr, sizeof(EvidencePage), PROT_READ | PROT_WRITE, MAP_SHARED, kPageFd, 0);
    if (page == MAP_FAILED) {
        return system_error("mmap of the evidence page");
    }
    g_page = static_cast<EvidencePage*>(page);
    return {};
}

// Starts from a clean slate (ignored signals and the mask survive exec), then sets the handlers
// that leave evidence. They run on a stack of their own: an overflow of the other one faults too.
base::Status take_signals() {
    static std::array<std::byte, 16 * 1024> handler_stack;
    struct sigaction action {};
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        // Of these two an error of the call tells as well.
        action.sa_handler = signal == SIGPIPE || signal == SIGXFSZ ? SIG_IGN : SIG_DFL;
        sigaction(signal, &action, nullptr);  // SIGKILL and SIGSTOP refuse
    }
    const stack_t stack{handler_stack.data(), 0, handler_stack.size()};
    if (sigaltstack(&stack, nullptr) != 0) {
        return system_error("sigaltstack");
    }
    action.sa_sigaction = note_fault;
    action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        if (sigaction(signal, &action, nullptr) != 0) {
            return system_error("sigaction");
        }
    }
    std::set_new_handler(note_out_of_memory);
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, nullptr) == 0 ? base::Status{}
                                                         : system_error("sigprocmask");
}

bool write_all(base::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(kSocketFd, bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes = bytes.subspan(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return true;
}

bool write_frame(base::ByteView body) {
    base::ByteWriter frame;
    frame.blob(body);
    return write_all(std::move(frame).take());
}

base::Status prepare() {
    FB_CHECK(map_page());
    FB_CHECK(take_signals());
    std::array<uint8_t, sizeof(uint32_t)> weakenings;
    if (!read_all(kSocketFd, weakenings.data(), weakenings.size())) {
        return system_error("read");
    }
    FB_TRY(const uint32_t layers, lock_down(base::ByteReader(weakenings).u32()));
    base::ByteWriter hello;
    hello.u32(layers);
    if (!write_frame(std::move(hello).take())) {
        return system_error("write");
    }
    return {};
}

// Answers requests until the parent hangs up.
base::Status answer(const Handler& handler) {
    for (;;) {
        const auto request = std::make_shared<Request>();
        FB_TRY(const bool more, request->receive(kSocketFd));
        if (!more || !write_frame(handler(request))) {
            return {};
        }
    }
}

}  // namespace

int serve(const Handler& handler) {
    base::Status status = prepare();
    if (status.ok()) {
        status = answer(handler);
    }
    if (!status.ok()) {
        std::fprintf(stderr, "firebreak-worker: %s\n", status.error().text().c_str());
        return kFailed;
    }
    return 0;
}

}  // namespace firebreak::sandbox
