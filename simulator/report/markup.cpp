#include "report/markup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace firebreak::report {

namespace {

// Three-byte characters of valid UTF-8 that are shown as their number: the two that no XML may hold
// (U+FFFE, U+FFFF) and those that turn the direction of writing (U+202A … U+202E, U+2066 … U+2069),
// behind which a name can pass for another.
bool is_shown_as_number(uint32_t code) {
    return code == 0xfffe || code == 0xffff || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

uint32_t three_bytes(std::string_view text) {
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
    return text.size() >= 3 && (at(0) & 0xf0) == 0xe0
               ? (at(0) & 0x0f) << 12 | (at(1) & 0x3f) << 6 | (at(2) & 0x3f)
               : 0;
}

}  // namespace

std::string escape(std::string_view text, size_t max_bytes) {
    const std::string clean = base::printable(text, max_bytes);
    std::string out;
    out.reserve(clean.size());
    for (size_t i = 0; i < clean.size(); ++i) {
        switch (clean[i]) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                if (const uint32_t code = three_bytes(std::string_view(clean).substr(i));
                    is_shown_as_number(code)) {
                    out += fmt::format("\\u{:04x}", code);
                    i += 2;
                } else {
                    out += clean[i];
                }
        }
    }
    return out;
}

std::string escape_prose(std::string_view text, size_t max_bytes) {
    std::string out;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (!blank) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    return escape(out, max_bytes);
}

std::string tag(std::string_view name, std::string_view content) {
    return fmt::format("<{0}>{1}</{0}>", name, content);
}

std::string tag(std::string_view name, std::string_view css, std::string_view content) {
    return fmt::format("<{0} class=\"{1}\">{2}</{0}>", name, css, content);
}

std::string number(uint64_t n) {
    return base::with_thousands(static_cast<int64_t>(n));
}

std::string rounded(double value) {
    return std::abs(value) < 10 ? fmt::format("{:.3g}", value)
                                : base::with_thousands(std::llround(value));
}

std::string percent(double part, double whole) {
    const double share = whole > 0 ? 100 * part / whole : 0;
    if (share > 0 && share < 0.001) {
        return "under 0.001 %";
    }
    return fmt::format("{:.3g} %", share);
}

std::string counted(uint64_t n, std::string_view one, std::string_view more) {
    return fmt::format("{} {}", number(n), n == 1 ? one : more);
}

std::string_view css_class(Tone tone) {
    switch (tone) {
        case Tone::kProtected:
            return "protected";
        case Tone::kExposed:
            return "exposed";
        case Tone::kDegraded:
            return "degraded";
        case Tone::kAffected:
            return "affected";
        case Tone::kLost:
            return "lost";
        case Tone::kOffline:
            return "offline";
        case Tone::kRefused:
            return "refused";
        case Tone::kInk:
            break;
    }
    return "ink";
}

std::string bar(double share, Tone tone) {
    const double width = share > 0 ? std::clamp(100 * share, 1.5, 100.0) : 0;
    return fmt::format(
        "<svg class=\"bar {}\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"8\" />"
        "<rect class=\"fill\" width=\"{:.4g}\" height=\"8\" /></svg>",
        css_class(tone), width);
}

std::string share_bar(double part, double whole, Tone tone) {
    return tag("span", "share",
               bar(whole > 0 ? part / whole : 0, tone) + tag("span", "dim", percent(part, whole)));
}

std::string table(const std::vector<std::string>& headings,
                  const std::vector<std::vector<std::string>>& rows, std::string_view css,
                  bool sum) {
    const auto is_number = [&](size_t column) { return headings[column].starts_with('#'); };
    std::string head;
    for (size_t i = 0; i < headings.size(); ++i) {
        head += is_number(i) ? tag("th", "n", headings[i].substr(1)) : tag("th", headings[i]);
    }
    std::string body;
    for (size_t r = 0; r < rows.size(); ++r) {
        std::string cells;
        for (size_t i = 0; i < rows[r].size(); ++i) {
            cells += is_number(i) ? tag("td", "n", rows[r][i]) : tag("td", rows[r][i]);
        }
        body += sum && r + 1 == rows.size() ? tag("tr", "sum", cells) : tag("tr", cells);
        body += '\n';
    }
    const std::string inner = tag("thead", tag("tr", head)) + "\n" + tag("tbody", body) + "\n";
    return tag("div", "wide", css.empty() ? tag("table", inner) : tag("table", css, inner)) + "\n";
}

}  // namespace firebreak::report
