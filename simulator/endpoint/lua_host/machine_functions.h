// What content in Lua may read of the machine that it runs on: files, registry, services.
#pragma once

#include <cstddef>
#include <span>

#include "endpoint/lua/core_functions.h"
#include "host/machine.h"

struct lua_State;

namespace firebreak::endpoint::lua_host {

inline constexpr size_t kMaxReadBytes = 1024 * 1024;  // of a file that is read
inline constexpr size_t kMaxPathBytes = 1024;         // of what is asked for

// What the functions read; null: there is none now, and to read it is an error.
struct MachineAtHand {
    const host::Machine* machine = nullptr;
};

// In the order of a reference page: those of `files`, of `registry` and of `services`, together by
// table as lua::add_functions() wants them. Each is bounded in time and memory, and none changes
// anything. They compare paths and names as Windows does; a path that is none is one of which there
// is nothing.
std::span<const lua::FunctionInfo> reading_functions();

// Has the functions of this interpreter read what is at hand. Once, within protect(); `at_hand`
// must outlive the interpreter.
void keep_machine(lua_State* lua, const MachineAtHand& at_hand);

// --- for further functions in C

// The machine at hand; raises an error if there is none.
const host::Machine& machine_of(lua_State* lua);
// As registry.value() gives it.
void push_value(lua_State* lua, const host::RegistryValue& value);

}  // namespace firebreak::endpoint::lua_host
