// `firebreak content mutate`: damage a package as a bad edge or a bad disk would.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace firebreak::headless {

// Adds the subcommand to `firebreak content`. When chosen, it runs inside CLI11's parse(), writes
// to stdout and stderr, and hands its exit code to `finish`: 0 done, 4 invalid input.
void add_mutate(CLI::App& content, const std::function<void(int exit_code)>& finish);

}  // namespace firebreak::headless
