// Machines and changes as bytes.
#include <algorithm>

#include "base/field_reader.h"
#include "host/machine.h"
#include "host/machine_editor.h"
#include "host/windows_path.h"

namespace firebreak::host {

namespace {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::FieldReader;

// What one says of the other's bytes: never the same.
constexpr uint8_t kMachineMark = 0x4d, kChangesMark = 0x43;
constexpr size_t kMostEncodedName = 1024;
constexpr size_t kLongestPath = 259;  // path_problem()

void write_count(ByteWriter& out, size_t count) {
    out.u32(static_cast<uint32_t>(count));
}

template <class Enum>
void write_enum(ByteWriter& out, Enum value) {
    out.u8(static_cast<uint8_t>(value));
}

// --- values of the registry

void write_value(ByteWriter& out, const RegistryValue& value) {
    out.text(value.name);
    write_enum(out, value.type);
    if (const auto* text = std::get_if<std::string>(&value.data)) {
        out.text(*text);
    } else if (const auto* number = std::get_if<uint64_t>(&value.data)) {
        out.u64(*number);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value.data)) {
        write_count(out, texts->size());
        for (const std::string& one : *texts) {
            out.text(one);
        }
    } else {
        out.blob(std::get<Bytes>(value.data));
    }
}

void read_value_data(FieldReader& in, RegistryValue& out) {
    switch (out.type) {
        case RegistryType::kSz:
        case RegistryType::kExpandSz:
            out.data = in.text(kMostValueBytes);
            break;
        case RegistryType::kDword:
        case RegistryType::kQword:
            out.data = in.u64();
            break;
        case RegistryType::kMultiSz: {
            std::vector<std::string> texts;
            for (uint32_t n = in.count(kMostValueBytes); n > 0 && !in.failed(); --n) {
                texts.push_back(in.text(kMostValueBytes));
            }
            out.data = std::move(texts);
            break;
        }
        case RegistryType::kBinary: {
            const ByteView bytes = in.bytes();
            out.data = Bytes(bytes.begin(), bytes.end());
            break;
        }
    }
}

RegistryValue read_value(FieldReader& in) {
    RegistryValue value;
    value.name = in.text(kMostValueBytes);
    value.type = in.one_of(RegistryType::kQword);
    read_value_data(in, value);
    in.within(value_problem(value).empty());
    return value;
}

// --- machines

void write_registry(ByteWriter& out, const Registry& registry) {
    write_count(out, registry.keys().size());
    for (const auto& [index, key] : registry.keys()) {
        out.text(key.path);
        write_count(out, key.values.size());
        for (const RegistryValue& value : key.values) {
            write_value(out, value);
        }
    }
}

// A root of the registry, or a key below one.
bool is_key(const std::string& path) {
    const bool is_root = path.find('\\') == std::string::npos;
    return key_problem(is_root ? path + "\\a" : path).empty();
}

void read_registry(FieldReader& in, Registry& out) {
    for (uint32_t n = in.count(kMostKeys); n > 0 && !in.failed(); --n) {
        const std::string path = in.text(kMostEncodedName);
        if (!in.within(is_key(path))) {
            return;
        }
        out.add_key(path);
        for (uint32_t m = in.count(kMostRegistryBytes); m > 0 && !in.failed(); --m) {
            out.add_value(path, read_value(in));
            in.within(out.bytes() <= kMostRegistryBytes);
        }
    }
}

void read_files(FieldReader& in, MachineEditor& out) {
    size_t bytes = 0;
    for (uint32_t n = in.count(kMostFiles); n > 0 && !in.failed(); --n) {
        MachineFile file;
        file.path = in.text(kLongestPath);
        file.system = in.flag();
        file.loss = in.one_of(Loss::kBoot);
        const ByteView content = in.bytes();
        bytes += content.size();
        if (!in.within(path_problem(file.path).empty() && bytes <= kMostDiskBytes)) {
            return;
        }
        file.sha384 = base::sha384(content);
        file.content = std::make_shared<const Bytes>(content.begin(), content.end());
        out.add(std::move(file));
    }
}

void read_installed_parts(FieldReader& in, MachineEditor& out) {
    for (uint32_t n = in.count(kMostInstalled); n > 0 && !in.failed(); --n) {
        Service service;
        service.name = in.text(kMostEncodedName);
        service.image = in.text(kMostValueBytes);
        service.start = in.one_of(ServiceStart::kDisabled);
        service.running = in.flag();
        if (in.within(is_key("HKLM\\" + service.name))) {
            out.add(std::move(service));
        }
    }
    for (uint32_t n = in.count(kMostInstalled); n > 0 && !in.failed(); --n) {
        Component component;
        component.name = in.text(kMostEncodedName);
        component.enabled = in.flag();
        out.add(std::move(component));
    }
}

// --- changes, each with its place in the variant before it

void write_change(ByteWriter& out, const WriteFile& change) {
    out.text(change.path);
    out.blob(change.content);
}
void write_change(ByteWriter& out, const DeleteFile& change) {
    out.text(change.path);
}
void write_change(ByteWriter& out, const SetValue& change) {
    out.text(change.key);
    write_value(out, change.value);
}
void write_change(ByteWriter& out, const DeleteValue& change) {
    out.text(change.key);
    out.text(change.name);
}
void write_change(ByteWriter& out, const DeleteKey& change) {
    out.text(change.key);
}
void write_change(ByteWriter& out, const ConfigureService& change) {
    out.text(change.name);
    write_enum(out, change.start);
    out.u8(change.running ? 1 : 0);
}

Change read_change(FieldReader& in) {
    switch (in.u8()) {
        case 0: {
            WriteFile change{in.text(kMostEncodedName), {}};
            const ByteView content = in.bytes();
            if (in.within(content.size() <= kMostFileBytes)) {
                change.content.assign(content.begin(), content.end());
            }
            return change;
        }
        case 1:
            return DeleteFile{in.text(kMostEncodedName)};
        case 2: {
            std::string key = in.text(kMostEncodedName);
            return SetValue{std::move(key), read_value(in)};
        }
        case 3: {
            std::string key = in.text(kMostEncodedName);
            return DeleteValue{std::move(key), in.text(kMostValueBytes)};
        }
        case 4:
            return DeleteKey{in.text(kMostEncodedName)};
        case 5: {
            ConfigureService change;
            change.name = in.text(kMostEncodedName);
            change.start = in.one_of(ServiceStart::kDisabled);
            change.running = in.flag();
            return change;
        }
        default:
            in.within(false);
            return {};
    }
}

}  // namespace

