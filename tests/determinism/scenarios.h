// What the determinism tests run: each kind of thing that can happen to an endpoint.
#pragma once

namespace firebreak::test {

// Damage on the way to half of each group, a defect that kills the scanner past open gates, and a
// fix for all.
inline constexpr char kEverything[] = R"(
[policy]
gates = false
public_interval = "2h"
halt = { share = "60%", reports = 60 }

[[release]]
id = "rules-2"
feed = "DatasetA"
source = "defective/DatasetA/forbidden-call"
at = "1h"

[[act]]
at = "6h"
promote = "rules-2"
to = "internal"

[[act]]
at = "9h"
promote = "rules-2"
to = "public"

[[release]]
id = "rules-3"
feed = "DatasetA"
source = "good/DatasetA/2026-03-03"
at = "1d"
kind = "fix"
expedited = true

[[fault]]
kind = "bit_flip"
feed = "DatasetA"
target = "package"
share = 0.5
variants = 4
until = "1d 4h"

[[fault]]
kind = "replay"
feed = "DatasetA"
replayed = "baseline"
share = 0.3
from = "1d 6h"
)";

}  // namespace firebreak::test
