#include "endpoint/behavior/filter.h"

#include <string.h>  // memmem

#include <algorithm>

#include "base/text.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Error;
using base::Result;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// `letters` are small ones already, and as many.
bool same(std::string_view text, std::string_view letters) {
    // The last ones differ more often than the first: paths begin alike.
    for (size_t i = letters.size(); i > 0; --i) {
        if (lower(text[i - 1]) != letters[i - 1]) {
            return false;
        }
    }
    return true;
}

// The product of both sizes; of longer texts, see Condition::meets().
constexpr size_t kShortText = 256;

bool contains(std::string_view text, std::string_view letters) {
    for (size_t i = 0; i + letters.size() <= text.size(); ++i) {
        if (lower(text[i]) == letters[0] && same(text.substr(i, letters.size()), letters)) {
            return true;
        }
    }
    return false;
}

Error no_field(host::EventKind kind, std::string_view field) {
    std::string names;
    for (const host::EventFieldInfo& one : host::info_of(kind).fields) {
        names += (names.empty() ? "" : ", ") + std::string(one.name);
    }
    return {std::string(host::info_of(kind).name) + " has no field `" + base::printable(field) +
                "`; its fields: " + names,
            "", ""};
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
    const bool ends = text.starts_with('*');
    const bool begins = text.size() > 1 && text.ends_with('*');
    Pattern pattern;
    pattern.how_ = ends && begins ? How::kContains
                   : ends         ? How::kEnds
                   : begins       ? How::kBegins
                                  : How::kEquals;
    text.remove_prefix(ends ? 1 : 0);
    text.remove_suffix(begins ? 1 : 0);
    if (text.find_first_not_of('*') == text.npos && (ends || begins)) {
        return Error{"a pattern that matches anything", "", "leave the condition out"};
    }
    if (text.find('*') != text.npos) {
        return Error{"`*` stands at the beginning or end of a pattern, and not within it", "",
                     "filter by a part of it, and have the handler ask text.like()"};
    }
    if (text.size() > kMaxPatternBytes) {
        return Error{"a pattern of more than " + std::to_string(kMaxPatternBytes) + " bytes", "",
                     ""};
    }
    pattern.letters_.resize(text.size());
    std::ranges::transform(text, pattern.letters_.begin(), lower);
    return pattern;
}

bool Pattern::matches(std::string_view text) const {
    const size_t size = letters_.size();
    if (text.size() < size) {
        return false;
    }
    switch (how_) {
        case How::kEquals:
            return text.size() == size && same(text, letters_);
        case How::kBegins:
            return same(text.substr(0, size), letters_);
        case How::kEnds:
            return same(text.substr(text.size() - size), letters_);
        case How::kContains:
            return contains(text, letters_);
    }
    return false;
}

bool Pattern::matches_small(std::string_view text) const {
    switch (how_) {
        case How::kEquals:
            return text == letters_;
        case How::kBegins:
            return text.starts_with(letters_);
        case How::kEnds:
            return text.ends_with(letters_);
        case How::kContains:
            return ::memmem(text.data(), text.size(), letters_.data(), letters_.size()) != nullptr;
    }
    return false;
}

size_t Filter::patterns() const {
    size_t all = 0;
    for (const Condition& one : conditions_) {
        all += one.patterns.size();
    }
    return all;
}

bool Filter::Condition::meets(const host::EventValue& value) const {
    if (value.is_number()) {
        return std::ranges::find(numbers, value.number()) != numbers.end();
    }
    if (!value.is_text()) {
        return false;
    }
    const std::string_view text = value.text();
    if (text.size() <= kShortText) {
        return std::ranges::any_of(patterns,
                                   [text](const Pattern& one) { return one.matches(text); });
    }
    // A rule's patterns may nearly fit everywhere: the time is that of the text alone.
    std::string small(text.size(), '\0');
    std::ranges::transform(text, small.begin(), lower);
    return std::ranges::any_of(patterns,
                               [&small](const Pattern& one) { return one.matches_small(small); });
}

Result<Filter::Condition*> Filter::condition(std::string_view field, bool is_text) {
    const std::optional<size_t> place = host::find_event_field(kind_, field);
    if (!place) {
        return no_field(kind_, field);
    }
    const host::EventFieldInfo& info = host::info_of(kind_).fields[*place];
    if ((info.type == host::FieldType::kText) != is_text) {
        return Error{
            "`" + std::string(info.name) + "` is a " + std::string(host::name_of(info.type)), "",
            ""};
    }
    auto found = std::ranges::find(conditions_, *place, &Condition::field);
    if (found == conditions_.end()) {
        if (conditions_.size() == kMaxConditions) {
            return Error{"more than " + std::to_string(kMaxConditions) + " conditions", "", ""};
        }
        conditions_.push_back({static_cast<uint8_t>(*place), {}, {}});
        found = conditions_.end() - 1;
    }
    if (found->patterns.size() + found->numbers.size() == kMaxAlternatives) {
        return Error{"more than " + std::to_string(kMaxAlternatives) + " alternatives for `" +
                         std::string(info.name) + "`",
                     "", ""};
    }
    return &*found;
}

base::Status Filter::add(std::string_view field, std::string_view pattern) {
    FB_TRY(Condition * condition, this->condition(field, true));
    FB_TRY(Pattern parsed, Pattern::parse(pattern));
    condition->patterns.push_back(std::move(parsed));
    return {};
}

base::Status Filter::add(std::string_view field, uint64_t number) {
    FB_TRY(Condition * condition, this->condition(field, false));
    condition->numbers.push_back(number);
    return {};
}

bool Filter::matches(const host::Event& event) const {
    return std::ranges::all_of(
        conditions_, [&event](const Condition& one) { return one.meets(event.values[one.field]); });
}

}  // namespace firebreak::endpoint::behavior
