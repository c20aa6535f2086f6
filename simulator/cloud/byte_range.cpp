#include "cloud/byte_range.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

namespace firebreak::cloud {

namespace {

// Decimal digits alone; what is too large for 64 bits is larger than any file.
std::optional<uint64_t> parse_number(std::string_view digits) {
    if (digits.empty() ||
        !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
    uint64_t number = 0;
    for (const char c : digits) {
        const auto digit = static_cast<uint64_t>(c - '0');
        number = number > (kMost - digit) / 10 ? kMost : number * 10 + digit;
    }
    return number;
}

bool is_in_bytes(std::string_view unit) {
    return std::ranges::equal(unit, std::string_view("bytes"), {},
                              [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
}

ByteRange part(uint64_t first, uint64_t length) {
    return {ByteRange::Kind::kPart, first, length};
}

}  // namespace

ByteRange parse_byte_range(std::string_view header, uint64_t file_size) {
    const size_t equals = header.find('=');
    const size_t dash = header.find('-');
    if (equals == std::string_view::npos || dash == std::string_view::npos || dash < equals ||
        !is_in_bytes(header.substr(0, equals))) {
        return {};
    }
    const std::string_view first_text = header.substr(equals + 1, dash - equals - 1);
    const std::string_view last_text = header.substr(dash + 1);
    const auto first = parse_number(first_text);
    const auto last = parse_number(last_text);
    if ((!first && !first_text.empty()) || (!last && !last_text.empty())) {
        return {};
    }
    const ByteRange outside{ByteRange::Kind::kOutsideFile, 0, 0};
    if (first) {
        if (last && *last < *first) {
            return {};
        }
        if (*first >= file_size) {
            return outside;
        }
        return part(*first, std::min(last.value_or(file_size - 1), file_size - 1) - *first + 1);
    }
    if (!last) {  // "bytes=-"
        return {};
    }
    const uint64_t from_the_end = std::min(*last, file_size);
    return from_the_end == 0 ? outside : part(file_size - from_the_end, from_the_end);
}

}  // namespace firebreak::cloud
