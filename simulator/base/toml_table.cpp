#include "base/toml_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "base/toml_plus_plus.h"

namespace firebreak::base {

namespace {

constexpr size_t kMostNamesShown = 32;

const toml::table& as_table(const void* table) {
    return *static_cast<const toml::table*>(table);
}

const toml::node* find(const void* table, std::string_view key) {
    return as_table(table).get(key);
}

std::string list_of(std::span<const std::string> names) {
    const auto shown = names.first(std::min(names.size(), kMostNamesShown));
    return fmt::format("{}{}", fmt::join(shown, ", "), shown.size() < names.size() ? ", …" : "");
}

// "did you mean `public`? valid: engineering, public".
std::string valid_words(std::string_view word, std::span<const std::string> known,
                        std::string_view label = "valid") {
    const std::string close = nearest(word, known);
    return fmt::format("{}{}: {}", close.empty() ? "" : fmt::format("did you mean `{}`? ", close),
                       label, list_of(known));
}

std::string describe(const toml::node& node) {
    constexpr size_t kShown = 60;
    switch (node.type()) {
        case toml::node_type::string:
            return fmt::format("the string \"{}\"", printable(**node.as_string(), kShown));
        case toml::node_type::integer:
            return fmt::format("the integer {}", **node.as_integer());
        case toml::node_type::floating_point:
            return fmt::format("the number {}", **node.as_floating_point());
        case toml::node_type::boolean:
            return **node.as_boolean() ? "true" : "false";
        case toml::node_type::date:
            return "a date";
        case toml::node_type::time:
            return "a time of day";
        case toml::node_type::date_time:
            return "a date with a time";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::none:
            break;
    }
    return "nothing";
}

// "0.1%" → 0.001. At most six decimals, so that what we print of it tells any two apart.
std::optional<double> parse_percent(std::string_view text) {
    constexpr size_t kDecimals = 6;
    if (text.size() < 2 || text.back() != '%' ||
        !std::isdigit(static_cast<unsigned char>(text.front()))) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    if (text.back() == '.') {
        return std::nullopt;
    }
    double percent = 0;
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
    const size_t dot = text.find('.');
    if (failure != std::errc{} || end != text.data() + text.size() ||
        (dot != std::string_view::npos && text.size() - dot - 1 > kDecimals) || percent > 100) {
        return std::nullopt;
    }
    return percent / 100;
}

// "write a number above 0 and at most 1".
std::string range_text(const NumberRange& range) {
    return fmt::format("write a number {} {} and at most {}", range.above_min ? "above" : "from",
                       range.min, range.max);
}

bool in_range(double value, const NumberRange& range) {
    return value <= range.max && (range.above_min ? value > range.min : value >= range.min);
}

std::optional<double> as_number(const toml::node& node) {
    if (const auto* const integer = node.as_integer()) {
        return static_cast<double>(**integer);
    }
    if (const auto* const number = node.as_floating_point()) {
        return **number;
    }
    return std::nullopt;
}

}  // namespace

Error no_such(std::string_view what, std::string_view word, std::span<const std::string> known,
              std::string place) {
    return {fmt::format("no {} is called `{}`", what, printable(word, 80)), std::move(place),
            known.empty() ? fmt::format("there is no {}", what) : valid_words(word, known)};
}

Status TomlTable::allow(std::initializer_list<std::string_view> keys) {
    return allow(std::span(keys.begin(), keys.size()));
}

Status TomlTable::allow(std::span<const std::string_view> keys) {
    allowed_.assign(keys.begin(), keys.end());
    const toml::key* first = nullptr;
    for (const auto& [key, value] : as_table(table_)) {
        const bool valid = std::find(allowed_.begin(), allowed_.end(), key.str()) != allowed_.end();
        const auto begin = [](const toml::key& k) {
            return std::pair(k.source().begin.line, k.source().begin.column);
        };
        if (!valid && (first == nullptr || begin(key) < begin(*first))) {
            first = &key;
        }
    }
    if (first == nullptr) {
        return {};
    }
    return Error{fmt::format("unknown key `{}`", printable(first->str(), 80)),
                 place_of(first->source()), valid_words(first->str(), allowed_, "valid keys")};
}

Status TomlTable::check_schema(int64_t version) {
    const std::string remedy = fmt::format("write `schema = {}`", version);
    if (!ask("schema")) {
        return error("schema", "`schema` is missing", remedy);
    }
    const auto* const value = find(table_, "schema")->as_integer();
    if (value == nullptr || **value != version) {
        return error("schema", "this is not a schema that we read", remedy);
    }
    return {};
}

Status TomlTable::finish(std::string_view why) const {
    for (const auto& [key, value] : as_table(table_)) {
        if (std::find(asked_.begin(), asked_.end(), key.str()) == asked_.end()) {
            return Error{fmt::format("`{}` does not apply {}", printable(key.str(), 80), why),
                         place_of(key.source()), "remove it"};
        }
    }
    return {};
}

// Asking for a key that allow() does not name would make it one that no file may have.
bool TomlTable::ask(std::string_view key) {
    if (std::find(allowed_.begin(), allowed_.end(), key) == allowed_.end()) {
        std::abort();
    }
    asked_.emplace_back(key);
    return has(key);
}

bool TomlTable::has(std::string_view key) const {
    return find(table_, key) != nullptr;
}

bool TomlTable::is_string(std::string_view key) const {
    const toml::node* const node = find(table_, key);
    return node != nullptr && node->is_string();
}

std::string TomlTable::place() const {
    return place_of(as_table(table_).source());
}

std::string TomlTable::place(std::string_view key) const {
    const toml::node* const node = find(table_, key);
    return node == nullptr ? place() : place_of(node->source());
}

Error TomlTable::error(std::string_view key, std::string message, std::string remedy) const {
    return {std::move(message), place(key), std::move(remedy)};
}

Error TomlTable::missing(std::string_view key) const {
    return {fmt::format("`{}` is missing", key), place(), fmt::format("add `{} = …`", key)};
}

Error TomlTable::wrong_type(std::string_view key, std::string_view expected) const {
    return error(
        key, fmt::format("`{}` must be {}, not {}", key, expected, describe(*find(table_, key))));
}

Result<std::string> TomlTable::string(std::string_view key) {
    if (!ask(key)) {
        return missing(key);
    }
    const auto* const value = find(table_, key)->as_string();
    if (value == nullptr) {
        return wrong_type(key, "a string in quotes");
    }
    return **value;
}

Result<std::string> TomlTable::string(std::string_view key, std::string fallback) {
    return ask(key) ? string(key) : fallback;
}

Result<std::string> TomlTable::line(std::string_view key) {
    FB_TRY(std::string text, string(key));
    if (text.empty() || text.size() > 200 || printable(text) != text) {
        return error(key, fmt::format("`{}` must be one line of text", key),
                     "write 1 to 200 bytes without control characters");
    }
    return text;
}

Result<bool> TomlTable::boolean(std::string_view key, bool fallback) {
    if (!ask(key)) {
        return fallback;
    }
    const auto* const value = find(table_, key)->as_boolean();
    if (value == nullptr) {
        return wrong_type(key, "true or false");
    }
    return **value;
}

Result<int64_t> TomlTable::integer(std::string_view key, int64_t min, int64_t max) {
    if (!ask(key)) {
        return missing(key);
    }
    const auto* const value = find(table_, key)->as_integer();
    if (value == nullptr) {
        return wrong_type(key, "a whole number");
    }
    if (**value < min || **value > max) {
        return error(key, fmt::format("`{}` is out of range: {}", key, with_thousands(**value)),
                     fmt::format("write a whole number from {} to {}", with_thousands(min),
                                 with_thousands(max)));
    }
    return **value;
}

Result<int64_t> TomlTable::integer(std::string_view key, int64_t min, int64_t max,
                                   int64_t fallback) {
    return ask(key) ? integer(key, min, max) : fallback;
}

Result<double> TomlTable::number(std::string_view key, NumberRange range) {
    if (!ask(key)) {
        return missing(key);
    }
    const std::optional<double> value = as_number(*find(table_, key));
    if (!value) {
        return wrong_type(key, "a number");
    }
    if (!in_range(*value, range)) {  // not-a-number neither
        return error(key, fmt::format("`{}` is out of range: {}", key, *value), range_text(range));
    }
    return *value;
}

Result<double> TomlTable::number(std::string_view key, NumberRange range, double fallback) {
    return ask(key) ? number(key, range) : fallback;
}

Result<double> TomlTable::share(std::string_view key) {
    if (!ask(key)) {
        return missing(key);
    }
    const toml::node& node = *find(table_, key);
    if (const auto* const text = node.as_string()) {
        if (const std::optional<double> value = parse_percent(**text)) {
            return *value;
        }
        return error(key, fmt::format("`{}` is not a share: \"{}\"", key, printable(**text, 60)),
                     "write it as \"12%\": 0 to 100, at most six decimals");
    }
    const std::optional<double> value = as_number(node);
    if (!value) {
        return wrong_type(key, "a share such as \"12%\" or 0.12");
    }
    if (!in_range(*value, {0, 1})) {
        return error(key, fmt::format("`{}` is out of range: {}", key, *value),
                     "write a number from 0 to 1, or a percentage such as \"12%\"");
    }
    return *value;
}

Result<Duration> TomlTable::duration(std::string_view key) {
    if (!ask(key)) {
        return missing(key);
    }
    const auto* const text = find(table_, key)->as_string();
    if (text == nullptr) {
        return wrong_type(key, "a duration such as \"90m\" or \"2d 6h\"");
    }
    Result<Duration> parsed = parse_duration(**text);
    if (!parsed.ok()) {
        return error(key, parsed.error().message, parsed.error().remedy);
    }
    return parsed;
}

Result<Duration> TomlTable::duration(std::string_view key, Duration fallback) {
    return ask(key) ? duration(key) : fallback;
}

Result<UtcTime> TomlTable::utc_time(std::string_view key) {
    if (!ask(key)) {
        return missing(key);
    }
    const auto* const value = find(table_, key)->as_date_time();
    if (value == nullptr) {
        return wrong_type(key, "a time such as 2026-03-02T08:00:00Z, without quotes");
    }
    const auto& [date, time, offset] = **value;
    if (!offset || offset->minutes != 0 || time.nanosecond != 0 || date.year < 1970) {
        return error(key,
                     fmt::format("`{}` must be in UTC, in whole seconds, from 1970 to 9999", key),
                     "write it as 2026-03-02T08:00:00Z");
    }
    return parse_utc(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", date.year, date.month,
                                 date.day, time.hour, time.minute, time.second));
}

