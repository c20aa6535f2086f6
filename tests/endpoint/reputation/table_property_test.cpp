#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <rapidcheck/gtest.h>  // after gtest.h, which it does not include

#include <map>

#include "endpoint/reputation/csv.h"
#include "endpoint/reputation/entries.h"
#include "endpoint/reputation/reputation_table.h"

namespace firebreak::endpoint::reputation {
namespace {

using base::Bytes;

using Known = std::map<Sha256, uint8_t>;

// Of few different bytes, so that keys crowd and differ late.
Sha256 any_key() {
    Sha256 key{};
    for (uint8_t& byte : key) {
        byte = *rc::gen::element<uint8_t>(0x00, 0x00, 0x00, 0x01, 0x7f, 0x80, 0xff);
    }
    return key;
}

Known any_known(int most) {
    Known known;
    for (int n = *rc::gen::inRange(0, most + 1); n > 0; --n) {
        known[any_key()] = *rc::gen::inRange<uint8_t>(0, 101);
    }
    return known;
}

std::vector<TableEntry> entries_of(const Known& known) {
    std::vector<TableEntry> entries;
    for (const auto& [key, reputation] : known) {
        entries.push_back({key, reputation});
    }
    return entries;
}

std::vector<TableEntry> read_all(const SortedKeys& keys) {
    std::vector<TableEntry> entries;
    for (size_t n = 0; n < keys.size(); ++n) {
        entries.push_back({keys.key(n), keys.reputation(n)});
    }
    return entries;
}

// What open() owes to bytes of any origin.
void check_opens_only_what_is_written(const Bytes& bytes) {
    const auto table = ReputationTable::open(bytes);
    if (table.ok()) {
        const auto again = write_table(read_all(table->files()), read_all(table->signers()));
        RC_ASSERT(again.ok());
        RC_ASSERT(*again == bytes);
    } else {
        RC_ASSERT(!table.error().message.empty());
    }
}

RC_GTEST_PROP(ReputationTableProperty, EveryTableSurvivesTheRoundTrip, ()) {
    Known files = any_known(40);
    const Known signers = any_known(5);
    files[any_key()] = 50;
    const auto bytes = write_table(entries_of(files), entries_of(signers));
    RC_ASSERT(bytes.ok());
    const auto table = ReputationTable::open(*bytes);
    RC_ASSERT(table.ok());
    RC_ASSERT(read_all(table->files()) == entries_of(files));
    RC_ASSERT(read_all(table->signers()) == entries_of(signers));
    const Sha256 asked = any_key();
    const auto found = files.find(asked);
    RC_ASSERT(table->files().look_up(asked) ==
              (found == files.end() ? std::nullopt : std::optional(found->second)));
}

RC_GTEST_PROP(ReputationTableProperty, AResealedMutationIsRefusedOrAnotherTable, ()) {
    Known files = any_known(6);
    files[any_key()] = 50;
    Bytes bytes = write_table(entries_of(files), entries_of(any_known(3))).value();
    for (int changes = *rc::gen::inRange(1, 4); changes > 0; --changes) {
        bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
    }
    check_opens_only_what_is_written(bytes);
    check_opens_only_what_is_written(test::resealed(bytes));
}

RC_GTEST_PROP(ReputationTableProperty, RandomBytesNeverPass, (const Bytes& bytes)) {
    RC_ASSERT(!ReputationTable::open(bytes).ok());
}

RC_GTEST_PROP(ReputationCsvProperty, RandomLinesAreErrorsThatSayWhere, ()) {
    const std::string text =
        "kind,sha256,reputation\n" +
        *rc::gen::container<std::string>(rc::gen::element('h', 'a', 's', ',', '0', '\n', '"', ' '));
    const std::vector<CsvFile> files = {{"a.csv", base::view_of(text)}};
    const auto table = table_from_csv(files);
    RC_ASSERT(!table.ok());
    RC_ASSERT(table.error().place.starts_with("a.csv"));
    RC_ASSERT(!table.error().remedy.empty());
}

}  // namespace
}  // namespace firebreak::endpoint::reputation
