#include "host/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "host/installed.h"
#include "host/machine_editor.h"
#include "host/windows_path.h"

namespace firebreak::host {

namespace {

using base::Error;
using base::Status;

constexpr size_t kShownBytes = 200;  // of a name in a message
constexpr size_t kShownData = 80;    // of a value's data

std::string shown(std::string_view text) {
    return base::printable(text, kShownBytes);
}

Error no_such(std::string_view what, std::string_view name) {
    return {fmt::format("there is no {} `{}`", what, shown(name)), "", ""};
}

template <class Named>
auto place_in(std::vector<Named>& sorted, std::string_view name) {
    return std::ranges::lower_bound(sorted, case_folded(name), {},
                                    [](const Named& one) { return case_folded(one.name); });
}

template <class Named>
const Named* found_in(const std::vector<Named>& sorted, std::string_view name) {
    const std::string folded = case_folded(name);
    const auto at = std::ranges::lower_bound(
        sorted, folded, {}, [](const Named& one) { return case_folded(one.name); });
    return at != sorted.end() && case_folded(at->name) == folded ? &*at : nullptr;
}

template <class Named>
bool insert_named(std::vector<Named>& sorted, Named one) {
    const auto at = place_in(sorted, one.name);
    if (at != sorted.end() && case_folded(at->name) == case_folded(one.name)) {
        return false;
    }
    sorted.insert(at, std::move(one));
    return true;
}

Status check_key(std::string_view key) {
    const std::string problem = key_problem(key);
    return problem.empty() ? Status()
                           : Error{fmt::format("the key `{}` {}", shown(key), problem), "", ""};
}

// Whether one of the two keys is the other, or stands below it.
bool overlap(std::string_view a, std::string_view b) {
    const std::string x = case_folded(a) + "\\", y = case_folded(b) + "\\";
    return x.starts_with(y) || y.starts_with(x);
}

// --- for people

std::string shown_value(std::string_view key, std::string_view name) {
    return fmt::format("{} [{}]", shown(key), name.empty() ? "default" : shown(name));
}

std::string shown_data(const RegistryValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) {
        return "`" + base::printable(*text, kShownData) + "`";
    }
    if (const auto* number = std::get_if<uint64_t>(&value.data)) {
        return std::to_string(*number);
    }
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value.data)) {
        return fmt::format("{} texts", texts->size());
    }
    return fmt::format("{} bytes", std::get<base::Bytes>(value.data).size());
}

std::string described(const WriteFile& change) {
    return fmt::format("wrote {} bytes to {}",
                       base::with_thousands(static_cast<int64_t>(change.content.size())),
                       shown(change.path));
}
std::string described(const DeleteFile& change) {
    return "deleted " + shown(change.path);
}
std::string described(const SetValue& change) {
    return fmt::format("set {} to {}", shown_value(change.key, change.value.name),
                       shown_data(change.value));
}
std::string described(const DeleteValue& change) {
    return "deleted " + shown_value(change.key, change.name);
}
std::string described(const DeleteKey& change) {
    return fmt::format("deleted {} with all below it", shown(change.key));
}
std::string described(const ConfigureService& change) {
    return fmt::format("made the service {} {} and {}", shown(change.name), name_of(change.start),
                       change.running ? "running" : "stopped");
}

}  // namespace

Machine::Machine(const Persona& persona) : registry_(persona.registry) {
    MachineEditor editor(*this);
    for (const File& file : persona.files) {
        editor.add(MachineFile{file.path, file.content, file.sha384, file.loss, file.system});
    }
    for (const Service& service : persona.services) {
        register_service(service, registry_);
        editor.add(service);
    }
    for (const Component& component : persona.components) {
        editor.add(component);
    }
    editor.follow_registry();
}

const MachineFile* Machine::file(std::string_view path) const {
    const auto found = files_.find(case_folded(path));
    return found == files_.end() ? nullptr : &found->second;
}

const Service* Machine::service(std::string_view name) const {
    return found_in(services_, name);
}

const Component* Machine::component(std::string_view name) const {
    return found_in(components_, name);
}

// --- MachineEditor

bool MachineEditor::add(MachineFile file) {
    const size_t bytes = file.content->size();
    std::string folded = case_folded(file.path);
    if (!machine_.files_.try_emplace(std::move(folded), std::move(file)).second) {
        return false;
    }
    machine_.file_bytes_ += bytes;
    return true;
}

bool MachineEditor::add(Service service) {
    return insert_named(machine_.services_, std::move(service));
}

bool MachineEditor::add(Component component) {
    return insert_named(machine_.components_, std::move(component));
}

