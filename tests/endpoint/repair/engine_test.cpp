#include "endpoint/repair/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/repair/repair_fixture.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using End = RuleReport::End;

// With time enough that no rule here is stopped that comes to its end, sanitizers and all.
std::unique_ptr<Engine> patient_engine() {
    return new_engine({.rule = std::chrono::milliseconds(200)});
}

class RepairEngine : public testing::Test {
  protected:
    rules::LoadReply load(const KitSources& kit) { return engine_->load(request_of(kit)); }
    void load_well(const KitSources& kit) {
        const rules::LoadReply reply = load(kit);
        ASSERT_EQ(reply.code, Code::kNone) << reply.file << ": " << reply.message;
        EXPECT_EQ(reply.loaded, kit.size());
    }
    MendReply mend() { return engine_->mend(machine_, package_of(product_2026())); }
    // What one rule does, on the product's machine.
    RuleReport done_by(const std::string& body) {
        engine_ = patient_engine();
        load_well({{"a.lua", rule_on_product("a", body)}});
        return mend().rules.at(0);
    }
    void expect_error(const std::string& body, const std::string& part) {
        const RuleReport report = done_by(body);
        EXPECT_EQ(report.end, End::kError) << body;
        EXPECT_THAT(report.message, HasSubstr(part)) << body;
        EXPECT_THAT(report.journal, IsEmpty()) << body;
    }
    void expect_entry(const std::string& body, const Entry& entry) {
        const RuleReport report = done_by(body);
        EXPECT_EQ(report.end, End::kDone) << report.message;
        EXPECT_THAT(report.journal, ElementsAre(entry)) << body;
    }
    void expect_refused(const std::string& source, Code code, const std::string& part) {
        engine_ = patient_engine();
        const rules::LoadReply reply = load({{"a.lua", source}});
        EXPECT_EQ(reply.code, code) << source;
        EXPECT_EQ(reply.file, "a.lua");
        EXPECT_THAT(reply.message, HasSubstr(part)) << source;
        EXPECT_THAT(mend().rules, IsEmpty());
    }

    std::unique_ptr<Engine> engine_ = patient_engine();
    host::Machine machine_ = damaged_machine();
};

TEST_F(RepairEngine, SaysWhatItDoes) {
    expect_entry(R"(files.write("C:\\a", "x\0y"))",
                 host::WriteFile{"C:\\a", base::bytes_of(std::string("x\0y", 3))});
    expect_entry(R"(files.delete("c:\\windows\\system32\\NTOSKRNL.exe"))",
                 host::DeleteFile{R"(c:\windows\system32\NTOSKRNL.exe)"});
    expect_entry(R"(files.restore("c:\\program files\\ENDPOINT guard\\updater\\updater.exe"))",
                 Restore{kUpdater});
    expect_entry(R"(registry.delete("HKLM\\SOFTWARE\\Endpoint Guard", "version"))",
                 host::DeleteValue{R"(HKLM\SOFTWARE\Endpoint Guard)", "version"});
    expect_entry(R"(registry.delete_key("HKLM\\SYSTEM"))", host::DeleteKey{R"(HKLM\SYSTEM)"});
    expect_entry(R"(note("it is so"))", Note{"it is so"});
    expect_entry(R"(note("a\27b"))", Note{R"(a\x1bb)"});
    EXPECT_THAT(done_by("if files.exists('C:\\\\none') then note('it is') end").journal, IsEmpty());
}

