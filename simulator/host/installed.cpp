#include "host/installed.h"

#include <fmt/format.h>

#include <array>

namespace firebreak::host {

namespace {

RegistryValue text_value(std::string name, std::string text,
                         RegistryType type = RegistryType::kSz) {
    return {std::move(name), type, std::move(text)};
}

}  // namespace

std::string_view name_of(ServiceStart start) {
    constexpr std::array<std::string_view, 5> kNames = {"boot", "system", "automatic", "manual",
                                                        "disabled"};
    return kNames[static_cast<size_t>(start)];
}

std::string service_key(std::string_view name) {
    return fmt::format("{}\\{}", kServicesKey, name);
}

void register_program(const Program& program, Registry& registry) {
    const std::string key =
        fmt::format(R"(HKLM\SOFTWARE\{}Microsoft\Windows\CurrentVersion\Uninstall\{})",
                    program.is_64_bit ? "" : R"(WOW6432Node\)", program.name);
    registry.add_value(key, text_value("DisplayName", program.name));
    registry.add_value(key, text_value("DisplayVersion", program.version));
    registry.add_value(key, text_value("Publisher", program.publisher));
    registry.add_value(key, text_value("InstallLocation", program.location));
}

void register_service(const Service& service, Registry& registry) {
    const std::string key = service_key(service.name);
    registry.add_value(key, text_value("ImagePath", service.image, RegistryType::kExpandSz));
    registry.add_value(key, {std::string(kServiceStart), RegistryType::kDword,
                             static_cast<uint64_t>(service.start)});
}

}  // namespace firebreak::host
