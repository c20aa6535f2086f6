// What the comparison's table and its charts share.
#pragma once

#include <vector>

#include "checks/differences.h"
#include "report/comparison.h"
#include "report/containment_columns.h"

namespace firebreak::report {

std::vector<checks::Difference> differences_of(const std::vector<Judged>& runs);
// All groups of each run together, under the run's name.
std::vector<checks::Containment> totals_of(const std::vector<Judged>& runs);
// Of the totals; the verdict comes last.
std::vector<Column> comparison_columns(const std::vector<Judged>& runs);

}  // namespace firebreak::report
