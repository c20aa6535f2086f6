#include "endpoint/behavior/rule_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <lua.hpp>
#include <tuple>

#include "base/text.h"
#include "endpoint/lua/arguments.h"
#include "endpoint/lua/registry.h"

namespace firebreak::endpoint::behavior {
namespace {

using lua::check_names;
using lua::refuse;
using lua::text_at;

// Keys of the registry: addresses that nobody else has.
char g_world_key, g_states_key, g_core_key;

// Detections that an example can have at most.
constexpr size_t kMaxExpected = kMaxExampleEvents * kMaxHandlers * kMaxDetectionsOfCall;

RuleWorld& world_of(lua_State* lua) {
    lua::push_kept(lua, &g_world_key);
    auto* world = static_cast<RuleWorld*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    return *world;
}

// The text that a table on the stack has under this name; `otherwise` if it has none.
std::string text_field(lua_State* lua, int table, const char* name, const char* otherwise) {
    const auto found = lua::text_field(lua, table, name, kMaxNameBytes);
    if (!found && otherwise == nullptr) {
        luaL_error(lua, "`%s` must be a text of 1 to %d bytes", name,
                   static_cast<int>(kMaxNameBytes));
    }
    return found ? clean(*found, kMaxNameBytes) : otherwise;
}

void only_while_loading(lua_State* lua, const RuleWorld& world, const char* name) {
    if (!world.loading) {
        luaL_error(lua, "%s() is for loading, and not for handlers", name);
    }
}

void only_in_handlers(lua_State* lua, const RuleWorld& world, const char* name) {
    if (world.loading) {
        luaL_error(lua, "%s() is for handlers, and not for loading", name);
    }
}

void check_declared(lua_State* lua, const RuleWorld& world) {
    if (!world.rules[world.running].declared) {
        luaL_error(lua, "rule{…} must come first");
    }
}

bool is_process(double value) {
    return value >= 1 && value <= 4294967295.0 && value == std::floor(value);
}

uint32_t process_at(lua_State* lua, int index) {
    const double value = luaL_checknumber(lua, index);
    luaL_argcheck(lua, is_process(value), index, "not a process");
    return static_cast<uint32_t>(value);
}

host::EventKind kind_at(lua_State* lua, int index) {
    const std::string_view name = text_at(lua, index, kMaxNameBytes);
    const std::optional<host::EventKind> kind = host::find_event_kind(name);
    if (!kind) {
        std::string kinds;
        for (const host::EventKindInfo& info : host::event_kinds()) {
            kinds += (kinds.empty() ? "" : ", ") + std::string(info.name);
        }
        refuse(lua,
               "no such kind of events: " + base::printable(name, 60) + "; there are: " + kinds);
    }
    return *kind;
}

Severity severity_of(lua_State* lua, const std::string& name) {
    const std::optional<Severity> severity = find_severity(name);
    if (!severity) {
        refuse(lua, "no such severity: " + name + "; info, low, medium, high or critical");
    }
    return *severity;
}

// --- while loading

int rule(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_while_loading(lua, world, "rule");
    luaL_checktype(lua, 1, LUA_TTABLE);
    check_names(lua, 1, {"id", "title", "technique", "severity"});
    Rule& rule = world.rule();
    if (rule.declared) {
        return luaL_error(lua, "a file has one rule");
    }
    rule.id = text_field(lua, 1, "id", nullptr);
    for (RuleIndex i = 0; i < world.running; ++i) {
        if (world.rules[i].id == rule.id) {
            return refuse(lua, "rule `" + rule.id + "` stands in " + world.rules[i].file + " too");
        }
    }
    rule.title = text_field(lua, 1, "title", rule.id.c_str());
    rule.technique = text_field(lua, 1, "technique", "");
    rule.severity = severity_of(lua, text_field(lua, 1, "severity", "medium"));
    rule.cost.rule = rule.id;
    rule.cost.feed = rule.feed;
    rule.declared = true;
    return 0;
}

void add_alternative(lua_State* lua, Filter& filter, std::string_view field) {
    base::Status added;
    switch (lua_type(lua, -1)) {
        case LUA_TSTRING: {
            size_t size = 0;
            const char* text = lua_tolstring(lua, -1, &size);
            added = filter.add(field, std::string_view(text, size));
            break;
        }
        case LUA_TNUMBER: {
            const double value = lua_tonumber(lua, -1);
            if (!(value >= 0 && value <= 9007199254740992.0)) {
                refuse(lua, "`" + std::string(field) + "`: not a number that a field can have");
            }
            added = filter.add(field, static_cast<uint64_t>(value));
            break;
        }
        case LUA_TBOOLEAN:
            added = filter.add(field, uint64_t{lua_toboolean(lua, -1) != 0});
            break;
        default:
            refuse(lua, "`" + std::string(field) +
                            "`: a text, a number, a boolean or a list of "
                            "them is expected");
    }
    if (!added.ok()) {
        refuse(lua, added.error().text());
    }
}

// Of the table at index 2.
Filter filter_at(lua_State* lua, host::EventKind kind) {
    Filter filter(kind);
    if (lua_isnoneornil(lua, 2)) {
        return filter;
    }
    luaL_checktype(lua, 2, LUA_TTABLE);
    for (lua_pushnil(lua); lua_next(lua, 2) != 0; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING) {
            luaL_error(lua, "a filter has names of fields, and not a %s", luaL_typename(lua, -2));
        }
        size_t size = 0;
        const char* name = lua_tolstring(lua, -2, &size);
        const std::string_view field(name, size);
        if (lua_type(lua, -1) != LUA_TTABLE) {
            add_alternative(lua, filter, field);
            continue;
        }
        const size_t count = lua_objlen(lua, -1);
        if (count == 0) {
            refuse(lua, "`" + std::string(field) + "`: a list without entries matches nothing");
        }
        for (size_t i = 1; i <= std::min(count, kMaxAlternatives + 1); ++i) {
            lua_rawgeti(lua, -1, static_cast<int>(i));
            add_alternative(lua, filter, field);
            lua_pop(lua, 1);
        }
    }
    return filter;
}

// Where the function on top of the stack begins; 0: it is none of the rule's.
uint32_t line_of_function(lua_State* lua) {
    lua_Debug about{};
    lua_pushvalue(lua, -1);
    lua_getinfo(lua, ">S", &about);
    return about.linedefined > 0 ? static_cast<uint32_t>(about.linedefined) : 0;
}

int on(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_while_loading(lua, world, "on");
    check_declared(lua, world);
    const host::EventKind kind = kind_at(lua, 1);
    const int function = lua_gettop(lua) < 3 ? 2 : 3;
    if (!lua_isfunction(lua, function)) {
        return luaL_error(lua, "on(kind, filter, handler): the handler is no function but %s",
                          function == 2 ? "left out" : luaL_typename(lua, function));
    }
    if (world.rule().handlers == kMaxHandlers) {
        return luaL_error(lua, "more than %d handlers", static_cast<int>(kMaxHandlers));
    }
    if (function == 2) {
        lua_pushnil(lua);
        lua_insert(lua, 2);
    }
    Filter filter = filter_at(lua, kind);
    lua_settop(lua, 3);
    Rule& rule = world.rule();
    ++rule.handlers;
    rule.patterns += filter.patterns();
    if (rule.patterns > kMaxPatterns) {
        refuse(lua, fmt::format("more than {} patterns in the filters of one rule", kMaxPatterns));
    }
    const uint32_t line = line_of_function(lua);
    const lua::Function kept = lua::interpreter_of(lua).keep_function();
    world.handlers[static_cast<size_t>(kind)].push_back(
        {world.running, kept, line, std::move(filter)});
    return 0;
}

// A field of the kind's, by the name on top of the stack.
size_t field_at(lua_State* lua, host::EventKind kind) {
    size_t size = 0;
    const char* name = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : nullptr;
    const std::optional<size_t> field =
        name == nullptr ? std::nullopt : host::find_event_field(kind, std::string_view(name, size));
    if (!field) {
        refuse(lua, std::string(host::info_of(kind).name) + " has no field `" +
                        (name == nullptr ? luaL_typename(lua, -1) : name) + "`");
    }
    return *field;
}

// The patterns of filters.
sensors::DropCondition drop_condition(lua_State* lua, size_t field, std::string_view pattern) {
    if (const base::Result<Pattern> parsed = Pattern::parse(pattern); !parsed.ok()) {
        refuse(lua, "`drop`: " + parsed.error().message);
    }
    const bool ends = pattern.starts_with('*');
    const bool begins = pattern.size() > 1 && pattern.ends_with('*');
    pattern.remove_prefix(ends ? 1 : 0);
    pattern.remove_suffix(begins ? 1 : 0);
    const sensors::Match match = ends && begins ? sensors::Match::kContains
                                 : ends         ? sensors::Match::kEndsWith
                                 : begins       ? sensors::Match::kStartsWith
                                                : sensors::Match::kEquals;
    return {field, match, std::string(pattern)};
}

// Of the table on top of the stack: {image = "*\\svchost.exe", …}, or a list of texts for a field.
void read_drops(lua_State* lua, host::EventKind kind, sensors::SensorParameters& parameters) {
    const int table = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        lua_pushvalue(lua, -2);
        const size_t field = field_at(lua, kind);
        lua_pop(lua, 1);
        const bool is_list = lua_type(lua, -1) == LUA_TTABLE;
        const size_t count = is_list ? lua_objlen(lua, -1) : 1;
        for (size_t i = 1; i <= std::min(count, sensors::kMostDropConditions + 1); ++i) {
            lua_pushvalue(lua, -1);
            if (is_list) {
                lua_rawgeti(lua, -1, static_cast<int>(i));
                lua_replace(lua, -2);
            }
            size_t size = 0;
            const char* text = lua_tolstring(lua, -1, &size);
            if (text == nullptr) {
                luaL_error(lua, "`drop`: a text, or a list of them, for each field");
            }
            parameters.drop.push_back(drop_condition(lua, field, std::string_view(text, size)));
            lua_pop(lua, 1);
        }
    }
    // As the table has no order: any one that holds drops the event.
    std::ranges::sort(parameters.drop, {}, [](const sensors::DropCondition& one) {
        return std::tie(one.field, one.match, one.literal);
    });
}

