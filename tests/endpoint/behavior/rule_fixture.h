// An engine with rules in it, and events for them.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "endpoint/behavior/engine.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::behavior {

using FieldValues =
    std::initializer_list<std::pair<std::string_view, std::variant<const char*, uint64_t>>>;

// Texts are literals: they outlive the event.
inline host::Event event_of(host::EventKind kind, uint32_t process, FieldValues fields,
                            int64_t at_ms = 0) {
    host::Event event;
    event.kind = kind;
    event.process = process;
    event.at_ms = at_ms;
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<const char*>(&value);
        EXPECT_TRUE(event.set(name, text != nullptr ? host::EventValue::of(std::string_view(*text))
                                                    : host::EventValue::of(std::get<1>(value))))
            << name;
    }
    return event;
}

inline host::EventLog log_of(const std::vector<host::Event>& events) {
    host::EventLogBuilder builder;
    for (const host::Event& event : events) {
        builder.add(event);
    }
    return std::move(builder).build();
}

inline std::unique_ptr<Engine> new_engine(const EngineLimits& limits = {}) {
    auto made = Engine::create(limits);
    EXPECT_TRUE(made.ok()) << made.error().text();
    return std::move(made).value();
}

inline LoadReply load(Engine& engine, const std::map<std::string, std::string>& files,
                      RuleFeed feed = RuleFeed::kBehavior) {
    LoadRules request;
    request.feed = feed;
    for (const auto& [name, source] : files) {
        request.files.push_back({name, base::view_of(source)});
    }
    return engine.load(request);
}

// A rule with a handler for processes that start.
inline std::string rule_for_starts(const std::string& id, const std::string& body) {
    return "rule {id = \"" + id + "\"}\non(\"process_start\", nil, function(e)\n" + body +
           "\nend)\n";
}

inline host::Event start_of(uint32_t process, const char* image, int64_t at_ms = 0) {
    return event_of(host::EventKind::kProcessStart, process,
                    {{"image", image}, {"command_line", image}}, at_ms);
}

}  // namespace firebreak::endpoint::behavior
