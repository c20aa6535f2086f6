#include "host/machine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "host/installed.h"
#include "support/any_machine.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

const std::string kTcpip = R"(C:\Windows\System32\drivers\tcpip.sys)";
const std::string kKey = R"(HKLM\SOFTWARE\Vendor)";

Persona small_persona() {
    Persona persona;
    const base::Bytes bytes = base::bytes_of("driver");
    persona.files.push_back({kTcpip, std::make_shared<const base::Bytes>(bytes),
                             base::sha384(bytes), true, Loss::kBoot});
    persona.services = {
        {"Dnscache", R"(C:\Windows\System32\svchost.exe)", ServiceStart::kAutomatic, true},
        {"VSS", R"(C:\Windows\System32\vssvc.exe)", ServiceStart::kManual, false}};
    persona.components = {{"IIS-WebServer", false}};
    persona.registry.add_value(kKey, {"Version", RegistryType::kSz, std::string("1.2")});
    return persona;
}

class MachineTest : public testing::Test {
  protected:
    void expect_refused(const Change& change, const std::string& part) {
        const Machine before = machine_;
        EXPECT_ERROR(apply(machine_, change), part);
        EXPECT_EQ(machine_, before) << "what is refused changes nothing";
    }
    Machine machine_{small_persona()};
};

TEST_F(MachineTest, IsWhatItsPersonaSays) {
    const MachineFile* file = machine_.file(R"(c:\windows\SYSTEM32\drivers\TCPIP.SYS)");
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(base::text_of(*file->content), "driver");
    EXPECT_TRUE(file->system);
    EXPECT_EQ(file->loss, Loss::kBoot);
    ASSERT_NE(machine_.service("dnscache"), nullptr);
    EXPECT_TRUE(machine_.service("dnscache")->running);
    ASSERT_NE(machine_.component("iis-webserver"), nullptr);
    EXPECT_FALSE(machine_.component("iis-webserver")->enabled);
    EXPECT_NE(machine_.registry().find(kKey, "version"), nullptr);
    EXPECT_NE(machine_.registry().find(service_key("VSS"), "ImagePath"), nullptr);
    EXPECT_EQ(machine_.file(R"(C:\none)"), nullptr);
    EXPECT_EQ(machine_.service("none"), nullptr);
    EXPECT_EQ(machine_.component("none"), nullptr);
}

TEST_F(MachineTest, WritesFilesAndKeepsWhatTheyAreNeededFor) {
    ASSERT_OK(apply(machine_, WriteFile{R"(C:\New\a.txt)", base::bytes_of("text")}));
    ASSERT_OK(apply(machine_, WriteFile{R"(c:\windows\system32\drivers\tcpip.sys)", {}}));
    EXPECT_EQ(base::text_of(*machine_.file(R"(c:\new\A.TXT)")->content), "text");
    const MachineFile* driver = machine_.file(kTcpip);
    EXPECT_EQ(driver->path, kTcpip);
    EXPECT_TRUE(driver->content->empty());
    EXPECT_EQ(driver->sha384, base::sha384({}));
    EXPECT_EQ(driver->loss, Loss::kBoot);
}

TEST_F(MachineTest, RefusesPathsThatAreNone) {
    for (const std::string path :
         {"", "a.txt", R"(\\server\share\a.txt)", R"(\\.\PhysicalDrive0)", R"(\\?\C:\a.txt)",
          R"(C:\..\a.)", R"(C:\nul)", R"(C:\a.txt:stream)", "C:/a.txt"}) {
        expect_refused(WriteFile{path, {}}, "the path");
        expect_refused(DeleteFile{path}, "there is no file");
    }
}

TEST_F(MachineTest, RefusesWhatDoesNotFitOnTheDisk) {
    expect_refused(WriteFile{R"(C:\a)", base::Bytes(kMostFileBytes + 1)}, "more than 16 MiB");
    const base::Bytes large(kMostFileBytes);
    for (size_t n = 1; n < kMostDiskBytes / kMostFileBytes; ++n) {
        ASSERT_OK(apply(machine_, WriteFile{fmt::format("C:\\{}", n), large}));
    }
    expect_refused(WriteFile{R"(C:\last)", large}, "the disk is full");
    ASSERT_OK(apply(machine_, WriteFile{R"(C:\1)", large}));  // in the place of as much
    ASSERT_OK(apply(machine_, DeleteFile{kTcpip}));
    ASSERT_OK(apply(machine_, WriteFile{R"(C:\last)", large}));
    expect_refused(WriteFile{R"(C:\one byte)", base::Bytes(1)}, "the disk is full");
}

