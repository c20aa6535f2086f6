#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "content/pki.h"
#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "places/places.h"
#include "sandbox/worker.h"
#include "scenario/experiment.h"

namespace firebreak::headless {

namespace {

void line(bool good, const std::string& what, const std::string& detail) {
    fmt::print("  {} {:<24} {}\n", good ? "✓" : "✗", what, detail);
}

// Starts a real worker and asks which layers stand around it.
bool examine_sandbox() {
    sandbox::Spawner spawner(places::worker_binary());
    sandbox::Policy policy;
    policy.component = "scanner";
    const auto worker = sandbox::Worker::start(spawner, policy);
    if (!worker.ok()) {
        line(false, "sandboxed worker", worker.error().text());
        return false;
    }
    for (uint32_t layer = 1; layer <= base::kAllLayers; layer <<= 1) {
        const bool there = (worker->layers() & layer) != 0;
        line(there, base::layer_names(layer),
             there ? "in force"
                   : "not given by this machine: only scenarios that require it do not run");
    }
    return true;
}

bool examine_fixtures() {
    const auto folder = places::find_fixtures(std::filesystem::current_path());
    if (!folder.ok()) {
        line(false, "fixtures", folder.error().text());
        return false;
    }
    line(true, "fixtures", folder->string());
    const auto pki = content::load_pki(*folder / "keys");
    line(pki.ok(), "test keys",
         pki.ok() ? fmt::format("{} signers", pki->signers.size()) : pki.error().text());
    return pki.ok();
}

// Programs that scenarios of scenarios/external put in the scanner's place. The launcher installs
// none for them.
bool examine_programs() {
    bool all = true;
    const auto folder = places::project_scenarios() / "external";
    const auto files = places::scenarios_in(folder);
    for (const auto& file : files.ok() ? *files : std::vector<std::filesystem::path>()) {
        const auto experiment = scenario::load(file);
        if (!experiment.ok() || !experiment->scanner) {
            continue;
        }
        const scenario::ExternalScanner& scanner = *experiment->scanner;
        std::error_code ignored;
        const bool there = std::filesystem::exists(scanner.command, ignored);
        const std::string remedy =
            scanner.package.empty() ? "" : "; install it: apt-get install " + scanner.package;
        line(there, base::printable(scanner.command, 60),
             there ? "installed"
                   : fmt::format("not installed, and external/{} needs it{}",
                                 file.filename().string(), remedy));
        all = all && there;
    }
    return all;
}

int examine() {
    utsname system{};
    uname(&system);
    fmt::print("Firebreak {}\n", FIREBREAK_VERSION);
    line(true, "system", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
    line(true, "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING));
    const bool sandbox = examine_sandbox();
    const bool fixtures = examine_fixtures();
    const bool programs = examine_programs();
    fmt::print("{}\n", !sandbox || !fixtures ? "This machine lacks what the lines with ✗ name."
                       : programs            ? "This machine can run every scenario."
                                  : "This machine can run every scenario but those that need a "
                                    "program that is not installed.");
    return sandbox && fixtures ? kPassed : kExpectationFailed;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "doctor", "Say what this machine gives: sandbox layers, fixtures, keys, programs");
    command->callback([&exit_code] { exit_code = examine(); });
}

}  // namespace firebreak::headless
