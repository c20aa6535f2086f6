#include "endpoint/applications/rule_api.h"

#include <algorithm>
#include <initializer_list>
#include <lua.hpp>
#include <optional>

#include "base/text.h"
#include "endpoint/applications/example_machine.h"
#include "endpoint/lua/arguments.h"
#include "endpoint/lua/registry.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::applications {
namespace {

using lua::check_names;
using lua::text_at;
using lua::text_field;

constexpr size_t kMaxProgramsListed = 2000;

char g_world_key;  // of the registry: an address that nobody else has

RuleWorld& world_of(lua_State* lua) {
    lua::push_kept(lua, &g_world_key);
    auto* world = static_cast<RuleWorld*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return *world;
}

RuleWorld& world_while_loading(lua_State* lua, const char* name) {
    RuleWorld& world = world_of(lua);
    if (!world.loading) {
        luaL_error(lua, "%s is for loading, and not for looking at a machine", name);
    }
    return world;
}

RuleWorld& world_while_looking(lua_State* lua, const char* name) {
    RuleWorld& world = world_of(lua);
    if (world.at_hand.machine == nullptr) {
        luaL_error(lua, "%s is for looking at a machine, and not for loading", name);
    }
    return world;
}

void check_declared(lua_State* lua, const RuleWorld& world) {
    if (world.id.empty()) {
        luaL_error(lua, "application{…} must come first");
    }
}

// --- while loading

bool is_of_id(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

int application(lua_State* lua) {
    RuleWorld& world = world_while_loading(lua, "application{…}");
    luaL_checktype(lua, 1, LUA_TTABLE);
    check_names(lua, 1, {"id", "name"});
    if (!world.id.empty()) {
        return luaL_error(lua, "a file has one application");
    }
    const std::string id = text_field(lua, 1, "id", kMaxIdBytes).value_or("");
    if (id.empty() || !std::ranges::all_of(id, is_of_id)) {
        return luaL_error(lua, "`id` must be letters, digits and -_.");
    }
    world.name = text_field(lua, 1, "name", kMaxIdBytes).value_or(id);
    world.id = id;
    return 0;
}

int detect(lua_State* lua) {
    RuleWorld& world = world_while_loading(lua, "detect(…)");
    check_declared(lua, world);
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    if (world.has_detect) {
        return luaL_error(lua, "a file has one function that detects");
    }
    lua_settop(lua, 1);
    world.detect = lua::interpreter_of(lua).keep_function();
    world.has_detect = true;
    return 0;
}

int example(lua_State* lua) {
    RuleWorld& world = world_while_loading(lua, "example(…)");
    check_declared(lua, world);
    if (world.examples.size() == kMaxExamples) {
        return luaL_error(lua, "more than %d examples", static_cast<int>(kMaxExamples));
    }
    lua_settop(lua, 3);
    Example example;
    example.title = text_at(lua, 1, kMaxIdBytes);
    luaL_checktype(lua, 2, LUA_TTABLE);
    if (lua_isboolean(lua, 3) && lua_toboolean(lua, 3) == 0) {
        example.expected = RuleReply::End::kNotFound;
    } else if (lua_type(lua, 3) == LUA_TSTRING && text_at(lua, 3, kMaxIdBytes) == "error") {
        example.expected = RuleReply::End::kError;
    } else if (!lua_isboolean(lua, 3) && !lua_isnil(lua, 3)) {
        return luaL_error(lua, "what comes of an example is true, false or \"error\"");
    }
    read_example_machine(lua, 2, example);
    world.examples.push_back(std::move(example));
    return 0;
}

// --- while looking

// Keys right below which programs stand.
struct ProgramsKey {
    const char* path;
    int bits;
    const char* scope;
};
constexpr ProgramsKey kProgramsKeys[] = {
    {R"(HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall)", 64, "machine"},
    {R"(HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall)", 32, "machine"},
    {R"(HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall)", 64, "user"},
};

const std::string* registry_text(const host::RegistryKey& key, std::string_view name) {
    for (const host::RegistryValue& value : key.values) {
        if (const auto* text = std::get_if<std::string>(&value.data);
            text != nullptr && host::case_folded(value.name) == name) {
            return text;
        }
    }
    return nullptr;
}

void set_optional(lua_State* lua, const char* name, const std::string* value) {
    if (value != nullptr && !value->empty()) {
        lua_pushlstring(lua, value->data(), value->size());
        lua_setfield(lua, -2, name);
    }
}

void push_program(lua_State* lua, const host::RegistryKey& key, const ProgramsKey& above) {
    lua_createtable(lua, 0, 7);
    set_optional(lua, "key", &key.path);
    set_optional(lua, "name", registry_text(key, "displayname"));
    set_optional(lua, "version", registry_text(key, "displayversion"));
    set_optional(lua, "publisher", registry_text(key, "publisher"));
    set_optional(lua, "location", registry_text(key, "installlocation"));
    lua_pushinteger(lua, above.bits);
    lua_setfield(lua, -2, "bits");
    lua_pushstring(lua, above.scope);
    lua_setfield(lua, -2, "scope");
}

int installed_programs(lua_State* lua) {
    const RuleWorld& world = world_while_looking(lua, "installed_programs()");
    const std::string beginning =
        lua_isnoneornil(lua, 1) ? "" : host::case_folded(text_at(lua, 1, kMaxIdBytes));
    lua_newtable(lua);
    size_t count = 0;
    for (const ProgramsKey& above : kProgramsKeys) {
        for (const std::string_view name : world.at_hand.machine->registry().subkeys(above.path)) {
            const host::RegistryKey* key = world.at_hand.machine->registry().find(
                std::string(above.path) + "\\" + std::string(name));
            const std::string* shown =
                key == nullptr ? nullptr : registry_text(*key, "displayname");
            if (shown == nullptr || !host::case_folded(*shown).starts_with(beginning)) {
                continue;
            }
            if (++count > kMaxProgramsListed) {
                return luaL_error(lua, "more than %d programs",
                                  static_cast<int>(kMaxProgramsListed));
            }
            push_program(lua, *key, above);
            lua_rawseti(lua, -2, static_cast<int>(count));
        }
    }
    return 1;
}

int windows_component(lua_State* lua) {
    const RuleWorld& world = world_while_looking(lua, "windows_component()");
    const host::Component* component =
        world.at_hand.machine->component(text_at(lua, 1, kMaxIdBytes));
    if (component == nullptr) {
        lua_pushnil(lua);
    } else {
        lua_pushstring(lua, component->enabled ? "enabled" : "disabled");
    }
    return 1;
}

int powershell(lua_State* lua) {
    RuleWorld& world = world_while_looking(lua, "powershell()");
    const std::string_view script = text_at(lua, 1, kMaxPathBytes);
    if (world.scripts_run == kMaxScripts) {
        return luaL_error(lua, "more than %d scripts", static_cast<int>(kMaxScripts));
    }
    ++world.scripts_run;
    const ScriptEnd& end = world.scripts->run(script);
    if (end.printed) {
        lua_pushlstring(lua, end.printed->data(), end.printed->size());
        return 1;
    }
    lua_pushnil(lua);
    lua_pushlstring(lua, end.error.data(), end.error.size());
    return 2;
}

// The one field of a table that is there, of those named; its place among them.
size_t only_field(lua_State* lua, int table, std::span<const char* const> names,
                  std::string& value) {
    std::optional<size_t> found;
    for (size_t i = 0; i < names.size(); ++i) {
        std::optional<std::string> text = text_field(lua, table, names[i], kMaxPathBytes);
        if (text && found) {
            luaL_error(lua, "`%s` beside `%s`: one at a time", names[i], names[*found]);
        }
        if (text) {
            found = i;
            value = *std::move(text);
        }
    }
    if (!found) {
        luaL_error(lua, "none of its names is there: `%s` and the like", names[0]);
    }
    return found.value_or(0);
}

int found(lua_State* lua) {
    RuleWorld& world = world_while_looking(lua, "found{…}");
    constexpr const char* kKinds[] = {"program", "service", "file", "component"};
    luaL_checktype(lua, 1, LUA_TTABLE);
    check_names(lua, 1, {"version", "program", "service", "file", "component"});
    Application& application = world.claim.application;
    if (application.evidence.size() == kMaxEvidence) {
        return luaL_error(lua, "found more than %d times", static_cast<int>(kMaxEvidence));
    }
    Evidence evidence;
    evidence.kind = static_cast<EvidenceKind>(only_field(lua, 1, kKinds, evidence.name));
    if (application.version.empty()) {
        application.version = text_field(lua, 1, "version", kMaxIdBytes).value_or("");
    }
    application.evidence.push_back(std::move(evidence));
    return 0;
}

int exclude(lua_State* lua) {
    RuleWorld& world = world_while_looking(lua, "exclude{…}");
    constexpr const char* kKinds[] = {"folder", "file", "process"};
    luaL_checktype(lua, 1, LUA_TTABLE);
    check_names(lua, 1, {"folder", "file", "process"});
    if (world.claim.application.evidence.empty()) {
        return luaL_error(lua, "found{…} must come first");
    }
    if (world.claim.exclusions.size() == kMaxExclusions) {
        return luaL_error(lua, "more than %d exclusions", static_cast<int>(kMaxExclusions));
    }
    Exclusion exclusion;
    exclusion.kind = static_cast<ExclusionKind>(only_field(lua, 1, kKinds, exclusion.path));
    world.claim.exclusions.push_back(std::move(exclusion));
    return 0;
}

constexpr lua::FunctionInfo kFunctions[] = {
    {"", "application", "{id =, name =}",
     "Declares the file's one application; to be called first. While loading.", application},
    {"", "detect", "(function)",
     "Has the function called for every look at the machine. It says what it finds by found{…} and "
     "exclude{…}; if it says nothing, the application is not there. If it fails, nothing is known: "
     "what was excluded before stays, as long as the machine shows that the application is there. "
     "While loading.",
     detect},
    {"", "example", "(title, machine, result)",
     "What the rule makes of this machine: true (found; the default), false (not found) or "
     "`\"error\"`. The machine is a table: `programs = {{name =, version =, publisher =, location "
     "=, bits =}, …}`, `services = {{name =, image =}, …}`, `components = {name = enabled, …}`, "
     "`files = {path, …}`, `registry = {{key =, name =, data =}, …}` (without data: the key alone) "
     "and `powershell = \"fails\"` "
     "or `\"hangs\"`. Each example is tried when the rule is loaded, and content that fails one is "
     "refused. While loading.",
     example},
    {"", "installed_programs", "(beginning) → list",
     "What stands under Windows' Programs keys, those of 64 and of 32 bits and the user's own, as "
     "tables with `key`, `name`, `version`, `publisher`, `location`, `bits` and `scope` "
     "(`\"machine\"` or `\"user\"`). Those whose name begins so, small and capital letters being "
     "the same; all if it is left out. Up to 2,000.",
     installed_programs},
    {"", "windows_component", "(name) → text or nil",
     "An optional part of Windows: `\"enabled\"` or `\"disabled\"`; nil where there is none.",
     windows_component},
    {"", "powershell", "(script) → text, or nil and a message",
     "Runs one of the scripts below and waits for what it prints. Nil: it failed, was ended "
     "because "
     "it gave no answer, or is none of them. That is no sign that anything is missing: a rule that "
     "cannot know calls error(message). Up to 2 of a rule.",
     powershell},
    {"", "found", "{program =, version =}",
     "The application is there, and what shows it, which is looked at again before anything is "
     "excluded: `program` (the `key` of an installed program), `service` (its name), `file` (its "
     "path) or `component` (of Windows, enabled). Up to 4 times.",
     found},
    {"", "exclude", "{folder =} or {file =} or {process =}",
     "Asks for an exclusion: an absolute path. What comes of it is told under \"What may be "
     "excluded\". Up to 16.",
     exclude},
};

}  // namespace

std::span<const lua::FunctionInfo> rule_functions() {
    return kFunctions;
}

lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world) {
    return interpreter.protect([&](lua_State* lua) {
        lua_pushlightuserdata(lua, &world);
        lua::keep(lua, &g_world_key);
        lua_host::keep_machine(lua, world.at_hand);
        interpreter.push_shared_functions();
        lua::add_functions(lua, lua_host::reading_functions());
        lua::add_functions(lua, kFunctions);
    });
}

}  // namespace firebreak::endpoint::applications
