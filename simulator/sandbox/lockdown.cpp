#include "sandbox/lockdown.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sandbox/call_argument.h"
#include "sandbox/channel.h"
#include "sandbox/descriptor.h"
#include "sandbox/landlock.h"
#include "sandbox/message.h"
#include "sandbox/policy.h"

namespace firebreak::sandbox {
namespace {

base::Status forgo_privileges() {
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return system_error("prctl(PR_SET_DUMPABLE)");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return no_layer(kNoNewPrivs, system_error("prctl(PR_SET_NO_NEW_PRIVS)"));
    }
    return {};
}

// A system call, allowed if its arguments meet all of the conditions.
struct Rule {
    int call;
    std::vector<scmp_arg_cmp> conditions = {};
};

// No bits but these are set.
scmp_arg_cmp only(unsigned argument, uint64_t bits) {
    return {argument, SCMP_CMP_MASKED_EQ, ~bits, 0};
}

// What a process needs that reads requests, computes in memory, writes replies, and may abort().
std::vector<Rule> strict_list() {
    const uint64_t self = static_cast<uint64_t>(getpid());
    const auto futex = [](uint64_t operation) {
        const uint64_t command = operation | FUTEX_PRIVATE_FLAG;
        return Rule{SCMP_SYS(futex), {is(1, command)}};
    };
    constexpr uint64_t kData = PROT_READ | PROT_WRITE;
    return {
        {SCMP_SYS(read), {is(0, kSocketFd)}},
        {SCMP_SYS(recvmsg), {is(0, kSocketFd)}},
        {SCMP_SYS(mmap), {is(2, PROT_READ), is(3, MAP_PRIVATE | MAP_POPULATE), is(4, kRequestFd)}},
        {SCMP_SYS(close), {is(0, kRequestFd)}},
        {SCMP_SYS(write), {is(0, kSocketFd)}},
        {SCMP_SYS(write), {is(0, kErrorsFd)}},
        {SCMP_SYS(writev), {is(0, kErrorsFd)}},  // the C library's last words before abort()

        {SCMP_SYS(brk)},
        {SCMP_SYS(mmap), {only(2, kData), is(3, MAP_PRIVATE | MAP_ANONYMOUS)}},
        {SCMP_SYS(mprotect), {only(2, kData)}},  // malloc's, when it is short of memory
        {SCMP_SYS(mremap)},
        {SCMP_SYS(munmap)},

        futex(FUTEX_WAIT),  // pthread_once, and locks of libraries: one thread, never a wait
        futex(FUTEX_WAKE),
        {SCMP_SYS(clock_gettime)},  // where the vDSO cannot answer
        {SCMP_SYS(getrandom)},      // OpenSSL's, where it checks a key: hides how long that takes

        {SCMP_SYS(getpid)},  // abort()
        {SCMP_SYS(gettid)},
        {SCMP_SYS(rt_sigprocmask)},
        {SCMP_SYS(tgkill), {is(0, self), is(2, SIGABRT)}},
        {SCMP_SYS(rt_sigreturn)},
        {SCMP_SYS(restart_syscall)},
        {SCMP_SYS(exit_group)},
    };
}

// No bits but `bits` are set beside `value`, which is.
scmp_arg_cmp with_only(unsigned argument, uint64_t value, uint64_t bits) {
    return {argument, SCMP_CMP_MASKED_EQ, ~bits, value};
}

// weakenings/executable_mapping.h: what the C library's loader does with a file that the parent has
// put at kModelFd. Opening it, and asking for its status, are the parent's to answer.
std::vector<Rule> executable_mapping_list() {
    const auto of_file = with_only(3, MAP_PRIVATE, MAP_FIXED | MAP_DENYWRITE);
    const auto of_zeroes = with_only(3, MAP_PRIVATE | MAP_ANONYMOUS, MAP_FIXED);
    return {
        {SCMP_SYS(read), {is(0, kModelFd)}},
        {SCMP_SYS(pread64), {is(0, kModelFd)}},
        {SCMP_SYS(mmap), {only(2, PROT_READ | PROT_EXEC), of_file, is(4, kModelFd)}},
        {SCMP_SYS(mmap), {only(2, PROT_READ | PROT_WRITE), of_file, is(4, kModelFd)}},
        {SCMP_SYS(mmap), {only(2, PROT_READ | PROT_WRITE), of_zeroes}},  // what starts as zero
        {SCMP_SYS(close), {is(0, kModelFd)}},
    };
}

// weakenings/quota_folders.h: plain files in two folders. They get the lowest numbers that are
// free, which are not those of the socket, of standard error, and of a library.
std::vector<Rule> quota_folders_list() {
    constexpr uint64_t kOpening =
        O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    constexpr uint64_t kData = PROT_READ | PROT_WRITE;
    std::vector<Rule> all;
    for (const int folder : {kLogFolderFd, kObjectsFolderFd}) {
        all.push_back({SCMP_SYS(openat), {is(0, folder), only(2, kOpening)}});
        all.push_back({SCMP_SYS(unlinkat), {is(0, folder), is(2, 0)}});
    }
    static_assert(kRequestFd == 0 && kErrorsFd == 2 && kSocketFd == 3 && kModelFd == 15);
    constexpr std::pair<uint64_t, uint64_t> kNumbers[] = {{0, 1}, {4, 3}, {8, 3}, {12, 1}};
    for (const auto& [first, others] : kNumbers) {
        for (const int call : {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(lseek),
                               SCMP_SYS(ftruncate), SCMP_SYS(getdents64), SCMP_SYS(close)}) {
            all.push_back({call, {with_only(0, first, others)}});
        }
        all.push_back({SCMP_SYS(newfstatat), {with_only(0, first, others), is(3, AT_EMPTY_PATH)}});
        all.push_back(
            {SCMP_SYS(mmap), {only(2, kData), is(3, MAP_SHARED), with_only(4, first, others)}});
    }
    return all;
}

std::vector<Rule> allow_list(uint32_t weakenings) {
    std::vector<Rule> all = strict_list();
    const auto add = [&all](const std::vector<Rule>& more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    if ((weakenings & kExecutableMapping) != 0) {
        add(executable_mapping_list());
    }
    if ((weakenings & kQuotaFolders) != 0) {
        add(quota_folders_list());
    }
    return all;
}

// What the hand-over of the listener takes, and the second filter then takes away.
std::vector<Rule> handover_list() {
    return {
        {SCMP_SYS(sendmsg)},
        {SCMP_SYS(close_range)},
        {SCMP_SYS(prlimit64)},
        {SCMP_SYS(seccomp)},
    };
}

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

base::Result<Filter> filter(uint32_t otherwise, uint32_t action, const std::vector<Rule>& rules) {
    Filter made(seccomp_init(otherwise), seccomp_release);
    if (made == nullptr) {
        return base::Error{"seccomp_init failed", "", ""};
    }
    // no_new_privs is set already; calls of another architecture's numbers are never looked at.
    int error = seccomp_attr_set(made.get(), SCMP_FLTATR_CTL_NNP, 0);
    if (error == 0) {
        error = seccomp_attr_set(made.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    for (const Rule& rule : rules) {
        if (error == 0) {
            error = seccomp_rule_add_array(made.get(), action, rule.call,
                                           static_cast<unsigned>(rule.conditions.size()),
                                           rule.conditions.data());
        }
    }
    if (error != 0) {
        return system_error("seccomp filter", -error);
    }
    return made;
}

base::Status install(const Filter& filter) {
    if (const int error = seccomp_load(filter.get()); error != 0) {
        return system_error("seccomp_load", -error);
    }
    return {};
}

base::Status send_to_parent(int descriptor) {
    const std::byte nothing{};
    return send_message(kSocketFd, std::span(&nothing, 1), std::span(&descriptor, 1));
}

// Only errors and socket stay open, and folders.
base::Status close_all_else(std::span<const int> folders) {
    const unsigned rest = folders.empty() ? kSocketFd + 1 : kObjectsFolderFd + 1;
    if (close_range(0, kErrorsFd - 1, 0) != 0 || close_range(kPageFd, kPageFd, 0) != 0 ||
        close_range(rest, ~0u, 0) != 0) {
        return no_layer(kNoDescriptors, system_error("close_range"));
    }
    // Not before the listener has left: what may be in flight is counted against this limit, for
    // all processes of a user together.
    rlimit own{};
    getrlimit(RLIMIT_NOFILE, &own);
    const rlimit few{std::min<rlim_t>(own.rlim_cur, kMaxOpenFiles),
                     std::min<rlim_t>(own.rlim_max, kMaxOpenFiles)};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) {
        return no_layer(kResourceLimits, system_error("setrlimit"));
    }
    return {};
}

// Two filters, because the first one's listener has to leave this process after it is in force.
// The second takes the way it left by away: passing descriptors around is attack surface.
base::Status filter_system_calls(uint32_t weakenings, std::span<const int> folders) {
    const std::vector<Rule> handover = handover_list();
    std::vector<Rule> rules = allow_list(weakenings);
    rules.insert(rules.end(), handover.begin(), handover.end());
    FB_TRY(const Filter first, filter(SCMP_ACT_NOTIFY, SCMP_ACT_ALLOW, rules));
    FB_TRY(const Filter second, filter(SCMP_ACT_ALLOW, SCMP_ACT_KILL_PROCESS, handover));
    FB_CHECK(install(first));
    const int listener = seccomp_notify_fd(first.get());
    if (listener < 0) {
        return system_error("seccomp_notify_fd", -listener);
    }
    FB_CHECK(send_to_parent(listener));
    FB_CHECK(close_all_else(folders));
    return install(second);
}

}  // namespace

base::Error no_layer(base::SandboxLayer layer, const base::Error& cause) {
    return {base::layer_names(layer) + " cannot be had: " + cause.message, cause.place,
            cause.remedy};
}

base::Result<uint32_t> lock_down(uint32_t weakenings) {
    FB_CHECK(forgo_privileges());
    constexpr std::array kFolders = {kLogFolderFd, kObjectsFolderFd};
    const std::span folders =
        std::span(kFolders).first((weakenings & kQuotaFolders) != 0 ? kFolders.size() : 0);
    const base::Result<bool> landlock = give_up_files_and_ports(folders);
    if (!landlock.ok()) {
        return no_layer(kLandlock, landlock.error());
    }
    if (base::Status filtered = filter_system_calls(weakenings, folders); !filtered.ok()) {
        return no_layer(kSystemCallFilter, filtered.error());
    }
    return kNoNewPrivs | kResourceLimits | kSystemCallFilter | kNoDescriptors |
           (*landlock ? uint32_t{kLandlock} : 0u);
}

}  // namespace firebreak::sandbox
