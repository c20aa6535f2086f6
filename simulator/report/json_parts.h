// Pieces of JSON that the report of one run and the comparison of several share.
#pragma once

#include <nlohmann/json.hpp>

#include "report/reports.h"

namespace firebreak::report {

using Json = nlohmann::ordered_json;

Json containment_json(const checks::Containment& row);
Json decision_json(const Judged& judged);

}  // namespace firebreak::report
