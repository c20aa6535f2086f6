// What the file scanner costs in its sandbox: a fresh process, its first verdict after a restart,
// one scan, its memory, look-ups of reputations, and many files beside the `yara` command with as
// many threads on the same files and rules.
//
//   bench_scanner [FOLDER [RULES]]   files to scan (/usr/bin); a folder of rules, with those below
//                                    it, that are measured beside the fixtures': yara-rules of
//                                    FIREBREAK_CORPUS, say. Rule files that do not load are left
//                                    out.
//
// Both sides read the files themselves, from the page cache. The command compiles the rules for
// every run and we once for every process: what it takes to compile is measured, and taken off.
// Besides seconds by the wall, seconds of processor time are told, which a busy machine leaves
// alone.
//
// Budgets (design.md): 5 ms for an assay on a warm worker, 50 ms with a fresh one, and its compile
// time; at least the throughput of the command line.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/file.h"
#include "bench/known_files.h"
#include "endpoint/scanner/messages.h"
#include "sandbox/worker.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/rule_files.h"

namespace firebreak::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using sandbox::Worker;

constexpr unsigned kThreads = 2;
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

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// Processor time of this process (RUSAGE_SELF), or of the commands that it ran (RUSAGE_CHILDREN).
double processor_seconds(int whose) {
    rusage usage{};
    getrusage(whose, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// --- Files and rules -----------------------------------------------------------------------------

struct File {
    fs::path path;
    uint64_t bytes = 0;
};

// By name, until there are enough.
std::vector<File> files_in(const fs::path& folder, uint64_t most_bytes) {
    std::vector<File> all, some;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && !entry.is_symlink() && entry.file_size() <= kMostOfOne) {
            all.push_back({entry.path(), entry.file_size()});
        }
    }
    std::ranges::sort(all, {}, &File::path);
    uint64_t total = 0;
    for (const File& file : all) {
        if (total + file.bytes <= most_bytes && base::read_file(file.path, kMostOfOne).ok()) {
            total += file.bytes;
            some.push_back(file);
        }
    }
    return some;
}

struct Rules {
    const char* name;
    std::map<std::string, base::Bytes> sources;
    uint64_t most_bytes = 0;  // of files to scan with them: thousands take their time
    base::Gathered request = base::Bytes();  // borrows the sources
};

sandbox::Policy policy() {
    sandbox::Policy policy;
    policy.component = "scanner";
    policy.call_cpu_ms = 60'000;
    return policy;
}

base::Gathered request_of(const std::map<std::string, base::Bytes>& sources) {
    endpoint::scanner::LoadRules request;
    for (const auto& [name, source] : sources) {
        request.files.push_back({name, source});
    }
    return endpoint::scanner::encode(request);
}

// How many rules it has loaded; 0: they were refused.
uint32_t load(Worker& worker, const base::Gathered& request) {
    const auto reply = must(worker.call(request));
    const auto* bytes = std::get_if<base::Bytes>(&reply);
    return bytes == nullptr ? 0 : must(endpoint::scanner::parse_load_reply(*bytes)).loaded;
}

Worker loaded_worker(sandbox::Spawner& spawner, const Rules& rules) {
    Worker worker = must(Worker::start(spawner, policy()));
    if (load(worker, rules.request) == 0) {
        fmt::print(stderr, "the {} do not load\n", rules.name);
        std::exit(4);
    }
    return worker;
}

// Without files that do not load by themselves.
Rules rules_in(sandbox::Spawner& spawner, const char* name, const fs::path& folder,
               uint64_t most_bytes) {
    std::vector<test::RuleFile> files = must(test::rule_files(folder));
    std::erase_if(files, [&spawner](const test::RuleFile& file) {
        Worker worker = must(Worker::start(spawner, policy()));
        return load(worker, request_of({{"one.yar", file.source}})) == 0;
    });
    Rules rules{name, test::by_folder(files), most_bytes, base::Bytes()};
    rules.request = request_of(rules.sources);
    Worker worker = must(Worker::start(spawner, policy()));
    fmt::print("{}: {} rules from {} files\n", name, load(worker, rules.request), files.size());
    return rules;
}

// --- Single processes and scans ------------------------------------------------------------------

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

