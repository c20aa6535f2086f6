// 20,000 corruptions of signed executables, seeded: none crashes the verifier, none is signed by
// anybody else, and none that verifies has another byte under its signature. What may change and
// does no harm is listed here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "endpoint/executables/find_executables.h"
#include "endpoint/executables/little_endian.h"
#include "endpoint/executables/samples.h"
#include "support/der_tree.h"

namespace firebreak::endpoint::executables {
namespace {

using base::Bytes;
using base::ByteView;
using test::authority;
using test::parsed;
using test::verdict_on;

constexpr uint64_t kCorruptions = 20'000;

// Draws of one corruption, one after another.
class Draws {
  public:
    Draws(uint64_t seed, uint64_t run) : stream_(seed, base::Stream::kMutation), run_(run) {}
    size_t below(size_t bound) { return static_cast<size_t>(stream_.below(bound, run_, n_++)); }
    uint8_t byte() { return static_cast<uint8_t>(below(256)); }

  private:
    base::RandomStream stream_;
    uint64_t run_;
    uint64_t n_ = 0;
};

// Half of them in what is not code: headers, and the certificate table with its signature.
size_t somewhere(const Bytes& file, size_t table, Draws& draw) {
    switch (draw.below(4)) {
        case 0:
            return draw.below(std::min<size_t>(file.size(), 512));
        case 1:
            return table + draw.below(file.size() - table);
        default:
            return draw.below(file.size());
    }
}

void change_bytes(Bytes& file, size_t table, Draws& draw) {
    for (size_t left = 1 + draw.below(4); left > 0; --left) {
        file[somewhere(file, table, draw)] = draw.byte();
    }
}

void flip_bit(Bytes& file, size_t table, Draws& draw) {
    file[somewhere(file, table, draw)] ^= static_cast<uint8_t>(1u << draw.below(8));
}

void insert_bytes(Bytes& file, size_t table, Draws& draw) {
    Bytes more(1 + draw.below(16));
    std::ranges::generate(more, [&] { return draw.byte(); });
    file.insert(file.begin() + static_cast<long>(somewhere(file, table, draw)), more.begin(),
                more.end());
}

void erase_bytes(Bytes& file, size_t table, Draws& draw) {
    const size_t at = somewhere(file, table, draw);
    const size_t end = std::min(file.size(), at + 1 + draw.below(16));
    file.erase(file.begin() + static_cast<long>(at), file.begin() + static_cast<long>(end));
}

// DER of the signature in a table that sign_authenticode() wrote.
ByteView signature_in(const Bytes& file, size_t table) {
    const size_t length = 4 + (size_t{file[table + 10]} << 8 | file[table + 11]);
    return ByteView(file).subspan(table + 8, length);
}

// The signature's elements moved, doubled, left out or taken from the other's, in a table that is
// right around them.
void change_elements(Bytes& file, size_t table, const Bytes& other, Draws& draw) {
    auto forest = firebreak::test::read_der(signature_in(file, table)).value();
    auto donor =
        firebreak::test::read_der(signature_in(other, parsed(other).certificate_table.offset))
            .value();
    const auto change =
        static_cast<firebreak::test::DerChange>(draw.below(firebreak::test::kDerChanges));
    change_der(forest, donor, change, [&](size_t bound) { return draw.below(bound); });
    Bytes entry(8);
    const Bytes message = write_der(forest);
    entry.insert(entry.end(), message.begin(), message.end());
    entry.resize((entry.size() + 7) / 8 * 8);
    put_at(entry, 0, entry.size(), 4);
    put_at(entry, 4, pe::kCertificateRevision2, 2);
    put_at(entry, 6, pe::kPkcsSignedData, 2);
    const size_t security = parsed(file).security_entry.offset;
    file.resize(table);
    file.insert(file.end(), entry.begin(), entry.end());
    put_at(file, security + 4, entry.size(), 4);
}

struct Corruption {
    Bytes file;
    bool elements = false;  // a well-formed table around a changed signature
};

Corruption corrupted(const Bytes& good, const Bytes& other, uint64_t seed, uint64_t run) {
    Draws draw(seed, run);
    Corruption made{good, false};
    const size_t table = parsed(good).certificate_table.offset;
    switch (draw.below(8)) {
        case 0:
            made.file.resize(draw.below(good.size()));
            break;
        case 1:
            insert_bytes(made.file, table, draw);
            break;
        case 2:
            erase_bytes(made.file, table, draw);
            break;
        case 3:
            flip_bit(made.file, table, draw);
            break;
        case 4: {  // the front of one and the end of the other
            const size_t at = draw.below(std::min(good.size(), other.size()));
            made.file.resize(at);
            made.file.insert(made.file.end(), other.begin() + static_cast<long>(at), other.end());
            break;
        }
        case 5:
            change_bytes(made.file, table, draw);
            break;
        default:
            change_elements(made.file, table, other, draw);
            made.elements = true;
    }
    return made;
}

// All that is under the signature.
Bytes covered_bytes(const Bytes& file) {
    const std::vector<Range> ranges = digested_ranges(file, parsed(file)).value();
    Bytes covered;
    for (const Range& range : ranges) {
        covered.insert(covered.end(), file.begin() + static_cast<long>(range.offset),
                       file.begin() + static_cast<long>(range.end()));
    }
    return covered;
}

Bytes without_checksum(Bytes file) {
    put_at(file, parsed(file).checksum_field.offset, 0, 4);
    return file;
}

// What the signature says, in whatever order and but for NULL.
using Leaves = std::multiset<std::pair<uint8_t, Bytes>>;

void add_leaves(const firebreak::test::DerForest& forest, Leaves& leaves) {
    constexpr uint8_t kNull = 0x05;
    for (const firebreak::test::DerNode& node : forest) {
        if (node.children.empty() && node.tag != kNull) {
            leaves.emplace(node.tag, node.contents);
        }
        add_leaves(node.children, leaves);
    }
}

Leaves leaves_of(const Bytes& file) {
    Leaves leaves;
    add_leaves(firebreak::test::read_der(signature_in(file, parsed(file).certificate_table.offset))
                   .value(),
               leaves);
    return leaves;
}

// Which of the harmless changes made this of `good`; empty: none that is known.
//
// - "nothing": the draw hit bytes with what they had been
// - "checksum": no signature covers it
// - "order or NULL": certificates in another order, which signing programs sort or not; parameters
//   of an algorithm that has none, which RFC 5754 takes as NULL and left out
// - "uncovered": the verdict itself says so
std::string_view harmless_change(const Corruption& made, const Bytes& good, const SignedBy& by) {
    if (made.file == good) {
        return "nothing";
    }
    if (made.file.size() == good.size() && without_checksum(made.file) == without_checksum(good)) {
        return "checksum";
    }
    if (made.elements && by.uncovered_bytes > 0) {
        return "uncovered";
    }
    return made.elements && leaves_of(made.file) == leaves_of(good) ? "order or NULL" : "";
}

TEST(AuthenticodeCorruption, NoneIsSignedByAnotherOrHasOtherCode) {
    constexpr uint64_t kSeed = 20'260'302;
    // Another program by another publisher.
    const Bytes good = test::signed_sample();
    const Bytes other = test::signed_by(authority().rival, test::sample_pe(Machine::kX64, 0x21));
    const Sha256 publisher = certificate_sha256(authority().publisher.identity.certificate);
    const Sha256 rival = certificate_sha256(authority().rival.identity.certificate);
    std::map<std::string, int> verdicts;
    for (uint64_t run = 0; run < kCorruptions; ++run) {
        const Corruption made = corrupted(good, other, kSeed, run);
        const SignatureVerdict verdict = verdict_on(made.file);
        if (const auto* refusal = std::get_if<SignatureRefusal>(&verdict)) {
            ASSERT_FALSE(refusal->evidence.empty()) << "run " << run;
            ++verdicts[std::string(to_text(refusal->code))];
            continue;
        }
        // The rival signed one program. A splice at the very front can be that.
        const SignedBy& by = std::get<SignedBy>(verdict);
        ASSERT_TRUE(by.certificate == publisher || by.certificate == rival) << "run " << run;
        const Bytes& original = by.certificate == publisher ? good : other;
        ASSERT_EQ(covered_bytes(made.file), covered_bytes(original)) << "run " << run;
        const std::string_view change = harmless_change(made, original, by);
        ASSERT_FALSE(change.empty()) << "run " << run;
        ++verdicts[std::string(change)];
    }
    // The corruptions reach every check that a corruption can reach.
    for (const char* reached :
         {"not a portable executable", "certificate table is malformed", "signature is malformed",
          "bytes are hidden behind the signature", "algorithm is not supported",
          "digest of the file is wrong", "signature is wrong", "chain is untrusted", "checksum",
          "uncovered"}) {
        EXPECT_GT(verdicts[reached], 0) << reached;
    }
    for (const auto& [verdict, times] : verdicts) {
        RecordProperty(verdict, times);
    }
}

// Each byte of the signed file in turn, all of its bits the other way round: the checksum alone is
// free.
TEST(AuthenticodeCorruption, OnlyTheChecksumMayChangeOfAllBytes) {
    const Bytes good = test::signed_sample();
    const Range checksum = parsed(good).checksum_field;
    for (size_t at = 0; at < good.size(); ++at) {
        Bytes bytes = good;
        bytes[at] ^= 0xff;
        const bool free = at >= checksum.offset && at < checksum.end();
        EXPECT_EQ(std::holds_alternative<SignedBy>(verdict_on(bytes)), free) << at;
    }
}

}  // namespace
}  // namespace firebreak::endpoint::executables