void read_merge_key(lua_State* lua, host::EventKind kind, sensors::SensorParameters& parameters) {
    luaL_checktype(lua, -1, LUA_TTABLE);
    const size_t count = std::min(lua_objlen(lua, -1), host::kMostEventFields + 1);
    for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(lua, -1, static_cast<int>(i));
        parameters.merge_key.push_back(field_at(lua, kind));
        lua_pop(lua, 1);
    }
}

sensors::SensorParameters sensor_at(lua_State* lua, host::EventKind kind) {
    sensors::SensorParameters parameters;
    luaL_checktype(lua, 2, LUA_TTABLE);
    check_names(lua, 2, {"enabled", "merge", "window", "drop"});
    lua_getfield(lua, 2, "enabled");
    parameters.enabled = lua_isnil(lua, -1) || lua_toboolean(lua, -1) != 0;
    lua_getfield(lua, 2, "window");
    if (!lua_isnil(lua, -1)) {
        parameters.merge_window_ms = static_cast<int64_t>(
            lua::whole_number_at(lua, -1, sensors::kLongestMergeWindowMs, "window"));
    }
    lua_getfield(lua, 2, "merge");
    if (!lua_isnil(lua, -1)) {
        read_merge_key(lua, kind, parameters);
    }
    lua_getfield(lua, 2, "drop");
    if (!lua_isnil(lua, -1)) {
        luaL_checktype(lua, -1, LUA_TTABLE);
        read_drops(lua, kind, parameters);
    }
    lua_settop(lua, 2);
    return parameters;
}

