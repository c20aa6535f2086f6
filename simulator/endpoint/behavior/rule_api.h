// What rules may call beside the core functions, and what these functions work on.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "endpoint/behavior/process_table.h"
#include "endpoint/behavior/rules.h"
#include "endpoint/lua/core_functions.h"
#include "endpoint/lua/interpreter.h"
#include "endpoint/sensors/sensors.h"

namespace firebreak::endpoint::behavior {

inline constexpr size_t kMaxDetectionsOfCall = 4;
inline constexpr size_t kMaxScansOfCall = 4;
inline constexpr size_t kMaxTagsOfCall = 16;
inline constexpr size_t kMaxProvided = 64;
inline constexpr size_t kMaxExamples = 16;       // of one rule
inline constexpr size_t kMaxExampleEvents = 64;  // of one example

// What a handler has done so far. It takes effect when the handler ends without an error.
struct Effects {
    struct Scan {
        std::string path;
        lua::Function then;
        uint32_t line;  // on which that begins; 0: unknown
    };
    struct Tag {
        uint32_t process;
        std::string name;
    };
    std::vector<Detection> detections;
    std::vector<Scan> scans;
    std::vector<Tag> tags;
};

// What a rule says of itself: so often it detects something in these events.
struct Example {
    RuleIndex rule;
    std::string title;
    host::EventLog events;
    uint64_t detections = 0;
};

// Everything that rules have made and can reach.
struct RuleWorld {
    std::vector<Rule> rules;
    std::array<std::vector<Handler>, host::kEventKinds> handlers;  // by kind, in order
    ProcessTable processes;
    sensors::Sensors sensors;
    std::array<std::string, host::kEventKinds> sensor_set_in;  // file; "": nowhere
    size_t provided = 0;                                       // core functions
    std::vector<Example> examples;

    // What runs now.
    bool loading = false;
    RuleIndex running = 0;
    const host::Event* event = nullptr;  // that is handled; null: none
    int64_t now_ms = 0;                  // of the latest event
    Effects effects;

    Rule& rule() { return rules[running]; }
};

// For people, and in no case longer than that: a reply that were would count as none.
std::string clean(std::string_view text, size_t limit);

// In the order of the reference page.
std::span<const lua::FunctionInfo> rule_functions();

// Makes them known to all owners of this interpreter. Once, before anything is loaded; `world` must
// outlive it.
lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world);
// No rule is to keep a state of a process any more.
void drop_states(lua::Interpreter& interpreter, RuleWorld& world, uint32_t process);

}  // namespace firebreak::endpoint::behavior
