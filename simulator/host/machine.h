// The state of one simulated machine: what content finds on it, and what content with the right to
// changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/result.h"
#include "host/persona.h"
#include "host/registry.h"

namespace firebreak::host {

// A file as it is on the disk now.
struct MachineFile {
    std::string path;
    std::shared_ptr<const base::Bytes> content;
    base::Digest sha384;  // of the content
    Loss loss = Loss::kNothing;
    bool system = false;  // part of Windows

    friend bool operator==(const MachineFile& a, const MachineFile& b) {
        return a.path == b.path && a.sha384 == b.sha384 && a.loss == b.loss && a.system == b.system;
    }
};

// A value: copies share what files hold. Each service stands in the registry, too (installed.h),
// and is what its key there says: one whose key has no number that is a start type is disabled, and
// one whose key goes is gone. What Windows reads at its next start, it is taken to have read at
// once.
class Machine {
  public:
    Machine() = default;
    explicit Machine(const Persona& persona);

    const Registry& registry() const { return registry_; }
    // Null: there is none. Paths and names are compared as Windows does.
    const MachineFile* file(std::string_view path) const;
    const Service* service(std::string_view name) const;
    const Component* component(std::string_view name) const;
    // Files by folded path.
    const std::map<std::string, MachineFile>& files() const { return files_; }
    const std::vector<Service>& services() const { return services_; }        // sorted by name
    const std::vector<Component>& components() const { return components_; }  // sorted by name

    bool operator==(const Machine&) const = default;

  private:
    friend class MachineEditor;
    Registry registry_;
    std::map<std::string, MachineFile> files_;
    size_t file_bytes_ = 0;
    std::vector<Service> services_;
    std::vector<Component> components_;
};

// --- what can be done to a machine. All names as in Machine.

// In the place of a part of Windows, the file stays one: it is what it is needed for, and harmed.
struct WriteFile {
    std::string path;
    base::Bytes content;  // at most kMostFileBytes

    bool operator==(const WriteFile&) const = default;
};
struct DeleteFile {
    std::string path;

    bool operator==(const DeleteFile&) const = default;
};
// Of a new service's key, it makes no service.
struct SetValue {
    std::string key;
    RegistryValue value;  // takes the place of one of its name; the key comes into being

    bool operator==(const SetValue&) const = default;
};
struct DeleteValue {
    std::string key, name;

    bool operator==(const DeleteValue&) const = default;
};
struct DeleteKey {
    std::string key;  // with all below it

    bool operator==(const DeleteKey&) const = default;
};
// Of a service that there is.
struct ConfigureService {
    std::string name;
    ServiceStart start = ServiceStart::kManual;
    bool running = false;  // a disabled one cannot be started

    bool operator==(const ConfigureService&) const = default;
};
using Change =
    std::variant<WriteFile, DeleteFile, SetValue, DeleteValue, DeleteKey, ConfigureService>;

// "deleted C:\Windows\System32\drivers\tcpip.sys", for people.
std::string describe(const Change& change);
// Nothing is changed if it is an error: no such file, key, value or service, no path or key at all,
// too large, or a part of the machine that would hold more than there may be.
base::Status apply(Machine& machine, const Change& change);
// As WriteFile, of content that is shared. `sha384`: its digest, for which the caller vouches.
base::Status put_file(Machine& machine, const std::string& path,
                      std::shared_ptr<const base::Bytes> content, const base::Digest& sha384);

// The machine and lists of changes as bytes. parse(b) succeeds exactly if b is what encode() makes
// of something within the limits; parsers take any bytes at all.
base::Bytes encode(const Machine& machine);
base::Result<Machine> parse_machine(base::ByteView bytes);
base::Bytes encode(const std::vector<Change>& changes);
base::Result<std::vector<Change>> parse_changes(base::ByteView bytes);

inline constexpr size_t kMostFileBytes = 16u * 1024 * 1024;  // of one written file
inline constexpr size_t kMostChanges = 10'000;               // of one list

// Of one machine.
inline constexpr size_t kMostFiles = 20'000;
inline constexpr size_t kMostDiskBytes = 64u * 1024 * 1024;  // of all files
inline constexpr size_t kMostKeys = 100'000;
inline constexpr size_t kMostRegistryBytes = 16u * 1024 * 1024;  // Registry::bytes()
inline constexpr size_t kMostInstalled = 2'000;                  // services, and components

}  // namespace firebreak::host