void MachineEditor::follow_registry() {
    std::erase_if(machine_.services_, [this](const Service& service) {
        return machine_.registry_.find(service_key(service.name)) == nullptr;
    });
    for (Service& service : machine_.services_) {
        const RegistryValue* value =
            machine_.registry_.find(service_key(service.name), kServiceStart);
        const auto* number = value == nullptr ? nullptr : std::get_if<uint64_t>(&value->data);
        const bool is_start =
            number != nullptr && *number <= static_cast<uint64_t>(ServiceStart::kDisabled);
        service.start = is_start ? static_cast<ServiceStart>(*number) : ServiceStart::kDisabled;
        service.running = service.running && service.start != ServiceStart::kDisabled;
    }
}

Status MachineEditor::put(const std::string& path, std::shared_ptr<const base::Bytes> content,
                          const base::Digest& sha384) {
    if (const std::string problem = path_problem(path); !problem.empty()) {
        return Error{fmt::format("the path `{}` {}", shown(path), problem), "", ""};
    }
    const MachineFile* before = machine_.file(path);
    const size_t others = machine_.file_bytes_ - (before == nullptr ? 0 : before->content->size());
    const size_t bytes = content->size();
    if (bytes > kMostFileBytes) {
        return Error{fmt::format("{}: more than 16 MiB", shown(path)), "", ""};
    }
    if (others + bytes > kMostDiskBytes ||
        (before == nullptr && machine_.files_.size() >= kMostFiles)) {
        return Error{fmt::format("{}: the disk is full", shown(path)), "", ""};
    }
    const bool is_new = before == nullptr;
    MachineFile& file = machine_.files_[case_folded(path)];
    if (is_new) {
        file.path = path;
    }
    file.content = std::move(content);
    file.sha384 = sha384;
    machine_.file_bytes_ = others + bytes;
    return {};
}

Status MachineEditor::apply(const WriteFile& change) {
    return put(change.path, std::make_shared<const base::Bytes>(change.content),
               base::sha384(change.content));
}

Status MachineEditor::apply(const DeleteFile& change) {
    const auto found = machine_.files_.find(case_folded(change.path));
    if (found == machine_.files_.end()) {
        return no_such("file", change.path);
    }
    machine_.file_bytes_ -= found->second.content->size();
    machine_.files_.erase(found);
    return {};
}

Status MachineEditor::apply(const SetValue& change) {
    FB_CHECK(check_key(change.key));
    if (const std::string problem = value_problem(change.value); !problem.empty()) {
        return Error{
            fmt::format("the value {} {}", shown_value(change.key, change.value.name), problem), "",
            ""};
    }
    Registry& registry = machine_.registry_;
    const RegistryValue* before = registry.find(change.key, change.value.name);
    const size_t others = registry.bytes() - (before == nullptr ? 0 : size_of(*before));
    // As if each missing key were as long as the whole path: a little less fits than might.
    const size_t missing = registry.missing_keys(change.key);
    if (registry.keys().size() + missing > kMostKeys ||
        others + missing * change.key.size() + size_of(change.value) > kMostRegistryBytes) {
        return Error{fmt::format("{}: the registry is full", shown(change.key)), "", ""};
    }
    registry.set_value(change.key, change.value);
    if (overlap(change.key, kServicesKey)) {
        follow_registry();
    }
    return {};
}

Status MachineEditor::apply(const DeleteValue& change) {
    FB_CHECK(check_key(change.key));
    if (!machine_.registry_.remove_value(change.key, change.name)) {
        return no_such("value", shown_value(change.key, change.name));
    }
    if (overlap(change.key, kServicesKey)) {
        follow_registry();
    }
    return {};
}

Status MachineEditor::apply(const DeleteKey& change) {
    FB_CHECK(check_key(change.key));
    if (!machine_.registry_.remove_key(change.key)) {
        return no_such("key", change.key);
    }
    if (overlap(change.key, kServicesKey)) {
        follow_registry();
    }
    return {};
}

Status MachineEditor::apply(const ConfigureService& change) {
    const auto at = place_in(machine_.services_, change.name);
    if (at == machine_.services_.end() || case_folded(at->name) != case_folded(change.name)) {
        return no_such("service", change.name);
    }
    if (change.running && change.start == ServiceStart::kDisabled) {
        return Error{
            fmt::format("the service `{}` is disabled and cannot be started", shown(change.name)),
            "", ""};
    }
    at->start = change.start;
    at->running = change.running;
    machine_.registry_.set_value(
        service_key(at->name),
        {std::string(kServiceStart), RegistryType::kDword, static_cast<uint64_t>(change.start)});
    return {};
}

std::string describe(const Change& change) {
    return std::visit([](const auto& one) { return described(one); }, change);
}

Status apply(Machine& machine, const Change& change) {
    return std::visit([&](const auto& one) { return MachineEditor(machine).apply(one); }, change);
}

Status put_file(Machine& machine, const std::string& path,
                std::shared_ptr<const base::Bytes> content, const base::Digest& sha384) {
    return MachineEditor(machine).put(path, std::move(content), sha384);
}

}  // namespace firebreak::host
