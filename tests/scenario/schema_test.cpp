// The format is told once, in scenario/format.h. resources/scenario.schema.json is made of it, and
// parsers must take what it says: no more, no less.
#include "scenario/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "scenario/examples.h"
#include "scenario/format.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

namespace fs = std::filesystem;

// A table of the format, and where an instance of it stands in a scenario.
struct Instance {
    std::string path;
    const Table* table;
};

std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

// Every table once; of a list of tables its first one.
void add_tables(const std::string& path, const Table& table, std::vector<Instance>& out) {
    out.push_back({path, &table});
    for (const Key& key : table.keys) {
        if (key.type == Type::kTable) {
            add_tables(joined(path, key.name), *key.table, out);
        } else if (key.type == Type::kTables) {
            add_tables(joined(path, key.name) + ".0", *key.table, out);
        }
    }
}

std::vector<Instance> all_tables() {
    std::vector<Instance> out;
    add_tables("", root_format(), out);
    return out;
}

// A value that the type does not take.
std::string wrong_value(const Key& key) {
    switch (key.type) {
        case Type::kBoolean:
        case Type::kFeed:
        case Type::kBeside:
        case Type::kFingerprint:
            return "zzz";
        case Type::kWord:
            return "no-such-word";
        case Type::kSchemaVersion:
            return "2";
        case Type::kShare:
        case Type::kShareOrWord:
            return "200%";
        case Type::kNames:
            return "[1]";
        default:
            return "true";
    }
}

class Schema : public testing::Test {
  protected:
    base::Result<Experiment> with(std::string_view text, const std::string& key,
                                  const std::string& value) const {
        const fs::path file = folder_.path() / "a.toml";
        std::ofstream(file) << text;
        return load(file, std::vector{key + "=" + value});
    }
    test::TemporaryFolder folder_;
};

TEST_F(Schema, InResourcesIsMadeOfTheFormat) {
    const fs::path file = test::source_dir() / "resources" / "scenario.schema.json";
    ASSERT_OK_AND(const base::Bytes bytes, base::read_file(file, 1 << 20));
    EXPECT_TRUE(base::text_of(bytes) == json_schema())
        << "make it anew: firebreak schema > resources/scenario.schema.json";
}

TEST_F(Schema, IsJsonWhoseReferencesLead) {
    const auto schema = nlohmann::json::parse(json_schema());
    int references = 0;
    const std::function<void(const nlohmann::json&)> check = [&](const nlohmann::json& node) {
        if (node.is_object() && node.contains("$ref")) {
            ++references;
            const auto target = node.at("$ref").get<std::string>().substr(1);
            EXPECT_TRUE(schema.contains(nlohmann::json::json_pointer(target))) << target;
        }
        for (const auto& part : node) {
            if (part.is_structured()) {
                check(part);
            }
        }
    };
    check(schema);
    EXPECT_GT(references, 50);
}

TEST_F(Schema, ExplainsEveryTableAndKey) {
    for (const auto& [path, table] : all_tables()) {
        EXPECT_FALSE(table->description.empty()) << path;
        for (const Key& key : table->keys) {
            EXPECT_TRUE(!key.description.empty() || key.type == Type::kTable)
                << joined(path, key.name);
        }
    }
}

// A second bound beside the one that stands there is refused before its value is looked at.
bool is_second_bound(const Key& key) {
    return key.type == Type::kBound && key.name != "at_most";
}

TEST_F(Schema, HasTheTypesOfTheParser) {
    int checked = 0;
    for (const auto& [path, table] : all_tables()) {
        for (const Key& key : table->keys) {
            const std::string whole = joined(path, key.name);
            if (is_second_bound(key) || whole == "extends") {
                continue;
            }
            const auto result = with(kEveryKey, whole, wrong_value(key));
            ASSERT_FALSE(result.ok()) << whole;
            EXPECT_EQ(result.error().place, "--set " + whole) << result.error().text();
            ++checked;
        }
    }
    EXPECT_GT(checked, 120);
}

TEST_F(Schema, HasTheWordsOfTheParser) {
    for (const auto& [path, table] : all_tables()) {
        for (const Key& key : table->keys) {
            const std::string whole = joined(path, key.name);
            // Other feeds are not published here.
            if (key.type != Type::kWord || (path == "load_context" && key.name != "DatasetA")) {
                continue;
            }
            std::string listed;
            for (const std::string& word : key.words) {
                listed += (listed.empty() ? "valid: " : ", ") + word;
            }
            // Of machines that are cut off, fewer words apply than the message lists.
            const bool fewer = path == "recovery" && key.words.size() == 2;
            EXPECT_ERROR(with(kEveryKey, whole, "no-such-word"), fewer ? "by_hand" : listed);
        }
    }
}

