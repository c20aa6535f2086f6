#include "endpoint/lua/watchdog.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

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

void stop(lua_State* lua, lua_Debug*) {
    luaL_error(lua, "stopped at its deadline");
}

base::Error timer_error(const char* what) {
    return {std::string("no timer for rules: ") + what + ": " + std::strerror(errno), "", ""};
}

}  // namespace

Watchdog::Watched Watchdog::watched_;

// lua_sethook() may be called from a signal handler, as LuaJIT's manual says.
void Watchdog::on_tick(int) {
    lua_State* const lua = watched_.running.load(kRelaxed);
    if (lua == nullptr) {
        return;
    }
    const uint32_t run = watched_.run.load(kRelaxed);
    if (watched_.seen.load(kRelaxed) != run) {
        watched_.seen.store(run, kRelaxed);
        watched_.ticks.store(0, kRelaxed);
        return;
    }
    const uint32_t ticks = watched_.ticks.load(kRelaxed) + 1;
    watched_.ticks.store(ticks, kRelaxed);
    if (ticks >= kTicks) {
        watched_.expired.store(true, kRelaxed);
        lua_sethook(lua, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
}

base::Result<std::unique_ptr<Watchdog>> Watchdog::start(std::chrono::microseconds deadline) {
    std::unique_ptr<Watchdog> watchdog(new Watchdog);
    if (!watched_.ticks_come) {
        FB_CHECK(set_timer(deadline));
        watched_.ticks_come = true;
    }
    return watchdog;
}

base::Status Watchdog::set_timer(std::chrono::microseconds deadline) {
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
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &watched_.timer) != 0) {
        return timer_error("timer_create");
    }
    const auto tick = std::chrono::nanoseconds(deadline) / kTicks;
    itimerspec every{};
    every.it_interval.tv_sec = tick / std::chrono::seconds(1);
    every.it_interval.tv_nsec = (tick % std::chrono::seconds(1)).count();
    every.it_value = every.it_interval;
    if (timer_settime(watched_.timer, 0, &every, nullptr) != 0) {
        const base::Error error = timer_error("timer_settime");
        timer_delete(watched_.timer);
        return error;
    }
    return {};
}

// Where there are no ticks any more, the last one that was left over finds nothing to stop.
Watchdog::~Watchdog() {
    if (--watched_.users == 0 && watched_.ticks_come) {
        timer_delete(watched_.timer);
        watched_.ticks_come = false;
    }
}

bool Watchdog::let_go(lua_State* lua) {
    watched_.expired.store(false, kRelaxed);
    lua_sethook(lua, nullptr, 0, 0);
    return true;
}

}  // namespace firebreak::endpoint::lua
