#include "endpoint/behavior/reference.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "endpoint/behavior/engine.h"
#include "endpoint/behavior/rule_api.h"
#include "endpoint/lua/function_table.h"

namespace firebreak::endpoint::behavior {
namespace {

constexpr std::string_view kBeginning = R"(# Reference of behaviour rules

Made from the code: what stands here is what the engine has. How to write a rule is told in
[README.md](README.md).

Nothing else is there: no library of Lua's own, no `require`, no `setmetatable`, no coroutines, no
bytecode.
)";

void add_kind(std::string& page, const host::EventKindInfo& kind) {
    page += fmt::format("\n### {}\n{}.\n\n| field | | |\n|---|---|---|\n", kind.name, kind.meaning);
    for (const host::EventFieldInfo& field : kind.fields) {
        page += fmt::format("| `{}` | {} | {} |\n", field.name, host::name_of(field.type),
                            lua::table_cell(field.meaning));
    }
}

struct Limit {
    std::string_view what;
    uint64_t value;
    std::string_view beyond;
};

void add_limits(std::string& page) {
    const EngineLimits limits;
    const std::vector<Limit> all = {
        {"processor time of a handler, ms", static_cast<uint64_t>(limits.handler.count() / 1000),
         "it is stopped, and has done nothing"},
        {"memory of a rule, MiB", limits.memory_of_rule >> 20, "the same"},
        {"memory of all rules, MiB", limits.memory_of_all >> 20, "the same"},
        {"stops until a rule is disabled", kMaxStops, "it handles nothing any more"},
        {"errors until a rule is disabled", kMaxErrors, "the same"},
        {"time of a rule for each event, on average over a window, ns", kBudgetNsPerEvent,
         "a warning; the second time it is disabled"},
        {"events of a window", kBudgetWindow, ""},
        {"processor time of a window, of all rules, ms",
         static_cast<uint64_t>(limits.window.count() / 1000),
         "it ends early; a rule's time still counts as for all of its events"},
        {"rules of a feed", kMaxRuleFiles, "the content is refused"},
        {"handlers of a rule", kMaxHandlers, "the content is refused"},
        {"conditions of a filter", kMaxConditions, "the content is refused"},
        {"alternatives of a condition", kMaxAlternatives, "the content is refused"},
        {"patterns of all filters of a rule", kMaxPatterns, "the content is refused"},
        {"bytes of a pattern", kMaxPatternBytes, "the content is refused"},
        {"core functions", kMaxProvided, "the content is refused"},
        {"examples of a rule", kMaxExamples, "the content is refused"},
        {"events of an example", kMaxExampleEvents, "the content is refused"},
        {"detections of a call", kMaxDetectionsOfCall, "an error"},
        {"values of evidence of a detection", kMaxEvidence, "an error"},
        {"bytes of a value of evidence", kMaxEvidenceBytes, "it is cut"},
        {"scans of a call", kMaxScansOfCall, "an error"},
        {"tags of a call", kMaxTagsOfCall, "an error"},
        {"tags of a rule on one process", kTagsOfRule, "further ones are not kept, and counted"},
        {"tags of a rule on all processes", kAllTagsOfRule, "the same"},
        {"bytes of detections of a rule, for one request", kDetectionBytes,
         "further ones are left out, and counted"},
        {"bytes of notes on a rule, for one request", kNoteBytes, "the same"},
        {"scans of a rule, for one request", kScansOfRequest, "the same"},
        {"processes of which a rule keeps a state", kMaxStates, "an error"},
        {"processes that are known", kMaxProcesses, "those known for longest are forgotten"},
    };
    page += "\n## Limits\n\n| | | beyond |\n|---|---|---|\n";
    for (const Limit& limit : all) {
        page += fmt::format("| {} | {} | {} |\n", limit.what, limit.value, limit.beyond);
    }
}

}  // namespace

std::string reference_page() {
    std::string page(kBeginning);
    page += "\n## For rules\n";
    page += lua::function_table(rule_functions());
    page += "\n`core` has what ProductRules provide.\n\n## For all content in Lua\n";
    page += lua::function_table(lua::core_functions());
    page +=
        "\nTexts have the functions of `text` as methods: `e.image:ends_with(\"x\")`.\n"
        "\n## Events\n"
        "All have `kind`, `time` (simulated milliseconds), `process` (a number that stands for one "
        "process as long as the machine lives; 0: unknown) and `count` (how many alike this one "
        "stands for). What is absent is nil.\n";
    for (const host::EventKindInfo& kind : host::event_kinds()) {
        add_kind(page, kind);
    }
    add_limits(page);
    return page;
}

}  // namespace firebreak::endpoint::behavior
