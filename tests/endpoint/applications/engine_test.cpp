#include "endpoint/applications/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/applications/rule_engine.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Code;
using host::Machine;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using End = RuleReply::End;

const std::string kDetects = "application {id = 'a'}\ndetect(function()\n";

// What comes of a rule whose function does this, on this machine.
RuleReply of(const std::string& body, const MachineDraft& draft = {},
             const PowerShell& powershell = {}) {
    const auto engine = new_engine();
    // Not on the machine that it is tried on.
    const rules::LoadReply loaded = load(
        *engine, {{"a.lua", kDetects + "if not registry.exists('HKLM\\\\Real') then return end\n" +
                                body + "\nend)"}});
    EXPECT_EQ(loaded.code, Code::kNone) << loaded.message;
    MachineDraft real = draft;
    real.value("HKLM\\Real", "", "");
    return engine->detect(real.made(), powershell).rules.at(0);
}
// The message with which it fails.
std::string error_of(const std::string& body) {
    const RuleReply reply = of(body);
    EXPECT_EQ(reply.end, End::kError) << body;
    return reply.message;
}

TEST(ApplicationEngine, SaysWhatARuleFindsAndAsksFor) {
    const RuleReply reply =
        of("found {program = 'HKLM\\\\x', version = '1.2'} exclude {folder = 'C:\\\\x'} "
           "exclude {process = 'C:\\\\x\\\\a.exe'} exclude {file = 'C:\\\\b'}");
    EXPECT_EQ(reply.end, End::kFound);
    EXPECT_EQ(reply.claim, (Claim{{"a", "a", "1.2", {{EvidenceKind::kProgram, "HKLM\\x"}}},
                                  {{ExclusionKind::kFolder, "C:\\x"},
                                   {ExclusionKind::kProcess, "C:\\x\\a.exe"},
                                   {ExclusionKind::kFile, "C:\\b"}}}));
}

TEST(ApplicationEngine, ReadsProgramsOfAllThreeKeys) {
    const MachineDraft draft = MachineDraft()
                                   .program("Tool 64", "C:\\Tool64")
                                   .program("Tool 32", "C:\\Tool32", false, "3.2")
                                   .program_of_user("tool mine", "C:\\Users\\a\\Tool")
                                   .program("Another", "C:\\Another");
    const RuleReply reply = of(
        "for i, p in ipairs(installed_programs('TOOL')) do found {program = p.key}\n"
        "exclude {folder = text.join({p.name, p.version or '-', p.location, p.bits, p.scope}, '|')}"
        "\nend",
        draft);
    ASSERT_EQ(reply.end, End::kFound) << reply.message;
    EXPECT_THAT(
        reply.claim.exclusions,
        ElementsAre(Exclusion{ExclusionKind::kFolder, "Tool 64|1.0|C:\\Tool64|64|machine"},
                    Exclusion{ExclusionKind::kFolder, "Tool 32|3.2|C:\\Tool32|32|machine"},
                    Exclusion{ExclusionKind::kFolder, "tool mine|-|C:\\Users\\a\\Tool|64|user"}));
}

TEST(ApplicationEngine, KnowsPartsOfWindows) {
    const RuleReply reply =
        of("assert(windows_component('on') == 'enabled') "
           "assert(windows_component('Off') == 'disabled') assert(windows_component('x') == nil)",
           MachineDraft().component("On").component("Off", false));
    EXPECT_EQ(reply.end, End::kNotFound) << reply.message;
}

TEST(ApplicationEngine, GivesARuleNilWherePowerShellHangs) {
    const std::string body =
        "local text, why = powershell('(Get-Service -Name x).Status')\n"
        "if text == nil then error(why) end";
    const RuleReply reply = of(body, {}, {PowerShell::Does::kHangs, 0, ""});
    EXPECT_EQ(reply.end, End::kError);
    EXPECT_THAT(reply.message, HasSubstr("no answer within 60 s"));
    EXPECT_EQ(of(body).end, End::kNotFound);
}

