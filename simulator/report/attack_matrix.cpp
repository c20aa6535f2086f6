#include "report/attack_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "checks/attack.h"
#include "checks/containment.h"
#include "checks/decision.h"
#include "report/markup.h"
#include "report/page.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

// An attack as it went under one profile.
struct Cell {
    checks::AttackVerdict verdict;
    record::Standing expected = record::Standing::kHeld;

    bool as_expected() const { return verdict.decided && verdict.standing == expected; }
};

struct Row {
    std::string aim;
    std::map<std::string, Cell> cells;  // by profile
};

struct Matrix {
    std::vector<std::string> names;  // in the order of the suite
    std::map<std::string, Row> rows;
    std::vector<std::string> profiles;
};

Matrix matrix_of(const std::vector<Judged>& runs) {
    Matrix out;
    std::set<std::string> profiles;
    for (const Judged& judged : runs) {
        const auto verdict = checks::judge_attack(judged.run);
        if (!verdict) {
            continue;
        }
        const record::Attack& attack = *judged.run.header.attack;
        if (!out.rows.contains(attack.row)) {
            out.names.push_back(attack.row);
        }
        Row& row = out.rows[attack.row];
        row.aim = attack.aim;
        row.cells[attack.profile] = {*verdict, attack.expected};
        profiles.insert(attack.profile);
    }
    // "published" before "hardened".
    out.profiles.assign(profiles.rbegin(), profiles.rend());
    return out;
}

std::string word(const Cell& cell) {
    if (!cell.verdict.decided) {
        return "open";
    }
    const std::string standing(checks::to_text(cell.verdict.standing));
    return cell.as_expected()
               ? standing
               : fmt::format("{} (expected {})", standing, checks::to_text(cell.expected));
}

const char* color_of(const Cell& cell) {
    return !cell.as_expected()                                     ? "1;31"
           : cell.verdict.standing == record::Standing::kHeld      ? "32"
           : cell.verdict.standing == record::Standing::kContained ? "33"
                                                                   : "31";
}

}  // namespace

std::string attack_matrix_terminal(const std::vector<Judged>& runs, bool color) {
    const Matrix matrix = matrix_of(runs);
    if (matrix.names.empty()) {
        return "";
    }
    size_t width = 6;
    for (const std::string& name : matrix.names) {
        width = std::max(width, cells(base::printable(name)));
    }
    const auto padded = [](const std::string& text, size_t to) {
        return text + std::string(to > cells(text) ? to - cells(text) : 0, ' ');
    };
    std::string out = "\n  " + padded("attack", width);
    for (const std::string& profile : matrix.profiles) {
        out += "  " + padded(profile, 11);
    }
    out += "\n";
    for (const std::string& name : matrix.names) {
        const Row& row = matrix.rows.at(name);
        out += "  " + padded(base::printable(name), width);
        for (const std::string& profile : matrix.profiles) {
            const auto cell = row.cells.find(profile);
            const std::string text = cell == row.cells.end() ? "–" : word(cell->second);
            out += "  " + (cell == row.cells.end()
                               ? padded(text, 11)
                               : paint(padded(text, 11), color_of(cell->second), color));
        }
        out += "\n";
        for (const std::string& profile : matrix.profiles) {
            const auto cell = row.cells.find(profile);
            if (cell != row.cells.end() && !cell->second.verdict.evidence.empty()) {
                const std::string evidence = base::printable(cell->second.verdict.evidence, 400);
                out += paint(fmt::format("      {}: {}\n", profile, shortened(evidence, 84)), "2",
                             color);
            }
        }
    }
    return out;
}

std::string attack_matrix_section(const std::vector<Judged>& runs) {
    const Matrix matrix = matrix_of(runs);
    if (matrix.names.empty()) {
        return "";
    }
    std::vector<std::string> headings = {"attack", "what the attacker wants"};
    for (const std::string& profile : matrix.profiles) {
        headings.push_back(escape(profile));
    }
    std::vector<std::vector<std::string>> rows;
    for (const std::string& name : matrix.names) {
        const Row& row = matrix.rows.at(name);
        std::vector<std::string> line = {tag("strong", escape(name)), escape_prose(row.aim)};
        for (const std::string& profile : matrix.profiles) {
            const auto cell = row.cells.find(profile);
            if (cell == row.cells.end()) {
                line.push_back("–");
                continue;
            }
            const checks::AttackVerdict& verdict = cell->second.verdict;
            line.push_back(tag("strong",
                               fmt::format("standing {}", cell->second.as_expected()
                                                              ? checks::to_text(verdict.standing)
                                                              : "unexpected"),
                               escape(word(cell->second))) +
                           tag("div", "dim", escape_prose(verdict.why)) +
                           (verdict.evidence.empty()
                                ? ""
                                : tag("div", "dim", escape_prose(verdict.evidence))));
        }
        rows.push_back(std::move(line));
    }
    return table(headings, rows, "attacks");
}

std::string suite_html(const std::vector<Judged>& runs) {
    std::vector<std::vector<std::string>> rows;
    std::string version;
    size_t passed = 0;
    for (const Judged& judged : runs) {
        const std::string how = status(judged);
        passed += how == "passed" ? 1 : 0;
        const std::string title =
            judged.run.header.title.empty() ? judged.run.header.name : judged.run.header.title;
        rows.push_back({escape(how), escape(title), escape_prose(checks::headline(judged.run)),
                        tag("span", "dim", escape(judged.run_file))});
        version = judged.run.header.version;
    }
    return html_page(
        {"Suite of scenarios",
         tag("p", "dim", fmt::format("{} of {} passed", passed, runs.size())) + "\n",
         {{"attacks", "Attacks on the content channel", attack_matrix_section(runs), false},
          {"runs", "Runs", table({"", "scenario", "what came of it", "run file"}, rows), false}},
         version});
}

}  // namespace firebreak::report