int sensor(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_while_loading(lua, world, "sensor");
    check_declared(lua, world);
    const host::EventKind kind = kind_at(lua, 1);
    std::string& set_in = world.sensor_set_in[static_cast<size_t>(kind)];
    if (!set_in.empty()) {
        return refuse(lua, "the sensor of " + std::string(host::info_of(kind).name) +
                               " is set in " + set_in + " already");
    }
    const base::Status set = world.sensors.set(kind, sensor_at(lua, kind));
    if (!set.ok()) {
        return refuse(lua, set.error().message);
    }
    set_in = world.rule().file;
    return 0;
}

// Why a value of an example does not fit into this field.
std::string misfit(host::EventKind kind, std::string_view field) {
    const std::string shown = "`" + base::printable(field, 60) + "`";
    const std::optional<size_t> place = host::find_event_field(kind, field);
    if (!place) {
        return std::string(host::info_of(kind).name) + " has no field " + shown;
    }
    return shown + " is a " + std::string(host::name_of(host::info_of(kind).fields[*place].type));
}

// One field of an event in an example: from the key below the value on top of the stack.
void set_field(lua_State* lua, host::Event& event) {
    size_t size = 0;
    const char* name = lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &size) : nullptr;
    const std::string_view field = name == nullptr ? "" : std::string_view(name, size);
    if (field == "kind") {
        return;
    }
    if (field == "time" || field == "process") {
        const double value = luaL_checknumber(lua, -1);
        luaL_argcheck(lua, value >= 0 && value <= 4294967295.0, 2,
                      "a time or process there is not");
        if (field == "time") {
            event.at_ms = static_cast<int64_t>(value);
        } else {
            event.process = static_cast<uint32_t>(value);
        }
        return;
    }
    host::EventValue value;
    if (lua_type(lua, -1) == LUA_TSTRING) {
        const char* text = lua_tolstring(lua, -1, &size);
        value = host::EventValue::of(std::string_view(text, size));
    } else if (lua_type(lua, -1) == LUA_TBOOLEAN) {
        value = host::EventValue::of(uint64_t{lua_toboolean(lua, -1) != 0});
    } else {
        const double number = luaL_checknumber(lua, -1);
        luaL_argcheck(lua, number >= 0 && number <= 9007199254740992.0, 2, "not a field's number");
        value = host::EventValue::of(static_cast<uint64_t>(number));
    }
    if (!event.set(field, value)) {
        refuse(lua, misfit(event.kind, field));
    }
}

