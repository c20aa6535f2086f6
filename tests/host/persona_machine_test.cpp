// Personas: what is installed, the registry, and what happens.
#include <gtest/gtest.h>

#include "host/persona.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

constexpr std::string_view kHead = R"(schema = 1
title = "Office laptop"
windows_build = "10.0.19045.4529"
[online]
pattern = "office"
)";

constexpr std::string_view kMachine = R"(
[[program]]
name = "Notes"
version = "8.4.2"
publisher = "Example"
location = 'C:\Program Files\Notes'
[[program]]
name = "Archive Tool"
version = "1"
publisher = "Example"
location = 'C:\Program Files (x86)\At'
bits = 32
[[service]]
name = "Spooler"
image = 'C:\Windows\System32\spoolsv.exe'
start = "automatic"
state = "running"
[[component]]
name = "SMB1Protocol"
enabled = false
[[registry]]
key = 'HKCU\Empty'
[[registry]]
key = 'HKLM\SOFTWARE\Example'
name = "Port"
type = "REG_DWORD"
data = 8443
[[registry]]
key = 'HKLM\SOFTWARE\Example'
data = "default"
[[registry]]
key = 'HKLM\SOFTWARE\Example'
name = "Big"
type = "REG_QWORD"
data = 4294967296
[[registry]]
key = 'HKLM\SOFTWARE\Example'
name = "Paths"
type = "REG_MULTI_SZ"
data = ["a", "b"]
[[registry]]
key = 'HKLM\SOFTWARE\Example'
name = "Blob"
type = "REG_BINARY"
data = "00 ff"
[[registry]]
key = 'HKLM\SOFTWARE\Example'
name = "Home"
type = "REG_EXPAND_SZ"
data = '%APPDATA%\Example'
[[event]]
kind = "network_connect"
per_hour = 4.5
process = 'C:\Program Files\Notes\notes.exe'
[event.fields]
remote_address = "192.0.2.1"
remote_port = 443
outbound = true
[[event]]
kind = "process_start"
per_hour = 1
lasts = "90s"
[event.fields]
image = 'C:\a.exe'
)";

base::Result<Persona> parse_machine(std::string_view text) {
    return parse_persona(std::string(kHead) + std::string(text), "p.toml");
}

base::Result<Persona> parse_changed_machine(std::string_view from, std::string_view to) {
    std::string text(kMachine);
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return parse_machine(text.replace(at, from.size(), to));
}

TEST(PersonaMachine, HasProgramsServicesAndComponentsInOrder) {
    ASSERT_OK_AND(const Persona persona, parse_machine(kMachine));
    ASSERT_EQ(persona.programs.size(), 2u);
    EXPECT_EQ(persona.programs[0].name, "Archive Tool");
    EXPECT_FALSE(persona.programs[0].is_64_bit);
    EXPECT_EQ(persona.programs[1].location, R"(C:\Program Files\Notes)");
    EXPECT_TRUE(persona.programs[1].is_64_bit);
    ASSERT_EQ(persona.services.size(), 1u);
    EXPECT_EQ(persona.services[0].start, ServiceStart::kAutomatic);
    EXPECT_TRUE(persona.services[0].running);
    ASSERT_EQ(persona.components.size(), 1u);
    EXPECT_FALSE(persona.components[0].enabled);
}

std::string text_at(const Persona& persona, std::string_view key, std::string_view name) {
    const RegistryValue* value = persona.registry.find(key, name);
    return value == nullptr ? "none" : std::get<std::string>(value->data);
}

TEST(PersonaMachine, RegistersProgramsAndServicesAsInstallersDo) {
    ASSERT_OK_AND(const Persona persona, parse_machine(kMachine));
    const std::string uninstall = R"(Microsoft\Windows\CurrentVersion\Uninstall\)";
    const std::string notes = R"(HKLM\SOFTWARE\)" + uninstall + "Notes";
    EXPECT_EQ(text_at(persona, notes, "DisplayName"), "Notes");
    EXPECT_EQ(text_at(persona, notes, "DisplayVersion"), "8.4.2");
    EXPECT_EQ(text_at(persona, notes, "Publisher"), "Example");
    EXPECT_EQ(text_at(persona, notes, "InstallLocation"), R"(C:\Program Files\Notes)");
    EXPECT_EQ(text_at(persona, R"(HKLM\SOFTWARE\WOW6432Node\)" + uninstall + "Archive Tool",
                      "DisplayVersion"),
              "1");
    const std::string spooler = R"(HKLM\SYSTEM\CurrentControlSet\Services\Spooler)";
    EXPECT_EQ(text_at(persona, spooler, "ImagePath"), R"(C:\Windows\System32\spoolsv.exe)");
    EXPECT_EQ(std::get<uint64_t>(persona.registry.find(spooler, "Start")->data), 2u);
}

TEST(PersonaMachine, HasValuesOfEveryType) {
    ASSERT_OK_AND(const Persona persona, parse_machine(kMachine));
    const std::string key = R"(HKLM\SOFTWARE\Example)";
    const auto find = [&](std::string_view name) { return *persona.registry.find(key, name); };
    EXPECT_EQ(find(""), (RegistryValue{"", RegistryType::kSz, std::string("default")}));
    EXPECT_EQ(find("Port"), (RegistryValue{"Port", RegistryType::kDword, uint64_t{8443}}));
    EXPECT_EQ(find("Big"), (RegistryValue{"Big", RegistryType::kQword, uint64_t{1} << 32}));
    EXPECT_EQ(find("Paths"),
              (RegistryValue{"Paths", RegistryType::kMultiSz, std::vector<std::string>{"a", "b"}}));
    EXPECT_EQ(find("Blob"), (RegistryValue{"Blob", RegistryType::kBinary, base::Bytes{0, 0xff}}));
    EXPECT_EQ(find("Home"), (RegistryValue{"Home", RegistryType::kExpandSz,
                                           std::string(R"(%APPDATA%\Example)")}));
    ASSERT_NE(persona.registry.find(R"(HKCU\Empty)"), nullptr);
    EXPECT_TRUE(persona.registry.find(R"(HKCU\Empty)")->values.empty());
}

