// What models cost: features of programs of several sizes, beside SHA-256 over the same bytes; the
// judgement on a model's file; and scores.
//
//   bench_models
//
// One thread; rates are per second of its processor time, the best of five rounds, so that a busy
// machine says less. Programs are made of this benchmark's own code and data, again and again.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "base/file.h"
#include "endpoint/executables/make_pe.h"
#include "endpoint/executables/pe.h"
#include "endpoint/models/model_host.h"

namespace firebreak::endpoint::models {
namespace {

constexpr int kRounds = 5;
constexpr uint64_t kMostBytes = 1u << 30;

void require(bool condition, const char* what) {
    if (!condition) {
        fmt::print(stderr, "bench_models: {}\n", what);
        std::exit(1);
    }
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Of one of `times` turns, the best of all rounds.
double seconds_of(size_t times, const std::function<void()>& work) {
    double best = 1e9;
    for (int round = 0; round < kRounds; ++round) {
        const double begin = processor_seconds();
        for (size_t i = 0; i < times; ++i) {
            work();
        }
        best = std::min(best, (processor_seconds() - begin) / static_cast<double>(times));
    }
    return best;
}

base::Bytes program_of(const base::Bytes& own, size_t bytes) {
    base::Bytes code, data;
    for (size_t i = 0; i < bytes / 2; ++i) {
        code.push_back(own[i % own.size()]);
        data.push_back(own[(i + own.size() / 2) % own.size()]);
    }
    executables::NewPe program;
    program.sections = {{".text", std::move(code)}, {".rdata", std::move(data)}};
    return executables::make_pe(program).value();
}

void features(const base::Bytes& own) {
    fmt::print("features              µs a file       MB/s   SHA-256 MB/s\n");
    for (const size_t bytes :
         {size_t{16} << 10, size_t{64} << 10, size_t{1} << 20, size_t{16} << 20}) {
        const base::Bytes program = program_of(own, bytes);
        const size_t times = std::max<size_t>(1, (size_t{32} << 20) / bytes);
        float sum = 0;
        const double seconds = seconds_of(times, [&] { sum += features_of(program)[1]; });
        const double hashing =
            seconds_of(times, [&] { sum += base::sha256(program).front(); });
        require(sum > 0, "no features");
        const double megabytes = static_cast<double>(program.size()) / 1e6;
        fmt::print("  {:>8} KiB   {:>14.1f} {:>10.0f} {:>14.0f}\n", bytes >> 10, seconds * 1e6,
                   megabytes / seconds, megabytes / hashing);
    }
}

void scores(const base::Bytes& own, const std::string& name) {
    const std::string path = std::string(FIREBREAK_MODEL_DIR) + "/" + name + ".so";
    const base::Bytes bytes = base::read_file(path, kMostBytes).value();
    const double judging =
        seconds_of(1000, [&] { require(!refuse_model_file(bytes), "a model is refused"); });
    const auto loaded = Model::load(path, bytes);
    require(std::holds_alternative<Model>(loaded), "a model does not load");
    const FeatureVector features = features_of(program_of(own, 64 << 10));
    float sum = 0;
    const double scoring = seconds_of(
        100'000, [&] { sum += std::get<float>(std::get<Model>(loaded).score(features)); });
    require(sum > 0, "no scores");
    fmt::print("{:<12} {} bytes: judged in {:.1f} µs, {:.2f} µs a score, {:.2f} M scores/s\n", name,
               bytes.size(), judging * 1e6, scoring * 1e6, 1e-6 / scoring);
}

}  // namespace

void run() {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    const base::Bytes own = base::read_file(self, kMostBytes).value();
    features(own);
    scores(own, "packed");
    scores(own, "packed-next");
}

}  // namespace firebreak::endpoint::models

int main() {
    firebreak::endpoint::models::run();
    return 0;
}
