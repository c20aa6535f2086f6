#include "report/attack_matrix.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/attack_rows.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

constexpr const char* kPlain = "";

constexpr const char* kStandingsInBrief =
    "  Held: all conditions met. Contained: not all, but harm stayed within bounds. Fell: neither.";

std::string padded(const std::string& text, size_t to) {
    return text + std::string(to > cells(text) ? to - cells(text) : 0, ' ');
}

const char* color_of(const Attempt& attempt) {
    const record::Standing standing = attempt.verdict.standing;
    return !attempt.as_expected()                     ? "1;31"
           : standing == record::Standing::kHeld      ? "32"
           : standing == record::Standing::kContained ? "33"
                                                      : "31";
}

std::string told(const Attempt& attempt) {
    return attempt.as_expected() ? standing_word(attempt)
                                 : fmt::format("{} (expected {})", standing_word(attempt),
                                               checks::to_text(attempt.attack().expected));
}

struct Cell {
    std::string text;
    const char* color = kDim;
};

// The first line is the heading, the last one counts.
std::vector<std::vector<Cell>> lines_of(const AttackRows& matrix) {
    std::vector<std::vector<Cell>> lines = {{{"attack"}}};
    for (const AttackRow& row : matrix.rows) {
        lines.push_back({{base::printable(row.name), kPlain}});
    }
    lines.push_back({{fmt::format("{} in all", matrix.rows.size())}});
    for (const std::string& profile : matrix.profiles) {
        lines.front().push_back({base::printable(profile)});
        for (size_t r = 0; r < matrix.rows.size(); ++r) {
            const auto& attempts = matrix.rows[r].attempts;
            const auto attempt = attempts.find(profile);
            lines[r + 1].push_back(attempt == attempts.end()
                                       ? Cell{"–"}
                                       : Cell{told(attempt->second), color_of(attempt->second)});
        }
        lines.back().push_back({tally(matrix, profile)});
    }
    return lines;
}

std::string table_of(const AttackRows& matrix, bool color) {
    const std::vector<std::vector<Cell>> lines = lines_of(matrix);
    std::vector<size_t> widths(lines.front().size());
    for (const auto& line : lines) {
        for (size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], cells(line[i].text));
        }
    }
    std::string out;
    for (const auto& line : lines) {
        for (size_t i = 0; i < line.size(); ++i) {
            const bool last = i + 1 == line.size();
            out += "  " + paint(last ? line[i].text : padded(line[i].text, widths[i]),
                                line[i].color, color && line[i].color != kPlain);
        }
        out += "\n";
    }
    return out;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Digests by their first digits.
std::string with_short_digests(const std::string& text) {
    constexpr size_t kShortest = 40;
    constexpr size_t kKept = 8;
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t end = static_cast<size_t>(
            std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_hex) -
            text.begin());
        if (end - at >= kShortest) {
            out += text.substr(at, kKept) + "…";
        } else {
            out += text.substr(at, end - at);
        }
        at = end;
        if (at < text.size()) {
            out += text[at++];
        }
    }
    return out;
}

// At most so many cells. What is said first says most, so the end is left out, after a word.
std::string fitted(const std::string& text, size_t most_cells) {
    if (cells(text) <= most_cells) {
        return text;
    }
    const std::string brief = with_short_digests(text);
    if (cells(brief) <= most_cells) {
        return brief;
    }
    std::string out;
    for (size_t at = 0; at < brief.size();) {
        const size_t end = std::min(brief.find(' ', at), brief.size());
        const std::string word = brief.substr(at, end - at);
        if (cells(out) + cells(word) + 2 > most_cells) {
            break;
        }
        out += (at == 0 ? "" : " ") + word;
        at = end + 1;
    }
    return out + "…";
}

std::string evidence_of(const AttackRows& matrix, bool color, size_t columns) {
    constexpr size_t kLongest = 20'000;
    size_t width = 0;
    for (const std::string& profile : matrix.profiles) {
        width = std::max(width, cells(base::printable(profile)));
    }
    std::string out;
    for (const AttackRow& row : matrix.rows) {
        std::string lines;
        for (const std::string& profile : matrix.profiles) {
            const auto attempt = row.attempts.find(profile);
            if (attempt == row.attempts.end() || attempt->second.verdict.evidence.empty()) {
                continue;
            }
            const std::string text = base::printable(attempt->second.verdict.evidence, kLongest);
            const std::string begin = "    " + padded(base::printable(profile), width) + "  ";
            constexpr size_t kLeast = 24;
            const size_t room = std::max(columns - std::min(columns, cells(begin)), kLeast);
            lines += paint(begin + (columns == 0 ? text : fitted(text, room)), kDim, color) + "\n";
        }
        out += lines.empty() ? "" : "  " + base::printable(row.name) + "\n" + lines;
    }
    return out.empty() ? "" : "\nWhat an endpoint under attack met\n" + out;
}

}  // namespace

std::string attack_matrix_terminal(const std::vector<Judged>& runs, bool color, size_t columns) {
    const AttackRows matrix = attack_rows(runs);
    if (matrix.rows.empty()) {
        return "";
    }
    return "\n" + table_of(matrix, color) + paint(kStandingsInBrief, kDim, color) + "\n" +
           evidence_of(matrix, color, columns) + "\n";
}

}  // namespace firebreak::report
