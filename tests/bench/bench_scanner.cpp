// What the file scanner costs in its sandbox: a fresh process, one scan, and many, beside the
// `yara` command with as many threads on the same files and rules.
//
//   bench_scanner [FOLDER [RULES]]   files to scan (/usr/bin), a folder of rules (the fixtures')
//
// Budgets (design.md): 5 ms for an assay on a warm worker, 50 ms with a fresh one, and its compile
// time; at least the throughput of the command line.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "endpoint/scanner/messages.h"
#include "sandbox/worker.h"
#include "support/paths.h"

namespace firebreak::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using sandbox::Worker;

constexpr unsigned kThreads = 2;
constexpr uint64_t kMostBytes = 256 << 20;  // of files in all
constexpr uint64_t kMostOfOne = 32 << 20;

template <class Value>
Value must(base::Result<Value> result) {
    if (!result.ok()) {
        fmt::print(stderr, "{}\n", result.error().text());
        std::exit(4);
    }
    return std::move(result).value();
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Subject {
    fs::path path;
    base::Bytes bytes;
};

std::vector<Subject> subjects_in(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && !entry.is_symlink() && entry.file_size() <= kMostOfOne) {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    std::vector<Subject> subjects;
    uint64_t total = 0;
    for (const fs::path& path : paths) {
        auto bytes = base::read_file(path, kMostOfOne);
        if (bytes.ok() && total + bytes->size() <= kMostBytes) {
            total += bytes->size();
            subjects.push_back({path, *std::move(bytes)});
        }
    }
    return subjects;
}

base::Bytes load_request_of(const fs::path& folder) {
    std::map<std::string, base::Bytes> sources;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".yar" || entry.path().extension() == ".yara") {
            sources[entry.path().filename().string()] =
                must(base::read_file(entry.path(), 1 << 24));
        }
    }
    endpoint::scanner::LoadRules request;
    for (const auto& [name, source] : sources) {
        request.files.push_back({name, source});
    }
    return endpoint::scanner::encode(request);
}

Worker loaded_worker(sandbox::Spawner& spawner, const base::Bytes& load) {
    sandbox::Policy policy;
    policy.component = "scanner";
    policy.call_cpu_ms = 60'000;
    Worker worker = must(Worker::start(spawner, policy));
    const auto reply = must(worker.call(load));
    const auto* bytes = std::get_if<base::Bytes>(&reply);
    if (bytes == nullptr || must(endpoint::scanner::parse_load_reply(*bytes)).loaded == 0) {
        fmt::print(stderr, "the rules do not load\n");
        std::exit(4);
    }
    return worker;
}

size_t matches(Worker& worker, const endpoint::scanner::ScanRequest& request) {
    const auto reply = must(worker.call(endpoint::scanner::encode(request)));
    const auto* answer = std::get_if<base::Bytes>(&reply);
    if (answer == nullptr) {
        fmt::print(stderr, "the scanner died of {}: {}\n", request.subjects.front().name,
                   base::to_text(std::get<base::Outcome>(reply).evidence));
        std::exit(4);
    }
    size_t found = 0;
    for (const auto& subject :
         must(endpoint::scanner::parse_scan_reply(*answer, request.subjects.size())).subjects) {
        found += subject.matches.size();
    }
    return found;
}

size_t matches(Worker& worker, const std::string& name, base::ByteView bytes) {
    return matches(worker, {{ports::file_subject(name, bytes)}});
}

void processes(sandbox::Spawner& spawner, const base::Bytes& load) {
    constexpr int kStarts = 100;
    sandbox::Policy policy;
    policy.component = "scanner";
    std::vector<double> starts, first_verdicts;
    for (int i = 0; i < kStarts; ++i) {
        const Clock::time_point begin = Clock::now();
        { const Worker worker = must(Worker::start(spawner, policy)); }
        starts.push_back(seconds_since(begin) * 1e3);
    }
    const base::Bytes subject(64 << 10, 'a');
    for (int i = 0; i < 10; ++i) {
        const Clock::time_point begin = Clock::now();
        Worker worker = loaded_worker(spawner, load);
        matches(worker, "C:\\a.txt", subject);
        first_verdicts.push_back(seconds_since(begin) * 1e3);
    }
    std::ranges::sort(starts);
    std::ranges::sort(first_verdicts);
    fmt::print("a process in its sandbox     {:>8.2f} ms, median of {}; 1 in 100: {:.2f} ms\n",
               starts[kStarts / 2], kStarts, starts[kStarts - 2]);
    fmt::print("  … with rules compiled, and a first verdict {:>8.2f} ms\n",
               first_verdicts[first_verdicts.size() / 2]);
}

