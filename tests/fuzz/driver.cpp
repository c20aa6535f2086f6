// Runs a libFuzzer target (LLVMFuzzerTestOneInput) without libFuzzer, so that every compiler builds
// it and ctest runs it: each seed as it is, then a fixed number of mutations of the seeds, the same
// ones every time. A target signals a finding by dying, as libFuzzer's do; the last line then says
// how to repeat that one run.
//
//   fuzz_manifest SEEDS [--runs N] [--seed S] [--only RUN]
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// There in targets whose inputs have a structure to keep (structure_mutator.cpp).
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                                                size_t max_size, unsigned int seed);
// There in sanitizer builds alone, where a finding ends the process without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

using firebreak::base::Bytes;
using firebreak::base::RandomStream;

constexpr uint64_t kMaxSeedBytes = 16 * 1024 * 1024;

struct Options {
    std::filesystem::path seeds;
    uint64_t runs = 5000;
    uint64_t seed = 1;
    std::optional<uint64_t> only;
};

// What a dying process says; written before each run, since a signal handler cannot format.
char last_words[512];

void say_last_words() {
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, last_words, strlen(last_words));
}

void die_of(int signal_number) {
    say_last_words();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void prepare_for_death() {
    signal(SIGABRT, die_of);
    if (__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(say_last_words);
        return;  // its own handlers say more about the other signals
    }
    for (const int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        signal(signal_number, die_of);
    }
}

// Draws for one run, one after another.
class Draws {
  public:
    Draws(uint64_t seed, uint64_t run)
        : stream_(seed, firebreak::base::Stream::kMutation), run_(run) {}
    size_t below(size_t bound) { return static_cast<size_t>(stream_.below(bound, run_, n_++)); }

  private:
    RandomStream stream_;
    uint64_t run_;
    uint64_t n_ = 0;
};

// Changes one thing. The bytes that parsers trip over come up more often than chance has them.
void mutate_once(Bytes& bytes, const std::vector<Bytes>& seeds, Draws& draw) {
    static constexpr uint8_t kTelling[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff,
                                           '"',  '\\', '{',  '}',  '[',  ']',  ',',  '\n'};
    const auto somewhere = [&] {
        return bytes.begin() + static_cast<std::ptrdiff_t>(draw.below(bytes.size() + 1));
    };
    const auto rest_after = [&](auto at) { return static_cast<size_t>(bytes.end() - at); };
    const auto at = somewhere();
    const auto some =
        static_cast<std::ptrdiff_t>(draw.below(std::min<size_t>(rest_after(at), 64) + 1));
    switch (draw.below(7)) {
        case 0:
            if (at != bytes.end()) {
                *at ^= static_cast<uint8_t>(1u << draw.below(8));
            }
            break;
        case 1:
            if (at != bytes.end()) {
                *at = kTelling[draw.below(std::size(kTelling))];
            }
            break;
        case 2:
            bytes.insert(at, kTelling[draw.below(std::size(kTelling))]);
            break;
        case 3:
            bytes.erase(at, at + some);
            break;
        case 4: {
            const Bytes copy(at, at + some);
            bytes.insert(somewhere(), copy.begin(), copy.end());
            break;
        }
        case 5:
            bytes.erase(at, bytes.end());
            break;
        default: {  // go on as another seed does
            const Bytes& other = seeds[draw.below(seeds.size())];
            const size_t from = draw.below(other.size() + 1);
            bytes.erase(at, bytes.end());
            bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from),
                         other.end());
        }
    }
}

// The seeds and draws of this run, for LLVMFuzzerMutate(), which can be passed neither.
const std::vector<Bytes>* seeds_of_run = nullptr;
Draws* draws_of_run = nullptr;

// Changes one thing and keeps the structure.
void mutate_structure(Bytes& bytes, const std::vector<Bytes>& seeds, Draws& draw) {
    seeds_of_run = &seeds;
    draws_of_run = &draw;
    const size_t size = bytes.size();
    const size_t max_size = 2 * size + 4096;
    bytes.resize(max_size);
    bytes.resize(LLVMFuzzerCustomMutator(bytes.data(), size, max_size,
                                         static_cast<unsigned int>(draw.below(1u << 31))));
}

// Run n < seeds.size() is a seed itself.
Bytes input_of_run(uint64_t run, const std::vector<Bytes>& seeds, uint64_t seed) {
    if (run < seeds.size()) {
        return seeds[run];
    }
    Draws draw(seed, run);
    Bytes bytes = seeds[draw.below(seeds.size())];
    for (size_t changes = 1 + draw.below(4); changes > 0; --changes) {
        if (LLVMFuzzerCustomMutator != nullptr && draw.below(2) == 0) {
            mutate_structure(bytes, seeds, draw);
        } else {
            mutate_once(bytes, seeds, draw);
        }
    }
    return bytes;
}

std::vector<Bytes> read_seeds(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    std::vector<Bytes> seeds;
    for (const auto& file : files) {
        if (auto bytes = firebreak::base::read_file(file, kMaxSeedBytes); bytes.ok()) {
            seeds.push_back(*std::move(bytes));
        }
    }
    return seeds;
}

std::optional<uint64_t> number(const char* text) {
    uint64_t value = 0;
    const char* end = text + strlen(text);
    const auto parsed = std::from_chars(text, end, value);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<Options> parse(int argc, char** argv) {
    if (argc < 2 || argc % 2 != 0) {
        return std::nullopt;
    }
    Options options;
    options.seeds = argv[1];
    for (int i = 2; i < argc; i += 2) {
        const std::string name = argv[i];
        const auto value = number(argv[i + 1]);
        if (!value) {
            return std::nullopt;
        }
        if (name == "--runs") {
            options.runs = *value;
        } else if (name == "--seed") {
            options.seed = *value;
        } else if (name == "--only") {
            options.only = *value;
        } else {
            return std::nullopt;
        }
    }
    return options;
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
    Bytes bytes(data, data + size);
    mutate_once(bytes, *seeds_of_run, *draws_of_run);
    bytes.resize(std::min(bytes.size(), max_size));
    std::ranges::copy(bytes, data);
    return bytes.size();
}

int main(int argc, char** argv) {
    const auto options = parse(argc, argv);
    if (!options) {
        fmt::print(stderr, "usage: {} SEEDS [--runs N] [--seed S] [--only RUN]\n", argv[0]);
        return 4;
    }
    const std::vector<Bytes> seeds = read_seeds(options->seeds);
    if (seeds.empty()) {
        fmt::print(stderr, "no seeds in {}\n", options->seeds.string());
        return 4;
    }
    prepare_for_death();
    const uint64_t first = options->only.value_or(0);
    const uint64_t end = options->only ? first + 1 : seeds.size() + options->runs;
    for (uint64_t run = first; run < end; ++run) {
        *fmt::format_to_n(last_words, sizeof last_words - 1,
                          "\nto repeat: {} {} --seed {} --only {}\n", argv[0],
                          options->seeds.string(), options->seed, run)
             .out = '\0';
        const Bytes input = input_of_run(run, seeds, options->seed);
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    fmt::print("{} runs from {} seeds, seed {}: nothing found\n", end - first, seeds.size(),
               options->seed);
    return 0;
}
