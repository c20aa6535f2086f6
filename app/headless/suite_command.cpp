#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "headless/commands.h"
#include "headless/exit_codes.h"
#include "headless/output.h"
#include "places/places.h"
#include "record/run_reader.h"
#include "report/attack_matrix.h"
#include "report/reports.h"
#include "report/suite_report.h"
#include "scenario/experiment.h"

namespace firebreak::headless {

namespace {

namespace fs = std::filesystem;

volatile std::sig_atomic_t stop = 0;

void note_stop(int) {
    stop = 1;
}

struct SuiteOptions {
    std::string place, fixtures, out, json, junit, html;
    std::vector<std::string> overrides;
    unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
};

// One scenario, run out of process: whatever becomes of it, the others go on.
struct Job {
    fs::path scenario, run_file, log;
    std::string profile;  // of endpoints, in place of the scenario's; "": its own
    pid_t pid = 0;
    int code = kInternalError;
    double wall_s = 0;
    std::chrono::steady_clock::time_point begin{};
};

base::Status start(Job& job, const SuiteOptions& options) {
    const std::string self = (places::executable_folder() / "firebreak").string();
    std::vector<std::string> words = {self, "run",   job.scenario.string(), "--quiet", "--jobs",
                                      "1",  "--out", job.run_file.string()};
    if (!options.fixtures.empty()) {
        words.insert(words.end(), {"--fixtures", options.fixtures});
    }
    for (const std::string& text : options.overrides) {
        words.push_back("--set=" + text);
    }
    if (!job.profile.empty()) {
        words.push_back("--set=update.profile=" + job.profile);
    }
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, job.log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    job.begin = std::chrono::steady_clock::now();
    const int failure =
        posix_spawn(&job.pid, self.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
        return base::Error{
            fmt::format("cannot start: {}", std::generic_category().message(failure)), self, ""};
    }
    return {};
}

const char* word_for(int code) {
    switch (code) {
        case kPassed:
            return "passed";
        case kExpectationFailed:
            return "FAILED";
        case kInterrupted:
            return "interrupted";
        case kUsage:
            return "INVALID";
        case kFingerprintDiffers:
            return "FINGERPRINT DIFFERS";
        default:
            return "ERROR";
    }
}

std::string first_line(const fs::path& log) {
    const auto text = base::read_file(log, 64 * 1024);
    if (!text.ok() || text->empty()) {
        return "";
    }
    const std::string_view all = base::text_of(*text);
    return base::printable(all.substr(0, all.find('\n')), 400);
}

std::string name_of(const Job& job) {
    return job.scenario.string() + (job.profile.empty() ? "" : " (" + job.profile + ")");
}

// `width`: of the longest scenario's name.
void tell(const Job& job, size_t width) {
    std::string detail;
    const auto run = record::read_run(job.run_file);
    if (run.ok()) {
        detail = checks::headline(*run);
    }
    fmt::print("  {} {:<{}} {:>7.2f} s  {}\n", job.code == kPassed ? "✓" : "✗", name_of(job), width,
               job.wall_s,
               job.code == kPassed ? detail
               : detail.empty()    ? std::string(word_for(job.code))
                                   : fmt::format("{}: {}", word_for(job.code), detail));
    if (job.code == kExpectationFailed && run.ok()) {
        const std::vector<checks::Verdict> verdicts = checks::judge(*run);
        for (size_t i = 0; i < verdicts.size(); ++i) {
            if (verdicts[i].result != checks::Result::kPassed) {
                fmt::print("      {}: measured {}, expected {}\n",
                           base::printable(run->header.expectations[i].text),
                           verdicts[i].measured_text, verdicts[i].bound_text);
            }
        }
    } else if (job.code != kPassed) {
        if (const std::string line = first_line(job.log); !line.empty()) {
            fmt::print("      {}\n", line);
        }
    }
    std::fflush(stdout);
}

// Keeps as many jobs going as there may be, until all are done or someone says stop.
base::Status run_all(std::vector<Job>& jobs, const SuiteOptions& options) {
    size_t next = 0;
    std::map<pid_t, Job*> running;
    size_t width = 0;
    for (const Job& job : jobs) {
        width = std::max(width, name_of(job).size());
    }
    while (!running.empty() || (next < jobs.size() && stop == 0)) {
        while (running.size() < options.jobs && next < jobs.size() && stop == 0) {
            Job& job = jobs[next++];
            FB_CHECK(start(job, options));
            running.emplace(job.pid, &job);
        }
        int state = 0;
        const pid_t done = ::waitpid(-1, &state, 0);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        const auto found = running.find(done);
        if (found == running.end()) {
            continue;
        }
        Job& job = *found->second;
        running.erase(found);
        job.code = WIFEXITED(state) ? WEXITSTATUS(state) : kInternalError;
        job.wall_s =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - job.begin).count();
        tell(job, width);
    }
    return {};
}

base::Result<fs::path> suite_folder(const std::string& wanted) {
    std::error_code failure;
    if (!wanted.empty()) {
        fs::create_directories(wanted, failure);
        if (!failure) {
            return fs::path(wanted);
        }
    }
    for (int n = 1; wanted.empty() && !failure; ++n) {
        const fs::path folder = fmt::format("runs/suite-{}", n);
        fs::create_directories("runs", failure);
        if (!failure && fs::create_directory(folder, failure)) {
            return folder;
        }
    }
    return base::Error{"cannot make the folder for run files: " + failure.message(),
                       wanted.empty() ? "runs" : wanted, "name another with --out"};
}

std::vector<report::Judged> read_back(const std::vector<Job>& jobs) {
    std::vector<report::Judged> all;
    for (const Job& job : jobs) {
        auto run = record::read_run(job.run_file);
        report::Judged judged{{}, {}, job.run_file.string()};
        if (run.ok()) {
            judged.run = std::move(run).value();
            judged.verdicts = checks::judge(judged.run);
        } else {
            judged.run.header.name = job.scenario.string();  // told as interrupted
        }
        all.push_back(std::move(judged));
    }
    return all;
}

// 0: what is printed goes somewhere else, whole.
size_t terminal_columns() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

base::Status write_reports(const SuiteOptions& options, const std::vector<Job>& jobs) {
    const std::vector<report::Judged> all = read_back(jobs);
    if (!options.junit.empty()) {
        FB_CHECK(base::write_file(options.junit, base::view_of(report::junit(all))));
    }
    if (!options.json.empty()) {
        std::string text = "[\n";
        for (size_t i = 0; i < all.size(); ++i) {
            text += (i == 0 ? "" : ",\n") + report::json(all[i]);
        }
        FB_CHECK(base::write_file(options.json, base::view_of(text + "]\n")));
    }
    if (!options.html.empty()) {
        FB_CHECK(base::write_file(options.html, base::view_of(report::suite_html(all))));
    }
    fmt::print("{}", report::attack_matrix_terminal(all, ::isatty(STDOUT_FILENO) == 1,
                                                    terminal_columns()));
    return {};
}

// The gravest code decides: an internal error over an invalid scenario over a failed expectation.
int overall(const std::vector<Job>& jobs) {
    for (const int code : {kInternalError, kUsage, kFingerprintDiffers, kExpectationFailed}) {
        if (std::any_of(jobs.begin(), jobs.end(),
                        [&](const Job& job) { return job.pid != 0 && job.code == code; })) {
            return code;
        }
    }
    return stop != 0 ? kInterrupted : kPassed;
}

// A row of the attack matrix is run under every profile. A scenario that cannot be loaded says why
// when it is run.
std::vector<std::string> profiles_for(const fs::path& file, const SuiteOptions& options) {
    const auto experiment = scenario::load(file, options.overrides);
    if (!experiment.ok() || !experiment->attack) {
        return {""};
    }
    std::vector<std::string> out;
    for (const auto& [profile, standing] : experiment->attack->expected) {
        out.emplace_back(profile == scenario::Profile::kHardened ? "hardened" : "published");
    }
    return out;
}

int run_suite(const SuiteOptions& options) {
    const auto files = places::scenarios_in(options.place);
    if (!files.ok()) {
        return fail(files.error(), kUsage);
    }
    if (files->empty()) {
        return fail({"no scenario in it", options.place, "name a folder that holds .toml files"},
                    kNothingSelected);
    }
    const auto folder = suite_folder(options.out);
    if (!folder.ok()) {
        return fail(folder.error(), kUsage);
    }
    std::vector<Job> jobs;
    for (const fs::path& file : *files) {
        std::string name = fs::relative(file, options.place).replace_extension("").string();
        if (name == ".") {
            name = file.stem().string();
        }
        std::replace(name.begin(), name.end(), '/', '.');
        for (const std::string& profile : profiles_for(file, options)) {
            const std::string of_job = profile.empty() ? name : name + "." + profile;
            Job job;
            job.scenario = file;
            job.profile = profile;
            job.run_file = *folder / (of_job + ".run");
            job.log = *folder / (of_job + ".log");
            jobs.push_back(std::move(job));
        }
    }
    struct sigaction action {};
    action.sa_handler = note_stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);