TEST(ApplicationEngine, RefusesWrongArguments) {
    EXPECT_THAT(error_of("found {}"), HasSubstr("none of its names"));
    EXPECT_THAT(error_of("found {program = 'a', service = 'b'}"), HasSubstr("one at a time"));
    EXPECT_THAT(error_of("found {programm = 'a'}"), HasSubstr("unknown name `programm`"));
    EXPECT_THAT(error_of("found {service = 7}"), HasSubstr("`service` must be a text"));
    EXPECT_THAT(error_of("exclude {folder = 'C:\\\\x'}"), HasSubstr("found{…} must come first"));
    EXPECT_THAT(error_of("found {service = 's'} exclude {folder = ('x'):rep(301)}"),
                HasSubstr("`folder` must be a text of 1 to 300 bytes"));
    EXPECT_THAT(error_of("found {service = 's'} exclude {}"), HasSubstr("none of its names"));
    EXPECT_THAT(error_of("for i = 1, 5 do found {service = 's'} end"), HasSubstr("more than 4"));
    EXPECT_THAT(error_of("found {service = 's'} for i = 1, 17 do exclude {file = 'a'} end"),
                HasSubstr("more than 16 exclusions"));
    EXPECT_THAT(error_of("for i = 1, 3 do powershell('x') end"), HasSubstr("more than 2 scripts"));
    EXPECT_THAT(error_of("installed_programs(('x'):rep(65))"), HasSubstr("too long"));
    EXPECT_THAT(error_of("application {id = 'b'}"), HasSubstr("for loading"));
    EXPECT_THAT(error_of("detect(function() end)"), HasSubstr("for loading"));
    EXPECT_THAT(error_of("example('x', {})"), HasSubstr("for loading"));
}

TEST(ApplicationEngine, SaysNothingOfWhatARuleFoundBeforeItFailed) {
    const RuleReply reply =
        of("found {service = 's'} exclude {folder = 'C:\\\\x'} error('too late')");
    EXPECT_EQ(reply.end, End::kError);
    EXPECT_EQ(reply.claim, (Claim{{"a", "", "", {}}, {}}));
}

// --- loading

struct Refusal {
    const char* source;
    Code code;
    const char* message;
};
class RefusedRule : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedRule, IsNamedWithWhatIsWrong) {
    const auto engine = new_engine();
    const rules::LoadReply reply =
        load(*engine, {{"a.lua", "application {id = 'fine'} detect(function() end)"},
                       {"b.lua", GetParam().source}});
    EXPECT_EQ(reply.code, GetParam().code);
    EXPECT_EQ(reply.file, "b.lua");
    EXPECT_THAT(reply.message, HasSubstr(GetParam().message)) << GetParam().source;
}

INSTANTIATE_TEST_SUITE_P(
    Sources, RefusedRule,
    testing::Values(
        Refusal{"", Code::kRulesDoNotCompile, "declares no application"},
        Refusal{"application {id = 'b'}", Code::kRulesDoNotCompile, "nothing detects"},
        Refusal{"detect(function() end)", Code::kRulesDoNotCompile, "must come first"},
        Refusal{"application {id = 'b'}\nif", Code::kRulesDoNotCompile, "b.lua:2:"},
        Refusal{"\x1bLJ\x02", Code::kRulesDoNotCompile, "attempt to load chunk"},
        Refusal{"application {id = 'b c'}", Code::kRulesDoNotCompile, "letters, digits"},
        Refusal{"application {}", Code::kRulesDoNotCompile, "letters, digits"},
        Refusal{"application {id = 'b', nam = 'x'}", Code::kRulesDoNotCompile, "unknown name"},
        Refusal{"application {id = 'fine'} detect(function() end)", Code::kRulesDoNotCompile,
                "stands in a.lua too"},
        Refusal{"application {id = 'b'} application {id = 'c'}", Code::kRulesDoNotCompile,
                "one application"},
        Refusal{"application {id = 'b'} detect(function() end) detect(function() end)",
                Code::kRulesDoNotCompile, "one function"},
        Refusal{"application {id = 'b'} detect(7)", Code::kRulesDoNotCompile, "function expected"},
        Refusal{"application {id = 'b'} installed_programs()", Code::kRulesDoNotCompile,
                "not for loading"},
        Refusal{"application {id = 'b'} files.list('C:\\\\x')", Code::kRulesDoNotCompile,
                "no machine"},
        Refusal{"while true do end", Code::kRulesDoNotCompile, "deadline"},
        Refusal{"local t = 'x' while true do t = t .. t end", Code::kOutOfMemory, "memory"},
        // Tried on a machine on which nothing stands.
        Refusal{"application {id = 'b'} detect(function() found {service = 's'} end)",
                Code::kRuleSelfTest, "nothing stands`: found, where not found is expected"},
        Refusal{"application {id = 'b'} detect(function() return services.find('s').image end)",
                Code::kRuleSelfTest, "attempt to index"},
        Refusal{"application {id = 'b'} detect(function() while true do end end)",
                Code::kRuleSelfTest, "deadline"}));

