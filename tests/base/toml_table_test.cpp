#include "base/toml_table.h"

#include <gtest/gtest.h>

#include "base/toml_document.h"
#include "support/result_matchers.h"

namespace firebreak::base {
namespace {

// A document with its root opened for the key `k` and a few others.
struct Opened {
    explicit Opened(std::string_view text)
        : document(TomlDocument::parse(text, "f.toml").value()), root(document.root()) {
        allowed = root.allow({"k", "other", "third"});
    }
    TomlDocument document;
    TomlTable root;
    Status allowed;
};

TEST(TomlTable, NamesAnUnknownKeyItsPlaceAndTheNearestValidOne) {
    EXPECT_EQ(Opened("\n  othr = 1").allowed.error().text(),
              "f.toml:2:3: unknown key `othr`; did you mean `other`? valid keys: k, other, third");
    EXPECT_EQ(Opened("\"\\u001b[2J\" = 1").allowed.error().text(),
              "f.toml:1:1: unknown key `\\x1b[2J`; valid keys: k, other, third");
}

TEST(TomlTable, NamesTheFirstUnknownKeyInTheFile) {
    EXPECT_EQ(Opened("k = 1\nzzz = 1\naaa = 2").allowed.error().place, "f.toml:2:1");
}

TEST(TomlTable, LeavesNoKeyUnread) {
    Opened in("k = 1\nother = 2");
    ASSERT_OK(in.root.integer("k", 0, 9));
    EXPECT_EQ(in.root.finish("to this").error().text(),
              "f.toml:2:1: `other` does not apply to this; remove it");
    ASSERT_OK(in.root.integer("other", 0, 9));
    ASSERT_OK(in.root.integer("third", 0, 9, 5));
    EXPECT_TRUE(in.root.finish().ok());
}

TEST(TomlTable, EndsTheProcessWhenAGetterAsksForAKeyThatNoFileMayHave) {
    Opened in("k = 1");
    EXPECT_DEATH(static_cast<void>(in.root.integer("typo", 0, 9)), "");
}

TEST(TomlTable, SaysWhatIsMissing) {
    Opened in("third = 1");
    const std::string expected = "f.toml:1:1: `k` is missing; add `k = …`";
    EXPECT_EQ(in.root.string("k").error().text(), expected);
    EXPECT_EQ(in.root.line("k").error().text(), expected);
    EXPECT_EQ(in.root.integer("k", 0, 1).error().text(), expected);
    EXPECT_EQ(in.root.number("k", {0, 1}).error().text(), expected);
    EXPECT_EQ(in.root.share("k").error().text(), expected);
    EXPECT_EQ(in.root.duration("k").error().text(), expected);
    EXPECT_EQ(in.root.utc_time("k").error().text(), expected);
    EXPECT_EQ(in.root.weights("k").error().text(), expected);
}

TEST(TomlTable, FallsBackWhereAKeyMayBeMissing) {
    Opened in("third = 1");
    EXPECT_EQ(*in.root.string("k", "x"), "x");
    EXPECT_EQ(*in.root.boolean("k", true), true);
    EXPECT_EQ(*in.root.integer("k", 0, 1, 7), 7);
    EXPECT_EQ(*in.root.number("k", {0, 1}, 0.5), 0.5);
    EXPECT_EQ(*in.root.duration("k", hours(6)), hours(6));
    EXPECT_TRUE(in.root.strings("k")->empty());
    EXPECT_TRUE(in.root.tables("k")->empty());
    EXPECT_FALSE(in.root.table("k")->has_value());
}

// What each getter says of a value of each type that it does not take.
TEST(TomlTable, SaysWhatWasExpectedAndWhatWasFound) {
    const std::pair<const char*, const char*> values[] = {
        {"\"te\\u001bxt\"", "the string \"te\\x1bxt\""},
        {"7", "the integer 7"},
        {"1.5", "the number 1.5"},
        {"true", "true"},
        {"false", "false"},
        {"2026-03-02", "a date"},
        {"08:00:00", "a time of day"},
        {"2026-03-02T08:00:00Z", "a date with a time"},
        {"[1]", "a list"},
        {"{ x = 1 }", "a table"},
    };
    for (const auto& [value, found] : values) {
        Opened in(std::string("other = 1\nk = ") + value);
        const std::string type = found;
        const auto expect = [&](const Status& status, const std::string& expected) {
            EXPECT_EQ(status.error().text(),
                      "f.toml:2:5: `k` must be " + expected + ", not " + type);
        };
        const auto status_of = [](const auto& result) -> Status {
            FB_CHECK(result);
            return {};
        };
        if (!type.starts_with("the string")) {
            expect(status_of(in.root.string("k")), "a string in quotes");
            expect(status_of(in.root.duration("k")), "a duration such as \"90m\" or \"2d 6h\"");
        }
        if (!type.starts_with("the integer")) {
            expect(status_of(in.root.integer("k", 0, 9)), "a whole number");
        }
        if (!type.starts_with("the integer") && !type.starts_with("the number")) {
            expect(status_of(in.root.number("k", {0, 9})), "a number");
        }
        if (type != "true" && type != "false") {
            expect(status_of(in.root.boolean("k", false)), "true or false");
        }
        if (type != "a date with a time") {
            expect(status_of(in.root.utc_time("k")),
                   "a time such as 2026-03-02T08:00:00Z, without quotes");
        }
        if (type != "a list") {
            expect(status_of(in.root.strings("k")), "a list of strings");
            expect(status_of(in.root.tables("k")), "a list of tables, each below a line [[k]]");
        }
        if (type != "a table") {
            expect(status_of(in.root.table("k")), "a table, written below a line [k]");
            expect(status_of(in.root.weights("k")),
                   "a table of names and weights, such as { a = 3, b = 1 }");
        }
    }
}

TEST(TomlTable, KeepsNumbersInTheirRange) {
    EXPECT_EQ(Opened("k = 1234567").root.integer("k", 1, 20'000).error().text(),
              "f.toml:1:5: `k` is out of range: 1,234,567; write a whole number from 1 to 20,000");
    EXPECT_ERROR(Opened("k = -1").root.integer("k", 0, 9), "out of range: -1");
    EXPECT_EQ(*Opened("k = 0x10").root.integer("k", 16, 16), 16);
    EXPECT_EQ(*Opened("k = 2").root.number("k", {0, 2}), 2.0);
    EXPECT_EQ(Opened("k = 2.5").root.number("k", {0, 2}).error().remedy,
              "write a number from 0 and at most 2");
    EXPECT_EQ(Opened("k = 0.0").root.number("k", {0, 2, true}).error().remedy,
              "write a number above 0 and at most 2");
    EXPECT_EQ(*Opened("k = 0.0").root.number("k", {0, 2}), 0.0);
    EXPECT_ERROR(Opened("k = nan").root.number("k", {0, 2}), "out of range: nan");
    EXPECT_ERROR(Opened("k = inf").root.number("k", {0, 2}), "out of range: inf");
    EXPECT_ERROR(Opened("k = -inf").root.number("k", {0, 2}), "out of range: -inf");
}

TEST(TomlTable, ReadsSharesAsPercentagesAndAsNumbers) {
    EXPECT_DOUBLE_EQ(*Opened("k = \"0.1%\"").root.share("k"), 0.001);
    EXPECT_DOUBLE_EQ(*Opened("k = \"100%\"").root.share("k"), 1);
    EXPECT_DOUBLE_EQ(*Opened("k = \"0.000001%\"").root.share("k"), 1e-8);
    EXPECT_DOUBLE_EQ(*Opened("k = 0.25").root.share("k"), 0.25);
    EXPECT_DOUBLE_EQ(*Opened("k = 1").root.share("k"), 1);
    EXPECT_DOUBLE_EQ(*Opened("k = 0").root.share("k"), 0);
    for (const char* bad : {"", "%", "12", "12 %", "-1%", "+1%", "101%", "1e1%", "1%%", "nan%",
                            "0.0000001%", "0x1%", "1,5%", ".5%", "5.%", "100.000001%"}) {
        EXPECT_ERROR(Opened("k = \"" + std::string(bad) + "\"").root.share("k"), "is not a share");
    }
    for (const char* bad : {"10", "-0.1", "1.0001", "nan", "inf"}) {
        EXPECT_ERROR(Opened("k = " + std::string(bad)).root.share("k"),
                     "write a number from 0 to 1, or a percentage");
    }
    EXPECT_ERROR(Opened("k = true").root.share("k"), "must be a share such as \"12%\" or 0.12");
}

TEST(TomlTable, ReadsDurationsWithTheirOwnRemedy) {
    EXPECT_EQ(*Opened("k = \"2d 6h\"").root.duration("k"), hours(54));
    EXPECT_EQ(Opened("k = \"soon\"").root.duration("k").error().text(),
              "f.toml:1:5: `soon` is not a duration; write a number with s, m, h or d, such as "
              "\"90m\" or \"2d 6h\", at most 3650d");
}

TEST(TomlTable, ReadsTimesInUtcOnly) {
    EXPECT_EQ(to_text(*Opened("k = 2026-03-02T08:09:10Z").root.utc_time("k")),
              "2026-03-02T08:09:10Z");
    EXPECT_EQ(to_text(*Opened("k = 2026-03-02 08:09:10+00:00").root.utc_time("k")),
              "2026-03-02T08:09:10Z");
    for (const char* bad : {"2026-03-02T08:00:00", "2026-03-02T08:00:00+01:00",
                            "2026-03-02T08:00:00.5Z", "1969-12-31T00:00:00Z"}) {
        EXPECT_ERROR(Opened(std::string("k = ") + bad).root.utc_time("k"),
                     "f.toml:1:5: `k` must be in UTC, in whole seconds, from 1970 to 9999; write "
                     "it as 2026-03-02T08:00:00Z");
    }
}

TEST(TomlTable, ReadsListsOfStrings) {
    EXPECT_EQ(*Opened("k = [\"a\", 'b']").root.strings("k"), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(Opened("k = []").root.strings("k")->empty());
    EXPECT_ERROR(Opened("k = [\n\"a\",\n2]").root.strings("k"),
                 "f.toml:3:1: `k` must hold strings, not the integer 2");
    EXPECT_EQ(*Opened("k = [0, 255]").root.integers("k", 0, 255), (std::vector<int64_t>{0, 255}));
    EXPECT_ERROR(Opened("k = [0,\n256]").root.integers("k", 0, 255),
                 "f.toml:2:1: `k` must hold integers from 0 to 255, not the integer 256");
    EXPECT_ERROR(Opened("k = [\"0\"]").root.integers("k", 0, 255), "must hold integers from 0");
    EXPECT_ERROR(Opened("k = 0").root.integers("k", 0, 255), "a list of integers");
}

TEST(TomlTable, ReadsWeights) {
    EXPECT_EQ(*Opened("k = { b = 1, a = 2.5 }").root.weights("k"),
              (std::map<std::string, double>{{"a", 2.5}, {"b", 1}}));
    EXPECT_ERROR(Opened("k = {}").root.weights("k"), "`k` names nothing; name at least one");
    EXPECT_EQ(Opened("[k]\na = 0").root.weights("k").error().text(),
              "f.toml:2:5: the weight of `a` cannot be the integer 0; write a number above 0 and "
              "at most 20000000");
    for (const char* bad : {"-1", "nan", "inf", "2.1e7", "\"3\"", "[]"}) {
        EXPECT_ERROR(Opened(std::string("k = { a = ") + bad + " }").root.weights("k"),
                     "the weight of `a` cannot be");
    }
}

TEST(TomlTable, ReadsListsOfTables) {
    Opened in("[[k]]\nother = 1\n[[k]]\nother = 2");
    ASSERT_OK_AND(std::vector<TomlTable> tables, in.root.tables("k"));
    ASSERT_EQ(tables.size(), 2u);
    EXPECT_EQ(tables[1].place(), "f.toml:3:1");
    ASSERT_OK(tables[1].allow({"other"}));
    EXPECT_EQ(*tables[1].integer("other", 0, 9), 2);
    EXPECT_TRUE(Opened("k = []").root.tables("k")->empty());
    EXPECT_ERROR(Opened("k = [{ other = 1 }, 2]").root.tables("k"),
                 "f.toml:1:21: `k` must be a list of tables, each below a line [[k]], not of the "
                 "integer 2");
}

TEST(TomlTable, ReadsALineOfText) {
    EXPECT_EQ(*Opened("k = \"Grüße\"").root.line("k"), "Grüße");
    for (const std::string& bad :
         {std::string(), std::string("a\\nb"), std::string("\\u001b[2J"), std::string(201, 'a')}) {
        EXPECT_ERROR(Opened("k = \"" + bad + "\"").root.line("k"),
                     "`k` must be one line of text; write 1 to 200 bytes without control");
    }
}

TEST(TomlTable, ChecksTheSchema) {
    const auto check = [](const std::string& text) -> Status {
        const TomlDocument document = TomlDocument::parse(text, "f.toml").value();
        TomlTable root = document.root();
        FB_CHECK(root.allow({"schema", "other"}));
        return root.check_schema(1);
    };
    EXPECT_TRUE(check("schema = 1").ok());
    EXPECT_ERROR(check("other = 1"), "f.toml:1:1: `schema` is missing; write `schema = 1`");
    for (const char* bad : {"2", "0", "\"1\"", "1.0", "[]"}) {
        EXPECT_ERROR(check(std::string("schema = ") + bad),
                     "f.toml:1:10: this is not a schema that we read; write `schema = 1`");
    }
}

enum class Fruit { kApple, kPear };
constexpr TomlTable::Words<Fruit, 2> kFruits{{{"apple", Fruit::kApple}, {"pear", Fruit::kPear}}};

TEST(TomlTable, ReadsOneOfAFewWords) {
    EXPECT_EQ(*Opened("k = 'pear'").root.word("k", kFruits), Fruit::kPear);
    EXPECT_EQ(*Opened("other = 1").root.word("k", kFruits, Fruit::kPear), Fruit::kPear);
    EXPECT_EQ(Opened("k = 'peer'").root.word("k", kFruits).error().text(),
              "f.toml:1:5: `k` cannot be `peer`; did you mean `pear`? valid: apple, pear");
    EXPECT_ERROR(Opened("k = 3").root.word("k", kFruits), "must be a string");
    EXPECT_ERROR(Opened("k = 3").root.word("k", kFruits, Fruit::kPear), "must be a string");
}

TEST(NoSuch, ListsWhatThereIsUpToALimit) {
    EXPECT_EQ(no_such("group", "x", {}, "p").text(),
              "p: no group is called `x`; there is no group");
    std::vector<std::string> many;
    for (int i = 0; i < 1000; ++i) {
        many.push_back("long-name-" + std::to_string(i));
    }
    const std::string text = no_such("group", "\x07", many, "p").text();
    EXPECT_TRUE(text.starts_with("p: no group is called `\\x07`; valid: long-name-0, ")) << text;
    EXPECT_TRUE(text.ends_with("long-name-31, …")) << text;
}

}  // namespace
}  // namespace firebreak::base
