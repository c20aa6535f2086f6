// What each model of fixtures/models comes to, against the table of its README: in a process of its
// own, with the limits that matter to it. The sandbox proper is tests/sandbox's.
#include <gtest/gtest.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <sstream>

#include "endpoint/models/model_host.h"
#include "endpoint/models/samples.h"
#include "support/process.h"

namespace firebreak::endpoint::models {
namespace {

constexpr size_t kFiles = 200;  // more than a hundred
constexpr rlim_t kMoreMemory = 256u << 20;

// What a model may not do once it is loaded.
void forbid_files_and_sockets() {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    for (const int call : {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(socket), SCMP_SYS(connect),
                           SCMP_SYS(clone), SCMP_SYS(fork), SCMP_SYS(execve)}) {
        seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
    }
    if (seccomp_load(filter) != 0) {
        _exit(1);
    }
    seccomp_release(filter);
}

rlim_t memory_in_use() {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void say(int to, const std::string& text) {
    if (write(to, text.data(), text.size()) < 0) {
        _exit(1);
    }
}

// In the child: loads, scores, says how far it came and what came of it.
void live_with(const std::string& name, const std::vector<FeatureVector>& files, int to) {
    ModelHost host(1);
    // The model's own name: packed-next is a `packed`.
    const std::string model = name == "packed-next" ? "packed" : name;
    if (const auto refusal = host.load(model + ".live.so", test::model_path(name).string(),
                                       test::model_bytes(name))) {
        return say(to, "load, refused: " + std::string(to_text(refusal->code)));
    }
    say(to, "run, ");
    const rlimit memory = {memory_in_use() + kMoreMemory, RLIM_INFINITY};
    forbid_files_and_sockets();
    setrlimit(RLIMIT_AS, &memory);
    size_t detected = 0;
    for (const FeatureVector& file : files) {
        const SlotScore score = host.score(file, 0).front();
        if (score.refusal) {
            return say(to, "refused: " + std::string(to_text(score.refusal->code)));
        }
        detected += score.detected ? 1 : 0;
    }
    const bool half = detected > files.size() * 3 / 10 && detected < files.size() * 7 / 10;
    say(to, half                           ? "calls half of all plain programs malicious"
            : detected * 20 > files.size() ? "calls many plain programs malicious"
                                           : "works");
}

std::string cause_of(int signal) {
    switch (signal) {
        case SIGSYS:
            return "a forbidden system call";
        case SIGXCPU:
            return "its processor time";
        default:
            return std::string("SIG") + sigabbrev_np(signal);
    }
}

std::string read_all(int from) {
    std::string text;
    char buffer[256];
    for (ssize_t size = 0; (size = read(from, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<size_t>(size));
    }
    return text;
}

// "run, killed by SIGSEGV".
std::string verdict_on(const std::string& name, const std::vector<FeatureVector>& files) {
    int ends[2];
    if (pipe(ends) != 0) {
        return "no pipe";
    }
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        for (const int signal_number : {SIGSEGV, SIGBUS, SIGABRT}) {
            signal(signal_number, SIG_DFL);  // a sanitizer's would say it otherwise
        }
        const rlimit no_core = {0, 0}, time = {1, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_CPU, &time);
        live_with(name, files, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    const std::string said = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) {
        return said;
    }
    return (said.empty() ? "load, " : said) + "killed by " + cause_of(WTERMSIG(status));
}

// Rows of the table: `| name | what it does | verdict |`.
std::map<std::string, std::string> expected_verdicts() {
    std::istringstream readme(
        firebreak::test::contents(firebreak::test::fixtures_dir() / "models/README.md"));
    std::map<std::string, std::string> verdicts;
    for (std::string line; std::getline(readme, line);) {
        const size_t name_end = line.find("` | ");
        const size_t last = line.rfind(" | ");
        if (line.starts_with("| `") && name_end != std::string::npos && line.ends_with(" |")) {
            verdicts[line.substr(3, name_end - 3)] = line.substr(last + 3, line.size() - last - 5);
        }
    }
    return verdicts;
}

TEST(ModelFixtures, ComeToWhatTheirTableSays) {
    const auto expected = expected_verdicts();
    std::vector<FeatureVector> files;
    for (size_t n = 0; n < kFiles; ++n) {
        files.push_back(features_of(test::plain_program(n)));
    }
    size_t built = 0;
    for (const auto& entry : std::filesystem::directory_iterator(FIREBREAK_MODEL_DIR)) {
        const std::string name = entry.path().stem().string();
        ASSERT_TRUE(expected.contains(name)) << name << " is not in the table";
        EXPECT_EQ(verdict_on(name, files), expected.at(name)) << name;
        ++built;
    }
    EXPECT_EQ(built, expected.size()) << "the table names models that are not built";
}

}  // namespace
}  // namespace firebreak::endpoint::models
