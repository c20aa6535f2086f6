// The kit that ships and the hostile rules, as they lie in fixtures/content.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "endpoint/repair/repair_fixture.h"
#include "endpoint/repair/repair_process.h"
#include "host/installed.h"
#include "support/repair_engines.h"

namespace firebreak::endpoint::repair {
namespace {

using host::Machine;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using End = RuleReport::End;

// With time enough for what comes to its end, sanitizers and all.
const EngineLimits kPatient{.rule = std::chrono::milliseconds(100)};

RepairProcess::Loaded loaded(const KitSources& kit) {
    test::RepairEngines processes(kPatient);
    auto done = RepairProcess::start(processes, request_of(kit).files);
    EXPECT_TRUE(done.ok());
    return std::move(done).value();
}

// What becomes of the machine, through the service's own judgement of the journal.
RepairProcess::Mended mended(const KitSources& kit, const Machine& machine) {
    RepairProcess::Mended result;
    const RepairProcess::Loaded process = loaded(kit);
    EXPECT_NE(process.process, nullptr) << base::to_text(process.outcome.evidence);
    if (process.process != nullptr) {
        auto done = process.process->mend(machine, product_2026());
        EXPECT_TRUE(done.ok());
        if (const auto* refused = std::get_if<base::Outcome>(&*done)) {
            ADD_FAILURE() << base::to_text(refused->evidence);
        } else {
            result = std::get<RepairProcess::Mended>(*std::move(done));
        }
    }
    return result;
}

std::vector<std::string> rules_that(const RepairProcess::Mended& done, AuditLine::What what) {
    std::vector<std::string> rules;
    for (const AuditLine& line : done.audit) {
        if (line.what == what) {
            rules.push_back(line.rule);
        }
    }
    return rules;
}

// --- the kit that ships

TEST(ShippedKit, HasNothingToDoOnASoundMachine) {
    const Machine machine = sound_machine();
    const auto done = mended(shipped_kit(), machine);
    EXPECT_EQ(done.machine, machine);
    EXPECT_THAT(done.audit, IsEmpty());
}

TEST(ShippedKit, HasNothingToDoWhereTheProductIsNot) {
    const Machine machine(persona_of_windows());
    test::RepairEngines processes(kPatient);
    const KitSources kit = shipped_kit();
    ASSERT_OK_AND(const auto process, RepairProcess::start(processes, request_of(kit).files));
    ASSERT_OK_AND(const auto done, process.process->mend(machine, host::Product{}));
    EXPECT_EQ(std::get<RepairProcess::Mended>(done).machine, machine);
}

// What each rule is for, and that it alone mends it.
TEST(ShippedKit, HasARuleForEachDamage) {
    using host::RegistryType;
    const std::string key(host::kProductKey);
    const std::string scanner_key = host::service_key("EndpointGuardScanner");
    const std::string staged = std::string(host::kStagingFolder) + "\\update-1.part";
    const std::vector<std::pair<std::string, host::Change>> damages = {
        {"damaged-files", host::WriteFile{kUpdater, {}}},
        {"damaged-files", host::DeleteFile{kScanner}},
        {"left-over-update", host::WriteFile{staged, base::Bytes(7)}},
        {"product-settings", host::DeleteValue{key + R"(\Updater)", "IntervalSeconds"}},
        {"product-settings",
         host::SetValue{key + R"(\Repair)",
                        {"IntervalSeconds", RegistryType::kDword, uint64_t{31'536'000}}}},
        {"product-settings", host::DeleteKey{key + R"(\Updater)"}},
        {"product-settings",
         host::SetValue{key, {"InstallLocation", RegistryType::kSz, std::string("C:\\")}}},
        {"service-programs",
         host::SetValue{scanner_key,
                        {"ImagePath", RegistryType::kExpandSz, std::string("C:\\a.exe")}}},
        {"service-starts",
         host::ConfigureService{"EndpointGuardScanner", host::ServiceStart::kDisabled, false}},
        {"service-starts",
         host::ConfigureService{"EndpointGuardProtection", host::ServiceStart::kAutomatic, false}},
        {"service-starts",
         host::SetValue{scanner_key, {"Start", RegistryType::kDword, uint64_t{4}}}}};
    for (const auto& [rule, damage] : damages) {
        Machine machine = sound_machine();
        ASSERT_OK(host::apply(machine, damage));
        const auto done = mended(shipped_kit(), machine);
        EXPECT_EQ(done.machine, sound_machine()) << host::describe(damage);
        for (const std::string& changed : rules_that(done, AuditLine::What::kChanged)) {
            EXPECT_EQ(changed, rule) << host::describe(damage);
        }
        EXPECT_THAT(rules_that(done, AuditLine::What::kNote), Contains(rule)) << "says why";
    }
}

TEST(ShippedKit, LeavesWhatIsNotTheProducts) {
    const Machine sound = sound_machine();
    Machine machine = sound;
    const std::string other = std::string(host::kStagingFolder) + "-2\\update-1.part";
    ASSERT_OK(host::apply(machine, host::WriteFile{other, {}}));
    ASSERT_OK(host::apply(machine, host::DeleteFile{R"(C:\Windows\System32\ntoskrnl.exe)"}));
    ASSERT_OK(host::apply(
        machine, host::ConfigureService{"EventLog", host::ServiceStart::kDisabled, false}));
    EXPECT_EQ(mended(shipped_kit(), machine).machine, machine);
}

RC_GTEST_PROP(ShippedKit, MendsWhateverAnUncleanShutdownDoes, ()) {
    const base::RandomStream draws(*rc::gen::arbitrary<uint64_t>(), base::Stream::kTrigger);
    const auto endpoint = *rc::gen::arbitrary<uint32_t>();
    Machine machine = sound_machine();
    for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
        host::shut_down_uncleanly(machine, product_2026(), draws, endpoint,
                                  static_cast<uint64_t>(n));
    }
    const auto done = mended(shipped_kit(), machine);
    RC_ASSERT(done.machine == sound_machine());
    RC_ASSERT(rules_that(done, AuditLine::What::kFailed).empty());
    for (const auto& [folded, file] : done.machine.files()) {
        RC_ASSERT(base::sha384(*file.content) == file.sha384);
    }
    RC_ASSERT(mended(shipped_kit(), done.machine).audit.empty());
}

// The last rule tells what it sees; the journal makes the service's machine just that.
RC_GTEST_PROP(ShippedKit, SeesTheMachineThatItsJournalMakes, ()) {
    const base::RandomStream draws(*rc::gen::arbitrary<uint64_t>(), base::Stream::kTrigger);
    KitSources kit = shipped_kit();
    kit["zz-witness.lua"] = rule_on_product("witness", R"(
        for _, path in ipairs(files.list("C:")) do
            note(path .. " " .. files.size(path) .. " " .. files.digest(path):sub(1, 32))
        end
        for _, name in ipairs(services.list()) do
            local found = services.find(name)
            note(name .. " " .. found.start .. " " .. tostring(found.running))
        end)");
    Machine machine = sound_machine();
    host::shut_down_uncleanly(machine, product_2026(), draws, 0);
    RC_ASSERT(host::apply(machine, host::ConfigureService{"EndpointGuardScanner",
                                                          host::ServiceStart::kManual, false})
                  .ok());
    const auto done = mended(kit, machine);
    std::multiset<std::string> seen, there;
    for (const AuditLine& line : done.audit) {
        if (line.rule == "witness") {
            RC_ASSERT(line.what == AuditLine::What::kNote);
            seen.insert(line.text);
        }
    }
    for (const auto& [folded, file] : done.machine.files()) {
        there.insert(fmt::format("{} {} {}", file.path, file.content->size(),
                                 base::sha384(*file.content).hex().substr(0, 32)));
    }
    for (const host::Service& service : done.machine.services()) {
        const bool is_automatic = service.start == host::ServiceStart::kAutomatic;
        RC_ASSERT(is_automatic);
        there.insert(fmt::format("{} automatic {}", service.name, service.running));
    }
    RC_ASSERT(seen == there);
}

// --- hostile rules

const std::filesystem::path kHostileKits = test::fixtures_dir() / "content/malicious/RepairKit";

// What stops it.
enum class Stop { kRefused, kError, kDeadline, kMemory, kNothing };

const std::map<std::string, Stop> kStops = {
    {"deletes-boot-file", Stop::kNothing},
    {"deletes-what-it-mends", Stop::kNothing},
    {"half-way", Stop::kError},
    {"huge-writes", Stop::kMemory},
    {"journal-bomb", Stop::kError},
    {"late-rule", Stop::kError},
    {"list-bomb", Stop::kError},
    {"long-writes", Stop::kError},
    {"loop", Stop::kRefused},
    {"loop-when-damaged", Stop::kDeadline},
    {"makes-itself-at-home", Stop::kRefused},
    {"memory-bomb", Stop::kMemory},
    {"nil-index", Stop::kError},
    {"paths-outside", Stop::kNothing},
    {"protection-off", Stop::kNothing},
    {"ten-thousand-writes", Stop::kError},
    {"unseals", Stop::kError},
    {"wipes-registry", Stop::kNothing},
};

// The hostile rule between two honest ones: the first says what is damaged, the last mends it.
KitSources between_honest_rules(const std::string& hostile) {
    KitSources kit = sources_in(kHostileKits / hostile);
    EXPECT_EQ(kit.size(), 1u);
    kit["!first.lua"] =
        rule_on_product("first",
                        "for _, path in ipairs(package.list()) do "
                        "if files.digest(path) ~= package.digest(path) then note(path) end end");
    kit["~last.lua"] = shipped_kit().at("damaged-files.lua");
    return kit;
}

// The lines of the honest rules alone.
std::vector<AuditLine> honest_lines(const RepairProcess::Mended& done) {
    std::vector<AuditLine> lines = done.audit;
    std::erase_if(lines, [](const AuditLine& line) {
        return line.file != "!first.lua" && line.file != "~last.lua";
    });
    return lines;
}

RepairProcess::Mended honest_alone() {
    KitSources kit = between_honest_rules("half-way");
    kit.erase("half-way.lua");
    return mended(kit, damaged_machine());
}

TEST(HostileRepairRules, AreAllJudgedHereAndInTheReadme) {
    const auto page = base::read_file(kHostileKits / "README.md", 1 << 20);
    ASSERT_OK(page);
    std::set<std::string> there, judged;
    for (const auto& entry : std::filesystem::directory_iterator(kHostileKits)) {
        if (entry.is_directory()) {
            there.insert(entry.path().filename().string());
        }
    }
    for (const auto& [name, stop] : kStops) {
        judged.insert(name);
        EXPECT_THAT(base::text_of(*page), HasSubstr(fmt::format("[`{}`]", name)));
    }
    EXPECT_EQ(there, judged);
}

TEST(HostileRepairRules, AreRefusedWhereAnEmptyMachineTells) {
    for (const auto& [name, stop] : kStops) {
        const RepairProcess::Loaded tried = loaded(between_honest_rules(name));
        EXPECT_EQ(tried.process == nullptr, stop == Stop::kRefused) << name;
        if (stop == Stop::kRefused) {
            EXPECT_EQ(tried.outcome.code, base::Code::kRuleSelfTest) << name;
        }
    }
}

TEST(HostileRepairRules, ThatAreStoppedHaveDoneNothingToAnybody) {
    const auto alone = honest_alone();
    ASSERT_EQ(alone.machine, sound_machine());
    const std::map<Stop, std::string> ends = {
        {Stop::kError, "error: "}, {Stop::kDeadline, "deadline: "}, {Stop::kMemory, "memory: "}};
    for (const auto& [name, stop] : kStops) {
        if (!ends.contains(stop)) {
            continue;
        }
        const auto done = mended(between_honest_rules(name), damaged_machine());
        EXPECT_EQ(done.machine, alone.machine) << name;
        EXPECT_EQ(honest_lines(done), honest_lines(alone)) << name;
        std::vector<std::string> said;
        for (const AuditLine& line : done.audit) {
            if (line.file == name + ".lua") {
                EXPECT_EQ(line.what, AuditLine::What::kFailed) << name;
                said.push_back(line.text);
            }
        }
        ASSERT_EQ(said.size(), 1u) << name;
        EXPECT_THAT(said.front(), testing::StartsWith(ends.at(stop))) << name;
    }
}

TEST(HostileRepairRules, ReachNothingOutsideOfTheMachine) {
    const auto done = mended(between_honest_rules("paths-outside"), damaged_machine());
    EXPECT_EQ(done.machine, sound_machine());
    EXPECT_THAT(done.audit, Contains(AuditLine{AuditLine::What::kNote, "paths-outside.lua",
                                               "paths-outside", "36 of 36 refused"}));
}

// That power over the machine is what the program is for: nothing stops a kit that is validly
// signed and bad, and the audit log says what it did.
TEST(HostileRepairRules, RuinTheMachineByWhatTheyMayDo) {
    const auto ruin = [](const std::string& name) {
        return mended(sources_in(kHostileKits / name), damaged_machine());
    };
    const auto deletes = ruin("deletes-what-it-mends");
    EXPECT_EQ(deletes.machine.file(kUpdater), nullptr);
    EXPECT_EQ(deletes.machine.file(kScanner), nullptr);
    EXPECT_EQ(deletes.audit.size(), 2u);
    EXPECT_THAT(deletes.audit.at(0).text, HasSubstr("deleted "));

    const auto boot = ruin("deletes-boot-file");
    const Machine sound = sound_machine();
    for (const auto& [folded, file] : sound.files()) {
        EXPECT_EQ(boot.machine.file(folded) == nullptr, file.loss == host::Loss::kBoot) << folded;
    }
    const auto off = ruin("protection-off");
    for (const host::Service& service : product_2026().services) {
        EXPECT_EQ(off.machine.service(service.name)->start, host::ServiceStart::kDisabled);
        EXPECT_FALSE(off.machine.service(service.name)->running);
    }
    EXPECT_TRUE(ruin("wipes-registry").machine.services().empty());
}

}  // namespace
}  // namespace firebreak::endpoint::repair
