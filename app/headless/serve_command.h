// `firebreak content serve`: a folder of content over HTTP.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace firebreak::headless {

// Adds the subcommand to `content`. It runs inside CLI11's parse() and hands its exit code to
// `finish`: 0 once it was interrupted, 4 if it cannot serve.
void add_serve(CLI::App& content, const std::function<void(int exit_code)>& finish);

}  // namespace firebreak::headless
