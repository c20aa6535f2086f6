// What is installed on a persona's machine, and its registry.
#include <fmt/format.h>

#include "base/text.h"
#include "host/installed.h"
#include "host/persona_reading.h"

namespace firebreak::host {

namespace {

using base::Result;
using base::Status;
using base::TomlTable;

constexpr size_t kMostPrograms = 1000;
constexpr size_t kMostServices = 1000;
constexpr size_t kMostComponents = 1000;
constexpr size_t kMostRegistryEntries = 10'000;
constexpr int64_t kLargestDword = 0xffffffff;

constexpr TomlTable::Words<RegistryType, 6> kTypes{{{"REG_SZ", RegistryType::kSz},
                                                    {"REG_EXPAND_SZ", RegistryType::kExpandSz},
                                                    {"REG_BINARY", RegistryType::kBinary},
                                                    {"REG_DWORD", RegistryType::kDword},
                                                    {"REG_MULTI_SZ", RegistryType::kMultiSz},
                                                    {"REG_QWORD", RegistryType::kQword}}};
constexpr TomlTable::Words<ServiceStart, 5> kStarts{{{"boot", ServiceStart::kBoot},
                                                     {"system", ServiceStart::kSystem},
                                                     {"automatic", ServiceStart::kAutomatic},
                                                     {"manual", ServiceStart::kManual},
                                                     {"disabled", ServiceStart::kDisabled}}};
constexpr TomlTable::Words<bool, 2> kStates{{{"running", true}, {"stopped", false}}};

// A name that can be a registry key's, too.
Result<std::string> read_name(TomlTable& in) {
    FB_TRY(std::string name, in.line("name"));
    const std::string problem = key_problem("HKLM\\" + name);
    if (name.find('\\') != std::string::npos || !problem.empty()) {
        return in.error("name", fmt::format("`{}` is no name here", base::printable(name, 120)),
                        "it also names a registry key: at most 255 bytes, without \\");
    }
    return name;
}

// --- Programs, services, components --------------------------------------------------------------

Status read_programs(TomlTable& root, Persona& out) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "program", kMostPrograms));
    Names names("program");
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "version", "publisher", "location", "bits"}));
        Program program;
        FB_TRY(program.name, read_name(in));
        FB_TRY(program.version, in.line("version"));
        FB_TRY(program.publisher, in.line("publisher"));
        FB_TRY(program.location, read_path(in, "location"));
        FB_TRY(const int64_t bits, in.integer("bits", 32, 64, 64));
        FB_CHECK(in.finish());
        if (bits != 32 && bits != 64) {
            return in.error("bits", fmt::format("a program of {} bits", bits), "write 32 or 64");
        }
        program.is_64_bit = bits == 64;
        FB_CHECK(names.add(program.name, in));
        out.programs.push_back(std::move(program));
    }
    sort_by(out.programs, &Program::name);
    return {};
}

Status read_services(TomlTable& root, Persona& out) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "service", kMostServices));
    Names names("service");
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "image", "start", "state"}));
        Service service;
        FB_TRY(service.name, read_name(in));
        FB_TRY(service.image, in.line("image"));
        FB_TRY(service.start, in.word("start", kStarts));
        FB_TRY(service.running, in.word("state", kStates));
        FB_CHECK(in.finish());
        FB_CHECK(names.add(service.name, in));
        if (service.running && service.start == ServiceStart::kDisabled) {
            return in.error("state", "a service that is disabled and runs",
                            "write state = \"stopped\"");
        }
        out.services.push_back(std::move(service));
    }
    sort_by(out.services, &Service::name);
    return {};
}

Status read_components(TomlTable& root, Persona& out) {
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "component", kMostComponents));
    Names names("component");
    for (TomlTable in : tables) {
        FB_CHECK(in.allow({"name", "enabled"}));
        Component component;
        FB_TRY(component.name, in.line("name"));
        FB_TRY(component.enabled, in.boolean("enabled", true));
        FB_CHECK(in.finish());
        FB_CHECK(names.add(component.name, in));
        out.components.push_back(std::move(component));
    }
    sort_by(out.components, &Component::name);
    return {};
}

// --- The registry --------------------------------------------------------------------------------

Status read_data(TomlTable& in, RegistryValue& out) {
    switch (out.type) {
        case RegistryType::kSz:
        case RegistryType::kExpandSz: {
            FB_TRY(out.data, in.string("data"));
            return {};
        }
        case RegistryType::kDword:
        case RegistryType::kQword: {
            const bool is_dword = out.type == RegistryType::kDword;
            FB_TRY(const int64_t number,
                   in.integer("data", 0, is_dword ? kLargestDword : INT64_MAX));
            out.data = static_cast<uint64_t>(number);
            return {};
        }
        case RegistryType::kMultiSz: {
            FB_TRY(out.data, in.strings("data"));
            return {};
        }
        case RegistryType::kBinary:
            break;
    }
    FB_TRY(const std::string hex, in.string("data"));
    Result<base::Bytes> bytes = base::from_hex(hex);
    if (!bytes.ok()) {
        return in.error("data", "`data` is " + bytes.error().message, bytes.error().remedy);
    }
    out.data = *std::move(bytes);
    return {};
}

Result<std::string> read_key(TomlTable& in) {
    FB_TRY(std::string key, in.string("key"));
    if (const std::string problem = key_problem(key); !problem.empty()) {
        return in.error("key", fmt::format("the key `{}` {}", base::printable(key, 120), problem),
                        R"(write it as 'HKLM\SOFTWARE\Vendor\Product', in single quotes)");
    }
    return key;
}

Status read_registry_entry(TomlTable in, Registry& out) {
    FB_CHECK(in.allow({"key", "name", "type", "data"}));
    FB_TRY(const std::string key, read_key(in));
    if (!in.has("name") && !in.has("type") && !in.has("data")) {
        out.add_key(key);
        return in.finish();
    }
    RegistryValue value;
    FB_TRY(value.name, in.string("name", ""));
    FB_TRY(value.type, in.word("type", kTypes, RegistryType::kSz));
    if (!in.has("data")) {
        return in.error("data", "a registry value without data", "add `data`");
    }
    FB_CHECK(read_data(in, value));
    FB_CHECK(in.finish());
    if (size_of(value) > kMostValueBytes) {
        return in.error("data", "a registry value of more than 64 KiB", "make it smaller");
    }
    const std::string name = value.name;
    if (!out.add_value(key, std::move(value))) {
        return in.error("name",
                        fmt::format("a second value of `{}` is called `{}`",
                                    base::printable(key, 120), base::printable(name, 120)),
                        "programs and services of this persona write values too");
    }
    return {};
}

}  // namespace

Status read_installed(TomlTable& root, Persona& out) {
    FB_CHECK(read_programs(root, out));
    FB_CHECK(read_services(root, out));
    FB_CHECK(read_components(root, out));
    for (const Program& program : out.programs) {
        register_program(program, out.registry);
    }
    for (const Service& service : out.services) {
        register_service(service, out.registry);
    }
    FB_TRY(const std::vector<TomlTable> tables, read_list(root, "registry", kMostRegistryEntries));
    for (const TomlTable& table : tables) {
        FB_CHECK(read_registry_entry(table, out.registry));
    }
    return {};
}

}  // namespace firebreak::host
