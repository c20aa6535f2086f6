// Small helpers for messages that people read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace firebreak::base {

// The candidate with the smallest edit distance to `word`, if that is at most a third of the longer
// one (at least 2); else empty.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// 1234567 → "1,234,567".
std::string with_thousands(int64_t number);

// Control characters, and bytes that are no UTF-8, as \xNN; cut to `max_bytes` with "…". For text
// from outside that ends up on a terminal or in a report.
std::string printable(std::string_view text, size_t max_bytes = 400);

}  // namespace firebreak::base
