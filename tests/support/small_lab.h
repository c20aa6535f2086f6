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

inline scenario::Experiment experiment(const std::string& more) {
    auto parsed = scenario::parse(std::string(kSmallFleet) + more, source_dir() / "small.toml");
    EXPECT_TRUE(parsed.ok()) << parsed.error().text();
    return parsed.ok() ? std::move(parsed).value() : scenario::Experiment{};
}

// The project's content and keys, with personas of a few files each: a transition costs
// milliseconds where a whole persona takes a second.
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

  private:
    void write(const std::string& name, const std::string& pattern, int files) {
        std::ofstream out(folder_.path() / "personas" / (name + ".toml"));
        out << "schema = 1\ntitle = \"" << name << "\"\nwindows_build = \"10.0.19045.4529\"\n"
            << "[online]\npattern = \"" << pattern << "\"\n";
        for (int i = 1; i <= files; ++i) {
            out << "[[file]]\npath = 'C:\\work\\" << name << i
                << ".txt'\ntext = \"minutes of meeting " << i << "\"\nopens_per_hour = 0." << i
                << "\n";
        }
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
