// Every attack of a suite under every profile: what each design of the content channel lets
// through.
#pragma once

#include <string>
#include <vector>

#include "report/reports.h"

namespace firebreak::report {

// A line per attack, a column per profile, how many held; below it the evidence of each, cut to
// `columns` (0: whole). Empty: none of the runs is a row of the matrix. UTF-8, ends in a newline.
std::string attack_matrix_terminal(const std::vector<Judged>& runs, bool color, size_t columns);

// The same as markup for a page's section, then each attack with its conditions, what was measured
// and the evidence. Empty: none of the runs is a row of the matrix.
std::string attack_matrix_section(const std::vector<Judged>& runs);

// The attack of one run; markup. Empty: the run is no row of the matrix.
std::string attack_section(const Judged& judged);

}  // namespace firebreak::report
