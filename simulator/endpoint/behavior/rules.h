// The rules of one process: what each has declared, what it handles, and what it costs.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "endpoint/behavior/filter.h"
#include "endpoint/behavior/messages.h"
#include "endpoint/lua/interpreter.h"

namespace firebreak::endpoint::behavior {

using RuleIndex = uint32_t;

inline constexpr size_t kMaxHandlers = 64;   // of one rule
inline constexpr size_t kMaxStates = 4096;   // processes of which one rule keeps a state
inline constexpr uint64_t kMaxErrors = 20;   // then a rule is disabled
inline constexpr uint64_t kMaxStops = 3;     // at a deadline or a memory limit; the same
inline constexpr size_t kMaxPatterns = 256;  // of all filters of one rule
// What each rule may say of one request: whatever one says, there is room for what others do.
inline constexpr size_t kDetectionBytes = 24 * 1024;
inline constexpr size_t kNoteBytes = 12 * 1024;
inline constexpr size_t kScansOfRequest = 4;
inline constexpr uint64_t kBudgetWindow = 10'000;     // events that are handled together
inline constexpr uint64_t kBudgetNsPerEvent = 2'000;  // of one rule, on average over a window

struct Handler {
    RuleIndex rule;
    lua::Function function;
    uint32_t line;  // on which it begins; 0: unknown
    Filter filter;
};

struct Rule {
    std::string file;
    RuleFeed feed = RuleFeed::kBehavior;
    lua::Owner owner = lua::kEngine;
    // As declared.
    bool declared = false;
    std::string id, title, technique;
    Severity severity = Severity::kMedium;

    size_t handlers = 0;
    size_t patterns = 0;    // of their filters
    size_t states = 0;      // processes of which it keeps one
    size_t collect_at = 0;  // bytes of memory at which garbage is collected

    // Of its share in the reply to the request at hand.
    struct Said {
        size_t detection_bytes = 0, note_bytes = 0, scans = 0;
    } said;

    RuleCost cost;
    uint64_t stops = 0;
    uint64_t ns_in_window = 0;
    bool warned = false;

    void count_call(uint64_t nanoseconds) {
        ++cost.calls;
        cost.nanoseconds += nanoseconds;
        ns_in_window += nanoseconds;
        ++cost.histogram[std::min<size_t>(std::bit_width(nanoseconds), kCostBuckets - 1)];
    }
    // What has to be said of the rule after a call that failed.
    std::vector<RuleNote> note_failure(const lua::Ended& ended);
    // After a window of events: over budget for the first time, it is warned, and the next time
    // disabled. One that ended early has its budget for as many events as any other. `at_work`: the
    // share of the measured time in which the process was at work.
    std::vector<RuleNote> note_window(uint64_t events, double at_work);

  private:
    RuleNote disable(const std::string& why);
};

}  // namespace firebreak::endpoint::behavior
