#include <fmt/format.h>

#include "report/attack_matrix.h"
#include "report/attack_rows.h"
#include "report/markup.h"

namespace firebreak::report {

namespace {

constexpr size_t kWhole = 20'000;  // bytes: evidence is never cut

constexpr const char* kStandingsExplained =
    "Held: every condition that the scenario sets was met. Contained: not every one, but the harm "
    "stayed within bounds. Fell: neither.";

struct AttemptLook {
    const char *sign, *css;
};

AttemptLook look_of(const Attempt& attempt) {
    if (!attempt.verdict.decided) {
        return {"?", "open"};
    }
    switch (attempt.verdict.standing) {
        case record::Standing::kHeld:
            return {"✓", "held"};
        case record::Standing::kContained:
            return {"◐", "contained"};
        case record::Standing::kFell:
            break;
    }
    return {"✗", "fell"};
}

// "✗ fell", and what was expected if that is something else.
std::string standing(const Attempt& attempt) {
    const AttemptLook look = look_of(attempt);
    std::string out = tag("strong", fmt::format("standing {}", look.css),
                          fmt::format("{} {}", look.sign, standing_word(attempt)));
    if (!attempt.as_expected()) {
        out += " " + tag("span", "mark unexpected",
                         fmt::format("expected: {}", checks::to_text(attempt.attack().expected)));
    }
    return out;
}

std::string condition(const record::Expectation& expected, const checks::Verdict& verdict) {
    const char* sign = verdict.result == checks::Result::kPassed   ? "✓"
                       : verdict.result == checks::Result::kFailed ? "✗"
                                                                   : "?";
    std::string measured = escape(verdict.measured_text);
    if (verdict.broke_at) {
        measured += ", first broken on " + to_text(*verdict.broke_at);
    }
    return tag("li", fmt::format("{} {} {}", sign, escape(expected.text, 4000),
                                 tag("span", "dim", "– measured " + measured))) +
           "\n";
}

std::string conditions(const char* title, const std::vector<record::Expectation>& expected,
                       const std::vector<checks::Verdict>& verdicts) {
    std::string items;
    for (size_t i = 0; i < verdicts.size(); ++i) {
        items += condition(expected[i], verdicts[i]);
    }
    return items.empty() ? "" : tag("p", "dim", title) + tag("ul", items) + "\n";
}

// One attack under one profile: what came of it, why, and the evidence.
std::string attempt_block(const std::string& profile, const Attempt& attempt) {
    const checks::AttackVerdict& verdict = attempt.verdict;
    std::string out =
        tag("p", tag("span", "profile", escape(profile)) + " " + standing(attempt)) + "\n";
    out += conditions("Held, if:", attempt.attack().held, verdict.held);
    if (verdict.standing != record::Standing::kHeld) {
        out += conditions("Contained, if:", attempt.attack().contained, verdict.contained);
    }
    if (!verdict.evidence.empty()) {
        out += tag("p", "dim", "What an endpoint under attack met:") +
               tag("p", "evidence", escape_prose(verdict.evidence, kWhole)) + "\n";
    }
    return tag("div", "attempt", out) + "\n";
}

std::string row_id(size_t row) {
    return fmt::format("attack-{}", row + 1);
}

std::string overview(const AttackRows& matrix) {
    std::vector<std::string> headings = {"attack", "what the attacker wants"};
    std::vector<std::string> sums = {fmt::format("{} in all", matrix.rows.size()), ""};
    std::vector<std::vector<std::string>> lines;
    for (size_t r = 0; r < matrix.rows.size(); ++r) {
        const AttackRow& row = matrix.rows[r];
        lines.push_back({fmt::format("<a href=\"#{}\">{}</a>", row_id(r), escape(row.name)),
                         escape_prose(row.aim)});
    }
    for (const std::string& profile : matrix.profiles) {
        headings.push_back(escape(profile));
        sums.push_back(tally(matrix, profile));
        for (size_t r = 0; r < matrix.rows.size(); ++r) {
            const auto& attempts = matrix.rows[r].attempts;
            const auto attempt = attempts.find(profile);
            lines[r].push_back(attempt == attempts.end() ? "–" : standing(attempt->second));
        }
    }
    lines.push_back(std::move(sums));
    return table(headings, lines, "attacks", true);
}

}  // namespace

std::string attack_matrix_section(const std::vector<Judged>& runs) {
    const AttackRows matrix = attack_rows(runs);
    if (matrix.rows.empty()) {
        return "";
    }
    std::string out = tag("p", "lead", kStandingsExplained) + "\n" + overview(matrix);
    for (size_t r = 0; r < matrix.rows.size(); ++r) {
        const AttackRow& row = matrix.rows[r];
        std::string blocks;
        for (const std::string& profile : matrix.profiles) {
            if (const auto attempt = row.attempts.find(profile); attempt != row.attempts.end()) {
                blocks += attempt_block(profile, attempt->second);
            }
        }
        out += fmt::format(
            "<div class=\"attack\" id=\"{}\">\n{}{}\n</div>\n", row_id(r),
            tag("h3", escape(row.name)) + "\n" + tag("p", "dim", escape_prose(row.aim)) + "\n",
            tag("div", "attempts", blocks));
    }
    return out;
}

std::string attack_section(const Judged& judged) {
    const std::vector<Judged> runs = {judged};
    const AttackRows matrix = attack_rows(runs);
    if (matrix.rows.empty()) {
        return "";
    }
    const AttackRow& row = matrix.rows.front();
    const auto& [profile, attempt] = *row.attempts.begin();
    return tag("p", "lead", tag("strong", escape(row.name)) + ": " + escape_prose(row.aim)) + "\n" +
           attempt_block("profile " + profile, attempt) + tag("p", "note", kStandingsExplained) +
           "\n";
}

}  // namespace firebreak::report
