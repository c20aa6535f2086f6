// The payload of LocalRepData: reputations of files and of those who sign them. It is read where it
// lies, in a mapped file: nothing is copied, nothing is allocated.
//
// Format, version 1. Numbers are little-endian; nothing need be aligned.
//
//     offset     bytes   what
//          0         8   "FBREPTAB"
//          8         4   version: 1
//         12         4   0
//         16         8   F, how many files
//         24         8   S, how many signers; F + S > 0
//         32      32 F   SHA-256 of the files, strictly ascending
//                 32 S   SHA-256 of the signing certificates (DER), strictly ascending
//                    F   reputations 0 to 100, in the order of the files
//                    S   reputations 0 to 100, in the order of the signers
//                   32   SHA-256 of all that stands before
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "endpoint/reputation/sorted_keys.h"

namespace firebreak::endpoint::reputation {

inline constexpr uint32_t kTableVersion = 1;
inline constexpr uint8_t kHighestReputation = 100;

struct TableEntry {
    Sha256 key;
    uint8_t reputation = 0;
    friend bool operator==(const TableEntry&, const TableEntry&) = default;
};

// The table of these entries, which may come in any order. Errors: none at all, a key twice among
// the files or among the signers, a reputation above 100; the place is the key.
base::Result<base::Bytes> write_table(std::vector<TableEntry> files,
                                      std::vector<TableEntry> signers);

// A table that was found sound. A view: the bytes must outlive it and may not change. Free to copy,
// and to share between threads.
class ReputationTable {
  public:
    // Succeeds exactly if write_table() writes these bytes. Everything is looked at, so it takes
    // as long as hashing the table. Errors, in this order: too short, no table, a version that
    // this build does not read, another size than the counts make, damaged (the checksum), keys
    // out of order or twice, a reputation above 100; the place is the entry, 1-based.
    static base::Result<ReputationTable> open(base::ByteView bytes);

    const SortedKeys& files() const { return files_; }
    const SortedKeys& signers() const { return signers_; }

  private:
    ReputationTable(SortedKeys files, SortedKeys signers) : files_(files), signers_(signers) {}

    SortedKeys files_;
    SortedKeys signers_;
};

// What a table says of one file: nothing where it does not know it.
struct TableAnswer {
    std::optional<uint8_t> by_hash;
    std::optional<uint8_t> by_signer;
    friend bool operator==(const TableAnswer&, const TableAnswer&) = default;
};
// `verified_signer`: SHA-256 of the certificate (DER), and only if its signature over this file was
// verified.
TableAnswer ask(const ReputationTable& table, const Sha256& file,
                const std::optional<Sha256>& verified_signer);

}  // namespace firebreak::endpoint::reputation
