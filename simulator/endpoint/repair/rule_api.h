// What repair rules may call beside the core functions and those that read a machine, and what
// these functions work on.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "endpoint/lua/core_functions.h"
#include "endpoint/lua/interpreter.h"
#include "endpoint/lua_host/machine_functions.h"
#include "endpoint/repair/messages.h"

namespace firebreak::endpoint::repair {

// The machine as the rules have left it so far.
struct Workpiece {
    host::Machine machine;
    // Folded paths of files whose digest and size are those of the package, and whose content
    // nobody has here: the machine has zeros in its place.
    std::set<std::string> restored;
};

// By folded path.
using Package = std::map<std::string, PackageFile>;

// What one rule has made and can reach.
struct RuleWorld {
    bool loading = true;
    // As declared.
    bool declared = false;
    std::string id;
    bool has_mend = false;
    lua::Function mend = 0;

    // While it mends.
    Workpiece* work = nullptr;
    const Package* package = nullptr;
    lua_host::MachineAtHand at_hand;  // the workpiece's
    std::vector<Entry> journal;
    size_t journal_bytes = 0;
};

// In the order of the reference page: by table.
std::vector<lua::FunctionInfo> rule_functions();

// Makes them known to all owners of this interpreter. Once, before anything is loaded; `world` must
// outlive it.
lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world);

}  // namespace firebreak::endpoint::repair