TEST_F(MachineTest, RefusesMoreFilesThanThereMayBe) {
    for (size_t n = machine_.files().size(); n < kMostFiles; ++n) {
        ASSERT_OK(apply(machine_, WriteFile{fmt::format("C:\\{}", n), {}}));
    }
    expect_refused(WriteFile{R"(C:\one more)", {}}, "the disk is full");
    ASSERT_OK(apply(machine_, WriteFile{kTcpip, {}}));
}

TEST_F(MachineTest, DeletesFiles) {
    ASSERT_OK(apply(machine_, DeleteFile{R"(c:\windows\system32\DRIVERS\tcpip.sys)"}));
    EXPECT_EQ(machine_.file(kTcpip), nullptr);
    expect_refused(DeleteFile{kTcpip}, "there is no file `" + kTcpip + "`");
}

TEST_F(MachineTest, SetsAndDeletesValues) {
    const std::string below = kKey + R"(\Product\Deep)";
    ASSERT_OK(apply(machine_, SetValue{below, {"n", RegistryType::kDword, uint64_t{7}}}));
    ASSERT_OK(apply(machine_, SetValue{kKey, {"VERSION", RegistryType::kQword, uint64_t{8}}}));
    EXPECT_EQ(std::get<uint64_t>(machine_.registry().find(below, "N")->data), 7u);
    EXPECT_EQ(std::get<uint64_t>(machine_.registry().find(kKey, "Version")->data), 8u);
    ASSERT_OK(apply(machine_, DeleteValue{kKey, "version"}));
    EXPECT_EQ(machine_.registry().find(kKey, "Version"), nullptr);
    expect_refused(DeleteValue{kKey, "version"}, "there is no value");
    expect_refused(DeleteValue{kKey + R"(\None)", ""}, "there is no value");
    expect_refused(DeleteValue{"HKLM", ""}, "the key `HKLM` does not begin");
}

TEST_F(MachineTest, RefusesKeysAndValuesThatAreNone) {
    expect_refused(SetValue{"HKLM", {}}, "does not begin with");
    expect_refused(SetValue{R"(HKEY_LOCAL_MACHINE\a)", {}}, "does not begin with");
    expect_refused(SetValue{R"(HKLM\a\\b)", {}}, "has an empty part");
    expect_refused(SetValue{kKey, {"n", RegistryType::kDword, uint64_t{1} << 32}},
                   "has no data of the type REG_DWORD");
    expect_refused(SetValue{kKey, {"n", RegistryType::kSz, uint64_t{1}}},
                   "has no data of the type REG_SZ");
    expect_refused(SetValue{kKey, {"n", RegistryType::kSz, std::string(kMostValueBytes, 'a')}},
                   "is larger than 64 KiB");
}

TEST_F(MachineTest, RefusesWhatDoesNotFitIntoTheRegistry) {
    const std::string large(kMostValueBytes - 3, 'a');
    size_t n = 100;
    const auto set = [&](size_t number) {
        return SetValue{kKey, {std::to_string(number), RegistryType::kSz, large}};
    };
    while (machine_.registry().bytes() + kMostValueBytes <= kMostRegistryBytes) {
        ASSERT_OK(apply(machine_, set(n++)));
    }
    expect_refused(set(n), "the registry is full");
    ASSERT_OK(apply(machine_, set(100)));  // in the place of as much
    ASSERT_OK(apply(machine_, DeleteValue{kKey, "100"}));
    ASSERT_OK(apply(machine_, set(n)));
}

TEST_F(MachineTest, RefusesMoreKeysThanThereMayBe) {
    Registry registry;
    for (size_t n = 0; n + 3 < kMostKeys; ++n) {
        registry.add_key(fmt::format("HKCU\\{}", n));
    }
    Persona persona;
    persona.registry = registry;
    machine_ = Machine(persona);
    expect_refused(SetValue{R"(HKCU\a\b\c)", {}}, "the registry is full");
    ASSERT_OK(apply(machine_, SetValue{R"(HKCU\a\b)", {}}));
    expect_refused(SetValue{R"(HKCU\a\c)", {}}, "the registry is full");
}

