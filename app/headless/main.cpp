#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "headless/commands.h"
#include "headless/content_command.h"
#include "headless/exit_codes.h"

namespace firebreak::headless {
namespace {

int run(int argc, char** argv) {
    CLI::App app{"Firebreak: a containment lab for endpoint content updates", "firebreak"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "firebreak " FIREBREAK_VERSION);
    app.footer(
        "Exit status: 0 passed, 1 an expectation failed, 2 interrupted, 3 internal error, 4 usage\n"
        "or invalid input, 5 nothing selected, 10 the fingerprint differs.");
    int exit_code = kPassed;
    add_run_command(app, exit_code);
    add_suite_command(app, exit_code);
    add_list_command(app, exit_code);
    add_replay_command(app, exit_code);
    add_report_command(app, exit_code);
    add_compare_command(app, exit_code);
    add_content_command(app, [&exit_code](int code) { exit_code = code; });
    add_schema_command(app, exit_code);
    add_doctor_command(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kPassed : kUsage;
    }
    return exit_code;
}

}  // namespace
}  // namespace firebreak::headless

int main(int argc, char** argv) {
    try {
        return firebreak::headless::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "firebreak: internal error: {}\n", error.what());
        return firebreak::headless::kInternalError;
    }
}
