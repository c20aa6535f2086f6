#include "endpoint/lua_host/machine_functions.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "endpoint/lua/running.h"
#include "support/any_machine.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::lua_host {
namespace {

using testing::HasSubstr;

// An interpreter whose functions read this machine.
class Reader {
  public:
    Reader() {
        const lua::Ended ended = interpreter_->protect([this](lua_State* lua) {
            keep_machine(lua, at_hand_);
            interpreter_->push_shared_functions();
            lua::add_functions(lua, reading_functions());
        });
        EXPECT_EQ(ended.how, lua::End::kDone) << ended.message;
        owner_ = interpreter_->add_owner();
    }
    void look_at(const host::Machine& machine) { at_hand_.machine = &machine; }
    std::string of(const std::string& expression) { return after("return " + expression); }
    std::string after(const std::string& code) {
        return lua::result_of(*interpreter_, owner_, code);
    }

  private:
    std::unique_ptr<lua::Interpreter> interpreter_ = lua::new_interpreter();
    MachineAtHand at_hand_;
    lua::Owner owner_ = 0;
};

class MachineFunctions : public testing::Test {
  protected:
    MachineFunctions() {
        persona_.services = {{"Spooler", R"(C:\a.exe -k)", host::ServiceStart::kAutomatic, true}};
        machine_ = host::Machine(persona_);
        reader_.look_at(machine_);
    }
    void change(const host::Change& change) { ASSERT_OK(host::apply(machine_, change)); }
    void set(const std::string& name, host::RegistryType type,
             decltype(host::RegistryValue::data) data) {
        change(host::SetValue{R"(HKLM\SOFTWARE\V)", {name, type, std::move(data)}});
    }
    std::string of(const std::string& expression) { return reader_.of(expression); }

