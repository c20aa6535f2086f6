#include "sandbox/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>

namespace firebreak::sandbox {
namespace {

constexpr size_t kErrorsKept = 1000;

// `memory`: a memfd for the worker. It is sealed: a worker that could shrink it would have us fault
// when we read.
base::Result<std::shared_ptr<const EvidencePage>> make_page(Descriptor& memory) {
    Descriptor low(memfd_create("firebreak-evidence", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!low.valid() || ftruncate(low.get(), sizeof(EvidencePage)) != 0 ||
        fcntl(low.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return system_error("memfd_create of the evidence page");
    }
    void* address = mmap(nullptr, sizeof(EvidencePage), PROT_READ, MAP_SHARED, low.get(), 0);
    if (address == MAP_FAILED) {
        return system_error("mmap of the evidence page");
    }
    std::shared_ptr<const EvidencePage> page(
        static_cast<const EvidencePage*>(address),
        [address](const EvidencePage*) { munmap(address, sizeof(EvidencePage)); });
    FB_TRY(memory, lift(std::move(low)));
    return page;
}

}  // namespace

base::Result<Ends> make_ends(WorkerEnds& theirs) {
    Ends ours;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return system_error("socketpair");
    }
    ours.socket = Descriptor(pair[0]);
    FB_TRY(theirs.socket, lift(Descriptor(pair[1])));
    if (fcntl(ours.socket.get(), F_SETFL, O_NONBLOCK) != 0) {
        return system_error("fcntl(O_NONBLOCK)");
    }
    if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) {
        return system_error("pipe2");
    }
    ours.errors = Descriptor(pair[0]);
    FB_TRY(theirs.errors, lift(Descriptor(pair[1])));
    FB_TRY(ours.page, make_page(theirs.page));
    return ours;
}

namespace {

base::Status write_piece(int file, base::ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(file, bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR) {
            return system_error("write of a request");
        }
        bytes = bytes.subspan(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return {};
}

}  // namespace

base::Result<Descriptor> sealed_file(std::span<const base::ByteView> pieces) {
    Descriptor file(memfd_create("firebreak-request", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.valid()) {
        return system_error("memfd_create of a request");
    }
    for (const base::ByteView piece : pieces) {
        FB_CHECK(write_piece(file.get(), piece));
    }
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
        return system_error("seals of a request");
    }
    return file;
}

Process::Process(Policy policy, Ends ends, Launched launched)
    : policy_(std::move(policy)),
      ends_(std::move(ends)),
      pid_(launched.pid),
      pidfd_(std::move(launched.pidfd)) {
    clock_getcpuclockid(pid_, &cpu_clock_);  // cannot fail for a child that is not reaped
}

Nanoseconds Process::cpu_time() const {
    timespec time{};
    if (dead_ || clock_gettime(cpu_clock_, &time) != 0) {
        return last_cpu_time_;
    }
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

void Process::read_errors() {
    std::array<char, 4096> buffer;
    // One pipe's capacity at most: a worker that writes as fast as we read cannot keep us here.
    for (int chunk = 0; chunk < 16; ++chunk) {
        const ssize_t n = read(errors(), buffer.data(), buffer.size());
        if (n <= 0) {
            return;
        }
        error_tail_.append(buffer.data(), static_cast<size_t>(n));
        if (error_tail_.size() > kErrorsKept) {
            error_tail_.erase(0, error_tail_.size() - kErrorsKept);
        }
    }
}

void Process::end() {
    if (dead_) {
        return;
    }
    syscall(SYS_pidfd_send_signal, pidfd(), SIGKILL, nullptr, 0);
    // Leaves it a zombie, whose clock still answers.
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd()), &status_, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    last_cpu_time_ = cpu_time();
    siginfo_t same;
    waitid(P_PIDFD, static_cast<id_t>(pidfd()), &same, WEXITED);
    dead_ = true;
}

Remains Process::remains(Nanoseconds call_cpu_time) {
    end();
    read_errors();
    return {
        .status = status_,
        .call_cpu_time = call_cpu_time,
        .life_cpu_time = cpu_time(),
        .out_of_memory = ends_.page->out_of_memory != 0,
        .fault_signal = ends_.page->fault_signal,
        .fault_address = ends_.page->fault_address,
        .errors = error_tail_,
    };
}

}  // namespace firebreak::sandbox
