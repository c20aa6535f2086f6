#include "endpoint/reputation/reputation_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"

namespace firebreak::endpoint::reputation {

namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;
using base::Status;

constexpr std::string_view kMagic = "FBREPTAB";
constexpr size_t kHeaderBytes = 32;
constexpr size_t kChecksumBytes = sizeof(Sha256);
constexpr size_t kEntryBytes = kKeyBytes + 1;
constexpr const char* kBuildAgain =
    "build the table again from its source: firebreak content build --feed LocalRepData";
constexpr const char* kFetchAgain = "fetch or copy the table again";

struct Header {
    uint64_t files = 0;
    uint64_t signers = 0;
};

// --- writing -----------------------------------------------------------------------------------

Status sort_and_check(std::vector<TableEntry>& entries, const char* kind) {
    std::ranges::sort(entries, {}, &TableEntry::key);
    for (size_t n = 0; n < entries.size(); ++n) {
        const auto place = [&] { return fmt::format("{} {}", kind, base::to_hex(entries[n].key)); };
        if (entries[n].reputation > kHighestReputation) {
            return Error{fmt::format("a reputation of {}", entries[n].reputation), place(),
                         "give 0 (known bad) to 100 (known good)"};
        }
        if (n > 0 && entries[n].key == entries[n - 1].key) {
            return Error{"given twice", place(), "give it once"};
        }
    }
    return {};
}

void append(Bytes& out, ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_keys(Bytes& out, const std::vector<TableEntry>& entries) {
    for (const TableEntry& entry : entries) {
        append(out, entry.key);
    }
}

void append_reputations(Bytes& out, const std::vector<TableEntry>& entries) {
    for (const TableEntry& entry : entries) {
        out.push_back(entry.reputation);
    }
}

// --- reading -----------------------------------------------------------------------------------

Result<Header> read_header(ByteView bytes) {
    if (bytes.size() < kHeaderBytes + kChecksumBytes) {
        return Error{fmt::format("{} bytes are too few for a reputation table", bytes.size()), "",
                     kFetchAgain};
    }
    if (base::text_of(bytes.first(kMagic.size())) != kMagic) {
        return Error{"not a reputation table: it does not begin with " + std::string(kMagic), "",
                     kBuildAgain};
    }
    base::ByteReader reader(bytes.subspan(kMagic.size()));
    const uint32_t version = reader.u32();
    const uint32_t reserved = reader.u32();
    if (version != kTableVersion) {
        return Error{fmt::format("a reputation table of version {}; this build reads version {}",
                                 version, kTableVersion),
                     "", "build the table for this version, or use a newer build"};
    }
    if (reserved != 0) {
        return Error{"bytes 12 to 15 of the header are not zero", "", kBuildAgain};
    }
    const uint64_t files = reader.u64();
    return Header{files, reader.u64()};
}

// The counts come from bytes that nobody vouches for: no sum or product of theirs may overflow.
Status check_size(const Header& header, size_t size) {
    const uint64_t room = (size - kHeaderBytes - kChecksumBytes) / kEntryBytes;
    const bool overflows = header.files > room || header.signers > room - header.files;
    const uint64_t entries = overflows ? 0 : header.files + header.signers;
    const std::string counts = fmt::format("{} files and {} signers", header.files, header.signers);
    if (overflows) {
        return Error{fmt::format("cut short: {} do not fit into {} bytes", counts, size), "",
                     kFetchAgain};
    }
    const uint64_t expected = kHeaderBytes + entries * kEntryBytes + kChecksumBytes;
    if (expected != size) {
        return Error{fmt::format("{} bytes too many: {} take {} bytes, and there are {}",
                                 size - expected, counts, expected, size),
                     "", kFetchAgain};
    }
    if (entries == 0) {
        return Error{"a table without entries: nothing would have a reputation", "", kBuildAgain};
    }
    return {};
}

Status check_sum(ByteView bytes) {
    const size_t covered = bytes.size() - kChecksumBytes;
    const Sha256 found = base::sha256(bytes.first(covered));
    if (!std::ranges::equal(found, bytes.subspan(covered))) {
        return Error{fmt::format("damaged: its SHA-256 is {}, and it says {}", base::to_hex(found),
                                 base::to_hex(bytes.subspan(covered))),
                     "", kFetchAgain};
    }
    return {};
}

Error at_entry(const char* kind, size_t n, const SortedKeys& keys, std::string message) {
    return {std::move(message),
            fmt::format("{} {} of {}", kind, base::with_thousands(static_cast<int64_t>(n + 1)),
                        base::with_thousands(static_cast<int64_t>(keys.size()))),
            kBuildAgain};
}

Status check_entries(const SortedKeys& keys, const char* kind) {
    if (const size_t n = keys.ascending(); n < keys.size()) {
        const std::string here = base::to_hex(keys.key(n)), before = base::to_hex(keys.key(n - 1));
        return at_entry(kind, n, keys,
                        here == before
                            ? here + " stands twice"
                            : fmt::format("out of order: {} stands after {}", here, before));
    }
    for (size_t n = 0; n < keys.size(); ++n) {
        if (keys.reputation(n) > kHighestReputation) {
            return at_entry(kind, n, keys,
                            fmt::format("a reputation of {}; the highest is {}", keys.reputation(n),
                                        kHighestReputation));
        }
    }
    return {};
}

}  // namespace

Result<Bytes> write_table(std::vector<TableEntry> files, std::vector<TableEntry> signers) {
    if (files.empty() && signers.empty()) {
        return Error{"no entry at all: nothing would have a reputation", "", "give one at least"};
    }
    FB_CHECK(sort_and_check(files, "file"));
    FB_CHECK(sort_and_check(signers, "signer"));
    base::ByteWriter header;
    header.u32(kTableVersion);
    header.u32(0);
    header.u64(files.size());
    header.u64(signers.size());
    Bytes out;
    out.reserve(kHeaderBytes + (files.size() + signers.size()) * kEntryBytes + kChecksumBytes);
    append(out, base::view_of(kMagic));
    append(out, std::move(header).take());
    append_keys(out, files);
    append_keys(out, signers);
    append_reputations(out, files);
    append_reputations(out, signers);
    append(out, base::sha256(out));
    return out;
}

Result<ReputationTable> ReputationTable::open(ByteView bytes) {
    FB_TRY(const Header header, read_header(bytes));
    FB_CHECK(check_size(header, bytes.size()));
    FB_CHECK(check_sum(bytes));
    ByteView rest = bytes.subspan(kHeaderBytes);
    const auto take = [&rest](size_t size) {
        const ByteView taken = rest.first(size);
        rest = rest.subspan(size);
        return taken;
    };
    const ByteView file_keys = take(header.files * kKeyBytes);
    const ByteView signer_keys = take(header.signers * kKeyBytes);
    const SortedKeys files(file_keys, take(header.files));
    const SortedKeys signers(signer_keys, take(header.signers));
    FB_CHECK(check_entries(files, "file"));
    FB_CHECK(check_entries(signers, "signer"));
    return ReputationTable(files, signers);
}

TableAnswer ask(const ReputationTable& table, const Sha256& file,
                const std::optional<Sha256>& verified_signer) {
    return {table.files().look_up(file),
            verified_signer ? table.signers().look_up(*verified_signer) : std::nullopt};
}

}  // namespace firebreak::endpoint::reputation
