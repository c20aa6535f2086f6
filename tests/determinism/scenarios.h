// What the determinism tests run: together, each kind of thing that can happen to an endpoint.
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

// The same under the profile that asks clocks and counts heads, on a CDN of two edges of which one
// is bad.
inline constexpr char kHardenedFaults[] = R"(
[update]
profile = "hardened"
edges = 2
invalidation = "20m"
head_valid = "8h"
head_refresh = "4h"

[[fault]]
kind = "truncate"
feed = "DatasetA"
target = "payload"
edge = 2
variants = 2
groups = ["public-1"]
from = "1d"

[[fault]]
kind = "wrong_clock"
behind = "5h"
share = 0.3
groups = ["internal"]

[[fault]]
kind = "wrong_clock"
ahead = "9h"
share = 0.3
groups = ["public-2"]
from = "12h"
until = "1d 12h"
)";

// False positives with reboots, machines without a network that wait for technicians, content that
// finds nothing, a campaign, measurements in place of a workload, and a fix after an operator's
// halt.
inline constexpr char kHarms[] = R"(
schema = 1
title = "harms"
seed = 3
start = 2026-03-02T00:00:00Z
duration = "2d"

[policy]
gates = false
halt = { share = "100%", reports = 1_000_000 }

[recovery]
file_held = "reboot"

[crew]
hours = { from = 0, until = 24, weekends = true }
repair = "20m"
repair_kit = "2h"
reboot_every = "4h"

[[group]]
name = "public"
stage = "public"
endpoints = 48
tenants = 3
personas = { workstation = 2, desk = 1 }

[[baseline]]
feed = "DatasetA"
version = "baseline"
source = "./rules/good"

[[release]]
id = "holds"
feed = "DatasetA"
source = "./rules/holds-file"
at = "1h"

[[release]]
id = "cuts-off"
feed = "DatasetA"
source = "./rules/takes-network-file"
at = "7h"

[[release]]
id = "takes"
feed = "DatasetA"
source = "./rules/takes-system-file"
at = "12h"

[[release]]
id = "blind"
feed = "DatasetA"
source = "./rules/blind"
at = "16h"

[[measured]]
release = "blind"
persona = "desk"
harm = "restart"
what = "a death that was measured"
events = 1
hours = 4

[[campaign]]
id = "new-threat"
sample = "./new-threat.js"
at = "1d"
until = "1d 2h"
per_hour = 0.3

[[act]]
at = "1d 1h"
halt = "blind"

[[release]]
id = "fix"
feed = "DatasetA"
source = "./rules/finds-new-threat"
fixes = "blind"
after_halt = "1h"
)";

// The scanner in the kernel: its deaths are boot loops, and those of tenants with one technician
// wait; another release takes what machines start from.
inline constexpr char kBootLoops[] = R"(
schema = 1
title = "boot loops"
seed = 4
start = 2026-03-02T00:00:00Z
duration = "2d"

[policy]
gates = false
halt = { share = "100%", reports = 1_000_000 }

[load_context]
DatasetA = "kernel"

[crew]
hours = { from = 6, until = 22, weekends = true }
repair = "30m"

[[group]]
name = "public"
stage = "public"
endpoints = 48
tenants = 3
personas = { workstation = 2, desk = 1 }

[[baseline]]
feed = "DatasetA"
version = "baseline"
source = "./rules/good"

[[release]]
id = "dies"
feed = "DatasetA"
source = "./rules/dies"
at = "1h"

[[measured]]
release = "dies"
persona = "desk"
harm = "boot_loop"
what = "a death in the kernel that was measured"
events = 1
hours = 2

[[release]]
id = "takes-boot-file"
feed = "DatasetA"
source = "./rules/takes-boot-file"
at = "14h"

[[release]]
id = "good"
feed = "DatasetA"
source = "./rules/good"
at = "1d 12h"
kind = "fix"
expedited = true
)";

}  // namespace firebreak::test