void starts(sandbox::Spawner& spawner) {
    constexpr int kStarts = 100;
    std::vector<double> taken;
    for (int i = 0; i < kStarts; ++i) {
        const Clock::time_point begin = Clock::now();
        { const Worker worker = must(Worker::start(spawner, policy())); }
        taken.push_back(seconds_since(begin) * 1e3);
    }
    std::ranges::sort(taken);
    fmt::print("a process in its sandbox       {:>8.2f} ms, median of {}; 1 in 100: {:.2f} ms\n",
               taken[kStarts / 2], kStarts, taken[kStarts - 2]);
}

base::Bytes noise(size_t bytes) {
    base::Bytes noise(bytes);
    for (size_t i = 0; i < noise.size(); ++i) {
        noise[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
    }
    return noise;
}

// What nobody protects the machine for, once a scanner has died.
void restarts(sandbox::Spawner& spawner, const Rules& rules) {
    constexpr int kRestarts = 10;
    const base::Bytes subject = noise(64 << 10);
    std::vector<double> loads, scans, all;
    for (int i = 0; i < kRestarts; ++i) {
        const Clock::time_point begin = Clock::now();
        Worker worker = loaded_worker(spawner, rules);
        loads.push_back(seconds_since(begin) * 1e3);
        const Clock::time_point loaded = Clock::now();
        matches(worker, {{ports::file_subject("C:\\a.bin", subject)}});
        scans.push_back(seconds_since(loaded) * 1e3);
        all.push_back(seconds_since(begin) * 1e3);
    }
    fmt::print(
        "  first verdict after a restart{:>8.1f} ms, median of {}: started and compiled "
        "{:.1f}, scanned {:.1f}\n",
        median(all), kRestarts, median(loads), median(scans));
}

// Of a process in its own memory, in MiB; 0: nobody tells us.
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

void single_scans(Worker& worker) {
    constexpr size_t kScans = 1000;
    const base::Bytes subject = noise(64 << 10);
    std::vector<double> taken;
    std::chrono::microseconds cpu{0};
    for (size_t i = 0; i < kScans; ++i) {
        const Clock::time_point begin = Clock::now();
        matches(worker, {{ports::file_subject("C:\\a.bin", subject)}});
        taken.push_back(seconds_since(begin) * 1e6);
        cpu += worker.last_call_cpu();
    }
    std::ranges::sort(taken);
    fmt::print(
        "  a scan of 64 KiB             p50 {:.0f} us, p99 {:.0f} us; in the process {:.0f} us\n",
        taken[kScans / 2], taken[kScans * 99 / 100], static_cast<double>(cpu.count()) / kScans);
}

// --- Throughput ----------------------------------------------------------------------------------

struct Taken {
    double wall_s = 0;
    double cpu_s = 0;
    double worker_cpu_s = 0;  // of that, in workers
};

// The best of rounds, each for itself.
void keep_best(Taken& best, const Taken& taken) {
    best.wall_s = best.wall_s == 0 ? taken.wall_s : std::min(best.wall_s, taken.wall_s);
    if (best.cpu_s == 0 || taken.cpu_s < best.cpu_s) {
        best.cpu_s = taken.cpu_s;
        best.worker_cpu_s = taken.worker_cpu_s;
    }
}

// Who is free takes what the next message carries: several small files, or a large one.
class Queue {
  public:
    explicit Queue(const std::vector<File>& files) : files_(files) {}
    std::span<const File> next() {
        constexpr uint64_t kBatch = 256 << 10;
        const std::lock_guard lock(mutex_);
        const size_t begin = at_;
        for (uint64_t bytes = 0;
             at_ < files_.size() && bytes < kBatch && at_ - begin < endpoint::scanner::kMaxSubjects;
             ++at_) {
            bytes += files_[at_].bytes;
        }
        return std::span(files_).subspan(begin, at_ - begin);
    }

  private:
    const std::vector<File>& files_;
    std::mutex mutex_;
    size_t at_ = 0;
};

// As the command has it.
class MappedFile {
  public:
    explicit MappedFile(const File& file) : size_(file.bytes) {
        const int descriptor = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
        address_ =
            size_ == 0 ? nullptr : mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
        ::close(descriptor);
        if (address_ == MAP_FAILED) {
            fmt::print(stderr, "cannot map {}\n", file.path.string());
            std::exit(4);
        }
    }
    MappedFile(MappedFile&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), size_(other.size_) {}
    ~MappedFile() {
        if (address_ != nullptr) {
            munmap(address_, size_);
        }
    }
    base::ByteView bytes() const { return {static_cast<const uint8_t*>(address_), size_}; }

  private:
    void* address_;
    size_t size_;
};

size_t scan_batch(Worker& worker, std::span<const File> batch) {
    std::vector<MappedFile> contents;
    endpoint::scanner::ScanRequest request;
    for (const File& file : batch) {
        contents.emplace_back(file);
        request.subjects.push_back(
            ports::file_subject(file.path.string(), contents.back().bytes()));
    }
    return matches(worker, request);
}

// By so many threads, each with a worker of its own that has its rules already.
Taken by_workers(std::vector<Worker>& workers, const std::vector<File>& files, size_t& found) {
    Queue queue(files);
    std::atomic<size_t> all = 0;
    std::atomic<int64_t> cpu_us = 0;
    const double before = processor_seconds(RUSAGE_SELF);
    const Clock::time_point begin = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (Worker& worker : workers) {
            threads.emplace_back([&] {
                for (auto batch = queue.next(); !batch.empty(); batch = queue.next()) {
                    all += scan_batch(worker, batch);
                    cpu_us += worker.last_call_cpu().count();
                }
            });
        }
    }
    found = all;
    const double wall_s = seconds_since(begin);
    const double in_workers = static_cast<double>(cpu_us.load()) * 1e-6;
    return {wall_s, processor_seconds(RUSAGE_SELF) - before + in_workers, in_workers};
}

