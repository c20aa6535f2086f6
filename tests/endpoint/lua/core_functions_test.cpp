#include "endpoint/lua/core_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/lua/running.h"

namespace firebreak::endpoint::lua {
namespace {

using testing::HasSubstr;

class CoreFunctions : public testing::Test {
  protected:
    std::string of(const std::string& expression) {
        return result_of(*interpreter_, owner_, "return " + expression);
    }
    std::string after(const std::string& code) { return result_of(*interpreter_, owner_, code); }

    std::unique_ptr<Interpreter> interpreter_ = new_interpreter();
    Owner owner_ = interpreter_->add_owner();
};

TEST_F(CoreFunctions, TellOfNoAddresses) {
    EXPECT_EQ(of("tostring({})"), "table");
    EXPECT_EQ(of("tostring(type)"), "function");
    EXPECT_EQ(of("tostring(0.1) .. tostring(true) .. tostring(nil) .. tostring('x')"),
              "0.1truenilx");
    EXPECT_EQ(of("tonumber('0x10')"), "16");
    EXPECT_EQ(of("tonumber('ten')"), "nil");
}

TEST_F(CoreFunctions, SearchTextsLiterally) {
    EXPECT_EQ(of("text.find('a.b.c', '.')"), "2");
    EXPECT_EQ(of("('a.b.c'):find('.', 3)"), "4");
    EXPECT_EQ(of("text.find('abc', '.')"), "nil");
    EXPECT_EQ(of("text.find('abc', '', 9)"), "nil");
    EXPECT_EQ(of("text.contains('powershell -enc x', '-enc')"), "true");
    EXPECT_EQ(of("text.starts_with('abc', 'ab') and text.ends_with('abc', 'bc')"), "true");
    EXPECT_EQ(of("text.lower('ÄBc') .. text.upper('xy')"), "ÄbcXY");
    EXPECT_EQ(of("text.sub('abcdef', 2, 4) .. text.sub('abcdef', -2)"), "bcdef");
    EXPECT_EQ(of("text.sub('abc', 3, 1) .. text.sub('', 1, 9)"), "");
    EXPECT_EQ(of("text.byte('abc', 2)"), "98");
    EXPECT_EQ(of("text.byte('abc', 4)"), "nil");
}

TEST_F(CoreFunctions, MatchWithStars) {
    EXPECT_EQ(of(R"(text.like("C:\\Windows\\TEMP\\a.exe", "*\\temp\\*.EXE"))"), "true");
    EXPECT_EQ(of("text.like('abc', 'a*d')"), "false");
    EXPECT_EQ(of("text.like('', '*')"), "true");
    EXPECT_EQ(of("text.like('ab', 'a')"), "false");
    EXPECT_THAT(of("text.like(text.rep('a', 70000), '*')"), HasSubstr("longer than 65536 bytes"));
    EXPECT_THAT(of("text.like('a', text.rep('*', 300))"), HasSubstr("longer than 256 bytes"));
}

// The worst that the limits allow ends by itself.
TEST_F(CoreFunctions, EndByThemselvesInTheWorstCase) {
    EXPECT_EQ(of("text.like(text.rep('a', 65536), text.rep('a', 100) .. '*' .. "
                 "text.rep('a', 100) .. '*b')"),
              "false");
}

// "*" against all ways to cut the text up.
bool naive_like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern[0] == '*') {
        for (size_t i = 0; i <= text.size(); ++i) {
            if (naive_like(text.substr(i), pattern.substr(1))) {
                return true;
            }
        }
        return false;
    }
    return !text.empty() && text[0] == pattern[0] && naive_like(text.substr(1), pattern.substr(1));
}

RC_GTEST_FIXTURE_PROP(CoreFunctions, MatchAsTheDefinitionSays, ()) {
    const auto of_letters = rc::gen::container<std::string>(rc::gen::element('a', 'b'));
    const auto with_stars = rc::gen::container<std::string>(rc::gen::element('a', 'b', '*'));
    const std::string text = (*of_letters).substr(0, 12);
    const std::string pattern = (*with_stars).substr(0, 8);
    RC_ASSERT(of("text.like('" + text + "', '" + pattern + "')") ==
              (naive_like(text, pattern) ? "true" : "false"));
}

RC_GTEST_FIXTURE_PROP(CoreFunctions, RepeatAsTheDefinitionSays, ()) {
    const auto letters = rc::gen::container<std::string>(rc::gen::inRange('a', '{'));
    const std::string text = *rc::gen::scale(2, letters);
    const int times = *rc::gen::inRange(0, 1500);
    std::string repeated;
    for (int i = 0; i < times; ++i) {
        repeated += text;
    }
    RC_ASSERT(of("text.rep('" + text + "', " + std::to_string(times) + ")") == repeated);
}

TEST_F(CoreFunctions, CutAndJoin) {
    EXPECT_EQ(of("text.join(text.split('a,b,,c', ','), ';')"), "a;b;;c");
    EXPECT_EQ(of("#text.split(text.rep('a,', 3000), ',')"), "1000");
    EXPECT_EQ(of(R"(text.file_name("C:\\a/b.exe") .. text.folder("C:\\a\\b.exe"))"), "b.exeC:\\a");
    EXPECT_THAT(of("text.join({1, {}}, ',')"), HasSubstr("entry 2 is no text"));
    EXPECT_THAT(of("text.rep('abc', 1e9)"), HasSubstr("more than 1048576 bytes"));
    EXPECT_EQ(of("text.rep('', 1e9)"), "");
    EXPECT_EQ(of("text.entropy('aaaa') .. ' ' .. text.entropy('abcd')"), "0 2");
}

