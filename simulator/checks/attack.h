// What became of an attack on the content channel. From the record alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/expectations.h"
#include "record/run.h"

namespace firebreak::checks {

struct AttackVerdict {
    bool decided = false;  // else the run ended too early
    record::Standing standing = record::Standing::kFell;
    std::vector<Verdict> held, contained;  // of the conditions, in order
    std::string why;                       // the condition that decided, with what was measured
    std::string evidence;  // of the first check of an endpoint under attack that came to something
};

// nullopt: the run is no row of the attack matrix.
std::optional<AttackVerdict> judge_attack(const record::Run& run);

std::string_view to_text(record::Standing standing);  // "held"

}  // namespace firebreak::checks
