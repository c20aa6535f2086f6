#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "checks/excerpt.h"
#include "checks/exclusions.h"
#include "checks/failures.h"
#include "checks/models.h"
#include "checks/rules.h"
#include "report/attack_rows.h"
#include "report/containment_columns.h"
#include "report/reports.h"
#include "report/story.h"
#include "report/text_table.h"

namespace firebreak::report {

namespace {

constexpr const char* kBold = "1";
constexpr const char* kGood = "32";
constexpr const char* kBad = "31";

std::string containment_table(const record::Run& run, bool color) {
    const std::vector<checks::Containment> rows = checks::containment(run);
    std::vector<std::string> names;
    for (const checks::Containment& row : rows) {
        names.push_back(base::printable(row.group));
    }
    const std::string recovered = recovered_text(rows.back().recovered);
    return fitted_table("release group", names, containment_columns(rows), true, color) +
           (recovered.empty() ? "" : "\n  Recovered: " + recovered + ".\n");
}

std::string timeline(const record::Run& run, bool color) {
    constexpr size_t kMost = 200;
    const checks::Excerpt excerpt = checks::excerpt(run, kMost);
    std::string out;
    for (const record::TimelineEntry* entry : excerpt.entries) {
        out += fmt::format("  {}  {:<11} {}\n", paint(to_text(entry->at), kDim, color),
                           base::printable(entry->kind, 40), base::printable(entry->text));
    }
    const std::string left_out = checks::left_out_text(excerpt);
    return left_out.empty() ? out : out + "  and " + left_out + ", in the run file\n";
}

// Each distinct failure once, with the evidence of the first assay that met it.
std::string evidence(const record::Run& run, bool color) {
    constexpr size_t kMost = 8;
    const std::vector<checks::Failure> failures = checks::failures(run);
    std::string out;
    for (size_t i = 0; i < std::min(failures.size(), kMost); ++i) {
        const record::Assay& example = *failures[i].example;
        out += fmt::format("  {}{}\n    {}\n", base::printable(failures[i].what),
                           example.imported ? " (measured elsewhere)" : "",
                           paint(base::printable(example.evidence, 600), kDim, color));
    }
    if (failures.size() > kMost) {
        out += fmt::format("  and {} more kinds of failure in the run file\n",
                           failures.size() - kMost);
    }
    return out;
}

std::string models_of(const record::Header& header, const checks::ModelTally& tally) {
    return base::printable(tally.release == record::kAll ? "baseline"
                                                         : release_name(header, tally.release));
}

std::string model_name(const checks::ModelTally& tally) {
    return base::printable(tally.model + " " + tally.version);
}

std::vector<Column> model_columns(const std::vector<checks::ModelTally>& tallies) {
    std::vector<Column> columns = {{"model", "model", {}, 0},
                                   {"slot", "slot", {}, 0},
                                   {"programs scored", "scored", {}, 0},
                                   {"at or above threshold", "at threshold", {}, 0},
                                   {"threshold", "threshold", {}, 2},
                                   {"mean", "mean", {}, 0},
                                   {"highest", "highest", {}, 0},
                                   {"no score", "no score", {}, 1}};
    for (const checks::ModelTally& tally : tallies) {
        const auto of_scored = [&](double value) {
            return tally.scored > 0 ? fmt::format("{:.3f}", value) : std::string("–");
        };
        const std::string cells[] = {model_name(tally),
                                     checks::slot_name(tally),
                                     base::with_thousands(static_cast<int64_t>(tally.scored)),
                                     base::with_thousands(static_cast<int64_t>(tally.at_threshold)),
                                     fmt::format("{:.3f}", tally.threshold),
                                     of_scored(tally.mean),
                                     of_scored(tally.highest),
                                     base::with_thousands(static_cast<int64_t>(tally.refused))};
        for (size_t c = 0; c < columns.size(); ++c) {
            columns[c].cells.push_back(cells[c]);
        }
    }
    return columns;
}

std::string models(const record::Run& run, bool color) {
    const std::vector<checks::ModelTally> tallies = checks::model_tallies(run);
    std::vector<std::string> names;
    std::string more;
    for (const checks::ModelTally& tally : tallies) {
        names.push_back(models_of(run.header, tally));
        if (tally.refused > 0) {
            more +=
                fmt::format("  {}, {} of {}, gave no score: {}\n", model_name(tally),
                            checks::slot_name(tally), names.back(), base::printable(tally.refusal));
        }
    }
    for (const int32_t release : checks::releases_without_scores(run)) {
        more += fmt::format("  {}: no program was scored\n",
                            base::printable(release_name(run.header, release)));
    }
    return (names.empty() ? ""
                          : fitted_table("release", names, model_columns(tallies), false, color)) +
           more;
}

// The dearest of each release; all of them stand in the other reports.
std::string rules(const record::Run& run, bool color) {
    constexpr size_t kMostRules = 8;
    const std::vector<checks::RuleTally> tallies = checks::rule_tallies(run);
    std::vector<std::string> names;
    std::vector<Column> columns = {
        {"release", "release", {}, 2},       {"calls", "calls", {}, 0},
        {"detections", "detections", {}, 0}, {"errors", "errors", {}, 0},
        {"µs a call", "µs a call", {}, 0},   {"switched off", "switched off", {}, 1}};
    int32_t release = record::kAll;
    size_t of_release = 0, idle = 0;
    for (const checks::RuleTally& tally : tallies) {
        of_release = tally.release == release ? of_release + 1 : 1;
        release = tally.release;
        const bool is_idle = tally.calls == 0 && tally.disabled_days == 0;
        const bool worth_it = of_release <= kMostRules || tally.detections > 0 ||
                              tally.errors > 0 || tally.disabled_days > 0;
        if (is_idle || !worth_it) {
            idle += is_idle ? 1 : 0;
            continue;
        }
        names.push_back(base::printable(tally.rule));
        const std::string cells[] = {
            base::printable(release == record::kAll ? "baseline"
                                                    : release_name(run.header, release)),
            base::with_thousands(static_cast<int64_t>(tally.calls)),
            base::with_thousands(static_cast<int64_t>(tally.detections)),
            base::with_thousands(static_cast<int64_t>(tally.errors)),
            tally.nanoseconds == 0 ? std::string("–")
                                   : fmt::format("{:.2f}", tally.microseconds_per_call()),
            tally.disabled_days == 0
                ? std::string("–")
                : fmt::format("{} of {} days", tally.disabled_days, tally.days)};
        for (size_t c = 0; c < columns.size(); ++c) {
            columns[c].cells.push_back(cells[c]);
        }
    }
    if (names.empty()) {
        return "";
    }
    const size_t more = tallies.size() - names.size() - idle;
    std::string rest;
    if (more > 0) {
        rest += fmt::format("  {} more cost less, found nothing, and did not fail.\n", more);
    }
    if (idle > 0) {
        rest += fmt::format("  Never called: {}; --html and --json name them.\n", idle);
    }
    return fitted_table("rule", names, columns, false, color) + rest;
}

// A line for each that was refused, and how many were granted; HTML and JSON have them all.
std::string exclusions(const record::Run& run) {
    constexpr size_t kMostRefused = 12;
    std::string refused;
    size_t granted = 0, refusals = 0;
    for (const checks::ExclusionTally& tally : checks::exclusion_tallies(run)) {
        const record::ExclusionUse& use = tally.what;
        if (use.refusal.empty()) {
            ++granted;
        } else if (++refusals <= kMostRefused) {
            refused += fmt::format(
                "  refused: {} {} for {} ({}; {})\n", use.kind, base::printable(use.path, 80),
                base::printable(use.application, 40), use.refusal, base::printable(use.rule));
        }
    }
    if (granted + refusals == 0) {
        return "";
    }
    return fmt::format("  {} granted, {} refused\n", granted, refusals) + refused +
           (refusals > kMostRefused ? fmt::format("  and {} more\n", refusals - kMostRefused) : "");
}

std::string expectations(const Judged& judged, bool color) {
    std::string out;
    for (size_t i = 0; i < judged.verdicts.size(); ++i) {
        const record::Expectation& expectation = judged.run.header.expectations[i];
        const checks::Verdict& verdict = judged.verdicts[i];
        const std::string text = base::printable(expectation.text);
        switch (verdict.result) {
            case checks::Result::kPassed:
                out += fmt::format("  {} {} {}\n", paint("✓", kGood, color), text,
                                   paint("(" + verdict.measured_text + ")", kDim, color));
                break;
            case checks::Result::kOpen:
                out += fmt::format("  ? {} (open: the run was interrupted; so far {})\n", text,
                                   verdict.measured_text);
                break;
            case checks::Result::kFailed:
                out += fmt::format(
                    "  {} {}\n      measured {}, expected {}{}\n      {}\n",
                    paint("✗", kBad, color), text, verdict.measured_text, verdict.bound_text,
                    verdict.broke_at ? "; first broken on " + to_text(*verdict.broke_at)
                                     : std::string(),
                    base::printable(expectation.place));
        }
    }
    return out;
}

std::string attack(const Judged& judged, bool color) {
    const std::vector<Judged> runs = {judged};
    const AttackRows matrix = attack_rows(runs);
    if (matrix.rows.empty()) {
        return "";
    }
    const AttackRow& row = matrix.rows.front();
    const auto& [profile, attempt] = *row.attempts.begin();
    std::string out = fmt::format("  {} under profile {}: {}\n", base::printable(row.name),
                                  base::printable(profile), standing_word(attempt));
    out += fmt::format("    wanted: {}\n", base::printable(row.aim, 600));
    if (const std::string& met = attempt.verdict.evidence; !met.empty()) {
        out += "    " + paint("an endpoint met: " + base::printable(met, 2000), kDim, color) + "\n";
    }
    return out;
}

std::string section(const std::string& title, const std::string& body, bool color) {
    return body.empty() ? "" : fmt::format("\n{}\n{}", paint(title, kBold, color), body);
}

std::string last_lines(const Judged& judged, bool color) {
    const record::Run& run = judged.run;
    std::string out;
    if (run.status == record::RunStatus::kInterrupted) {
        out = fmt::format("{} on {} of {}; what was recorded until then is kept.\n",
                          paint("Interrupted", kBad, color), to_text(run.reached),
                          to_text(base::Duration{run.header.duration}));
    } else {
        out = fmt::format("{} · fingerprint {} · {} polls · {} assays · {:.2f} s\n",
                          judged.verdicts.empty() ? std::string("Finished, nothing was expected")
                          : checks::all_passed(judged.verdicts) ? paint("Passed", kGood, color)
                                                                : paint("Failed", kBad, color),
                          base::printable(run.summary.fingerprint, 40),
                          base::with_thousands(static_cast<int64_t>(run.summary.polls)),
                          run.assays.size(), run.summary.wall_s);
    }
    if (!run.header.notes.empty()) {
        out += paint(base::printable(run.header.notes, 2000), kDim, color) + "\n";
    }
    if (!judged.run_file.empty()) {
        out += fmt::format("run file {}\n", base::printable(judged.run_file, 4000));
    }
    return out;
}

}  // namespace

std::string terminal(const Judged& judged, bool color) {
    const record::Run& run = judged.run;
    uint64_t endpoints = 0;
    for (const record::Group& group : run.header.groups) {
        endpoints += group.endpoints;
    }
    std::string out =
        fmt::format("{}\n{}\n{}\n\n", paint(base::printable(run.header.title), kBold, color),
                    paint(fmt::format("{} · seed {} · {} simulated · {} endpoints",
                                      base::printable(run.header.name), run.header.seed,
                                      to_text(base::Duration{run.reached.seconds}),
                                      base::with_thousands(static_cast<int64_t>(endpoints))),
                          kDim, color),
                    base::printable(checks::headline(run), 2000) + ".");
    out += containment_table(run, color);
    out += section("What happened", timeline(run, color), color);
    out += section("The attack", attack(judged, color), color);
    out += section("Evidence", evidence(run, color), color);
    out += section("Models, on programs that are not malicious", models(run, color), color);
    out += section("Rules, where nothing is an attack", rules(run, color), color);
    out += section("Exclusions from scanning", exclusions(run), color);
    out += section("Expectations", expectations(judged, color), color);
    return out + "\n" + last_lines(judged, color);
}

}  // namespace firebreak::report
