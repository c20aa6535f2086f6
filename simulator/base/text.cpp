#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace firebreak::base {

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

// The length of the UTF-8 sequence that starts here, or 0 if none does.
size_t utf8_length(std::string_view text) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = at(0);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    if (length == 0 || length > text.size()) {
        return 0;
    }
    for (size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool bad = length > 2 && ((lead == 0xe0 && at(1) < 0xa0) ||   // overlong
                                    (lead == 0xed && at(1) >= 0xa0) ||  // surrogates
                                    (lead == 0xf0 && at(1) < 0x90) ||
                                    (lead == 0xf4 && at(1) >= 0x90));  // over U+10FFFF
    return bad ? 0 : length;
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
    constexpr size_t kLongestWord = 64;
    if (word.size() > kLongestWord) {
        return "";
    }
    std::string best;
    size_t best_distance = 0;
    for (const std::string& candidate : candidates) {
        const size_t distance = edit_distance(word, candidate);
        const size_t allowed = std::max<size_t>(2, std::max(word.size(), candidate.size()) / 3);
        if (distance <= allowed && (best.empty() || distance < best_distance)) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string with_thousands(int64_t number) {
    std::string digits = std::to_string(number);
    const size_t first = number < 0 ? 1 : 0;
    for (size_t at = digits.size(); at > first + 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string printable(std::string_view text, size_t max_bytes) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= max_bytes) {
            return out + "…";
        }
        const size_t length = utf8_length(text);
        const auto byte = static_cast<unsigned char>(text[0]);
        // C1 controls (U+0080..U+009F) steer some terminals.
        const bool control =
            byte < 0x20 || byte == 0x7f ||
            (length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
        if (length == 0 || control) {
            out += fmt::format("\\x{:02x}", byte);
            text.remove_prefix(1);
        } else {
            out += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return out;
}

}  // namespace firebreak::base
