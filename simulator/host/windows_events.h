// What records of Windows event logs mean as events.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "host/event.h"
#include "host/windows_processes.h"
#include "host/windows_record.h"

namespace firebreak::host {

// An event, or why a record is none.
struct Conversion {
    bool is_event = false;
    Event event;      // its texts lie in the record and in `texts`
    std::string why;  // of a known kind of record that says too little: "of a Key"; else empty
    std::deque<std::string> texts;
};

// `at_ms`: when it happened. Numbers of processes come from `processes`.
Conversion convert(const WindowsRecord& record, int64_t at_ms, WindowsProcesses& processes);

// The name that Windows gives a channel which convert() knows; else `channel` itself.
std::string_view channel_name(std::string_view channel);

}  // namespace firebreak::host
