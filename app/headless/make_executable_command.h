// `firebreak content make-executable`: small Windows programs for scenarios, signed or not.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace firebreak::headless {

// Adds the subcommand to `firebreak content`. When chosen, it runs inside CLI11's parse(), writes
// to stdout and stderr, and hands its exit code to `finish`: 0 done, 4 invalid input.
void add_make_executable(CLI::App& content, const std::function<void(int exit_code)>& finish);

}  // namespace firebreak::headless
