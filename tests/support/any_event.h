// Random events, for properties.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "host/event.h"

namespace firebreak::test {

// Its texts are few and short, so that streams of them repeat themselves, and live forever.
inline host::EventValue any_value(host::FieldType type) {
    static const std::vector<std::string_view> kTexts = {"",
                                                         "a",
                                                         "A",
                                                         "b",
                                                         R"(C:\Windows\a.exe)",
                                                         R"(c:\windows\A.EXE)",
                                                         R"(C:\b.tmp)",
                                                         std::string_view("\0\xff", 2)};
    if (*rc::gen::inRange(0, 4) == 0) {
        return {};
    }
    switch (type) {
        case host::FieldType::kText:
            return host::EventValue::of(*rc::gen::elementOf(kTexts));
        case host::FieldType::kFlag:
            return host::EventValue::of(*rc::gen::inRange<uint64_t>(0, 2));
        case host::FieldType::kNumber:
            break;
    }
    return host::EventValue::of(*rc::gen::element<uint64_t>(0, 1, 10, 4096, UINT64_MAX));
}

// Of one of the first `kinds` kinds, at most 100 ms after `since`.
inline host::Event any_event(int64_t since, size_t kinds = host::kEventKinds) {
    host::Event event;
    event.kind = static_cast<host::EventKind>(*rc::gen::inRange<size_t>(0, kinds));
    event.at_ms = since + *rc::gen::inRange<int64_t>(0, 101);
    event.process = *rc::gen::inRange<uint32_t>(0, 3);
    event.count = *rc::gen::element<uint32_t>(1, 1, 1, 2, 7);
    const auto fields = host::info_of(event.kind).fields;
    for (size_t i = 0; i < fields.size(); ++i) {
        event.values[i] = any_value(fields[i].type);
    }
    return event;
}

inline std::vector<host::Event> any_events(size_t kinds = host::kEventKinds) {
    std::vector<host::Event> events(*rc::gen::inRange<size_t>(0, 60));
    int64_t at = 0;
    for (host::Event& event : events) {
        event = any_event(at, kinds);
        at = event.at_ms;
    }
    return events;
}

}  // namespace firebreak::test
