// Where Windows keeps in its registry what is installed.
#pragma once

#include <string>
#include <string_view>

#include "host/persona.h"

namespace firebreak::host {

inline constexpr std::string_view kServicesKey = R"(HKLM\SYSTEM\CurrentControlSet\Services)";
inline constexpr std::string_view kServiceStart = "Start";  // a REG_DWORD: ServiceStart

std::string_view name_of(ServiceStart start);  // "automatic"
std::string service_key(std::string_view name);

// As an installer registers it. What stands there already stays as it is.
void register_program(const Program& program, Registry& registry);
void register_service(const Service& service, Registry& registry);

}  // namespace firebreak::host
