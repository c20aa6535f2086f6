#include "scenario/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <fstream>

#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::scenario {
namespace {

constexpr std::array<std::string_view, 3> kColumns{"name", "count", "note"};
using Lines = std::vector<std::vector<std::string>>;

base::Result<Lines> read(std::string_view text) {
    FB_TRY(CsvReader reader, CsvReader::parse(text, "f.csv", kColumns));
    Lines out;
    for (CsvRow row;;) {
        FB_CHECK(reader.next(row));
        if (row.fields.empty()) {
            return out;
        }
        out.push_back(row.fields);
    }
}

TEST(Csv, ReadsLinesOfFields) {
    EXPECT_EQ(*read("name,count,note\na,1,x\nb,2,y\n"), (Lines{{"a", "1", "x"}, {"b", "2", "y"}}));
    EXPECT_EQ(*read("name,count,note\r\na,1,x\r\nb,2,y"),
              (Lines{{"a", "1", "x"}, {"b", "2", "y"}}));
    EXPECT_EQ(*read("name,count,note\n"), Lines{});
    EXPECT_EQ(*read("name,count,note"), Lines{});
    EXPECT_EQ(*read("\xef\xbb\xbfname,count,note\na,1,x"), (Lines{{"a", "1", "x"}}));
    EXPECT_EQ(*read("\n\r\nname,count,note\n\n\na,1,x\n\n"), (Lines{{"a", "1", "x"}}));
    EXPECT_EQ(*read("name,count,note\n,,\n, ,"), (Lines{{"", "", ""}, {"", " ", ""}}));
}

TEST(Csv, TakesColumnsInAnyOrder) {
    EXPECT_EQ(*read("note,name,count\nx,a,1\n"), (Lines{{"a", "1", "x"}}));
}

TEST(Csv, ReadsQuotedFields) {
    EXPECT_EQ(*read("\"name\",count,note\n\"a,b\",\"\",\"say \"\"hi\"\"\"\n"),
              (Lines{{"a,b", "", "say \"hi\""}}));
    EXPECT_EQ(*read("name,count,note\na,1,\"x\"\r\n\"\"\"\",1,\"y\""),
              (Lines{{"a", "1", "x"}, {"\"", "1", "y"}}));
}

TEST(Csv, KnowsWhereEachFieldStands) {
    ASSERT_OK_AND(CsvReader reader,
                  CsvReader::parse("name,note,count\r\n\r\n\"a,\",x,1\r\n", "f.csv", kColumns));
    CsvRow row;
    ASSERT_OK(reader.next(row));
    EXPECT_EQ(row.places, (std::vector<std::string>{"f.csv:3:1", "f.csv:3:8", "f.csv:3:6"}));
}

TEST(Csv, NamesEveryMistakeWithPlaceAndRemedy) {
    const std::string head = "name,count,note\n";
    const struct {
        std::string text;
        const char* error;
    } cases[] = {
        {"", "f.csv: no column `name`; begin it with name,count,note"},
        {"name,count\n", "f.csv: no column `note`; begin it with name,count,note"},
        {"name,count,notes\n",
         "f.csv:1:12: no column is called `notes`; begin it with name,count,"},
        {"name;count;note\n", "f.csv:1:1: no column is called `name;count;note`; begin it with"},
        {"name,count,name\n", "f.csv:1:12: a second column is called `name`"},
        {head + "a,1\n", "f.csv:2:3: fewer fields in this line, the header has 3"},
        {head + "a,1,x,y\n", "f.csv:2:7: more fields in this line, the header has 3; put fields"},
        {head + "a,1,x,\n", "f.csv:2:7: more fields"},
        {head + "a,1,x,", "f.csv:2:7: more fields"},
        {head + "a,1,x y\"z\n", "f.csv:2:8: a quote within a field; put the whole field in quotes"},
        {head + "a,1,\"x\"y\n", "f.csv:2:8: text behind the closing quote; write a quote within"},
        {head + "a,1,\"x\n\nb,2,y\n", "f.csv:2:5: a quote that is not closed; close it, or remove"},
        {head + "a,1,\"x\ny\"\n", "f.csv:2:5: a field with control characters, or bytes that are"},
        {head + "a,1,\x1b[2J\n", "f.csv:2:5: a field with control characters"},
        {head + "a,1,\xff\n",
         "f.csv:2:5: a field with control characters, or bytes that are no "
         "UTF-8; save the file as UTF-8 text"},
        {head + "a,1,x\r b\n", "f.csv:2:5: a field with control characters"},
        {head + "a,1," + std::string(1001, 'x'), "f.csv:2:5: a field of more than 1000 bytes"},
        {head + std::string(100'000, ','), "f.csv:2:65: more than 64 fields"},
        {std::string("MZ\x90\0", 4), "f.csv:1:1: a field with control characters"},
    };
    for (const auto& [text, error] : cases) {
        SCOPED_TRACE(text.substr(0, 40));
        EXPECT_ERROR(read(text), error);
    }
}

TEST(Csv, CountsLinesThroughQuotedLineBreaks) {
    EXPECT_ERROR(read("name,count,note\n\"a\n\n\",1"), "f.csv:2:1: a field with control");
}

TEST(Csv, IsARegularFileOfLimitedSize) {
    const test::TemporaryFolder folder;
    EXPECT_ERROR(CsvReader::open(folder.path() / "none.csv", 100, kColumns), "No such file");
    EXPECT_ERROR(CsvReader::open(folder.path(), 100, kColumns), "not a regular file");
    const auto file = folder.path() / "a.csv";
    std::ofstream(file) << "name,count,note\n";
    ASSERT_OK(CsvReader::open(file, 100, kColumns));
    EXPECT_ERROR(CsvReader::open(file, 10, kColumns), "a.csv: larger than 10 bytes");
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        out += c == '"' ? "\"\"" : std::string(1, c);
    }
    return out + "\"";
}

RC_GTEST_PROP(Csv, ReadsWhatWasWritten, ()) {
    const auto field = rc::gen::container<std::string>(rc::gen::element('a', ',', '"', ' ', ';'));
    const Lines lines =
        *rc::gen::container<Lines>(rc::gen::container<std::vector<std::string>>(3, field));
    std::string text = "name,count,note\n";
    for (const auto& line : lines) {
        text += quoted(line[0]) + "," + quoted(line[1]) + "," + quoted(line[2]) + "\r\n";
    }
    const auto result = read(text);
    RC_ASSERT(result.ok());
    RC_ASSERT(*result == lines);
}

RC_GTEST_PROP(Csv, SurvivesHostileText, ()) {
    const auto piece = rc::gen::element<std::string>(",", "\"", "\n", "\r\n", "\r", "a", "\"\"",
                                                     "1", " ", "\xff", "name,count,note\n");
    std::string text = "name,count,note\n";
    for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) {
        text += part;
    }
    const auto result = read(text);
    if (result.ok()) {
        for (const auto& line : *result) {
            RC_ASSERT(line.size() == 3u);
        }
    } else {
        RC_ASSERT(result.error().place.starts_with("f.csv:"));
    }
}

}  // namespace
}  // namespace firebreak::scenario
