// Any bytes at all are refused as a log of events, or hold events that a log may have: writing them
// and reading that gives the same ones.
#include <algorithm>
#include <cstdlib>

#include "host/event.h"

namespace {

using firebreak::host::EventLog;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto log = EventLog::parse({data, size});
    if (!log.ok()) {
        require(!log.error().message.empty());
        return 0;
    }
    firebreak::host::EventLogBuilder builder;
    for (const auto& event : log->events()) {
        require(builder.add(event));
    }
    const auto bytes = std::move(builder).build().encode();
    const auto again = EventLog::parse(bytes);
    require(again.ok() && std::ranges::equal(again->events(), log->events()));
    require(again->encode() == bytes);
    return 0;
}
