// An engine with application rules in it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/file.h"
#include "endpoint/applications/engine.h"
#include "endpoint/applications/machine_draft.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::applications {

using Sources = std::map<std::string, std::string>;

inline std::unique_ptr<Engine> new_engine(const EngineLimits& limits = {}) {
    auto made = Engine::create(limits);
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(made).value();
}

inline rules::LoadReply load(Engine& engine, const Sources& files) {
    LoadRules request;
    for (const auto& [name, source] : files) {
        request.files.push_back({name, base::view_of(source)});
    }
    return engine.load(request);
}

// A rule that finds its application by the program of its name, and then does this.
inline std::string rule_for(const std::string& program, const std::string& body) {
    std::string id = program;
    std::ranges::replace(id, ' ', '-');
    return "application {id = \"" + id +
           "\"}\ndetect(function()\nlocal app = installed_programs(\"" + program +
           "\")[1]\nif app ~= nil then\nfound {program = app.key, version = app.version}\n" + body +
           "\nend\nend)\n";
}

inline std::string excluding(const std::string& program) {
    return rule_for(program, "exclude {folder = app.location .. \"\\\\data\"}");
}

// Every .lua file of a folder.
inline Sources sources_in(const std::filesystem::path& folder) {
    Sources sources;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".lua") {
            const auto bytes = base::read_file(entry.path(), 1 << 20);
            EXPECT_TRUE(bytes.ok()) << entry.path();
            sources[entry.path().filename().string()] = std::string(bytes->begin(), bytes->end());
        }
    }
    EXPECT_FALSE(sources.empty()) << folder;
    return sources;
}

inline const std::filesystem::path kContent = test::fixtures_dir() / "content";

}  // namespace firebreak::endpoint::applications
