#include <fmt/format.h>

#include "checks/models.h"
#include "report/markup.h"
#include "report/sections.h"
#include "report/story.h"

namespace firebreak::report {

namespace {

using checks::ModelTally;

std::string release_text(const record::Header& header, const ModelTally& tally) {
    return tally.release == record::kAll ? tag("span", "dim", "baseline")
                                         : escape(release_name(header, tally.release));
}

// "3", "3 (12 %)".
std::string at_threshold(const ModelTally& tally) {
    const std::string share =
        percent(static_cast<double>(tally.at_threshold), static_cast<double>(tally.scored));
    return number(tally.at_threshold) + (tally.at_threshold > 0 ? " (" + share + ")" : "");
}

std::vector<std::string> row_of(const record::Header& header, const ModelTally& tally) {
    const auto of_scored = [&](double value) {
        return tally.scored > 0 ? fmt::format("{:.3f}", value) : std::string("–");
    };
    return {release_text(header, tally),
            escape(tally.model + " " + tally.version),
            tally.telemetry ? tag("span", "dim", "telemetry") : "live",
            number(tally.scored),
            fmt::format("{:.3f}", tally.threshold),
            at_threshold(tally),
            of_scored(tally.mean),
            of_scored(tally.highest),
            tag("span", "dim", escape(tally.highest_in)),
            number(tally.refused)};
}

// What the table has no room for.
std::string remarks(const record::Run& run, const std::vector<ModelTally>& tallies) {
    std::string out;
    for (const ModelTally& tally : tallies) {
        if (tally.refused > 0) {
            out += tag("p", "note",
                       fmt::format("{} {}, {}, gave no score: {}.", escape(tally.model),
                                   escape(tally.version), checks::slot_name(tally),
                                   escape(tally.refusal))) +
                   "\n";
        }
    }
    for (const int32_t release : checks::releases_without_scores(run)) {
        out += tag("p", "note",
                   fmt::format("No program was scored by models of {}: they never ran, or did not "
                               "live to the first score. See Evidence.",
                               escape(release_name(run.header, release)))) +
               "\n";
    }
    return out;
}

}  // namespace

std::string models_section(const record::Run& run) {
    const std::vector<ModelTally> tallies = checks::model_tallies(run);
    const std::string notes = remarks(run, tallies);
    if (tallies.empty()) {
        return notes;
    }
    std::vector<std::vector<std::string>> rows;
    for (const ModelTally& tally : tallies) {
        rows.push_back(row_of(run.header, tally));
    }
    return tag("p", "lead",
               "What each model said of the programs on the machines, each program once. None of "
               "them is malicious: what reaches the threshold is a false positive of a live model, "
               "and would be one of a model in telemetry, on which nothing acts.") +
           "\n" +
           table({"release", "model", "slot", "#programs scored", "#threshold", "#at or above it",
                  "#mean", "#highest", "highest in", "#no score"},
                 rows, "models") +
           notes;
}

}  // namespace firebreak::report
