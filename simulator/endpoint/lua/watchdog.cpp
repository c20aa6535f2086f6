#include "endpoint/lua/watchdog.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <lua.hpp>

namespace firebreak::endpoint::lua {
namespace {

constexpr uint32_t kTicks = 4;  // of the timer, in one deadline

// Real-time signals keep their handler where the sandbox takes all others back.
int signal_number() {
    return SIGRTMIN + 1;
}

// For the signal's handler, which gets no argument. Written by one thread and by its own handler.
struct Watched {
    std::atomic<lua_State*> running{nullptr};
    std::atomic<uint32_t> run{0};   // counted up
    std::atomic<uint32_t> seen{0};  // run that the handler saw last
    std::atomic<uint32_t> ticks{0};
    std::atomic<bool> expired{false};
};
Watched g_watched;
static_assert(std::atomic<lua_State*>::is_always_lock_free);

constexpr auto kRelaxed = std::memory_order_relaxed;  // one thread

void stop(lua_State* lua, lua_Debug*) {
    luaL_error(lua, "stopped at its deadline");
}

// lua_sethook() may be called from a signal handler, as LuaJIT's manual says.
void on_tick(int) {
    lua_State* const lua = g_watched.running.load(kRelaxed);
    if (lua == nullptr) {
        return;
    }
    const uint32_t run = g_watched.run.load(kRelaxed);
    if (g_watched.seen.load(kRelaxed) != run) {
        g_watched.seen.store(run, kRelaxed);
        g_watched.ticks.store(0, kRelaxed);
        return;
    }
    const uint32_t ticks = g_watched.ticks.load(kRelaxed) + 1;
    g_watched.ticks.store(ticks, kRelaxed);
    if (ticks >= kTicks) {
        g_watched.expired.store(true, kRelaxed);
        lua_sethook(lua, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
}

base::Error timer_error(const char* what) {
    return {std::string("no timer for rules: ") + what + ": " + std::strerror(errno), "", ""};
}

}  // namespace

base::Result<std::unique_ptr<Watchdog>> Watchdog::start(std::chrono::microseconds deadline) {
    std::unique_ptr<Watchdog> watchdog(new Watchdog);
    struct sigaction action {};
    action.sa_handler = on_tick;
    action.sa_flags = SA_RESTART;
    if (sigaction(signal_number(), &action, nullptr) != 0) {
        return timer_error("sigaction");
    }
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal_number();
    event._sigev_un._tid = gettid();
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watchdog->timer_) != 0) {
        return timer_error("timer_create");
    }
    watchdog->armed_ = true;
    const auto tick = std::chrono::nanoseconds(deadline) / kTicks;
    itimerspec every{};
    every.it_interval.tv_sec = tick / std::chrono::seconds(1);
    every.it_interval.tv_nsec = (tick % std::chrono::seconds(1)).count();
    every.it_value = every.it_interval;
    if (timer_settime(watchdog->timer_, 0, &every, nullptr) != 0) {
        return timer_error("timer_settime");
    }
    return watchdog;
}

Watchdog::~Watchdog() {
    if (armed_) {
        timer_delete(timer_);
    }
}

void Watchdog::begin(lua_State* lua) {
    g_watched.run.store(g_watched.run.load(kRelaxed) + 1, kRelaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    g_watched.running.store(lua, kRelaxed);
}

bool Watchdog::expired() const {
    return g_watched.expired.load(kRelaxed);
}

bool Watchdog::end(lua_State* lua) {
    g_watched.running.store(nullptr, kRelaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!g_watched.expired.load(kRelaxed)) {
        return false;
    }
    g_watched.expired.store(false, kRelaxed);
    lua_sethook(lua, nullptr, 0, 0);
    return true;
}

}  // namespace firebreak::endpoint::lua
