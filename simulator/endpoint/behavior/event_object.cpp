#include "endpoint/behavior/event_object.h"

#include <bit>
#include <lua.hpp>
#include <string_view>

namespace firebreak::endpoint::behavior {
namespace {

using host::Event;

// Behind the kind's fields come these, which all events have.
enum Common : size_t { kKind, kTime, kProcess, kCount, kCommons };
constexpr std::array<std::string_view, kCommons> kCommonNames = {"kind", "time", "process",
                                                                 "count"};

int refuse_stale(lua_State* lua) {
    return luaL_error(lua, "this event is over: keep fields of it, not the event");
}

int refuse_write(lua_State* lua) {
    return luaL_error(lua, "an event cannot be changed");
}

void push_common(lua_State* lua, const Event& event, size_t which) {
    switch (which) {
        case kKind: {
            const std::string_view name = host::info_of(event.kind).name;
            lua_pushlstring(lua, name.data(), name.size());
            break;
        }
        case kTime:
            lua_pushnumber(lua, static_cast<double>(event.at_ms));
            break;
        case kProcess:
            lua_pushnumber(lua, event.process);
            break;
        default:
            lua_pushnumber(lua, event.count);
    }
}

void push_field(lua_State* lua, const Event& event, size_t field) {
    const auto fields = host::info_of(event.kind).fields;
    if (field >= fields.size()) {
        push_common(lua, event, field - fields.size());
        return;
    }
    const host::EventValue& value = event.values[field];
    if (value.is_text()) {
        lua_pushlstring(lua, value.text().data(), value.text().size());
    } else if (!value.is_number()) {
        lua_pushnil(lua);
    } else if (fields[field].type == host::FieldType::kFlag) {
        lua_pushboolean(lua, value.number() != 0 ? 1 : 0);
    } else {
        lua_pushnumber(lua, static_cast<double>(value.number()));
    }
}

size_t fields_of(host::EventKind kind) {
    return host::info_of(kind).fields.size() + kCommons;
}

std::string_view name_of(host::EventKind kind, size_t field) {
    const auto fields = host::info_of(kind).fields;
    return field < fields.size() ? fields[field].name : kCommonNames[field - fields.size()];
}

// A metatable that lets nothing be changed. __index: what is on top of the stack.
lua::Function keep_metatable(lua_State* lua) {
    lua_newtable(lua);
    lua_insert(lua, -2);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    return luaL_ref(lua, LUA_REGISTRYINDEX);
}

void push(lua_State* lua, lua::Function kept) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, kept);
}

}  // namespace

lua::Ended EventObjects::add() {
    return interpreter_.protect([this](lua_State* lua) {
        lua_pushcfunction(lua, refuse_stale);
        over_ = keep_metatable(lua);
        for (const host::EventKindInfo& info : host::event_kinds()) {
            add(lua, info.kind);
        }
    });
}

void EventObjects::add(lua_State* lua, host::EventKind of_kind) {
    const auto kind = static_cast<size_t>(of_kind);
    lua_newtable(lua);
    for (size_t i = 0; i < fields_of(of_kind); ++i) {
        lua_pushlstring(lua, name_of(of_kind, i).data(), name_of(of_kind, i).size());
        lua_rawseti(lua, -2, static_cast<int>(i) + 1);
    }
    names_[kind] = luaL_ref(lua, LUA_REGISTRYINDEX);
    // The fields, which fetch what they do not have.
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushlightuserdata(lua, this);
    lua_pushcclosure(lua, fetch, 1);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_pushvalue(lua, -1);
    fields_[kind] = luaL_ref(lua, LUA_REGISTRYINDEX);
    live_[kind] = keep_metatable(lua);  // reads go to the fields without a call
    lua_newuserdata(lua, 1);
    push(lua, over_);
    lua_setmetatable(lua, -2);
    objects_[kind] = luaL_ref(lua, LUA_REGISTRYINDEX);
}

int EventObjects::fetch(lua_State* lua) {
    auto* self = static_cast<EventObjects*>(lua_touserdata(lua, lua_upvalueindex(1)));
    size_t size = 0;
    const char* text = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &size) : nullptr;
    const host::EventKind kind = self->event_->kind;
    for (size_t i = 0; text != nullptr && i < fields_of(kind); ++i) {
        if (name_of(kind, i) == std::string_view(text, size)) {
            self->asked_[self->kind()] |= 1u << i;
            push_field(lua, *self->event_, i);
            if (!lua_isnil(lua, -1)) {
                lua_pushvalue(lua, 2);
                lua_pushvalue(lua, -2);
                lua_rawset(lua, 1);
            }
            return 1;
        }
    }
    return luaL_error(lua, "%s has no field `%s`", host::info_of(kind).name.data(),
                      text == nullptr ? luaL_typename(lua, 2) : text);
}

void EventObjects::set_metatable(lua_State* lua, lua::Function metatable) {
    push(lua, objects_[kind()]);
    push(lua, metatable);
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}

void EventObjects::fill(lua_State* lua) {
    push(lua, names_[kind()]);
    push(lua, fields_[kind()]);
    for (uint32_t rest = asked_[kind()]; rest != 0; rest &= rest - 1) {
        const int field = std::countr_zero(rest);
        lua_rawgeti(lua, -2, field + 1);
        push_field(lua, *event_, static_cast<size_t>(field));
        lua_rawset(lua, -3);
    }
    lua_pop(lua, 2);
}

void EventObjects::begin(lua_State* lua, const host::Event& event) {
    if (event_ == nullptr) {
        event_ = &event;
        fill(lua);
        set_metatable(lua, live_[kind()]);
    }
    push(lua, objects_[kind()]);
}

void EventObjects::end() {
    if (event_ == nullptr) {
        return;
    }
    set_metatable(interpreter_.state(), over_);  // raises nothing: it makes nothing
    event_ = nullptr;
}

}  // namespace firebreak::endpoint::behavior
