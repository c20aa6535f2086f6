// A lab over a fleet of a few hundred, for tests.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "lab/lab.h"
#include "scenario/experiment.h"
#include "support/paths.h"

namespace firebreak::test {

inline constexpr char kSmallFleet[] = R"(
schema = 1
title = "small"
seed = 5
start = 2026-03-02T00:00:00Z
duration = "3d"

[[group]]
name = "engineering"
stage = "engineering"
endpoints = 12
personas = { developer = 1, server = 1 }

[[group]]
name = "internal"
stage = "internal"
endpoints = 38
tenants = 2
personas = { office-laptop = 2, roaming-laptop = 1 }

[[group]]
name = "public-1"
stage = "public"
endpoints = 100
tenants = 5
personas = { office-laptop = 3, server = 2, log-server = 1 }

[[group]]
name = "public-2"
stage = "public"
endpoints = 150
tenants = 9
personas = { office-laptop = 3, server = 2, log-server = 1 }

[[baseline]]
feed = "DatasetA"
version = "baseline"
source = "good/DatasetA/2026-03-01"
)";

// One public group of machines that are never off, on tiny rules: for what one release does.
// Nothing but the endpoints decides: no gate, and a threshold out of reach.
inline constexpr char kOneGroup[] = R"(
schema = 1
title = "one group"
seed = 5
start = 2026-03-02T00:00:00Z
duration = "2d"

[policy]
gates = false
halt = { share = "100%", reports = 1_000_000 }

[[group]]
name = "public"
stage = "public"
endpoints = 60
tenants = 3
personas = { workstation = 1 }
)";
inline constexpr char kTinyBaseline[] = R"(
[[baseline]]
feed = "DatasetA"
version = "baseline"
source = "./rules/good"
)";

// A release of tiny rules, by SmallFixtures' name for them.
inline std::string release(const std::string& id, const std::string& rules,
                           const std::string& more) {
    return "[[release]]\nid = \"" + id + "\"\nfeed = \"DatasetA\"\nsource = \"./rules/" + rules +
           "\"\n" + more + "\n";
}

inline scenario::Experiment parsed(const std::string& text, const std::filesystem::path& file) {
    auto parsed = scenario::parse(text, file);
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    return parsed.ok() ? std::move(parsed).value() : scenario::Experiment{};
}

inline scenario::Experiment experiment(const std::string& more) {
    return parsed(kSmallFleet + more, source_dir() / "small.toml");
}

// The project's content and keys, with personas of a few files each, and rule sets of a rule or
// two: a transition costs milliseconds where a whole persona takes a second.
class SmallFixtures {
  public:
    SmallFixtures() {
        namespace fs = std::filesystem;
        fs::create_directory_symlink(fixtures_dir() / "content", folder_.path() / "content");
        fs::create_directory_symlink(fixtures_dir() / "keys", folder_.path() / "keys");
        fs::create_directory(folder_.path() / "personas");
        write("developer", "always", 2);
        write("server", "always", 1);
        write("log-server", "always", 2);
        write("office-laptop", "office", 1);
        write("roaming-laptop", "roaming", 1);
        write_marked("workstation", "always");
        write_marked("desk", "office");
        write_rules();
        write_file("new-threat.js", "FB-NEW-THREAT");
    }

    lab::Options options(const std::string& run = "a.run") const {
        lab::Options out;
        out.fixtures = folder_.path();
        out.worker = worker_binary();
        out.run_file = run_file(run);
        return out;
    }
    std::filesystem::path run_file(const std::string& run = "a.run") const {
        return folder_.path() / run;
    }
    // Of a scenario that stands beside the tiny rules: "./rules/good".
    scenario::Experiment experiment(const std::string& text) const {
        return parsed(text, folder_.path() / "small.toml");
    }

