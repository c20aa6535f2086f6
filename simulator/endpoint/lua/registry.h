// Values that code in C keeps in an interpreter, where no content gets at them.
#pragma once

struct lua_State;

namespace firebreak::endpoint::lua {

// A key is an address that nobody else has: that of a variable of the caller's.
// Puts the value on the stack; nil, if there is none.
void push_kept(lua_State* lua, const char* key);
// Keeps what is on top of the stack, and takes it from there. Raises an error without memory.
void keep(lua_State* lua, const char* key);

}  // namespace firebreak::endpoint::lua
