#include "report/attack_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace firebreak::report {

AttackRows attack_rows(const std::vector<Judged>& runs) {
    AttackRows out;
    std::set<std::string> profiles;
    for (const Judged& judged : runs) {
        auto verdict = checks::judge_attack(judged.run);
        if (!verdict) {
            continue;
        }
        const record::Attack& attack = *judged.run.header.attack;
        // Two scenarios may have given their rows one name.
        auto row = std::find_if(out.rows.begin(), out.rows.end(), [&](const AttackRow& one) {
            return one.name == attack.row && !one.attempts.contains(attack.profile);
        });
        if (row == out.rows.end()) {
            row = out.rows.insert(row, {attack.row, attack.aim, {}});
        }
        row->attempts[attack.profile] = {&judged, std::move(*verdict)};
        profiles.insert(attack.profile);
    }
    out.profiles.assign(profiles.rbegin(), profiles.rend());
    return out;
}

std::string standing_word(const Attempt& attempt) {
    return attempt.verdict.decided ? std::string(checks::to_text(attempt.verdict.standing))
                                   : "open";
}

std::string tally(const AttackRows& matrix, const std::string& profile) {
    std::map<std::string, size_t> counts;
    for (const AttackRow& row : matrix.rows) {
        if (const auto attempt = row.attempts.find(profile); attempt != row.attempts.end()) {
            ++counts[standing_word(attempt->second)];
        }
    }
    std::string out;
    for (const char* word : {"held", "contained", "fell", "open"}) {
        if (const size_t n = counts[word]; n > 0) {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, word);
        }
    }
    return out;
}

}  // namespace firebreak::report
