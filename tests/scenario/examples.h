// A scenario that has every key, and ways to spoil it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "scenario/experiment.h"

namespace firebreak::scenario {

inline constexpr std::string_view kEveryKey = R"(schema = 1
title = "Every key"
description = "Two\nlines."
tags = ["fast", "rules"]
seed = 42
start = 2026-03-02T00:00:00Z
duration = "7d"
fingerprint = "53de-64a7-0c1b-9e2f"
keys = "./our-ca"

[[group]]
name = "engineering"
stage = "engineering"
endpoints = 60
tenants = 2
personas = { developer = 3, server = 1.5 }

[[group]]
name = "internal"
stage = "internal"
endpoints = 600
personas = { office-laptop = 1 }

[[group]]
name = "public-1"
stage = "public"
endpoints = 6_000
tenants = 40
personas = { office-laptop = 1 }

[[group]]
name = "public-2"
stage = "public"
endpoints = 60_000
personas = { office-laptop = 1 }

[policy]
staged = true
gates = false
internal_after = "24h"
public_after = "36h"
public_interval = "12h"
ramp = [ { share = "1%", after = "0s" }, { share = "100%", after = "1d" } ]
ramp_by = "tenant"
cdn_ttl = "0s"
download = "3m"
halt = { share = "0.25%", reports = 20, on_alerts = false, by = "people", withdraw = false }
test = { false_alarms = "2%", worth_finding = 3e-4 }

[update]
profile = "hardened"
edges = 3
invalidation = "20m"
transport = "http"
platform = "windows-arm64"
head_valid = "12h"
head_refresh = "90m"

[sandbox]
require = ["namespaces", "landlock"]

[scanner]
command = "/usr/bin/grep"
package = "grep"
check = ["-c", "x", "{files}", "{subject}"]
scan = ["-H", "{content}", "{subject}"]
binds = ["/lib64", "/usr/lib"]
environment = ["LANG=C", "TZ=UTC0"]
exit_codes = { clean = [0, 7], detected = [8], failed = [9] }
patterns = { rule = ['^(\S+) found'], error = ['^error: '], memory = ['exhausted$'] }

[scanner.limits]
memory_mib = 77
cpu = "3s"
wall = "41s"
output_kib = 78
processes = 79
scratch_mib = 80

[signal.alert]
delay = "10m"

[signal.crash_report]
delay = "1h"
spread = "45m"
loss = "3%"
opt_out = "15%"
background = 2e-6
office_hours = true

[signal.telemetry]
interval = "6h"

[signal.silence]
delay = "2h"

[people]
hours = { from = 9, until = 17, weekends = true }
response = "10m"
on_call = "2h"
overlook = "1%"
investigation = "3h"
resume = false

[crew]
hours = { from = 7 }
endpoints_per_technician = 250
repair = "15m"
repair_kit = "12h"
reboot_every = "48h"

[recovery]
network_lost = "reboot"
file_held = "repair_kit"

[load_context]
DatasetA = "kernel"

[[baseline]]
feed = "DatasetA"
version = "2026.03.01"
source = "good/DatasetA/2026-03-01"

[[release]]
id = "late"
feed = "DatasetA"
version = "2026.03.03"
source = "./late"
at = "3d"
kind = "fix"
expedited = true

[[release]]
id = "mend"
feed = "DatasetA"
source = "good/DatasetA/2026-03-01"
fixes = "rules-2"
after_halt = "4h"

[[release]]
id = "rules-2"
feed = "DatasetA"
source = "good/DatasetA/2026-03-02"
at = "2h"

[[release]]
id = "planted"
feed = "DatasetA"
source = "./planted"
at = "4d"
kind = "plant"
platform = "linux-x64"
only_groups = ["engineering", "public-1"]
signed_at = 2099-12-31T23:59:59Z
signed_by = "other_feed"

[[act]]
at = "9h"
promote = "rules-2"
to = "public"

[[act]]
at = "6h"
promote = "rules-2"
to = "internal"

[[act]]
at = "2d"
halt = "rules-2"

[[act]]
at = "2d 1h"
withdraw = "rules-2"

[[act]]
at = "2d 2h"
resume = "rules-2"

[[fault]]
kind = "bit_flip"
feed = "DatasetA"
target = "package"
groups = ["public-1", "public-2"]
share = "5%"
variants = 16
from = "1h"
until = "5d"

[[fault]]
kind = "replay"
feed = "DatasetA"
replayed = "baseline"

[[fault]]
kind = "replay"
feed = "DatasetA"
replayed = "planted"
stolen_heads = 2
edge = 3
from = "4d"

[[fault]]
kind = "cross_group"
from_group = "engineering"
groups = ["public-1"]

[[fault]]
kind = "wrong_clock"
behind = "30d"

[[campaign]]
id = "wave"
sample = "./wave.txt"
at = "12h"
until = "6d"
per_hour = 0.01

[[measured]]
release = "rules-2"
persona = "server"
harm = "boot_loop"
what = "a \"big\" log"
events = 3
hours = 12.5

[attack]
row = "key compromise"
aim = "Rules of the attacker's own run."
expect = { published = "fell", hardened = "contained" }

[[attack.held]]
metric = "running"
release = "planted"
at_most = 7
when = "2d"

[[attack.held]]
metric = "refused"
equals = 0

[[attack.contained]]
metric = "running"
release = "planted"
at_most = "10%"

[[expect]]
metric = "affected"
group = "public-2"
at_most = 0
when = "always"

[[expect]]
metric = "running"
release = "rules-2"
at_least = "12.5%"
when = "1d 12h"

[[expect]]
metric = "time_to_halt"
profile = "hardened"
at_most = "2h 30s"
when = "eventually"

[[expect]]
metric = "halted"
equals = 1

[[expect]]
metric = "harm"
part = "network_lost"
equals = 5

[[expect]]
metric = "signals"
part = "crash_report"
group = "engineering"
at_least = 7

[[expect]]
metric = "protection_gap"
part = "server"
at_most = 1234.5
)";

inline constexpr const char* kFile = "scenarios/every-key.toml";

// The same text with its only `from` replaced.
inline std::string changed(std::string_view text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string_view::npos) << from;
    EXPECT_EQ(text.find(from, at + 1), std::string_view::npos) << "twice: " << from;
    std::string out(text);
    return at == std::string_view::npos ? out : out.replace(at, from.size(), to);
}

// Places and file aside, two equal experiments run alike.
inline Experiment without_places(Experiment experiment) {
    const auto forget = [](auto& entries) {
        for (auto& entry : entries) {
            entry.place.clear();
            if constexpr (requires { entry.source_place; }) {
                entry.source_place.clear();
            }
            if constexpr (requires { entry.sample_place; }) {
                entry.sample_place.clear();
            }
        }
    };
    forget(experiment.groups);
    forget(experiment.baseline);
    forget(experiment.releases);
    forget(experiment.acts);
    forget(experiment.faults);
    forget(experiment.campaigns);
    forget(experiment.measurements);
    forget(experiment.expectations);
    if (experiment.scanner) {
        experiment.scanner->place.clear();
    }
    if (experiment.attack) {
        experiment.attack->place.clear();
        forget(experiment.attack->held);
        forget(experiment.attack->contained);
    }
    experiment.file.clear();
    experiment.name.clear();
    return experiment;
}

}  // namespace firebreak::scenario
