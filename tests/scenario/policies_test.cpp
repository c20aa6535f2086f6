// The policies that the project ships, to be extended by scenarios.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "base/toml_document.h"
#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
    return test::source_dir() / "scenarios" / "policies";
}

constexpr std::string_view kTinyFleet = R"(title = "x"
start = 2026-03-02T00:00:00Z
duration = "7d"
[policy]
public_interval = "1h"
ramp = [{ share = 1, after = "1h" }]
test = { false_alarms = "5%" }
[[group]]
name = "all"
stage = "public"
endpoints = 1
personas = { server = 1 }
)";

class Policies : public testing::Test {
  protected:
    // The policy in force for a scenario that extends another one and this.
    Policy policy(const std::string& name) const {
        std::ofstream(folder_.path() / "fleet.toml") << "schema = 1\n" << kTinyFleet;
        const fs::path file = folder_.path() / "a.toml";
        const fs::path way = fs::relative(folder() / ("_" + name + ".toml"), folder_.path());
        std::ofstream(file) << "schema = 1\nextends = [\"fleet.toml\", \"" << way.string()
                            << "\"]\n";
        const auto result = load(file);
        EXPECT_TRUE(result.ok()) << result.error().text();
        return result.ok() ? result->policy : Policy{};
    }

  private:
    const test::TemporaryFolder folder_;
};

constexpr const char* kPolicies[] = {"big-bang", "modelled", "ramp", "canary", "customer-delayed"};

// In user space and in the kernel.
TEST_F(Policies, AreEachTriedOnTheSameDefect) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) {
        names.insert(entry.path().filename());
    }
    std::set<std::string> expected = {"_defect.toml"};
    for (const std::string policy : kPolicies) {
        expected.insert("_" + policy + ".toml");
        expected.insert(policy + "-userspace.toml");
        expected.insert(policy + "-kernel.toml");
    }
    expected.insert("ramp-hardened.toml");  // one of them over signed heads
    EXPECT_EQ(names, expected);
}

TEST_F(Policies, SayNothingOfTheRestOfAScenario) {
    for (const std::string policy : kPolicies) {
        const fs::path file = folder() / ("_" + policy + ".toml");
        ASSERT_OK_AND(const base::TomlDocument document, base::TomlDocument::load(file));
        base::TomlTable root = document.root();
        EXPECT_TRUE(root.allow({"schema", "policy", "signal", "people", "crew"}).ok()) << file;
    }
}

TEST_F(Policies, DifferInHowTheyStage) {
    EXPECT_FALSE(policy("big-bang").staged);
    for (const char* name : {"modelled", "ramp", "canary", "customer-delayed"}) {
        EXPECT_TRUE(policy(name).staged) << name;
        EXPECT_TRUE(policy(name).gates) << name;
    }
    EXPECT_EQ(policy("modelled").public_after, std::nullopt);
    EXPECT_TRUE(policy("modelled").ramp.empty());
    EXPECT_EQ(policy("modelled").public_interval, base::hours(6));
    EXPECT_EQ(policy("ramp").ramp.size(), 3u);
    EXPECT_EQ(policy("canary").ramp.front(), (Step{0.01, base::hours(0)}));
    EXPECT_EQ(policy("canary").false_alarms, 0.01);
    EXPECT_TRUE(policy("customer-delayed").ramp_by_tenant);
}

// Whatever policy the fleet's own file has, the one that is extended last is in force.
TEST_F(Policies, LeaveNothingOfAnotherPolicyInForce) {
    for (const char* name : kPolicies) {
        const Policy in_force = policy(name);
        EXPECT_NE(in_force.ramp, (std::vector<Step>{{1, base::hours(1)}})) << name;
        EXPECT_NE(in_force.false_alarms, 0.05) << name;
        EXPECT_EQ(in_force.internal_after.has_value(),
                  std::string_view(name) != "big-bang" && std::string_view(name) != "modelled");
    }
}

}  // namespace
}  // namespace firebreak::scenario