TEST(PersonaMachine, HasEventsAsTheyAreWritten) {
    ASSERT_OK_AND(const Persona persona, parse_machine(kMachine));
    ASSERT_EQ(persona.events.size(), 2u);
    const EventWorkload& connection = persona.events[0];
    EXPECT_EQ(connection.kind, EventKind::kNetworkConnect);
    EXPECT_EQ(connection.per_hour, 4.5);
    EXPECT_EQ(connection.process, R"(C:\Program Files\Notes\notes.exe)");
    ASSERT_EQ(connection.fields.size(), 3u);
    const auto fields = info_of(EventKind::kNetworkConnect).fields;
    EXPECT_EQ(fields[connection.fields[0].first].name, "outbound");
    EXPECT_EQ(std::get<uint64_t>(connection.fields[0].second), 1u);
    EXPECT_EQ(fields[connection.fields[1].first].name, "remote_address");
    EXPECT_EQ(std::get<std::string>(connection.fields[1].second), "192.0.2.1");
    EXPECT_EQ(persona.events[1].lasts, base::Duration{90});
}

TEST(PersonaMachine, NeedsNothingOfThat) {
    ASSERT_OK_AND(const Persona persona, parse_machine(""));
    EXPECT_TRUE(persona.programs.empty() && persona.registry.empty() && persona.events.empty());
}

// What is changed, and what the error must say.
TEST(PersonaMachine, NamesEveryMistakeWithPlaceAndRemedy) {
    const struct {
        const char* from;
        const char* to;
        const char* error;
    } cases[] = {
        {"\"Notes\"", "'No\\tes'", "p.toml:8:8: `No\\tes` is no name here"},
        {"\"Notes\"", "\"ARCHIVE tool\"", "a second program is called `Archive Tool`"},
        {"bits = 32", "bits = 33", ":17:8: a program of 33 bits; write 32 or 64"},
        {"'C:\\Program Files\\Notes'", "'Notes'", ":11:12: the path `Notes` does not begin"},
        {"publisher = \"Example\"\n", "", "`publisher` is missing"},
        {"start = \"automatic\"", "start = \"automatc\"", "did you mean `automatic`?"},
        {"start = \"automatic\"", "start = \"disabled\"", "a service that is disabled and runs"},
        {"state = \"running\"", "state = \"paused\"", "valid: running, stopped"},
        {"enabled = false", "on = false", "unknown key `on`"},
        {"'HKCU\\Empty'", "'HKEY_CURRENT_USER\\Empty'",
         "the key `HKEY_CURRENT_USER\\Empty` does not begin with HKLM\\"},
        {"data = 8443", "data = 4294967296", "`data` is out of range"},
        {"data = 8443", "data = \"8443\"", "`data` must be a whole number"},
        {"data = 8443\n", "", "a registry value without data; add `data`"},
        {"data = [\"a\", \"b\"]", "data = \"a\"", "`data` must be"},
        {"00 ff", "0", "`data` is "},
        {"\"REG_DWORD\"", "\"REG_DWARD\"", "did you mean `REG_DWORD`?"},
        {"\"Port\"", "\"BIG\"", "a second value of `HKLM\\SOFTWARE\\Example` is called `Big`"},
        {"\"network_connect\"", "\"network_conect\"",
         "no kind of event is called `network_conect`; did you mean `network_connect`?"},
        {"remote_port = 443", "remote_prot = 443", "did you mean `remote_port`?"},
        {"remote_port = 443", "remote_port = \"443\"", "`remote_port` must be a whole number"},
        {"outbound = true", "outbound = 1", "`outbound` must be true or false"},
        {"per_hour = 4.5", "per_hour = 3601", "`per_hour` is out of range"},
        {"per_hour = 4.5\n", "per_hour = 4.5\nlasts = \"1s\"\n",
         "`lasts` of something other than a process_start"},
        {"\"90s\"", "\"25h\"", "a process that lasts that long; write 1s to 24h"},
        {"image = 'C:\\a.exe'", "parent = 1", "unknown key `parent`"},
        {"'C:\\Program Files\\Notes\\notes.exe'", "'notes.exe'", "the path `notes.exe`"},
    };
    for (const auto& [from, to, error] : cases) {
        SCOPED_TRACE(std::string(from) + " -> " + to);
        EXPECT_ERROR(parse_changed_machine(from, to), error);
        EXPECT_ERROR(parse_changed_machine(from, to), "p.toml:");
    }
}

TEST(PersonaMachine, HoldsNoValueOfMoreThan64KiB) {
    const auto value = [](size_t bytes) {
        return "[[registry]]\nkey = 'HKCU\\K'\ndata = \"" + std::string(bytes, 'a') + "\"\n";
    };
    ASSERT_OK(parse_machine(value(65536)));
    EXPECT_ERROR(parse_machine(value(65537)), "a registry value of more than 64 KiB");
}

}  // namespace
}  // namespace firebreak::host
