#include "report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "checks/decision.h"
#include "checks/differences.h"
#include "report/comparison_columns.h"
#include "report/json_parts.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

bool all_differ(const std::vector<std::string>& names) {
    return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

// "0.1% in 1 and 3": which runs have which value.
std::string values_text(const checks::Difference& difference) {
    std::vector<std::pair<std::string, std::string>> groups;  // value, numbers of runs
    for (size_t i = 0; i < difference.values.size(); ++i) {
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
            return group.first == difference.values[i];
        });
        if (same == groups.end()) {
            groups.emplace_back(difference.values[i], std::to_string(i + 1));
        } else {
            same->second += ", " + std::to_string(i + 1);
        }
    }
    std::string out;
    for (const auto& [value, numbers] : groups) {
        out +=
            fmt::format("{}{} ({})", out.empty() ? "" : "; ", base::printable(value, 100), numbers);
    }
    return out;
}

std::string differences_text(const std::vector<Judged>& runs, bool color) {
    const std::vector<checks::Difference> differences = differences_of(runs);
    std::string out;
    for (const checks::Difference& difference : differences) {
        out += fmt::format("  {} {}: {}\n", base::printable(difference.section, 60),
                           base::printable(difference.key, 60), values_text(difference));
    }
    return out.empty()
               ? "\nNo setting differs between these runs.\n"
               : "\n" + paint("Settings that differ, with the numbers of the runs", "1", color) +
                     "\n" + out;
}

}  // namespace

std::vector<std::string> run_names(const std::vector<Judged>& runs) {
    std::vector<std::string> names;
    for (const Judged& judged : runs) {
        names.push_back(judged.run.header.name);
    }
    if (all_differ(names)) {
        return names;
    }
    for (size_t i = 0; i < runs.size(); ++i) {
        names[i] = std::filesystem::path(runs[i].run_file).stem().string();
    }
    if (!all_differ(names)) {
        for (size_t i = 0; i < names.size(); ++i) {
            names[i] = fmt::format("{} {}", i + 1, names[i]);
        }
    }
    return names;
}

std::vector<checks::Difference> differences_of(const std::vector<Judged>& runs) {
    std::vector<const record::Run*> pointers;
    for (const Judged& judged : runs) {
        pointers.push_back(&judged.run);
    }
    return checks::differences(pointers);
}

std::vector<checks::Containment> totals_of(const std::vector<Judged>& runs) {
    std::vector<checks::Containment> rows;
    const std::vector<std::string> names = run_names(runs);
    for (size_t i = 0; i < runs.size(); ++i) {
        rows.push_back(checks::containment(runs[i].run).back());
        rows.back().group = names[i];
    }
    return rows;
}

std::vector<Column> comparison_columns(const std::vector<Judged>& runs) {
    struct Kept {
        std::string_view title;
        int rank;
    };
    constexpr Kept kKept[] = {{"affected", 0},       {"lost", 0},           {"infected", 1},
                              {"gap in h", 1},       {"time to detect", 3}, {"time to halt", 0},
                              {"time to recover", 2}};
    std::vector<Column> columns;
    for (Column& column : containment_columns(totals_of(runs))) {
        const auto* kept = std::find_if(std::begin(kKept), std::end(kKept),
                                        [&](const Kept& one) { return one.title == column.title; });
        if (kept != std::end(kKept)) {
            column.rank = kept->rank;
            columns.push_back(std::move(column));
        }
    }
    Column halts{"false halts", "false halts", {}, 4};
    Column verdicts{"verdict", "verdict", {}, 0};
    for (const Judged& judged : runs) {
        halts.cells.push_back(
            base::with_thousands(static_cast<int64_t>(checks::false_halts(judged.run))));
        verdicts.cells.push_back(judged.run.status == record::RunStatus::kInterrupted
                                     ? "interrupted"
                                     : to_text(checks::decide(judged.run, judged.verdicts).call));
    }
    if (std::any_of(halts.cells.begin(), halts.cells.end(),
                    [](const std::string& cell) { return cell != "0"; })) {
        columns.push_back(std::move(halts));
    }
    columns.push_back(std::move(verdicts));
    return columns;
}

std::string comparison_terminal(const std::vector<Judged>& runs, bool color) {
    std::vector<std::string> names = run_names(runs);
    for (size_t i = 0; i < names.size(); ++i) {
        const std::string number = std::to_string(i + 1) + " ";
        names[i] = (names[i].starts_with(number) ? "" : number) + base::printable(names[i]);
    }
    std::vector<Column> counts;
    std::vector<Column> times;
    for (Column& column : comparison_columns(runs)) {
        (column.title.starts_with("time ") ? times : counts).push_back(std::move(column));
    }
    return fitted_table("run", names, counts, false, color) +
           (times.empty() ? "" : "\n" + fitted_table("run", names, times, false, color)) +
           differences_text(runs, color);
}

std::string comparison_json(const std::vector<Judged>& runs) {
    const std::vector<std::string> names = run_names(runs);
    Json rows = Json::array();
    for (size_t i = 0; i < runs.size(); ++i) {
        const record::Run& run = runs[i].run;
        Json total = containment_json(checks::containment(run).back());
        total.erase("name");
        rows.push_back({{"name", names[i]},
                        {"run_file", runs[i].run_file},
                        {"scenario", run.header.name},
                        {"seed", run.header.seed},
                        {"status", status(runs[i])},
                        {"decision", decision_json(runs[i])},
                        {"headline", checks::headline(run)},
                        {"total", total},
                        {"false_halts", checks::false_halts(run)}});
    }
    Json differences = Json::array();
    for (const checks::Difference& difference : differences_of(runs)) {
        differences.push_back({{"section", difference.section},
                               {"key", difference.key},
                               {"values", difference.values}});
    }
    const Json out = {{"schema", 1}, {"runs", rows}, {"differences", differences}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace firebreak::report
