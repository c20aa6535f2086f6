// A suite in one page.
#pragma once

#include <string>
#include <vector>

#include "report/reports.h"

namespace firebreak::report {

// One HTML file: how many runs did what was expected, the attack matrix if there is one, and every
// run with what came of it. Like html(), it loads nothing and is well-formed XML.
std::string suite_html(const std::vector<Judged>& runs);

}  // namespace firebreak::report