    const auto begin = std::chrono::steady_clock::now();
    if (const base::Status done = run_all(jobs, options); !done.ok()) {
        return fail(done.error(), kInternalError);
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    if (const base::Status written = write_reports(options, jobs); !written.ok()) {
        return fail(written.error(), kInternalError);
    }
    const auto passed = std::count_if(jobs.begin(), jobs.end(), [](const Job& job) {
        return job.pid != 0 && job.code == kPassed;
    });
    fmt::print("{} of {} scenarios passed in {:.1f} s · run files in {}\n", passed, jobs.size(),
               wall.count(), folder->string());
    return overall(jobs);
}

// What a run is held against: "2 expectations", "the attack `rollback` under 2 profiles".
std::string aims_of(const scenario::Experiment& experiment) {
    const size_t n = experiment.expectations.size();
    std::string out = fmt::format("{} expectation{}", n, n == 1 ? "" : "s");
    if (!experiment.attack) {
        return out;
    }
    const std::string attack =
        fmt::format("the attack `{}` under {} profiles", base::printable(experiment.attack->row),
                    experiment.attack->expected.size());
    return n == 0 ? attack : out + ", " + attack;
}

int list(const std::string& place) {
    const auto files = places::scenarios_in(place);
    if (!files.ok()) {
        return fail(files.error(), kUsage);
    }
    if (files->empty()) {
        return fail({"no scenario in it", place, "name a folder that holds .toml files"},
                    kNothingSelected);
    }
    int code = kPassed;
    for (const fs::path& file : *files) {
        const auto experiment = scenario::load(file);
        if (!experiment.ok()) {
            complain(experiment.error());
            code = kUsage;
            continue;
        }
        int64_t endpoints = 0;
        for (const scenario::Group& group : experiment->groups) {
            endpoints += group.endpoints;
        }
        fmt::print("{}\n    {}\n    {} endpoints, {}, {}{}{}\n", file.string(),
                   base::printable(experiment->title), base::with_thousands(endpoints),
                   to_text(experiment->duration), aims_of(*experiment),
                   experiment->tags.empty() ? "" : "; tags: ", fmt::join(experiment->tags, ", "));
    }
    return code;
}

}  // namespace

void add_suite_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("suite", "Run all scenarios of a folder, out of process");
    auto options = std::make_shared<SuiteOptions>();
    command->add_option("folder", options->place, "Folder of scenarios")->required();
    command->add_option("-j,--jobs", options->jobs, "Scenarios at a time (default: one per core)")
        ->check(CLI::Range(1, 256));
    command->add_option("-o,--out", options->out,
                        "Folder for run files and logs (default: runs/suite-<n>)");
    command->add_option("--json", options->json, "Write the JSON reports, as an array");
    command->add_option("--junit", options->junit, "Write JUnit XML");
    command->add_option("--html", options->html,
                        "Write one HTML file: the attack matrix, and every run");
    command->add_option("--fixtures", options->fixtures, "As for run");
    command->add_option("--set", options->overrides, "As for run, for every scenario")
        ->allow_extra_args(false);
    command->callback([options, &exit_code] { exit_code = run_suite(*options); });
}

void add_list_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("list", "List the scenarios of a folder");
    auto place = std::make_shared<std::string>("scenarios");
    command->add_option("folder", *place, "Folder of scenarios (default: scenarios)");
    command->callback([place, &exit_code] { exit_code = list(*place); });
}

}  // namespace firebreak::headless