Bytes encode(const Machine& machine) {
    ByteWriter out;
    out.u8(kMachineMark);
    write_registry(out, machine.registry());
    write_count(out, machine.files().size());
    for (const auto& [folded, file] : machine.files()) {
        out.text(file.path);
        out.u8(file.system ? 1 : 0);
        write_enum(out, file.loss);
        out.blob(*file.content);
    }
    write_count(out, machine.services().size());
    for (const Service& service : machine.services()) {
        out.text(service.name);
        out.text(service.image);
        write_enum(out, service.start);
        out.u8(service.running ? 1 : 0);
    }
    write_count(out, machine.components().size());
    for (const Component& component : machine.components()) {
        out.text(component.name);
        out.u8(component.enabled ? 1 : 0);
    }
    return std::move(out).take();
}

base::Result<Machine> parse_machine(ByteView bytes) {
    FieldReader in(bytes);
    in.within(in.u8() == kMachineMark);
    Machine machine;
    MachineEditor editor(machine);
    read_registry(in, editor.registry());
    read_files(in, editor);
    read_installed_parts(in, editor);
    editor.follow_registry();
    // Order, parts that stand there twice, keys without those above them, services that are not as
    // their keys say: whatever is not as a machine has it reads otherwise when written again.
    if (!in.complete() || !std::ranges::equal(encode(machine), bytes)) {
        return base::Error{"malformed image of a machine", "", ""};
    }
    return machine;
}

Bytes encode(const std::vector<Change>& changes) {
    ByteWriter out;
    out.u8(kChangesMark);
    write_count(out, changes.size());
    for (const Change& change : changes) {
        out.u8(static_cast<uint8_t>(change.index()));
        std::visit([&out](const auto& one) { write_change(out, one); }, change);
    }
    return std::move(out).take();
}

base::Result<std::vector<Change>> parse_changes(ByteView bytes) {
    FieldReader in(bytes);
    in.within(in.u8() == kChangesMark);
    std::vector<Change> changes;
    for (uint32_t n = in.count(kMostChanges); n > 0 && !in.failed(); --n) {
        changes.push_back(read_change(in));
    }
    if (!in.complete()) {
        return base::Error{"malformed list of changes", "", ""};
    }
    return changes;
}

}  // namespace firebreak::host
