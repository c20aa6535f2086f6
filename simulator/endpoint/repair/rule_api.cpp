#include "endpoint/repair/rule_api.h"

#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "endpoint/lua/arguments.h"
#include "endpoint/lua/registry.h"
#include "host/installed.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::repair {
namespace {

// Key of the registry of Lua's own: an address that nobody else has.
char g_repair_world_key;

constexpr double kLargestExact = 9007199254740992.0;  // 2^53: a number of Lua's has no further ones
constexpr double kLargestDword = 4294967295.0;

RuleWorld& repair_world_of(lua_State* lua) {
    lua::push_kept(lua, &g_repair_world_key);
    auto* world = static_cast<RuleWorld*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return *world;
}

// For functions that mend().
RuleWorld& mending(lua_State* lua) {
    RuleWorld& world = repair_world_of(lua);
    if (world.loading) {
        luaL_error(lua, "this is for mend(), and not for loading");
    }
    return world;
}

std::string name_at(lua_State* lua, int index) {
    return std::string(lua::text_at(lua, index, lua_host::kMaxPathBytes));
}

// Raises an error if the journal has no room for it. What is not in the journal must not be done.
void check_room(lua_State* lua, const RuleWorld& world, const Entry& entry) {
    if (world.journal.size() >= kMaxEntries ||
        world.journal_bytes + size_of(entry) > kMaxJournalBytes) {
        luaL_error(lua, "the journal is full: %d entries and %d bytes are the most",
                   static_cast<int>(kMaxEntries), static_cast<int>(kMaxJournalBytes));
    }
}

void record(RuleWorld& world, Entry entry) {
    world.journal_bytes += size_of(entry);
    world.journal.push_back(std::move(entry));
}

int change_machine(lua_State* lua, const host::Change& change) {
    RuleWorld& world = mending(lua);
    check_room(lua, world, change);
    if (const base::Status done = host::apply(world.work->machine, change); !done.ok()) {
        return lua::refuse(lua, done.error().message);
    }
    record(world, change);
    return 0;
}

// --- while loading

int declare_repair(lua_State* lua) {
    RuleWorld& world = repair_world_of(lua);
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    lua::check_names(lua, 1, {"id", "title"});
    if (!world.loading || world.declared) {
        return luaL_error(lua, "a file has one rule, which it declares while it is loaded");
    }
    const auto id = lua::text_field(lua, 1, "id", rules::kMaxNameBytes / 4);
    if (!id) {
        return luaL_error(lua, "`id` is missing");
    }
    (void)lua::text_field(lua, 1, "title", rules::kMaxNameBytes);
    world.id = base::printable(*id, rules::kMaxNameBytes);
    world.declared = true;
    return 0;
}

int set_mend(lua_State* lua) {
    RuleWorld& world = repair_world_of(lua);
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    if (!world.loading || !world.declared || world.has_mend) {
        return luaL_error(lua, "mend() is for loading, once, after repair{…}");
    }
    lua_settop(lua, 1);
    world.mend = luaL_ref(lua, LUA_REGISTRYINDEX);
    world.has_mend = true;
    return 0;
}

// --- while it mends: files

int files_write(lua_State* lua) {
    const std::string path = name_at(lua, 1);
    const std::string_view text = lua::text_at(lua, 2, kMaxJournalBytes);
    RuleWorld& world = mending(lua);
    change_machine(lua, host::WriteFile{path, base::bytes_of(text)});
    world.work->restored.erase(host::case_folded(path));
    return 0;
}

int files_delete(lua_State* lua) {
    const std::string path = name_at(lua, 1);
    RuleWorld& world = mending(lua);
    change_machine(lua, host::DeleteFile{path});
    world.work->restored.erase(host::case_folded(path));
    return 0;
}

const PackageFile* find_in_package(const RuleWorld& world, const std::string& path) {
    const auto found = world.package->find(host::case_folded(path));
    return found == world.package->end() ? nullptr : &found->second;
}

int files_restore(lua_State* lua) {
    const std::string path = name_at(lua, 1);
    RuleWorld& world = mending(lua);
    const PackageFile* file = find_in_package(world, path);
    if (file == nullptr) {
        return lua::refuse(lua, "`" + base::printable(path, 200) + "` is not in the package");
    }
    check_room(lua, world, Restore{file->path});
    const base::Status done =
        host::put_file(world.work->machine, file->path,
                       std::make_shared<const base::Bytes>(file->size), file->sha384);
    if (!done.ok()) {
        return lua::refuse(lua, done.error().message);
    }
    record(world, Restore{file->path});
    world.work->restored.insert(host::case_folded(file->path));
    return 0;
}

lua_CFunction reading_function(std::string_view table, std::string_view name) {
    for (const lua::FunctionInfo& info : lua_host::reading_functions()) {
        if (info.table == table && info.name == name) {
            return info.function;
        }
    }
    return nullptr;
}

int files_read(lua_State* lua) {
    const std::string path = name_at(lua, 1);
    const RuleWorld& world = repair_world_of(lua);
    if (world.work != nullptr && world.work->restored.contains(host::case_folded(path))) {
        return luaL_error(lua, "restored in this run: its content is not here");
    }
    return reading_function("files", "read")(lua);
}

// --- registry

std::optional<host::RegistryType> find_type(std::string_view name) {
    using host::RegistryType;
    for (const RegistryType type :
         {RegistryType::kSz, RegistryType::kExpandSz, RegistryType::kBinary, RegistryType::kDword,
          RegistryType::kMultiSz, RegistryType::kQword}) {
        if (host::name_of(type) == name) {
            return type;
        }
    }
    return std::nullopt;
}

// Bounded before it is copied: each text may be the same one, which is a megabyte long.
std::vector<std::string> texts_at(lua_State* lua, int index) {
    std::vector<std::string> texts;
    size_t bytes = 0;
    for (size_t i = 1; i <= lua_objlen(lua, index); ++i) {
        lua_rawgeti(lua, index, static_cast<int>(i));
        size_t size = 0;
        const char* text =
            lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : nullptr;
        if (text == nullptr) {
            luaL_error(lua, "a list of texts is expected");
        }
        bytes += size + 1;
        if (bytes > host::kMostValueBytes) {
            luaL_error(lua, "too long: a value has %d bytes at most",
                       static_cast<int>(host::kMostValueBytes));
        }
        texts.emplace_back(text, size);
        lua_pop(lua, 1);
    }
    return texts;
}

// Of the argument at this place, with the type that its own suggests.
host::RegistryValue value_at(lua_State* lua, int index) {
    host::RegistryValue value;
    if (lua_type(lua, index) == LUA_TNUMBER) {
        const double number = lua_tonumber(lua, index);
        luaL_argcheck(lua, number >= 0 && number <= kLargestExact && number == std::floor(number),
                      index, "a whole number from 0 to 2^53 is expected");
        value.type =
            number <= kLargestDword ? host::RegistryType::kDword : host::RegistryType::kQword;
        value.data = static_cast<uint64_t>(number);
    } else if (lua_type(lua, index) == LUA_TTABLE) {
        value.type = host::RegistryType::kMultiSz;
        value.data = texts_at(lua, index);
    } else {
        value.data = std::string(lua::text_at(lua, index, host::kMostValueBytes));
    }
    return value;
}

int registry_set(lua_State* lua) {
    const std::string key = name_at(lua, 1);
    lua_settop(lua, 4);
    host::RegistryValue value = value_at(lua, 3);
    value.name = name_at(lua, 2);
    if (!lua_isnil(lua, 4)) {
        const auto type = find_type(lua::text_at(lua, 4, rules::kMaxNameBytes));
        luaL_argcheck(lua, type.has_value(), 4, "no such type: \"REG_SZ\", say");
        value.type = *type;
        if (const auto* text = std::get_if<std::string>(&value.data);
            text != nullptr && *type == host::RegistryType::kBinary) {
            value.data = base::bytes_of(std::string(*text));
        }
    }
    return change_machine(lua, host::SetValue{key, std::move(value)});
}

int registry_delete(lua_State* lua) {
    const std::string key = name_at(lua, 1);
    return change_machine(lua, host::DeleteValue{key, name_at(lua, 2)});
}

int registry_delete_key(lua_State* lua) {
    return change_machine(lua, host::DeleteKey{name_at(lua, 1)});
}

// --- services

host::ServiceStart start_at(lua_State* lua, std::string_view name) {
    for (size_t i = 0; i <= static_cast<size_t>(host::ServiceStart::kDisabled); ++i) {
        const auto start = static_cast<host::ServiceStart>(i);
        if (host::name_of(start) == name) {
            return start;
        }
    }
    luaL_error(lua, "`start` is boot, system, automatic, manual or disabled");
    return {};
}

int services_configure(lua_State* lua) {
    host::ConfigureService change{name_at(lua, 1), host::ServiceStart::kManual, false};
    luaL_checktype(lua, 2, LUA_TTABLE);
    lua_settop(lua, 2);
    lua::check_names(lua, 2, {"start", "running"});
    const RuleWorld& world = mending(lua);
    if (const host::Service* service = world.work->machine.service(change.name)) {
        change.start = service->start;
        change.running = service->running;
    }
    if (const auto start = lua::text_field(lua, 2, "start", rules::kMaxNameBytes)) {
        change.start = start_at(lua, *start);
        change.running = change.running && change.start != host::ServiceStart::kDisabled;
    }
    lua_getfield(lua, 2, "running");
    if (!lua_isnil(lua, -1)) {
        luaL_checktype(lua, -1, LUA_TBOOLEAN);
        change.running = lua_toboolean(lua, -1) != 0;
    }
    return change_machine(lua, change);
}

// --- package, and what it was for

int package_list(lua_State* lua) {
    const RuleWorld& world = mending(lua);
    lua_createtable(lua, static_cast<int>(world.package->size()), 0);
    int place = 0;
    for (const auto& [folded, file] : *world.package) {
        lua_pushlstring(lua, file.path.data(), file.path.size());
        lua_rawseti(lua, -2, ++place);
    }
    return 1;
}

int package_digest(lua_State* lua) {
    const std::string path = name_at(lua, 1);
    const PackageFile* file = find_in_package(mending(lua), path);
    if (file == nullptr) {
        lua_pushnil(lua);
        return 1;
    }
    const std::string digest = file->sha384.hex();
    lua_pushlstring(lua, digest.data(), digest.size());
    return 1;
}

int write_note(lua_State* lua) {
    const std::string_view text = lua::text_at(lua, 1, host::kMostValueBytes);
    RuleWorld& world = mending(lua);
    constexpr size_t kBeyond = 6;  // an escaped byte and the ellipsis, which printable() adds
    const Note note{base::printable(text, kMaxNoteBytes - kBeyond)};
    check_room(lua, world, note);
    record(world, note);
    return 0;
}

constexpr lua::FunctionInfo kRepairFunctions[] = {
    {"", "repair", "{id =, title =}",
     "Declares the file's one rule; to be called first. While loading.", declare_repair},
    {"", "mend", "(function)",
     "Has the function called each hour. What it does takes effect when it ends; if it fails, it "
     "has "
     "done nothing. While loading.",
     set_mend},
    {"", "note", "(text)", "Says in the audit log why. Up to 300 bytes; what is longer is cut.",
     write_note},
    {"files", "read", "(path) → text or nil",
     "Its content, whatever bytes these are, up to 1 MiB; nil: there is no such file. An error for "
     "one that was restored in this run: its content is not here.",
     files_read},
    {"files", "write", "(path, text)",
     "Makes the file, or takes the place of its content. An error if there is no such path, or no "
     "room.",
     files_write},
    {"files", "delete", "(path)", "An error if there is no such file.", files_delete},
    {"files", "restore", "(path)",
     "Makes the file as the package has it. An error if the package has none of this path.",
     files_restore},
    {"package", "list", "() → list", "Paths of all files of the product, sorted.", package_list},
    {"package", "digest", "(path) → text or nil",
     "SHA-384 of the file as it must be, as files.digest() gives it; nil: it is not in the "
     "package.",
     package_digest},
    {"registry", "set", "(key, name, value, type)",
     "A number, a text or a list of texts becomes a REG_DWORD (or REG_QWORD, if it is too large "
     "for "
     "that), a REG_SZ or a REG_MULTI_SZ, or what `type` says (`\"REG_EXPAND_SZ\"`). The key comes "
     "into being if need be; name \"\" is its default value.",
     registry_set},
    {"registry", "delete", "(key, name)", "An error if there is no such value.", registry_delete},
    {"registry", "delete_key", "(key)", "With all below it. An error if there is no such key.",
     registry_delete_key},
    {"services", "configure", "(name, {start =, running =})",
     "What is left out stays as it is, but that a service that is disabled is stopped. An error if "
     "there is no such service, or a disabled one is to run.",
     services_configure},
};

}  // namespace

std::vector<lua::FunctionInfo> rule_functions() {
    std::vector<lua::FunctionInfo> all(std::begin(kRepairFunctions), std::end(kRepairFunctions));
    for (const lua::FunctionInfo& info : lua_host::reading_functions()) {
        const bool is_ours = std::ranges::any_of(kRepairFunctions, [&](const auto& ours) {
            return std::string_view(ours.table) == info.table &&
                   std::string_view(ours.name) == info.name;
        });
        if (!is_ours) {
            all.push_back(info);
        }
    }
    std::ranges::stable_sort(
        all, {}, [](const lua::FunctionInfo& info) { return std::string_view(info.table); });
    return all;
}

lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world) {
    const std::vector<lua::FunctionInfo> functions = rule_functions();
    return interpreter.protect([&](lua_State* lua) {
        lua_pushlightuserdata(lua, &world);
        lua::keep(lua, &g_repair_world_key);
        lua_host::keep_machine(lua, world.at_hand);
        interpreter.push_shared_functions();
        lua::add_functions(lua, functions);
    });
}

}  // namespace firebreak::endpoint::repair