// The command with these rules on these files; nothing if it is not installed, or fails.
class Command {
  public:
    Command(const Rules& rules, const std::vector<File>& files) {
        line_ = {"/usr/bin/yara", "-f", "-w", "-p", std::to_string(kThreads)};
        for (const char* variable : {"filename", "filepath", "extension", "filetype", "owner"}) {
            line_.insert(line_.end(), {"-d", std::string(variable) + "="});
        }
        for (const auto& [name, source] : rules.sources) {
            std::ofstream out(folder_.path() / name, std::ios::binary);
            out.write(reinterpret_cast<const char*>(source.data()),
                      static_cast<std::streamsize>(source.size()));
            line_.push_back(folder_.path() / name);
        }
        std::ofstream list(folder_.path() / "files");
        for (const File& file : files) {
            list << file.path.string() << "\n";
        }
    }

    Taken scan() const { return run({"--scan-list", folder_.path() / "files"}); }
    Taken compile() const { return run({"/dev/null"}); }

  private:
    Taken run(const std::vector<std::string>& what) const {
        std::vector<std::string> line = line_;
        line.insert(line.end(), what.begin(), what.end());
        const double before = processor_seconds(RUSAGE_CHILDREN);
        const Clock::time_point begin = Clock::now();
        if (test::Process(line, folder_.path()).wait().code != 0) {
            return {};
        }
        return {seconds_since(begin), processor_seconds(RUSAGE_CHILDREN) - before, 0};
    }

    test::TemporaryFolder folder_;
    std::vector<std::string> line_;
};

void throughput(sandbox::Spawner& spawner, const Rules& rules, const std::vector<File>& files) {
    constexpr int kRounds = 3;
    std::vector<Worker> workers;
    for (unsigned i = 0; i < kThreads; ++i) {
        workers.push_back(loaded_worker(spawner, rules));
    }
    const Command command(rules, files);
    size_t found = 0;
    Taken ours, theirs, compile;
    for (int round = 0; round < kRounds; ++round) {
        keep_best(ours, by_workers(workers, files, found));
        keep_best(theirs, command.scan());
        keep_best(compile, command.compile());
    }
    uint64_t bytes = 0;
    for (const File& file : files) {
        bytes += file.bytes;
    }
    const auto rate = [&](double seconds) { return static_cast<double>(bytes) / seconds / 1e6; };
    fmt::print("  {} files, {} MB, {} threads, {} matches\n", files.size(), bytes / 1'000'000,
               kThreads, found);
    fmt::print(
        "    sandboxed                  {:>8.0f} MB/s    {:.2f} s of processor time, {:.2f} "
        "of them in workers\n",
        rate(ours.wall_s), ours.cpu_s, ours.worker_cpu_s);
    if (theirs.wall_s == 0 || compile.wall_s == 0) {
        fmt::print("    yara                       not installed, or it failed: no reference\n");
        return;
    }
    const Taken scan{theirs.wall_s - compile.wall_s, theirs.cpu_s - compile.cpu_s, 0};
    fmt::print("    yara, without compiling    {:>8.0f} MB/s    {:.2f} s\n", rate(scan.wall_s),
               scan.cpu_s);
    fmt::print("    yara, compiling            {:>8.2f} s       {:.2f} s\n", compile.wall_s,
               compile.cpu_s);
    fmt::print("    ratio                      {:>8.2f} by the wall, {:.2f} by processor time\n",
               scan.wall_s / ours.wall_s, scan.cpu_s / ours.cpu_s);
    fmt::print("  memory of a worker           {:>8.1f} MiB of its own, after all of these\n",
               private_memory(workers.front().pid()));
}

