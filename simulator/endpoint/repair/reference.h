// The reference page for authors of repair rules, made of what the engine really has.
#pragma once

#include <string>

namespace firebreak::endpoint::repair {

// Markdown: functions by table, limits.
std::string reference_page();

}  // namespace firebreak::endpoint::repair
