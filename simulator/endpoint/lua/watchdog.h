// Stops Lua code that runs for too long, wherever it is: in a loop, behind a pcall, in recursion.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/result.h"

struct lua_State;

namespace firebreak::endpoint::lua {

// A timer over the processor time of the thread that starts it, which alone may use it: a busy
// machine takes nothing from anybody. What runs past the deadline gets a hook that raises an error
// at every instruction until the run is over. It costs nothing while code keeps to its time (a
// permanent hook costs a third of the interpreter's speed), and cannot stop a C function: those
// that content may call are bounded by themselves. One timer in a process, because signals are the
// process's: whoever starts another while there is one shares it, deadline and all. Needs no system
// call after the start, so that it works behind a filter.
class Watchdog {
  public:
    // Code is stopped when it has run for `deadline`, and no later than half as long again, as far
    // as the kernel's ticks allow. Errors: the kernel gives no timer.
    static base::Result<std::unique_ptr<Watchdog>> start(std::chrono::microseconds deadline);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // What `lua` runs from here on is one run. Not to be nested.
    void begin(lua_State* lua) {
        watched_.run.store(watched_.run.load(kRelaxed) + 1, kRelaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        watched_.running.store(lua, kRelaxed);
    }
    // Whether the run now under way has been stopped.
    bool expired() const { return watched_.expired.load(kRelaxed); }
    // The run is over, or there was none. Whether it was stopped.
    bool end(lua_State* lua) {
        watched_.running.store(nullptr, kRelaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        return expired() && let_go(lua);
    }

  private:
    // For the signal's handler, which gets no argument. Written by one thread and by its handler.
    struct Watched {
        std::atomic<lua_State*> running{nullptr};
        std::atomic<uint32_t> run{0};   // counted up
        std::atomic<uint32_t> seen{0};  // run that the handler saw last
        std::atomic<uint32_t> ticks{0};
        std::atomic<bool> expired{false};
        int users = 0;
        bool ticks_come = false;
        void* timer = nullptr;
    };
    static_assert(std::atomic<lua_State*>::is_always_lock_free);
    static constexpr auto kRelaxed = std::memory_order_relaxed;  // one thread
    static Watched watched_;

    Watchdog() { ++watched_.users; }
    static base::Status set_timer(std::chrono::microseconds deadline);
    static void on_tick(int signal);
    static bool let_go(lua_State* lua);  // true
};

}  // namespace firebreak::endpoint::lua