    host::Persona persona_;
    host::Machine machine_;
    Reader reader_;
};

TEST_F(MachineFunctions, ReadFiles) {
    change(host::WriteFile{R"(C:\d\a.txt)", base::bytes_of("text\n")});
    EXPECT_EQ(of(R"(files.exists("c:\\D\\A.TXT"))"), "true");
    EXPECT_EQ(of(R"(files.size("C:\\d\\a.txt"))"), "5");
    EXPECT_EQ(of(R"(files.digest("C:\\d\\a.txt"))"), base::sha384(base::view_of("text\n")).hex());
    EXPECT_EQ(of(R"(files.read("C:\\d\\a.txt"))"), "text\n");
    for (const char* path : {R"(C:\\d)", R"(C:\\none)", "", R"(\\\\server\\share\\a)", "\\0"}) {
        EXPECT_EQ(of(fmt::format("files.exists(\"{}\")", path)), "false") << path;
        EXPECT_EQ(of(fmt::format("files.size(\"{}\")", path)), "nil") << path;
        EXPECT_EQ(of(fmt::format("files.digest(\"{}\")", path)), "nil") << path;
        EXPECT_EQ(of(fmt::format("files.read(\"{}\")", path)), "nil") << path;
    }
}

TEST_F(MachineFunctions, ListTheFilesBelowAFolder) {
    for (const char* path : {R"(C:\d\a)", R"(C:\D\B\c)", R"(C:\d-1\x)", R"(C:\dd)"}) {
        change(host::WriteFile{path, {}});
    }
    EXPECT_EQ(of(R"(text.join(files.list("c:\\d"), " "))"), R"(C:\d\a C:\D\B\c)");
    EXPECT_EQ(of(R"(text.join(files.list("C:\\d\\b\\"), " "))"), R"(C:\D\B\c)");
    EXPECT_EQ(of(R"(#files.list("C:\\d\\a"))"), "0");
    EXPECT_EQ(of(R"(#files.list("C:"))"), "4");
    EXPECT_EQ(of(R"(#files.list(""))"), "0");
}

TEST_F(MachineFunctions, ReadNoMoreThanTheirLimits) {
    change(host::WriteFile{R"(C:\a)", base::Bytes(kMaxReadBytes)});
    EXPECT_EQ(of(R"(#files.read("C:\\a"))"), "1048576");
    change(host::WriteFile{R"(C:\a)", base::Bytes(kMaxReadBytes + 1)});
    EXPECT_THAT(of(R"(files.read("C:\\a"))"), HasSubstr("longer than 1048576 bytes"));
    for (int n = 0; n <= lua::kMaxListed; ++n) {
        change(host::WriteFile{fmt::format(R"(C:\many\{})", n), {}});
    }
    EXPECT_THAT(of(R"(files.list("C:\\many"))"), HasSubstr("more than 10000 entries"));
    EXPECT_EQ(of(R"(files.exists(text.rep("a", 1024)))"), "false");
    EXPECT_THAT(of(R"(files.exists(text.rep("a", 1025)))"), HasSubstr("too long"));
}

TEST_F(MachineFunctions, ReadTheRegistry) {
    using host::RegistryType;
    set("", RegistryType::kSz, std::string("default"));
    set("Number", RegistryType::kDword, uint64_t{7});
    set("List", RegistryType::kMultiSz, std::vector<std::string>{"a", "b"});
    set("Bytes", RegistryType::kBinary, base::Bytes{'x', 'y'});
    change(host::SetValue{R"(HKLM\SOFTWARE\V\Below\Deep)", {"a", RegistryType::kSz, {}}});
    const std::string key = R"("hklm\\software\\v")";
    EXPECT_EQ(of("registry.exists(" + key + ")"), "true");
    EXPECT_EQ(of("registry.value(" + key + ")"), "default");
    EXPECT_EQ(of("registry.value(" + key + ", 'NUMBER') + 1"), "8");
    EXPECT_EQ(of("registry.value(" + key + ", 'Bytes')"), "xy");
    EXPECT_EQ(of("text.join(registry.value(" + key + ", 'List'), '+')"), "a+b");
    EXPECT_EQ(of("registry.type(" + key + ", 'List')"), "REG_MULTI_SZ");
    EXPECT_EQ(of("registry.value(" + key + ", 'none')"), "nil");
    EXPECT_EQ(of("registry.type(" + key + ", 'none')"), "nil");
    EXPECT_EQ(of("text.join(registry.values(" + key + "), ',')"), ",Bytes,List,Number");
    EXPECT_EQ(of("text.join(registry.keys(" + key + "), ',')"), "Below");
    EXPECT_EQ(of("#registry.keys('HKLM\\\\None') + #registry.values('')"), "0");
    EXPECT_EQ(of("registry.exists('HKLM\\\\None')"), "false");
}

TEST_F(MachineFunctions, ReadServices) {
    EXPECT_EQ(of("text.join(services.list(), ',')"), "Spooler");
    EXPECT_EQ(of("services.find('spooler').name"), "Spooler");
    EXPECT_EQ(of("services.find('Spooler').image"), R"(C:\a.exe -k)");
    EXPECT_EQ(of("services.find('Spooler').start"), "automatic");
    EXPECT_EQ(of("services.find('Spooler').running"), "true");
    EXPECT_EQ(of("services.find('none')"), "nil");
}

TEST_F(MachineFunctions, AskForWhatTheyTake) {
    for (const char* call :
         {"files.exists()", "files.read({})", "files.list(nil)", "registry.value(true)",
          "registry.value('HKLM', {})", "registry.keys()", "services.find()"}) {
        EXPECT_THAT(of(call), HasSubstr("string expected")) << call;
    }
    for (const char* write :
         {"files.exists = nil", "registry.value = 1", "services.new = 1", "files = files"}) {
        reader_.after(write);
        EXPECT_EQ(of("type(files.exists) .. type(registry.value) .. type(services.new)"),
                  "functionfunctionnil")
            << write;
    }
}

TEST(MachineFunctionsAlone, ReadNothingWhereThereIsNoMachine) {
    Reader reader;
    for (const char* call : {"files.exists('C:\\\\a')", "files.list('C:')", "registry.keys('HKLM')",
                             "registry.value('HKLM')", "services.list()", "services.find('a')"}) {
        EXPECT_THAT(reader.of(call), HasSubstr("there is no machine to look at now")) << call;
    }
}

RC_GTEST_PROP(MachineFunctionsAlone, SayWhatTheMachineSays, ()) {
    const host::Machine machine = test::any_machine();
    Reader reader;
    reader.look_at(machine);
    // With every byte escaped.
    const auto quoted = [](const std::string& text) {
        std::string out = "\"";
        for (const char c : text) {
            out += fmt::format("\\{:03}", static_cast<unsigned char>(c));
        }
        return out + "\"";
    };
    const std::string path = test::any_machine_path();
    const host::MachineFile* file = machine.file(path);
    RC_ASSERT(reader.of("files.digest(" + quoted(path) + ")") ==
              (file == nullptr ? "nil" : file->sha384.hex()));
    const std::string key = test::any_machine_key();
    RC_ASSERT(reader.of("#registry.keys(" + quoted(key) + ")") ==
              std::to_string(machine.registry().subkeys(key).size()));
    if (const host::RegistryKey* found = machine.registry().find(key)) {
        RC_ASSERT(reader.of("#registry.values(" + quoted(key) + ")") ==
                  std::to_string(found->values.size()));
        for (const host::RegistryValue& value : found->values) {
            const std::string name = quoted(key) + ", " + quoted(value.name);
            RC_ASSERT(reader.of("registry.type(" + name + ")") == host::name_of(value.type));
            if (const auto* text = std::get_if<std::string>(&value.data)) {
                RC_ASSERT(reader.of("registry.value(" + name + ") == " + quoted(*text)) == "true");
            }
        }
    }
}

}  // namespace
}  // namespace firebreak::endpoint::lua_host
