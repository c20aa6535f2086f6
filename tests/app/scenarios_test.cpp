// The scenarios that the project ships, as CI runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "support/process.h"

namespace firebreak::test {
namespace {

namespace fs = std::filesystem;

// Folders of scenarios/.
constexpr const char* kAttacks = "attacks";
constexpr const char* kExternal = "external";
constexpr const char* kSuites[] = {"fast", "policies"};

fs::path scenarios_dir() {
    return source_dir() / "scenarios";
}

// Names that begin with `_` are no scenarios of their own: others extend them.
bool is_scenario(const fs::path& file) {
    return file.extension() == ".toml" && !file.filename().string().starts_with("_");
}

size_t scenarios_in(const fs::path& folder) {
    const auto n = std::count_if(fs::directory_iterator(folder), fs::directory_iterator(),
                                 [](const fs::path& file) { return is_scenario(file); });
    EXPECT_GT(n, 0);
    return static_cast<size_t>(n);
}

// "11 of 11 scenarios passed": each is run so many times.
std::string all_passed(const fs::path& folder, size_t times) {
    const std::string n = std::to_string(times * scenarios_in(folder));
    return n + " of " + n + " scenarios passed";
}

class Suites : public testing::TestWithParam<const char*> {};

TEST_P(Suites, PassAsAWhole) {
    const fs::path place = scenarios_dir() / GetParam();
    const TemporaryFolder folder;
    const Finished done = run(
        {command_line_binary().string(), "suite", place.string(), "--out", "runs"}, folder.path());
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    EXPECT_THAT(done.out, testing::HasSubstr(all_passed(place, 1)));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Suites, testing::ValuesIn(kSuites),
                         [](const auto& suite) { return std::string(suite.param); });

// A scenario with somebody's own scanner, and the program that it takes.
struct External {
    const char* name;
    const char* program;
};

void PrintTo(const External& external, std::ostream* out) {
    *out << external.name;
}

constexpr External kExternals[] = {{"yara", "/usr/bin/yara"}, {"clamscan", "/usr/bin/clamscan"}};

class Externals : public testing::TestWithParam<External> {
  protected:
    fs::path scenario() const {
        return scenarios_dir() / kExternal / (std::string(GetParam().name) + ".toml");
    }
    Finished firebreak(std::vector<std::string> words) const {
        words.insert(words.begin(), command_line_binary().string());
        return run(words, folder_.path());
    }
    TemporaryFolder folder_;
};

// By a copy of the program that is gone afterwards: the record stands for it.
TEST_P(Externals, HoldAndAreReplayedWithoutTheirProgram) {
    if (!fs::exists(GetParam().program)) {
        GTEST_SKIP() << GetParam().program << " is not on this machine";
    }
    fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_exec);
    const fs::path copy = folder_.path() / "scanner";
    fs::copy(GetParam().program, copy);
    const Finished first = firebreak({"run", scenario().string(), "--out", "one.fbrun", "--set",
                                      "scanner.command=" + copy.string()});
    EXPECT_EQ(first.code, 0) << first.out << first.err;
    EXPECT_THAT(first.out, testing::HasSubstr("; scanner: " + copy.string() + " "));
    fs::remove(copy);
    const Finished again =
        firebreak({"replay", "one.fbrun", "--fixtures", fixtures_dir().string()});
    EXPECT_EQ(again.code, 0) << again.out << again.err;
}

class ReplayOfModels : public testing::Test {
  protected:
    Finished firebreak(std::vector<std::string> words) const {
        words.insert(words.begin(), command_line_binary().string());
        return run(words, folder_.path());
    }
    TemporaryFolder folder_;
};

// Of what the release in telemetry said, the next one's promotion is decided by.
TEST_F(ReplayOfModels, HasTheScoresOfTelemetryBesideThoseOfTheLiveModel) {
    const Finished done =
        firebreak({"run", (scenarios_dir() / "fast/model-goes-live.toml").string(), "--out",
                   "models.fbrun", "--quiet", "--json", "-"});
    ASSERT_EQ(done.code, 0) << done.err;
    const auto models = nlohmann::json::parse(done.out)["models"];
    std::map<std::string, nlohmann::json> by_name;
    for (const auto& one : models) {
        const std::string release = one["release"].is_null() ? "baseline" : one["release"];
        by_name[release + " " + std::string(one["slot"])] = one;
    }
    ASSERT_EQ(by_name.size(), 4u) << models.dump(1);
    const auto& live = by_name.at("models-2 live");
    const auto& next = by_name.at("models-2 telemetry");
    EXPECT_EQ(live["version"], by_name.at("baseline live")["version"]);
    EXPECT_NE(next["version"], live["version"]);
    EXPECT_EQ(next["version"], by_name.at("models-3 live")["version"]);
    for (const auto& [name, one] : by_name) {
        EXPECT_GT(one["programs_scored"], 1) << name;
        EXPECT_EQ(one["programs_scored"], live["programs_scored"]) << name;
        EXPECT_EQ(one["at_threshold"], 0) << name;
        EXPECT_EQ(one["no_score"], 0) << name;
        EXPECT_GT(one["highest"], one["mean"]) << name;
    }
    EXPECT_EQ(by_name.at("models-3 live")["mean"], next["mean"]) << "the same model, promoted";
    EXPECT_NE(next["mean"], live["mean"]);
}

// What a release is made of is found from wherever a replay is started.
TEST_F(ReplayOfModels, NeedsNoWorkingFolderOfItsOwn) {
    const Finished first = firebreak(
        {"run", (scenarios_dir() / "fast/model-goes-live.toml").string(), "--out", "models.fbrun"});
    EXPECT_EQ(first.code, 0) << first.out << first.err;
    const Finished again =
        firebreak({"replay", "models.fbrun", "--fixtures", fixtures_dir().string()});
    EXPECT_EQ(again.code, 0) << again.out << again.err;
}

TEST_P(Externals, SayWhatToInstallWhereTheirProgramIsMissing) {
    const Finished done =
        firebreak({"run", scenario().string(), "--set", "scanner.command=/usr/bin/no-such-scanner",
                   "--set", "scanner.package=no-such-package"});
    EXPECT_NE(done.code, 0);
    EXPECT_THAT(done.err, testing::HasSubstr("/usr/bin/no-such-scanner"));
    EXPECT_THAT(done.err, testing::HasSubstr("apt-get install no-such-package"));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Externals, testing::ValuesIn(kExternals),
                         [](const auto& external) { return std::string(external.param.name); });

TEST(ExternalScenarios, AreAllTested) {
    EXPECT_EQ(scenarios_in(scenarios_dir() / kExternal), std::size(kExternals));
}

// What comes of an attack under each profile.
struct Standings {
    std::string published, hardened;
    friend bool operator==(const Standings&, const Standings&) = default;
};

void PrintTo(const Standings& standings, std::ostream* out) {
    *out << "published " << standings.published << ", hardened " << standings.hardened;
}

using Matrix = std::map<std::string, Standings>;

// What The Update Framework and Uptane predict of a channel whose packages are time-stamped and
// signed, and of one that has their defences. Of its rows, endless data and rollback stand for two
// attacks each here. Where the prediction is "weak" or "depends", README.md says what came out.
const Matrix& predicted() {
    static const Matrix kPredicted = {
        {"arbitrary software", {"held", "held"}},
        {"rollback", {"held", "held"}},
        {"rollback after state loss", {"fell", "held"}},
        {"indefinite freeze", {"fell", "held"}},
        {"fast-forward", {"fell", "held"}},
        {"endless data", {"fell", "held"}},
        {"decompression bomb", {"fell", "held"}},
        {"slow retrieval", {"fell", "held"}},
        {"mix and match", {"fell", "held"}},
        {"partial bundle", {"fell", "held"}},
        {"wrong software", {"fell", "held"}},
        {"cross-group replay", {"fell", "held"}},
        {"key compromise", {"fell", "held"}},
        {"malicious mirror", {"contained", "held"}},
        {"drop request", {"fell", "held"}},
        {"wrong clock", {"held", "held"}},
    };
    return kPredicted;
}

Matrix matrix_in(const fs::path& json) {
    Matrix out;
    for (const auto& run : nlohmann::json::parse(contents(json))) {
        const auto& attack = run.at("attack");
        EXPECT_EQ(attack.at("verdict"), attack.at("expected")) << attack;
        EXPECT_NE(attack.at("evidence"), "") << attack;
        Standings& row = out[attack.at("row")];
        std::string& cell = attack.at("profile") == "hardened" ? row.hardened : row.published;
        EXPECT_EQ(cell, "") << "two runs of " << attack;
        cell = attack.at("verdict");
    }
    return out;
}

TEST(Attacks, ComeToWhatIsPredictedUnderEachProfile) {
    const fs::path place = scenarios_dir() / kAttacks;
    const TemporaryFolder folder;
    const Finished done = run({command_line_binary().string(), "suite", place.string(), "--out",
                               "runs", "--json", "suite.json", "--html", "suite.html"},
                              folder.path());
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    EXPECT_THAT(done.out, testing::HasSubstr(all_passed(place, 2))) << "one for each profile";
    EXPECT_EQ(matrix_in(folder.path() / "suite.json"), predicted());
    EXPECT_THAT(contents(folder.path() / "suite.html"),
                testing::HasSubstr("hardened: of 16 attacks 16 held."));
}

// One that nobody runs proves nothing.
TEST(Scenarios, AllStandInAFolderThatASuiteRuns) {
    for (const auto& entry : fs::recursive_directory_iterator(scenarios_dir())) {
        if (is_scenario(entry.path())) {
            const fs::path folder = fs::relative(entry.path().parent_path(), scenarios_dir());
            EXPECT_THAT(folder.string(),
                        testing::AnyOf(kAttacks, kExternal, testing::AnyOfArray(kSuites)))
                << entry.path();
        }
    }
}

// Others extend it, or it is a dead file.
TEST(Scenarios, ThatAreNoneOfTheirOwnAreExtendedByOthers) {
    std::string all;
    std::set<std::string> bases;
    for (const auto& entry : fs::recursive_directory_iterator(scenarios_dir())) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        all += contents(entry.path());
        if (!is_scenario(entry.path())) {
            bases.insert(entry.path().filename().string());
        }
    }
    EXPECT_FALSE(bases.empty());
    for (const std::string& base : bases) {
        EXPECT_THAT(all, testing::HasSubstr(base + "\"")) << "nothing extends it";
    }
}

}  // namespace
}  // namespace firebreak::test
