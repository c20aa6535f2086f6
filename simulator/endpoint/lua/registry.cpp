#include "endpoint/lua/registry.h"

#include <lua.hpp>

namespace firebreak::endpoint::lua {

void push_kept(lua_State* lua, const char* key) {
    lua_pushlightuserdata(lua, const_cast<char*>(key));
    lua_rawget(lua, LUA_REGISTRYINDEX);
}

void keep(lua_State* lua, const char* key) {
    lua_pushlightuserdata(lua, const_cast<char*>(key));
    lua_insert(lua, -2);
    lua_rawset(lua, LUA_REGISTRYINDEX);
}

}  // namespace firebreak::endpoint::lua