TEST_F(RepairEngine, SetsValuesOfAllTypes) {
    using host::RegistryType;
    const auto set = [](RegistryType type, decltype(host::RegistryValue::data) data) {
        return host::SetValue{R"(HKLM\K)", {"n", type, std::move(data)}};
    };
    const std::string call = R"(registry.set("HKLM\\K", "n", )";
    expect_entry(call + "7)", set(RegistryType::kDword, uint64_t{7}));
    expect_entry(call + "2^32)", set(RegistryType::kQword, uint64_t{1} << 32));
    expect_entry(call + "7, 'REG_QWORD')", set(RegistryType::kQword, uint64_t{7}));
    expect_entry(call + "'x')", set(RegistryType::kSz, std::string("x")));
    expect_entry(call + "'x', 'REG_EXPAND_SZ')", set(RegistryType::kExpandSz, std::string("x")));
    expect_entry(call + "'x', 'REG_BINARY')", set(RegistryType::kBinary, base::Bytes{'x'}));
    expect_entry(call + "{'x', 'y'})",
                 set(RegistryType::kMultiSz, std::vector<std::string>{"x", "y"}));
    expect_error(call + "-1)", "a whole number");
    expect_error(call + "0.5)", "a whole number");
    expect_error(call + "2^60)", "a whole number");
    expect_error(call + "{1})", "a list of texts");
    expect_error(
        "local t, x = {}, text.rep('x', 100000) for i = 1, 9999 do t[i] = x end " + call + "t)",
        "too long: a value has 65536 bytes at most");
    expect_error(call + "true)", "string expected");
    expect_error(call + "'x', 'REG_DWORD')", "has no data of the type REG_DWORD");
    expect_error(call + "1, 'REG_X')", "no such type");
    expect_error("registry.set('HKLM', 'n', 1)", "does not begin with");
}

TEST_F(RepairEngine, ConfiguresServicesAndLeavesTheRest) {
    using host::ServiceStart;
    const auto call = [](const std::string& what) {
        return "services.configure('eventlog', {" + what + "})";
    };
    const auto change = [](ServiceStart start, bool running) {
        return host::ConfigureService{"eventlog", start, running};
    };
    expect_entry(call("start = 'manual'"), change(ServiceStart::kManual, true));
    expect_entry(call("running = false"), change(ServiceStart::kAutomatic, false));
    expect_entry(call("start = 'disabled'"), change(ServiceStart::kDisabled, false));
    expect_error(call("start = 'disabled', running = true"), "cannot be started");
    expect_error(call("start = 'often'"), "boot, system, automatic");
    expect_error(call("started = true"), "unknown name `started`");
    expect_error(call("running = 1"), "boolean expected");
    expect_error("services.configure('none', {})", "there is no service `none`");
}

TEST_F(RepairEngine, RefusesWhatCannotBeDone) {
    expect_error("files.delete('C:\\\\none')", "there is no file");
    expect_error("files.restore('C:\\\\none')", "is not in the package");
    expect_error("files.write('\\\\\\\\server\\\\a', '')", "does not begin with a drive");
    expect_error("registry.delete('HKLM\\\\a', 'b')", "there is no value");
    expect_error("registry.delete_key('HKLM')", "does not begin with");
    expect_error("files.write('C:\\\\a', text.rep('x', 70000))", "too long");
    expect_error("for i = 1, 1001 do note('') end", "the journal is full");
    expect_error("for i = 1, 300 do note(text.rep('x', 300)) end", "the journal is full");
    EXPECT_THAT(done_by("for i = 1, 1000 do note('') end").journal, SizeIs(kMaxEntries));
    EXPECT_EQ(size_of(done_by("note(text.rep('x', 1000))").journal.at(0)),
              size_of(Note{std::string(kMaxNoteBytes - 6, 'x') + "…"}));
}

// An act that was refused is in no journal, however often it is tried.
TEST_F(RepairEngine, LetsRulesCatchWhatIsRefused) {
    const RuleReport report = done_by(
        "for i = 1, 1500 do pcall(files.delete, 'C:\\\\none') end "
        "for i = 1, 1100 do pcall(files.write, 'C:\\\\' .. i, '') end "
        "if files.exists('C:\\\\1001') then error('done, and in no journal') end");
    EXPECT_EQ(report.end, End::kDone) << report.message;
    EXPECT_THAT(report.journal, SizeIs(kMaxEntries));
}

