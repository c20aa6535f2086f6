#include "base/toml_document.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::base {
namespace {

std::string repeated(std::string_view part, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; ++i) {
        out += part;
    }
    return out;
}

Result<TomlDocument> parse(std::string_view text) {
    return TomlDocument::parse(text, "f.toml");
}

TEST(TomlDocument, NamesThePlaceOfAMistake) {
    EXPECT_ERROR(parse("a = 1\nb = [1, 2\nc = 3\n"), "f.toml:3:");
    EXPECT_ERROR(parse("a = 1\na = 2\n"), "cannot redefine existing integer 'a'");
    EXPECT_ERROR(parse("a ="), "f.toml:1:");
    EXPECT_ERROR(parse("a = \x1b[31m"), "f.toml:1:5: ");
    EXPECT_ERROR(parse("a = 99999999999999999999"), "not representable in 64 bits");
}

TEST(TomlDocument, RefusesWhatIsNoText) {
    for (const char* blank : {"", " ", "\n\n\t\r\n"}) {
        EXPECT_ERROR(parse(blank), "f.toml: the file is empty; begin it with `schema = 1`");
    }
    EXPECT_ERROR(parse(std::string_view("a = 1\nb\0", 8)),
                 "f.toml:2:2: not a text file: it holds a NUL byte; save it as UTF-8 text");
    EXPECT_ERROR(parse("a = 1\nb = \"\xff\""), "f.toml:2:");
    EXPECT_ERROR(parse("a = 1\nb = \"\xff\""), "save it as UTF-8 text");
    EXPECT_ERROR(parse("\xff\xfe"
                       "a"),
                 "save it as UTF-8 text");                                 // UTF-16
    EXPECT_ERROR(parse("a = \"\xed\xa0\x80\""), "save it as UTF-8 text");  // half a surrogate pair
}

TEST(TomlDocument, AcceptsAByteOrderMarkAndWindowsLineEnds) {
    ASSERT_OK_AND(const TomlDocument document, parse("\xef\xbb\xbfschema = 1\r\na = 'x'\r\n"));
    EXPECT_EQ(document.text(), "a = \"x\"\nschema = 1\n");
}

TEST(TomlDocument, RefusesMoreThanAMegabyte) {
    const std::string line = "# comment\n";
    EXPECT_ERROR(parse("a = 1\n" + repeated(line, 104858)), "f.toml: larger than 1048576 bytes");
    EXPECT_TRUE(parse("a = 1\n" + repeated(line, 104856)).ok());
}

TEST(TomlDocument, LoadsRegularFilesOnly) {
    const test::TemporaryFolder folder;
    EXPECT_ERROR(TomlDocument::load(folder.path()), "not a regular file");
    EXPECT_ERROR(TomlDocument::load(folder.path() / "none.toml"), "No such file");
    const auto file = folder.path() / "huge.toml";
    std::ofstream(file) << "a = 1\n";
    EXPECT_TRUE(TomlDocument::load(file).ok());
    std::filesystem::resize_file(file, 100 * 1024 * 1024);
    EXPECT_ERROR(TomlDocument::load(file), "huge.toml: larger than 1048576 bytes");
}

