#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "endpoint/reputation/entries.h"
#include "endpoint/reputation/reputation_table.h"
#include "support/result_matchers.h"

namespace firebreak::endpoint::reputation {
namespace {

using base::Bytes;
using base::ByteView;
using test::crowded_key;
using test::entries;
using test::key;
using test::resealed;

// Three files and two signers.
Bytes small_table() {
    return write_table(entries(3), {{key(100), 90}, {key(101), 5}}).value();
}

Bytes with_byte(Bytes bytes, size_t at, uint8_t value) {
    bytes[at] = value;
    return bytes;
}

// Of a small table: where the reputations begin.
constexpr size_t kReputationsAt = test::kKeysAt + 5 * test::kKeyBytes;

TEST(Sha256, IsTheStandardsOwn) {  // FIPS 180-4's example
    EXPECT_EQ(base::to_hex(base::sha256(base::view_of("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ReputationTable, KnowsFilesAndSignersApart) {
    const Bytes bytes = small_table();
    ASSERT_OK_AND(const ReputationTable table, ReputationTable::open(bytes));
    EXPECT_EQ(table.files().size(), 3U);
    EXPECT_EQ(table.signers().size(), 2U);
    EXPECT_EQ(table.files().look_up(key(2)), 2);
    EXPECT_EQ(table.signers().look_up(key(100)), 90);
    EXPECT_EQ(table.files().look_up(key(100)), std::nullopt);
    EXPECT_EQ(table.signers().look_up(key(2)), std::nullopt);
}

TEST(ReputationTable, NeedsNoFilesOrNoSigners) {
    const Bytes files_only = write_table(entries(1), {}).value();
    ASSERT_OK_AND(const ReputationTable files, ReputationTable::open(files_only));
    EXPECT_EQ(files.files().look_up(key(0)), 0);
    EXPECT_EQ(files.signers().look_up(key(0)), std::nullopt);
    EXPECT_EQ(files.signers().probes(key(0)), 0U);
    const Bytes signers_only = write_table({}, entries(1)).value();
    ASSERT_OK_AND(const ReputationTable signers, ReputationTable::open(signers_only));
    EXPECT_EQ(signers.signers().look_up(key(0)), 0);
    EXPECT_ERROR(write_table({}, {}), "no entry");
}

TEST(ReputationTable, IsReadAtAnyAddress) {
    const Bytes bytes = small_table();
    for (size_t shift = 0; shift < 8; ++shift) {
        Bytes moved(shift + bytes.size());
        std::ranges::copy(bytes, moved.begin() + static_cast<std::ptrdiff_t>(shift));
        ASSERT_OK_AND(const ReputationTable table,
                      ReputationTable::open(ByteView(moved).subspan(shift)));
        EXPECT_EQ(table.files().look_up(key(1)), 1);
    }
}

TEST(ReputationTable, IsWrittenTheSameWhateverTheOrder) {
    std::vector<TableEntry> files = entries(200);
    const Bytes bytes = write_table(files, {}).value();
    std::ranges::reverse(files);
    EXPECT_EQ(write_table(files, {}).value(), bytes);
}

TEST(ReputationTable, IsNotWrittenOfEntriesThatContradict) {
    EXPECT_ERROR(write_table({{key(1), 5}, {key(2), 5}, {key(1), 5}}, {}),
                 "file " + base::to_hex(key(1)) + ": given twice");
    EXPECT_ERROR(write_table({}, {{key(1), 5}, {key(1), 6}}), "signer ");
    EXPECT_ERROR(write_table({{key(1), 101}}, {}), "a reputation of 101");
}

TEST(ReputationTable, IsRefusedCutShortAnywhere) {
    const Bytes bytes = small_table();
    for (size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_ERROR(ReputationTable::open(ByteView(bytes).first(size)),
                     size < 64 ? "too few" : "cut short");
    }
}

TEST(ReputationTable, IsRefusedWithAnythingBehindIt) {
    for (const size_t more : {1, 32, 33, 66, 1000}) {
        Bytes bytes = small_table();
        bytes.resize(bytes.size() + more);
        EXPECT_ERROR(ReputationTable::open(resealed(bytes)),
                     std::to_string(more) + " bytes too many: 3 files and 2 signers");
    }
}

TEST(ReputationTable, IsRefusedWithAnyBitChanged) {
    const Bytes bytes = small_table();
    for (size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            const auto mask = static_cast<uint8_t>(1U << bit);
            const Bytes changed = with_byte(bytes, at, static_cast<uint8_t>(bytes[at] ^ mask));
            EXPECT_FALSE(ReputationTable::open(changed).ok()) << at << " " << bit;
        }
    }
    EXPECT_ERROR(ReputationTable::open(with_byte(bytes, kReputationsAt, 77)), "damaged");
}

TEST(ReputationTable, IsRefusedForWhatItsHeaderSays) {
    const Bytes bytes = small_table();
    const auto refusal = [&bytes](size_t at, uint8_t value) {
        return ReputationTable::open(resealed(with_byte(bytes, at, value)));
    };
    EXPECT_ERROR(refusal(0, 'X'), "does not begin with FBREPTAB");
    EXPECT_ERROR(refusal(test::kVersionAt, 2), "of version 2; this build reads version 1");
    EXPECT_ERROR(refusal(test::kVersionAt, 0), "of version 0; this build reads version 1");
    EXPECT_ERROR(refusal(test::kReservedAt + 3, 1), "bytes 12 to 15");
    EXPECT_ERROR(refusal(test::kFilesAt, 4), "cut short: 4 files and 2 signers");
    EXPECT_ERROR(refusal(test::kFilesAt, 2), "33 bytes too many");
    EXPECT_ERROR(refusal(test::kSignersAt, 3), "cut short: 3 files and 3 signers");
    EXPECT_ERROR(refusal(test::kSignersAt, 1), "33 bytes too many");
}

TEST(ReputationTable, IsRefusedForCountsWhoseSumsOverflow) {
    // The first three make 33 (F + S) come out as 33 · 5 in 64 bits, the last one as less.
    const uint64_t most = ~uint64_t{0};
    for (const auto& [files, signers] : std::map<uint64_t, uint64_t>{
             {most, 6}, {1ULL << 63, (1ULL << 63) + 5}, {most - 1, 7}, {3, most}}) {
        base::ByteWriter counts;
        counts.u64(files);
        counts.u64(signers);
        Bytes bytes = small_table();
        std::ranges::copy(std::move(counts).take(), bytes.begin() + test::kFilesAt);
        EXPECT_ERROR(ReputationTable::open(resealed(bytes)), "cut short");
    }
}

TEST(ReputationTable, IsRefusedWithoutEntries) {
    Bytes bytes = small_table();
    bytes.erase(bytes.begin() + test::kKeysAt, bytes.end() - test::kChecksumBytes);
    std::fill(bytes.begin() + test::kFilesAt, bytes.begin() + test::kKeysAt, uint8_t{0});
    EXPECT_ERROR(ReputationTable::open(resealed(bytes)), "without entries");
}

TEST(ReputationTable, IsRefusedOutOfOrderWithTheEntrysNumber) {
    Bytes bytes = small_table();
    const auto keys = bytes.begin() + test::kKeysAt;
    std::swap_ranges(keys, keys + test::kKeyBytes, keys + test::kKeyBytes);
    EXPECT_ERROR(ReputationTable::open(resealed(bytes)), "file 2 of 3: out of order");
    Bytes signers = small_table();
    const auto at = signers.begin() + test::kKeysAt + 3 * test::kKeyBytes;
    std::swap_ranges(at, at + test::kKeyBytes, at + test::kKeyBytes);
    EXPECT_ERROR(ReputationTable::open(resealed(signers)), "signer 2 of 2: out of order");
}

TEST(ReputationTable, IsRefusedWithAKeyTwice) {
    Bytes bytes = small_table();
    const auto keys = bytes.begin() + test::kKeysAt;
    std::copy_n(keys + test::kKeyBytes, test::kKeyBytes, keys + 2 * test::kKeyBytes);
    EXPECT_ERROR(ReputationTable::open(resealed(bytes)), "file 3 of 3: ");
    EXPECT_ERROR(ReputationTable::open(resealed(bytes)), "stands twice");
}

TEST(ReputationTable, IsRefusedWithAReputationThatThereIsNot) {
    const Bytes bytes = small_table();
    EXPECT_ERROR(ReputationTable::open(resealed(with_byte(bytes, kReputationsAt + 1, 101))),
                 "file 2 of 3: a reputation of 101");
    EXPECT_ERROR(ReputationTable::open(resealed(with_byte(bytes, kReputationsAt + 4, 255))),
                 "signer 2 of 2: a reputation of 255");
    EXPECT_TRUE(ReputationTable::open(resealed(with_byte(bytes, kReputationsAt + 1, 100))).ok());
}

// --- look-ups ------------------------------------------------------------------------------------

// The table, one by one and in a batch, against a map.
void expect_same_as_map(const std::vector<TableEntry>& known, const std::vector<Sha256>& asked) {
    const Bytes bytes = write_table(known, {}).value();
    ASSERT_OK_AND(const ReputationTable table, ReputationTable::open(bytes));
    std::map<Sha256, uint8_t> shadow;
    for (const TableEntry& entry : known) {
        shadow[entry.key] = entry.reputation;
    }
    std::vector<std::optional<uint8_t>> batch(asked.size(), 99);
    table.files().look_up(asked, batch);
    for (size_t n = 0; n < asked.size(); ++n) {
        const auto found = shadow.find(asked[n]);
        const auto expected = found == shadow.end() ? std::nullopt : std::optional(found->second);
        ASSERT_EQ(table.files().look_up(asked[n]), expected) << n;
        ASSERT_EQ(batch[n], expected) << n;
        ASSERT_LE(table.files().probes(asked[n]), table.files().most_probes()) << n;
    }
}

// Just below and just above, each key of the table that it is made of.
std::vector<Sha256> with_neighbours(const std::vector<TableEntry>& known) {
    std::vector<Sha256> asked = {Sha256{}};
    Sha256 last;
    last.fill(0xff);
    asked.push_back(last);
    for (const TableEntry& entry : known) {
        asked.push_back(entry.key);
        for (const size_t byte : {0U, 7U, 8U, 31U}) {
            for (const int step : {-1, 1}) {
                asked.push_back(entry.key);
                asked.back()[byte] = static_cast<uint8_t>(asked.back()[byte] + step);
            }
        }
    }
    return asked;
}

TEST(ReputationLookUp, FindsExactlyWhatIsThere) {
    for (const size_t count : {1U, 2U, 3U, 31U, 32U, 33U, 1000U}) {
        const std::vector<TableEntry> known = entries(count);
        expect_same_as_map(known, with_neighbours(known));
    }
}

TEST(ReputationLookUp, FindsTheFirstAndTheLastKeyThereCanBe) {
    Sha256 last;
    last.fill(0xff);
    const std::vector<TableEntry> known = {{Sha256{}, 1}, {last, 2}};
    expect_same_as_map(known, with_neighbours(known));
}

TEST(ReputationLookUp, TakesBatchesOfAnySize) {
    const Bytes bytes = write_table(entries(100), {}).value();
    ASSERT_OK_AND(const ReputationTable table, ReputationTable::open(bytes));
    for (size_t size = 0; size < 100; ++size) {
        std::vector<Sha256> asked;
        for (size_t n = 0; n < size; ++n) {
            asked.push_back(key(2 * n));  // half of them are there
        }
        std::vector<std::optional<uint8_t>> answers(size);
        table.files().look_up(asked, answers);
        for (size_t n = 0; n < size; ++n) {
            EXPECT_EQ(answers[n], 2 * n < 100 ? std::optional<uint8_t>(2 * n) : std::nullopt);
        }
    }
    std::vector<std::optional<uint8_t>> answers(3, 7);
    table.signers().look_up(std::vector{key(0), key(1), key(2)}, answers);
    EXPECT_EQ(answers, std::vector<std::optional<uint8_t>>(3));
}

// Keys that make every guess wrong: all share their first bytes, or stand in two far clusters, or
// come in steps that double.
TEST(ReputationLookUp, FindsKeysThatWereChosenToMislead) {
    std::vector<TableEntry> crowd, clusters, steps;
    for (uint64_t n = 0; n < 2000; ++n) {
        crowd.push_back({crowded_key(n), 1});
        clusters.push_back({key(n), 2});
        std::fill_n(clusters.back().key.begin(), 4, n % 2 == 0 ? 0x00 : 0xff);
    }
    for (size_t bit = 0; bit < 256; ++bit) {
        steps.push_back({Sha256{}, 3});
        steps.back().key[bit / 8] = static_cast<uint8_t>(0x80U >> bit % 8);
    }
    expect_same_as_map(crowd, with_neighbours(crowd));
    expect_same_as_map(clusters, with_neighbours(clusters));
    expect_same_as_map(steps, with_neighbours(steps));
}

// The most probes of any look-up, with a table of so many of these keys.
unsigned worst_probes(size_t count, Sha256 (*make)(uint64_t)) {
    std::vector<TableEntry> known;
    for (uint64_t n = 0; n < count; ++n) {
        known.push_back({make(n), 50});
    }
    const Bytes bytes = write_table(known, {}).value();
    const ReputationTable table = ReputationTable::open(bytes).value();
    unsigned worst = 0;
    for (uint64_t n = 0; n < 2 * count; ++n) {
        worst = std::max(worst, table.files().probes(make(n)));
    }
    return worst;
}

TEST(ReputationLookUp, ReadsNoMoreKeysThanItsBoundWhateverTheyAre) {
    // 8 guesses, and a bisection of what is left.
    for (const auto& [count, bound] :
         std::map<size_t, unsigned>{{1, 9}, {1000, 18}, {30'000, 23}, {200'000, 26}}) {
        EXPECT_LE(worst_probes(count, crowded_key), bound) << count;
        EXPECT_LE(worst_probes(count, key), bound) << count;
    }
    // The bound is near: bisection alone takes 17 of them.
    EXPECT_GE(worst_probes(200'000, crowded_key), 17U);
}

TEST(ReputationLookUp, ReadsFewKeysOfRealHashes) {
    const std::vector<TableEntry> known = entries(300'000);
    const Bytes bytes = write_table(known, {}).value();
    ASSERT_OK_AND(const ReputationTable table, ReputationTable::open(bytes));
    uint64_t probes = 0;
    for (uint64_t n = 0; n < 600'000; ++n) {
        probes += table.files().probes(key(n));
    }
    EXPECT_LT(static_cast<double>(probes) / 600'000, 6.0);  // bisection alone: 18
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