TEST_F(MachineTest, PutsContentThatIsShared) {
    const auto content = std::make_shared<const base::Bytes>(7);
    const base::Digest digest = base::sha384(*content);
    ASSERT_OK(put_file(machine_, R"(C:\A)", content, digest));
    EXPECT_EQ(machine_.file(R"(C:\a)")->content, content);
    EXPECT_EQ(machine_.file(R"(C:\a)")->sha384, digest);
    const Machine before = machine_;
    EXPECT_ERROR(put_file(machine_, "a", content, digest), "does not begin with a drive");
    EXPECT_EQ(machine_, before);
}

TEST_F(MachineTest, DeletesKeysWithAllBelow) {
    ASSERT_OK(apply(machine_, SetValue{kKey + R"(\a\b)", {}}));
    ASSERT_OK(apply(machine_, SetValue{kKey + "-1", {}}));
    ASSERT_OK(apply(machine_, DeleteKey{R"(hklm\SOFTWARE\vendor)"}));
    EXPECT_EQ(machine_.registry().find(kKey), nullptr);
    EXPECT_EQ(machine_.registry().find(kKey + R"(\a\b)"), nullptr);
    EXPECT_NE(machine_.registry().find(kKey + "-1"), nullptr);
    expect_refused(DeleteKey{kKey}, "there is no key");
    expect_refused(DeleteKey{"HKLM"}, "does not begin with");
}

TEST_F(MachineTest, ConfiguresServices) {
    ASSERT_OK(apply(machine_, ConfigureService{"dnscache", ServiceStart::kDisabled, false}));
    EXPECT_EQ(machine_.service("Dnscache")->start, ServiceStart::kDisabled);
    EXPECT_FALSE(machine_.service("Dnscache")->running);
    EXPECT_EQ(
        std::get<uint64_t>(machine_.registry().find(service_key("Dnscache"), kServiceStart)->data),
        4u);
    expect_refused(ConfigureService{"Dnscache", ServiceStart::kDisabled, true},
                   "is disabled and cannot be started");
    expect_refused(ConfigureService{"none", ServiceStart::kManual, false}, "there is no service");
}

TEST_F(MachineTest, HasServicesAsTheirKeysSay) {
    const std::string key = service_key("DNSCACHE");
    ASSERT_OK(apply(machine_, SetValue{key, {"start", RegistryType::kDword, uint64_t{3}}}));
    EXPECT_EQ(machine_.service("Dnscache")->start, ServiceStart::kManual);
    EXPECT_TRUE(machine_.service("Dnscache")->running);
    ASSERT_OK(apply(machine_, SetValue{key, {"Start", RegistryType::kDword, uint64_t{9}}}));
    EXPECT_EQ(machine_.service("Dnscache")->start, ServiceStart::kDisabled);
    EXPECT_FALSE(machine_.service("Dnscache")->running);
    ASSERT_OK(apply(machine_, SetValue{key, {"Start", RegistryType::kSz, std::string("2")}}));
    EXPECT_EQ(machine_.service("Dnscache")->start, ServiceStart::kDisabled);
    ASSERT_OK(apply(machine_, DeleteValue{service_key("VSS"), "start"}));
    EXPECT_EQ(machine_.service("VSS")->start, ServiceStart::kDisabled);
    ASSERT_OK(apply(machine_, DeleteKey{service_key("VSS")}));
    EXPECT_EQ(machine_.service("VSS"), nullptr);
    ASSERT_OK(apply(machine_, SetValue{service_key("New"), {}}));
    EXPECT_EQ(machine_.service("New"), nullptr);
    ASSERT_OK(apply(machine_, DeleteKey{R"(HKLM\SYSTEM)"}));
    EXPECT_TRUE(machine_.services().empty());
}

TEST(Changes, AreDescribedForPeople) {
    EXPECT_EQ(describe(WriteFile{R"(C:\a)", base::Bytes(1234)}), R"(wrote 1,234 bytes to C:\a)");
    EXPECT_EQ(describe(DeleteFile{"C:\\a\x1b"}), R"(deleted C:\a\x1b)");
    EXPECT_EQ(describe(SetValue{kKey, {"", RegistryType::kSz, std::string("x")}}),
              R"(set HKLM\SOFTWARE\Vendor [default] to `x`)");
    EXPECT_EQ(describe(SetValue{kKey, {"n", RegistryType::kDword, uint64_t{4}}}),
              R"(set HKLM\SOFTWARE\Vendor [n] to 4)");
    EXPECT_EQ(describe(SetValue{kKey, {"n", RegistryType::kMultiSz, std::vector<std::string>(2)}}),
              R"(set HKLM\SOFTWARE\Vendor [n] to 2 texts)");
    EXPECT_EQ(describe(SetValue{kKey, {"n", RegistryType::kBinary, base::Bytes(3)}}),
              R"(set HKLM\SOFTWARE\Vendor [n] to 3 bytes)");
    EXPECT_EQ(describe(DeleteValue{kKey, "n"}), R"(deleted HKLM\SOFTWARE\Vendor [n])");
    EXPECT_EQ(describe(DeleteKey{kKey}), R"(deleted HKLM\SOFTWARE\Vendor with all below it)");
    EXPECT_EQ(describe(ConfigureService{"VSS", ServiceStart::kDisabled, false}),
              "made the service VSS disabled and stopped");
}

