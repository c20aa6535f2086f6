#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>

#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "record/run_reader.h"
#include "report/reports.h"

namespace firebreak::headless {

namespace {

int tell(const std::string& run_file, const std::string& format, std::string out) {
    auto run = record::read_run(run_file);
    if (!run.ok()) {
        complain(run.error());
        return kUsage;
    }
    report::Judged judged{std::move(run).value(), {}, run_file};
    judged.verdicts = checks::judge(judged.run);
    const bool beside = format == "html" && out.empty();
    if (beside) {
        out = run_file + ".html";
    }
    const bool color =
        out.empty() && isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    const std::string text = format == "json"    ? report::json(judged)
                             : format == "junit" ? report::junit({judged})
                             : format == "html"  ? report::html(judged)
                                                 : report::terminal(judged, color);
    if (!put(out.empty() ? "-" : out, text)) {
        return kInternalError;
    }
    if (beside) {
        fmt::print("{}\n", out);
    }
    return kPassed;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("report", "Tell what a run file holds");
    auto file = std::make_shared<std::string>();
    auto format = std::make_shared<std::string>("text");
    auto out = std::make_shared<std::string>();
    command->add_option("run", *file, "Run file; an interrupted run is told as far as it got")
        ->required();
    command->add_option("--format", *format, "text, json, junit or html")
        ->check(CLI::IsMember({"text", "json", "junit", "html"}));
    command->add_option("-o,--out", *out,
                        "Write to this file (- is stdout); default: stdout, and RUN.html for html");
    command->callback([=, &exit_code] { exit_code = tell(*file, *format, *out); });
}

}  // namespace firebreak::headless