TEST_F(RepairEngine, SeesItsOwnChangesAndThoseBeforeIt) {
    load_well({{"a.lua", rule_on_product("a", R"(
                    files.restore(package.list()[1])
                    files.write("C:\\a", "x")
                    registry.set("HKLM\\K", "n", 1)
                    services.configure("EventLog", {running = false})
                    assert(files.read("C:\\a") == "x" and registry.value("HKLM\\K", "n") == 1)
                    assert(not services.find("EventLog").running))")},
               {"b.lua", rule_on_product("b", R"(
                    local first = package.list()[1]
                    assert(files.digest(first) == package.digest(first))
                    assert(files.read("C:\\a") == "x" and registry.value("HKLM\\K", "n") == 1)
                    files.delete("C:\\a")
                    assert(files.size("C:\\a") == nil))")}});
    const MendReply reply = mend();
    EXPECT_EQ(reply.rules.at(0).message, "");
    EXPECT_EQ(reply.rules.at(1).message, "");
    EXPECT_THAT(reply.rules.at(0).journal, SizeIs(4));
    EXPECT_THAT(reply.rules.at(1).journal, SizeIs(1));
}

TEST_F(RepairEngine, HasNoContentOfWhatItRestored) {
    const std::string path = fmt::format("local path = [[{}]] ", kUpdater);
    EXPECT_EQ(done_by(path + "assert(files.read(path) ~= nil)").message, "");
    expect_error(path + "files.restore(path) files.read(path)", "its content is not here");
    EXPECT_EQ(done_by(path + "files.restore(path) assert(files.size(path) == 14336) "
                             "assert(files.digest(path) == package.digest(path)) "
                             "files.write(path, 'x') assert(files.read(path) == 'x')")
                  .message,
              "");
    EXPECT_EQ(done_by(path + "files.restore(path) files.delete(path) "
                             "assert(files.read(path) == nil)")
                  .message,
              "");
}

// A rule that fails has done nothing: neither in its report, nor for those behind it.
TEST_F(RepairEngine, UndoesWhatFailedAndNothingElse) {
    const std::string act = "files.write('C:\\\\b', '') files.restore(package.list()[11]) ";
    for (const auto& [failure, end] : std::map<std::string, End>{
             {"error('no')", End::kError},
             {"local n = nil + 1", End::kError},
             {"while true do end", End::kDeadline},
             {"while true do pcall(function() while true do end end) end", End::kDeadline},
             {"local t = {} for i = 1, 9999 do t[i] = text.rep('x', 99999) "
              ".. i end",
              End::kMemory}}) {
        engine_ = patient_engine();
        load_well({{"a.lua", rule_on_product("a", "files.write('C:\\\\a', '')")},
                   {"b.lua", rule_on_product("b", act + failure)},
                   {"c.lua", rule_on_product("c",
                                             "assert(files.exists('C:\\\\a')) "
                                             "assert(not files.exists('C:\\\\b')) "
                                             "files.read(package.list()[11]) note('c')")}});
        const MendReply reply = mend();
        EXPECT_THAT(reply.rules.at(0).journal, SizeIs(1)) << failure;
        EXPECT_EQ(reply.rules.at(1).end, end) << failure;
        EXPECT_NE(reply.rules.at(1).message, "") << failure;
        EXPECT_THAT(reply.rules.at(1).journal, IsEmpty()) << failure;
        EXPECT_EQ(reply.rules.at(2).message, "") << failure;
        EXPECT_THAT(reply.rules.at(2).journal, ElementsAre(Entry(Note{"c"}))) << failure;
    }
}

TEST_F(RepairEngine, KeepsNothingFromOneRunToTheNext) {
    load_well({{"a.lua",
                "repair {id = 'a'} local runs = 0 count = 0 mend(function() "
                "runs = runs + 1 count = count + 1 "
                "assert(runs == 1 and count == 1) end)"},
               {"b.lua", rule_that("b", "assert(count == nil)")}});
    for (int run = 0; run < 3; ++run) {
        for (const RuleReport& report : mend().rules) {
            EXPECT_EQ(report.message, "");
        }
    }
}

TEST_F(RepairEngine, RefusesRulesThatAreNone) {
    expect_refused("repair {id = 'a'}\nif", Code::kRulesDoNotCompile, "a.lua:2:");
    expect_refused("\x1bLJ\x02", Code::kRulesDoNotCompile, "");
    expect_refused("local a = 1", Code::kRulesDoNotCompile, "declares no rule");
    expect_refused("repair {id = 'a'}", Code::kRulesDoNotCompile, "mends nothing");
    expect_refused("mend(function() end)", Code::kRulesDoNotCompile, "after repair{");
    expect_refused("repair {}", Code::kRulesDoNotCompile, "`id` is missing");
    expect_refused("repair {id = 'a', name = 'b'}", Code::kRulesDoNotCompile, "unknown name");
    expect_refused("repair {id = 'a'} repair {id = 'b'}", Code::kRulesDoNotCompile, "one rule");
    expect_refused(rule_that("a", "") + "mend(function() end)", Code::kRulesDoNotCompile, "once");
    expect_refused("repair {id = 'a'} files.delete('C:\\\\a')", Code::kRulesDoNotCompile,
                   "for mend(), and not for loading");
    expect_refused("repair {id = 'a'} files.exists('C:\\\\a')", Code::kRulesDoNotCompile,
                   "there is no machine");
    expect_refused("repair {id = 'a'} while true do end", Code::kRulesDoNotCompile, "");
    expect_refused(
        "repair {id = 'a'} local t = {} for i = 1, 9999 do t[i] = text.rep('x', 99999) "
        ".. i end",
        Code::kOutOfMemory, "");
}

TEST_F(RepairEngine, TriesRulesOnAnEmptyMachine) {
    expect_refused(rule_that("a", "while true do end"), Code::kRuleSelfTest,
                   "on an empty machine:");
    expect_refused(rule_that("a", "services.find('x').start = 1"), Code::kRuleSelfTest,
                   "attempt to index");
    expect_refused(rule_that("a", "files.write('C:\\\\a', '')"), Code::kRuleSelfTest,
                   "it changes an empty machine");
    expect_refused(rule_that("a", "registry.set('HKLM\\\\a', '', 1)"), Code::kRuleSelfTest,
                   "it changes an empty machine");
}

TEST_F(RepairEngine, LoadsOneKit) {
    EXPECT_EQ(load({}).code, Code::kPayloadSetWrong);
    EXPECT_THAT(load({{"a.lua", rule_that("a", "")}}).message, HasSubstr("before"));
    engine_ = patient_engine();
    EXPECT_THAT(load({{"a.lua", rule_that("a", "")}, {"b.lua", rule_that("a", "")}}).message,
                HasSubstr("rule `a` stands in a.lua too"));
    KitSources many;
    for (size_t n = 0; n < kMaxRules; ++n) {
        many[fmt::format("{}.lua", n)] = rule_that(fmt::format("r{}", n), "");
    }
    engine_ = patient_engine();
    load_well(many);
    many["one more.lua"] = rule_that("one more", "");
    engine_ = patient_engine();
    EXPECT_EQ(load(many).code, Code::kPayloadSetWrong);
}

TEST_F(RepairEngine, AnswersMessagesAndNothingElse) {
    const KitSources kit = {{"a.lua", rule_on_product("a", "files.restore(package.list()[1])")}};
    ASSERT_OK_AND(const rules::LoadReply loaded,
                  rules::parse_load_reply(engine_->answer(encode(request_of(kit)).joined())));
    EXPECT_EQ(loaded.loaded, 1u);
    const base::Bytes image = host::encode(machine_);
    const base::Bytes request = encode(Mend{image, package_of(product_2026())}).joined();
    ASSERT_OK_AND(const MendReply reply, parse_mend_reply(engine_->answer(request)));
    EXPECT_EQ(reply, mend());
    EXPECT_THAT(engine_->answer({}), IsEmpty());
    EXPECT_THAT(engine_->answer(base::bytes_of("nonsense")), IsEmpty());
    EXPECT_THAT(engine_->answer(encode(Mend{base::view_of("no machine"), {}}).joined()), IsEmpty());
}

}  // namespace
}  // namespace firebreak::endpoint::repair
