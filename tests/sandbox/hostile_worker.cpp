// A worker that misbehaves in the way that its component's name says, once it is locked down: what
// a worker could do that hostile content has taken over completely.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.h"
#include "sandbox/channel.h"
#include "sandbox/hostile_folders.h"
#include "sandbox/policy.h"
#include "sandbox/serve.h"
#include "sandbox/zygote.h"

namespace {

using firebreak::base::Bytes;
using firebreak::base::ByteView;
using firebreak::sandbox::kSocketFd;
using firebreak::sandbox::Request;

volatile int g_zero = 0;
std::string g_seen_before_lockdown;

[[noreturn]] void spin() {
    for (;;) {
        asm volatile("");
    }
}

[[noreturn]] void wait_for_ever() {
    static int futex = 0;
    for (;;) {
        syscall(SYS_futex, &futex, FUTEX_WAIT_PRIVATE, 0, nullptr);
    }
}

void send_raw(const Bytes& bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t n = write(kSocketFd, bytes.data() + done, bytes.size() - done);
        done += n > 0 ? static_cast<size_t>(n) : 0;
    }
}

Bytes frame(std::string_view body) {
    firebreak::base::ByteWriter writer;
    writer.text(body);
    return std::move(writer).take();
}

int recurse(int depth) {
    volatile char space[4096];
    space[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : recurse(depth + 1) + space[0];
}

void allocate_for_ever() {
    for (std::vector<std::string> kept;;) {
        kept.emplace_back(16 * 1024 * 1024, 'x');
    }
}

void send_descriptor() {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &kSocketFd, sizeof(int));
    sendmsg(kSocketFd, &message, 0);
}

void break_heap() {
    void* volatile block = std::malloc(100);
    std::free(block);
    std::free(block);
}

void map_executable() {
    mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

// Other descriptors than a request's cannot be mapped.
void map_elsewhere() {
    mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, kSocketFd, 0);
}

// Nor can a request's be mapped for writing.
void write_request() {
    mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, firebreak::sandbox::kRequestFd, 0);
}

void make_executable() {
    static std::array<char, 8192> page;
    const auto start = (reinterpret_cast<uintptr_t>(page.data()) + 4095) & ~uintptr_t{4095};
    mprotect(reinterpret_cast<void*>(start), 4096, PROT_READ | PROT_EXEC);
}

// getpid() by the number that it has on 32-bit machines.
void call_as_32_bit() {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory");
}

void overflow_errors() {
    const std::string line(200, 'e');
    for (int i = 0; i < 10'000; ++i) {
        [[maybe_unused]] const ssize_t n = write(2, line.data(), line.size());
    }
}

void raise_limit() {
    const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_AS, &limit);
}

void mask_and_fault() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    *reinterpret_cast<volatile int*>(g_zero) = 1;
}

void send_and_wait(const Bytes& bytes) {
    send_raw(bytes);
    wait_for_ever();
}

void dribble() {
    for (const uint8_t byte : frame("byte by byte")) {
        send_raw({byte});
    }
    wait_for_ever();
}

// As many libraries as the request has bytes, and what each makes of 9.
std::string load_libraries(size_t count) {
    std::string all;
    for (size_t n = 0; n < count; ++n) {
        const std::string path = "/library " + std::to_string(n);
        void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            return all + dlerror();
        }
        const auto score = reinterpret_cast<double (*)(double)>(dlsym(library, "score"));
        all += std::to_string(score(9)) + " ";
    }
    return all;
}

// The file at kModelFd is the library's still, if nobody closes it.
void misuse_library(int protection, int flags) {
    open("/library", O_RDONLY);
    mmap(nullptr, 4096, protection, flags, firebreak::sandbox::kModelFd, 0);
}

std::string environment() {
    std::string all;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        all += std::string(*variable) + "\n";
    }
    return all;
}

// Asked one by one: there is no /proc where workers live.
std::string open_descriptors() {
    std::string all;
    for (int fd = 0; fd < 1024; ++fd) {
        all += fcntl(fd, F_GETFD) >= 0 ? std::to_string(fd) + " " : "";
    }
    return all;
}

void do_nothing_on(int) {}