// Of the table on top of the stack; its texts stay where they are as long as that has them.
host::Event event_at(lua_State* lua, size_t number) {
    if (lua_type(lua, -1) != LUA_TTABLE) {
        luaL_error(lua, "event %d of an example is no table", static_cast<int>(number));
    }
    host::Event event;
    lua_getfield(lua, -1, "kind");
    if (lua_type(lua, -1) != LUA_TSTRING) {
        luaL_error(lua, "event %d of an example has no `kind`", static_cast<int>(number));
    }
    event.kind = kind_at(lua, -1);
    lua_pop(lua, 1);
    event.process = 1;
    event.at_ms = static_cast<int64_t>(number);
    const int table = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        set_field(lua, event);
    }
    return event;
}

int example(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_while_loading(lua, world, "example");
    check_declared(lua, world);
    const std::string_view title = text_at(lua, 1, kMaxNameBytes);
    luaL_checktype(lua, 2, LUA_TTABLE);
    const uint64_t detections =
        lua_isnoneornil(lua, 3) ? 1 : lua::whole_number_at(lua, 3, kMaxExpected, "detections");
    const size_t count = lua_objlen(lua, 2);
    luaL_argcheck(lua, count >= 1 && count <= kMaxExampleEvents, 2, "1 to 64 events are expected");
    const auto others = std::ranges::count(world.examples, world.running, &Example::rule);
    if (static_cast<size_t>(others) == kMaxExamples) {
        return luaL_error(lua, "more than %d examples", static_cast<int>(kMaxExamples));
    }
    host::EventLogBuilder builder;
    for (size_t i = 1; i <= count; ++i) {
        lua_rawgeti(lua, 2, static_cast<int>(i));
        builder.add(event_at(lua, i));
        lua_pop(lua, 1);
    }
    world.examples.push_back(
        {world.running, clean(title, kMaxNameBytes), std::move(builder).build(), detections});
    return 0;
}

int provide(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_while_loading(lua, world, "provide");
    check_declared(lua, world);
    const std::string name(text_at(lua, 1, kMaxNameBytes));
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    if (world.rule().feed != RuleFeed::kProductRules) {
        return luaL_error(lua, "provide() is for ProductRules");
    }
    if (world.provided == kMaxProvided) {
        return luaL_error(lua, "more than %d core functions", static_cast<int>(kMaxProvided));
    }
    lua::push_kept(lua, &g_core_key);
    lua_getfield(lua, -1, name.c_str());
    if (!lua_isnil(lua, -1)) {
        return refuse(lua, "core function `" + base::printable(name) + "` is provided twice");
    }
    lua_pop(lua, 1);
    lua_pushvalue(lua, 2);
    lua_setfield(lua, -2, name.c_str());
    ++world.provided;
    return 0;
}