TEST(ApplicationEngine, TriesExamples) {
    const std::string rule = excluding("App");
    const auto result = [&rule](const std::string& example) {
        const auto engine = new_engine();
        return load(*engine, {{"a.lua", rule + example}});
    };
    EXPECT_EQ(result("example('a', {programs = {{name = 'App 2', location = 'C:\\\\App'}}})").code,
              Code::kNone);
    EXPECT_EQ(
        result("example('a', {programs = {{name = 'Ap', location = 'C:\\\\App'}}}, false)").code,
        Code::kNone);
    EXPECT_EQ(
        result("example('a', {registry = {{key = 'HKLM\\\\A', data = 4294967295}}}, false)").code,
        Code::kNone);
    // Without a location the rule joins nil.
    EXPECT_EQ(result("example('a', {programs = {{name = 'App'}}}, 'error')").code, Code::kNone);
    const rules::LoadReply failed = result("example('mine', {programs = {{name = 'App'}}})");
    EXPECT_EQ(failed.code, Code::kRuleSelfTest);
    EXPECT_THAT(failed.message, HasSubstr("example `mine`: error, where found is expected"));
    for (const char* wrong :
         {"example('a', {program = {}})", "example('a', {programs = {{}}})",
          "example('a', {programs = {7}})", "example('a', {files = {'x'}})",
          "example('a', {registry = {{key = 'x'}}})", "example('a', {powershell = 'x'})",
          "example('a', {registry = {{key = 'HKLM\\\\A', data = -1}}}, false)",
          "example('a', {registry = {{key = 'HKLM\\\\A', data = 4294967296}}}, false)",
          "example('a', {registry = {{key = 'HKLM\\\\A', data = 1e300}}}, false)",
          "example('a', {registry = {{key = 'HKLM\\\\A', data = 0/0}}}, false)",
          "example('a', {}, 'x')", "example('a', {services = {{name = 'a\\\\b', image = 'x'}}})",
          "for i = 1, 17 do example('a', {}, false) end"}) {
        EXPECT_EQ(result(wrong).code, Code::kRulesDoNotCompile) << wrong;
    }
}

TEST(ApplicationEngine, LoadsOnceAndNoMoreThanItMay) {
    const auto engine = new_engine();
    Sources many;
    for (size_t i = 0; i <= kMaxRules; ++i) {
        many[fmt::format("{}.lua", i)] = excluding(fmt::format("App{}", i));
    }
    EXPECT_EQ(load(*engine, many).code, Code::kPayloadSetWrong);
    EXPECT_EQ(load(*engine, {}).code, Code::kPayloadSetWrong);
    EXPECT_EQ(load(*engine, {{"a.lua", excluding("App")}}).loaded, 1u);
    EXPECT_EQ(load(*engine, {{"b.lua", excluding("B")}}).code, Code::kPayloadSetWrong);
}

// --- one rule beside another

TEST(ApplicationEngine, BeginsAnewForEveryMachine) {
    const auto engine = new_engine();
    ASSERT_EQ(load(*engine, {{"a.lua", "seen = 0\n" + rule_for("App",
                                                               "seen = seen + 1\n"
                                                               "exclude {file = tostring(seen)}")}})
                  .code,
              Code::kNone);
    const Machine machine = MachineDraft().program("App", "C:\\App").made();
    for (int i = 0; i < 3; ++i) {
        EXPECT_THAT(engine->detect(machine, {}).rules[0].claim.exclusions,
                    ElementsAre(Exclusion{ExclusionKind::kFile, "1"}));
    }
}

