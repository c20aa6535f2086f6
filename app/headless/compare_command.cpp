#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "record/run_reader.h"
#include "report/comparison.h"

namespace firebreak::headless {

namespace {

struct CompareOptions {
    std::vector<std::string> files;
    std::string json, html;
};

int compare(const CompareOptions& options) {
    std::vector<report::Judged> runs;
    for (const std::string& file : options.files) {
        auto run = record::read_run(file);
        if (!run.ok()) {
            complain(run.error());
            return kUsage;
        }
        runs.push_back({std::move(run).value(), {}, file});
        runs.back().verdicts = checks::judge(runs.back().run);
    }
    if (options.json != "-" && options.html != "-") {
        const bool color = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
        fmt::print("{}", report::comparison_terminal(runs, color));
    }
    const bool written = put(options.json, report::comparison_json(runs)) &&
                         put(options.html, report::comparison_html(runs));
    return written ? kPassed : kInternalError;
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
    auto* command =
        app.add_subcommand("compare", "Set runs beside one another: harm, protection, times");
    auto options = std::make_shared<CompareOptions>();
    command->add_option("runs", options->files, "Run files, 2 to 20")
        ->required()
        ->expected(static_cast<int>(report::kLeastRuns), static_cast<int>(report::kMostRuns));
    command->add_option("--json", options->json, "Write JSON to this file (- is stdout)");
    command->add_option("--html", options->html,
                        "Write one HTML file with charts to this file (- is stdout)");
    command->callback([options, &exit_code] { exit_code = compare(*options); });
}

}  // namespace firebreak::headless
