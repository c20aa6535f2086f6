#include "endpoint/lua_host/machine_functions.h"

#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint/lua/registry.h"
#include "host/installed.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::lua_host {
namespace {

// Key of the registry of Lua's own: an address that nobody else has.
char g_at_hand_key;

std::string_view name_argument(lua_State* lua, int index, size_t limit = kMaxPathBytes) {
    size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    luaL_argcheck(lua, size <= limit, index, "too long");
    return {text, size};
}

// A value's name; the key's default value where none is given.
std::string_view value_argument(lua_State* lua, int index) {
    return lua_isnoneornil(lua, index) ? std::string_view()
                                       : name_argument(lua, index, host::kMostValueBytes);
}

void push_text(lua_State* lua, std::string_view text) {
    lua_pushlstring(lua, text.data(), text.size());
}

// A list of the texts that each entry is.
template <class Entries>
int push_list(lua_State* lua, const Entries& entries) {
    if (entries.size() > static_cast<size_t>(lua::kMaxListed)) {
        return luaL_error(lua, "more than %d entries", lua::kMaxListed);
    }
    lua_createtable(lua, static_cast<int>(entries.size()), 0);
    int place = 0;
    for (const auto& entry : entries) {
        push_text(lua, entry);
        lua_rawseti(lua, -2, ++place);
    }
    return 1;
}

const host::MachineFile* file_argument(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    return machine.file(name_argument(lua, 1));
}

// --- files

int files_exists(lua_State* lua) {
    lua_pushboolean(lua, file_argument(lua) != nullptr ? 1 : 0);
    return 1;
}

int files_size(lua_State* lua) {
    const host::MachineFile* file = file_argument(lua);
    if (file == nullptr) {
        lua_pushnil(lua);
    } else {
        lua_pushinteger(lua, static_cast<lua_Integer>(file->content->size()));
    }
    return 1;
}

int files_digest(lua_State* lua) {
    const host::MachineFile* file = file_argument(lua);
    if (file == nullptr) {
        lua_pushnil(lua);
    } else {
        push_text(lua, file->sha384.hex());
    }
    return 1;
}

int files_read(lua_State* lua) {
    const host::MachineFile* file = file_argument(lua);
    if (file == nullptr) {
        lua_pushnil(lua);
        return 1;
    }
    if (file->content->size() > kMaxReadBytes) {
        return luaL_error(lua, "longer than %d bytes", static_cast<int>(kMaxReadBytes));
    }
    push_text(lua, base::text_of(*file->content));
    return 1;
}

int files_list(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    std::string below = host::case_folded(name_argument(lua, 1));
    if (!below.ends_with('\\')) {
        below += '\\';
    }
    std::vector<std::string_view> paths;
    for (auto at = machine.files().lower_bound(below);
         at != machine.files().end() && at->first.starts_with(below); ++at) {
        paths.push_back(at->second.path);
    }
    return push_list(lua, paths);
}

// --- registry

int registry_exists(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    lua_pushboolean(lua, machine.registry().find(name_argument(lua, 1)) != nullptr ? 1 : 0);
    return 1;
}

const host::RegistryValue* find_value(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    return machine.registry().find(name_argument(lua, 1), value_argument(lua, 2));
}

int registry_value(lua_State* lua) {
    const host::RegistryValue* value = find_value(lua);
    if (value == nullptr) {
        lua_pushnil(lua);
    } else {
        push_value(lua, *value);
    }
    return 1;
}

int registry_type(lua_State* lua) {
    const host::RegistryValue* value = find_value(lua);
    if (value == nullptr) {
        lua_pushnil(lua);
    } else {
        push_text(lua, host::name_of(value->type));
    }
    return 1;
}

int registry_keys(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    return push_list(lua, machine.registry().subkeys(name_argument(lua, 1)));
}

int registry_values(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    std::vector<std::string_view> names;
    if (const host::RegistryKey* key = machine.registry().find(name_argument(lua, 1))) {
        for (const host::RegistryValue& value : key->values) {
            names.push_back(value.name);
        }
    }
    return push_list(lua, names);
}

// --- services

int services_list(lua_State* lua) {
    std::vector<std::string_view> names;
    for (const host::Service& service : machine_of(lua).services()) {
        names.push_back(service.name);
    }
    return push_list(lua, names);
}

int services_find(lua_State* lua) {
    const host::Machine& machine = machine_of(lua);
    const host::Service* service = machine.service(name_argument(lua, 1));
    if (service == nullptr) {
        lua_pushnil(lua);
        return 1;
    }
    lua_createtable(lua, 0, 4);
    push_text(lua, service->name);
    lua_setfield(lua, -2, "name");
    push_text(lua, service->image);
    lua_setfield(lua, -2, "image");
    push_text(lua, host::name_of(service->start));
    lua_setfield(lua, -2, "start");
    lua_pushboolean(lua, service->running ? 1 : 0);
    lua_setfield(lua, -2, "running");
    return 1;
}

constexpr lua::FunctionInfo kReadingFunctions[] = {
    {"files", "exists", "(path) → boolean", "", files_exists},
    {"files", "size", "(path) → number or nil", "In bytes; nil: there is no such file.",
     files_size},
    {"files", "digest", "(path) → text or nil",
     "SHA-384 of its content, 96 small hex digits; nil: there is no such file.", files_digest},
    {"files", "read", "(path) → text or nil",
     "Its content, whatever bytes these are, up to 1 MiB; nil: there is no such file.", files_read},
    {"files", "list", "(folder) → list",
     "Paths of all files below the folder, sorted. Up to 10,000.", files_list},
    {"registry", "exists", "(key) → boolean", "Keys are written `HKLM\\\\SOFTWARE\\\\…`.",
     registry_exists},
    {"registry", "value", "(key, name) → value or nil",
     "A number, a text (the bytes of REG_BINARY), or a list of texts; the key's default value "
     "where "
     "no name is given. Numbers beyond 2^53 are rounded.",
     registry_value},
    {"registry", "type", "(key, name) → text or nil", "Of the value: `\"REG_SZ\"`.", registry_type},
    {"registry", "keys", "(key) → list",
     "Names of the keys right below, sorted; none where there is no such key. Up to 10,000.",
     registry_keys},
    {"registry", "values", "(key) → list", "Names of its values, sorted. Up to 10,000.",
     registry_values},
    {"services", "list", "() → list", "Names of all services, sorted.", services_list},
    {"services", "find", "(name) → table or nil",
     "What is known of it: `name`, `image` (its program, with arguments), `start` (`boot`, "
     "`system`, `automatic`, `manual` or `disabled`), `running`.",
     services_find},
};

}  // namespace

std::span<const lua::FunctionInfo> reading_functions() {
    return kReadingFunctions;
}

void keep_machine(lua_State* lua, const MachineAtHand& at_hand) {
    lua_pushlightuserdata(lua, const_cast<MachineAtHand*>(&at_hand));
    lua::keep(lua, &g_at_hand_key);
}

const host::Machine& machine_of(lua_State* lua) {
    lua::push_kept(lua, &g_at_hand_key);
    const auto* at_hand = static_cast<const MachineAtHand*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    if (at_hand == nullptr || at_hand->machine == nullptr) {
        luaL_error(lua, "there is no machine to look at now");
    }
    return *at_hand->machine;
}

void push_value(lua_State* lua, const host::RegistryValue& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) {
        push_text(lua, *text);
    } else if (const auto* number = std::get_if<uint64_t>(&value.data)) {
        lua_pushnumber(lua, static_cast<lua_Number>(*number));
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value.data)) {
        push_list(lua, *texts);
    } else {
        push_text(lua, base::text_of(std::get<base::Bytes>(value.data)));
    }
}

}  // namespace firebreak::endpoint::lua_host
