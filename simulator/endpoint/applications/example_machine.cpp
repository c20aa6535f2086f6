#include "endpoint/applications/example_machine.h"

#include <limits>
#include <lua.hpp>

#include "base/text.h"
#include "endpoint/lua/arguments.h"
#include "host/installed.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::applications {
namespace {

using lua::check_names;
using lua::refuse;
using lua::text_field;

// Calls `read(index)` with the place of each entry of the list that the table has under this name.
template <class Read>
void for_each(lua_State* lua, int table, const char* name, Read read) {
    lua_getfield(lua, table, name);
    if (!lua_isnil(lua, -1)) {
        if (!lua_istable(lua, -1) || lua_objlen(lua, -1) > kMaxExampleParts) {
            luaL_error(lua, "`%s` is a list of up to %d", name, static_cast<int>(kMaxExampleParts));
        }
        const int list = lua_gettop(lua);
        const int count = static_cast<int>(lua_objlen(lua, list));
        for (int i = 1; i <= count; ++i) {
            lua_rawgeti(lua, list, i);
            read(list + 1);
            lua_settop(lua, list);
        }
    }
    lua_pop(lua, 1);
}

std::string required(lua_State* lua, int table, const char* name) {
    if (lua_type(lua, table) != LUA_TTABLE) {
        luaL_error(lua, "a table is expected, and not a %s", luaL_typename(lua, table));
    }
    std::optional<std::string> text = text_field(lua, table, name, kMaxPathBytes);
    if (!text) {
        luaL_error(lua, "`%s` is missing", name);
    }
    return *std::move(text);
}

// A name that a key of the registry may have, too.
std::string required_name(lua_State* lua, int table) {
    std::string name = required(lua, table, "name");
    if (name.find('\\') != name.npos || !host::key_problem("HKLM\\" + name).empty()) {
        refuse(lua, "no name for this: " + base::printable(name));
    }
    return name;
}

void read_program(lua_State* lua, int table, host::Persona& persona) {
    host::Program program;
    program.name = required_name(lua, table);
    check_names(lua, table, {"name", "version", "publisher", "location", "bits"});
    program.version = text_field(lua, table, "version", kMaxIdBytes).value_or("1.0");
    program.publisher = text_field(lua, table, "publisher", kMaxIdBytes).value_or("");
    program.location = text_field(lua, table, "location", kMaxPathBytes).value_or("");
    lua_getfield(lua, table, "bits");
    program.is_64_bit = luaL_optinteger(lua, -1, 64) == 64;
    lua_pop(lua, 1);
    host::register_program(program, persona.registry);
}

void read_service(lua_State* lua, int table, host::Persona& persona) {
    host::Service service;
    service.name = required_name(lua, table);
    check_names(lua, table, {"name", "image"});
    service.image = required(lua, table, "image");
    service.start = host::ServiceStart::kAutomatic;
    service.running = true;
    persona.services.push_back(std::move(service));
}

void read_value(lua_State* lua, int table, host::Persona& persona) {
    const std::string key = required(lua, table, "key");
    check_names(lua, table, {"key", "name", "data"});
    if (const std::string problem = host::key_problem(key); !problem.empty()) {
        refuse(lua, "the key `" + base::printable(key) + "` " + problem);
    }
    persona.registry.add_key(key);
    host::RegistryValue value;
    value.name = text_field(lua, table, "name", kMaxIdBytes).value_or("");
    lua_getfield(lua, table, "data");
    if (lua_type(lua, -1) == LUA_TNUMBER) {
        value.type = host::RegistryType::kDword;
        value.data = lua::whole_number_at(lua, -1, std::numeric_limits<uint32_t>::max(), "data");
    } else if (!lua_isnil(lua, -1)) {
        value.data = text_field(lua, table, "data", kMaxPathBytes).value_or("");
    }
    if (!lua_isnil(lua, -1)) {
        persona.registry.add_value(key, std::move(value));
    }
    lua_pop(lua, 1);
}

void read_file(lua_State* lua, int index, host::Persona& persona) {
    host::File file;
    file.path = lua::text_at(lua, index, kMaxPathBytes);
    if (const std::string problem = host::path_problem(file.path); !problem.empty()) {
        refuse(lua, "the path `" + base::printable(file.path) + "` " + problem);
    }
    file.content = std::make_shared<const base::Bytes>(base::bytes_of(file.path));
    file.sha384 = base::sha384(*file.content);
    persona.files.push_back(std::move(file));
}

void read_components(lua_State* lua, int table, host::Persona& persona) {
    lua_getfield(lua, table, "components");
    if (!lua_isnil(lua, -1)) {
        luaL_checktype(lua, -1, LUA_TTABLE);
        const int components = lua_gettop(lua);
        for (lua_pushnil(lua); lua_next(lua, components) != 0; lua_pop(lua, 1)) {
            if (lua_type(lua, -2) != LUA_TSTRING || persona.components.size() > kMaxExampleParts) {
                luaL_error(lua, "`components` is up to %d names with true or false",
                           static_cast<int>(kMaxExampleParts));
            }
            const std::string name(lua::text_at(lua, -2, kMaxIdBytes));
            persona.components.push_back({name, lua_toboolean(lua, -1) != 0});
        }
    }
    lua_pop(lua, 1);
}

PowerShell read_powershell(lua_State* lua, int table) {
    const std::string does = text_field(lua, table, "powershell", kMaxIdBytes).value_or("answers");
    if (does == "hangs") {
        return {PowerShell::Does::kHangs, 0, ""};
    }
    if (does == "fails") {
        return {PowerShell::Does::kFails, 1, "an error of the example"};
    }
    if (does != "answers") {
        luaL_error(lua, "`powershell` is \"answers\", \"fails\" or \"hangs\"");
    }
    return {};
}

}  // namespace

void read_example_machine(lua_State* lua, int table, Example& example) {
    check_names(lua, table,
                {"programs", "services", "components", "files", "registry", "powershell"});
    host::Persona persona;
    for_each(lua, table, "programs", [&](int index) { read_program(lua, index, persona); });
    for_each(lua, table, "services", [&](int index) { read_service(lua, index, persona); });
    for_each(lua, table, "files", [&](int index) { read_file(lua, index, persona); });
    for_each(lua, table, "registry", [&](int index) { read_value(lua, index, persona); });
    read_components(lua, table, persona);
    example.powershell = read_powershell(lua, table);
    example.machine = host::Machine(persona);
}

}  // namespace firebreak::endpoint::applications
