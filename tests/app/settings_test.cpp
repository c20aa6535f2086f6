// Settings on the command line, and the schema that editors read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/command_line.h"

namespace firebreak::test {
namespace {

using testing::HasSubstr;

class Settings : public testing::Test {
  protected:
    Settings() { std::ofstream(folder_.path() / "tiny.toml") << kScenario; }

    Finished firebreak(std::vector<std::string> words, const std::vector<std::string>& set = {}) {
        words.insert(words.begin(), command_line_binary().string());
        for (const std::string& one : set) {
            words.insert(words.end(), {"--set", one});
        }
        return run(words, folder_.path());
    }
    Finished run_with(const std::vector<std::string>& set) {
        return firebreak(
            {"run", "tiny.toml", "--fixtures", fixtures_dir().string(), "--json", "tiny.json"},
            set);
    }
    nlohmann::json json() const {
        return nlohmann::json::parse(contents(folder_.path() / "tiny.json"));
    }
    TemporaryFolder folder_;
};

TEST_F(Settings, OfTheCommandLineTakeThePlaceOfTheScenarios) {
    EXPECT_EQ(run_with({}).code, 0);
    const Finished late = run_with({"policy.cdn_ttl=23h"});
    EXPECT_EQ(late.code, 1) << late.err;
    EXPECT_THAT(late.out, HasSubstr("measured 0 of 20"));
    // By the id of a release, and the name of a group.
    const Finished other = run_with({"release.two.at=30m", "group.engineering.endpoints=21"});
    EXPECT_EQ(other.code, 1) << other.err;
    EXPECT_THAT(other.out, HasSubstr("measured 21 of 21"));
}

TEST_F(Settings, AreInTheReportAndInTheRunFile) {
    ASSERT_EQ(run_with({"seed=8", "policy.cdn_ttl=10m"}).code, 0);
    EXPECT_EQ(json()["seed"], 8);
    const std::string fingerprint = json()["fingerprint"];
    ASSERT_EQ(run_with({"seed=9", "policy.cdn_ttl=10m"}).code, 0);
    EXPECT_NE(json()["fingerprint"], fingerprint);
    const Finished replayed =
        firebreak({"replay", "runs/tiny-1.run", "--fixtures", fixtures_dir().string()});
    EXPECT_EQ(replayed.code, 0) << replayed.err;
    EXPECT_THAT(replayed.out, HasSubstr("Same fingerprint"));
}

TEST_F(Settings, HoldForEveryScenarioOfASuite) {
    fs::create_directory(folder_.path() / "suite");
    for (const char* name : {"a.toml", "b.toml"}) {
        fs::copy_file(folder_.path() / "tiny.toml", folder_.path() / "suite" / name);
    }
    const std::vector<std::string> suite = {"suite", "suite", "--fixtures",
                                            fixtures_dir().string()};
    const Finished passes = firebreak(suite);
    EXPECT_EQ(passes.code, 0) << passes.out << passes.err;
    const Finished fails = firebreak(suite, {"policy.cdn_ttl=23h"});
    EXPECT_EQ(fails.code, 1);
    EXPECT_THAT(fails.out, HasSubstr("0 of 2 scenarios passed"));
}

// One clear line each, and nothing is begun.
TEST_F(Settings, ThatNoScenarioCanHaveAreRefused) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"policy.cdn_tll=10m", "cdn_ttl"},
        {"polcy.cdn_ttl=10m", "policy"},
        {"release.three.at=2h", "three"},
        {"policy.cdn_ttl=soon", "soon"},
        {"policy.cdn_ttl", "="},
        {"=10m", "is no key"},
        {"group.engineering.endpoints=0", "endpoints"},
    };
    for (const auto& [setting, part] : cases) {
        const Finished done = run_with({setting});
        EXPECT_EQ(done.code, 4) << setting << done.err;
        EXPECT_THAT(done.err, HasSubstr(part)) << setting;
        EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
    }
    EXPECT_FALSE(fs::exists(folder_.path() / "runs"));
}

TEST_F(Settings, HaveASchemaThatTheCommandLinePrints) {
    const Finished done = firebreak({"schema"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out, contents(source_dir() / "resources" / "scenario.schema.json"))
        << "renew it: firebreak schema > resources/scenario.schema.json";
    const auto schema = nlohmann::json::parse(done.out);
    EXPECT_TRUE(schema["properties"]["policy"].is_object());
}

}  // namespace
}  // namespace firebreak::test
