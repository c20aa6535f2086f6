// The reference page for rule authors, made of what the engine really has.
#pragma once

#include <string>

namespace firebreak::endpoint::behavior {

// Markdown: functions by table, kinds of events with their fields, limits.
std::string reference_page();

}  // namespace firebreak::endpoint::behavior
