// The personas that the project ships, and what scenarios rely on in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "host/persona.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::host {
namespace {

namespace fs = std::filesystem;

class Fixtures : public testing::Test {
  protected:
    void SetUp() override {
        for (const auto& entry : fs::directory_iterator(test::fixtures_dir() / "personas")) {
            if (entry.path().extension() == ".toml") {
                ASSERT_OK_AND(const Persona persona, load_persona(entry.path()));
                personas_.emplace(persona.name, persona);
            }
        }
    }
    // The file with this path, or null.
    const File* find(const std::string& persona, std::string_view path) const {
        for (const File& file : personas_.at(persona).files) {
            if (file.path == path) {
                return &file;
            }
        }
        return nullptr;
    }
    std::map<std::string, Persona> personas_;
};

constexpr std::string_view kMark = "FBK-ROTATE-MARK";

size_t longest_run(base::ByteView bytes) {
    size_t longest = 0;
    for (auto at = bytes.begin(); at != bytes.end();) {
        const auto end = std::find_if(at, bytes.end(), [at](uint8_t byte) { return byte != *at; });
        longest = std::max(longest, static_cast<size_t>(end - at));
        at = end;
    }
    return longest;
}

TEST_F(Fixtures, AreTheOnesThatTheReadmeNames) {
    std::set<std::string> names;
    for (const auto& [name, persona] : personas_) {
        names.insert(name);
    }
    EXPECT_EQ(names, (std::set<std::string>{"developer", "log-server", "office-laptop",
                                            "roaming-laptop", "server", "till"}));
    ASSERT_OK_AND(const base::Bytes readme,
                  base::read_file(test::fixtures_dir() / "personas" / "README.md", 1 << 20));
    for (const std::string& name : names) {
        EXPECT_NE(base::text_of(readme).find("`" + name + "`"), std::string_view::npos) << name;
    }
}

TEST_F(Fixtures, HoldTheDevelopersMinifiedBundle) {
    const File* bundle = find("developer", R"(C:\src\shop\dist\bundle.min.js)");
    ASSERT_NE(bundle, nullptr);
    EXPECT_EQ(*bundle->content, base::Bytes(1048576, 'a'));
    EXPECT_EQ(bundle->opens_per_hour, 6);
}

TEST_F(Fixtures, HoldTheLogServersRotatedLog) {
    const File* log = find("log-server", R"(D:\logs\gateway.log.1)");
    ASSERT_NE(log, nullptr);
    EXPECT_EQ(base::text_of(*log->content), std::string(kMark) + "\n" + std::string(1048576, 'x'));
    EXPECT_EQ(log->opens_per_hour, 0.5);
}

// Rules of scenarios tell those two files from all others by mark and by run.
TEST_F(Fixtures, HoldNoOtherMarkAndNoOtherLongRun) {
    for (const auto& [name, persona] : personas_) {
        for (const File& file : persona.files) {
            const bool special = file.content->size() > 1'000'000;
            EXPECT_EQ(special,
                      file.path.ends_with("bundle.min.js") || file.path.ends_with("gateway.log.1"));
            if (!special) {
                EXPECT_LT(longest_run(*file.content), 256u) << name << " " << file.path;
                EXPECT_EQ(base::text_of(*file.content).find(kMark), std::string_view::npos);
            }
        }
    }
}

TEST_F(Fixtures, HaveSystemFilesDocumentsAndAWorkload) {
    for (const auto& [name, persona] : personas_) {
        EXPECT_GE(persona.files.size(), 8u) << name;
        EXPECT_LE(persona.files.size(), 24u) << name;
        const auto count = [&persona](auto property) {
            return std::count_if(persona.files.begin(), persona.files.end(), property);
        };
        EXPECT_GE(count([](const File& file) { return file.system; }), 5) << name;
        EXPECT_GE(count([](const File& file) { return !file.system; }), 5) << name;
        EXPECT_GE(count([](const File& file) { return file.opens_per_hour >= 1; }), 5) << name;
        for (const File& file : persona.files) {
            EXPECT_FALSE(file.content->empty()) << file.path;
            EXPECT_EQ(file.system, file.path.starts_with(R"(C:\Windows\)")) << file.path;
            const bool program = file.path.ends_with(".exe") || file.path.ends_with(".dll") ||
                                 file.path.ends_with(".sys");
            EXPECT_EQ(program, base::text_of(*file.content).starts_with("MZ")) << file.path;
        }
    }
}

TEST_F(Fixtures, GiveEveryProgramOfAMachineItsOwnContent) {
    for (const auto& [name, persona] : personas_) {
        std::set<base::Digest> digests;
        for (const File& file : persona.files) {
            EXPECT_TRUE(digests.insert(file.sha384).second) << name << " " << file.path;
        }
    }
}

TEST_F(Fixtures, SayWhatMustBeFoundAndWhichDriversRun) {
    for (const auto& [name, persona] : personas_) {
        EXPECT_GE(persona.samples.size(), 2u) << name;
        EXPECT_LE(persona.samples.size(), 3u) << name;
        EXPECT_GE(persona.drivers.size(), 2u) << name;
        EXPECT_LE(persona.drivers.size(), 5u) << name;
        for (const Sample& sample : persona.samples) {
            EXPECT_FALSE(sample.content->empty()) << name << " " << sample.name;
        }
        for (const Driver& driver : persona.drivers) {
            EXPECT_TRUE(driver.name.ends_with(".sys")) << name << " " << driver.name;
        }
    }
}

TEST_F(Fixtures, HaveProgramsServicesComponentsARegistryAndEvents) {
    for (const auto& [name, persona] : personas_) {
        EXPECT_FALSE(persona.programs.empty()) << name;
        EXPECT_GE(persona.services.size(), 3u) << name;
        EXPECT_GE(persona.components.size(), 2u) << name;
        EXPECT_GE(persona.events.size(), 10u) << name;
        const RegistryValue* windows = persona.registry.find(
            R"(HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion)", "CurrentBuild");
        ASSERT_NE(windows, nullptr) << name;
        EXPECT_NE(persona.windows_build.find("." + std::get<std::string>(windows->data) + "."),
                  std::string::npos)
            << name;
    }
}

TEST_F(Fixtures, RunTheEndpointAgentWhereItIsInstalled) {
    for (const auto& [name, persona] : personas_) {
        const bool has_file = find(name, R"(C:\Program Files\Endpoint\agent.exe)") != nullptr;
        const auto has = [](const auto& list) {
            return std::ranges::any_of(
                list, [](const auto& entry) { return entry.name == "Endpoint Agent"; });
        };
        EXPECT_EQ(has(persona.programs), has_file) << name;
        EXPECT_EQ(has(persona.services), has_file) << name;
    }
}

TEST_F(Fixtures, SayWhatLosingAPartOfWindowsCosts) {
    for (const auto& [name, persona] : personas_) {
        for (const File& file : persona.files) {
            const bool boot = file.path.ends_with("\\ntoskrnl.exe");
            const bool network =
                file.path.ends_with("\\svchost.exe") || file.path.ends_with("\\netapi32.dll");
            EXPECT_EQ(file.loss, boot      ? Loss::kBoot
                                 : network ? Loss::kNetwork
                                           : Loss::kNothing)
                << name << " " << file.path;
        }
        EXPECT_NE(find(name, R"(C:\Windows\System32\ntoskrnl.exe)"), nullptr) << name;
        EXPECT_NE(find(name, R"(C:\Windows\System32\svchost.exe)"), nullptr) << name;
    }
}

// So that a staging that passes over these personas has something to miss.
TEST_F(Fixtures, GiveSomePersonasDriversThatNoOtherHas) {
    const auto drivers = [this](const std::string& persona) {
        std::set<std::string> out;
        for (const Driver& driver : personas_.at(persona).drivers) {
            out.insert(driver.name + " " + driver.version);
        }
        return out;
    };
    for (const char* special : {"till", "log-server", "roaming-laptop"}) {
        std::set<std::string> own = drivers(special);
        for (const auto& [name, persona] : personas_) {
            for (const std::string& driver : name == special ? decltype(own)() : drivers(name)) {
                own.erase(driver);
            }
        }
        EXPECT_GE(own.size(), 2u) << special;
    }
}

TEST_F(Fixtures, HoldTheSamplesThatTheReadmeNames) {
    ASSERT_OK_AND(const base::Bytes readme,
                  base::read_file(test::fixtures_dir() / "samples" / "README.md", 1 << 20));
    size_t rows = 0;
    for (const auto& entry : fs::directory_iterator(test::fixtures_dir() / "samples")) {
        const std::string name = entry.path().filename().string();
        const bool listed =
            base::text_of(readme).find("\n| `" + name + "` |") != std::string_view::npos;
        EXPECT_EQ(listed, name != "README.md") << name;
        rows += listed ? 1 : 0;
    }
    size_t listed_rows = 0;
    for (size_t at = 0; (at = base::text_of(readme).find("\n| `", at)) != std::string_view::npos;
         ++at) {
        ++listed_rows;
    }
    EXPECT_EQ(rows, listed_rows);
}

}  // namespace
}  // namespace firebreak::host
