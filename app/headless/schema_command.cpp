#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "scenario/schema.h"

namespace firebreak::headless {

void add_schema_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("schema", "Print the JSON schema of scenario files");
    command->callback([&exit_code] {
        fmt::print("{}", scenario::json_schema());
        exit_code = kPassed;
    });
}

}  // namespace firebreak::headless
