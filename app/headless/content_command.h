// `firebreak content`: build, sign, verify and inspect packages, and make keys for tests.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace firebreak::headless {

// Adds the subcommand to `app`. If the command line names one of its subcommands, that runs inside
// CLI11's parse(), writes to stdout and stderr, and hands its exit code to `finish`: 0 good,
// 1 refused, 4 invalid input. What is no valid command line is CLI11's ParseError as usual.
void add_content_command(CLI::App& app, std::function<void(int exit_code)> finish);

}  // namespace firebreak::headless
