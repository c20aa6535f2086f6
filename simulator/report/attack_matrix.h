// Every attack of a suite under every profile: what each design of the content channel lets
// through.
#pragma once

#include <string>
#include <vector>

#include "report/reports.h"

namespace firebreak::report {

// A line per attack, a column per profile. Empty: none of the runs is a row of the matrix. UTF-8,
// ends in a newline.
std::string attack_matrix_terminal(const std::vector<Judged>& runs, bool color);

// A table with aim, verdict, the condition that decided and the evidence; markup, for a page's
// section. Empty: none of the runs is a row of the matrix.
std::string attack_matrix_section(const std::vector<Judged>& runs);

// One HTML file for a suite: the matrix, if there is one, and every run with its verdict.
std::string suite_html(const std::vector<Judged>& runs);

}  // namespace firebreak::report
