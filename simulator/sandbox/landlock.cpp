#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "sandbox/descriptor.h"

namespace firebreak::sandbox {
namespace {

// The system's own header may be older than the kernel that this runs on.
struct Attributes {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
};
constexpr uint32_t kAskVersion = 1;
constexpr uint64_t kFilesOfVersion1 = (1ull << 13) - 1;  // execute … make symbolic links
constexpr uint64_t kRefer = 1ull << 13;                  // version 2
constexpr uint64_t kTruncate = 1ull << 14;               // version 3
constexpr uint64_t kBindAndConnect = 3;                  // version 4: TCP ports
constexpr uint64_t kDeviceControl = 1ull << 15;          // version 5
constexpr uint64_t kSocketsAndSignals = 3;               // version 6: abstract sockets, signals

// What is handled is denied, but for what a rule allows.
Attributes everything(int version) {
    Attributes all{kFilesOfVersion1, 0, 0};
    all.files |= version >= 2 ? kRefer : 0;
    all.files |= version >= 3 ? kTruncate : 0;
    all.ports = version >= 4 ? kBindAndConnect : 0;
    all.files |= version >= 5 ? kDeviceControl : 0;
    all.scopes = version >= 6 ? kSocketsAndSignals : 0;
    return all;
}

size_t size_of(int version) {
    return version >= 6   ? sizeof(Attributes)
           : version >= 4 ? 2 * sizeof(uint64_t)
                          : sizeof(uint64_t);
}

constexpr uint64_t kExecute = 1ull << 0;
constexpr uint64_t kWriteFile = 1ull << 1;
constexpr uint64_t kReadFile = 1ull << 2;
constexpr uint64_t kReadFolder = 1ull << 3;
constexpr uint64_t kRemoveFolder = 1ull << 4;
constexpr uint64_t kRemoveFile = 1ull << 5;
constexpr uint64_t kMakeFolder = 1ull << 7;
constexpr uint64_t kMakeFile = 1ull << 8;
constexpr uint64_t kMakeLink = 1ull << 12;
constexpr uint64_t kReading = kExecute | kReadFile | kReadFolder;
constexpr uint64_t kWriting = kWriteFile | kReadFile | kReadFolder | kRemoveFolder | kRemoveFile |
                              kMakeFolder | kMakeFile | kMakeLink | kRefer | kTruncate;

// A rule: this much is allowed under this folder.
struct Allowance {
    std::string folder;
    uint64_t files;
};
struct __attribute__((packed)) PathRule {
    uint64_t allowed;
    int32_t folder;
};
constexpr int kRuleForPath = 1;

base::Status allow(const Descriptor& rules, const Allowance& allowance, const Attributes& handled) {
    const Descriptor folder(open(allowance.folder.c_str(), O_PATH | O_CLOEXEC));
    if (!folder.valid()) {
        return system_error("open of " + allowance.folder);
    }
    const PathRule rule{allowance.files & handled.files, folder.get()};
    if (syscall(SYS_landlock_add_rule, rules.get(), kRuleForPath, &rule, 0) != 0) {
        return system_error("landlock_add_rule");
    }
    return {};
}

base::Result<bool> give_up_all_but(const std::vector<Allowance>& allowances) {
    const int version = landlock_version();
    if (version == 0) {
        return false;
    }
    const Attributes all = everything(version);
    const Descriptor rules(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, size_of(version), 0)));
    if (!rules.valid()) {
        return system_error("landlock_create_ruleset");
    }
    for (const Allowance& allowance : allowances) {
        FB_CHECK(allow(rules, allowance, all));
    }
    if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
        return system_error("landlock_restrict_self");
    }
    return true;
}

}  // namespace

int landlock_version() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
    return version > 0 ? static_cast<int>(version) : 0;
}

base::Result<bool> give_up_files_and_ports() {
    return give_up_all_but({});
}

base::Result<bool> give_up_all_but_reading(const std::string& writable) {
    std::vector<Allowance> allowances = {{"/", kReading}};
    if (access(writable.c_str(), F_OK) == 0) {
        allowances.push_back({writable, kWriting});
    }
    return give_up_all_but(allowances);
}

}  // namespace firebreak::sandbox
