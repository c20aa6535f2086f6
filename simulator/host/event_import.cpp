#include "host/event_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "host/windows_events.h"

namespace firebreak::host {

namespace {

using base::Error;
using base::Result;
using base::Status;

constexpr int64_t kQuarterHourMs = 15 * 60 * 1000;
constexpr size_t kMostNameBytes = 120;
constexpr std::string_view kOthers = "others";

// The line at the front of `rest`, which is taken off.
std::string_view next_line(std::string_view& rest) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

int64_t to_quarter_hour(int64_t ms) {
    const int64_t half = ms < 0 ? -kQuarterHourMs / 2 : kQuarterHourMs / 2;
    return (ms + half) / kQuarterHourMs * kQuarterHourMs;
}

// How far UTC is ahead of the times in which records were logged.
int64_t lag_of_the_log(std::string_view lines, const ImportLimits& limits) {
    while (!lines.empty()) {
        const std::string_view line = next_line(lines);
        if (line.size() > limits.line_bytes || line.find("\"UtcTime\"") == std::string_view::npos) {
            continue;
        }
        const Result<WindowsRecord> record = WindowsRecord::parse(line);
        if (!record.ok()) {
            continue;
        }
        const auto utc = record->utc_ms(), logged = record->logged_ms();
        if (utc && logged) {
            return to_quarter_hour(*utc - *logged);
        }
    }
    return 0;
}

class Import {
  public:
    Import(const ImportLimits& limits, int64_t lag_ms) : limits_(limits), lag_ms_(lag_ms) {}

    // Errors: too many events.
    Status add(std::string_view line, uint64_t number) {
        if (line.find_first_not_of(" \t") == std::string_view::npos) {
            return {};
        }
        ++out_.lines;
        if (line.size() > limits_.line_bytes) {
            problem(number, fmt::format("longer than {} bytes", limits_.line_bytes));
            return {};
        }
        const Result<WindowsRecord> record = WindowsRecord::parse(line);
        if (!record.ok()) {
            problem(number, record.error().message);
            return {};
        }
        return add(*record, number);
    }
    Imported take() && {
        builder_.count_from_first();
        out_.events = std::move(builder_).build();
        return std::move(out_);
    }

  private:
    Status add(const WindowsRecord& record, uint64_t number) {
        const auto utc = record.utc_ms(), logged = record.logged_ms();
        if (record.channel().empty() || !record.id() || (!utc && !logged)) {
            problem(number, record.channel().empty() ? "no channel"
                            : !record.id()           ? "no event id"
                                                     : "no time");
            return {};
        }
        const int64_t at_ms = utc ? *utc : *logged + lag_ms_;
        const Conversion converted = convert(record, at_ms, processes_);
        if (!converted.is_event) {
            count(out_.unknown,
                  fmt::format("{} {}{}{}", channel_name(record.channel()), *record.id(),
                              converted.why.empty() ? "" : " ", converted.why));
            return {};
        }
        count(out_.machines, record.machine());
        if (!builder_.add(converted.event)) {
            return Error{fmt::format("more than {} events",
                                     base::with_thousands(static_cast<int64_t>(kMostLogEvents))),
                         fmt::format("line {}", number), "import it in parts"};
        }
        return {};
    }
    void problem(uint64_t line, std::string why) {
        ++out_.bad;
        if (out_.problems.size() < limits_.problems) {
            out_.problems.push_back({line, std::move(why)});
        }
    }
    void count(std::map<std::string, uint64_t>& counts, std::string_view name) {
        const std::string key = base::printable(name, kMostNameBytes);
        const bool fits = counts.contains(key) || counts.size() < limits_.unknown;
        ++counts[fits ? key : std::string(kOthers)];
    }

    const ImportLimits& limits_;
    int64_t lag_ms_;
    Imported out_;
    EventLogBuilder builder_;
    WindowsProcesses processes_;
};

}  // namespace

Result<Imported> import_windows_events(std::string_view lines, const ImportLimits& limits) {
    if (lines.size() > limits.bytes) {
        return Error{fmt::format("{} bytes of records", lines.size()), "",
                     fmt::format("import at most {} at once", limits.bytes)};
    }
    Import import(limits, lag_of_the_log(lines, limits));
    for (uint64_t number = 1; !lines.empty(); ++number) {
        FB_CHECK(import.add(next_line(lines), number));
    }
    return std::move(import).take();
}

}  // namespace firebreak::host
