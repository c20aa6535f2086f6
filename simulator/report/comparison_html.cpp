#include <fmt/format.h>

#include <algorithm>

#include "checks/series.h"
#include "report/comparison_columns.h"
#include "report/page.h"
#include "report/scatter_chart.h"
#include "report/sections.h"
#include "report/story.h"
#include "report/time_chart.h"

namespace firebreak::report {

namespace {

constexpr Tone kRunTones[] = {Tone::kRefused,  Tone::kAffected, Tone::kProtected, Tone::kLost,
                              Tone::kDegraded, Tone::kExposed,  Tone::kInk};
constexpr size_t kToneCount = std::size(kRunTones);

Tone tone_of(size_t run) {
    return kRunTones[run % kToneCount];
}

// Pairs of tone and dash come again after 35 runs.
int dash_of(size_t run) {
    return static_cast<int>(run % kDashes);
}

// A line per run; as shares of the run's endpoints if asked for.
std::vector<Line> lines_of(const std::vector<Judged>& runs, base::Metric metric, bool shares) {
    const std::vector<std::string> names = run_names(runs);
    std::vector<Line> lines;
    for (size_t i = 0; i < runs.size(); ++i) {
        std::vector<record::Point> points = checks::points_of(runs[i].run, {metric});
        const auto endpoints = static_cast<double>(endpoints_in_all(runs[i].run.header));
        for (record::Point& point : points) {
            point.value /= shares && endpoints > 0 ? endpoints : 1;
        }
        if (points.empty() || points.front().at > base::SimTime{0}) {
            points.insert(points.begin(), {base::SimTime{0}, 0});
        }
        lines.push_back({names[i], std::move(points), tone_of(i), dash_of(i), false});
    }
    return lines;
}

double most(const std::vector<Line>& lines) {
    double value = 0;
    for (const Line& line : lines) {
        value = std::max(value, checks::peak(line.points));
    }
    return value;
}

std::string overlay(const std::string& caption, const std::vector<Line>& lines, base::SimTime end,
                    Quantity quantity, Scale scale) {
    if (most(lines) <= 0) {
        return "";
    }
    const std::string note = scale == Scale::kLog ? tag("span", "dim", ", log scale") : "";
    return "<figure class=\"full\">" + tag("figcaption", caption + note) + "\n" +
           time_chart({caption, {0}, end, quantity, scale, lines, {}, {}, false}) + "</figure>\n";
}

std::string runs_table(const std::vector<Judged>& runs) {
    const std::vector<checks::Containment> totals = totals_of(runs);
    std::vector<std::string> headings = {"#", "run"};
    std::vector<std::vector<std::string>> cells;
    for (size_t i = 0; i < runs.size(); ++i) {
        cells.push_back({std::to_string(i + 1), escape(totals[i].group)});
    }
    for (const Column& column : comparison_columns(runs)) {
        const bool verdict = column.title == "verdict";
        headings.push_back((verdict ? "" : "#") + column.title);
        for (size_t i = 0; i < runs.size(); ++i) {
            cells[i].push_back(verdict && column.cells[i] != "interrupted" ? call_text(runs[i])
                                                                           : column.cells[i]);
        }
    }
    return table(headings, cells, "runs");
}

std::string curves(const std::vector<Judged>& runs) {
    base::SimTime busy;
    base::SimTime end;
    for (const Judged& judged : runs) {
        busy = std::max(busy, eventful(judged.run).end);
        end = std::max(end, judged.run.reached);
    }
    const std::vector<Line> affected = lines_of(runs, base::Metric::kAffected, false);
    const std::vector<Line> gap = lines_of(runs, base::Metric::kProtectionGap, false);
    const std::string out = overlay("Endpoints that came to harm", affected, busy, Quantity::kCount,
                                    scale_for(affected)) +
                            overlay("Share of the fleet that was given content under test",
                                    lines_of(runs, base::Metric::kExposed, true), busy,
                                    Quantity::kShare, Scale::kLinear) +
                            overlay("Protection gap so far, in endpoint-hours", gap, end,
                                    Quantity::kHours, scale_for(gap));
    return out.empty() ? tag("p", "Nothing happened in any of these runs.") + "\n" : out;
}

// What a policy trades for what.
std::string trade(const std::vector<Judged>& runs) {
    ScatterChart chart;
    chart.title = "Protection gap against affected endpoints, a dot per run";
    chart.x_title = "protection gap, endpoint-hours";
    chart.y_title = "endpoints affected";
    chart.x_quantity = Quantity::kHours;
    const std::vector<checks::Containment> totals = totals_of(runs);
    double gaps = 0;
    double harm = 0;
    for (size_t i = 0; i < totals.size(); ++i) {
        chart.dots.push_back({fmt::format("{} {}", i + 1, totals[i].group),
                              totals[i].protection_gap_h, static_cast<double>(totals[i].affected),
                              tone_of(i)});
        gaps = std::max(gaps, totals[i].protection_gap_h);
        harm = std::max(harm, static_cast<double>(totals[i].affected));
    }
    if (gaps <= 0 || harm <= 0) {
        return "";  // one price was paid by nobody: there is no trade to see
    }
    chart.y_scale = scale_for(lines_of(runs, base::Metric::kAffected, false));
    return tag("p", "lead",
               "Faster staging protects sooner and hurts more endpoints when content is bad. Down "
               "and to the left is better on both counts.") +
           "\n<figure class=\"full\">" + scatter_chart(chart) + "</figure>\n";
}

std::string differences_table(const std::vector<Judged>& runs) {
    constexpr size_t kMostBeside = 6;
    const std::vector<checks::Difference> differences = differences_of(runs);
    if (differences.empty()) {
        return tag("p", "No setting differs between these runs.") + "\n";
    }
    const bool beside = runs.size() <= kMostBeside;
    const std::vector<std::string> names = run_names(runs);
    std::vector<std::string> headings = {"setting"};
    for (size_t i = 0; beside && i < names.size(); ++i) {
        headings.push_back(escape(names[i], 80));
    }
    if (!beside) {
        headings.push_back("value, with the numbers of the runs");
    }
    std::vector<std::vector<std::string>> rows;
    for (const checks::Difference& difference : differences) {
        std::vector<std::string> row = {escape(difference.section + " " + difference.key)};
        std::string together;
        for (size_t i = 0; i < difference.values.size(); ++i) {
            const std::string value = escape(difference.values[i], 200);
            if (beside) {
                row.push_back(value);
            } else {
                together += fmt::format("{}{}: {}", i > 0 ? "; " : "", i + 1, value);
            }
        }
        if (!beside) {
            row.push_back(together);
        }
        rows.push_back(std::move(row));
    }
    return table(headings, rows, "fixed");
}

std::string files(const std::vector<Judged>& runs) {
    std::vector<std::vector<std::string>> rows;
    for (size_t i = 0; i < runs.size(); ++i) {
        const record::Run& run = runs[i].run;
        rows.push_back({std::to_string(i + 1), escape(run.header.title),
                        escape(runs[i].run_file, 1000), fmt::format("{}", run.header.seed),
                        run.status == record::RunStatus::kFinished
                            ? tag("code", escape(run.summary.fingerprint))
                            : "interrupted on " + to_text(run.reached)});
    }
    return table({"#", "title", "run file", "seed", "fingerprint"}, rows, "runs");
}

}  // namespace

std::string comparison_html(const std::vector<Judged>& runs) {
    return html_page({fmt::format("{} runs compared", runs.size()),
                      "",
                      {{"runs", "", runs_table(runs), false},
                       {"trade", "Harm against protection", trade(runs), false},
                       {"curves", "Over time", curves(runs), true},
                       {"differences", "Settings that differ", differences_table(runs), false},
                       {"files", "The runs", files(runs), false}},
                      runs.front().run.header.version});
}

}  // namespace firebreak::report