// --- in handlers

// Registry: a table for each rule, with a table for each process in it.
void push_states(lua_State* lua, RuleIndex rule) {
    lua::push_kept(lua, &g_states_key);
    lua_rawgeti(lua, -1, static_cast<int>(rule) + 1);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        lua_newtable(lua);
        lua_pushvalue(lua, -1);
        lua::interpreter_of(lua).as_engine(
            [lua, rule] { lua_rawseti(lua, -3, static_cast<int>(rule) + 1); });
    }
    lua_replace(lua, -2);
}

// Numbers are its keys: as a process number may be too large for an integer of Lua's own tables.
int push_state(lua_State* lua, RuleWorld& world, uint32_t process) {
    push_states(lua, world.running);
    lua_pushnumber(lua, process);
    lua_rawget(lua, -2);
    if (!lua_isnil(lua, -1)) {
        return 1;
    }
    lua_pop(lua, 1);
    Rule& rule = world.rule();
    if (process != 0 && rule.states == kMaxStates) {
        return luaL_error(lua, "a state of more than %d processes", static_cast<int>(kMaxStates));
    }
    lua_pushnumber(lua, process);
    lua_newtable(lua);
    lua_pushvalue(lua, -1);
    lua_insert(lua, -3);
    lua_rawset(lua, -4);
    rule.states += process == 0 ? 0 : 1;
    return 1;
}

int process_state(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_in_handlers(lua, world, "process_state");
    const uint32_t process = process_at(lua, 1);
    if (world.processes.find(process) == nullptr) {
        lua_newtable(lua);  // of one that has ended nothing is kept
        return 1;
    }
    return push_state(lua, world, process);
}

int machine_state(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_in_handlers(lua, world, "machine_state");
    return push_state(lua, world, 0);
}

void set_text(lua_State* lua, const char* name, const std::string& value) {
    if (!value.empty()) {
        lua_pushlstring(lua, value.data(), value.size());
        lua_setfield(lua, -2, name);
    }
}

int process(lua_State* lua) {
    const RuleWorld& world = world_of(lua);
    const uint32_t number = process_at(lua, 1);
    const KnownProcess* found = world.processes.find(number);
    if (found == nullptr) {
        lua_pushnil(lua);
        return 1;
    }
    lua_createtable(lua, 0, 5);
    lua_pushnumber(lua, number);
    lua_setfield(lua, -2, "process");
    set_text(lua, "image", found->image);
    set_text(lua, "command_line", found->command_line);
    set_text(lua, "user", found->user);
    if (found->parent != 0) {
        lua_pushnumber(lua, found->parent);
        lua_setfield(lua, -2, "parent");
    }
    return 1;
}

int reputation(lua_State* lua) {
    const KnownProcess* found = world_of(lua).processes.find(process_at(lua, 1));
    if (found == nullptr || !found->reputation) {
        lua_pushnil(lua);
    } else {
        lua_pushinteger(lua, *found->reputation);
    }
    return 1;
}

int tag(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_in_handlers(lua, world, "tag");
    const uint32_t number = process_at(lua, 1);
    const std::string_view name = text_at(lua, 2, kMaxNameBytes);
    if (world.effects.tags.size() == kMaxTagsOfCall) {
        return luaL_error(lua, "more than %d tags", static_cast<int>(kMaxTagsOfCall));
    }
    world.effects.tags.push_back({number, std::string(name)});
    return 0;
}

int has_tag(lua_State* lua) {
    const RuleWorld& world = world_of(lua);
    const uint32_t number = process_at(lua, 1);
    const std::string_view name = text_at(lua, 2, kMaxNameBytes);
    const KnownProcess* found = world.processes.find(number);
    const bool before = found != nullptr && found->tags.find(name) != found->tags.end();
    const bool now = std::ranges::any_of(world.effects.tags, [&](const Effects::Tag& one) {
        return one.process == number && one.name == name;
    });
    lua_pushboolean(lua, before || now ? 1 : 0);
    return 1;
}

