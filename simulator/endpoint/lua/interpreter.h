// A LuaJIT interpreter for code that nobody vouches for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "endpoint/lua/accounts.h"
#include "endpoint/lua/watchdog.h"

struct lua_State;

namespace firebreak::endpoint::lua {

struct Limits {
    size_t memory_of_one = 8u * 1024 * 1024;   // of each owner, garbage included
    size_t memory_of_all = 96u * 1024 * 1024;  // of all together
    std::chrono::microseconds run{10'000};     // processor time of one run
};

inline constexpr size_t kMaxSourceBytes = 1024 * 1024;  // of one chunk
inline constexpr size_t kMaxErrorBytes = 500;

// How a run ended.
enum class End : uint8_t {
    kDone,
    kError,     // of the code itself
    kDeadline,  // it ran for too long
    kMemory,    // its owner's limit, or that of all
};
struct Ended {
    End how = End::kDone;
    std::string message;  // "rules.lua:3: attempt to index a nil value"; at most kMaxErrorBytes
};

// Where in this chunk a message says that the error is: "rules.lua:3: …" → 3. 0: it does not say.
uint32_t line_of(std::string_view message, std::string_view chunk);

// A function of the code's, kept from the garbage collector.
using Function = int;

// No library of Lua's own, no bytecode, no machine code made at run time; the functions of
// core_functions.h, memory by owner (Accounts), and a deadline that no pcall swallows (Watchdog).
// What belongs to one owner sees nothing of another's but what is handed to it: each has globals
// of its own. The same code on the same input does the same in every process: there is no time, no
// address, and no order that depends on one.
//
// Errors in Lua unwind through C++ frames: destructors run, and no exception of ours may cross.
// Not thread-safe, and for the thread that made it (Watchdog).
class Interpreter {
  public:
    static base::Result<std::unique_ptr<Interpreter>> create(const Limits& limits);
    ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    lua_State* state() const { return lua_; }

    // Does set-up work, which may raise errors: `work(lua)` on an empty stack, which is emptied
    // again. As kEngine, and without a deadline.
    template <class Work>
    Ended protect(Work work) {
        return protect([](lua_State* lua, void* context) { (*static_cast<Work*>(context))(lua); },
                       &work);
    }

    // Within protect(): what runs from enter() to leave() is a run of the owner's, as with run();
    // an error in it ends all that protect() does. Of several runs in a row, protection costs once.
    void enter(Owner owner) {
        accounts_.run_as(owner);
        watchdog_->begin(lua_);
    }
    void leave() {
        watchdog_->end(lua_);
        accounts_.clear_refused();
        accounts_.run_as(kEngine);
    }

    // Sees the core functions, and what is added to them with add_function().
    Owner add_owner();
    // Compiles a chunk of text whose globals are the owner's, into `function`. `name`: for
    // messages.
    Ended compile(Owner owner, std::string_view name, base::ByteView source, Function& function);
    // Keeps the function on top of the stack, which it takes from there. It may raise an error.
    Function keep_function();
    void release(Function function);
    // Has `work()` paid for by the engine, whoever runs. For whatever changes a table that owners
    // share: one that cannot grow is left without some of what it had, which may be anybody's.
    template <class Work>
    void as_engine(Work work) {
        const Owner owner = accounts_.running();
        accounts_.run_as(kEngine);
        work();  // an error ends the run, and pcall() does not catch one about memory
        accounts_.run_as(owner);
    }
    // Calls what is on the stack, below so many arguments, and leaves so many results there, or
    // nothing after any end but kDone.
    Ended run(Owner owner, int arguments, int results);
    // The owner's run now under way has lost its right to go on: for functions that catch errors.
    bool must_end() const { return watchdog_->expired() || accounts_.refused(); }

    const Accounts& accounts() const { return accounts_; }
    // Puts the table of the functions that all owners see on the stack: what is added there while
    // nothing is loaded, all of them have. Of the engine, never for content to hold.
    void push_shared_functions();
    // All garbage; as the engine.
    void collect_garbage();

  private:
    // What `owner` sees beside the shared functions. May raise an error.
    void push_globals(Owner owner);
    Interpreter(const Limits& limits, std::unique_ptr<Watchdog> watchdog);
    Ended protect(void (*work)(lua_State*, void*), void* context);
    Ended ended(int status);

    std::unique_ptr<Watchdog> watchdog_;
    Accounts accounts_;
    lua_State* lua_ = nullptr;
    Function protected_ = -2;  // LUA_NOREF: not yet
};

// The interpreter that runs this code.
Interpreter& interpreter_of(lua_State* lua);

// Puts an empty table on the stack through which `table`, on top of the stack now, can be read and
// not written, looked into for its names or exchanged; it takes the place of `table`.
void seal(lua_State* lua, const char* name);

}  // namespace firebreak::endpoint::lua