TEST(TomlDocument, RefusesDeepNestingOfEveryKind) {
    const std::vector<std::string> deep{
        "a = " + repeated("[", 100'000),
        "a = " + repeated("{a=", 100'000),
        repeated("a.", 100'000) + "a = 1",
        "[" + repeated("a.", 100'000) + "a]",
        "[[" + repeated("\"a\" . ", 100'000) + "a]]",
        "a = { " + repeated("a.", 100'000) + "a = 1 }",
        // Strings that a careless reader takes to be still open, or closed too soon.
        "b = \"\\\"\"\n" + repeated("a.", 100) + "a = 1",
        "b = ''\n" + repeated("a.", 100) + "a = 1",
        "b = [\"\"\"x\"\"\"\"\", " + repeated("[", 100),
        "b = ['''x'''', " + repeated("[", 100),
        "b = \"#\" \n" + repeated("a.", 100) + "a = 1",
        "b = '\\'\n" + repeated("a.", 100) + "a = 1",
        "\"b.b\" = 1\n" + repeated("'a'.", 100) + "a = 1",
    };
    for (const std::string& text : deep) {
        SCOPED_TRACE(text.substr(0, 40));
        EXPECT_ERROR(parse(text), "nested more than 16 levels deep");
    }
}

TEST(TomlDocument, DoesNotCountDotsAndBracketsThatNestNothing) {
    const std::string many = repeated(".[{", 1000);
    for (const std::string& text :
         {"a = \"" + many + "\"", "a = '" + many + "'", "a = \"\"\"\n" + many + "\n\"\"\"",
          "a = '''\n" + many + "'' \n'''", "a = 1 # " + many, "\"" + many + "\" = 1",
          "a = [" + repeated("1.5, ", 1000) + "]", "a = [" + repeated("[1.5], ", 1000) + "]",
          repeated("[[a.b]]\nc.d = 1.5\n", 1000), repeated("a", 15) + ".b = 1",
          repeated("a.", 15) + "a = 1", "a = " + repeated("[", 16) + repeated("]", 16),
          "a = \"\\\\\" # \"" + many, "a = \"\"\"\\\"\"\" " + many + "\"\"\""}) {
        const Result<TomlDocument> parsed = parse(text);
        EXPECT_TRUE(parsed.ok()) << text.substr(0, 40) << ": " << parsed.error().text();
    }
}

TEST(TomlDocument, InheritsKeyByKeyAndReplacesLists) {
    ASSERT_OK_AND(TomlDocument child, parse(R"(
own = 1
both = "child"
[table]
both = 1
[table.inner]
own = 2
[[list]]
a = 1
)"));
    ASSERT_OK_AND(TomlDocument parent, TomlDocument::parse(R"(
both = "parent"
theirs = 3
[table]
both = 2
theirs = 4
[table.inner]
theirs = 5
[[list]]
a = 2
[[list]]
a = 3
[[their_list]]
a = 4
)",
                                                           "parent.toml"));
    child.inherit(std::move(parent));
    EXPECT_EQ(child.text(), R"(both = "child"
own = 1
theirs = 3

[table]
both = 1
theirs = 4

[table.inner]
own = 2
theirs = 5

[[list]]
a = 1

[[their_list]]
a = 4
)");
    TomlTable root = child.root();
    EXPECT_EQ(root.place("own"), "f.toml:2:7");
    EXPECT_EQ(root.place("theirs"), "parent.toml:3:10");
    EXPECT_EQ(root.place("table"), "f.toml:4:1");
    ASSERT_OK(root.allow({"own", "both", "theirs", "table", "list", "their_list"}));
    ASSERT_OK_AND(const auto table, root.table("table"));
    EXPECT_EQ(table->place("both"), "f.toml:5:8");
    EXPECT_EQ(table->place("theirs"), "parent.toml:6:10");
    ASSERT_OK_AND(const auto list, root.tables("their_list"));
    EXPECT_EQ(list[0].place("a"), "parent.toml:14:5");
}

TEST(TomlDocument, KeepsItsOwnValueWhereTheParentHasATable) {
    ASSERT_OK_AND(TomlDocument child, parse("a = 1\nb = {}\n"));
    ASSERT_OK_AND(TomlDocument parent, parse("b = 2\n[a]\nx = 1\n"));
    child.inherit(std::move(parent));
    EXPECT_EQ(child.text(), "a = 1\nb = {}\n");
}

TEST(TomlDocument, RemovesAndRewrites) {
    ASSERT_OK_AND(TomlDocument document,
                  parse("gone = 1\n[[list]]\ns = \"a\"\n[[list]]\ns = 2\n[[list]]\nt = \"a\"\n"));
    document.remove("gone");
    document.remove("never there");
    const auto twice = [](const std::string& s) { return s + s; };
    document.rewrite("list", "s", twice);
    document.rewrite("no list", "s", twice);
    EXPECT_EQ(document.text(), "[[list]]\ns = \"aa\"\n\n[[list]]\ns = 2\n\n[[list]]\nt = \"a\"\n");
}

TEST(TomlDocument, RewritesValuesOfTablesAndOfTheRoot) {
    ASSERT_OK_AND(TomlDocument document, parse("s = \"a\"\nn = 1\n[table]\ns = \"b\"\nn = 2\n"));
    const auto twice = [](const std::string& s) { return s + s; };
    document.rewrite("s", "", twice);
    document.rewrite("n", "", twice);
    document.rewrite("table", "s", twice);
    document.rewrite("table", "n", twice);
    document.rewrite("s", "s", twice);
    EXPECT_EQ(document.text(), "n = 1\ns = \"aa\"\n\n[table]\nn = 2\ns = \"bb\"\n");
}

TEST(TomlDocument, PutsValuesInPlaceOfItsOwn) {
    ASSERT_OK_AND(TomlDocument document, parse("a = 1\n[t]\nx = 1\n[[l]]\ny = 1\n"));
    ASSERT_OK_AND(TomlDocument values,
                  TomlDocument::parse("[t]\nz = 2\n[[l]]\ny = 3\n[[m]]\n", "other.toml"));
    document.put(std::move(values));
    EXPECT_EQ(document.text(), "a = 1\n\n[t]\nz = 2\n\n[[l]]\ny = 3\n\n[[m]]\n");
    TomlTable root = document.root();
    EXPECT_EQ(root.place("t"), "other.toml:1:1");
    EXPECT_EQ(root.place("a"), "f.toml:1:5");
}

constexpr std::string_view kTree = R"(a = 1
[t]
x = 1
[[l]]
id = "one"
n = 1
[[l]]
name = "two"
[[m]]
n = 1
)";

// The document after the change, in one line.
std::string after(const std::string& key, const std::string& value) {
    TomlDocument document = parse(kTree).value();
    const Status status = document.set(key, value, "--set " + key);
    if (!status.ok()) {
        return status.error().text();
    }
    std::string text = document.text();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

TEST(TomlDocument, SetsAValueWhereAKeyLeads) {
    const std::string lists = "  [[l]] id = \"one\" n = 1  [[l]] name = \"two\"  [[m]] n = 1 ";
    EXPECT_EQ(after("a", "2"), "a = 2  [t] x = 1" + lists);
    EXPECT_EQ(after("t.x", "true"), "a = 1  [t] x = true" + lists);
    EXPECT_EQ(after("t.y", "[1]"), "a = 1  [t] x = 1 y = [ 1 ]" + lists);
    EXPECT_EQ(after("t", "{}"), "a = 1 t = {}" + lists);
    EXPECT_EQ(after("u.v.w", "1"), "a = 1  [t] x = 1  [u.v] w = 1" + lists);
    EXPECT_EQ(after("l", "[]"), "a = 1 l = []  [t] x = 1  [[m]] n = 1 ");
    EXPECT_NE(after("l.one.n", "5").find("id = \"one\" n = 5"), std::string::npos);
    EXPECT_NE(after("l.two.n", "5").find("n = 5 name = \"two\""), std::string::npos);
    EXPECT_NE(after("l.0.n", "5").find("id = \"one\" n = 5"), std::string::npos);
    EXPECT_NE(after("m.0.n", "5").find("[[m]] n = 5"), std::string::npos);
    EXPECT_NE(after("l.one.p.q", "5").find("n = 1  [l.p] q = 5"), std::string::npos);
}

TEST(TomlDocument, SetsWhatIsNoTomlAsAString) {
    for (const std::string& text :
         {std::string("10m"), std::string("0.1%"), std::string(""), std::string("a \"b\" \\ c"),
          std::string("[1"), std::string("Grüße"), std::string("1, 2"), std::string("# x")}) {
        TomlDocument document = parse(kTree).value();
        ASSERT_OK(document.set("a", text, "--set a"));
        TomlTable root = document.root();
        ASSERT_OK(root.allow({"a", "t", "l", "m"}));
        EXPECT_EQ(*root.string("a"), text);
        EXPECT_EQ(root.place("a"), "--set a");
    }
}

TEST(TomlDocument, RefusesToSetWhatIsNoKeyOrNoText) {
    for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "\"a\"", "a=b", "[a]", "ü"}) {
        EXPECT_EQ(after(bad, "1"),
                  fmt::format("--set {0}: `{0}` is no key; write keys of a-z, A-Z, "
                              "0-9, _ and -, joined by dots",
                              bad));
    }
    EXPECT_EQ(after("a", "1\nb = 2"),
              "--set a: the value holds control characters; write it in one line");
    EXPECT_EQ(after("l.three.n", "1"), "--set l.three.n: no l is called `three`; valid: one, two");
    EXPECT_EQ(after("m.1.n", "1"), "--set m.1.n: `m` has no table 1; count from 0 to 0");
    EXPECT_EQ(after("m.x.n", "1"), "--set m.x.n: `m` has no table x; count from 0 to 0");
    EXPECT_EQ(after("a", "\xff").substr(0, 9), "--set a: ");
    EXPECT_EQ(after(repeated("a.", 20) + "a", "1").substr(0, 8), "--set a.");
}

// Any text that TOML can hold, in keys and in values.
rc::Gen<std::string> unicode_text() {
    const auto code_points = rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("\n\r\t'\"\\ =#.ab\x01\x1f\x7f")));
    const auto words = rc::gen::element<std::string>("é", "日本", "🔥", "'''", "\"\"\"", "\r\n",
                                                     "\n", "\xc2\x85", "\xe2\x80\xa8", "\\u0041");
    return rc::gen::map(
        rc::gen::pair(code_points, rc::gen::container<std::vector<std::string>>(words)),
        [](const std::pair<std::string, std::vector<std::string>>& parts) {
            std::string out = parts.first;
            for (const std::string& word : parts.second) {
                out += word;
            }
            return out;
        });
}

// TOML's basic strings, written without any help of the library under test.
std::string basic_string(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", byte);
        out += byte < 0x20 || byte == 0x7f || c == '"' || c == '\\' ? escape : std::string(1, c);
    }
    return out + "\"";
}

RC_GTEST_PROP(TomlDocument, WritesTextThatReadsBackTheSame, ()) {
    std::string key = *unicode_text();
    std::erase_if(key, [](char c) { return c == '\n' || c == '\t' || c == '\''; });
    const std::string value = *unicode_text();
    const double number = *rc::gen::arbitrary<double>();
    RC_PRE(std::isfinite(number));
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.17e", number);
    const std::string text = "v = " + basic_string(value) + "\nn = " + digits + "\nl = [" +
                             basic_string(value) + ", " + basic_string(key) + "]\n[t]\n" +
                             basic_string(key) + " = 1\n";
    const Result<TomlDocument> first = parse(text);
    RC_ASSERT(first.ok());
    const Result<TomlDocument> second = parse(first->text());
    RC_ASSERT(second.ok());
    RC_ASSERT(second->text() == first->text());
    TomlTable root = second->root();
    RC_ASSERT(root.allow({"v", "n", "l", "t"}).ok());
    RC_ASSERT(*root.string("v") == value);
    RC_ASSERT(*root.number("n", {-1e308, 1e308}) == number);
    RC_ASSERT(*root.strings("l") == (std::vector<std::string>{value, key}));
    RC_ASSERT(root.weights("t")->begin()->first == key);
}

// Random pieces of TOML in random order: most of it malformed, some of it deep.
RC_GTEST_PROP(TomlDocument, SurvivesHostileText, ()) {
    const auto piece = rc::gen::element<std::string>(
        "a", "b.", "=", "1", "[", "]", "[[", "]]", "{", "}", ",", "\n", "\"", "'", "\"\"\"", "'''",
        "#", "\\", " ", "1.5e3", "true", "2026-03-02T00:00:00Z", "0x", "\r\n", "\xff", "\\u0000",
        "é", "inf", "-", "_");
    std::string text;
    for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) {
        text += part;
    }
    const Result<TomlDocument> parsed = parse(text);
    if (parsed.ok()) {
        RC_ASSERT(!parsed->text().empty());
    } else {
        RC_ASSERT(parsed.error().place.starts_with("f.toml"));
        RC_ASSERT(!parsed.error().message.empty());
    }
}

}  // namespace
}  // namespace firebreak::base
