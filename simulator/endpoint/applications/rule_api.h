// What rules of application detection may call beside the core functions and those that read a
// machine, and what these functions work on.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "endpoint/applications/messages.h"
#include "endpoint/applications/scripts.h"
#include "endpoint/lua/core_functions.h"
#include "endpoint/lua/interpreter.h"
#include "endpoint/lua_host/machine_functions.h"
#include "host/machine.h"

namespace firebreak::endpoint::applications {

inline constexpr size_t kMaxExamples = 16;      // of one rule
inline constexpr size_t kMaxExampleParts = 64;  // programs, files and so on of one example

// What a rule says of itself: that comes of this machine.
struct Example {
    std::string title;
    host::Machine machine;
    PowerShell powershell;
    RuleReply::End expected = RuleReply::End::kFound;
};

// What one rule has made and can reach.
struct RuleWorld {
    bool loading = true;
    // As declared.
    std::string id, name;
    bool has_detect = false;
    lua::Function detect = 0;
    std::vector<Example> examples;

    // What it looks at, once it does.
    lua_host::MachineAtHand at_hand;
    Scripts* scripts = nullptr;
    size_t scripts_run = 0;
    Claim claim;  // so far; without evidence: not found
};

// In the order of the reference page.
std::span<const lua::FunctionInfo> rule_functions();

// Makes them, and those that read the machine, known to all owners of this interpreter. Once,
// before anything is loaded; `world` must outlive it.
lua::Ended add_rule_functions(lua::Interpreter& interpreter, RuleWorld& world);

}  // namespace firebreak::endpoint::applications
