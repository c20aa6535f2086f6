// Runs for tests of the record and of what reads it: a small one, and one with all that a run can
// hold.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/channel.h"
#include "base/harm.h"
#include "record/run.h"

namespace firebreak::test {

// Expects the metric to equal 0 in the end; the caller changes what it wants otherwise.
inline record::Expectation expectation_of(base::Metric metric, int32_t group = record::kAll,
                                          int32_t release = record::kAll) {
    record::Expectation out;
    out.metric = metric;
    out.group = group;
    out.release = release;
    out.text = "text";
    out.place = "p";
    return out;
}

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
                   false,
                   std::string(96, 'c'),
                   "workload of server",
                   "run",
                   "crash",
                   "killed by a signal",
                   "signal: SIGSEGV",
                   1.5,
                   "{}",
                   {},
                   {},
                   {},
                   {}}};
    for (const int32_t group : {1, record::kAll}) {
        run.series[{base::Metric::kAffected, group}] = {{{7500}, 5}, {{7800}, 12}};
        run.series[{base::Metric::kExposed, group}] = {{{3900}, 40}, {{7500}, 400}};
        run.series[{base::Metric::kTimeToDetect, group}] = {{{8400}, 900}};
        run.series[{base::Metric::kTimeToHalt, group}] = {{{10800}, 3540}};
    }
    run.series[{base::Metric::kRunning, record::kAll, 0}] = {{{0}, 0}, {{7500}, 388}};
    run.series[{base::Metric::kHalted, record::kAll, 0}] = {{{0}, 0}, {{10800}, 1}};
    run.tally = {{{1, 0, base::Category::kCrash, base::Code::kKilledBySignal}, 12}};
    run.summary = {"0001-0002-0003-0004", 0.25, 24 * 1060, 3};
    return run;
}

// Steps of five minutes on the way from `from` to `to`, most of it within `mean` of `begin`.
inline std::vector<record::Point> approach(base::SimTime begin, base::Duration mean, double from,
                                           double to, base::SimTime end) {
    std::vector<record::Point> points;
    double last = from;
    for (base::SimTime at = begin; at <= end; at = at + base::minutes(5)) {
        const double progress = 1 - std::exp(-static_cast<double>((at - begin).seconds) /
                                             static_cast<double>(mean.seconds));
        const double value = std::round(from + (to - from) * progress);
        if (points.empty() || value != last) {
            points.push_back({at, value});
            last = value;
        }
    }
    return points;
}

// Fills a run with what a defect does that escapes to the public: five groups or as many as are
// asked for, three releases (the second has the defect, the third is the fix), a false positive
// that leaves some machines unable to start, a campaign, six channels of signals.
class RichRun {
  public:
    explicit RichRun(size_t public_groups = 3, uint32_t scale = 1) {
        add_header(public_groups, scale);
        add_terms();
        add_events();
        for (size_t g = 0; g < run_.header.groups.size(); ++g) {
            add_group(static_cast<int32_t>(g), run_.header.groups[g].endpoints);
        }
        add_sums();
        add_parts();
        run_.status = record::RunStatus::kFinished;
        run_.reached = {run_.header.duration.seconds};
        run_.summary = {"53de-64a7-0c1b-9e2f", 3.41, 16'800'000, 212};
    }
    record::Run take() && { return std::move(run_); }

  private:
    static constexpr int64_t kBad_s = 9 * 3600;    // the defective release
    static constexpr int64_t kHalt_s = 33 * 3600;  // its halt
    static constexpr int64_t kFix_s = 38 * 3600;