// What a value of evidence says: tables say nothing.
std::string evidence_text(lua_State* lua, int index) {
    switch (lua_type(lua, index)) {
        case LUA_TBOOLEAN:
            return lua_toboolean(lua, index) != 0 ? "true" : "false";
        case LUA_TNUMBER:
        case LUA_TSTRING: {
            lua_pushvalue(lua, index);  // a number becomes a text in its place
            size_t size = 0;
            const char* text = lua_tolstring(lua, -1, &size);
            std::string found = clean(std::string_view(text, size), kMaxEvidenceBytes);
            lua_pop(lua, 1);
            return found;
        }
        default:
            luaL_error(lua, "evidence is texts, numbers and booleans, and not a %s",
                       luaL_typename(lua, index));
            return "";
    }
}

// Sorted by name: the table has no order.
void read_evidence(lua_State* lua, Detection& detection) {
    lua_getfield(lua, 1, "evidence");
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        return;
    }
    if (!lua_istable(lua, -1)) {
        luaL_error(lua, "`evidence` is a table of values by name, and not a %s",
                   luaL_typename(lua, -1));
    }
    const int table = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
        size_t size = 0;
        const char* name =
            lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &size) : nullptr;
        if (name == nullptr || size > kMaxNameBytes || detection.evidence.size() == kMaxEvidence) {
            luaL_error(lua, "evidence is up to %d values by name", static_cast<int>(kMaxEvidence));
        }
        detection.evidence.emplace_back(clean(std::string_view(name, size), kMaxNameBytes),
                                        evidence_text(lua, lua_gettop(lua)));
    }
    lua_pop(lua, 1);
    std::ranges::sort(detection.evidence);
}

int detect(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_in_handlers(lua, world, "detect");
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    check_names(lua, 1, {"process", "severity", "technique", "evidence"});
    if (world.effects.detections.size() == kMaxDetectionsOfCall) {
        return luaL_error(lua, "more than %d detections", static_cast<int>(kMaxDetectionsOfCall));
    }
    const Rule& rule = world.rule();
    Detection detection;
    detection.rule = rule.id;
    detection.technique = text_field(lua, 1, "technique", rule.technique.c_str());
    const std::string severity(to_text(rule.severity));
    detection.severity = severity_of(lua, text_field(lua, 1, "severity", severity.c_str()));
    detection.at_ms = world.now_ms;
    lua_getfield(lua, 1, "process");
    if (!lua_isnil(lua, -1)) {
        if (lua_type(lua, -1) != LUA_TNUMBER || !is_process(lua_tonumber(lua, -1))) {
            luaL_error(lua, "`process` is not a process: its number, as events have it");
        }
        detection.process = static_cast<uint32_t>(lua_tonumber(lua, -1));
    } else if (world.event != nullptr) {
        detection.process = world.event->process;
    }
    lua_pop(lua, 1);
    read_evidence(lua, detection);
    world.effects.detections.push_back(std::move(detection));
    return 0;
}

int scan(lua_State* lua) {
    RuleWorld& world = world_of(lua);
    only_in_handlers(lua, world, "scan");
    const std::string_view path = text_at(lua, 1, kMaxEvidenceBytes);
    luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_settop(lua, 2);
    if (world.effects.scans.size() == kMaxScansOfCall) {
        return luaL_error(lua, "more than %d scans", static_cast<int>(kMaxScansOfCall));
    }
    const uint32_t line = line_of_function(lua);
    const lua::Function then = lua::interpreter_of(lua).keep_function();
    world.effects.scans.push_back({clean(path, kMaxEvidenceBytes), then, line});
    return 0;
}

