// resources/scenario.schema.json must know the keys and words that the parser knows: no more, no
// fewer. The parser's are taken from what it says of a wrong one.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "scenario/examples.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

using nlohmann::json;
using Words = std::set<std::string>;

json schema() {
    std::ifstream file(test::source_dir() / "resources" / "scenario.schema.json");
    return json::parse(file);
}

// The words that an error's remedy lists behind `label`.
Words listed(const std::string& text, const std::string& label) {
    Words out;
    size_t at = text.find(label);
    EXPECT_NE(at, std::string::npos) << text;
    for (at += label.size(); at < text.size();) {
        const size_t end = std::min(text.find(", ", at), text.size());
        out.insert(text.substr(at, end - at));
        at = end + 2;
    }
    return out;
}

Words keys_of_parser(std::string_view from, std::string_view to) {
    const auto result = parse(changed(kEveryKey, from, to), kFile);
    return result.ok() ? Words{} : listed(result.error().text(), "valid keys: ");
}

Words words_of_parser(std::string_view from, std::string_view to) {
    const auto result = parse(changed(kEveryKey, from, to), kFile);
    return result.ok() ? Words{} : listed(result.error().text(), "valid: ");
}

Words keys_of(const json& object) {
    Words out;
    for (const auto& [key, value] : object.at("properties").items()) {
        out.insert(key);
    }
    return out;
}

Words words_of(const json& node) {
    return node.at("enum").get<Words>();
}

TEST(Schema, HasTheKeysOfTheParser) {
    const json root = schema();
    const json& parts = root.at("$defs");
    EXPECT_EQ(keys_of(root), keys_of_parser("seed = 42", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("group")), keys_of_parser("tenants = 2", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("policy")), keys_of_parser("gates = false", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("policy").at("properties").at("halt")),
              keys_of_parser("reports = 20", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("baseline")), keys_of_parser("version = \"2026.03.01\"", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("release")), keys_of_parser("expedited = true", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("act")), keys_of_parser("halt = \"rules-2\"", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("fault")), keys_of_parser("variants = 16", "zzz = 1"));
    EXPECT_EQ(keys_of(parts.at("expect")), keys_of_parser("at_most = 0", "zzz = 1"));
}

TEST(Schema, HasTheWordsOfTheParser) {
    const json parts = schema().at("$defs");
    const auto property = [&parts](const char* part, const char* key) {
        return words_of(parts.at(part).at("properties").at(key));
    };
    EXPECT_EQ(property("group", "stage"),
              words_of_parser("stage = \"engineering\"", "stage = \"zzz\""));
    EXPECT_EQ(property("release", "kind"), words_of_parser("kind = \"fix\"", "kind = \"zzz\""));
    EXPECT_EQ(property("act", "to"), words_of_parser("to = \"public\"", "to = \"zzz\""));
    EXPECT_EQ(property("fault", "kind"), words_of_parser("kind = \"bit_flip\"", "kind = \"zzz\""));
    EXPECT_EQ(property("fault", "target"),
              words_of_parser("target = \"package\"", "target = \"zzz\""));
    EXPECT_EQ(property("expect", "metric"),
              words_of_parser("metric = \"affected\"", "metric = \"zzz\""));
    EXPECT_EQ(words_of(parts.at("feed")),
              words_of_parser("[[baseline]]\nfeed = \"DatasetA\"", "[[baseline]]\nfeed = \"zzz\""));
}

// Keys that the parser needs are those without which it refuses a scenario.
TEST(Schema, RequiresWhatTheParserRequires) {
    const json root = schema();
    const std::pair<const char*, Words> expected[] = {
        {"group", {"name", "stage", "endpoints", "personas"}},
        {"baseline", {"feed", "version", "source"}},
        {"release", {"id", "feed", "source", "at"}},
        {"act", {"at"}},
        {"fault", {"kind", "feed"}},
        {"expect", {"metric"}},
    };
    for (const auto& [part, keys] : expected) {
        const std::string header = "[[" + std::string(part) + "]]\n";
        EXPECT_EQ(root.at("$defs").at(part).at("required").get<Words>(), keys) << part;
        for (const std::string& key : keys) {
            std::string text(kEveryKey);
            const size_t table = text.find(header);
            const size_t line = text.find("\n" + key + " = ", table) + 1;
            text.erase(line, text.find('\n', line) + 1 - line);
            EXPECT_ERROR(parse(text, kFile), "`" + key + "` is missing");
        }
    }
}

TEST(Schema, ExplainsEveryKey) {
    const json root = schema();
    const auto explained = [&root](const json& property) {
        const std::string reference = property.value("$ref", "");
        return property.contains("description") ||
               (!reference.empty() &&
                root.at(json::json_pointer(reference.substr(1))).contains("description"));
    };
    const auto check = [&](const json& object, const std::string& name) {
        for (const auto& [key, property] : object.at("properties").items()) {
            EXPECT_TRUE(explained(property)) << name << "." << key;
        }
        EXPECT_EQ(object.at("additionalProperties"), false) << name;
    };
    check(root, "root");
    check(root.at("$defs").at("policy").at("properties").at("halt"), "halt");
    for (const char* part : {"group", "policy", "baseline", "release", "act", "fault", "expect"}) {
        check(root.at("$defs").at(part), part);
    }
}

}  // namespace
}  // namespace firebreak::scenario
