// What a handler wants to see of a kind of events: looked at before any Lua runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/event.h"

namespace firebreak::endpoint::behavior {

inline constexpr size_t kMaxConditions = 8;     // of one filter
inline constexpr size_t kMaxAlternatives = 64;  // of one condition
inline constexpr size_t kMaxPatternBytes = 256;

// A text to be matched as a whole, without regard to the case of ASCII letters. `*` at its
// beginning, its end or both stands for anything; it stands nowhere else.
class Pattern {
  public:
    // Errors: longer than kMaxPatternBytes; nothing but stars, which would match anything; a star
    // within, which people mean as text.like() takes it, and which would match nothing.
    static base::Result<Pattern> parse(std::string_view text);
    bool matches(std::string_view text) const;
    // The same, of a text in small letters, in time that does not depend on what the pattern is.
    bool matches_small(std::string_view text) const;

  private:
    enum class How : uint8_t { kEquals, kBegins, kEnds, kContains };
    How how_ = How::kEquals;
    std::string letters_;  // in small letters
};

// All conditions hold, each by one of its alternatives at least. A field that is absent meets none.
class Filter {
  public:
    explicit Filter(host::EventKind kind) : kind_(kind) {}

    // A further alternative for this field; the first one makes the condition. Errors: the kind has
    // no such field, it is of another type, a limit, a pattern that is none.
    base::Status add(std::string_view field, std::string_view pattern);
    base::Status add(std::string_view field, uint64_t number);

    bool matches(const host::Event& event) const;
    size_t patterns() const;  // of texts, in all conditions

  private:
    struct Condition {
        uint8_t field;
        std::vector<Pattern> patterns;
        std::vector<uint64_t> numbers;
        bool meets(const host::EventValue& value) const;
    };
    base::Result<Condition*> condition(std::string_view field, bool is_text);

    host::EventKind kind_;
    std::vector<Condition> conditions_;
};

}  // namespace firebreak::endpoint::behavior
