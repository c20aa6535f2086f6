#include "endpoint/reputation/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/digest.h"
#include "base/text.h"
#include "endpoint/reputation/reputation_table.h"

namespace firebreak::endpoint::reputation {

namespace {

using base::Bytes;
using base::Error;
using base::Result;
using base::Status;

constexpr std::string_view kHeader = "kind,sha256,reputation";
constexpr std::string_view kHeaderWithComment = "kind,sha256,reputation,comment";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kQuotedBytes = 80;

struct Row {
    TableEntry entry;
    uint32_t file = 0;  // index
    uint32_t line = 0;  // 1-based
    auto order() const { return std::tie(entry.key, file, line); }
};

// What all files say together.
struct Rows {
    std::vector<Row> files;
    std::vector<Row> signers;
};

std::string place_of(std::string_view name, uint32_t line) {
    return fmt::format("{}:{}", name, line);
}

std::string quoted(std::string_view text) {
    return fmt::format("`{}`", base::printable(text, kQuotedBytes));
}

// Takes the part up to the next `mark` from the front, and the mark.
std::string_view take_until(std::string_view& text, char mark) {
    const size_t end = text.find(mark);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

Result<Sha256> parse_key(std::string_view field) {
    const Error bad{quoted(field) + " is no SHA-256", "", "write 64 hexadecimal digits"};
    Sha256 key;
    if (field.size() != 2 * key.size()) {
        return bad;
    }
    const auto bytes = base::from_hex(field);
    if (!bytes.ok() || bytes->size() != key.size()) {
        return bad;
    }
    std::ranges::copy(*bytes, key.begin());
    return key;
}

Result<uint8_t> parse_reputation(std::string_view field) {
    unsigned value = 0;
    const char* end = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value > kHighestReputation) {
        return Error{quoted(field) + " is no reputation", "",
                     "write a whole number from 0 (known bad) to 100 (known good)"};
    }
    return static_cast<uint8_t>(value);
}

// One file, line by line.
class Reader {
  public:
    Reader(const CsvFile& file, uint32_t index, Rows& rows)
        : name_(file.name), rest_(base::text_of(file.text)), index_(index), rows_(rows) {}

    Status read() {
        if (rest_.starts_with(kByteOrderMark)) {
            rest_.remove_prefix(kByteOrderMark.size());
        }
        while (!rest_.empty()) {
            std::string_view line = take_until(rest_, '\n');
            ++line_;
            if (line.ends_with('\r')) {
                line.remove_suffix(1);
            }
            if (line.empty() || line.starts_with('#')) {
                continue;
            }
            if (Status status = has_header_ ? read_row(line) : read_header(line); !status.ok()) {
                return Error{status.error().message, place_of(name_, line_), status.error().remedy};
            }
        }
        return has_header_ ? Status() : missing_header("no header line", name_);
    }

  private:
    static Error missing_header(std::string message, std::string place) {
        return {std::move(message), std::move(place),
                fmt::format("begin with a line `{}` or `{}`", kHeader, kHeaderWithComment)};
    }

    Status read_header(std::string_view line) {
        if (line != kHeader && line != kHeaderWithComment) {
            return missing_header(quoted(line) + " is not the header line", "");
        }
        has_header_ = true;
        has_comments_ = line == kHeaderWithComment;
        return {};
    }

    Status read_row(std::string_view line) {
        const auto commas = std::ranges::count(line, ',');
        if (commas < 2 || (commas > 2 && !has_comments_)) {
            return Error{fmt::format("{} {} where {} are expected", commas + 1,
                                     commas == 0 ? "field" : "fields",
                                     has_comments_ ? "3 and a comment" : "3"),
                         "",
                         has_comments_ ? "write kind,sha256,reputation,comment"
                                       : "write kind,sha256,reputation, or name a column `comment` "
                                         "in the header line"};
        }
        const std::string_view kind = take_until(line, ',');
        if (kind != "hash" && kind != "signer") {
            return Error{quoted(kind) + " is no kind", "",
                         "write hash (of a file) or signer (of a signing certificate)"};
        }
        FB_TRY(const Sha256 key, parse_key(take_until(line, ',')));
        FB_TRY(const uint8_t reputation, parse_reputation(take_until(line, ',')));
        auto& rows = kind == "hash" ? rows_.files : rows_.signers;
        rows.push_back({{key, reputation}, index_, line_});
        return {};
    }

    const std::string& name_;
    std::string_view rest_;
    uint32_t index_;
    Rows& rows_;
    uint32_t line_ = 0;
    bool has_header_ = false;
    bool has_comments_ = false;
};

// Sorted, and each key once.
Result<std::vector<TableEntry>> entries_of(std::vector<Row> rows, std::string_view kind,
                                           std::span<const CsvFile> files) {
    std::ranges::sort(rows, {}, &Row::order);
    const auto twice = std::ranges::adjacent_find(
        rows, [](const Row& a, const Row& b) { return a.entry.key == b.entry.key; });
    if (twice != rows.end()) {
        const Row &first = twice[0], &second = twice[1];
        const std::string what = fmt::format("{} {}", kind, base::to_hex(first.entry.key));
        const std::string before = place_of(files[first.file].name, first.line);
        const std::string here = place_of(files[second.file].name, second.line);
        if (first.entry.reputation == second.entry.reputation) {
            return Error{fmt::format("{} stands in {} already", what, before), here,
                         "take one of the two lines out"};
        }
        return Error{fmt::format("{} has a reputation of {} here and of {} in {}", what,
                                 second.entry.reputation, first.entry.reputation, before),
                     here, "decide which is right and take the other line out"};
    }
    std::vector<TableEntry> entries;
    entries.reserve(rows.size());
    for (const Row& row : rows) {
        entries.push_back(row.entry);
    }
    return entries;
}

Result<Bytes> sound_table(const std::string& name, Bytes bytes) {
    const auto table = ReputationTable::open(bytes);
    if (!table.ok()) {
        const Error& error = table.error();
        return Error{error.message, error.place.empty() ? name : name + ": " + error.place,
                     error.remedy};
    }
    return bytes;
}

}  // namespace

Result<Bytes> table_from_csv(std::span<const CsvFile> files) {
    Rows rows;
    for (uint32_t index = 0; index < files.size(); ++index) {
        FB_CHECK(Reader(files[index], index, rows).read());
    }
    FB_TRY(std::vector<TableEntry> hashes, entries_of(std::move(rows.files), "hash", files));
    FB_TRY(std::vector<TableEntry> signers, entries_of(std::move(rows.signers), "signer", files));
    if (hashes.empty() && signers.empty()) {
        return Error{"no entry at all: nothing would have a reputation",
                     files.empty() ? "" : files.back().name,
                     "write a line for one hash or one signer at least"};
    }
    return write_table(std::move(hashes), std::move(signers));
}

Result<std::map<std::string, Bytes>> payloads_from(std::map<std::string, Bytes> sources) {
    std::map<std::string, Bytes> payloads;
    std::vector<CsvFile> files;
    for (auto& [name, bytes] : sources) {
        if (name.ends_with(".csv")) {
            files.push_back({name, bytes});
        } else if (name.ends_with(".table") && sources.size() == 1) {
            FB_TRY(payloads[name], sound_table(name, std::move(bytes)));
            return payloads;
        } else {
            return Error{"reputations come as *.csv files, or as one *.table alone", name,
                         "take the file out of the folder"};
        }
    }
    FB_TRY(payloads[kTablePayload], table_from_csv(files));
    return payloads;
}

}  // namespace firebreak::endpoint::reputation
