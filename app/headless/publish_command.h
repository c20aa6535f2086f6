// `firebreak content publish`: signed packages as the CDN's static files.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace firebreak::headless {

// Adds the subcommand to `content`. It runs inside CLI11's parse() and hands its exit code to
// `finish`: 0 published, 4 invalid input, or a file that cannot be written.
void add_publish(CLI::App& content, const std::function<void(int exit_code)>& finish);

}  // namespace firebreak::headless