const std::map<std::string, std::function<void()>> kMisbehaviours = {
    // dies
    {"segfault", [] { *reinterpret_cast<volatile int*>(0x1230 + g_zero) = 1; }},
    {"divide", [] { g_zero = 100 / g_zero; }},
    {"illegal", [] { asm volatile("ud2"); }},
    {"trap", [] { asm volatile("int3"); }},
    {"overflow", [] { g_zero = recurse(1); }},
    {"abort", [] { std::abort(); }},
    {"throw", [] { throw std::runtime_error("thrown by content"); }},
    {"heap", break_heap},
    {"mask", mask_and_fault},
    {"exit", [] { _exit(3); }},
    {"flood-and-abort",
     [] {
         overflow_errors();
         std::abort();
     }},
    // takes too much
    {"spin", spin},
    {"allocate", allocate_for_ever},
    {"flood",
     [] {
         for (;;) {
             overflow_errors();
         }
     }},
    {"hang", wait_for_ever},
    {"read-more",
     [] {
         char byte;
         [[maybe_unused]] const ssize_t n = read(kSocketFd, &byte, 1);
     }},
    // reaches out
    {"open", [] { open("/etc/passwd", O_RDONLY); }},
    {"create", [] { open("/tmp/firebreak-escaped", O_CREAT | O_WRONLY, 0600); }},
    {"socket", [] { socket(AF_INET, SOCK_STREAM, 0); }},
    {"fork", [] { fork(); }},
    {"clone", [] { syscall(SYS_clone3, nullptr, 0); }},
    {"execve", [] { execl("/bin/sh", "sh", nullptr); }},
    {"ptrace", [] { ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
    {"io_uring", [] { syscall(SYS_io_uring_setup, 8, nullptr); }},
    {"kill", [] { kill(1, 0); }},
    {"prctl", [] { prctl(PR_SET_PDEATHSIG, 0); }},
    {"setrlimit", raise_limit},
    {"sigaction", [] { signal(SIGSYS, do_nothing_on); }},
    {"tgkill", [] { syscall(SYS_tgkill, getpid(), getpid(), SIGSTOP); }},
    {"memfd", [] { memfd_create("x", 0); }},
    {"write-elsewhere", [] { [[maybe_unused]] const ssize_t n = write(1, "x", 1); }},
    {"map-executable", map_executable},
    {"make-executable", make_executable},
    {"sendmsg", send_descriptor},
    {"map-page", map_elsewhere},
    {"write-request", write_request},
    {"close", [] { close(kSocketFd); }},
    {"32-bit", call_as_32_bit},
    {"sigsys", [] { open("/etc/passwd", O_RDONLY); }},  // see live()
    // takes a library for what it is not
    {"map-library-for-all",
     [] { misuse_library(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE); }},
    {"map-library-shared", [] { misuse_library(PROT_READ | PROT_WRITE, MAP_SHARED); }},
    {"write-library",
     [] {
         open("/library", O_RDONLY);
         [[maybe_unused]] const ssize_t n = write(firebreak::sandbox::kModelFd, "x", 1);
     }},
    // speaks another language
    {"oversized",
     [] {
         send_and_wait({0xff, 0xff, 0xff, 0xff});
     }},
    {"short-and-exit",
     [] {
         send_raw({100, 0, 0, 0, 'x'});
         _exit(0);
     }},
    {"short-and-hang",
     [] {
         send_and_wait({100, 0, 0, 0, 'x'});
     }},
    {"twice", [] { send_raw(frame("unasked")); }},
    {"dribble", dribble},
    {"reply-and-abort",
     [] {
         send_raw(frame("reply"));
         std::abort();
     }},
    {"deaf", [] { send_and_wait(frame("reply")); }},
};

// Never locks down, and claims that it has.
int lie() {
    send_descriptor();
    firebreak::base::ByteWriter layers;
    layers.u32(firebreak::sandbox::kMinimumLayers);
    firebreak::base::ByteWriter hello;
    hello.blob(std::move(layers).take());
    send_raw(std::move(hello).take());
    wait_for_ever();
}

// A worker's life.
int live(const std::string& component) {
    if (component == "babbler") {  // its first word is none that is expected
        send_raw(Bytes(100, 'x'));
        return 0;
    }
    if (component == "mute") {
        wait_for_ever();
    }
    if (component == "sigsys") {  // a handler that returns, set before lockdown, and blocked too
        signal(SIGSYS, do_nothing_on);
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, nullptr);
    }
    g_seen_before_lockdown = environment() + "descriptors " + open_descriptors();
    const auto answer = [&component](const std::shared_ptr<const Request>& received) -> Bytes {
        const ByteView request = received->bytes();
        if (component == "look") {
            return firebreak::base::bytes_of(g_seen_before_lockdown);
        }
        if (component == "keeper") {
            return firebreak::base::bytes_of(
                firebreak::test::use_folders(std::string(firebreak::base::text_of(request))));
        }
        if (component == "loader") {
            return firebreak::base::bytes_of(load_libraries(request.size()));
        }
        if (const auto found = kMisbehaviours.find(component); found != kMisbehaviours.end()) {
            found->second();
        }
        return {request.begin(), request.end()};
    };
    return firebreak::sandbox::serve(answer);
}

}  // namespace

int main(int count, char** arguments) {
    const std::string component = count == 2 ? arguments[1] : "";
    if (component == "silent") {
        wait_for_ever();
    }
    if (component == "talker") {
        send_raw(Bytes(100, 'x'));
        return 0;
    }
    if (component == "liar") {
        return firebreak::sandbox::be_zygote(lie);
    }
    return firebreak::sandbox::be_zygote([&component] { return live(component); });
}