// Loops, bombs and errors that wait for a program: none of them shows when the rule is tried.
const Sources kBad = {
    {"loop.lua", rule_for("App Loop", "while true do end")},
    {"caught.lua",
     rule_for("App Caught", "while true do pcall(function() while true do end end) end")},
    {"bomb.lua",
     rule_for("App Bomb", "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end")},
    {"nil.lua", rule_for("App Nil", "return nothing.x")},
    {"many.lua", rule_for("App Many", "for i = 1, 1000 do exclude {file = 'C:\\\\' .. i} end")},
};

TEST(ApplicationEngine, LetsNoRuleChangeWhatAnotherSays) {
    const Sources good = {{"a.lua", excluding("App One")}, {"z.lua", excluding("App Two")}};
    Sources all = good;
    MachineDraft draft = MachineDraft().program("App One", "C:\\1").program("App Two", "C:\\2");
    for (const auto& [name, source] : kBad) {
        all[name] = source;
    }
    for (const char* name : {"App Loop", "App Caught", "App Bomb", "App Nil", "App Many"}) {
        draft.program(name, "C:\\x");
    }
    const auto alone = new_engine(), beside = new_engine();
    ASSERT_EQ(load(*alone, good).code, Code::kNone);
    const rules::LoadReply loaded = load(*beside, all);
    ASSERT_EQ(loaded.code, Code::kNone) << loaded.message;
    const Machine machine = draft.made();
    for (int look = 0; look < 5; ++look) {
        const DetectReply expected = alone->detect(machine, {}),
                          reply = beside->detect(machine, {});
        ASSERT_THAT(reply.rules, SizeIs(all.size()));
        EXPECT_EQ(reply.rules.front(), expected.rules.front());
        EXPECT_EQ(reply.rules.back(), expected.rules.back());
        EXPECT_EQ(reply.rules.front().end, End::kFound);
        // By file: bomb, caught, loop, many, nil.
        const bool disabled = look >= 3;
        EXPECT_EQ(reply.rules[2].end, disabled ? End::kDisabled : End::kDeadline) << look;
        EXPECT_EQ(reply.rules[3].end, disabled ? End::kDisabled : End::kDeadline) << look;
        EXPECT_EQ(reply.rules[1].end == End::kDisabled, disabled) << look;
        EXPECT_EQ(reply.rules[4].end, End::kError);
        EXPECT_EQ(reply.rules[5].end, End::kError);
    }
}

TEST(ApplicationEngine, DisablesNoRuleThatRecovers) {
    const auto engine = new_engine();
    ASSERT_EQ(load(*engine,
                   {{"a.lua", rule_for("App", "if app.version == '1' then while true do end end")}})
                  .code,
              Code::kNone);
    const Machine stops = MachineDraft().program("App", "C:\\App", true, "1").made();
    const Machine runs = MachineDraft().program("App", "C:\\App", true, "2").made();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(engine->detect(stops, {}).rules[0].end, End::kDeadline);
        EXPECT_EQ(engine->detect(stops, {}).rules[0].end, End::kDeadline);
        EXPECT_EQ(engine->detect(runs, {}).rules[0].end, End::kFound);
    }
}

// --- messages

TEST(ApplicationEngine, AnswersNothingThatIsNoRequest) {
    const auto engine = new_engine();
    EXPECT_THAT(engine->answer({}), IsEmpty());
    const base::Bytes no_machine = base::bytes_of("none");
    EXPECT_THAT(engine->answer(encode(Detect{no_machine, {}}).joined()), IsEmpty());
    EXPECT_THAT(engine->answer(rules::encode(rules::LoadReply{})), IsEmpty());
}

TEST(ApplicationEngine, AnswersRequests) {
    const auto engine = new_engine();
    const std::string source = excluding("App");
    LoadRules rules;
    rules.files = {{"a.lua", base::view_of(source)}};
    ASSERT_OK_AND(const rules::LoadReply loaded,
                  rules::parse_load_reply(engine->answer(encode(rules).joined())));
    EXPECT_EQ(loaded.loaded, 1u);
    const base::Bytes machine = host::encode(MachineDraft().program("App", "C:\\App").made());
    ASSERT_OK_AND(const DetectReply reply,
                  parse_detect_reply(engine->answer(encode(Detect{machine, {}}).joined())));
    EXPECT_EQ(reply.rules.at(0).end, End::kFound);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
