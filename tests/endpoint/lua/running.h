// Runs chunks of Lua and says what came of them.
#pragma once

#include <gtest/gtest.h>

#include <lua.hpp>
#include <string>

#include "endpoint/lua/interpreter.h"

namespace firebreak::endpoint::lua {

inline std::unique_ptr<Interpreter> new_interpreter(const Limits& limits = {}) {
    auto made = Interpreter::create(limits);
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(made).value();
}

// What `return …` gave, as text: "x"; or "error: …", "deadline: …", "memory: …".
inline std::string result_of(Interpreter& interpreter, Owner owner, std::string_view source) {
    const auto told = [](const Ended& ended) {
        const char* how = ended.how == End::kError      ? "error: "
                          : ended.how == End::kDeadline ? "deadline: "
                                                        : "memory: ";
        return how + ended.message;
    };
    Function function = 0;
    Ended ended = interpreter.compile(owner, "test.lua", base::view_of(source), function);
    if (ended.how != End::kDone) {
        return told(ended);
    }
    lua_State* const lua = interpreter.state();
    lua_rawgeti(lua, LUA_REGISTRYINDEX, function);
    ended = interpreter.run(owner, 0, 1);
    interpreter.release(function);
    if (ended.how != End::kDone) {
        return told(ended);
    }
    std::string result = lua_isboolean(lua, -1) != 0
                             ? (lua_toboolean(lua, -1) != 0 ? "true" : "false")
                         : lua_isnil(lua, -1) != 0 ? "nil"
                                                   : "";
    if (result.empty()) {
        size_t size = 0;
        const char* text = lua_tolstring(lua, -1, &size);
        result = text == nullptr ? luaL_typename(lua, -1) : std::string(text, size);
    }
    lua_settop(lua, 0);
    return result;
}

}  // namespace firebreak::endpoint::lua
