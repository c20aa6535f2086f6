#include "endpoint/repair/reference.h"

#include <fmt/format.h>

#include <string_view>

#include "endpoint/lua/function_table.h"
#include "endpoint/repair/engine.h"
#include "endpoint/repair/rule_api.h"

namespace firebreak::endpoint::repair {
namespace {

constexpr std::string_view kPageBeginning = R"(# Reference of repair rules

Made from the code: what stands here is what the engine has. How to write a rule is told in
[README.md](README.md).

Nothing else is there: no library of Lua's own, no `require`, no `setmetatable`, no coroutines, no
bytecode.

## For rules
)";

struct RuleLimit {
    std::string_view what;
    uint64_t value;
    std::string_view beyond;
};

std::string limits_table() {
    const EngineLimits limits;
    const RuleLimit all[] = {
        {"processor time of a rule, ms", static_cast<uint64_t>(limits.rule.count() / 1000),
         "it is stopped, and has done nothing"},
        {"memory of a rule, MiB", limits.memory_of_rule >> 20, "the same"},
        {"rules of a kit", kMaxRules, "the kit is refused"},
        {"entries of a rule's journal: changes, restored files, notes", kMaxEntries, "an error"},
        {"bytes of a rule's journal", kMaxJournalBytes, "an error"},
        {"bytes of a note", kMaxNoteBytes, "it is cut"},
        {"bytes of all files of a machine", host::kMostDiskBytes, "an error: the disk is full"},
    };
    std::string page = "\n## Limits\n\n| | | beyond |\n|---|---|---|\n";
    for (const RuleLimit& limit : all) {
        page += fmt::format("| {} | {} | {} |\n", limit.what, limit.value, limit.beyond);
    }
    return page;
}

}  // namespace

std::string reference_page() {
    return std::string(kPageBeginning) + lua::function_table(rule_functions()) +
           "\nPaths, keys and names are compared as Windows does. What a rule has changed it sees "
           "changed, and so do the rules behind it.\n\n## For all content in Lua\n" +
           lua::function_table(lua::core_functions()) +
           "\nTexts have the functions of `text` as methods: `path:ends_with(\".exe\")`.\n" +
           limits_table();
}

}  // namespace firebreak::endpoint::repair