Result<std::vector<std::string>> TomlTable::strings(std::string_view key) {
    std::vector<std::string> out;
    if (!ask(key)) {
        return out;
    }
    const auto* const list = find(table_, key)->as_array();
    if (list == nullptr) {
        return wrong_type(key, "a list of strings");
    }
    for (const toml::node& node : *list) {
        const auto* const text = node.as_string();
        if (text == nullptr) {
            return Error{fmt::format("`{}` must hold strings, not {}", key, describe(node)),
                         place_of(node.source()), ""};
        }
        out.push_back(**text);
    }
    return out;
}

Result<std::vector<int64_t>> TomlTable::integers(std::string_view key, int64_t min, int64_t max) {
    std::vector<int64_t> out;
    if (!ask(key)) {
        return out;
    }
    const auto* const list = find(table_, key)->as_array();
    if (list == nullptr) {
        return wrong_type(key, "a list of integers");
    }
    for (const toml::node& node : *list) {
        const auto* const number = node.as_integer();
        if (number == nullptr || **number < min || **number > max) {
            return Error{fmt::format("`{}` must hold integers from {} to {}, not {}", key, min, max,
                                     describe(node)),
                         place_of(node.source()), ""};
        }
        out.push_back(**number);
    }
    return out;
}

Result<std::map<std::string, double>> TomlTable::weights(std::string_view key) {
    constexpr NumberRange kWeights{0, 2e7, true};
    if (!ask(key)) {
        return missing(key);
    }
    const auto* const table = find(table_, key)->as_table();
    if (table == nullptr) {
        return wrong_type(key, "a table of names and weights, such as { a = 3, b = 1 }");
    }
    if (table->empty()) {
        return error(key, fmt::format("`{}` names nothing", key), "name at least one");
    }
    std::map<std::string, double> out;
    for (const auto& [name, node] : *table) {
        const std::optional<double> weight = as_number(node);
        if (!weight || !in_range(*weight, kWeights)) {
            return Error{fmt::format("the weight of `{}` cannot be {}", printable(name.str(), 80),
                                     describe(node)),
                         place_of(node.source()), range_text(kWeights)};
        }
        out.emplace(name.str(), *weight);
    }
    return out;
}

