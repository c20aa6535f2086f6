// One record of a Windows event log, from a line of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace firebreak::host {

// The fields of a record by their last name, whatever stands around them: collectors write them
// flat, under `event_data` or `winlog`, or as Event.System and Event.EventData. Of equal names the
// first counts. Names are compared regardless of case: collectors differ in that too.
class WindowsRecord {
  public:
    // Errors: no JSON, nested more than 16 deep, more than 1,000 fields.
    static base::Result<WindowsRecord> parse(std::string_view line);

    // Empty if there is none, or the "-" that Windows writes for none. Lives as long as the record.
    std::string_view text(std::string_view name) const;
    // The same of the last field with this name.
    std::string_view last_text(std::string_view name) const;
    // Of a text in decimal, or in hexadecimal with 0x.
    std::optional<uint64_t> number(std::string_view name) const;

    // Empty and none if they are missing.
    std::string_view channel() const;
    std::optional<uint64_t> id() const;
    std::string_view machine() const;
    // When it happened, as Sysmon has it in UTC, and when it was logged, in whatever zone the
    // collector wrote; in ms since 1970.
    std::optional<int64_t> utc_ms() const;
    std::optional<int64_t> logged_ms() const;

  private:
    friend class RecordReader;
    struct Field {
        std::string name;
        std::string value;
    };
    std::vector<Field> fields_;
};

// "2020-10-23 06:36:40.265" or "2020-10-23T06:36:40.265Z", to the ms; years 1970 to 9999.
std::optional<int64_t> parse_time_ms(std::string_view text);

}  // namespace firebreak::host
