// Reads one table of a TOML document, strictly: no key goes unread, and every error says where,
// what was expected, what was found, and what to write.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sim_time.h"

namespace firebreak::base {

// "no group is called `publik`; did you mean `public`? valid: engineering, public".
Error no_such(std::string_view what, std::string_view word, std::span<const std::string> known,
              std::string place);

// Bounds of a number, both included unless `above_min`.
struct NumberRange {
    double min = 0;
    double max = 0;
    bool above_min = false;  // min itself is out of range
};

// The usual course: allow() names the valid keys, getters read them, finish() makes sure that
// nothing was left unread. A getter without a fallback needs its key. A cheap value that points
// into its TomlDocument.
class TomlTable {
  public:
    // An Error for the first key that is not among these. Getters may ask for these alone.
    Status allow(std::initializer_list<std::string_view> keys);
    Status allow(std::span<const std::string_view> keys);
    // The key `schema` holds the one version of the format that we read.
    Status check_schema(int64_t version);
    // An Error for the first key that no getter asked for: allowed here, but not together with what
    // else the table says. `why` completes "`to` does not apply …".
    Status finish(std::string_view why = "here") const;

    bool has(std::string_view key) const;
    bool is_string(std::string_view key) const;
    // "file:line:column" of the table, or of a key's value (of the table, if the key is missing).
    std::string place() const;
    std::string place(std::string_view key) const;
    // An Error at that value.
    Error error(std::string_view key, std::string message, std::string remedy = "") const;

    Result<std::string> string(std::string_view key);
    Result<std::string> string(std::string_view key, std::string fallback);
    // One line of text for people: 1 to 200 bytes without control characters.
    Result<std::string> line(std::string_view key);
    Result<bool> boolean(std::string_view key, bool fallback);
    Result<int64_t> integer(std::string_view key, int64_t min, int64_t max);
    Result<int64_t> integer(std::string_view key, int64_t min, int64_t max, int64_t fallback);
    Result<double> number(std::string_view key, NumberRange range);
    Result<double> number(std::string_view key, NumberRange range, double fallback);
    // A share of something, 0 to 1, written as "0.1%" (at most 6 decimals) or as a number.
    Result<double> share(std::string_view key);
    // "6h"; parse_duration() says more.
    Result<Duration> duration(std::string_view key);
    Result<Duration> duration(std::string_view key, Duration fallback);
    // A TOML offset date-time in UTC: 2026-03-02T08:00:00Z, whole seconds, years 1970 to 9999.
    Result<UtcTime> utc_time(std::string_view key);
    // Missing: empty.
    Result<std::vector<std::string>> strings(std::string_view key);
    // Each within the bounds. Missing: empty.
    Result<std::vector<int64_t>> integers(std::string_view key, int64_t min, int64_t max);
    // A table of names and weights, each above 0 and at most 20 million; at least one.
    Result<std::map<std::string, double>> weights(std::string_view key);
    Result<std::optional<TomlTable>> table(std::string_view key);
    // A list of tables; missing: empty.
    Result<std::vector<TomlTable>> tables(std::string_view key);

    // One of a few words, each of which stands for a value.
    template <class Value, size_t N>
    using Words = std::array<std::pair<std::string_view, Value>, N>;
    template <class Value, size_t N>
    Result<Value> word(std::string_view key, const Words<Value, N>& words) {
        std::vector<std::string> known;
        for (const auto& [word, value] : words) {
            known.emplace_back(word);
        }
        FB_TRY(const size_t index, word_index(key, known));
        return words[index].second;
    }
    template <class Value, size_t N>
    Result<Value> word(std::string_view key, const Words<Value, N>& words, Value fallback) {
        if (!has(key)) {
            return fallback;
        }
        return word(key, words);
    }

  private:
    friend class TomlDocument;
    explicit TomlTable(const void* table) : table_(table) {}

    bool ask(std::string_view key);
    Error missing(std::string_view key) const;
    Error wrong_type(std::string_view key, std::string_view expected) const;
    Result<size_t> word_index(std::string_view key, std::span<const std::string> known);

    const void* table_;  // a toml::table
    std::vector<std::string> allowed_;
    std::vector<std::string> asked_;
};

}  // namespace firebreak::base