    void add_header(size_t public_groups, uint32_t scale) {
        record::Header& header = run_.header;
        header.name = "rare-trigger-escapes";
        header.title = "A rare trigger escapes to the public";
        header.description =
            "Rules that take a driver for malware. No machine in engineering or internal has that "
            "driver, so nothing fails there, and the release goes on.";
        header.scenario = "schema = 1\ntitle = \"A rare trigger escapes to the public\"\n";
        header.version = "0.2.0";
        header.notes = "sandbox: namespaces, seccomp, Landlock, limits";
        header.seed = 42;
        header.start = {1'772'409'600};
        header.duration = base::days(7);
        header.groups = {{"engineering", "engineering", 60, 1}, {"internal", "internal", 940, 1}};
        for (size_t i = 1; i <= public_groups; ++i) {
            const auto n = static_cast<uint32_t>(i);
            header.groups.push_back({"public-" + std::to_string(i), "public",
                                     (n == 1 ? 19'000 : 10'000 * (n + 1)) * scale, 40 * n * scale});
        }
        header.releases = {
            {"rules-1", "DatasetA", "2026.3.1", "update", {3600}, std::string(96, 'a')},
            {"rules-2", "DatasetA", "2026.3.2", "update", {kBad_s}, std::string(96, 'b')},
            {"rules-3", "DatasetA", "2026.3.3", "fix", {kFix_s}, std::string(96, 'c')}};
        header.personas = {{"developer", "Developer's workstation", "10.0.22631.4317", 30'000},
                           {"server", "File server", "10.0.20348.2762", 50'000},
                           {"till", "Till of a shop", "10.0.17763.6414", 20'000}};
        header.stages = {{"engineering",
                          "engineering certification: loads, scans every fixture, no failure",
                          60,
                          base::hours(4),
                          240,
                          0.0125,
                          {"developer", "server"}},
                         {"internal",
                          "dogfood on employees' machines: nothing detected, nothing reported",
                          940,
                          base::hours(20),
                          18'000,
                          1.7e-4,
                          {"roaming laptop"}},
                         {"public-1",
                          "alerts, crash reports and calls against the baseline",
                          19'000,
                          base::hours(6),
                          98'000,
                          6.1e-5,
                          {"till", "e1d68x64.sys 12.19.2.45"}},
                         {"public-2", "the same", 30'000, base::hours(6), 160'000, 4.4e-5, {}},
                         {"public-3", "the same", 50'000, {0}, 0, std::nullopt, {}}};
        header.fault_domains = {
            {"file scanner (SophosFileScanner)",
             "user space",
             {"DatasetA", "LocalRepData", "MLModels"},
             "restarts on last-known-good"},
            {"protection service (SSPService)",
             "user space",
             {"Behavior", "ProductRulesFeed", "LocalRepData"},
             "restarts on last-known-good; Behavior and ProductRulesFeed roll back as a pair"},
            {"driver (hmpalert)", "kernel", {"Hmpa_data"}, "boot loop, ended by hand"}};
    }

    void add_terms() {
        run_.header.settings = {
            {"policy", "staged", "true", true, ""},
            {"policy", "public_after", "20h", true, ""},
            {"policy", "halt.share", "0.1%", false, "assumed"},
            {"policy", "halt.reports", "10", false, "assumed"},
            {"policy", "gates", "true", false, "published: a failure there stops the release"},
            {"signal.crash_report", "delay", "15m", false, "assumed: minutes to hours"},
            {"signal.telemetry", "interval", "1d", false, "published: TELEMSUP"},
            {"crew", "repair", "30m", false, "assumed"}};
        record::Expectation few = expectation_of(base::Metric::kAffected);
        few.comparison = record::Comparison::kAtMost;
        few.bound = 0.001;
        few.is_share = true;
        few.moment = record::Moment::kAlways;
        few.text = "affected: at most 0.1 %, always";
        few.place = "scenarios/fast/rare-trigger-escapes.toml:61:1";
        record::Expectation halted = expectation_of(base::Metric::kHalted, record::kAll, 1);
        halted.bound = 1;
        halted.text = "halted, rules-2: yes, at the end";
        halted.place = "scenarios/fast/rare-trigger-escapes.toml:66:1";
        run_.header.expectations = {few, halted};
    }

    void add_events() {
        run_.commands = {{{kBad_s}, "scenario", "release", 1, "done"}};
        run_.timeline = {
            {{3600}, "publication", 0, 0, "rules-1 to engineering"},
            {{kBad_s}, "publication", 0, 1, "rules-2 to engineering"},
            {{kBad_s + 4 * 3600}, "publication", 1, 1, "rules-2 to internal"},
            {{kBad_s + 14 * 3600}, "publication", 2, 1, "rules-2 to public-1"},
            {{kBad_s + 15 * 3600}, "harm", 2, 1, "first in public-1: a file of Windows is held"},
            {{kBad_s + 17 * 3600}, "signal", 2, 1, "first support call from public-1"},
            {{kBad_s + 20 * 3600}, "publication", 3, 1, "rules-2 to public-2"},
            {{kHalt_s - 2400}, "alarm", 2, 1, "threshold: 12 reports from the public"},
            {{kHalt_s}, "halt", record::kAll, 1, "rules-2: threshold in public groups"},
            {{kHalt_s + 300}, "withdrawal", record::kAll, 1, "rules-2 taken back"},
            {{kFix_s}, "publication", 0, 2, "rules-3 to engineering"},
            {{kFix_s + 3600}, "publication", 2, 2, "rules-3 to public-1"},
            {{50 * 3600}, "campaign", record::kAll, record::kAll, "dropper-7 goes round"},
            {{90 * 3600}, "recovery", record::kAll, record::kAll, "nobody is harmed any more"}};
        run_.assays = {
            {{kBad_s},
             false,
             std::string(96, 'd'),
             "workload of till",
             "run",
             "false positive",
             "a file that starts Windows is held",
             "rule: Loader_Generic; file: C:\\Windows\\System32\\drivers\\e1d68x64.sys",
             4.2,
             "{}",
             model_scores(),
             rule_uses(),
             {{"process_start", 190, 12, 30, 148}, {"dns_query", 60, 0, 0, 60}},
             {{record::kAll, "APPFEED", "SQL Server", "sql.lua", "D:\\data", "folder", ""},
              {1, "APPFEED", "Anything", "drive.lua", "C:\\", "folder", "a whole drive"}}},
            {{kBad_s},
             true,
             std::string(96, 'e'),
             "workload of server",
             "run",
             "measured elsewhere",
             "imported",
             "what: restart of the scanner; events: 3; hours: 12000",
             0,
             "{}",
             {},
             {},
             {},
             {}}};
        run_.tally = {{{2, 1, base::Category::kFalsePositive, base::Code::kBootFileHeld}, 130}};
        run_.tenants = {{17, 2, 410, 400, 90, 0, 40, 3, {{24 * 3600}}, {{80 * 3600}}},
                        {31, 2, 95, 95, 11, 0, 2, 0, {{25 * 3600}}, std::nullopt},
                        {2, 3, 900, 120, 4, 6, 0, 1, {{30 * 3600}}, {{60 * 3600}}}};
    }

    // Two rules of the baseline, and with the second release one more, which fails.
    static std::vector<record::RuleUse> rule_uses() {
        return {{record::kAll, "Behavior", "office-child", 190, 0, 0, false, 120'000, 2048},
                {record::kAll, "ProductRulesFeed", "lineage", 0, 0, 0, false, 0, 512},
                {1, "Behavior", "explorer-child", 20, 20, 3, true, 9'000'000, 4096},
                {1, "Behavior", "office-child", 170, 0, 0, false, 130'000, 2048}};
    }

    // A live model of the baseline; with the second release its successor in telemetry beside it,
    // which has no score for one of the three programs. One program was met twice.
    static std::vector<record::ModelScore> model_scores() {
        const auto score = [](int32_t release, char program, bool telemetry,
                              std::optional<double> value) {
            record::ModelScore out;
            out.release = release;
            out.program = std::string(64, program);
            out.where = std::string("C:\\Tools\\") + program + ".exe";
            out.model = "packed";
            out.version = telemetry ? "1.1.0" : "1.0.0";
            out.telemetry = telemetry;
            out.score = value;
            out.threshold = 0.5;
            out.refusal = value ? "" : "problem: a score that is not 0 to 1";
            return out;
        };
        return {score(record::kAll, 'a', false, 0.25),
                score(record::kAll, 'b', false, 0.125),
                score(record::kAll, 'a', false, 0.25),
                score(1, 'a', false, 0.25),
                score(1, 'b', false, 0.125),
                score(1, 'c', false, 0.0),
                score(1, 'a', true, 0.5),
                score(1, 'b', true, 0.75),
                score(1, 'c', true, std::nullopt)};
    }

    using Points = std::vector<record::Point>;
    void put(base::Metric metric, int32_t group, Points points, int32_t release = record::kAll,
             int32_t part = record::kAll) {
        run_.series[{metric, group, release, part}] = std::move(points);
    }

    void add_group(int32_t group, double endpoints) {
        using base::Metric;
        const base::SimTime end{run_.header.duration.seconds};
        const base::SimTime halt{kHalt_s};
        const base::SimTime offered{kBad_s + (group == 0   ? 0
                                              : group == 1 ? 4
                                                           : 14 + 6 * (group - 2)) *
                                                 3600};
        put(Metric::kRunning, group,
            approach({3600 * (1 + 3 * group)}, base::hours(2), 0, endpoints, end), 0);
        put(Metric::kReachedByHalt, group, approach(halt, base::hours(3), 0, endpoints, end));
        put(Metric::kReachedByFix, group,
            approach({kFix_s + 3600 * group}, base::hours(5), 0, endpoints * 0.97, end));
        put(Metric::kProtected, group, {{{0}, endpoints}});
        put(Metric::kProtectionGap, group,
            approach({kBad_s}, base::hours(50), 0, endpoints * 0.8, end));
        put(Metric::kInfections, group,
            approach({50 * 3600}, base::hours(20), 0, std::floor(endpoints * 0.0004), end));
        if (offered >= halt) {
            return;
        }
        put(Metric::kExposed, group, approach(offered, base::hours(2), 0, endpoints, halt));
        put(Metric::kRunning, group, approach(offered, base::hours(2), 0, endpoints, halt), 1);
        const double affected = group < 2 ? 0 : std::floor(endpoints * 0.007);
        const double lost = std::floor(affected * 0.3);
        if (affected == 0) {
            return;
        }
        const base::SimTime first = offered + base::hours(1);
        put(Metric::kAffected, group, approach(first, base::hours(4), 0, affected, end));
        Points harmed = approach(first, base::hours(4), 0, affected, {kFix_s});
        for (const record::Point& point :
             approach({kFix_s + 300}, base::hours(9), harmed.back().value, 0, end)) {
            harmed.push_back(point);
        }
        put(Metric::kHarmed, group, harmed);
        Points down = approach(first, base::hours(4), 0, lost, {kFix_s});
        const double to_mend = down.back().value;
        for (const record::Point& point :
             approach({kFix_s + 300}, base::hours(14), to_mend, 0, end)) {
            down.push_back(point);
        }
        put(Metric::kLost, group, down);
        put(Metric::kOvershoot, group, {{halt, std::floor(endpoints * 0.01)}});
        put(Metric::kUnreached, group, {{{kFix_s}, std::floor(endpoints * 0.02)}});
        put(Metric::kRefused, group, {{{kFix_s}, std::floor(endpoints * 0.001)}});
        put(Metric::kAlerts, group, {{{kFix_s}, std::floor(endpoints * 0.001)}});
        put(Metric::kRecoveredItself, group, {{first, 3}});
        put(Metric::kRecoveredUpdate, group,
            approach({kFix_s}, base::hours(5), 0, affected * 0.6, end));
        put(Metric::kRecoveredReboot, group, {{{kFix_s + 7200}, 2}});
        put(Metric::kRecoveredRepairKit, group, {{{kFix_s + 9000}, std::floor(affected * 0.1)}});
        put(Metric::kRecoveredHand, group, approach({kFix_s}, base::hours(14), 0, to_mend, end));
        put(Metric::kTimeToDetect, group, {{first + base::hours(2), 7200}});
        put(Metric::kTimeToHalt, group, {{halt, static_cast<double>((halt - first).seconds)}});
        put(Metric::kTimeToRecover, group, {{{90 * 3600}, 66 * 3600}});
        put(Metric::kDown, group, {{{0}, 0}});
        put(Metric::kInstalled, group, {{halt, endpoints}}, 1);
    }

    // The groups together; times are those of the first group that has one.
    void add_sums() {
        run_.series[{base::Metric::kEvidence, record::kAll, 1}] = {{{0}, 0}, {{kFix_s}, 140}};
        record::Series sums;
        for (const auto& [key, points] : run_.series) {
            const record::SeriesKey all{key.metric, record::kAll, key.release, key.part};
            if (base::info(key.metric).unit == base::Unit::kSeconds) {
                sums.emplace(all, points);
                continue;
            }
            Points& sum = sums[all];
            Points merged;
            size_t a = 0;
            size_t b = 0;
            double left = 0;
            double right = 0;
            while (a < sum.size() || b < points.size()) {
                const bool from_sum =
                    b == points.size() || (a < sum.size() && sum[a].at <= points[b].at);
                const base::SimTime at = from_sum ? sum[a].at : points[b].at;
                for (; a < sum.size() && sum[a].at == at; ++a) {
                    left = sum[a].value;
                }
                for (; b < points.size() && points[b].at == at; ++b) {
                    right = points[b].value;
                }
                merged.push_back({at, left + right});
            }
            sum = std::move(merged);
        }
        run_.series.merge(sums);
        put(base::Metric::kHalted, record::kAll, {{{0}, 0}, {{kHalt_s}, 1}}, 1);
        put(base::Metric::kFalseHalts, record::kAll, {{{20 * 3600}, 1}});
        put(base::Metric::kRunning, record::kAll,
            run_.series[{base::Metric::kReachedByFix, record::kAll}], 2);
    }

    Points scaled(base::Metric metric, double share) {
        Points points = run_.series[{metric, record::kAll}];
        for (record::Point& point : points) {
            point.value = std::floor(point.value * share);
        }
        return points;
    }

    void add_parts() {
        using base::Metric;
        for (const Metric metric :
             {Metric::kExposed, Metric::kAffected, Metric::kRefused, Metric::kLost, Metric::kHarmed,
              Metric::kProtected, Metric::kInfections, Metric::kProtectionGap}) {
            constexpr double kShares[] = {0.3, 0.5, 0.2};
            for (int32_t persona = 0; persona < 3; ++persona) {
                put(metric, record::kAll, scaled(metric, kShares[persona]), record::kAll, persona);
            }
        }
        for (int32_t channel = 0; channel < static_cast<int32_t>(base::kChannels); ++channel) {
            put(Metric::kSignals, record::kAll,
                approach({kBad_s + (16 + 2 * channel) * 3600}, base::hours(6), 0,
                         std::pow(5, channel), {kFix_s + 20 * 3600}),
                record::kAll, channel);
        }
        const auto harm = [&](base::Harm kind, double share) {
            put(Metric::kHarm, record::kAll, scaled(Metric::kAffected, share), record::kAll,
                static_cast<int32_t>(kind));
        };
        harm(base::Harm::kFileHeld, 0.5);
        harm(base::Harm::kSystemFileLost, 0.2);
        put(Metric::kHarm, record::kAll, run_.series[{Metric::kRecoveredHand, record::kAll}],
            record::kAll, static_cast<int32_t>(base::Harm::kUnbootable));
    }

    record::Run run_;
};

inline record::Run rich_run() {
    return RichRun().take();
}

// What had been recorded when a run was cut off there.
inline record::Run interrupted(record::Run run, base::SimTime at) {
    run.status = record::RunStatus::kInterrupted;
    run.reached = at;
    const auto later = [at](const auto& row) { return row.at > at; };
    std::erase_if(run.commands, later);
    std::erase_if(run.timeline, later);
    std::erase_if(run.assays, later);
    for (auto& [key, points] : run.series) {
        std::erase_if(points, later);
    }
    std::erase_if(run.series, [](const auto& entry) { return entry.second.empty(); });
    run.tally.clear();
    run.tenants.clear();
    run.summary = {};
    return run;
}

}  // namespace firebreak::test
