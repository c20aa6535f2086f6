#include "endpoint/reputation/csv.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "base/digest.h"
#include "endpoint/reputation/entries.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::reputation {
namespace {

using base::Bytes;
using base::Result;
using test::key;
using Sources = std::map<std::string, Bytes>;

std::string hex(uint64_t n) {
    return base::to_hex(key(n));
}

std::string row(const std::string& kind, uint64_t n, const std::string& reputation) {
    return fmt::format("{},{},{}\n", kind, hex(n), reputation);
}

constexpr const char* kHeader = "kind,sha256,reputation\n";

Result<Bytes> table_of(const std::string& text) {
    const std::vector<CsvFile> files = {{"a.csv", base::view_of(text)}};
    return table_from_csv(files);
}

const Bytes& expected() {
    static const Bytes table = write_table({{key(1), 5}, {key(2), 100}}, {{key(3), 0}}).value();
    return table;
}

TEST(ReputationCsv, MakesATable) {
    const std::string text =
        kHeader + row("hash", 1, "5") + row("hash", 2, "100") + row("signer", 3, "0");
    ASSERT_OK_AND(const Bytes table, table_of(text));
    EXPECT_EQ(table, expected());
}

TEST(ReputationCsv, MayHaveCommentsEmptyLinesAndEitherLineEnd) {
    const std::string text = "\xef\xbb\xbf# of today\r\n\r\nkind,sha256,reputation,comment\r\n" +
                             fmt::format("hash,{},5,a dropper, twice seen\r\n", hex(1)) +
                             "#hash,nothing\n\n" + row("hash", 2, "100") +
                             fmt::format("signer,{},0,", hex(3));
    ASSERT_OK_AND(const Bytes table, table_of(text));
    EXPECT_EQ(table, expected());
}

TEST(ReputationCsv, MayWriteDigitsInEitherCase) {
    std::string digits = hex(1);
    std::ranges::transform(digits, digits.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    ASSERT_NE(digits, hex(1));
    ASSERT_OK_AND(const Bytes table, table_of(kHeader + fmt::format("hash,{},5\n", digits)));
    EXPECT_EQ(table, write_table({{key(1), 5}}, {}).value());
}

TEST(ReputationCsv, BeginsWithItsHeader) {
    EXPECT_ERROR(table_of(""), "a.csv: no header line; begin with a line `kind,sha256,reputation`");
    EXPECT_ERROR(table_of("# only this\n"), "a.csv: no header line");
    EXPECT_ERROR(table_of("# of today\n" + row("hash", 1, "5")), "a.csv:2: `hash,");
    EXPECT_ERROR(table_of("sha256,kind,reputation\n"), "is not the header line");
    EXPECT_ERROR(table_of("kind;sha256;reputation\n"), "is not the header line");
}

TEST(ReputationCsv, SaysWhichLineIsWrongAndWhatBelongsThere) {
    const auto refusal = [](const std::string& line) {
        return table_of(kHeader + row("hash", 9, "9") + line + "\n");
    };
    EXPECT_ERROR(refusal("hash"), "a.csv:3: 1 field where 3 are expected");
    EXPECT_ERROR(refusal("hash," + hex(1)), "a.csv:3: 2 fields where 3 are expected");
    EXPECT_ERROR(refusal("hash," + hex(1) + ",5,why"), "name a column `comment`");
    EXPECT_ERROR(refusal("file," + hex(1) + ",5"), "a.csv:3: `file` is no kind; write hash");
    EXPECT_ERROR(refusal("Hash," + hex(1) + ",5"), "`Hash` is no kind");
    EXPECT_ERROR(refusal("hash," + hex(1).substr(1) + ",5"), "write 64 hexadecimal digits");
    EXPECT_ERROR(refusal("hash," + hex(1).substr(1) + "g,5"), "is no SHA-256");
    EXPECT_ERROR(refusal("hash," + hex(1).substr(2) + "  ,5"), "is no SHA-256");
    EXPECT_ERROR(refusal("hash, " + hex(1) + ",5"), "is no SHA-256");
    for (const char* reputation :
         {"", "101", "-1", "+5", "5.0", "five", " 5", "5 ", "4294967301"}) {
        EXPECT_ERROR(refusal(fmt::format("hash,{},{}", hex(1), reputation)),
                     fmt::format("a.csv:3: `{}` is no reputation", reputation));
    }
}

TEST(ReputationCsv, ShowsNoControlCharactersOfItsLines) {
    EXPECT_ERROR(table_of(std::string(kHeader) + "\x1b[2J,a,b\n"), "`\\x1b[2J` is no kind");
}

TEST(ReputationCsv, GivesEachKeyOnceOverAllFiles) {
    const std::string first = kHeader + row("hash", 1, "5") + row("hash", 2, "5");
    const std::string same = "\n" + (kHeader + row("hash", 2, "5"));
    const std::string other = kHeader + row("hash", 2, "90");
    const auto table = [&first](const std::string& second) {
        const std::vector<CsvFile> files = {{"a.csv", base::view_of(first)},
                                            {"b.csv", base::view_of(second)}};
        return table_from_csv(files);
    };
    EXPECT_ERROR(table(same), "b.csv:3: hash " + hex(2) + " stands in a.csv:3 already; take");
    EXPECT_ERROR(table(other), "b.csv:2: hash " + hex(2) +
                                   " has a reputation of 90 here and of 5 in a.csv:3; decide");
    EXPECT_ERROR(table_of(kHeader + row("signer", 1, "5") + row("signer", 1, "6")),
                 "a.csv:3: signer");
    // A file and a signer are two things.
    ASSERT_OK(table_of(kHeader + row("signer", 1, "5") + row("hash", 1, "6")));
}

TEST(ReputationCsv, HasAnEntryAtLeast) {
    EXPECT_ERROR(table_of(kHeader), "a.csv: no entry at all");
}

TEST(ReputationSources, OfAllCsvFilesBecomeOnePayload) {
    const Sources sources = {
        {"bad.csv", base::bytes_of(kHeader + row("hash", 1, "5"))},
        {"good.csv", base::bytes_of(kHeader + row("hash", 2, "100") + row("signer", 3, "0"))}};
    ASSERT_OK_AND(const Sources payloads, payloads_from(sources));
    EXPECT_EQ(payloads, (Sources{{kTablePayload, expected()}}));
}

TEST(ReputationSources, OfOneSoundTableStayAsTheyAre) {
    const Sources sources = {{"mine.table", expected()}};
    ASSERT_OK_AND(const Sources payloads, payloads_from(sources));
    EXPECT_EQ(payloads, sources);
    Bytes damaged = expected();
    damaged[100] ^= 1;
    EXPECT_ERROR(payloads_from({{"mine.table", damaged}}), "mine.table: damaged");
    damaged[test::kKeysAt] = 0xff;
    EXPECT_ERROR(payloads_from({{"mine.table", test::resealed(damaged)}}),
                 "mine.table: file 2 of 2: out of order");
}

TEST(ReputationSources, AreCsvFilesOrOneTable) {
    const Bytes csv = base::bytes_of(kHeader + row("hash", 1, "5"));
    EXPECT_ERROR(payloads_from({{"a.csv", csv}, {"b.table", expected()}}), "b.table: reputations");
    EXPECT_ERROR(payloads_from({{"a.table", expected()}, {"b.table", expected()}}), "a.table: ");
    EXPECT_ERROR(payloads_from({{"a.csv", csv}, {"notes.txt", {}}}), "notes.txt: reputations");
    EXPECT_ERROR(payloads_from({{"a.csv", base::bytes_of("x\n")}}), "a.csv:1: ");
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
