// Tables for terminals: columns as wide as their widest cell.
#pragma once

#include <string>
#include <vector>

namespace firebreak::report {

// `text` in an ANSI colour ("1" is bold, "31" red, "32" green), or as it is.
std::string paint(const std::string& text, const char* code, bool color);
inline constexpr const char* kDim = "2";

// How many terminal cells a UTF-8 text takes, taking every character for one cell.
size_t cells(const std::string& text);

// At most so many cells, the middle left out for "…": names often differ at both ends.
std::string shortened(const std::string& text, size_t most_cells);

// Rows of equal length; the first is the heading, the first column is aligned to the left, columns
// lie `gap` blanks apart. `sum`: the last row sums up the others.
std::string text_table(const std::vector<std::vector<std::string>>& rows, size_t gap, bool sum,
                       bool color);

struct Column {
    std::string title, brief;        // the same with fewer letters, if it can be said so
    std::vector<std::string> cells;  // one per row
    int rank = 0;                    // where there is no room, the highest goes first; 0 stays
};

// A table that stays within 100 columns: closer together if need be, then with brief titles, then
// without the columns of the highest ranks, which it names below. `names`: the first column; long
// ones are shortened.
std::string fitted_table(const std::string& heading, const std::vector<std::string>& names,
                         std::vector<Column> columns, bool sum, bool color);

}  // namespace firebreak::report
