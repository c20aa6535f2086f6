// The object through which handlers read the event at hand.
#pragma once

#include <array>
#include <cstdint>

#include "endpoint/lua/interpreter.h"
#include "host/event.h"

namespace firebreak::endpoint::behavior {

// One object for each kind of events, which all handlers of all rules share: they can read it and
// not change it. Fields are copied into Lua's memory once for an event, and only those that any
// handler has ever asked for: copying is what an event costs, not its handlers. While no event of
// its kind is at hand, reading the object is an error. Values are texts, numbers and booleans; what
// is absent is nil.
class EventObjects {
  public:
    // For add(): the interpreter must outlive it.
    explicit EventObjects(lua::Interpreter& interpreter) : interpreter_(interpreter) {}
    EventObjects(const EventObjects&) = delete;
    EventObjects& operator=(const EventObjects&) = delete;

    // Makes the objects. Once.
    lua::Ended add();
    // From here on the kind's object speaks of this event; puts it on the stack. Within protect().
    void begin(lua_State* lua, const host::Event& event);
    // Nothing, where none has begun.
    void end();

  private:
    static int fetch(lua_State* lua);
    void add(lua_State* lua, host::EventKind kind);
    void fill(lua_State* lua);
    void set_metatable(lua_State* lua, lua::Function metatable);
    size_t kind() const { return static_cast<size_t>(event_->kind); }

    lua::Interpreter& interpreter_;
    const host::Event* event_ = nullptr;
    std::array<uint32_t, host::kEventKinds> asked_{};  // fields, as bits
    // In the registry. An object has the metatable `live_` while its event is at hand.
    std::array<lua::Function, host::kEventKinds> objects_{}, fields_{}, names_{}, live_{};
    lua::Function over_ = 0;
};

}  // namespace firebreak::endpoint::behavior