void single_scans(Worker& worker) {
    constexpr size_t kScans = 2000;
    base::Bytes subject(64 << 10);
    for (size_t i = 0; i < subject.size(); ++i) {
        subject[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
    }
    std::vector<double> taken;
    std::chrono::microseconds cpu{0};
    for (size_t i = 0; i < kScans; ++i) {
        const Clock::time_point begin = Clock::now();
        matches(worker, "C:\\a.bin", subject);
        taken.push_back(seconds_since(begin) * 1e6);
        cpu += worker.last_call_cpu();
    }
    std::ranges::sort(taken);
    fmt::print(
        "a scan of 64 KiB             p50 {:.0f} us, p99 {:.0f} us; in the process {:.0f} us\n",
        taken[kScans / 2], taken[kScans * 99 / 100], static_cast<double>(cpu.count()) / kScans);
}

// Of a process with rules, in its own memory, in MiB; 0: nobody tells us.
double private_memory(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    double kib = 0;
    for (std::string word; file >> word;) {
        if (word == "Private_Clean:" || word == "Private_Dirty:") {
            double more = 0;
            file >> more;
            kib += more;
        }
    }
    return kib / 1024;
}

// What the next message carries: several small files, or a large one.
endpoint::scanner::ScanRequest next_batch(const std::vector<Subject>& subjects, std::mutex& mutex,
                                          size_t& next) {
    constexpr uint64_t kBatch = 256 << 10;
    endpoint::scanner::ScanRequest request;
    const std::lock_guard lock(mutex);
    for (uint64_t bytes = 0; next < subjects.size() && bytes < kBatch &&
                             request.subjects.size() < endpoint::scanner::kMaxSubjects;
         ++next) {
        request.subjects.push_back(
            ports::file_subject(subjects[next].path.string(), subjects[next].bytes));
        bytes += subjects[next].bytes.size();
    }
    return request;
}

// Seconds that so many threads take, each with a worker of its own; files go to whoever is free.
double scan_all(sandbox::Spawner& spawner, const base::Bytes& load,
                const std::vector<Subject>& subjects, size_t& found) {
    std::vector<Worker> workers;
    for (unsigned i = 0; i < kThreads; ++i) {
        workers.push_back(loaded_worker(spawner, load));
    }
    fmt::print("memory of a worker           {:.1f} MiB of its own\n",
               private_memory(workers.front().pid()));
    std::mutex mutex;
    size_t next = 0;
    std::atomic<size_t> all = 0;
    const Clock::time_point begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (Worker& worker : workers) {
            threads.emplace_back([&] {
                for (auto batch = next_batch(subjects, mutex, next); !batch.subjects.empty();
                     batch = next_batch(subjects, mutex, next)) {
                    all += matches(worker, batch);
                }
            });
        }
    }
    found = all;
    return seconds_since(begin);
}

// The same by the command; nothing if it is not installed.
double by_command(const fs::path& rules, const std::vector<Subject>& subjects) {
    const test::TemporaryFolder folder;
    const fs::path list = folder.path() / "files";
    std::ofstream out(list);
    for (const Subject& subject : subjects) {
        out << subject.path.string() << "\n";
    }
    out.close();
    std::string command = fmt::format(
        "yara -f -w -p {} -d filename= -d filepath= -d extension= "
        "-d filetype= -d owner= ",
        kThreads);
    for (const auto& entry : fs::directory_iterator(rules)) {
        if (entry.path().extension() == ".yar" || entry.path().extension() == ".yara") {
            command += fmt::format("'{}' ", entry.path().string());
        }
    }
    command += fmt::format("--scan-list '{}' > /dev/null 2>&1", list.string());
    const Clock::time_point begin = Clock::now();
    return std::system(command.c_str()) == 0 ? seconds_since(begin) : 0;
}

void throughput(sandbox::Spawner& spawner, const base::Bytes& load, const fs::path& rules,
                const std::vector<Subject>& subjects) {
    uint64_t bytes = 0;
    for (const Subject& subject : subjects) {
        bytes += subject.bytes.size();
    }
    size_t found = 0;
    double ours = 1e9, command = 1e9;
    for (int round = 0; round < 3; ++round) {
        ours = std::min(ours, scan_all(spawner, load, subjects, found));
        const double taken = by_command(rules, subjects);
        command = taken == 0 ? 0 : std::min(command, taken);
    }
    const auto rate = [&](double seconds) { return static_cast<double>(bytes) / seconds / 1e6; };
    fmt::print("{} files, {} MB, {} threads, {} matches\n", subjects.size(), bytes / 1'000'000,
               kThreads, found);
    fmt::print("  sandboxed                  {:>8.0f} MB/s\n", rate(ours));
    if (command == 0) {
        fmt::print("  yara                       not installed, or it failed: no reference\n");
        return;
    }
    fmt::print("  yara, compiling included   {:>8.0f} MB/s   ratio {:.2f}\n", rate(command),
               command / ours);
}

void run(const fs::path& folder, const fs::path& rules) {
    sandbox::Spawner spawner(test::worker_binary());
    const base::Bytes load = load_request_of(rules);
    processes(spawner, load);
    Worker worker = loaded_worker(spawner, load);
    single_scans(worker);
    throughput(spawner, load, rules, subjects_in(folder));
}

}  // namespace
}  // namespace firebreak::bench

int main(int count, char** arguments) {
    firebreak::bench::run(
        count > 1 ? arguments[1] : "/usr/bin",
        count > 2 ? std::filesystem::path(arguments[2])
                  : firebreak::test::fixtures_dir() / "content/good/DatasetA/2026-03-02");
    return 0;
}
