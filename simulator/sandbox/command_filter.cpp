#include "sandbox/command_filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "sandbox/call_argument.h"

namespace firebreak::sandbox {
namespace {

// A system call, denied if its arguments meet all of the conditions.
struct Denial {
    int call;
    std::vector<scmp_arg_cmp> conditions = {};
};

scmp_arg_cmp is_not(unsigned argument, uint64_t value) {
    return {argument, SCMP_CMP_NE, value, 0};
}
// Among the bits.
scmp_arg_cmp has(unsigned argument, uint64_t bit) {
    return {argument, SCMP_CMP_MASKED_EQ, bit, bit};
}

void add(std::vector<Denial>& list, std::initializer_list<int> calls) {
    for (const int call : calls) {
        list.push_back({call});
    }
}

std::vector<Denial> deny_list() {
    std::vector<Denial> list;
    // Others' memory and descriptors.
    add(list, {SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
               SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp)});
    // Ways around this filter, or to change it.
    add(list, {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
               SCMP_SYS(seccomp), SCMP_SYS(bpf), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open)});
    list.push_back({SCMP_SYS(prctl), {is(0, PR_SET_SECCOMP)}});
    // Other worlds, and what is mounted in this one.
    add(list, {SCMP_SYS(unshare),
               SCMP_SYS(setns),
               SCMP_SYS(mount),
               SCMP_SYS(umount2),
               SCMP_SYS(pivot_root),
               SCMP_SYS(chroot),
               SCMP_SYS(open_tree),
               SCMP_SYS(move_mount),
               SCMP_SYS(fsopen),
               SCMP_SYS(fsconfig),
               SCMP_SYS(fsmount),
               SCMP_SYS(fspick),
               SCMP_SYS(mount_setattr),
               SCMP_SYS(open_by_handle_at),
               SCMP_SYS(name_to_handle_at),
               SCMP_SYS(fanotify_init),
               SCMP_SYS(quotactl),
               SCMP_SYS(quotactl_fd),
               SCMP_SYS(swapon),
               SCMP_SYS(swapoff),
               SCMP_SYS(acct)});
    for (const uint64_t world : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID,
                                 CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
        list.push_back({SCMP_SYS(clone), {has(0, world)}});
    }
    // Memory that no limit of the program counts.
    add(list, {SCMP_SYS(shmget), SCMP_SYS(msgget), SCMP_SYS(semget), SCMP_SYS(memfd_create),
               SCMP_SYS(memfd_secret), SCMP_SYS(mq_open)});
    // The kernel itself, its keys, its clocks.
    add(list, {SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(kexec_load),
               SCMP_SYS(kexec_file_load), SCMP_SYS(init_module), SCMP_SYS(finit_module),
               SCMP_SYS(delete_module), SCMP_SYS(reboot), SCMP_SYS(syslog), SCMP_SYS(iopl),
               SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(settimeofday),
               SCMP_SYS(clock_settime), SCMP_SYS(sethostname), SCMP_SYS(setdomainname)});
    // The network. Sockets of this world's own stay: the C library looks for services over them.
    list.push_back({SCMP_SYS(socket), {is_not(0, AF_UNIX)}});
    list.push_back({SCMP_SYS(socketpair), {is_not(0, AF_UNIX)}});
    return list;
}

}  // namespace

base::Result<Descriptor> deny_system_calls() {
    const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                  seccomp_release);
    if (filter == nullptr) {
        return base::Error{"seccomp_init failed", "", ""};
    }
    int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0);  // set already
    if (error == 0) {
        error = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    for (const Denial& denial : deny_list()) {
        if (error == 0) {
            error = seccomp_rule_add_array(filter.get(), SCMP_ACT_NOTIFY, denial.call,
                                           static_cast<unsigned>(denial.conditions.size()),
                                           denial.conditions.data());
        }
    }
    // Its flags lie in memory, where a filter cannot look: the C library goes on with clone().
    if (error == 0) {
        error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    }
    if (error == 0) {
        error = seccomp_load(filter.get());
    }
    if (error != 0) {
        return system_error("seccomp filter", -error);
    }
    Descriptor listener(seccomp_notify_fd(filter.get()));
    if (!listener.valid()) {
        return system_error("seccomp_notify_fd", -listener.get());
    }
    return listener;
}

base::Result<std::string> denied_call(const Descriptor& listener) {
    seccomp_notif* raw = nullptr;
    if (const int error = seccomp_notify_alloc(&raw, nullptr); error != 0) {
        return system_error("seccomp_notify_alloc", -error);
    }
    const std::unique_ptr<seccomp_notif, void (*)(void*)> call(raw, std::free);
    if (const int error = seccomp_notify_receive(listener.get(), call.get()); error != 0) {
        return system_error("seccomp_notify_receive", -error);
    }
    const std::unique_ptr<char, void (*)(void*)> name(
        seccomp_syscall_resolve_num_arch(call->data.arch, call->data.nr), std::free);
    return name ? std::string(name.get()) : std::string("unknown");
}

}  // namespace firebreak::sandbox
