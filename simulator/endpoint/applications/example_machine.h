// The machine that an example of a rule speaks of.
#pragma once

#include "endpoint/applications/rule_api.h"

struct lua_State;

namespace firebreak::endpoint::applications {

// Of the table at this place of the stack: into machine and powershell. Raises errors.
void read_example_machine(lua_State* lua, int table, Example& example);

}  // namespace firebreak::endpoint::applications
