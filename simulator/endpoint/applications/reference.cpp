#include "endpoint/applications/reference.h"

#include <fmt/format.h>

#include "endpoint/applications/budget.h"
#include "endpoint/applications/engine.h"
#include "endpoint/applications/rule_api.h"
#include "endpoint/applications/scripts.h"
#include "endpoint/lua/function_table.h"

namespace firebreak::endpoint::applications {
namespace {

constexpr std::string_view kIntroduction = R"(# Reference of application rules

Made from the code: what stands here is what the engine has. A rule is a file that finds one
application on a machine, and says what scanning shall leave out because of it:

```lua
application {id = "sql-server", name = "SQL Server"}

detect(function()
    for _, program in ipairs(installed_programs("Microsoft SQL Server")) do
        found {program = program.key, version = program.version}
        if program.location ~= nil then
            exclude {process = program.location .. "\\MSSQL\\Binn\\sqlservr.exe"}
        end
    end
end)

example("an instance", {programs = {{name = "Microsoft SQL Server 2022",
                                     location = "C:\\Program Files\\Microsoft SQL Server"}}})
example("its installer says no place", {programs = {{name = "Microsoft SQL Server 2022"}}})
example("another database", {programs = {{name = "Example Database"}}}, false)
```

What a machine may not have is nil: **check for nil**, and have an example without it. A path that
is never taken in tests is taken one day in the field.

For each look at a machine a rule begins anew, in an interpreter of its own: it keeps nothing from
one to the next, and sees nothing of other rules. Nothing can be written. Nothing else is there:
no library of Lua's own, no `require`, no `setmetatable`, no coroutines, no bytecode.

To try a rule, put it into a folder and release that in a scenario beside the good set
(`with = ["./my-rules"]`, see `scenarios/README.md`). Where it does not load or fails an example,
the report says so, with file and line. Where it loads, each persona is looked at: the report lists
what was granted and refused there, and rules that failed. An example says whether the application
is found, and not what is excluded.
)";

constexpr std::string_view kExcluded = R"(
## What may be excluded

An exclusion is a hole in the protection, so nothing that a rule says is believed. The application
must be there by what the machine itself shows; then each exclusion is judged by itself, and
refused alone:

- It is an absolute path, without wildcards and without short names (`PROGRA~1`).
- It is no drive, no part of Windows, and no folder that programs share: `Program Files`, `Program
  Files (x86)`, `ProgramData`, `Common Files`.
- It is not in users' profiles.
- It is at or below a folder that the application is installed in: `InstallLocation` of its
  Programs key below `HKLM`, or the folder of its service's program; or it is the very file that
  shows that the application is there.
- Or it is elsewhere: then it exists, and covers few files that are not the application's.

Every rule gets its first exclusion before any gets its second.
)";

void add_scripts(std::string& page) {
    page += fmt::format(
        "\n## Scripts of PowerShell\n\n`X` is letters, digits and `-_.`, or, in single quotes, "
        "blanks too. An answer takes {} s of simulated time; after {} s a script is ended.\n\n"
        "| script | prints |\n|---|---|\n",
        kScriptTakes_s, kScriptLimit_s);
    for (const ScriptInfo& info : known_scripts()) {
        page += fmt::format("| `{}X{}` | {} |\n", info.before, info.after, info.meaning);
    }
}

struct LimitRow {
    std::string_view what;
    uint64_t value;
    std::string beyond;
};

void add_limit_table(std::string& page) {
    const EngineLimits limits;
    const LimitRow rows[] = {
        {"processor time of a look, ms", static_cast<uint64_t>(limits.detection.count() / 1000),
         "it is stopped, and nothing is known of the application"},
        {"memory of a rule, MiB", limits.memory_of_rule >> 20, "the same"},
        {"stops in a row until a rule is disabled", kMaxStops, "it is not called any more"},
        {"rules of a feed", kMaxRules, "the content is refused"},
        {"examples of a rule", kMaxExamples, "the content is refused"},
        {"programs, files and so on of an example", kMaxExampleParts, "the content is refused"},
        {"bytes of an id, a name, a version", kMaxIdBytes, "an error"},
        {"bytes of a path", kMaxPathBytes, "an error"},
        {"scripts of a rule", kMaxScripts, "an error"},
        {"times that a rule says found{…}", kMaxEvidence, "an error"},
        {"exclusions that a rule asks for", kMaxExclusions, "an error"},
        {"exclusions of an application", kExclusionsOfApplication, "further ones are refused"},
        {"exclusions of a feed", kExclusionsOfFeed, "further ones are refused"},
        {"exclusions of an application that are elsewhere", kElsewhere, "further ones are refused"},
        {"% of a machine's files that those of an application may cover", kPercentOfApplication,
         fmt::format("refused, but for {} files", kFewFiles)},
        {"% of a machine's files that those of a feed may cover", kPercentOfFeed,
         fmt::format("refused, but for {} files", kFewFilesOfFeed)},
    };
    page += "\n## Limits\n\n| | | beyond |\n|---|---|---|\n";
    for (const LimitRow& row : rows) {
        page += fmt::format("| {} | {} | {} |\n", row.what, row.value, row.beyond);
    }
}

}  // namespace

std::string reference_page() {
    std::string page(kIntroduction);
    page += "\n## For application rules\n";
    page += lua::function_table(rule_functions());
    page += "\n## For reading the machine\n";
    page += lua::function_table(lua_host::reading_functions());
    page += "\n## For all content in Lua\n";
    page += lua::function_table(lua::core_functions());
    page += "\nTexts have the functions of `text` as methods: `program.name:ends_with(\"x\")`.\n";
    add_scripts(page);
    page += kExcluded;
    add_limit_table(page);
    return page;
}

}  // namespace firebreak::endpoint::applications
