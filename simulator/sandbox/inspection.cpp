#include "sandbox/inspection.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "sandbox/channel.h"

namespace firebreak::sandbox {
namespace {

using Fields = std::map<std::string, std::string>;

// "Name:\tvalue" lines of /proc/<pid>/status.
base::Result<Fields> read_status(const std::string& folder) {
    std::ifstream file(folder + "/status");
    Fields fields;
    for (std::string line; std::getline(file, line);) {
        const size_t colon = line.find(":\t");
        if (colon != std::string::npos) {
            fields[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }
    if (fields.empty()) {
        return base::Error{"cannot be read", folder + "/status",
                           "a worker is trusted with content only where /proc is mounted"};
    }
    return fields;
}

// Real, effective, saved and file-system id: none is root's, and there are no capabilities.
bool is_unprivileged(Fields& status) {
    for (const char* ids : {"Uid", "Gid"}) {
        std::istringstream numbers(status[ids]);
        int count = 0;
        for (uint64_t id = 0; numbers >> id; ++count) {
            if (id == 0 && std::string_view(ids) == "Uid") {
                return false;
            }
        }
        if (count != 4) {
            return false;
        }
    }
    const auto empty = [&](const char* field) {
        return !status[field].empty() && status[field].find_first_not_of('0') == std::string::npos;
    };
    return empty("CapPrm") && empty("CapEff") && empty("CapInh") && empty("CapAmb");
}

// "Max address space         1073741824           1073741824           bytes"
bool is_limited(const std::string& folder, std::string_view name, uint64_t at_most) {
    std::ifstream file(folder + "/limits");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) {
            std::istringstream numbers(line.substr(name.size()));
            uint64_t soft = 0;
            uint64_t hard = 0;
            return (numbers >> soft >> hard) && soft <= at_most && hard <= at_most;
        }
    }
    return false;
}

bool has_limits(const std::string& folder, const Policy& policy) {
    return is_limited(folder, "Max address space", policy.memory_bytes) &&
           is_limited(folder, "Max cpu time", policy.lifetime_cpu_s + 1ull) &&
           is_limited(folder, "Max file size", policy.file_bytes()) &&
           is_limited(folder, "Max core file size", 0) && is_limited(folder, "Max processes", 0) &&
           is_limited(folder, "Max open files", kMaxOpenFiles);
}

bool has_no_descriptors(const std::string& folder, const Policy& policy, bool believed) {
    std::error_code error;
    std::set<std::string> open;
    for (std::filesystem::directory_iterator entry(folder + "/fd", error), end;
         !error && entry != end; entry.increment(error)) {
        open.insert(entry->path().filename().string());
    }
    if (error) {
        return believed;
    }
    std::set<std::string> allowed = {std::to_string(kErrorsFd), std::to_string(kSocketFd)};
    if (policy.allows(kQuotaFolders)) {
        allowed.insert({std::to_string(kLogFolderFd), std::to_string(kObjectsFolderFd)});
    }
    return open == allowed;
}

// Which namespace of this kind a process is in; empty: that is not told to us.
std::string namespace_of(const std::string& folder, const char* kind) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(folder + "/ns/" + kind, error);
    return error ? std::string() : target.string();
}

bool has_namespaces(const std::string& folder, bool believed) {
    for (const char* kind : {"user", "mnt", "net", "pid", "ipc", "uts"}) {
        const std::string its = namespace_of(folder, kind);
        if (its.empty()) {
            return believed;
        }
        if (its == namespace_of("/proc/self", kind)) {
            return false;
        }
    }
    return true;
}

bool has_empty_root(const std::string& folder, bool believed) {
    std::error_code error;
    // With a slash at its end: the folder, and not the link to it.
    const std::filesystem::directory_iterator first(std::filesystem::path(folder) / "root" / "",
                                                    error);
    return error ? believed : first == std::filesystem::directory_iterator();
}

}  // namespace

base::Result<uint32_t> inspect(pid_t pid, const Policy& policy, uint32_t believed) {
    const std::string folder = "/proc/" + std::to_string(pid);
    FB_TRY(Fields status, read_status(folder));
    const bool one_filtered_thread = status["Seccomp"] == "2" && status["Threads"] == "1";
    const bool no_descriptors =
        has_no_descriptors(folder, policy, (believed & kNoDescriptors) != 0);
    uint32_t layers = 0;
    const auto add = [&layers](bool in_force, base::SandboxLayer layer) {
        if (in_force) {
            layers |= layer;
        }
    };
    add(status["NoNewPrivs"] == "1", kNoNewPrivs);
    add(has_limits(folder, policy), kResourceLimits);
    add(one_filtered_thread, kSystemCallFilter);
    add(is_unprivileged(status), kUnprivilegedUser);
    add(no_descriptors, kNoDescriptors);
    add(has_namespaces(folder, (believed & kNamespaces) != 0), kNamespaces);
    add(has_empty_root(folder, (believed & kEmptyRoot) != 0), kEmptyRoot);
    add((believed & kLandlock) != 0, kLandlock);  // /proc does not tell
    return layers;
}

bool is_asleep(pid_t pid) {
    base::Result<Fields> status = read_status("/proc/" + std::to_string(pid));
    return status.ok() && (*status)["State"].starts_with('S');
}

}  // namespace firebreak::sandbox