Result<std::optional<TomlTable>> TomlTable::table(std::string_view key) {
    if (!ask(key)) {
        return std::optional<TomlTable>();
    }
    const auto* const found = find(table_, key)->as_table();
    if (found == nullptr) {
        return wrong_type(key, fmt::format("a table, written below a line [{}]", key));
    }
    return std::optional(TomlTable(found));
}

Result<std::vector<TomlTable>> TomlTable::tables(std::string_view key) {
    std::vector<TomlTable> out;
    if (!ask(key)) {
        return out;
    }
    const std::string expected = fmt::format("a list of tables, each below a line [[{}]]", key);
    const auto* const list = find(table_, key)->as_array();
    if (list == nullptr) {
        return wrong_type(key, expected);
    }
    for (const toml::node& node : *list) {
        const auto* const table = node.as_table();
        if (table == nullptr) {
            return Error{fmt::format("`{}` must be {}, not of {}", key, expected, describe(node)),
                         place_of(node.source()), ""};
        }
        out.push_back(TomlTable(table));
    }
    return out;
}

Result<size_t> TomlTable::word_index(std::string_view key, std::span<const std::string> known) {
    FB_TRY(const std::string word, string(key));
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
        return error(key, fmt::format("`{}` cannot be `{}`", key, printable(word, 80)),
                     valid_words(word, known));
    }
    return static_cast<size_t>(found - known.begin());
}

}  // namespace firebreak::base
