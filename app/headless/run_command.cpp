#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "base/file.h"
#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "lab/lab.h"
#include "places/places.h"
#include "record/run_reader.h"
#include "report/reports.h"
#include "scenario/experiment.h"

namespace firebreak::headless {

namespace {

std::atomic<bool> interrupted{false};

void note_interrupt(int) {
    interrupted = true;
}

// The first Ctrl-C ends the run in order, the second one at once.
void catch_signals() {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

struct RunOptions {
    std::string scenario, fixtures, out, json, junit, html;
    std::vector<std::string> overrides;
    std::optional<int64_t> seed;  // not negative
    unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
    bool quiet = false;
};

// A line on the terminal, rewritten in place; nothing where there is none.
class Progress {
  public:
    Progress(base::SimTime end, bool wanted) : end_(end), shown_(wanted && isatty(STDERR_FILENO)) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() {
        if (shown_) {
            fmt::print(stderr, "\r\x1b[K");
        }
    }
    void show(base::SimTime now) {
        const auto at = std::chrono::steady_clock::now();
        if (shown_ && at - last_ > std::chrono::milliseconds(100)) {
            last_ = at;
            fmt::print(stderr, "\r\x1b[K{:3} %  {}", 100 * now.seconds / end_.seconds,
                       to_text(now));
            std::fflush(stderr);
        }
    }

  private:
    base::SimTime end_;
    bool shown_;
    std::chrono::steady_clock::time_point last_{};
};

// Runs the lab to its end or to the first Ctrl-C. True: to the end.
base::Result<bool> drive(lab::Lab& lab, bool quiet) {
    const auto begin = std::chrono::steady_clock::now();
    Progress progress(lab.end(), !quiet);
    while (lab.now() < lab.end()) {
        if (interrupted) {
            FB_CHECK(lab.interrupt());
            return false;
        }
        FB_CHECK(lab.advance_until(lab.now() + base::hours(1)));
        progress.show(lab.now());
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    FB_CHECK(lab.finish(wall.count()));
    return true;
}

// CLI11 alone would take what is too large for the largest there is.
std::string seed_problem(const std::string& text) {
    int64_t seed = -1;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seed);
    const bool whole = failure == std::errc{} && end == text.data() + text.size() && seed >= 0;
    return whole ? "" : "a seed is a whole number from 0 to 9223372036854775807";
}

// Prints and writes what was asked for; the exit code of the run.
int tell(const RunOptions& options, const scenario::Experiment& experiment,
         const std::string& run_file) {
    auto run = record::read_run(run_file);
    if (!run.ok()) {
        return fail(run.error(), kInternalError);
    }
    report::Judged judged{std::move(run).value(), {}, run_file};
    judged.verdicts = checks::judge(judged.run);
    if (!options.quiet && options.json != "-" && options.junit != "-" && options.html != "-") {
        const bool color = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
        fmt::print("{}", report::terminal(judged, color));
    }
    if (!put(options.json, report::json(judged)) || !put(options.junit, report::junit({judged})) ||
        !put(options.html, options.html.empty() ? "" : report::html(judged))) {
        return kInternalError;
    }
    if (judged.run.status == record::RunStatus::kInterrupted) {
        return kInterrupted;
    }
    if (!checks::all_passed(judged.verdicts)) {
        return kExpectationFailed;
    }
    if (experiment.fingerprint && *experiment.fingerprint != judged.run.summary.fingerprint) {
        complain({fmt::format("the fingerprint is {}, the scenario expects {}",
                              judged.run.summary.fingerprint, *experiment.fingerprint),
                  experiment.file.string(),
                  "if the change is meant, put the new one into the scenario"});
        return kFingerprintDiffers;
    }
    return kPassed;
}

int run(const RunOptions& options) {
    if (const base::Status there = places::check_scenario_file(options.scenario); !there.ok()) {
        return fail(there.error(), kUsage);
    }
    const auto experiment = scenario::load(options.scenario, options.overrides);
    if (!experiment.ok()) {
        return fail(experiment.error(), kUsage);
    }
    lab::Options lab_options;
    if (options.fixtures.empty()) {
        auto found = places::find_fixtures(options.scenario);
        if (!found.ok()) {
            return fail(found.error(), kUsage);
        }
        lab_options.fixtures = *found;
    } else {
        lab_options.fixtures = options.fixtures;
    }
    lab_options.worker = places::worker_binary();
    lab_options.jobs = options.jobs;
    if (options.seed) {
        lab_options.seed = static_cast<uint64_t>(*options.seed);
    }
    if (options.out.empty()) {
        auto file = places::new_run_file(experiment->name);
        if (!file.ok()) {
            return fail(file.error(), kUsage);
        }
        lab_options.run_file = *file;
    } else {
        lab_options.run_file = options.out;
    }
    catch_signals();
    auto lab = lab::Lab::assemble(*experiment, lab_options);
    if (!lab.ok()) {
        if (options.out.empty()) {  // the claimed name, empty or hardly begun
            std::error_code ignored;
            std::filesystem::remove(lab_options.run_file, ignored);
        }
        return fail(lab.error(), kUsage);
    }
    const auto finished = drive(**lab, options.quiet);
    lab->reset();
    if (!finished.ok()) {
        return fail(finished.error(), kInternalError);
    }
    return tell(options, *experiment, lab_options.run_file.string());
}

// The same run from its outcome log: no worker starts, and every number must come out again.
int replay(const std::string& run_file, const std::string& fixtures) {
    const auto recorded = record::read_run(run_file);
    if (!recorded.ok()) {
        return fail(recorded.error(), kUsage);
    }
    if (recorded->status != record::RunStatus::kFinished) {
        return fail({"only a finished run can be replayed", run_file, "run the scenario again"},
                    kUsage);
    }
    // Under its own name and place: relative sources are looked up from where the run file lies.
    const auto experiment =
        scenario::parse(recorded->header.scenario, std::filesystem::path(run_file).parent_path() /
                                                       (recorded->header.name + ".toml"));
    if (!experiment.ok()) {
        return fail(experiment.error(), kUsage);
    }
    lab::Options options;
    if (fixtures.empty()) {
        auto found = places::find_fixtures(run_file);
        if (!found.ok()) {
            return fail(found.error(), kUsage);
        }
        options.fixtures = *found;
    } else {
        options.fixtures = fixtures;
    }
    std::error_code ignored;
    options.run_file = std::filesystem::temp_directory_path(ignored) /
                       fmt::format("firebreak-replay-{}.run", getpid());
    options.seed = recorded->header.seed;
    options.worker = places::worker_binary();  // none is started: models stand beside it
    options.replay = &*recorded;
    catch_signals();
    auto lab = lab::Lab::assemble(*experiment, options);
    if (!lab.ok()) {
        return fail(lab.error(), kUsage);
    }
    const auto finished = drive(**lab, false);
    const std::string fingerprint = (*lab)->fingerprint();
    lab->reset();
    std::filesystem::remove(options.run_file, ignored);
    if (!finished.ok()) {
        return fail(finished.error(), kInternalError);
    }
    if (!*finished) {
        return kInterrupted;
    }
    const bool same = fingerprint == recorded->summary.fingerprint;
    fmt::print("{} recorded {}, replayed {}\n",
               same ? "Same fingerprint:" : "Different:", recorded->summary.fingerprint,
               fingerprint);
    return same ? kPassed : kFingerprintDiffers;
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("run", "Run a scenario and check its expectations");
    auto options = std::make_shared<RunOptions>();
    command->add_option("scenario", options->scenario, "Scenario file (TOML)")->required();
    command->add_option("-j,--jobs", options->jobs, "Assays at a time (default: one per core)")
        ->check(CLI::Range(1, 256));
    command->add_option("--seed", options->seed, "Seed in place of the scenario's")
        ->check(seed_problem);
    command
        ->add_option("--set", options->overrides,
                     "key=value in place of what the scenario says, such as policy.cdn_ttl=10m or "
                     "release.rules-2.at=3h; may be given several times")
        ->allow_extra_args(false);
    command->add_option("-o,--out", options->out,
                        "Run file (default: runs/<scenario>-<n>.run, the first n that is free)");
    command->add_option("--json", options->json, "Write a JSON report to this file (- is stdout)");
    command->add_option("--junit", options->junit, "Write JUnit XML to this file (- is stdout)");
    command->add_option("--html", options->html, "Write an HTML report to this file");
    command->add_option("--fixtures", options->fixtures,
                        "Folder with content/, personas/ and keys/ (default: found above the "
                        "scenario)");
    command->add_flag("-q,--quiet", options->quiet, "Print nothing but errors");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

void add_replay_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "replay", "Run again from a run file's outcome log and compare fingerprints");
    auto file = std::make_shared<std::string>();
    auto fixtures = std::make_shared<std::string>();
    command->add_option("run", *file, "Run file")->required();
    command->add_option("--fixtures", *fixtures, "As for run (default: found above the run file)");
    command->callback([=, &exit_code] { exit_code = replay(*file, *fixtures); });
}

}  // namespace firebreak::headless
