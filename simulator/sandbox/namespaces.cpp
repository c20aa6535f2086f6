#include "sandbox/namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sandbox/descriptor.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {
namespace {

constexpr uid_t kNobody = 65534;

bool write_text(const char* path, const std::string& text) {
    const Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
    return file.valid() &&
           write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// One user and one group, which are the same inside and outside.
base::Status map_ids(uid_t user, gid_t group) {
    const auto same = [](uint64_t id) {
        return std::to_string(id) + " " + std::to_string(id) + " 1";
    };
    if (!write_text("/proc/self/setgroups", "deny") ||
        !write_text("/proc/self/uid_map", same(user)) ||
        !write_text("/proc/self/gid_map", same(group))) {
        return system_error("user map of a namespace");
    }
    return {};
}

// An empty file system in place of all that is mounted.
base::Status empty_the_root() {
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", kInert, "size=4k,nr_inodes=2,mode=0555") != 0) {
        return system_error("mount");
    }
    if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
        umount2(".", MNT_DETACH) != 0 || chdir("/") != 0 ||
        mount("none", "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kInert, nullptr) != 0) {
        return system_error("empty root");
    }
    return {};
}

base::Status leave_namespaces() {
    const uid_t user = getuid();
    const gid_t group = getgid();
    if (unshare(static_cast<int>(kOwnWorld)) != 0) {
        return system_error("unshare");
    }
    return map_ids(user, group);
}

// None of the second word, where the newer ones are.
base::Status keep_capabilities(uint32_t kept) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{kept, kept, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, sets) != 0) {
        return system_error("capset");
    }
    return {};
}

// Tried out in a process of its own: a machine may let us begin and then not finish, and there is
// no way back (user namespaces without rights, as some distributions have them).
uint32_t possible_layers() {
    const pid_t trial = fork();
    if (trial == 0) {
        const uint32_t left = leave_namespaces().ok() ? uint32_t{kNamespaces} : 0u;
        const uint32_t emptied = left != 0 && empty_the_root().ok() ? uint32_t{kEmptyRoot} : 0u;
        _exit(static_cast<int>(left | emptied));
    }
    int status = 0;
    while (trial > 0 && waitpid(trial, &status, 0) < 0 && errno == EINTR) {
    }
    return trial > 0 && WIFEXITED(status) ? static_cast<uint32_t>(WEXITSTATUS(status)) : 0;
}

// The first process of the new tree. It is nobody's parent, and lives until this process has gone:
// then its end of the pipe is closed, however that came about.
base::Status start_first_process() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return system_error("pipe2");
    }
    const Descriptor theirs(ends[0]);
    const pid_t first = fork();
    if (first < 0) {
        return system_error("fork of the first process");
    }
    if (first == 0) {
        char nothing = 0;
        if (!drop_capabilities().ok() || prctl(PR_SET_DUMPABLE, 0) != 0) {
            _exit(1);
        }
        dup2(ends[0], 0);
        close_range(1, ~0u, 0);
        while (read(0, &nothing, 1) != 0) {
        }
        _exit(0);
    }
    return {};  // our end stays open for as long as we live
}

}  // namespace

const unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;
const unsigned long kOwnWorld = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
                                CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWPID;

base::Status keep_ids(unsigned user, unsigned group) {
    // Its own /proc files are root's otherwise.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) {
        return system_error("prctl(PR_SET_DUMPABLE)");
    }
    FB_CHECK(map_ids(user, group));
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return system_error("prctl(PR_SET_DUMPABLE)");
    }
    return {};
}

base::Status become_unprivileged() {
    const bool root = getuid() == 0 || geteuid() == 0;
    const uid_t user = root ? kNobody : getuid();
    const gid_t group = root ? kNobody : getgid();
    if (root && setgroups(0, nullptr) != 0) {
        return system_error("setgroups");
    }
    if (setresgid(group, group, group) != 0) {
        return system_error("setresgid");
    }
    if (setresuid(user, user, user) != 0) {
        return system_error("setresuid");
    }
    // Its own /proc files are root's otherwise. Workers are not dumpable again (lockdown).
    if (prctl(PR_SET_DUMPABLE, 1) != 0) {
        return system_error("prctl(PR_SET_DUMPABLE)");
    }
    return {};
}

base::Result<uint32_t> enter_own_world() {
    const uint32_t possible = possible_layers();
    if (possible == 0) {
        return possible;
    }
    FB_CHECK(leave_namespaces());
    if ((possible & kEmptyRoot) != 0) {
        FB_CHECK(empty_the_root());
    }
    FB_CHECK(start_first_process());
    return possible;
}

base::Status drop_capabilities() {
    return keep_capabilities(0);
}

base::Status keep_the_right_to_mount() {
    return keep_capabilities(1u << CAP_SYS_ADMIN);
}

base::Result<Descriptor> make_quota_folder(uint64_t bytes) {
    const Descriptor tmpfs(fsopen("tmpfs", FSOPEN_CLOEXEC));
    const auto set = [&tmpfs](const char* name, const std::string& value) {
        return fsconfig(tmpfs.get(), FSCONFIG_SET_STRING, name, value.c_str(), 0) == 0;
    };
    constexpr uint32_t kWithItself = kMostFolderEntries + 1;
    if (!tmpfs.valid() || !set("size", std::to_string(bytes)) ||
        !set("nr_inodes", std::to_string(kWithItself)) || !set("mode", "0700") ||
        fsconfig(tmpfs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        return system_error("fsopen(tmpfs)");
    }
    const Descriptor mounted(fsmount(tmpfs.get(), FSMOUNT_CLOEXEC,
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
    if (!mounted.valid()) {
        return system_error("fsmount(tmpfs)");
    }
    Descriptor folder(openat(mounted.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) {
        return system_error("openat of a quota folder");
    }
    return folder;
}

}  // namespace firebreak::sandbox
