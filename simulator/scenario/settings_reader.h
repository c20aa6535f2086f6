// Reads a table of settings, and keeps account of every one that is in force.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml_table.h"
#include "scenario/experiment.h"
#include "scenario/format.h"
#include "scenario/parts.h"
#include "scenario/words.h"

namespace firebreak::scenario {

// As with TomlTable: open(), getters for the keys of the format, finish(). A getter returns the
// fallback for a key that the file does not have, and notes the value in either case. What it was
// opened with must outlive it.
class SettingsReader {
  public:
    // The table `format.name` of the root.
    static base::Result<SettingsReader> open(base::TomlTable& root, const Table& format,
                                             std::vector<Setting>& settings);
    // A table of this one, whose settings go by "halt.share".
    base::Result<SettingsReader> table(std::string_view key);

    base::Result<bool> boolean(std::string_view key, bool fallback);
    // In the format's range.
    base::Result<int64_t> integer(std::string_view key, int64_t fallback);
    base::Result<double> number(std::string_view key, double fallback);
    base::Result<double> share(std::string_view key, double fallback);
    base::Result<base::Duration> duration(std::string_view key, base::Duration fallback);
    // One that the lab can tell from none: at least a slice.
    base::Result<base::Duration> delay(std::string_view key, base::Duration fallback);
    template <class Value, size_t N>
    base::Result<Value> word(std::string_view key, const Words<Value, N>& words, Value fallback) {
        if (in_) {
            FB_TRY(fallback, in_->word(key, words, fallback));
        }
        note(key, word_for(fallback, words));
        return fallback;
    }

    // For what the getters above do not read: the table, if the file has it; note() with the value
    // in force.
    std::optional<base::TomlTable>& toml() { return in_; }
    void note(std::string_view key, std::string value);
    bool has(std::string_view key) const { return in_ && in_->has(key); }
    base::Status finish() const;

  private:
    SettingsReader(std::string section, std::string prefix, const Table& format,
                   std::optional<base::TomlTable> in, std::vector<Setting>& settings)
        : section_(std::move(section)),
          prefix_(std::move(prefix)),
          format_(format),
          in_(std::move(in)),
          settings_(settings) {}
    static base::Result<SettingsReader> allowed(SettingsReader reader);

    std::string section_, prefix_;
    const Table& format_;
    std::optional<base::TomlTable> in_;
    std::vector<Setting>& settings_;
};

}  // namespace firebreak::scenario
