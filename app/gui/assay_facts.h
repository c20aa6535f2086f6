// What is known of an assay, line by line.
#pragma once

#include <vector>

#include "gui/facts_table.h"
#include "record/run.h"

namespace firebreak::gui {

// What was tried, what came of it, and the evidence: of the outcome, and of each thing that set a
// failure off.
std::vector<Fact> facts_of(const record::Assay& assay, const record::Header& header);

// Of what went wrong alone: the evidence, and the rules, models and exclusions that failed; without
// what was tried, when, and in which state.
std::vector<Fact> failures_of(const record::Assay& assay, const record::Header& header);

// The evidence alone, "name: value" on a line each.
QString evidence_of(const record::Assay& assay);

}  // namespace firebreak::gui
