#include "endpoint/reputation/entries.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace firebreak::endpoint::reputation::test {

namespace {

void fill_words(Sha256& key, size_t first, uint64_t n) {
    for (size_t word = first; word < key.size() / sizeof(uint64_t); ++word) {
        const uint64_t bits = base::mix64(base::mix64(n) + word);
        std::memcpy(key.data() + word * sizeof bits, &bits, sizeof bits);
    }
}

}  // namespace

Sha256 key(uint64_t n) {
    Sha256 key{};
    fill_words(key, 0, n);
    return key;
}

Sha256 crowded_key(uint64_t n) {
    Sha256 key{};
    fill_words(key, 1, n);
    return key;
}

std::vector<TableEntry> entries(size_t count) {
    std::vector<TableEntry> entries;
    for (size_t n = 0; n < count; ++n) {
        entries.push_back({key(n), static_cast<uint8_t>(n % (kHighestReputation + 1))});
    }
    return entries;
}

base::Bytes resealed(base::Bytes table) {
    const size_t covered = table.size() - kChecksumBytes;
    std::ranges::copy(base::sha256(base::ByteView(table).first(covered)),
                      table.begin() + static_cast<std::ptrdiff_t>(covered));
    return table;
}

}  // namespace firebreak::endpoint::reputation::test