void with_rules(sandbox::Spawner& spawner, const Rules& rules, const std::vector<File>& files) {
    fmt::print("with {}\n", rules.name);
    restarts(spawner, rules);
    Worker worker = loaded_worker(spawner, rules);
    fmt::print("  memory of a worker           {:>8.1f} MiB of its own, before a scan\n",
               private_memory(worker.pid()));
    single_scans(worker);
    throughput(spawner, rules, files);
}

// --- Reputations ---------------------------------------------------------------------------------

// The table stays in the memory file that it comes in.
void in_a_worker(sandbox::Spawner& spawner, base::ByteView table) {
    Worker worker = must(Worker::start(spawner, policy()));
    const Clock::time_point begin = Clock::now();
    if (load(worker, endpoint::scanner::encode(
                         endpoint::scanner::LoadTable{"reputation.table", table})) == 0) {
        fmt::print(stderr, "the table of reputations does not load\n");
        std::exit(4);
    }
    fmt::print(
        "a table of {} MB                {:>8.2f} s to load into a worker, {:.2f} of them "
        "checking; "
        "{:.1f} MiB of its own\n",
        table.size() / 1'000'000, seconds_since(begin),
        static_cast<double>(worker.last_call_cpu().count()) * 1e-6, private_memory(worker.pid()));
}

// As the engine looks them up; `bench_reputation` has the details.
void look_ups(sandbox::Spawner& spawner) {
    using namespace endpoint::reputation;
    constexpr size_t kFiles = 10'000'000;
    const Mapped mapped(must(write_table(entries_of(kFiles), {})));
    in_a_worker(spawner, mapped.bytes());
    const ReputationTable table = must(ReputationTable::open(mapped.bytes()));
    const std::vector<Sha256> asked = asked_of(kFiles);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
        const double begin = processor_seconds(RUSAGE_SELF);
        require(in_batches(table.files(), asked, 4096) > 0, "the table knows none of its files");
        best = std::min(best, processor_seconds(RUSAGE_SELF) - begin);
    }
    fmt::print("look-ups in 10 M reputations   {:>8.2f} M/s of processor time, 4,096 at once\n",
               static_cast<double>(asked.size()) / best / 1e6);
}

void say_load() {
    double averages[1] = {0};
    getloadavg(averages, 1);
    fmt::print("load average {:.2f} on {} processors\n", averages[0],
               std::thread::hardware_concurrency());
}

}  // namespace

void run(const fs::path& folder, const std::optional<fs::path>& public_rules) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // it takes minutes: what is known is told
    say_load();
    sandbox::Spawner spawner(test::worker_binary());
    std::vector<Rules> all;
    all.push_back(rules_in(spawner, "rules that ship",
                           test::fixtures_dir() / "content/good/DatasetA/2026-03-03", 128 << 20));
    if (public_rules) {
        all.push_back(rules_in(spawner, "public rules", *public_rules, 16 << 20));
    }
    starts(spawner);
    for (const Rules& rules : all) {
        with_rules(spawner, rules, files_in(folder, rules.most_bytes));
    }
    look_ups(spawner);
    say_load();
}

}  // namespace firebreak::bench

int main(int count, char** arguments) {
    firebreak::bench::run(
        count > 1 ? arguments[1] : "/usr/bin",
        count > 2 ? std::optional<std::filesystem::path>(arguments[2]) : std::nullopt);
    return 0;
}
