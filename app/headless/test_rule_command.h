// `firebreak content test-rule`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace firebreak::headless {

void add_test_rule(CLI::App& content, const std::function<void(int exit_code)>& finish);

}  // namespace firebreak::headless
