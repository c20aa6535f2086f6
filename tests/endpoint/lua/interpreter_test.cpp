#include "endpoint/lua/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/lua/running.h"

namespace firebreak::endpoint::lua {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class InterpreterTest : public testing::Test {
  protected:
    std::string result(std::string_view source) { return result_of(*interpreter_, owner_, source); }
    void have_time() {
        interpreter_.reset();  // its deadline would be shared
        interpreter_ = new_interpreter({.memory_of_one = 4 << 20, .run = std::chrono::seconds(5)});
        owner_ = interpreter_->add_owner();
    }
    // That whatever happened before has left nothing behind.
    void TearDown() override {
        EXPECT_EQ(result("local t = {} for i = 1, 100 do t[i] = 'x' .. i end return #t"), "100");
        const Owner other = interpreter_->add_owner();
        EXPECT_EQ(result_of(*interpreter_, other, "return text.upper('still here')"), "STILL HERE");
    }

    std::unique_ptr<Interpreter> interpreter_ =
        new_interpreter({.memory_of_one = 4 << 20, .run = std::chrono::milliseconds(20)});
    Owner owner_ = interpreter_->add_owner();
};

TEST_F(InterpreterTest, HasNoneOfLuasOwnLibraries) {
    for (const char* name : {"_G",           "io",           "os",
                             "debug",        "package",      "require",
                             "ffi",          "jit",          "string",
                             "table",        "bit",          "coroutine",
                             "load",         "loadstring",   "loadfile",
                             "dofile",       "getfenv",      "setfenv",
                             "getmetatable", "setmetatable", "rawget",
                             "rawset",       "rawequal",     "next",
                             "select",       "newproxy",     "collectgarbage",
                             "gcinfo",       "print",        "module",
                             "xpcall",       "unpack"}) {
        EXPECT_EQ(result(std::string("return type(") + name + ")"), "nil") << name;
    }
}

TEST_F(InterpreterTest, TakesTextAloneAndNoBytecode) {
    EXPECT_THAT(result("\x1bLJ\x02\x02"), HasSubstr("attempt to load chunk with wrong mode"));
}

TEST_F(InterpreterTest, NamesTheLineOfAnError) {
    EXPECT_EQ(result("\nlocal a\nreturn a.b"),
              "error: test.lua:3: attempt to index local 'a' (a nil value)");
    EXPECT_THAT(result("return return"), HasSubstr("test.lua:1: unexpected symbol"));
    EXPECT_EQ(result("\nassert(nil)"),
              "error: test.lua:2: an assertion does not hold: its value is nil");
    EXPECT_EQ(result("assert(1 == 2)"),
              "error: test.lua:1: an assertion does not hold: its value is false");
    EXPECT_EQ(result("assert(nil, 'no core')"), "error: test.lua:1: no core");
    EXPECT_EQ(result("error({})"),
              "error: test.lua:1: bad argument #1 to 'error' (string expected, "
              "got table)");
}

TEST_F(InterpreterTest, StopsWhatRunsForTooLongWhereverItIs) {
    for (const char* source : {
             "while true do end",
             "while true do pcall(function() while true do end end) end",
             "local function f() return f() end f()",
             "local function f() while true do pcall(f) end end f()",
             "local f function f() pcall(f) return f() end f()",
             "for i = 1, 1e300 do end",
             "while true do text.find('a', 'b') end",
             "while true do for k in pairs({a = 1}) do end end",
             "local t = {} while true do t[1] = {} end",
             "while true do pcall(error, 'x') end",
             "repeat local ok = pcall(pcall, pcall, error) until false",
         }) {
        EXPECT_THAT(result(source), StartsWith("deadline: ")) << source;
    }
}

TEST_F(InterpreterTest, LetsNobodyHaveMoreThanItsMemory) {
    have_time();
    for (const char* source : {
             "local t = {} while true do t[#t + 1] = 'x' .. #t end",
             "local s = 'x' while true do s = s .. s end",
             "local t = {} while true do t = {t, t} end",
             "local s = text.rep('x', 1000000) local t = {} while true do t[#t + 1] = s .. #t end",
             "local t = {} while true do pcall(function() t[#t + 1] = text.rep('x', 100000) .. #t "
             "end) end",
         }) {
        EXPECT_THAT(result(source), StartsWith("memory: ")) << source;
        interpreter_->collect_garbage();
    }
    EXPECT_LT(interpreter_->accounts().live(owner_), 200'000u);
}

TEST_F(InterpreterTest, EndsRecursionWithAnError) {
    EXPECT_THAT(result("local function f() return 1 + f() end return f()"),
                HasSubstr("stack overflow"));
    EXPECT_THAT(
        result("local function f() local ok, e = pcall(f) return ok end return tostring(f())"),
        Not(HasSubstr("crash")));
    std::string nested = "return ";
    for (int i = 0; i < 100'000; ++i) {
        nested += "(";
    }
    EXPECT_THAT(result(nested), StartsWith("error: "));
    EXPECT_THAT(result("return " + std::string(100'000, '{')), StartsWith("error: "));
}

TEST_F(InterpreterTest, LetsNothingSharedBeChanged) {
    for (const char* source :
         {"text.find = nil", "text.mine = 1", "list.insert = type", "('x').y = 1"}) {
        EXPECT_THAT(result(source), StartsWith("error: ")) << source;
    }
    EXPECT_EQ(result("text = nil pcall = nil type = 1 return 1"), "1") << "its own names alone";
    const Owner other = interpreter_->add_owner();
    EXPECT_EQ(result_of(*interpreter_, other, "return type(pcall)"), "function");
    owner_ = other;
}

TEST_F(InterpreterTest, KeepsGlobalsOfOwnersApart) {
    EXPECT_EQ(result("secret = 'x' return secret"), "x");
    const Owner other = interpreter_->add_owner();
    EXPECT_EQ(result_of(*interpreter_, other, "return secret"), "nil");
}

TEST_F(InterpreterTest, ChargesTheOneThatHoardsAndNobodyElse) {
    have_time();
    EXPECT_THAT(result("hoard = {} while true do hoard[#hoard + 1] = 'x' .. #hoard end"),
                StartsWith("memory: "));
    const Owner other = interpreter_->add_owner();
    EXPECT_EQ(result_of(*interpreter_, other,
                        "local t = {} for i = 1, 1000 do t[i] = text.rep('y', 1000) .. i end "
                        "return #t"),
              "1000");
    EXPECT_EQ(result("hoard = nil return 1"), "1");
    interpreter_->collect_garbage();
}

// Whatever allocation it is that finds nothing left.
TEST_F(InterpreterTest, SurvivesWhereverMemoryIsUsedUp) {
    const size_t itself = new_interpreter()->accounts().total();
    size_t refused = 0;
    for (size_t more = 4096; more < 8192; more += 8) {
        const auto crowded = new_interpreter({.memory_of_all = itself + more});
        for (int owners = 0; owners < 20; ++owners) {
            const Owner owner = crowded->add_owner();
            const std::string result = result_of(*crowded, owner, "x = 1 return type");
            ASSERT_TRUE(result == "function" || result.starts_with("memory: ")) << result;
            refused += result == "function" ? 0 : 1;
        }
    }
    EXPECT_GT(refused, 0u);
}

TEST_F(InterpreterTest, GoesOnAfterHundredsOfStops) {
    for (int i = 0; i < 50; ++i) {
        ASSERT_THAT(result("while true do end"), StartsWith("deadline: "));
        ASSERT_EQ(result("return 7"), "7");
    }
}

TEST_F(InterpreterTest, RefusesAChunkThatIsTooLong) {
    EXPECT_EQ(result(std::string(kMaxSourceBytes + 1, ' ')), "error: longer than 1048576 bytes");
}

TEST(LineOf, IsTheOneThatAMessageNamesInTheChunk) {
    EXPECT_EQ(line_of("a.lua:31: no such thing", "a.lua"), 31u);
    EXPECT_EQ(line_of("a.lua: no such thing", "a.lua"), 0u);
    EXPECT_EQ(line_of("b.lua:31: no such thing", "a.lua"), 0u);
    EXPECT_EQ(line_of("a.lua", "a.lua"), 0u);
    EXPECT_EQ(line_of("", ""), 0u);
}

}  // namespace
}  // namespace firebreak::endpoint::lua
