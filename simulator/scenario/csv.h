// CSV files, as RFC 4180 has them: fields between commas, in quotes where need be.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace firebreak::scenario {

// One line, field by field in the order of the columns that were asked for.
struct CsvRow {
    std::vector<std::string> fields;
    std::vector<std::string> places;  // "fleet.csv:7:12", of each field
};

// Reads a file line by line: lines end in LF or CRLF, empty ones are passed over, and so is a byte
// order mark. A quoted field may hold commas, and quotes that are doubled.
class CsvReader {
  public:
    // A file of at most `max_bytes` whose first line names these columns, each once, in any order.
    // Errors: unreadable, too large, no such header. `columns` must outlive the reader.
    static base::Result<CsvReader> open(const std::filesystem::path& file, uint64_t max_bytes,
                                        std::span<const std::string_view> columns);
    // The same from text; `file` serves messages.
    static base::Result<CsvReader> parse(std::string_view text, const std::string& file,
                                         std::span<const std::string_view> columns);

    // The next line, or an empty `row.fields` behind the last one. Errors: quotes that are not
    // closed or stand within a field, another number of fields than the header has, bytes that are
    // no UTF-8, control characters.
    base::Status next(CsvRow& row);

  private:
    struct Field {
        std::string text, place;
    };
    CsvReader(std::string text, std::string file)
        : text_(std::move(text)), file_(std::move(file)) {}
    base::Status read_header(std::span<const std::string_view> columns);
    base::Result<std::vector<Field>> next_line();
    base::Result<Field> next_field();
    base::Status read_quoted(Field& out);
    void end_line();
    std::string place() const;
    bool at_end() const { return at_ >= text_.size(); }
    bool at_line_end() const;
    char peek(size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    std::string text_, file_;
    size_t at_ = 0;
    size_t line_ = 1;
    size_t line_begin_ = 0;
    std::vector<size_t> order_;  // field of a line → column that was asked for
};

}  // namespace firebreak::scenario
