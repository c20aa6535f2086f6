// Several runs beside one another: which policy let how much through, and at what price.
#pragma once

#include <string>
#include <vector>

#include "report/reports.h"

namespace firebreak::report {

inline constexpr size_t kLeastRuns = 2;
inline constexpr size_t kMostRuns = 20;

// What tells the runs apart: the scenarios' names, or the run files' where names are the same, with
// a number in front where even those are.
std::vector<std::string> run_names(const std::vector<Judged>& runs);

// A row per run, then the settings that differ. UTF-8, ends in a newline.
std::string comparison_terminal(const std::vector<Judged>& runs, bool color);

// One JSON object; its fields are documented in README.md, section "JSON".
std::string comparison_json(const std::vector<Judged>& runs);

// One HTML file like that of a single run: the table, curves on top of one another, protection gap
// against harm, the settings that differ.
std::string comparison_html(const std::vector<Judged>& runs);

}  // namespace firebreak::report
