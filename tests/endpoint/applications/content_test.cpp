// The rules that ship and the hostile ones, as they lie in fixtures/content, in one engine.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "endpoint/applications/budget.h"
#include "endpoint/applications/rule_engine.h"
#include "host/persona.h"

namespace firebreak::endpoint::applications {
namespace {

namespace fs = std::filesystem;
using base::Code;
using host::Machine;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;
using End = RuleReply::End;

const fs::path kShipped = kContent / "good/APPFEED/2026-03-02";
const fs::path kShippedForUsers = kContent / "good/USERAPPFEED/2026-03-02";
const fs::path kHostile = kContent / "malicious/APPFEED";

// What comes of all rules of a folder: "sql-server: process C:\…", and "git" for one without any.
std::vector<std::string> excluded(const fs::path& folder, const Machine& machine) {
    const auto engine = new_engine();
    const rules::LoadReply loaded = load(*engine, sources_in(folder));
    EXPECT_EQ(loaded.code, Code::kNone) << loaded.file << ": " << loaded.message;
    std::vector<Claim> claims;
    for (const RuleReply& rule : engine->detect(machine, {}).rules) {
        EXPECT_FALSE(rule.failed()) << rule.message;
        if (rule.end == End::kFound) {
            claims.push_back(rule.claim);
        }
    }
    std::vector<std::string> lines;
    const std::vector<Judgement> judgements = judge(machine, claims);
    for (size_t i = 0; i < claims.size(); ++i) {
        const std::string& id = claims[i].application.id;
        EXPECT_TRUE(judgements[i].there) << id;
        for (const auto& [exclusion, why] : judgements[i].refused) {
            ADD_FAILURE() << id << ": " << exclusion.path << ": " << to_text(why);
        }
        for (const Exclusion& exclusion : judgements[i].granted) {
            lines.push_back(fmt::format("{}: {} {}", id, to_text(exclusion.kind), exclusion.path));
        }
        if (judgements[i].granted.empty()) {
            lines.push_back(id);
        }
    }
    return lines;
}

Machine machine_of(const std::string& persona) {
    const auto loaded = host::load_persona(test::fixtures_dir() / "personas" / (persona + ".toml"));
    EXPECT_TRUE(loaded.ok()) << loaded.error().text();
    return Machine(*loaded);
}

struct Shipped {
    const char* persona;
    std::vector<std::string> machine_wide, for_users;
};
class ShippedApplicationRules : public testing::TestWithParam<Shipped> {};

TEST_P(ShippedApplicationRules, FindWhatStandsOnThePersona) {
    const Machine machine = machine_of(GetParam().persona);
    EXPECT_THAT(excluded(kShipped, machine), UnorderedElementsAreArray(GetParam().machine_wide));
    EXPECT_THAT(excluded(kShippedForUsers, machine),
                UnorderedElementsAreArray(GetParam().for_users));
}

const std::string kSql = R"(C:\Program Files\Microsoft SQL Server\MSSQL16.MSSQLSERVER\MSSQL)";
const std::vector<std::string> kBrowser = {
    R"(browser: folder C:\Program Files\Browser\crash-reports)"};

INSTANTIATE_TEST_SUITE_P(
    Personas, ShippedApplicationRules,
    testing::Values(Shipped{"server",
                            {R"(iis: folder C:\inetpub\logs)",
                             "sql-server: process " + kSql + R"(\Binn\sqlservr.exe)",
                             R"(mail-server: folder E:\mail\Queue)",
                             R"(mail-server: folder E:\mail\Stores)",
                             R"(mail-server: process E:\mail\bin\transport.exe)",
                             R"(mail-server: process E:\mail\bin\store.exe)",
                             R"(backup: process C:\Program Files\Backup\backup-service.exe)",
                             R"(backup: folder C:\Program Files\Backup\catalogue)"},
                            {}},
                    Shipped{"log-server", {}, {}},
                    Shipped{"till",
                            {R"(till-database: process C:\Till\db\tilldb.exe)",
                             R"(till-database: folder C:\Till\db\data)"},
                            {}},
                    Shipped{"developer",
                            {"hypervisor"},
                            {R"(git: process C:\Program Files\Git\cmd\git.exe)",
                             R"(git: process C:\Program Files\Git\mingw64\bin\git.exe)"}},
                    Shipped{"office-laptop", {}, kBrowser},
                    Shipped{"roaming-laptop", {}, kBrowser}),
    [](const auto& one) {
        std::string name = one.param.persona;
        std::erase(name, '-');
        return name;
    });

TEST(ShippedApplicationRules, AreSixForMachinesAndTwoForUsers) {
    EXPECT_EQ(sources_in(kShipped).size(), 6u);
    EXPECT_EQ(sources_in(kShippedForUsers).size(), 2u);
}

TEST(ShippedApplicationRules, ExcludeWhatLiesOnOtherDrivesWhereItIsThere) {
    const Machine machine =
        MachineDraft()
            .component("Microsoft-Hyper-V")
            .value(R"(HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Virtualization)",
                   "DefaultVirtualHardDiskPath", "V:\\disks")
            .file("V:\\disks\\build.vhdx")
            .value(R"(HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL)", "TWO",
                   "I2")
            .value(R"(HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\I2\Setup)", "SQLDataRoot",
                   "E:\\sql")
            .service("MSSQL$TWO", kSql + "\\Binn\\sqlservr.exe -sTWO")
            .file("E:\\sql\\DATA\\shop.mdf")
            .made();
    EXPECT_THAT(excluded(kShipped, machine),
                ElementsAre("hypervisor: folder V:\\disks", "sql-server: folder E:\\sql\\DATA"));
}

TEST(ShippedApplicationRules, SayNothingOfIisWherePowerShellGivesNoAnswer) {
    const auto engine = new_engine();
    ASSERT_EQ(load(*engine, sources_in(kShipped)).code, Code::kNone);
    for (const auto does : {PowerShell::Does::kFails, PowerShell::Does::kHangs}) {
        const DetectReply reply = engine->detect(machine_of("server"), {does, 1, "no"});
        EXPECT_EQ(std::ranges::count(reply.rules, true, &RuleReply::failed), 1);
        EXPECT_EQ(std::ranges::count(reply.rules, End::kFound, &RuleReply::end), 3) << "the others";
    }
}

// --- hostile rules

// A machine on which each of them can do what it means to, with two honest rules.
Machine attacked_machine() {
    MachineDraft draft;
    draft.program("Honest One", "C:\\One").program("Honest Two", "C:\\Two");
    draft.program("Notes", "C:\\Program Files\\Notes").files("C:\\Program Files\\Notes", 20);
    draft.program_of_user("Helper", "C:\\tools").file("C:\\x").files("C:\\other", 30);
    draft.program("Portable", "");
    draft.file("C:\\Windows\\System32\\svchost.exe", true).file("C:\\Users\\ana\\Downloads\\a.exe");
    for (const char* folder : {"a", "b", "c", "d", "e"}) {
        draft.files(std::string("C:\\shares\\") + folder, 2);
    }
    return draft.made();
}

struct HostileRule {
    const char* name;
    Code refused;  // at load; kNone: it is loaded
    End end;       // the first time
    bool there;
    size_t granted;
    std::set<Refusal> why;
    End later;  // the fifth time
};
HostileRule refused_at_load(const char* name, Code code) {
    return {name, code, End::kError, false, 0, {}, End::kError};
}
HostileRule refused_alone(const char* name, std::set<Refusal> why, size_t granted = 0) {
    return {name, Code::kNone, End::kFound, true, granted, std::move(why), End::kFound};
}
HostileRule ends(const char* name, End end, End later) {
    return {name, Code::kNone, end, false, 0, {}, later};
}

std::vector<HostileRule> hostile_rules() {
    using enum Refusal;
    return {
        refused_alone("whole-drive", {kDrive}),
        refused_alone("shared-folders", {kWindows, kShared}),
        refused_alone("profiles", {kProfile}),
        refused_alone("wildcards", {kWildcard}),
        refused_alone("other-spellings", {kShortName, kWildcard, kNoPath}),
        refused_alone("piece-by-piece", {kShare}, 1),
        refused_alone("system-process", {kWindows}),
        refused_alone("not-yet-there", {kNotThere}),
        refused_alone("as-many-as-it-may", {kTooManyOfApplication}, 8),
        ends("thousand-exclusions", End::kError, End::kError),
        {"ghost", Code::kNone, End::kFound, false, 0, {}, End::kFound},
        refused_at_load("ghost-everywhere", Code::kRuleSelfTest),
        refused_alone("users-word", {kNotThere}),
        ends("loop", End::kDeadline, End::kDisabled),
        ends("loop-in-pcall", End::kDeadline, End::kDisabled),
        refused_at_load("loop-at-load", Code::kRulesDoNotCompile),
        refused_at_load("loop-on-every-machine", Code::kRuleSelfTest),
        ends("hanging-scripts", End::kError, End::kError),
        ends("script-injection", End::kError, End::kError),
        ends("huge-names", End::kError, End::kError),
        ends("terminal-codes", End::kError, End::kError),
        ends("writes", End::kNotFound, End::kNotFound),
        refused_at_load("bytecode", Code::kRulesDoNotCompile),
        ends("nil-index", End::kError, End::kError),
    };
}
// Whether it meets its deadline first depends on the machine that runs it.
const std::set<std::string> kByTheMachine = {"table-bomb", "ten-thousand-reads"};

class BetweenHonestRules : public testing::Test {
  protected:
    // Between two honest rules. Nothing: refused as expected.
    std::unique_ptr<Engine> loaded(const std::string& name, Code refused) {
        Sources sources = {{"a.lua", excluding("Honest One")}, {"z.lua", excluding("Honest Two")}};
        sources.merge(sources_in(kHostile / name));
        auto engine = new_engine();
        const rules::LoadReply reply = load(*engine, sources);
        EXPECT_EQ(reply.code, refused) << reply.message;
        EXPECT_EQ(reply.file, refused == Code::kNone ? "" : name + ".lua");
        return reply.code == Code::kNone ? std::move(engine) : nullptr;
    }
    static void expect_honest(const Machine& machine, const DetectReply& reply) {
        std::vector<Claim> claims;
        for (const RuleReply& rule : reply.rules) {
            if (rule.end == End::kFound) {
                claims.push_back(rule.claim);
            }
        }
        ASSERT_GE(claims.size(), 2u);
        const std::vector<Judgement> judgements = judge(machine, claims);
        EXPECT_THAT(judgements.front().granted,
                    ElementsAre(Exclusion{ExclusionKind::kFolder, "C:\\One\\data"}));
        EXPECT_THAT(judgements.back().granted,
                    ElementsAre(Exclusion{ExclusionKind::kFolder, "C:\\Two\\data"}));
    }
};

class HostileApplicationRule : public BetweenHonestRules,
                               public testing::WithParamInterface<HostileRule> {};

TEST_P(HostileApplicationRule, IsContainedAndChangesNothingForOthers) {
    const HostileRule& expected = GetParam();
    const auto engine = loaded(expected.name, expected.refused);
    if (engine == nullptr) {
        return;
    }
    const Machine machine = attacked_machine();
    const PowerShell hangs{PowerShell::Does::kHangs, 0, ""};
    const std::string name = expected.name;
    const PowerShell powershell = name == "hanging-scripts" ? hangs : PowerShell();
    const DetectReply reply = engine->detect(machine, powershell);
    expect_honest(machine, reply);
    const RuleReply& rule = reply.rules.at(1);
    EXPECT_EQ(rule.end, expected.end) << rule.message;
    EXPECT_EQ(rule.message.find('\x1b'), std::string::npos);
    EXPECT_LE(reply.waited_s, 2 * kScriptLimit_s);
    if (rule.end == End::kFound) {
        const Judgement judgement = judge(machine, std::span(&rule.claim, 1)).front();
        EXPECT_EQ(judgement.there, expected.there);
        EXPECT_EQ(judgement.granted.size(), expected.granted);
        std::set<Refusal> why;
        for (const auto& [exclusion, refusal] : judgement.refused) {
            why.insert(refusal);
        }
        EXPECT_EQ(why, expected.why);
    }
    DetectReply later;
    for (int i = 0; i < 4; ++i) {
        later = engine->detect(machine, powershell);
    }
    expect_honest(machine, later);
    EXPECT_EQ(later.rules.at(1).end, expected.later);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, HostileApplicationRule, testing::ValuesIn(hostile_rules()),
                         [](const auto& one) {
                             std::string name = one.param.name;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST_F(BetweenHonestRules, OneThatUsesMuchChangesNothing) {
    const Machine machine = attacked_machine();
    for (const std::string& name : kByTheMachine) {
        const auto engine = loaded(name, Code::kNone);
        ASSERT_NE(engine, nullptr);
        for (int i = 0; i < 5; ++i) {
            const DetectReply reply = engine->detect(machine, {});
            expect_honest(machine, reply);
            EXPECT_NE(reply.rules.at(1).end, End::kFound) << name;
        }
    }
}

TEST(HostileApplicationRules, AreThoseOfTheTable) {
    std::set<std::string> expected = kByTheMachine, there;
    for (const HostileRule& rule : hostile_rules()) {
        expected.insert(rule.name);
    }
    const auto readme = base::read_file(kHostile / "README.md", 1 << 20);
    ASSERT_TRUE(readme.ok());
    for (const auto& entry : fs::directory_iterator(kHostile)) {
        if (entry.is_directory()) {
            const std::string name = entry.path().filename().string();
            there.insert(name);
            EXPECT_NE(base::text_of(*readme).find("(" + name + ")"), std::string_view::npos)
                << name;
        }
    }
    EXPECT_EQ(there, expected);
}

}  // namespace
}  // namespace firebreak::endpoint::applications
