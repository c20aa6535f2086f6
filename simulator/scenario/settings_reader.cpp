#include "scenario/settings_reader.h"

#include <fmt/format.h>

namespace firebreak::scenario {

using base::Duration;
using base::Result;
using base::Status;
using base::TomlTable;

Result<SettingsReader> SettingsReader::allowed(SettingsReader reader) {
    if (reader.in_) {
        FB_CHECK(allow(*reader.in_, reader.format_));
    }
    return reader;
}

Result<SettingsReader> SettingsReader::open(TomlTable& root, const Table& format,
                                            std::vector<Setting>& settings) {
    FB_TRY(std::optional<TomlTable> in, root.table(format.name));
    return allowed(SettingsReader(format.name, "", format, std::move(in), settings));
}

Result<SettingsReader> SettingsReader::table(std::string_view key) {
    std::optional<TomlTable> in;
    if (in_) {
        FB_TRY(in, in_->table(key));
    }
    // [signal.alert] is a section of its own; the tables of [policy] are parts of it.
    const bool section = format_.name == "signal";
    return allowed(SettingsReader(section ? fmt::format("{}.{}", section_, key) : section_,
                                  section ? "" : fmt::format("{}{}.", prefix_, key),
                                  *format_.at(key).table, std::move(in), settings_));
}

void SettingsReader::note(std::string_view key, std::string value) {
    const bool given = has(key);
    settings_.push_back({section_, prefix_ + std::string(key), std::move(value), given,
                         given ? "" : format_.at(key).source});
}

Result<bool> SettingsReader::boolean(std::string_view key, bool fallback) {
    if (in_) {
        FB_TRY(fallback, in_->boolean(key, fallback));
    }
    note(key, value_text(fallback));
    return fallback;
}

Result<int64_t> SettingsReader::integer(std::string_view key, int64_t fallback) {
    if (in_) {
        const Key& range = format_.at(key);
        FB_TRY(fallback, in_->integer(key, static_cast<int64_t>(range.min),
                                      static_cast<int64_t>(range.max), fallback));
    }
    note(key, value_text(fallback));
    return fallback;
}

Result<double> SettingsReader::number(std::string_view key, double fallback) {
    if (in_) {
        const Key& range = format_.at(key);
        FB_TRY(fallback, in_->number(key, {range.min, range.max, range.above_min}, fallback));
    }
    note(key, value_text(fallback));
    return fallback;
}

Result<double> SettingsReader::share(std::string_view key, double fallback) {
    if (has(key)) {
        FB_TRY(fallback, in_->share(key));
    }
    note(key, share_text(fallback));
    return fallback;
}

Result<Duration> SettingsReader::duration(std::string_view key, Duration fallback) {
    if (in_) {
        FB_TRY(fallback, in_->duration(key, fallback));
    }
    note(key, exact_text(fallback));
    return fallback;
}

Result<Duration> SettingsReader::delay(std::string_view key, Duration fallback) {
    FB_TRY(const Duration delay, duration(key, fallback));
    if (delay < kSlice) {
        return in_->error(key, fmt::format("`{}` is shorter than the lab can tell", key),
                          "it decides in slices of five minutes: write at least 5m");
    }
    return delay;
}

Status SettingsReader::finish() const {
    return in_ ? in_->finish() : Status{};
}

}  // namespace firebreak::scenario
