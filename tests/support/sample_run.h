// A small run for tests of the record and of what reads it.
#pragma once

#include "record/run.h"

namespace firebreak::test {

// Two groups of 60 and 1,000 endpoints, one update and one fix; in the second group 12 endpoints
// were affected from hour 2 on, halted an hour later.
inline record::Run sample_run() {
    record::Run run;
    run.header.name = "sample";
    run.header.title = "A sample run";
    run.header.scenario = "schema = 1\n";
    run.header.version = "0.1.0";
    run.header.notes = "sandbox: all";
    run.header.seed = 42;
    run.header.start = {1'772'409'600};
    run.header.duration = base::days(1);
    run.header.groups = {{"engineering", "engineering", 60, 1}, {"public-1", "public", 1000, 7}};
    run.header.releases = {
        {"rules-2", "DatasetA", "rules-2", "update", {3600}, std::string(96, 'a')},
        {"rules-3", "DatasetA", "rules-3", "fix", {7200}, std::string(96, 'b')}};
    run.status = record::RunStatus::kFinished;
    run.reached = {86400};
    run.commands = {{{3600}, "scenario", "release", 0, "done"}};
    run.timeline = {{{3600}, "publication", 0, 0, "rules-2 to engineering"},
                    {{7260}, "harm", 1, 0, "first in public-1: endpoint 61, crash"}};
    run.assays = {{{3600},
                   std::string(96, 'c'),
                   "workload of server",
                   "run",
                   "crash",
                   "killed by a signal",
                   "signal: SIGSEGV",
                   1.5,
                   "{}"}};
    const auto key = [](base::Metric metric, int32_t group, int32_t release = record::kAll) {
        return record::SeriesKey{metric, group, release};
    };
    for (const int32_t group : {1, record::kAll}) {
        run.series[key(base::Metric::kAffected, group)] = {{{7500}, 5}, {{7800}, 12}};
        run.series[key(base::Metric::kExposed, group)] = {{{3900}, 40}, {{7500}, 400}};
        run.series[key(base::Metric::kTimeToDetect, group)] = {{{8400}, 900}};
        run.series[key(base::Metric::kTimeToHalt, group)] = {{{10800}, 3540}};
    }
    run.series[key(base::Metric::kRunning, record::kAll, 0)] = {{{0}, 0}, {{7500}, 388}};
    run.series[key(base::Metric::kHalted, record::kAll, 0)] = {{{0}, 0}, {{10800}, 1}};
    run.tally = {{{1, 0, base::Category::kCrash, base::Code::kKilledBySignal}, 12}};
    run.summary = {"0001-0002-0003-0004", 0.25, 24 * 1060, 3};
    return run;
}

}  // namespace firebreak::test