  private:
    void write_file(const std::filesystem::path& name, const std::string& text) {
        std::filesystem::create_directories((folder_.path() / name).parent_path());
        std::ofstream(folder_.path() / name) << text;
    }
    static std::string persona(const std::string& name, const std::string& pattern) {
        return "schema = 1\ntitle = \"" + name + "\"\nwindows_build = \"10.0.19045.4529\"\n" +
               "[online]\npattern = \"" + pattern + "\"\n";
    }
    static std::string file(const std::string& path, const std::string& text,
                            const std::string& more) {
        return "[[file]]\npath = '" + path + "'\ntext = \"" + text + "\"\n" + more + "\n";
    }
    void write(const std::string& name, const std::string& pattern, int files) {
        std::string text = persona(name, pattern);
        for (int i = 1; i <= files; ++i) {
            text += file("C:\\work\\" + name + std::to_string(i) + ".txt",
                         "minutes of meeting " + std::to_string(i),
                         "opens_per_hour = 0." + std::to_string(i));
        }
        write_file("personas/" + name + ".toml", text);
    }
    // A file for each thing that can be taken for malware, opened every two hours, and a sample
    // that must be found.
    void write_marked(const std::string& name, const std::string& pattern) {
        constexpr char kSystem[] = "C:\\Windows\\System32\\";
        const std::string system = "system = true\nopens_per_hour = 0.5";
        write_file("personas/" + name + ".toml",
                   persona(name, pattern) + "[[driver]]\nname = \"" + name +
                       ".sys\"\nversion = \"1.0.0.1\"\n" +
                       "[[sample]]\nname = \"threat.js\"\ntext = \"FB-THREAT\"\n" +
                       file("C:\\work\\plan.txt", "FB-USER", "opens_per_hour = 0.5") +
                       file(std::string(kSystem) + "wininet.dll", "FB-SYSTEM", system) +
                       file(std::string(kSystem) + "svchost.exe", "FB-NETWORK",
                            system + "\nloss = \"network\"") +
                       file(std::string(kSystem) + "ntoskrnl.exe", "FB-BOOT",
                            system + "\nloss = \"boot\""));
    }

    static std::string rule(const std::string& name, const std::string& text,
                            const std::string& more = "") {
        return "rule " + name + " { strings: $a = \"" + text + "\" condition: $a" + more + " }\n";
    }
    // Each finds the sample, except `blind`; what else it does says its name.
    void write_rules() {
        const std::string finds = rule("Threat", "FB-THREAT");
        const auto write_set = [this](const std::string& name, const std::string& text) {
            write_file("rules/" + name + "/rules.yar", text);
        };
        write_set("good", finds);
        write_set("finds-new-threat", finds + rule("New_Threat", "FB-NEW-THREAT"));
        write_set("blind", rule("Nothing", "FB-NOWHERE"));
        write_set("holds-file", finds + rule("File", "FB-USER"));
        write_set("takes-system-file", finds + rule("File", "FB-SYSTEM"));
        write_set("takes-network-file", finds + rule("File", "FB-NETWORK"));
        write_set("takes-boot-file", finds + rule("File", "FB-BOOT"));
        // The module opens a database, and the sandbox has no files.
        write_set("dies", "import \"magic\"\n" + finds +
                              rule("Kind", "FB-USER", " and magic.type() contains \"x\""));
        // Two million steps: some hundred milliseconds, well below a scan's limit.
        write_set("slow", finds + rule("Steps", "FB-USER",
                                       " and for all i in (1 .. 1000000) : (for all j in (1 .. 2) "
                                       ": (uint8(0) != j)) and filesize > 64"));
        write_set("does-not-compile", "rule Broken { condition: $nothing }\n");
    }
    TemporaryFolder folder_;
};

inline std::unique_ptr<lab::Lab> assemble(const scenario::Experiment& experiment,
                                          const lab::Options& options) {
    auto lab = lab::Lab::assemble(experiment, options);
    EXPECT_TRUE(lab.ok()) << lab.error().text();
    return lab.ok() ? std::move(lab).value() : nullptr;
}

}  // namespace firebreak::test
