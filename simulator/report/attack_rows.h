// The attacks of a suite by row and profile: what the forms of the attack matrix share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checks/attack.h"
#include "report/reports.h"

namespace firebreak::report {

// An attack as it went under one profile.
struct Attempt {
    const Judged* judged = nullptr;  // header.attack is there
    checks::AttackVerdict verdict;

    const record::Attack& attack() const { return *judged->run.header.attack; }
    bool as_expected() const { return verdict.decided && verdict.standing == attack().expected; }
};

struct AttackRow {
    std::string name, aim;
    std::map<std::string, Attempt> attempts;  // by profile
};

struct AttackRows {
    std::vector<AttackRow> rows;        // in the order of the runs; none of them is left out
    std::vector<std::string> profiles;  // "published" before "hardened"
};

// Refers to `runs`; those that are no row of the matrix count for nothing.
AttackRows attack_rows(const std::vector<Judged>& runs);

// "held", "contained", "fell"; "open" if the run ended too early.
std::string standing_word(const Attempt& attempt);

// How the attacks went under a profile: "3 held, 1 contained, 12 fell".
std::string tally(const AttackRows& matrix, const std::string& profile);

}  // namespace firebreak::report
