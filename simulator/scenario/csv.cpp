#include "scenario/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace firebreak::scenario {

using base::Error;
using base::Result;
using base::Status;

namespace {

// No file of ours has names or texts as long as this.
constexpr size_t kMaxFieldBytes = 1000;
constexpr size_t kMaxFields = 64;

Status check_text(const std::string& text, const std::string& place) {
    if (text.size() > kMaxFieldBytes) {
        return Error{fmt::format("a field of more than {} bytes", kMaxFieldBytes), place, ""};
    }
    if (base::printable(text, 4 * kMaxFieldBytes) != text) {
        return Error{"a field with control characters, or bytes that are no UTF-8", place,
                     "save the file as UTF-8 text"};
    }
    return {};
}

}  // namespace

Result<CsvReader> CsvReader::open(const std::filesystem::path& file, uint64_t max_bytes,
                                  std::span<const std::string_view> columns) {
    FB_TRY(const base::Bytes bytes, base::read_file(file, max_bytes));
    return parse(base::text_of(bytes), file.string(), columns);
}

Result<CsvReader> CsvReader::parse(std::string_view text, const std::string& file,
                                   std::span<const std::string_view> columns) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    CsvReader reader(std::string(text), file);
    FB_CHECK(reader.read_header(columns));
    return reader;
}

Status CsvReader::read_header(std::span<const std::string_view> columns) {
    const std::string remedy = fmt::format("begin it with {}", fmt::join(columns, ","));
    FB_TRY(const std::vector<Field> header, next_line());
    for (const Field& field : header) {
        const auto known = std::find(columns.begin(), columns.end(), field.text);
        if (known == columns.end()) {
            return Error{fmt::format("no column is called `{}`", base::printable(field.text, 80)),
                         field.place, remedy};
        }
        const auto column = static_cast<size_t>(known - columns.begin());
        if (std::find(order_.begin(), order_.end(), column) != order_.end()) {
            return Error{fmt::format("a second column is called `{}`", field.text), field.place,
                         remedy};
        }
        order_.push_back(column);
    }
    for (size_t column = 0; column < columns.size(); ++column) {
        if (std::find(order_.begin(), order_.end(), column) == order_.end()) {
            return Error{fmt::format("no column `{}`", columns[column]), file_, remedy};
        }
    }
    return {};
}

Status CsvReader::next(CsvRow& row) {
    row.fields.clear();
    row.places.clear();
    FB_TRY(std::vector<Field> fields, next_line());
    if (fields.empty()) {
        return {};
    }
    if (fields.size() != order_.size()) {
        const std::string& place = fields[std::min(fields.size() - 1, order_.size())].place;
        return Error{fmt::format("{} in this line, the header has {}",
                                 fields.size() < order_.size() ? "fewer fields" : "more fields",
                                 order_.size()),
                     place, "put fields that hold commas in quotes"};
    }
    row.fields.resize(fields.size());
    row.places.resize(fields.size());
    for (size_t i = 0; i < fields.size(); ++i) {
        row.fields[order_[i]] = std::move(fields[i].text);
        row.places[order_[i]] = std::move(fields[i].place);
    }
    return {};
}

std::string CsvReader::place() const {
    return fmt::format("{}:{}:{}", file_, line_, at_ - line_begin_ + 1);
}

bool CsvReader::at_line_end() const {
    return at_end() || peek() == '\n' ||
           (peek() == '\r' && (peek(1) == '\n' || at_ + 1 == text_.size()));
}

void CsvReader::end_line() {
    at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
    line_begin_ = at_;
    ++line_;
}

// The fields of the next line that is not empty; none behind the last one.
Result<std::vector<CsvReader::Field>> CsvReader::next_line() {
    while (!at_end() && at_line_end()) {
        end_line();
    }
    std::vector<Field> out;
    while (!at_end()) {
        if (out.size() == kMaxFields) {
            return Error{fmt::format("more than {} fields", kMaxFields), place(), ""};
        }
        FB_TRY(Field field, next_field());
        out.push_back(std::move(field));
        if (at_line_end()) {
            if (!at_end()) {
                end_line();
            }
            return out;
        }
        ++at_;  // the comma
        if (at_end()) {
            out.push_back({"", place()});
        }
    }
    return out;
}

Result<CsvReader::Field> CsvReader::next_field() {
    Field out{"", place()};
    if (peek() == '"') {
        FB_CHECK(read_quoted(out));
        if (!at_line_end() && peek() != ',') {
            return Error{"text behind the closing quote", place(),
                         "write a quote within a field twice"};
        }
    } else {
        const size_t begin = at_;
        while (!at_line_end() && peek() != ',') {
            if (peek() == '"') {
                return Error{"a quote within a field", place(),
                             "put the whole field in quotes, and write the quote twice"};
            }
            ++at_;
        }
        out.text = text_.substr(begin, at_ - begin);
    }
    FB_CHECK(check_text(out.text, out.place));
    return out;
}

Status CsvReader::read_quoted(Field& out) {
    for (++at_; !at_end(); ++at_) {
        if (peek() == '"' && peek(1) != '"') {
            ++at_;
            return {};
        }
        if (peek() == '"') {
            ++at_;
        }
        out.text += peek();
        if (peek() == '\n') {
            line_begin_ = at_ + 1;
            ++line_;
        }
    }
    return Error{"a quote that is not closed", out.place, "close it, or remove it"};
}

}  // namespace firebreak::scenario
