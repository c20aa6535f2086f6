#include "sandbox/zygote.h"

#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "sandbox/channel.h"
#include "sandbox/message.h"
#include "sandbox/namespaces.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {
namespace {

enum OfWorker : size_t { kItsSocket, kItsPage, kItsErrors, kItsLogFolder, kItsObjectsFolder };
constexpr size_t kWithoutFolders = kItsErrors + 1;
constexpr size_t kWithFolders = kItsObjectsFolder + 1;

// No hard limit can be raised: where this process has a lower one, that is the worker's too.
bool limit(int resource, rlim_t soft, rlim_t hard) {
    rlimit own{};
    getrlimit(static_cast<__rlimit_resource>(resource), &own);
    const rlimit wanted{std::min(soft, own.rlim_max), std::min(hard, own.rlim_max)};
    return setrlimit(static_cast<__rlimit_resource>(resource), &wanted) == 0;
}

bool set_limits(const Order& order) {
    const auto both = [](int resource, rlim_t n) { return limit(resource, n, n); };
    return both(RLIMIT_AS, order.memory_bytes) &&
           // SIGXCPU at the limit, SIGKILL a second later.
           limit(RLIMIT_CPU, order.lifetime_cpu_s, order.lifetime_cpu_s + 1) &&
           both(RLIMIT_STACK, kStackBytes) && both(RLIMIT_FSIZE, order.file_bytes) &&
           both(RLIMIT_CORE, 0) && both(RLIMIT_NPROC, 0);
}

// False: the parent has gone before it was asked to take this process along. (Seen from a world of
// its own there is no parent: that world ends with the zygote, and the zygote with the spawner.)
bool die_with(pid_t parent) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (getppid() == 0 || getppid() == parent);
}

bool take_folders(const Received& with) {
    return dup2(with.descriptors[kItsLogFolder].get(), kLogFolderFd) >= 0 &&
           dup2(with.descriptors[kItsObjectsFolder].get(), kObjectsFolderFd) >= 0;
}

// A new process's first steps: its own session, its descriptors in their places and no others. The
// zygote's socket is closed by that, too. Descriptors of an order lie above those places: the
// spawner has filled them.
bool settle(const Received& with, pid_t parent) {
    const bool has_folders = with.count == kWithFolders;
    const unsigned rest = has_folders ? kObjectsFolderFd + 1 : kPageFd + 1;
    return die_with(parent) && setsid() >= 0 &&
           dup2(with.descriptors[kItsErrors].get(), kErrorsFd) >= 0 &&
           dup2(with.descriptors[kItsSocket].get(), kSocketFd) >= 0 &&
           dup2(with.descriptors[kItsPage].get(), kPageFd) >= 0 &&
           (!has_folders || take_folders(with)) && close_range(rest, ~0u, 0) == 0;
}

// A child of the spawner's process and not of this one (CLONE_PARENT): who leads a worker is who
// waits for it. 0 in the child. By clone() and not clone3(), which many containers have switched
// off; the C library's own has no form for a child that goes on from here.
pid_t fork_for_parent(World world, int& pidfd) {
    const unsigned long flags =
        CLONE_PARENT | CLONE_PIDFD | SIGCHLD | (world == World::kOfItsOwn ? kOwnWorld : 0);
    return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr));
}

base::Status tell(const Birth& birth, int pidfd) {
    const std::span<const int> along(&pidfd, birth.pid > 0 ? 1 : 0);
    return send_message(kSocketFd, std::as_bytes(std::span(&birth, 1)), along);
}

// That they cannot be made is the spawner's to hear, and no reason to end.
base::Status make_folders(const Order& order) {
    const base::Result<Descriptor> log = make_quota_folder(order.log_bytes);
    const base::Result<Descriptor> objects = make_quota_folder(order.objects_bytes);
    const Birth birth{0, log.ok() && objects.ok() ? 0 : errno};
    std::array<int, 2> folders = {-1, -1};
    if (birth.error == 0) {
        folders = {log->get(), objects->get()};
    }
    return send_message(kSocketFd, std::as_bytes(std::span(&birth, 1)),
                        std::span<const int>(folders).first(birth.error == 0 ? 2 : 0));
}

// False: the spawner has hung up.
base::Result<bool> answer_order(const std::function<int()>& life, World world) {
    Order order{};
    FB_TRY(const Received received,
           receive_message(kSocketFd, std::as_writable_bytes(std::span(&order, 1))));
    if (received.bytes == 0) {
        return false;
    }
    const bool of_folders = order.memory_bytes == 0 && received.count == 0;
    const bool of_worker = order.memory_bytes != 0 &&
                           (received.count == kWithoutFolders || received.count == kWithFolders);
    if (received.bytes != sizeof order || !(of_folders || of_worker)) {
        return base::Error{"an order that this build does not understand", "",
                           "build firebreak and firebreak-worker from the same sources"};
    }
    if (of_folders) {
        FB_CHECK(make_folders(order));
        return true;
    }
    const pid_t parent = getppid();
    int pidfd = -1;
    const uid_t user = getuid();
    const gid_t group = getgid();
    const pid_t child = fork_for_parent(world, pidfd);
    if (child == 0) {
        // Who shares the zygote's world has none of its rights in it; who has one of its own makes
        // itself at home there first.
        const bool begun =
            world == World::kShared
                ? drop_capabilities().ok() && settle(received, parent) && set_limits(order)
                : settle(received, parent) && keep_ids(user, group).ok();
        if (!begun) {
            std::fprintf(stderr, "firebreak-worker: its first steps failed: %s\n",
                         std::strerror(errno));
            _exit(kFailed);
        }
        _exit(life());
    }
    const Descriptor its_pidfd(pidfd);
    FB_CHECK(tell({child > 0 ? child : 0, child > 0 ? 0 : errno}, pidfd));
    return true;
}

base::Status prepare(World world) {
    tzset();  // reads the time zone now: there are no files afterwards
    FB_CHECK(become_unprivileged());
    uint32_t layers = kNamespaces | kEmptyRoot;
    if (world == World::kShared) {
        FB_TRY(layers, enter_own_world());
    }
    FB_CHECK(world == World::kShared && layers != 0 ? keep_the_right_to_mount()
                                                    : drop_capabilities());
    // Here and not before: the kernel forgets it when credentials change. Whether the spawner has
    // gone meanwhile shows on the socket.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return system_error("prctl(PR_SET_PDEATHSIG)");
    }
    // Nobody else of this user may look into it or trace it.
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return system_error("prctl(PR_SET_DUMPABLE)");
    }
    const Hello hello{layers | kUnprivilegedUser};
    return send_message(kSocketFd, std::as_bytes(std::span(&hello, 1)), {});
}

base::Status serve_orders(const std::function<int()>& life, World world) {
    FB_CHECK(prepare(world));
    for (;;) {
        FB_TRY(const bool more, answer_order(life, world));
        if (!more) {
            return {};
        }
    }
}

}  // namespace

int be_zygote(const std::function<int()>& life, World world) {
    if (const base::Status status = serve_orders(life, world); !status.ok()) {
        std::fprintf(stderr, "firebreak-worker: %s\n", status.error().text().c_str());
        return kFailed;
    }
    return 0;
}

}  // namespace firebreak::sandbox