constexpr lua::FunctionInfo kFunctions[] = {
    {"", "rule", "{id =, title =, technique =, severity =}",
     "Declares the file's one rule; to be called first. `technique` is an id of MITRE ATT&CK; "
     "`severity` is `info`, `low`, `medium`, `high` or `critical`. While loading.",
     rule},
    {"", "on", "(kind, filter, handler)",
     "Has `handler(event)` called for every event of this kind that meets the filter, in the order "
     "of time. The filter is a table of fields with what each must be: a text (small and capital "
     "letters are the same; `*` at its beginning or end stands for anything, and stands nowhere "
     "else), a number, a boolean, or a list of them, of which one is enough; it is looked at "
     "before any Lua runs. It may be left out. The event speaks while it is handled: keep fields "
     "of it, not the event. While loading.",
     on},
    {"", "sensor", "(kind, {drop = {field = pattern}, merge = {field, …}, window =, enabled =})",
     "What becomes of events of this kind before any rule sees them, for all rules; one file may "
     "set a kind's sensor. An event that meets one of `drop` is dropped; patterns are those of "
     "filters. Those of one process whose `merge` fields are the same are merged into the first "
     "for `window` milliseconds, which then "
     "comes with their `count`. `enabled = false` drops all. While loading.",
     sensor},
    {"", "example", "(title, {event, …}, detections)",
     "What the rule makes of these events: so many detections, 1 if nothing is said. An event is a "
     "table with `kind` and fields, and `process` (1) and `time` if they matter. Each example is "
     "tried when the rule is loaded, by itself, and content that fails one is refused. While "
     "loading.",
     example},
    {"", "provide", "(name, function)",
     "Gives all rules `core.name`. It runs in the time and memory of the rule that calls it. For "
     "ProductRules, while loading.",
     provide},
    {"", "detect", "{process =, severity =, technique =, evidence = {name = value, …}}",
     "Raises a detection. What is left out is the event's process and what the rule declares. Up "
     "to 8 values of evidence and 4 detections a call.",
     detect},
    {"", "process", "(process) → table or nil",
     "What is known of a process that runs: `process`, `image`, `command_line`, `user`, `parent`. "
     "nil: it has ended, or nobody knows it.",
     process},
    {"", "process_state", "(process) → table",
     "The rule's own table for this process, which goes when the process does. Of up to 4,096 "
     "processes.",
     process_state},
    {"", "machine_state", "() → table", "The rule's own table for the machine.", machine_state},
    {"", "tag", "(process, name)",
     "Tags a process. All rules see it by has_tag() once the handler has ended. Up to 8 tags of "
     "each rule on one.",
     tag},
    {"", "has_tag", "(process, name) → boolean", "", has_tag},
    {"", "reputation", "(process) → number or nil",
     "With which the process was tagged when it started: 0 (known bad) to 100 (known good).",
     reputation},
    {"", "scan", "(path, function)",
     "Asks the file scanner. It answers after the events at hand: `function(verdict)`, where "
     "verdict has `scanned`, `detected`, `found` and `reputation`. Up to 4 a call.",
     scan},
};

}  // namespace

std::string clean(std::string_view text, size_t limit) {
    constexpr size_t kBeyond = 6;  // an escaped byte and the ellipsis, which printable() adds
    return base::printable(text, limit - kBeyond);
}

std::span<const lua::FunctionInfo> rule_functions() {
    return kFunctions;
}

lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world) {
    return interpreter.protect([&](lua_State* lua) {
        lua_pushlightuserdata(lua, &world);
        lua::keep(lua, &g_world_key);
        lua_newtable(lua);
        lua::keep(lua, &g_states_key);
        lua_newtable(lua);
        lua_pushvalue(lua, -1);
        lua::keep(lua, &g_core_key);
        lua::seal(lua, "core");
        interpreter.push_shared_functions();
        lua_insert(lua, -2);
        lua_setfield(lua, -2, "core");
        lua::add_functions(lua, kFunctions);
    });
}

void drop_states(lua::Interpreter& interpreter, RuleWorld& world, uint32_t process) {
    interpreter.protect([&](lua_State* lua) {
        lua::push_kept(lua, &g_states_key);
        for (size_t i = 0; i < world.rules.size(); ++i) {
            if (world.rules[i].states == 0) {
                continue;
            }
            lua_rawgeti(lua, 1, static_cast<int>(i) + 1);
            lua_pushnumber(lua, process);
            lua_rawget(lua, -2);
            if (!lua_isnil(lua, -1)) {
                lua_pushnumber(lua, process);
                lua_pushnil(lua);
                lua_rawset(lua, -4);
                --world.rules[i].states;
            }
            lua_settop(lua, 1);
        }
    });
}

}  // namespace firebreak::endpoint::behavior