// --- as bytes

RC_GTEST_PROP(Machine, ComesBackAsItWasWritten, ()) {
    const Machine machine = test::any_machine();
    const auto again = parse_machine(encode(machine));
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == machine);
    for (const auto& [folded, file] : again->files()) {
        RC_ASSERT(*file.content == *machine.file(file.path)->content);
    }
}

RC_GTEST_PROP(Changes, ComeBackAsTheyWereWritten, ()) {
    std::vector<Change> changes;
    for (int n = *rc::gen::inRange(0, 10); n > 0; --n) {
        changes.push_back(test::any_change());
        const auto* set = std::get_if<SetValue>(&changes.back());
        if (set != nullptr && !value_problem(set->value).empty()) {
            changes.pop_back();
        }
    }
    const auto again = parse_changes(encode(changes));
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == changes);
}

// Each is refused, or is what is written of it.
void check_any_bytes(const base::Bytes& bytes) {
    if (const auto machine = parse_machine(bytes); machine.ok()) {
        RC_ASSERT(encode(*machine) == bytes);
        RC_ASSERT(!parse_changes(bytes).ok());
    }
    if (const auto changes = parse_changes(bytes); changes.ok()) {
        RC_ASSERT(encode(*changes) == bytes);
    }
}

RC_GTEST_PROP(Machine, IsOneOrNoneWhateverTheBytes, ()) {
    check_any_bytes(*rc::gen::arbitrary<base::Bytes>());
    base::Bytes bytes = *rc::gen::arbitrary<bool>() ? encode(test::any_machine())
                                                    : encode(std::vector{test::any_change()});
    const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<uint8_t>();
    check_any_bytes(bytes);
    bytes.resize(at);
    check_any_bytes(bytes);
    RC_ASSERT(!parse_machine(bytes).ok());
}

TEST(Machine, IsRefusedInAnotherOrderOrSpeltTwice) {
    Persona persona;
    const auto content = std::make_shared<const base::Bytes>();
    persona.files = {{R"(C:\a)", content, base::sha384({})}, {R"(C:\b)", content, {}}};
    base::Bytes bytes = encode(Machine(persona));
    ASSERT_OK(parse_machine(bytes));
    const auto place = [&bytes](char letter) {
        return std::ranges::find(bytes, static_cast<uint8_t>(letter));
    };
    const auto a = place('a'), b = place('b');
    *b = 'a';
    EXPECT_ERROR(parse_machine(bytes), "malformed image");
    *a = 'b';
    EXPECT_ERROR(parse_machine(bytes), "malformed image");
}

TEST(Machine, IsRefusedWhereAServiceIsNotAsItsKeySays) {
    base::Bytes bytes = encode(Machine(small_persona()));
    ASSERT_OK(parse_machine(bytes));
    const std::string_view text = base::text_of(bytes);
    const std::string image = "vssvc.exe";
    const size_t start = text.rfind(image) + image.size();
    ASSERT_EQ(bytes[start], static_cast<uint8_t>(ServiceStart::kManual));
    bytes[start] = static_cast<uint8_t>(ServiceStart::kAutomatic);
    EXPECT_ERROR(parse_machine(bytes), "malformed image");
}

TEST(Changes, AreRefusedBeyondTheirLimits) {
    EXPECT_TRUE(parse_changes(encode(std::vector<Change>(kMostChanges, DeleteFile{"C:\\a"}))).ok());
    EXPECT_FALSE(
        parse_changes(encode(std::vector<Change>(kMostChanges + 1, DeleteFile{"C:\\a"}))).ok());
    EXPECT_TRUE(parse_changes(encode({WriteFile{"C:\\a", base::Bytes(kMostFileBytes)}})).ok());
    EXPECT_FALSE(parse_changes(encode({WriteFile{"C:\\a", base::Bytes(kMostFileBytes + 1)}})).ok());
}

}  // namespace
}  // namespace firebreak::host
