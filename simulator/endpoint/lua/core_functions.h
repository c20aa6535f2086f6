// What all content in Lua may call: this takes the place of Lua's own libraries.
#pragma once

#include <span>

struct lua_State;

namespace firebreak::endpoint::lua {

// One function that content may call, as the reference page has it.
struct FunctionInfo {
    const char* table;      // "text"; "" for one that stands by itself
    const char* name;       // "starts_with"
    const char* signature;  // "(text, beginning) → boolean"
    const char* meaning;
    int (*function)(lua_State*);
};

// Each is bounded in time and memory by itself, because the watchdog stops none of them.
std::span<const FunctionInfo> core_functions();

// Adds functions to the table on top of the stack: those of one table together, sealed.
void add_functions(lua_State* lua, std::span<const FunctionInfo> functions);
// The core functions; texts have those of `text` as methods.
void add_core_functions(lua_State* lua);

// --- for functions in C, of arguments that content gives

// Texts that are searched, and what they are searched for.
inline constexpr size_t kMaxSearched = 64 * 1024;
inline constexpr size_t kMaxPattern = 256;
inline constexpr int kMaxListed = 10'000;  // entries of a table that is gone through

}  // namespace firebreak::endpoint::lua
