#include "endpoint/lua/core_functions.h"

#include <string.h>  // memmem

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/lua/arguments.h"
#include "endpoint/lua/interpreter.h"

namespace firebreak::endpoint::lua {
namespace {

constexpr size_t kMaxJoined = 1024 * 1024;
constexpr int kMaxParts = 1000;

std::string_view text_at(lua_State* lua, int index) {
    size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    return {text, size};
}

std::string_view searched_at(lua_State* lua, int index) {
    const std::string_view text = text_at(lua, index);
    luaL_argcheck(lua, text.size() <= kMaxSearched, index, "longer than 65536 bytes");
    return text;
}

std::string_view pattern_at(lua_State* lua, int index) {
    const std::string_view text = text_at(lua, index);
    luaL_argcheck(lua, text.size() <= kMaxPattern, index, "longer than 256 bytes");
    return text;
}

int push(lua_State* lua, std::string_view text) {
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
}

int push(lua_State* lua, bool value) {
    lua_pushboolean(lua, value ? 1 : 0);
    return 1;
}

// --- by themselves

int type(lua_State* lua) {
    luaL_checkany(lua, 1);
    return push(lua, std::string_view(luaL_typename(lua, 1)));
}

// Lua's own gives addresses of tables and functions, which differ from process to process.
int to_string(lua_State* lua) {
    luaL_checkany(lua, 1);
    switch (lua_type(lua, 1)) {
        case LUA_TSTRING:
        case LUA_TNUMBER:
            lua_tolstring(lua, 1, nullptr);
            lua_pushvalue(lua, 1);
            return 1;
        case LUA_TBOOLEAN:
            return push(lua, std::string_view(lua_toboolean(lua, 1) != 0 ? "true" : "false"));
        default:
            return type(lua);
    }
}

int to_number(lua_State* lua) {
    luaL_checkany(lua, 1);
    if (lua_isnumber(lua, 1) == 0) {
        lua_pushnil(lua);
    } else {
        lua_pushnumber(lua, lua_tonumber(lua, 1));
    }
    return 1;
}

int raise(lua_State* lua) {
    const std::string_view message = text_at(lua, 1);
    luaL_where(lua, 1);
    push(lua, message);
    lua_concat(lua, 2);
    return lua_error(lua);
}

int require_true(lua_State* lua) {
    luaL_checkany(lua, 1);
    if (lua_toboolean(lua, 1) != 0) {
        return lua_gettop(lua);
    }
    // Read before anything is pushed: where no message is given, that would take its place.
    const std::string message = lua_isnoneornil(lua, 2)
                                    ? std::string("an assertion does not hold: its value is ") +
                                          (lua_isnil(lua, 1) ? "nil" : "false")
                                    : std::string(text_at(lua, 2));
    return refuse(lua, message);
}

// What has lost its right to go on does not go on by catching the error that says so.
int protected_call(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    const int status = lua_pcall(lua, lua_gettop(lua) - 1, LUA_MULTRET, 0);
    if (interpreter_of(lua).must_end()) {
        return luaL_error(lua, "not to be caught");
    }
    lua_pushboolean(lua, status == 0 ? 1 : 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

int next_in_list(lua_State* lua) {
    const lua_Integer last = luaL_checkinteger(lua, 2);
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, last >= 0 && last < std::numeric_limits<int>::max(), 2,
                  "no place in a list");
    const auto next = static_cast<int>(last) + 1;
    lua_pushinteger(lua, next);
    lua_rawgeti(lua, 1, next);
    return lua_isnil(lua, -1) ? 1 : 2;
}

int in_list(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_pushcfunction(lua, next_in_list);
    lua_pushvalue(lua, 1);
    lua_pushinteger(lua, 0);
    return 3;
}

// Numbers before texts, each in ascending order.
struct Key {
    bool is_text;
    double number;
    std::string_view text;
    friend bool operator<(const Key& a, const Key& b) {
        if (a.is_text != b.is_text) {
            return b.is_text;
        }
        return a.is_text ? a.text < b.text : a.number < b.number;
    }
};

// Texts stay where they are as long as the table has them.
Key key_at(lua_State* lua, int index) {
    Key key{lua_type(lua, index) == LUA_TSTRING, 0, {}};
    if (key.is_text) {
        size_t size = 0;
        const char* text = lua_tolstring(lua, index, &size);
        key.text = {text, size};
    } else if (lua_type(lua, index) == LUA_TNUMBER) {
        key.number = lua_tonumber(lua, index);
        if (std::isnan(key.number)) {  // neither before nor behind any other
            luaL_error(lua, "what is not a number, as 0/0, has no order");
        }
    } else {
        luaL_error(lua, "a table with a key that is a %s has no order", luaL_typename(lua, index));
    }
    return key;
}

void push(lua_State* lua, const Key& key) {
    if (key.is_text) {
        push(lua, key.text);
    } else {
        lua_pushnumber(lua, key.number);
    }
}

// An array of the table's keys in their order.
void push_keys(lua_State* lua, int table) {
    int count = 0;
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        luaL_argcheck(lua, ++count <= kMaxListed, table, "more than 10000 entries");
    }
    lua_createtable(lua, count, 0);
    std::vector<Key> keys;
    keys.reserve(static_cast<size_t>(count));
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        keys.push_back(key_at(lua, -2));
    }
    std::sort(keys.begin(), keys.end());
    for (int i = 0; i < count; ++i) {
        push(lua, keys[static_cast<size_t>(i)]);
        lua_rawseti(lua, -2, i + 1);
    }
}

// Upvalues: the table, its keys, how many are done.
int next_pair(lua_State* lua) {
    for (auto i = static_cast<int>(lua_tointeger(lua, lua_upvalueindex(3))) + 1;; ++i) {
        lua_rawgeti(lua, lua_upvalueindex(2), i);
        if (lua_isnil(lua, -1)) {
            return 1;
        }
        lua_pushvalue(lua, -1);
        lua_rawget(lua, lua_upvalueindex(1));
        if (!lua_isnil(lua, -1)) {  // it was taken out meanwhile
            lua_pushinteger(lua, i);
            lua_replace(lua, lua_upvalueindex(3));
            return 2;
        }
        lua_pop(lua, 2);
    }
}

int in_order(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    push_keys(lua, 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_pair, 3);
    return 1;
}

// --- text

// As std::string_view::find(), in time that grows with the sum of both sizes, not their product: no
// deadline stops it.
size_t find_in(std::string_view text, std::string_view what, size_t from = 0) {
    if (from > text.size()) {
        return text.npos;
    }
    const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
    return found == nullptr ? text.npos
                            : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

int text_find(lua_State* lua) {
    const std::string_view text = text_at(lua, 1);
    const lua_Integer from = luaL_optinteger(lua, 3, 1);
    luaL_argcheck(lua, from >= 1, 3, "positions begin at 1");
    const size_t at = find_in(text, text_at(lua, 2), static_cast<size_t>(from - 1));
    if (at == text.npos) {
        lua_pushnil(lua);
    } else {
        lua_pushinteger(lua, static_cast<lua_Integer>(at) + 1);
    }
    return 1;
}

int text_contains(lua_State* lua) {
    return push(lua, find_in(text_at(lua, 1), text_at(lua, 2)) != std::string_view::npos);
}

int text_starts_with(lua_State* lua) {
    return push(lua, text_at(lua, 1).starts_with(text_at(lua, 2)));
}

int text_ends_with(lua_State* lua) {
    return push(lua, text_at(lua, 1).ends_with(text_at(lua, 2)));
}

// ASCII alone, as Windows compares what matters here, and so that no locale has a say.
int map_bytes(lua_State* lua, char from, char to, int shift) {
    const std::string_view text = text_at(lua, 1);
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    for (const char c : text) {
        luaL_addchar(&buffer, c >= from && c <= to ? static_cast<char>(c + shift) : c);
    }
    luaL_pushresult(&buffer);
    return 1;
}

int text_lower(lua_State* lua) {
    return map_bytes(lua, 'A', 'Z', 'a' - 'A');
}

int text_upper(lua_State* lua) {
    return map_bytes(lua, 'a', 'z', 'A' - 'a');
}

int text_sub(lua_State* lua) {
    const std::string_view text = text_at(lua, 1);
    const auto size = static_cast<lua_Integer>(text.size());
    const auto place = [size](lua_Integer at) { return at < 0 ? at + size + 1 : at; };
    const lua_Integer first = std::max<lua_Integer>(place(luaL_checkinteger(lua, 2)), 1);
    const lua_Integer last = std::min(place(luaL_optinteger(lua, 3, -1)), size);
    return push(lua, last < first ? std::string_view()
                                  : text.substr(static_cast<size_t>(first - 1),
                                                static_cast<size_t>(last - first + 1)));
}

int text_byte(lua_State* lua) {
    const std::string_view text = text_at(lua, 1);
    const lua_Integer at = luaL_checkinteger(lua, 2);
    if (at < 1 || at > static_cast<lua_Integer>(text.size())) {
        lua_pushnil(lua);
    } else {
        lua_pushinteger(lua, static_cast<unsigned char>(text[static_cast<size_t>(at - 1)]));
    }
    return 1;
}

// Many at a time: one by one, a megabyte of single letters takes about as long as a handler may.
void add_repeated(luaL_Buffer& buffer, std::string_view text, size_t times) {
    std::array<char, 1024> block;  // of whole texts
    const size_t fit = std::min(times, block.size() / std::max<size_t>(text.size(), 1));
    if (fit > 1) {
        for (size_t i = 0; i < fit; ++i) {
            std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(i * text.size()));
        }
        for (; times >= fit; times -= fit) {
            luaL_addlstring(&buffer, block.data(), fit * text.size());
        }
    }
    for (; times > 0; --times) {
        luaL_addlstring(&buffer, text.data(), text.size());
    }
}

int text_rep(lua_State* lua) {
    const std::string_view text = text_at(lua, 1);
    const lua_Integer times = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, times >= 0, 2, "less than none");
    luaL_argcheck(lua, text.empty() || static_cast<size_t>(times) <= kMaxJoined / text.size(), 2,
                  "more than 1048576 bytes");
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    add_repeated(buffer, text, text.empty() ? 0 : static_cast<size_t>(times));
    luaL_pushresult(&buffer);
    return 1;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// `*` stands for anything, nothing too. At most pattern times text steps.
bool is_like(std::string_view text, std::string_view pattern) {
    size_t at = 0, star = pattern.npos, resume = 0;
    for (size_t i = 0; i < text.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            resume = i;
        } else if (at < pattern.size() && lower(pattern[at]) == lower(text[i])) {
            ++at;
            ++i;
        } else if (star != pattern.npos) {
            at = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == pattern.npos;
}

int text_like(lua_State* lua) {
    return push(lua, is_like(searched_at(lua, 1), pattern_at(lua, 2)));
}

int text_file_name(lua_State* lua) {
    const std::string_view path = text_at(lua, 1);
    const size_t slash = path.find_last_of("\\/");
    return push(lua, path.substr(slash == path.npos ? 0 : slash + 1));
}

int text_folder(lua_State* lua) {
    const std::string_view path = text_at(lua, 1);
    const size_t slash = path.find_last_of("\\/");
    return push(lua, path.substr(0, slash == path.npos ? 0 : slash));
}

int text_split(lua_State* lua) {
    std::string_view rest = searched_at(lua, 1);
    const std::string_view separator = pattern_at(lua, 2);
    luaL_argcheck(lua, !separator.empty(), 2, "nothing to split at");
    lua_newtable(lua);
    for (int part = 1; part <= kMaxParts; ++part) {
        const size_t end = part == kMaxParts ? rest.npos : find_in(rest, separator);
        push(lua, rest.substr(0, end));
        lua_rawseti(lua, -2, part);
        if (end == rest.npos) {
            break;
        }
        rest.remove_prefix(end + separator.size());
    }
    return 1;
}

int text_join(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    const std::string_view separator = pattern_at(lua, 2);
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    size_t bytes = 0;
    for (int i = 1;; ++i) {
        lua_rawgeti(lua, 1, i);
        if (lua_isnil(lua, -1)) {
            lua_pop(lua, 1);
            break;
        }
        size_t size = 0;
        const char* part = lua_tolstring(lua, -1, &size);
        bytes += size + separator.size();
        if (part == nullptr || i > kMaxListed || bytes > kMaxJoined) {
            return luaL_error(lua, part == nullptr ? "entry %d is no text" : "too much at entry %d",
                              i);
        }
        luaL_addvalue(&buffer);
        lua_rawgeti(lua, 1, i + 1);
        const bool more = !lua_isnil(lua, -1);
        lua_pop(lua, 1);
        if (more) {
            luaL_addlstring(&buffer, separator.data(), separator.size());
        }
    }
    luaL_pushresult(&buffer);
    return 1;
}

// Of its bytes, in bits: 0 for one repeated byte, near 6 for base64, near 8 for random bytes.
int text_entropy(lua_State* lua) {
    const std::string_view text = searched_at(lua, 1);
    std::array<size_t, 256> counts{};
    for (const char c : text) {
        ++counts[static_cast<unsigned char>(c)];
    }
    double entropy = 0;
    for (const size_t count : counts) {
        if (count > 0) {
            const double share = static_cast<double>(count) / static_cast<double>(text.size());
            entropy -= share * std::log2(share);
        }
    }
    lua_pushnumber(lua, std::floor(entropy * 1000) / 1000);  // the last bits are the library's
    return 1;
}

// --- list

int length_of(lua_State* lua, int table) {
    luaL_checktype(lua, table, LUA_TTABLE);
    const size_t size = lua_objlen(lua, table);
    luaL_argcheck(lua, size <= kMaxListed, table, "more than 10000 entries");
    return static_cast<int>(size);
}

int list_insert(lua_State* lua) {
    const int size = length_of(lua, 1);
    luaL_argcheck(lua, size < kMaxListed, 1, "more than 10000 entries");
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    lua_rawseti(lua, 1, size + 1);
    return 0;
}

int list_remove(lua_State* lua) {
    const int size = length_of(lua, 1);
    const lua_Integer at = luaL_optinteger(lua, 2, size);
    if (size == 0) {
        lua_pushnil(lua);
        return 1;
    }
    luaL_argcheck(lua, at >= 1 && at <= size, 2, "no such entry");
    lua_rawgeti(lua, 1, static_cast<int>(at));
    for (int i = static_cast<int>(at); i <= size; ++i) {
        lua_rawgeti(lua, 1, i + 1);
        lua_rawseti(lua, 1, i);
    }
    return 1;
}

int list_sort(lua_State* lua) {
    const int size = length_of(lua, 1);
    std::vector<Key> keys;
    keys.reserve(static_cast<size_t>(size));
    // A copy keeps the texts where they are while the list is written.
    lua_createtable(lua, size, 0);
    for (int i = 1; i <= size; ++i) {
        lua_rawgeti(lua, 1, i);
        keys.push_back(key_at(lua, -1));
        lua_rawseti(lua, -2, i);
    }
    std::sort(keys.begin(), keys.end());
    for (int i = 1; i <= size; ++i) {
        push(lua, keys[static_cast<size_t>(i - 1)]);
        lua_rawseti(lua, 1, i);
    }
    return 0;
}

int list_contains(lua_State* lua) {
    const int size = length_of(lua, 1);
    luaL_checkany(lua, 2);
    bool found = false;
    for (int i = 1; i <= size && !found; ++i) {
        lua_rawgeti(lua, 1, i);
        found = lua_rawequal(lua, -1, 2) != 0;
        lua_pop(lua, 1);
    }
    return push(lua, found);
}

// --- math

int math_floor(lua_State* lua) {
    lua_pushnumber(lua, std::floor(luaL_checknumber(lua, 1)));
    return 1;
}

int math_min(lua_State* lua) {
    lua_pushnumber(lua, std::min(luaL_checknumber(lua, 1), luaL_checknumber(lua, 2)));
    return 1;
}

int math_max(lua_State* lua) {
    lua_pushnumber(lua, std::max(luaL_checknumber(lua, 1), luaL_checknumber(lua, 2)));
    return 1;
}

uint32_t bits_at(lua_State* lua, int index) {
    const double value = luaL_checknumber(lua, index);
    luaL_argcheck(lua, value >= 0 && value <= 4294967295.0, index, "not within 32 bits");
    return static_cast<uint32_t>(value);
}

int math_has_bits(lua_State* lua) {
    const uint32_t bits = bits_at(lua, 2);
    return push(lua, (bits_at(lua, 1) & bits) == bits);
}

constexpr FunctionInfo kFunctions[] = {
    {"", "type", "(value) → text",
     "`\"nil\"`, `\"boolean\"`, `\"number\"`, `\"string\"`, "
     "`\"table\"` or `\"function\"`.",
     type},
    {"", "tostring", "(value) → text",
     "Numbers, texts and booleans as they are written; of all else its type.", to_string},
    {"", "tonumber", "(value) → number or nil", "nil: it is none, and no text of one.", to_number},
    {"", "error", "(message)", "Ends the handler with an error. The rule is charged with it.",
     raise},
    {"", "assert", "(value, message) → value", "An error if the value is false or nil.",
     require_true},
    {"", "pcall", "(function, …) → boolean, …",
     "Calls it: true and its results, or false and the error. An error that says that time or "
     "memory is used up cannot be caught.",
     protected_call},
    {"", "ipairs", "(list)", "For `for i, value in ipairs(list)`: 1, 2, … up to the first nil.",
     in_list},
    {"", "pairs", "(table)",
     "For `for key, value in pairs(table)`: keys in ascending order, numbers before texts. Other "
     "keys are an error, and so are more than 10,000.",
     in_order},
    {"text", "find", "(text, what, from) → position or nil",
     "Of the first place at `from` (1) or behind. Literally: there are no patterns.", text_find},
    {"text", "contains", "(text, what) → boolean", "Literally.", text_contains},
    {"text", "starts_with", "(text, beginning) → boolean", "Literally.", text_starts_with},
    {"text", "ends_with", "(text, ending) → boolean", "Literally.", text_ends_with},
    {"text", "like", "(text, pattern) → boolean",
     "All of it, with `*` for anything, without regard to the case of ASCII letters. Texts up to "
     "64 KiB, patterns up to 256 bytes.",
     text_like},
    {"text", "lower", "(text) → text", "ASCII letters alone.", text_lower},
    {"text", "upper", "(text) → text", "ASCII letters alone.", text_upper},
    {"text", "sub", "(text, first, last) → text",
     "From and up to these positions; -1 is the last one, and `last` where it is left out.",
     text_sub},
    {"text", "byte", "(text, position) → number or nil", "0 to 255; nil where there is none.",
     text_byte},
    {"text", "rep", "(text, times) → text", "Up to 1 MiB.", text_rep},
    {"text", "split", "(text, separator) → list",
     "Up to 1,000 parts; the last one has the rest. Texts up to 64 KiB.", text_split},
    {"text", "join", "(list, separator) → text", "Up to 1 MiB.", text_join},
    {"text", "file_name", "(path) → text", "What stands behind the last `\\` or `/`.",
     text_file_name},
    {"text", "folder", "(path) → text", "What stands before the last `\\` or `/`.", text_folder},
    {"text", "entropy", "(text) → number",
     "Of its bytes, in bits: 0 for one repeated byte, near 6 for base64. Texts up to 64 KiB.",
     text_entropy},
    {"list", "insert", "(list, value)", "At its end. Up to 10,000 entries.", list_insert},
    {"list", "remove", "(list, position) → value", "The last one where no position is given.",
     list_remove},
    {"list", "sort", "(list)", "Numbers and texts, numbers first, ascending, in place.", list_sort},
    {"list", "contains", "(list, value) → boolean", "The very same value.", list_contains},
    {"math", "floor", "(number) → number", "", math_floor},
    {"math", "min", "(a, b) → number", "", math_min},
    {"math", "max", "(a, b) → number", "", math_max},
    {"math", "has_bits", "(number, bits) → boolean",
     "All of these bits are set; both within 32 bits. `math.has_bits(e.granted_access, 0x10)`.",
     math_has_bits},
};

}  // namespace

std::span<const FunctionInfo> core_functions() {
    return kFunctions;
}

void add_functions(lua_State* lua, std::span<const FunctionInfo> functions) {
    for (size_t i = 0; i < functions.size();) {
        const std::string_view table = functions[i].table;
        if (table.empty()) {
            lua_pushcfunction(lua, functions[i].function);
            lua_setfield(lua, -2, functions[i].name);
            ++i;
            continue;
        }
        const char* name = functions[i].table;
        lua_newtable(lua);
        for (; i < functions.size() && functions[i].table == table; ++i) {
            lua_pushcfunction(lua, functions[i].function);
            lua_setfield(lua, -2, functions[i].name);
        }
        seal(lua, name);
        lua_setfield(lua, -2, name);
    }
}

void add_core_functions(lua_State* lua) {
    add_functions(lua, kFunctions);
    // Texts have methods: ("x"):find(…). Nobody gets at their metatable.
    lua_pushliteral(lua, "");
    lua_newtable(lua);
    lua_getfield(lua, -3, "text");
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}

}  // namespace firebreak::endpoint::lua
