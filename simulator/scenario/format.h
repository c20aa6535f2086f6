// The format of scenario files, told once: parsers take their keys from here, and the JSON schema
// for editors is made of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/toml_table.h"

namespace firebreak::scenario {

// What a value looks like.
enum class Type : uint8_t {
    kSchemaVersion,
    kText,
    kLine,      // one line for people
    kName,      // 1 to 40 of [a-z0-9-]
    kPlatform,  // 1 to 32 of [a-z0-9-]
    kNames,     // a list of them
    kTexts,     // a list of any texts
    kIntegers,  // a list of integers in the key's range
    kFiles,     // a file's name, or a list of them
    kBoolean,
    kInteger,
    kNumber,
    kShare,
    kShareOrWord,
    kDuration,
    kDurationOrWord,
    kTime,
    kWord,
    kFeed,
    kVersion,
    kSource,  // a folder under fixtures, or one beside the scenario
    kBeside,  // "./…": a file or folder beside the scenario
    kWeights,
    kBound,
    kFingerprint,
    kTable,
    kTables,  // a list of them
};

struct Table;

struct Key {
    std::string name;
    Type type = Type::kText;
    std::string description = {};  // of kTable: of the table, unless there is one here
    bool required = false;
    std::string fallback = {};            // as a file would say it, without quotes; "": none
    std::string source = "assumed";       // of the fallback of a setting
    std::vector<std::string> words = {};  // of kWord, kShareOrWord and kDurationOrWord
    double min = 0, max = 0;              // of kInteger, kIntegers and kNumber
    bool above_min = false;               // kNumber, kShare: min itself is out of range
    const Table* table = nullptr;         // of kTable and kTables
};

struct Table {
    std::string name;
    std::string description;
    std::vector<Key> keys;
    // Every such table has all keys of exactly one of these sets, unless it has `but_for`.
    std::vector<std::vector<std::string>> one_of = {};
    // A key and the word that it holds; "": none.
    std::pair<std::string, std::string> but_for = {};

    // The key must be one of this table's.
    const Key& at(std::string_view key) const;
};

const Table& root_format();
// The tables within it, by the names of their keys.
const Table& group_format();
const Table& inventory_format();
const Table& policy_format();
const Table& update_format();
const Table& sandbox_format();
const Table& protection_format();
const Table& scanner_format();
const Table& signals_format();
const Table& people_format();
const Table& crew_format();
const Table& recovery_format();
const Table& load_context_format();
const Table& baseline_format();
const Table& release_format();
const Table& act_format();
const Table& fault_format();
const Table& campaign_format();
const Table& measured_format();
const Table& attack_format();
const Table& condition_format();
const Table& expect_format();

// An Error for a key that the format does not have.
base::Status allow(base::TomlTable& in, const Table& format);

}  // namespace firebreak::scenario