TEST_F(Schema, HasTheRangesOfTheParser) {
    int checked = 0;
    for (const auto& [path, table] : all_tables()) {
        for (const Key& key : table->keys) {
            if ((key.type != Type::kInteger && key.type != Type::kNumber) || key.name == "seed") {
                continue;
            }
            const std::string whole = joined(path, key.name);
            const double step = key.type == Type::kInteger || !key.above_min ? 1 : 0;
            for (const double bad : {key.min - step, key.max + 1}) {
                const std::string text = std::to_string(static_cast<int64_t>(bad));
                EXPECT_FALSE(with(kEveryKey, whole, text).ok()) << whole << " = " << text;
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 20);
}

TEST_F(Schema, RequiresWhatTheParserRequires) {
    int checked = 0;
    for (const auto& [path, table] : all_tables()) {
        const std::string header = "[[" + table->name + "]]\n";
        if (kEveryKey.find(header) == std::string_view::npos) {
            continue;
        }
        for (const Key& key : table->keys) {
            if (!key.required) {
                continue;
            }
            std::string text(kEveryKey);
            const size_t line = text.find("\n" + key.name + " = ", text.find(header)) + 1;
            text.erase(line, text.find('\n', line) + 1 - line);
            EXPECT_ERROR(parse(text, kFile), "`" + key.name + "` is missing");
            ++checked;
        }
    }
    EXPECT_GT(checked, 15);
    EXPECT_ERROR(with(kEveryKey, "inventory", "{}"), "`file` is missing");
    EXPECT_ERROR(with(kEveryKey, "policy.ramp", "[{ share = 1 }]"), "`after` is missing");
    EXPECT_ERROR(with(kEveryKey, "policy.ramp", "[{ after = '1h' }]"), "`share` is missing");
}

// What the parser takes, an editor must not underline.
TEST_F(Schema, AsksAllReleasesButPlantsForATime) {
    const auto release = nlohmann::json::parse(json_schema()).at("$defs").at("release");
    EXPECT_FALSE(release.contains("oneOf"));
    EXPECT_EQ(release.at("if").dump(),
              R"({"properties":{"kind":{"const":"plant"}},"required":["kind"]})");
    EXPECT_EQ(release.at("else").dump(),
              R"({"oneOf":[{"required":["at"]},{"required":["fixes"]},{"required":["by_hand"]}]})");
    EXPECT_FALSE(release.contains("then"));
}

constexpr std::string_view kFewKeys = R"(schema = 1
title = "Few keys"
start = 2026-03-02T00:00:00Z
duration = "1d"
[policy]
ramp = [{ share = 1, after = "1h" }]
test = { false_alarms = "1%" }
[[group]]
name = "all"
stage = "public"
endpoints = 1
personas = { server = 1 }
[[release]]
id = "mend"
feed = "DatasetA"
source = "x"
fixes = "rules"
[[release]]
id = "rules"
feed = "DatasetA"
source = "x"
at = "1h"
[[baseline]]
feed = "DatasetA"
version = "0"
source = "x"
[[act]]
at = "2h"
halt = "rules"
[[fault]]
kind = "bit_flip"
feed = "DatasetA"
[[fault]]
kind = "replay"
feed = "DatasetA"
replayed = "baseline"
[scanner]
command = "/a"
check = ["{files}"]
scan = ["{files}", "{subject}"]
exit_codes = { clean = [0] }
[attack]
row = "rollback"
aim = "Old rules run."
held = [{ metric = "affected", at_most = 0 }]
contained = [{ metric = "affected", at_most = 0 }]
expect = { published = "held", hardened = "held" }
[[expect]]
metric = "affected"
at_most = 0
)";

Experiment without_traces(Experiment experiment) {
    experiment = without_places(std::move(experiment));
    experiment.toml.clear();
    for (Setting& setting : experiment.settings) {
        setting.given = false;
        setting.source.clear();
    }
    return experiment;
}

TEST_F(Schema, HasTheDefaultsOfTheParser) {
    ASSERT_OK_AND(const Experiment expected, parse(kFewKeys, kFile));
    int checked = 0;
    for (const auto& [path, table] : all_tables()) {
        for (const Key& key : table->keys) {
            // Heads are stolen for replays alone, which is what the second fault is.
            const bool of_replays = path == "fault.0" && key.name == "stolen_heads";
            const std::string whole = joined(of_replays ? "fault.1" : path, key.name);
            // Tests need a chance of false alarms, and other feeds are not published here.
            const bool elsewhere = whole == "policy.test.false_alarms" ||
                                   (path == "load_context" && key.name != "DatasetA");
            if (key.fallback.empty() || elsewhere) {
                continue;
            }
            ASSERT_OK_AND(const Experiment given, with(kFewKeys, whole, key.fallback));
            EXPECT_EQ(without_traces(given), without_traces(expected)) << whole;
            ++checked;
        }
    }
    EXPECT_GT(checked, 70);
}

}  // namespace
}  // namespace firebreak::scenario
