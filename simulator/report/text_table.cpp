#include "report/text_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace firebreak::report {

namespace {

bool starts_character(char c) {
    return (static_cast<uint8_t>(c) & 0xc0) != 0x80;
}

// The first `count` characters, and what comes after them.
std::pair<std::string, std::string> split(const std::string& text, size_t count) {
    size_t at = 0;
    for (; at < text.size(); ++at) {
        if (starts_character(text[at]) && count-- == 0) {
            break;
        }
    }
    return {text.substr(0, at), text.substr(at)};
}

std::string pad(const std::string& text, size_t width, bool right) {
    const std::string blanks(width > cells(text) ? width - cells(text) : 0, ' ');
    return right ? blanks + text : text + blanks;
}

constexpr size_t kMostColumns = 100;

size_t width(const Column& column) {
    size_t most = cells(column.title);
    for (const std::string& cell : column.cells) {
        most = std::max(most, cells(cell));
    }
    return most;
}

// Leaves out columns until the rest fits beside names of this width; their titles.
std::vector<std::string> fit(std::vector<Column>& columns, size_t names, size_t gap) {
    std::vector<std::string> left_out;
    for (;;) {
        size_t total = 2 + names;
        for (const Column& column : columns) {
            total += gap + width(column);
        }
        const auto least =
            std::max_element(columns.begin(), columns.end(),
                             [](const Column& a, const Column& b) { return a.rank < b.rank; });
        if (total <= kMostColumns || least == columns.end() || least->rank == 0) {
            return left_out;
        }
        left_out.push_back(least->title);
        columns.erase(least);
    }
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        out += (out.empty() ? "" : ", ") + word;
    }
    return out;
}

}  // namespace

std::string paint(const std::string& text, const char* code, bool color) {
    return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
}

size_t cells(const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string shortened(const std::string& text, size_t most_cells) {
    const size_t all = cells(text);
    if (all <= most_cells) {
        return text;
    }
    const size_t tail = (most_cells - 1) / 2;
    const size_t head = most_cells - 1 - tail;
    return split(text, head).first + "…" + split(text, all - tail).second;
}

std::string text_table(const std::vector<std::vector<std::string>>& rows, size_t gap, bool sum,
                       bool color) {
    std::vector<size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], cells(row[i]));
        }
    }
    std::string out;
    for (size_t r = 0; r < rows.size(); ++r) {
        std::string line = "  ";
        for (size_t i = 0; i < rows[r].size(); ++i) {
            line += std::string(i == 0 ? 0 : gap, ' ') + pad(rows[r][i], widths[i], i > 0);
        }
        out += (r == 0                        ? paint(line, "2", color)
                : sum && r + 1 == rows.size() ? paint(line, "1", color)
                                              : line) +
               "\n";
    }
    return out;
}

std::string fitted_table(const std::string& heading, const std::vector<std::string>& names,
                         std::vector<Column> columns, bool sum, bool color) {
    constexpr size_t kLongestName = 28;
    std::vector<std::vector<std::string>> lines = {{heading}};
    size_t name_cells = cells(heading);
    for (const std::string& name : names) {
        lines.push_back({shortened(name, kLongestName)});
        name_cells = std::max(name_cells, cells(lines.back()[0]));
    }
    size_t gap = 3;
    if (std::vector<Column> trial = columns; !fit(trial, name_cells, gap).empty()) {
        gap = 2;
    }
    if (std::vector<Column> trial = columns; !fit(trial, name_cells, gap).empty()) {
        for (Column& column : columns) {
            column.title = column.brief;
        }
    }
    const std::vector<std::string> left_out = fit(columns, name_cells, gap);
    for (const Column& column : columns) {
        lines[0].push_back(column.title);
        for (size_t r = 0; r < column.cells.size(); ++r) {
            lines[r + 1].push_back(column.cells[r]);
        }
    }
    std::string out = text_table(lines, gap, sum, color);
    if (!left_out.empty()) {
        out += paint("  Not shown for want of room: " + joined(left_out) + ".\n", "2", color);
    }
    return out;
}

}  // namespace firebreak::report
