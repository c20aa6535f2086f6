#include "endpoint/lua/interpreter.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <lua.hpp>

#include "base/text.h"
#include "endpoint/lua/core_functions.h"
#include "endpoint/lua/registry.h"

namespace firebreak::endpoint::lua {
namespace {

// Keys of the registry: addresses that nobody else has.
char g_interpreter_key, g_shared_key, g_globals_key;

struct Work {
    void (*work)(lua_State*, void*);
    void* context;
};

int do_work(lua_State* lua) {
    const auto* work = static_cast<const Work*>(lua_touserdata(lua, 1));
    lua_settop(lua, 0);
    work->work(lua, work->context);
    return 0;
}

int refuse_write(lua_State* lua) {
    return luaL_error(lua, "%s cannot be changed", lua_tostring(lua, lua_upvalueindex(1)));
}

// A table of its own, in which what is missing is looked up among the shared functions: kept in the
// table below, and left on top.
void new_globals(lua_State* lua, Owner owner) {
    lua_newtable(lua);
    lua_newtable(lua);
    push_kept(lua, &g_shared_key);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_pushvalue(lua, -1);
    lua_rawseti(lua, -3, static_cast<int>(owner));
}

// Raised outside of any protection, of which there shall be none.
int no_protection(lua_State* lua) {
    const char* message = lua_tostring(lua, -1);
    std::fprintf(stderr, "an error of Lua outside of any run: %s\n",
                 message == nullptr ? "?" : message);
    std::abort();
}

}  // namespace

uint32_t line_of(std::string_view message, std::string_view chunk) {
    if (!message.starts_with(chunk) || message.size() <= chunk.size() ||
        message[chunk.size()] != ':') {
        return 0;
    }
    uint32_t line = 0;
    for (const char c : message.substr(chunk.size() + 1)) {
        if (c < '0' || c > '9') {
            break;
        }
        line = line * 10 + static_cast<uint32_t>(c - '0');
    }
    return line;
}

Interpreter& interpreter_of(lua_State* lua) {
    push_kept(lua, &g_interpreter_key);
    auto* interpreter = static_cast<Interpreter*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return *interpreter;
}

void seal(lua_State* lua, const char* name) {
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushstring(lua, name);
    lua_pushcclosure(lua, refuse_write, 1);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_replace(lua, -2);
}

base::Result<std::unique_ptr<Interpreter>> Interpreter::create(const Limits& limits) {
    FB_TRY(std::unique_ptr<Watchdog> watchdog, Watchdog::start(limits.run));
    std::unique_ptr<Interpreter> made(new Interpreter(limits, std::move(watchdog)));
    made->lua_ = lua_newstate(Accounts::allocate, &made->accounts_);
    if (made->lua_ == nullptr) {
        return base::Error{"no LuaJIT interpreter can be had", "", ""};
    }
    lua_atpanic(made->lua_, no_protection);
    Interpreter* self = made.get();
    const Ended ended = made->protect([self](lua_State* lua) {
        lua_pushlightuserdata(lua, self);
        keep(lua, &g_interpreter_key);
        lua_newtable(lua);
        add_core_functions(lua);
        keep(lua, &g_shared_key);
        lua_newtable(lua);
        keep(lua, &g_globals_key);
        lua_pushcfunction(lua, do_work);
        self->protected_ = luaL_ref(lua, LUA_REGISTRYINDEX);
    });
    if (ended.how != End::kDone) {
        return base::Error{"the LuaJIT interpreter cannot be set up: " + ended.message, "", ""};
    }
    return made;
}

Interpreter::Interpreter(const Limits& limits, std::unique_ptr<Watchdog> watchdog)
    : watchdog_(std::move(watchdog)), accounts_(limits.memory_of_one, limits.memory_of_all) {}

Interpreter::~Interpreter() {
    if (lua_ != nullptr) {
        lua_close(lua_);
    }
}

Ended Interpreter::protect(void (*work)(lua_State*, void*), void* context) {
    Work what{work, context};
    accounts_.run_as(kEngine);
    if (protected_ == LUA_NOREF) {
        return ended(lua_cpcall(lua_, do_work, &what));
    }
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, protected_);  // kept: lua_cpcall() makes one every time
    lua_pushlightuserdata(lua_, &what);
    Ended done = ended(lua_pcall(lua_, 1, 0, 0));
    lua_settop(lua_, 0);
    return done;
}

// After a run whose status this is. Takes the message from the stack.
Ended Interpreter::ended(int status) {
    const bool expired = watchdog_->end(lua_);
    const bool refused = accounts_.refused();
    accounts_.clear_refused();
    accounts_.run_as(kEngine);
    if (status == 0) {
        return {};
    }
    Ended ended{End::kError, ""};
    size_t size = 0;
    // A number would be changed in place, which may raise an error.
    if (lua_type(lua_, -1) == LUA_TSTRING) {
        const char* text = lua_tolstring(lua_, -1, &size);
        ended.message = base::printable(std::string_view(text, std::min(size, kMaxErrorBytes)));
        ended.message.resize(std::min(ended.message.size(), kMaxErrorBytes));
    } else {
        ended.message = std::string("an error that is a ") + luaL_typename(lua_, -1);
    }
    lua_pop(lua_, 1);
    if (expired) {
        ended.how = End::kDeadline;
    } else if (refused || status == LUA_ERRMEM) {
        ended.how = End::kMemory;
    }
    return ended;
}

Owner Interpreter::add_owner() {
    return accounts_.add();
}

Ended Interpreter::compile(Owner owner, std::string_view name, base::ByteView source,
                           Function& function) {
    if (source.size() > kMaxSourceBytes) {
        return {End::kError, "longer than " + std::to_string(kMaxSourceBytes) + " bytes"};
    }
    const std::string chunk = "=" + base::printable(name);
    struct Chunk {
        Owner owner;
        const std::string& name;
        base::ByteView source;
        Function function;
        int status;
    } what{owner, chunk, source, LUA_NOREF, 0};
    const auto load = [this, &what](lua_State* lua) {
        accounts_.run_as(what.owner);
        what.status = luaL_loadbufferx(lua, reinterpret_cast<const char*>(what.source.data()),
                                       what.source.size(), what.name.c_str(), "t");
        if (what.status != 0) {
            lua_error(lua);
        }
        push_globals(what.owner);
        lua_setfenv(lua, -2);
        what.function = keep_function();
    };
    Ended done = protect(load);
    function = what.function;
    return done;
}

Function Interpreter::keep_function() {
    Function function = LUA_NOREF;
    as_engine([this, &function] { function = luaL_ref(lua_, LUA_REGISTRYINDEX); });
    return function;
}

void Interpreter::release(Function function) {
    luaL_unref(lua_, LUA_REGISTRYINDEX, function);
}

Ended Interpreter::run(Owner owner, int arguments, int results) {
    accounts_.run_as(owner);
    watchdog_->begin(lua_);
    const int status = lua_pcall(lua_, arguments, results, 0);
    return ended(status);
}

void Interpreter::push_shared_functions() {
    push_kept(lua_, &g_shared_key);
}

void Interpreter::push_globals(Owner owner) {
    push_kept(lua_, &g_globals_key);
    lua_rawgeti(lua_, -1, static_cast<int>(owner));
    if (lua_isnil(lua_, -1)) {
        lua_pop(lua_, 1);
        as_engine([this, owner] { new_globals(lua_, owner); });
    }
    lua_replace(lua_, -2);
}

void Interpreter::collect_garbage() {
    protect([](lua_State* lua) { lua_gc(lua, LUA_GCCOLLECT, 0); });
}

}  // namespace firebreak::endpoint::lua
