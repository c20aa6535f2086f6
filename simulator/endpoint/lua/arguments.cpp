#include "endpoint/lua/arguments.h"

#include <algorithm>
#include <cmath>
#include <lua.hpp>

#include "base/text.h"

namespace firebreak::endpoint::lua {

int refuse(lua_State* lua, const std::string& message) {
    // Copied first: the error unwinds past `message`.
    luaL_where(lua, 1);
    lua_pushlstring(lua, message.data(), message.size());
    lua_concat(lua, 2);
    return lua_error(lua);
}

std::string_view text_at(lua_State* lua, int index, size_t limit) {
    size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    luaL_argcheck(lua, size <= limit, index, "too long");
    return {text, size};
}

uint64_t whole_number_at(lua_State* lua, int index, uint64_t most, const char* name) {
    const double value = lua_type(lua, index) == LUA_TNUMBER ? lua_tonumber(lua, index) : -1;
    if (!(value >= 0 && value <= static_cast<double>(most) && value == std::floor(value))) {
        refuse(lua, "`" + std::string(name) + "` must be a whole number from 0 to " +
                        std::to_string(most));
    }
    return static_cast<uint64_t>(value);
}

std::optional<std::string> text_field(lua_State* lua, int table, const char* name, size_t limit) {
    lua_getfield(lua, table, name);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        return std::nullopt;
    }
    size_t size = 0;
    const char* text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : nullptr;
    if (text == nullptr || size > limit || size == 0) {
        luaL_error(lua, "`%s` must be a text of 1 to %d bytes", name, static_cast<int>(limit));
    }
    std::string found(text, size);
    lua_pop(lua, 1);
    return found;
}

void check_names(lua_State* lua, int table, std::initializer_list<const char*> names) {
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        const char* key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : nullptr;
        const bool known = key != nullptr && std::ranges::any_of(names, [key](const char* name) {
                               return std::string_view(name) == key;
                           });
        if (!known) {
            const std::string shown =
                key == nullptr ? luaL_typename(lua, -2) : base::printable(key, 60);
            std::string valid;
            for (const char* name : names) {
                valid += (valid.empty() ? "" : ", ") + std::string(name);
            }
            refuse(lua, "unknown name `" + shown + "`; there are: " + valid);
        }
    }
}

}  // namespace firebreak::endpoint::lua
