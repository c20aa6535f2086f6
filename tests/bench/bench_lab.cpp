// What a whole run costs: a million endpoints for a week, three releases a day to everybody, a
// campaign, signals with their noise, sequential tests and people who decide; and what part of it
// is assays, and what part writing the record.
//
//   bench_lab [ENDPOINTS]      default 1,000,000
//
// Budgets (design.md): 10 s and 200 MB on one core; recording below 10 %.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>

#include "lab/lab.h"
#include "record/run_reader.h"
#include "record/run_writer.h"
#include "scenario/experiment.h"
#include "support/paths.h"

namespace firebreak::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string scenario_text(uint32_t endpoints) {
    std::string out = R"(schema = 1
title = "A fleet for a week"
start = 2026-03-02T00:00:00Z
duration = "7d"
seed = 3
[policy]
staged = false
halt = { by = "people" }
test = { false_alarms = "1%", worth_finding = 1e-4 }
[[baseline]]
feed = "DatasetA"
version = "base"
source = "good/DatasetA/2026-03-01"
[[campaign]]
id = "notes"
sample = "ransom-note.txt"
at = "1d"
per_hour = 1e-4
)";
    const std::pair<const char*, double> kGroups[] = {{"engineering", 0.001},
                                                      {"internal", 0.009},
                                                      {"public-1", 0.19},
                                                      {"public-2", 0.3},
                                                      {"public-3", 0.5}};
    for (const auto& [name, share] : kGroups) {
        const std::string stage = std::string(name).substr(0, std::string(name).find('-'));
        out += fmt::format(
            "[[group]]\nname = \"{}\"\nstage = \"{}\"\nendpoints = {}\ntenants = {}\npersonas = {{ "
            "office-laptop = 50, roaming-laptop = 20, server = 15, till = 10, log-server = 5 }}\n",
            name, stage, static_cast<uint32_t>(share * endpoints),
            std::max(1, static_cast<int>(share * 2000)));
    }
    for (int i = 0; i < 21; ++i) {
        out += fmt::format(
            "[[release]]\nid = \"r{}\"\nfeed = \"DatasetA\"\nversion = \"v{}\"\n"
            "source = \"good/DatasetA/2026-03-0{}\"\nat = \"{}m\"\n",
            i, i, 2 + i % 2, i * 480 + 30);
    }
    return out;
}

// The same rows once more, committed as often, with nothing simulated in between.
base::Result<double> write_again(const record::Run& run, const std::filesystem::path& file) {
    const Clock::time_point begin = Clock::now();
    FB_TRY(record::RunWriter writer, record::RunWriter::create(file, run.header));
    std::multimap<int64_t, std::pair<record::SeriesKey, record::Point>> points;
    for (const auto& [key, series] : run.series) {
        for (const record::Point& point : series) {
            points.emplace(point.at.seconds, std::pair(key, point));
        }
    }
    const double sorting = seconds_since(begin);
    for (const record::Assay& assay : run.assays) {
        writer.add(assay);
    }
    for (const record::TimelineEntry& entry : run.timeline) {
        writer.add(entry);
    }
    int64_t committed = 0;
    for (const auto& [at, row] : points) {
        if (at - committed >= 3600) {
            committed = at;
            FB_CHECK(writer.commit({at}));
        }
        writer.add(row.first, row.second);
    }
    FB_CHECK(writer.finish(run.summary, run.tally, run.tenants));
    return seconds_since(begin) - sorting;
}

base::Status run(uint32_t endpoints) {
    const TemporaryFolder folder;
    FB_TRY(const scenario::Experiment experiment,
           scenario::parse(scenario_text(endpoints), folder.path() / "bench.toml"));
    lab::Options options;
    options.fixtures = fixtures_dir();
    options.worker = worker_binary();
    options.run_file = folder.path() / "bench.run";
    const Clock::time_point begin = Clock::now();
    FB_TRY(auto lab, lab::Lab::assemble(experiment, options));
    FB_CHECK(lab->advance_until(lab->end()));
    FB_CHECK(lab->finish(0));
    lab.reset();
    const double wall = seconds_since(begin);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);

    FB_TRY(const record::Run done, record::read_run(options.run_file));
    double assays = 0;
    for (const record::Assay& assay : done.assays) {
        assays += assay.cost_ms / 1000;
    }
    size_t points = 0;
    for (const auto& [key, series] : done.series) {
        points += series.size();
    }
    FB_TRY(const double recording, write_again(done, folder.path() / "again.run"));

    fmt::print("{} endpoints, 7 days, 21 releases to all, one assay at a time\n", endpoints);
    fmt::print("  wall            {:>12.2f} s   budget 10 s for a million\n", wall);
    fmt::print("  polls           {:>12} ({:.1f} M/s, assays included)\n", done.summary.polls,
               static_cast<double>(done.summary.polls) / wall / 1e6);
    fmt::print("  peak memory     {:>12.0f} MiB  budget 200 MB\n",
               static_cast<double>(usage.ru_maxrss) / 1024);
    fmt::print("  assays          {:>12.2f} s   {} of them, {:.0f} % of the wall time\n", assays,
               done.assays.size(), 100 * assays / wall);
    fmt::print(
        "  recording       {:>12.2f} s   {} points written again, {:.1f} % of the wall "
        "time; budget 10 %\n",
        recording, points, 100 * recording / wall);
    return {};
}

}  // namespace
}  // namespace firebreak::test

int main(int argc, char** argv) {
    const long long wanted = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const auto endpoints = static_cast<uint32_t>(std::clamp(wanted, 1000LL, 20'000'000LL));
    const firebreak::base::Status done = firebreak::test::run(endpoints);
    if (!done.ok()) {
        fmt::print(stderr, "bench_lab: {}\n", done.error().text());
        return 3;
    }
    return 0;
}
