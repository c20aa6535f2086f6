// The account of every number that a run depends on.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenario/examples.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

constexpr std::string_view kShort = R"(schema = 1
title = "Short"
start = 2026-03-02T00:00:00Z
duration = "1d"
[[group]]
name = "all"
stage = "public"
endpoints = 1
personas = { server = 1 }
[[baseline]]
feed = "DatasetA"
version = "1"
source = "good/x"
)";

class Settings : public testing::Test {
  protected:
    void read(std::string_view text) {
        ASSERT_OK_AND(const Experiment experiment, parse(text, kFile));
        settings_ = experiment.settings;
    }
    // "value", "value (given)", or "not in force".
    std::string told(std::string_view section, std::string_view key) const {
        const auto found =
            std::find_if(settings_.begin(), settings_.end(), [&](const Setting& setting) {
                return setting.section == section && setting.key == key;
            });
        if (found == settings_.end()) {
            return "not in force";
        }
        return found->given ? found->value + " (given)" : found->value + ": " + found->source;
    }
    std::vector<Setting> settings_;
};

TEST_F(Settings, TellDefaultsAndWhereTheyComeFrom) {
    read(kShort);
    EXPECT_EQ(told("policy", "staged"), "true: published: the modelled vendor, 2024");
    EXPECT_EQ(told("policy", "internal_after"), "by_hand: published: the modelled vendor, 2024");
    EXPECT_EQ(told("policy", "public_interval"), "6h: assumed");
    EXPECT_EQ(told("policy", "ramp"), "none: assumed");
    EXPECT_EQ(told("policy", "halt.share"), "0.1%: assumed");
    EXPECT_EQ(told("policy", "halt.by"), "machine: assumed");
    EXPECT_EQ(told("policy", "test.false_alarms"), "none: assumed");
    EXPECT_EQ(told("signal.telemetry", "interval"), "1d: published: the modelled vendor, 2024");
    EXPECT_EQ(told("signal.telemetry", "loss"), "1%: assumed");
    EXPECT_EQ(told("signal.crash_report", "background"), "1e-06: assumed");
    EXPECT_EQ(told("people", "hours.from"), "8: assumed");
    EXPECT_EQ(told("crew", "reboot_every"), "3d: assumed");
    EXPECT_EQ(told("recovery", "boot_loop"),
              "by_hand: published: mostly hands-on, CrowdStrike 2024");
    EXPECT_EQ(told("load_context", "DatasetA"), "userspace: published: the modelled vendor, 2024");
}

TEST_F(Settings, TellWhatWasGiven) {
    read(kEveryKey);
    EXPECT_EQ(told("policy", "ramp"), "1% after 0s, 100% after 1d (given)");
    EXPECT_EQ(told("policy", "ramp_by"), "tenant (given)");
    EXPECT_EQ(told("policy", "cdn_ttl"), "0s (given)");
    EXPECT_EQ(told("policy", "halt.share"), "0.25% (given)");
    EXPECT_EQ(told("policy", "halt.withdraw"), "false (given)");
    EXPECT_EQ(told("policy", "test.worth_finding"), "0.0003 (given)");
    EXPECT_EQ(told("signal.alert", "delay"), "10m (given)");
    EXPECT_EQ(told("signal.alert", "loss"), "0%: assumed");
    EXPECT_EQ(told("crew", "hours.from"), "7 (given)");
    EXPECT_EQ(told("crew", "hours.until"), "18: assumed");
    EXPECT_EQ(told("recovery", "network_lost"), "reboot (given)");
    EXPECT_EQ(told("load_context", "DatasetA"), "kernel (given)");
    EXPECT_EQ(told("scanner", "command"), "/usr/bin/grep (given)");
    EXPECT_EQ(told("scanner", "scan"), "-H {content} {subject} (given)");
    EXPECT_EQ(told("scanner", "limits.cpu"), "3s (given)");
}

TEST_F(Settings, LeaveOutWhatOthersPutOutOfForce) {
    read(kEveryKey);
    EXPECT_EQ(told("policy", "public_interval"), "not in force");  // there is a ramp
    EXPECT_EQ(told("load_context", "ESH"), "not in force");        // nobody publishes it
    read(kShort);
    EXPECT_EQ(told("policy", "ramp_by"), "not in force");
    EXPECT_EQ(told("policy", "test.worth_finding"), "not in force");
    read(std::string(kShort) + "[policy]\nstaged = false\n");
    for (const char* key : {"internal_after", "public_after", "public_interval", "ramp"}) {
        EXPECT_EQ(told("policy", key), "not in force");
    }
}

TEST_F(Settings, ComeOnceEachSectionBySection) {
    read(kEveryKey);
    std::vector<std::string> sections, keys;
    for (const Setting& setting : settings_) {
        if (sections.empty() || sections.back() != setting.section) {
            sections.push_back(setting.section);
        }
        keys.push_back(setting.section + " " + setting.key);
        EXPECT_EQ(setting.source.empty(), setting.given) << keys.back();
        EXPECT_TRUE(setting.given || setting.source == "assumed" ||
                    setting.source.starts_with("published: "))
            << setting.source;
    }
    EXPECT_EQ(sections, (std::vector<std::string>{"policy", "update", "sandbox", "protection",
                                                  "scanner", "signal.alert", "signal.crash_report",
                                                  "signal.telemetry", "signal.support_call",
                                                  "signal.false_positive_report", "signal.silence",
                                                  "people", "crew", "recovery", "load_context"}));
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST_F(Settings, OfAPolicyMayBeTakenBackByAnother) {
    const auto policy = [](std::string_view more) {
        auto result = parse(std::string(kShort) + "[policy]\n" + std::string(more), kFile);
        EXPECT_TRUE(result.ok()) << result.error().text();
        return result.ok() ? result->policy : Policy{};
    };
    EXPECT_EQ(policy("internal_after = \"by_hand\"").internal_after, std::nullopt);
    EXPECT_EQ(policy("ramp = []").ramp, std::vector<Step>{});
    EXPECT_EQ(policy("ramp = []\nramp_by = \"tenant\"").ramp, std::vector<Step>{});
    EXPECT_EQ(policy("test = { false_alarms = \"none\", worth_finding = 1 }").false_alarms,
              std::nullopt);
    EXPECT_EQ(policy("public_interval = \"0s\"").public_interval, base::Duration{0});
}

}  // namespace
}  // namespace firebreak::scenario