TEST_F(CoreFunctions, GoThroughTablesInOrder) {
    EXPECT_EQ(after(R"(
        local told = {}
        for key, value in pairs({z = 1, a = 2, [10] = 3, [2] = 4, m = 5}) do
            list.insert(told, key .. "=" .. value)
        end
        return text.join(told, " "))"),
              "2=4 10=3 a=2 m=5 z=1");
    EXPECT_THAT(after("for k in pairs({[true] = 1}) do end"), HasSubstr("has no order"));
    EXPECT_EQ(
        after("local t, n = {a = 1, b = 2, c = 3}, 0 for k in pairs(t) do t.b = nil n = n + 1 "
              "end return n"),
        "2");
    EXPECT_EQ(after("local s = 0 for i, v in ipairs({5, 6, nil, 7}) do s = s + i * v end return s"),
              "17");
    EXPECT_THAT(after("local t = {} for i = 1, 10001 do t[i] = i end for k in pairs(t) do end"),
                HasSubstr("more than 10000 entries"));
}

// What ipairs() gives is content's to call.
TEST_F(CoreFunctions, StepThroughListsFromPlacesThatThereAre) {
    EXPECT_EQ(after("local step = ipairs({}) return step({[8] = 'x'}, 7)"), "8");
    for (const char* last : {"-1", "-2147483649", "2147483647", "2^53", "1e300", "0/0"}) {
        EXPECT_THAT(after("local step = ipairs({}) return step({[-2^31] = 'x', [0] = 'y'}, " +
                          std::string(last) + ")"),
                    HasSubstr("no place in a list"))
            << last;
    }
}

TEST_F(CoreFunctions, KeepLists) {
    EXPECT_EQ(after("local t = {3, 'b', 1, 'a'} list.sort(t) return text.join(t, ',')"), "1,3,a,b");
    EXPECT_EQ(after("local t = {1, 2, 3} local gone = list.remove(t, 1) list.insert(t, 9) return "
                    "gone .. text.join(t, ',')"),
              "12,3,9");
    EXPECT_EQ(after("return list.remove({})"), "nil");
    EXPECT_EQ(of("list.contains({'a', 'b'}, 'b')"), "true");
    EXPECT_THAT(after("list.sort({1, {}})"), HasSubstr("has no order"));
    EXPECT_THAT(after("list.sort({2, 0/0, 1})"), HasSubstr("has no order"));
    EXPECT_EQ(after("local t = {1/0, 'a', -1/0, 0} list.sort(t) return text.join(t, ',')"),
              "-inf,0,inf,a");
}

TEST_F(CoreFunctions, LookAtBits) {
    EXPECT_EQ(of("math.has_bits(0x1410, 0x10)"), "true");
    EXPECT_EQ(of("math.has_bits(0x1400, 0x10)"), "false");
    EXPECT_THAT(of("math.has_bits(-1, 1)"), HasSubstr("not within 32 bits"));
    EXPECT_THAT(of("math.has_bits(0/0, 1)"), HasSubstr("not within 32 bits"));
    EXPECT_EQ(of("math.floor(-1.5) .. math.min(1, 2) .. math.max(1, 2)"), "-212");
}

// Nobody has to know a function by reading its code.
TEST_F(CoreFunctions, AreAllThereAsTheyAreDocumented) {
    for (const FunctionInfo& info : core_functions()) {
        const std::string name =
            std::string(info.table) + (*info.table != 0 ? "." : "") + info.name;
        EXPECT_EQ(of("type(" + name + ")"), "function") << name;
        EXPECT_EQ(info.signature[0], '(') << name;
    }
}

// Wrong arguments of every kind, to every function: an error, or a value, and never a crash.
RC_GTEST_FIXTURE_PROP(CoreFunctions, TakeAnyArguments, ()) {
    static const std::vector<std::string> kValues = {"nil",      "true",
                                                     "0",        "-1",
                                                     "1e300",    "0/0",
                                                     "'x'",      "text.rep('x', 70000)",
                                                     "{}",       "{1, 2, {}}",
                                                     "{a = {}}", "type",
                                                     "text",     "math.floor(2^53)"};
    const auto functions = core_functions();
    const FunctionInfo& info = functions[*rc::gen::inRange<size_t>(0, functions.size())];
    std::string call = std::string(info.table) + (*info.table != 0 ? "." : "") + info.name + "(";
    for (int n = *rc::gen::inRange(0, 5), i = 0; i < n; ++i) {
        call += (i > 0 ? ", " : "") + *rc::gen::elementOf(kValues);
    }
    const std::string result = of("tostring(" + call + "))");
    RC_ASSERT(result.find("0x") == result.npos);
    RC_ASSERT(of("1 + 1") == "2");
}

}  // namespace
}  // namespace firebreak::endpoint::lua
