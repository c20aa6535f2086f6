// The containment table as columns of text, for whatever shows it.
#pragma once

#include <string>
#include <vector>

#include "checks/containment.h"
#include "report/text_table.h"

namespace firebreak::report {

// Only columns in which something happened, beside those that are always looked for.
std::vector<Column> containment_columns(const std::vector<checks::Containment>& rows);

// "12 by an update, 3 by hand"; empty if nothing recovered.
std::string recovered_text(const checks::Recovered& recovered);

}  // namespace firebreak::report
