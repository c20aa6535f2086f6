// Any bytes at all are refused as a table, or are exactly what would be written of what they hold,
// and a look-up of whatever they hold finds it. As CSV they are refused with a place, or make a
// table that opens.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "endpoint/reputation/csv.h"
#include "endpoint/reputation/reputation_table.h"

namespace {

using firebreak::base::Bytes;
using firebreak::base::ByteView;
using firebreak::endpoint::reputation::CsvFile;
using firebreak::endpoint::reputation::ReputationTable;
using firebreak::endpoint::reputation::Sha256;
using firebreak::endpoint::reputation::SortedKeys;
using firebreak::endpoint::reputation::TableEntry;

constexpr size_t kChecksumBytes = sizeof(Sha256);

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::vector<TableEntry> check_look_ups(const SortedKeys& keys) {
    std::vector<TableEntry> entries;
    std::vector<Sha256> asked;
    for (size_t n = 0; n < keys.size(); ++n) {
        entries.push_back({keys.key(n), keys.reputation(n)});
        Sha256 next = keys.key(n);
        ++next.back();
        asked.insert(asked.end(), {keys.key(n), next});
    }
    std::vector<std::optional<uint8_t>> answers(asked.size());
    keys.look_up(asked, answers);
    for (size_t n = 0; n < asked.size(); ++n) {
        const bool is_there = std::ranges::binary_search(entries, asked[n], {}, &TableEntry::key);
        require(answers[n].has_value() == is_there);
        require(keys.look_up(asked[n]) == answers[n]);
        require(keys.probes(asked[n]) <= keys.most_probes());
        require(n % 2 == 1 || answers[n] == entries[n / 2].reputation);
    }
    return entries;
}

void check_table(ByteView input) {
    const auto table = ReputationTable::open(input);
    if (!table.ok()) {
        require(!table.error().message.empty());
        return;
    }
    const auto files = check_look_ups(table->files());
    const auto again =
        firebreak::endpoint::reputation::write_table(files, check_look_ups(table->signers()));
    require(again.ok() && std::ranges::equal(*again, input));
}

// No mutation would ever find a checksum that is right.
void check_resealed(ByteView input) {
    Bytes bytes(input.begin(), input.end());
    const size_t covered = bytes.size() - kChecksumBytes;
    const Sha256 sum = firebreak::base::sha256(ByteView(bytes).first(covered));
    std::memcpy(bytes.data() + covered, sum.data(), sum.size());
    check_table(bytes);
}

void check_csv(ByteView input) {
    const CsvFile file{"a.csv", input};
    const auto table = firebreak::endpoint::reputation::table_from_csv({&file, 1});
    if (table.ok()) {
        check_table(*table);
        require(ReputationTable::open(*table).ok());
    } else {
        require(table.error().place.starts_with("a.csv") && !table.error().remedy.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const ByteView input(data, size);
    check_table(input);
    if (size >= kChecksumBytes) {
        check_resealed(input);
    }
    check_csv(input);
    return 0;
}
