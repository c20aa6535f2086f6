// A scenario of a second, and the built program to run it.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/process.h"

namespace firebreak::test {

namespace fs = std::filesystem;

inline constexpr char kScenario[] = R"(schema = 1
title = "tiny"
seed = 3
start = 2026-03-02T00:00:00Z
duration = "1d"
[[group]]
name = "engineering"
stage = "engineering"
endpoints = 20
personas = { server = 1 }
[[baseline]]
feed = "DatasetA"
version = "one"
source = "good/DatasetA/2026-03-01"
[[release]]
id = "two"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "1h"
[[expect]]
metric = "running"
release = "two"
equals = 20
)";

class CommandLine : public testing::Test {
  protected:
    Finished firebreak(std::vector<std::string> words) {
        words.insert(words.begin(), command_line_binary().string());
        return run(words, folder_.path());
    }
    std::string write(const std::string& name, const std::string& text) {
        const fs::path file = folder_.path() / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }
    std::vector<std::string> fixtures() const { return {"--fixtures", fixtures_dir().string()}; }
    Finished run_scenario(const std::string& text, std::vector<std::string> more = {}) {
        std::vector<std::string> words = {"run", write("tiny.toml", text), "--fixtures",
                                          fixtures_dir().string()};
        words.insert(words.end(), more.begin(), more.end());
        return firebreak(words);
    }
    TemporaryFolder folder_;
};

}  // namespace firebreak::test
