// Small pieces of HTML and SVG, written so that they are well-formed XML as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace firebreak::report {

// For text and attributes in double quotes: what comes from outside, made printable, cut to
// `max_bytes`, and escaped. Characters that XML cannot hold, or that turn the direction of the text
// around them, are shown as \uNNNN.
std::string escape(std::string_view text, size_t max_bytes = 400);

// The same with line ends and runs of blanks as one blank, for running text.
std::string escape_prose(std::string_view text, size_t max_bytes = 2000);

// <name>content</name> and <name class="css">content</name>. `content` is markup.
std::string tag(std::string_view name, std::string_view content);
std::string tag(std::string_view name, std::string_view css, std::string_view content);

// 1234567 → "1,234,567".
std::string number(uint64_t n);
// To the whole number, with thousands; three digits below 10.
std::string rounded(double value);
// "0.012 %" of the whole; "0 %" if there is no whole.
std::string percent(double part, double whole);
// "1 apple", "2 apples".
std::string counted(uint64_t n, std::string_view one, std::string_view more);

// What a line, a bar or a mark stands for. resources/report/report.css gives each its colour, the
// same in all charts, pictures and tables.
enum class Tone : uint8_t {
    kProtected,
    kExposed,
    kDegraded,
    kAffected,
    kLost,
    kOffline,
    kRefused,
    kInk,
};
std::string_view css_class(Tone tone);

// A bar as long as the share, 0 to 1; hardly more than nothing is still to be seen.
std::string bar(double share, Tone tone);

// The same with the share in words beside it.
std::string share_bar(double part, double whole, Tone tone);

// A table; cells are markup, as many in each row as there are headings. A column whose heading
// starts with '#' (which is not shown) holds numbers and is aligned to the right. `css`: of the
// table; "" for none. `sum`: the last row sums up.
std::string table(const std::vector<std::string>& headings,
                  const std::vector<std::vector<std::string>>& rows, std::string_view css = "",
                  bool sum = false);

}  // namespace firebreak::report
