#include "scenario/schema.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "content/catalogue.h"
#include "scenario/format.h"

namespace firebreak::scenario {

namespace {

using nlohmann::ordered_json;

ordered_json reference(const std::string& name) {
    return {{"$ref", "#/$defs/" + name}};
}

// A number without a fraction as JSON has it: 20000000, not 20000000.0.
ordered_json bound(double value) {
    constexpr double kTooLarge = 9223372036854775808.0;  // 2^63: stands for the largest integer
    if (value >= kTooLarge) {
        return std::numeric_limits<int64_t>::max();
    }
    const auto whole = static_cast<int64_t>(value);
    return value == static_cast<double>(whole) ? ordered_json(whole) : ordered_json(value);
}

void add_range(ordered_json& out, const Key& key) {
    out[key.above_min ? "exclusiveMinimum" : "minimum"] = bound(key.min);
    out["maximum"] = bound(key.max);
}

ordered_json list_of(ordered_json items) {
    return {{"type", "array"}, {"items", std::move(items)}};
}

ordered_json table_schema(const Table& table);

ordered_json text_schema(const Key& key) {
    switch (key.type) {
        case Type::kLine:
            return {{"type", "string"}, {"minLength", 1}, {"maxLength", 200}};
        case Type::kTime:
            return {{"type", "string"}, {"format", "date-time"}};
        case Type::kVersion:
            return {{"type", "string"}, {"pattern", "^[A-Za-z0-9._-]{1,64}$"}};
        case Type::kSource:
            return {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}};
        case Type::kBeside:
            return {{"type", "string"}, {"pattern", "^\\./"}, {"maxLength", 1000}};
        case Type::kFingerprint:
            return {{"type", "string"}, {"pattern", "^[0-9a-f]{4}(-[0-9a-f]{4}){3}$"}};
        case Type::kWord:
            return {{"enum", key.words}};
        default:
            return {{"type", "string"}};
    }
}

ordered_json number_schema(const Key& key) {
    ordered_json out{{"type", key.type == Type::kInteger ? "integer" : "number"}};
    add_range(out, key);
    return out;
}

ordered_json share_schema(const Key& key) {
    ordered_json number{{"type", "number"}};
    number[key.above_min ? "exclusiveMinimum" : "minimum"] = 0;
    number["maximum"] = 1;
    ordered_json any = ordered_json::array({reference("percentage"), number});
    if (key.type == Type::kShareOrWord) {
        any.push_back({{"enum", key.words}});
    }
    return {{"anyOf", any}};
}

// What the key's value must look like.
ordered_json value_schema(const Key& key) {
    switch (key.type) {
        case Type::kSchemaVersion:
            return {{"const", 1}};
        case Type::kName:
            return reference("name");
        case Type::kPlatform:
            return reference("platform");
        case Type::kNames: {
            ordered_json out = list_of(reference("name"));
            out["uniqueItems"] = true;
            return out;
        }
        case Type::kTexts:
            return list_of({{"type", "string"}});
        case Type::kIntegers: {
            ordered_json item{{"type", "integer"}};
            add_range(item, key);
            return list_of(item);
        }
        case Type::kFiles: {
            const ordered_json name{{"type", "string"}, {"minLength", 1}};
            return {{"anyOf", ordered_json::array({name, list_of(name)})}};
        }
        case Type::kBoolean:
            return {{"type", "boolean"}};
        case Type::kInteger:
        case Type::kNumber:
            return number_schema(key);
        case Type::kShare:
        case Type::kShareOrWord:
            return share_schema(key);
        case Type::kDuration:
            return reference("duration");
        case Type::kDurationOrWord: {
            const ordered_json words{{"enum", key.words}};
            return {{"anyOf", ordered_json::array({words, reference("duration")})}};
        }
        case Type::kFeed:
            return reference("feed");
        case Type::kWeights:
            return reference("weights");
        case Type::kBound:
            return reference("bound");
        case Type::kTable:
            return table_schema(*key.table);
        case Type::kTables:
            return list_of(reference(key.table->name));
        default:
            return text_schema(key);
    }
}

ordered_json fallback_of(const Key& key) {
    const bool plain =
        key.type == Type::kBoolean || key.type == Type::kInteger || key.type == Type::kNumber;
    return plain ? ordered_json::parse(key.fallback) : ordered_json(key.fallback);
}

ordered_json key_schema(const Key& key) {
    ordered_json out = ordered_json::object();
    if (!key.description.empty()) {
        out["description"] = key.description;
    }
    const ordered_json value = value_schema(key);
    for (const auto& [name, part] : value.items()) {
        if (!out.contains(name)) {
            out[name] = part;
        }
    }
    if (!key.fallback.empty()) {
        out["default"] = fallback_of(key);
    }
    return out;
}

void add_choice(ordered_json& out, const Table& table) {
    ordered_json choice = ordered_json::object();
    for (const auto& keys : table.one_of) {
        choice["oneOf"].push_back({{"required", keys}});
    }
    const auto& [key, word] = table.but_for;
    if (key.empty()) {
        out.update(choice);
        return;
    }
    out["if"] = {{"properties", {{key, {{"const", word}}}}},
                 {"required", ordered_json::array({key})}};
    out["else"] = choice;
}

ordered_json table_schema(const Table& table) {
    ordered_json out{
        {"description", table.description}, {"type", "object"}, {"additionalProperties", false}};
    ordered_json required = ordered_json::array();
    ordered_json properties = ordered_json::object();
    for (const Key& key : table.keys) {
        if (key.required) {
            required.push_back(key.name);
        }
        properties[key.name] = key_schema(key);
    }
    if (!required.empty()) {
        out["required"] = required;
    }
    add_choice(out, table);
    out["properties"] = properties;
    return out;
}

// Tables of which a file may have several stand apart.
void add_lists(const Table& table, ordered_json& out) {
    for (const Key& key : table.keys) {
        if (key.table == nullptr) {
            continue;
        }
        if (key.type == Type::kTables) {
            out[key.table->name] = table_schema(*key.table);
        }
        add_lists(*key.table, out);
    }
}

ordered_json shared_definitions() {
    ordered_json feeds = ordered_json::array();
    for (const content::FeedInfo& info : content::catalogue()) {
        feeds.push_back(info.name);
    }
    constexpr const char* kSpan = "[0-9]+(\\.[0-9]+)?[smhd]";
    ordered_json out;
    out["name"] = {{"type", "string"}, {"pattern", "^[a-z0-9-]{1,40}$"}};
    out["platform"] = {{"type", "string"},
                       {"pattern", "^[a-z0-9-]{1,32}$"},
                       {"examples", {"windows-x64", "linux-x64"}}};
    out["duration"] = {{"type", "string"},
                       {"pattern", fmt::format("^{}( *{})* *$", kSpan, kSpan)},
                       {"examples", {"45s", "18m", "6h", "1.5h", "2d 6h"}}};
    out["percentage"] = {{"type", "string"},
                         {"pattern", "^[0-9]+(\\.[0-9]{1,6})?%$"},
                         {"examples", {"0.1%", "12%"}}};
    out["feed"] = {{"enum", feeds}};
    out["weights"] = {{"type", "object"},
                      {"minProperties", 1},
                      {"propertyNames", reference("name")},
                      {"additionalProperties",
                       {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 20'000'000}}}};
    out["bound"] = {{"anyOf", ordered_json::array({{{"type", "number"}, {"minimum", 0}},
                                                   reference("percentage"),
                                                   reference("duration")})}};
    return out;
}

}  // namespace

std::string json_schema() {
    ordered_json out{{"$schema", "https://ordered_json-schema.org/draft/2020-12/schema"},
                     {"$id", "https://firebreak.example/scenario.schema.ordered_json"},
                     {"title", "Firebreak scenario"}};
    out.update(table_schema(root_format()));
    out["$defs"] = shared_definitions();
    add_lists(root_format(), out["$defs"]);
    return out.dump(2) + "\n";
}

}  // namespace firebreak::scenario
