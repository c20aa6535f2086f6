#include "report/suite_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "checks/decision.h"
#include "report/attack_matrix.h"
#include "report/attack_rows.h"
#include "report/markup.h"
#include "report/page.h"

namespace firebreak::report {

namespace {

std::string result_text(const std::string& status) {
    return status == "passed"   ? tag("span", "pass", "✓ passed")
           : status == "failed" ? tag("span", "fail", "✗ failed")
                                : tag("span", "dim", "? " + status);
}

std::string verdict(const std::vector<Judged>& runs) {
    const auto count = [&](const char* wanted) {
        return static_cast<size_t>(std::count_if(
            runs.begin(), runs.end(), [&](const Judged& one) { return status(one) == wanted; }));
    };
    const size_t passed = count("passed");
    const bool all = passed == runs.size();
    std::string rest;
    for (const char* word : {"failed", "interrupted"}) {
        if (const size_t n = count(word); n > 0) {
            rest += tag("li", fmt::format("{} {}.", n, word)) + "\n";
        }
    }
    const AttackRows matrix = attack_rows(runs);
    for (const std::string& profile : matrix.profiles) {
        rest += tag("li", fmt::format("{}: of {} {}.", escape(profile),
                                      counted(matrix.rows.size(), "attack", "attacks"),
                                      tally(matrix, profile))) +
                "\n";
    }
    return fmt::format("<div class=\"verdict {}\">\n{}\n<div>{}\n{}</div>\n</div>\n",
                       all ? "go" : "no-go", tag("div", "call", all ? "✓ Passed" : "✗ Not passed"),
                       tag("p", "headline",
                           fmt::format("{} of {} did what the scenarios expect.", number(passed),
                                       counted(runs.size(), "run", "runs"))),
                       rest.empty() ? "" : tag("ul", rest));
}

std::string runs_section(const std::vector<Judged>& runs) {
    std::vector<std::vector<std::string>> rows;
    for (const Judged& judged : runs) {
        const record::Header& header = judged.run.header;
        const std::string name = escape(header.title.empty() ? header.name : header.title);
        rows.push_back({result_text(status(judged)),
                        header.attack
                            ? name + " " + tag("span", "mark", escape(header.attack->profile))
                            : name,
                        escape_prose(checks::headline(judged.run)),
                        tag("span", "dim", escape(judged.run_file, 4000))});
    }
    return table({"", "scenario", "what came of it", "run file"}, rows, "suite") +
           tag("p", "note",
               tag("code", "firebreak report FILE --format html") +
                   " tells a run file in full, with every expectation and what was measured.") +
           "\n";
}

}  // namespace

std::string suite_html(const std::vector<Judged>& runs) {
    std::string version;
    for (const Judged& judged : runs) {
        version = version.empty() ? judged.run.header.version : version;
    }
    return html_page(
        {"Suite of scenarios",
         verdict(runs),
         {{"attacks", "Attacks on the content channel", attack_matrix_section(runs), false},
          {"runs", "Runs", runs_section(runs), true}},
         version});
}

}  // namespace firebreak::report
