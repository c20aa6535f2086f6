// How releases are staged and halted.
#include <fmt/format.h>

#include "base/text.h"
#include "scenario/settings_reader.h"

namespace firebreak::scenario {

namespace {

using base::Duration;
using base::Result;
using base::Status;
using base::TomlTable;

// "6h", or by hand.
Result<std::optional<Duration>> read_bake_time(SettingsReader& in, std::string_view key) {
    std::optional<TomlTable>& toml = in.toml();
    if (!in.has(key)) {
        in.note(key, std::string(kByHand));
        return std::optional<Duration>();
    }
    if (toml->is_string(key)) {
        FB_TRY(const std::string word, toml->string(key));
        if (word == kByHand) {
            in.note(key, word);
            return std::optional<Duration>();
        }
        if (!base::parse_duration(word).ok()) {
            return toml->error(key,
                               fmt::format("`{}` cannot be `{}`", key, base::printable(word, 60)),
                               "write a duration such as \"12h\", or \"by_hand\"");
        }
    }
    FB_TRY(const Duration after, in.delay(key, {}));
    return std::optional(after);
}

// Zero: all public groups at once.
Result<Duration> read_interval(SettingsReader& in, Duration fallback) {
    constexpr std::string_view kKey = "public_interval";
    if (in.has(kKey)) {
        FB_TRY(const Duration given, in.toml()->duration(kKey));
        if (given.seconds == 0) {
            return in.duration(kKey, fallback);
        }
    }
    return in.delay(kKey, fallback);
}

Result<Step> read_step(TomlTable in, const std::vector<Step>& before) {
    FB_CHECK(allow(in, *policy_format().at("ramp").table));
    Step out;
    FB_TRY(out.share, in.share("share"));
    FB_TRY(out.after, in.duration("after"));
    FB_CHECK(in.finish());
    if (out.share <= (before.empty() ? 0 : before.back().share)) {
        return in.error("share", "a step of the ramp that adds nobody",
                        "write shares that ascend, from above 0% to 100%");
    }
    if (!before.empty() && out.after < Duration{before.back().after.seconds + kSlice.seconds}) {
        return in.error("after", "steps of the ramp that the lab cannot tell apart",
                        "it decides in slices of five minutes: write each at least 5m after the "
                        "one before");
    }
    return out;
}

std::string ramp_text(const std::vector<Step>& ramp) {
    std::string out;
    for (const Step& step : ramp) {
        out += fmt::format("{}{} after {}", out.empty() ? "" : ", ", share_text(step.share),
                           exact_text(step.after));
    }
    return out.empty() ? "none" : out;
}

Status read_ramp(SettingsReader& in, Policy& out) {
    if (in.has("ramp")) {
        FB_TRY(const std::vector<TomlTable> tables, in.toml()->tables("ramp"));
        for (const TomlTable& table : tables) {
            FB_TRY(const Step step, read_step(table, out.ramp));
            out.ramp.push_back(step);
        }
        if (!out.ramp.empty() && out.ramp.back().share < 1) {
            return in.toml()->error("ramp", "the ramp ends before everybody has the release",
                                    "add a last step with share = \"100%\"");
        }
    } else if (in.has("ramp_by")) {
        return in.toml()->error("ramp_by", "`ramp_by` without a ramp", "add `ramp`, or remove it");
    }
    in.note("ramp", ramp_text(out.ramp));
    FB_TRY(out.ramp_by_tenant, in.word("ramp_by", kRampBy, out.ramp_by_tenant));
    return {};
}

Status read_halt(SettingsReader in, Policy& out) {
    FB_TRY(out.halt_share, in.share("share", out.halt_share));
    if (out.halt_share <= 0) {
        return in.toml()->error("share", "`share` is zero: every release would be halted",
                                "write it above 0%, such as \"0.1%\"");
    }
    FB_TRY(const int64_t reports, in.integer("reports", out.halt_reports));
    out.halt_reports = static_cast<uint32_t>(reports);
    FB_TRY(out.halt_on_alerts, in.boolean("on_alerts", out.halt_on_alerts));
    FB_TRY(out.halt_by, in.word("by", kDeciders, out.halt_by));
    FB_TRY(out.withdraw, in.boolean("withdraw", out.withdraw));
    return in.finish();
}

// "1%", or no tests.
Status read_false_alarms(SettingsReader& in, Policy& out) {
    constexpr std::string_view kKey = "false_alarms";
    if (in.has("worth_finding") && !in.has(kKey)) {
        return in.toml()->error("worth_finding", "`worth_finding` without tests",
                                "add `false_alarms`, such as \"1%\"");
    }
    if (!in.has(kKey)) {
        in.note(kKey, std::string(kNoTests));
        return {};
    }
    if (in.toml()->is_string(kKey)) {
        FB_TRY(const std::string word, in.toml()->string(kKey));
        if (word == kNoTests) {
            in.note(kKey, word);
            return {};
        }
    }
    FB_TRY(out.false_alarms, in.share(kKey, 0));
    if (*out.false_alarms <= 0 || *out.false_alarms >= 1) {
        return in.toml()->error(kKey, "no test can have such a chance of a false alarm",
                                "write it above 0% and below 100%, or \"none\" for no tests");
    }
    return {};
}

Status read_tests(SettingsReader in, Policy& out) {
    FB_CHECK(read_false_alarms(in, out));
    FB_TRY(out.worth_finding_per_h, in.number("worth_finding", out.worth_finding_per_h));
    return in.finish();
}

// Leaves out what others put out of force.
void drop_idle(const Policy& policy, std::vector<Setting>& settings) {
    std::erase_if(settings, [&policy](const Setting& setting) {
        const std::string& key = setting.key;
        const bool of_stages = key == "internal_after" || key == "public_after" ||
                               key == "public_interval" || key == "ramp";
        return (of_stages && !policy.staged) ||
               (key == "public_interval" && !policy.ramp.empty()) ||
               (key == "ramp_by" && (policy.ramp.empty() || !policy.staged)) ||
               (key == "test.worth_finding" && !policy.false_alarms);
    });
}

}  // namespace

Result<Policy> read_policy(TomlTable& root, std::vector<Setting>& settings) {
    Policy out;
    FB_TRY(SettingsReader in, SettingsReader::open(root, policy_format(), settings));
    FB_TRY(out.staged, in.boolean("staged", out.staged));
    FB_TRY(out.gates, in.boolean("gates", out.gates));
    FB_TRY(out.internal_after, read_bake_time(in, "internal_after"));
    FB_TRY(out.public_after, read_bake_time(in, "public_after"));
    FB_TRY(out.public_interval, read_interval(in, out.public_interval));
    FB_CHECK(read_ramp(in, out));
    FB_TRY(out.cdn_ttl, in.duration("cdn_ttl", out.cdn_ttl));
    FB_TRY(out.download, in.duration("download", out.download));
    FB_TRY(SettingsReader halt, in.table("halt"));
    FB_CHECK(read_halt(std::move(halt), out));
    FB_TRY(SettingsReader test, in.table("test"));
    FB_CHECK(read_tests(std::move(test), out));
    FB_CHECK(in.finish());
    drop_idle(out, settings);
    return out;
}

}  // namespace firebreak::scenario
