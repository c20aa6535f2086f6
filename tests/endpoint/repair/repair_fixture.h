// Kits of repair rules, and machines for them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "endpoint/repair/engine.h"
#include "host/product.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::repair {

using KitSources = std::map<std::string, std::string>;

inline LoadRules request_of(const KitSources& sources) {
    LoadRules request;
    for (const auto& [name, source] : sources) {
        request.files.push_back({name, base::view_of(source)});
    }
    return request;
}

inline KitSources sources_in(const std::filesystem::path& folder) {
    KitSources sources;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".lua") {
            const auto bytes = base::read_file(entry.path(), 1 << 20);
            EXPECT_TRUE(bytes.ok()) << entry.path();
            sources[entry.path().filename().string()] = base::text_of(*bytes);
        }
    }
    EXPECT_FALSE(sources.empty()) << folder;
    return sources;
}

inline KitSources shipped_kit() {
    return sources_in(test::fixtures_dir() / "content/good/RepairKit/2026-03-02");
}

inline std::vector<PackageFile> package_of(const host::Product& product) {
    std::vector<PackageFile> files;
    for (const host::File& file : product.files) {
        files.push_back({file.path, file.content->size(), file.sha384});
    }
    return files;
}

// A rule that does this when it mends.
inline std::string rule_that(const std::string& id, const std::string& body) {
    return "repair {id = \"" + id + "\"}\nmend(function()\n" + body + "\nend)\n";
}

// Only where the product is: rules are tried where nothing is.
inline std::string rule_on_product(const std::string& id, const std::string& body) {
    return rule_that(id, "if #package.list() > 0 then\n" + body + "\nend");
}

inline std::unique_ptr<Engine> new_engine(const EngineLimits& limits = {}) {
    auto made = Engine::create(limits);
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(made).value();
}

// A machine with files of Windows on it, and the product.
inline host::Persona persona_of_windows() {
    host::Persona persona;
    for (const char* path :
         {R"(C:\Windows\System32\drivers\tcpip.sys)", R"(C:\Windows\System32\ntoskrnl.exe)"}) {
        const base::Bytes bytes = base::bytes_of(path);
        persona.files.push_back({path, std::make_shared<const base::Bytes>(bytes),
                                 base::sha384(bytes), true, host::Loss::kBoot});
    }
    persona.services = {{"EventLog", R"(C:\Windows\System32\svchost.exe -k a)",
                         host::ServiceStart::kAutomatic, true}};
    return persona;
}

inline const host::Product& product_2026() {
    static const host::Product product = host::make_product("2026.1");
    return product;
}

inline const std::string kUpdater = R"(C:\Program Files\Endpoint Guard\Updater\updater.exe)";
inline const std::string kScanner = R"(C:\Program Files\Endpoint Guard\Scanner\scanner.exe)";

inline host::Machine sound_machine() {
    return host::machine_with(persona_of_windows(), product_2026());
}

inline void damage(host::Machine& machine, const std::string& path) {
    ASSERT_OK(host::apply(machine, host::WriteFile{path, base::Bytes(100)}));
}

// The updater and the scanner are.
inline host::Machine damaged_machine() {
    host::Machine machine = sound_machine();
    damage(machine, kUpdater);
    damage(machine, kScanner);
    return machine;
}

}  // namespace firebreak::endpoint::repair
