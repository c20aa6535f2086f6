// For functions in C: what content gives them as arguments. All of them raise errors of Lua.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

struct lua_State;

namespace firebreak::endpoint::lua {

// Raises it, with the line that called the function. Never returns.
int refuse(lua_State* lua, const std::string& message);

// A text of up to `limit` bytes, for as long as it stands there.
std::string_view text_at(lua_State* lua, int index, size_t limit);

// The whole number from 0 to `most` there, which is no more than 2^53. A conversion would make
// something of any other, and not the same on every machine. `name`: for the error.
uint64_t whole_number_at(lua_State* lua, int index, uint64_t most, const char* name);

// The text of 1 to `limit` bytes that the table has under this name; nothing: there is none.
std::optional<std::string> text_field(lua_State* lua, int table, const char* name, size_t limit);

// The table has none but these names: a mistyped one would weaken a rule in silence.
void check_names(lua_State* lua, int table, std::initializer_list<const char*> names);

}  // namespace firebreak::endpoint::lua
