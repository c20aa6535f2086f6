// The reference page for authors of application rules, made of what the engine really has.
#pragma once

#include <string>

namespace firebreak::endpoint::applications {

// Markdown: functions by table, scripts of PowerShell, what may be excluded, limits.
std::string reference_page();

}  // namespace firebreak::endpoint::applications
