// Whatever the lines, each is blank, an event, counted or bad, and the events can be written and
// read again.
#include <algorithm>
#include <cstdlib>

#include "host/event_import.h"

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using firebreak::host::EventLog;
    const std::string_view lines = firebreak::base::text_of({data, size});
    const auto imported = firebreak::host::import_windows_events(lines);
    require(imported.ok());  // it is within all limits
    const auto events = imported->events.events();
    uint64_t counted = events.size() + imported->bad;
    for (const auto& [name, count] : imported->unknown) {
        counted += count;
    }
    require(counted == imported->lines);
    require(imported->problems.size() == std::min<uint64_t>(imported->bad, 1000));
    require(events.empty() || events.front().at_ms == 0);
    const auto again = EventLog::parse(imported->events.encode());
    require(again.ok() && std::ranges::equal(again->events(), events));
    return 0;
}
