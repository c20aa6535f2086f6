// Functions that content may call, as a reference page has them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "endpoint/lua/core_functions.h"

namespace firebreak::endpoint::lua {

// What can stand in a cell of a table in Markdown: a bar would end it.
std::string table_cell(std::string_view text);
// A table in Markdown, with a blank line before it.
std::string function_table(std::span<const FunctionInfo> functions);

}  // namespace firebreak::endpoint::lua
