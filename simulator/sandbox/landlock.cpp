#include "sandbox/landlock.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

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
struct [[gnu::packed]] BeneathRule {
    uint64_t allowed;
    int32_t folder;
};
constexpr int kBeneath = 1;  // the kind of that rule
// Write and read files, read the folder, remove files, make plain ones.
constexpr uint64_t kPlainFiles = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8;
constexpr uint64_t kFilesOfVersion1 = (1ull << 13) - 1;  // execute … make symbolic links
constexpr uint64_t kRefer = 1ull << 13;                  // version 2
constexpr uint64_t kTruncate = 1ull << 14;               // version 3
constexpr uint64_t kBindAndConnect = 3;                  // version 4: TCP ports
constexpr uint64_t kDeviceControl = 1ull << 15;          // version 5
constexpr uint64_t kSocketsAndSignals = 3;               // version 6: abstract sockets, signals

// What is handled is denied, unless a rule allows it.
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

}  // namespace

int landlock_version() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
    return version > 0 ? static_cast<int>(version) : 0;
}

base::Result<bool> give_up_files_and_ports(std::span<const int> folders) {
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
    for (const int folder : folders) {
        const BeneathRule rule{(kPlainFiles | kTruncate) & all.files, folder};
        if (syscall(SYS_landlock_add_rule, rules.get(), kBeneath, &rule, 0) != 0) {
            return system_error("landlock_add_rule");
        }
    }
    if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
        return system_error("landlock_restrict_self");
    }
    return true;
}

namespace {

// By the bits' order in the interface.
constexpr uint64_t kReading = 1 << 0 | 1 << 2 | 1 << 3;  // execute, read files and folders
// Write and read files, read folders, remove folders and files, make folders, files and links.
constexpr uint64_t kWriting =
    1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 12 | kRefer | kTruncate;

struct [[gnu::packed]] FolderRule {
    uint64_t allowed;
    int32_t folder;
};
constexpr int kRuleOfFolder = 1;

base::Status allow(const Descriptor& rules, const char* path, uint64_t files) {
    const Descriptor folder(open(path, O_PATH | O_CLOEXEC));
    const FolderRule rule{files, folder.get()};
    if (!folder.valid() ||
        syscall(SYS_landlock_add_rule, rules.get(), kRuleOfFolder, &rule, 0) != 0) {
        return system_error("landlock_add_rule");
    }
    return {};
}

}  // namespace

base::Result<bool> give_up_all_but_reading(const char* writable) {
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
    FB_CHECK(allow(rules, "/", kReading));
    if (access(writable, F_OK) == 0) {
        FB_CHECK(allow(rules, writable, kWriting & all.files));
    }
    if (syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
        return system_error("landlock_restrict_self");
    }
    return true;
}

}  // namespace firebreak::sandbox
