#include "faults/mutation.h"

#include <gmock/gmock.h>
#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/x509.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <set>

#include "base/random.h"
#include "content/envelope.h"
#include "content/envelope_profile.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::faults {
namespace {

using base::Bytes;
using base::ByteView;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::Lt;

constexpr FaultKind kKinds[] = {FaultKind::kBitFlip, FaultKind::kTruncate};
constexpr FaultTarget kEnvelopeTargets[] = {FaultTarget::kPackage, FaultTarget::kSignature,
                                            FaultTarget::kChain,   FaultTarget::kManifest,
                                            FaultTarget::kLength,  FaultTarget::kEncoding};
constexpr base::UtcTime kSigningTime{1'772'438'400};

std::string text_of(FaultKind kind, FaultTarget target, uint64_t draw) {
    Fault fault;
    fault.kind = kind;
    fault.target = target;
    fault.draw = draw;
    return fault.text();
}

const content::Pki& pki() {
    static const content::Pki keys = content::load_pki(test::fixtures_dir() / "keys").value();
    return keys;
}

Bytes manifest_json() {
    content::Manifest manifest;
    manifest.version = "2026.3.2";
    manifest.payloads = {{"a.yar", 27, base::sha384(base::bytes_of("a payload"))}};
    return content::canonical_json(manifest);
}

Bytes new_package() {
    return content::sign(manifest_json(), pki().signers.at(content::Feed::kDatasetA), kSigningTime)
        .value();
}

Bytes head_json() {
    content::SignedHead head;
    head.group = "internal";
    head.sequence = 7;
    head.manifest = base::sha384(manifest_json());
    head.set = base::sha384(base::bytes_of("a set"));
    head.issued = kSigningTime;
    head.expires = kSigningTime + base::hours(3);
    return content::canonical_json(head);
}

Bytes new_head() {
    const std::vector<content::Signer> two(pki().heads.begin(), pki().heads.begin() + 2);
    return content::sign_bundle(head_json(), two, kSigningTime).value();
}

// --- a second opinion about where things are, by OpenSSL and by looking for known bytes ----------

size_t place_of(const Bytes& file, const Bytes& part) {
    const auto found = std::search(file.begin(), file.end(), part.begin(), part.end());
    EXPECT_NE(found, file.end());
    return static_cast<size_t>(found - file.begin());
}

Bytes der_of(const content::Certificate& certificate) {
    Bytes der(static_cast<size_t>(i2d_X509(certificate.get(), nullptr)));
    uint8_t* at = der.data();
    i2d_X509(certificate.get(), &at);
    return der;
}

// The places of all bytes of the two certificates.
std::set<uint64_t> certificate_bytes(const Bytes& package) {
    std::set<uint64_t> places;
    const content::Signer& signer = pki().signers.at(content::Feed::kDatasetA);
    for (const auto& certificate : {signer.identity.certificate, signer.chain.at(0)}) {
        const Bytes der = der_of(certificate);
        const size_t begin = place_of(package, der);
        for (size_t i = 0; i < der.size(); ++i) {
            places.insert(begin + i);
        }
    }
    return places;
}

Bytes signature_of(const Bytes& envelope) {
    const uint8_t* at = envelope.data();
    CMS_ContentInfo* message =
        d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(envelope.size()));
    CMS_SignerInfo* info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(message), 0);
    const ASN1_OCTET_STRING* value = CMS_SignerInfo_get0_signature(info);
    const uint8_t* data = ASN1_STRING_get0_data(value);
    Bytes signature(data, data + ASN1_STRING_length(value));
    CMS_ContentInfo_free(message);
    return signature;
}

struct Octets {
    std::set<uint64_t> tags;
    std::set<uint64_t> lengths;
};

// Of all elements from `begin` to `end`, constructed ones entered.
void walk(const Bytes& file, uint64_t begin, uint64_t end, Octets& out) {
    while (begin < end) {
        const uint8_t* at = file.data() + begin;
        long length = 0;
        int tag = 0;
        int tag_class = 0;
        const int kind =
            ASN1_get_object(&at, &length, &tag, &tag_class, static_cast<long>(end - begin));
        ASSERT_EQ(kind & 0x80, 0) << "not DER at byte " << begin;
        const auto contents = static_cast<uint64_t>(at - file.data());
        out.tags.insert(begin);
        for (uint64_t octet = begin + 1; octet < contents; ++octet) {
            out.lengths.insert(octet);
        }
        if ((kind & V_ASN1_CONSTRUCTED) != 0) {
            walk(file, contents, contents + static_cast<uint64_t>(length), out);
        }
        begin = contents + static_cast<uint64_t>(length);
    }
}

Octets octets_of(const Bytes& file) {
    Octets out;
    walk(file, 0, file.size(), out);
    return out;
}

std::vector<uint64_t> differing_bytes(const Bytes& a, const Bytes& b) {
    std::vector<uint64_t> places;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (a[i] != b[i]) {
            places.push_back(i);
        }
    }
    return places;
}

// Where bit flips fall, over many draws.
std::set<uint64_t> struck(const Bytes& file, FaultTarget target, uint64_t draws) {
    std::set<uint64_t> places;
    for (uint64_t draw = 0; draw < draws; ++draw) {
        const Bytes damaged = mutate(file, FaultKind::kBitFlip, target, draw);
        for (const uint64_t place : differing_bytes(file, damaged)) {
            places.insert(place);
        }
    }
    return places;
}

// --- what damage is ------------------------------------------------------------------------------

TEST(Mutation, FlipsExactlyOneBit) {
    const Bytes package = new_package();
    for (const FaultTarget target : kEnvelopeTargets) {
        for (uint64_t draw = 0; draw < 200; ++draw) {
            const Bytes damaged = mutate(package, FaultKind::kBitFlip, target, draw);
            ASSERT_EQ(damaged.size(), package.size());
            const auto places = differing_bytes(package, damaged);
            ASSERT_EQ(places.size(), 1u);
            const auto bits = static_cast<unsigned>(package[places[0]] ^ damaged[places[0]]);
            EXPECT_EQ(std::popcount(bits), 1);
        }
    }
}

TEST(Mutation, TruncatesByAtLeastOneByteAndAddsNothing) {
    const Bytes package = new_package();
    for (const FaultTarget target : kEnvelopeTargets) {
        for (uint64_t draw = 0; draw < 200; ++draw) {
            const Bytes damaged = mutate(package, FaultKind::kTruncate, target, draw);
            ASSERT_LT(damaged.size(), package.size());
            EXPECT_TRUE(std::equal(damaged.begin(), damaged.end(), package.begin()));
        }
    }
}

TEST(Mutation, ReachesEveryByteAndEveryBitOfAPayload) {
    const Bytes payload = base::bytes_of("rule a { condition: false }");
    std::set<Bytes> flipped;
    std::set<Bytes> truncated;
    for (uint64_t draw = 0; draw < 4000; ++draw) {
        flipped.insert(mutate(payload, FaultKind::kBitFlip, FaultTarget::kPayload, draw));
        truncated.insert(mutate(payload, FaultKind::kTruncate, FaultTarget::kPayload, draw));
    }
    EXPECT_EQ(flipped.size(), 8 * payload.size());
    EXPECT_EQ(truncated.size(), payload.size());
}

// --- where it falls ------------------------------------------------------------------------------

TEST(Mutation, StrikesTheManifestAndNothingElse) {
    const Bytes package = new_package();
    const size_t begin = place_of(package, manifest_json());
    const auto places = struck(package, FaultTarget::kManifest, 5000);
    EXPECT_EQ(*places.begin(), begin);
    EXPECT_EQ(*places.rbegin(), begin + manifest_json().size() - 1);
    EXPECT_EQ(places.size(), manifest_json().size());
}

TEST(Mutation, StrikesEveryCertificateAndNothingElse) {
    const Bytes package = new_package();
    EXPECT_EQ(struck(package, FaultTarget::kChain, 30'000), certificate_bytes(package));
}

TEST(Mutation, StrikesTheSignatureWellInsideItsTwoNumbers) {
    for (int signing = 0; signing < 20; ++signing) {
        const Bytes package = new_package();
        const Bytes signature = signature_of(package);
        const size_t begin = place_of(package, signature);
        const auto places = struck(package, FaultTarget::kSignature, 3000);
        EXPECT_EQ(places.size(), 80u);
        // SEQUENCE, its length, INTEGER, its length, r, INTEGER, its length, s.
        const size_t r = begin + 4;
        const size_t s = r + signature[3] + 2;
        for (const uint64_t place : places) {
            EXPECT_TRUE((place > r && place < s - 2) || (place > s && place < package.size()))
                << "byte " << place - begin << " of the signature";
        }
    }
}

TEST(Mutation, StrikesTagsAndLengthsOfTheTreeInFrontOfTheSignature) {
    const Bytes package = new_package();
    const Octets octets = octets_of(package);
    const size_t signature = place_of(package, signature_of(package));
    for (const auto& [target, expected] :
         {std::pair{FaultTarget::kEncoding, octets.tags}, {FaultTarget::kLength, octets.lengths}}) {
        const auto places = struck(package, target, 10'000);
        EXPECT_TRUE(std::ranges::includes(expected, places));
        EXPECT_LT(*places.rbegin(), signature);
        // Of the lengths, those that the signature's own length shows in are left out, and those
        // that would reach into it.
        const auto in_front = std::distance(expected.begin(), expected.lower_bound(signature));
        EXPECT_GE(places.size() + (target == FaultTarget::kLength ? 25u : 0u), in_front);
    }
}

TEST(Mutation, StrikesAPackageInFrontOfItsSignatureOnly) {
    const Bytes package = new_package();
    const size_t signature = place_of(package, signature_of(package));
    const auto places = struck(package, FaultTarget::kPackage, 30'000);
    EXPECT_LT(*places.rbegin(), signature);
    EXPECT_GE(places.size() + 25, signature);
    // What is left out of the lengths is left out here too.
    const std::set<uint64_t> lengths = octets_of(package).lengths;
    std::set<uint64_t> struck_lengths;
    std::ranges::set_intersection(places, lengths,
                                  std::inserter(struck_lengths, struck_lengths.end()));
    EXPECT_EQ(struck_lengths, struck(package, FaultTarget::kLength, 10'000));
}

TEST(Mutation, StrikesEveryEnvelopeOfASignedHead) {
    const Bytes head = new_head();
    const auto places = struck(head, FaultTarget::kHead, 2000);
    EXPECT_LT(*places.begin(), 100u);
    EXPECT_GT(*places.rbegin(), head.size() - 300);
    const auto in_second_half =
        std::ranges::count_if(places, [&](uint64_t place) { return place >= head.size() / 2; });
    EXPECT_GT(in_second_half, static_cast<ptrdiff_t>(places.size() / 3));
}

TEST(Mutation, StrikesAnUnsignedHeadAnywhere) {
    const Bytes head = base::bytes_of(R"({"feed":"DatasetA","manifest":null,"schema":1})");
    EXPECT_EQ(struck(head, FaultTarget::kHead, 3000).size(), head.size());
}

TEST(Mutation, FallsOnTheByteThatIsNamed) {
    const std::vector<Range> ranges = {{10, 12}, {20, 23}};
    Fault fault;
    fault.spot = Spot{3, 6};
    EXPECT_EQ(damage_of(ranges, fault), (Damage{21, 64}));
    fault.spot = Spot{0, 0};
    EXPECT_EQ(damage_of(ranges, fault), (Damage{10, 1}));
    fault.kind = FaultKind::kTruncate;
    EXPECT_EQ(damage_of(ranges, fault), (Damage{10, 0}));
    fault.spot = Spot{5, 0};
    EXPECT_EQ(damage_of(ranges, fault), std::nullopt);
    EXPECT_EQ(damage_of({}, fault), std::nullopt);
    fault.spot.reset();
    fault.draw = 7;
    EXPECT_EQ(damage_of(ranges, fault), choose_damage(ranges, fault.kind, 7));
}

TEST(Mutation, LeavesAFileWithoutSuchAPartAsItIs) {
    const Bytes text = base::bytes_of("no envelope at all");
    for (const FaultKind kind : kKinds) {
        for (const FaultTarget target :
             {FaultTarget::kSignature, FaultTarget::kChain, FaultTarget::kManifest,
              FaultTarget::kLength, FaultTarget::kEncoding}) {
            EXPECT_EQ(mutate(text, kind, target, 5), text);
        }
        EXPECT_EQ(mutate({}, kind, FaultTarget::kPayload, 5), Bytes{});
        EXPECT_EQ(mutate({}, kind, FaultTarget::kPackage, 5), Bytes{});
    }
    EXPECT_EQ(mutate(text, FaultKind::kMissing, FaultTarget::kPayload, 5), text);
}

// --- runs repeat ---------------------------------------------------------------------------------

// What the verifier says: the code of the refusal, or kNone.
using Judge = std::function<base::Code(const Bytes&)>;

template <class Verdict>
base::Code code_of(const Verdict& verdict) {
    const auto* refusal = std::get_if<base::Outcome>(&verdict);
    return refusal == nullptr ? base::Code::kNone : refusal->code;
}

// A key per draw and target. Each signing tries a few draws, so that every draw meets signings of
// several lengths without the test taking a minute.
class Steadiness {
  public:
    Steadiness(Judge judge, std::vector<FaultTarget> targets)
        : judge_(std::move(judge)), targets_(std::move(targets)) {}

    void try_signing(const Bytes& file, uint64_t first_draw, uint64_t draws) {
        ASSERT_EQ(judge_(file), base::Code::kNone) << "undamaged";
        lengths_.insert(file.size());
        for (const FaultTarget target : targets_) {
            for (const FaultKind kind : kKinds) {
                for (uint64_t draw = first_draw; draw < first_draw + draws; ++draw) {
                    const base::Code code = judge_(mutate(file, kind, target, draw));
                    EXPECT_NE(code, base::Code::kNone) << text_of(kind, target, draw);
                    const auto [known, is_new] = codes_.try_emplace({kind, target, draw}, code);
                    EXPECT_EQ(base::to_text(known->second), base::to_text(code))
                        << text_of(kind, target, draw);
                    compared_ += is_new ? 0 : 1;
                    seen_.insert(code);
                }
            }
        }
    }
    size_t lengths() const { return lengths_.size(); }
    size_t compared() const { return compared_; }
    const std::set<base::Code>& seen() const { return seen_; }

  private:
    Judge judge_;
    std::vector<FaultTarget> targets_;
    std::map<std::tuple<FaultKind, FaultTarget, uint64_t>, base::Code> codes_;
    std::set<base::Code> seen_;
    std::set<size_t> lengths_;
    size_t compared_ = 0;
};

TEST(Mutation, IsRefusedForTheSameReasonHoweverOftenThePackageIsSignedAnew) {
    const content::Verifier verifier({pki().root.certificate});
    Steadiness test([&](const Bytes& file) { return code_of(verifier.verify(file)); },
                    {std::begin(kEnvelopeTargets), std::end(kEnvelopeTargets)});
    for (uint64_t signing = 0; signing < 200; ++signing) {
        test.try_signing(new_package(), signing % 10 * 5, 5);
    }
    EXPECT_GE(test.lengths(), 3u) << "the test met too few lengths of signatures";
    EXPECT_EQ(test.compared(), 200u * 6 * 2 * 5 - 6 * 2 * 50);
    for (const base::Code code : {base::Code::kEnvelopeMalformed, base::Code::kEnvelopeNotCanonical,
                                  base::Code::kChainUntrusted, base::Code::kSignatureWrong,
                                  base::Code::kManifestDigestWrong}) {
        EXPECT_TRUE(test.seen().contains(code)) << base::to_text(code);
    }
}

TEST(Mutation, IsRefusedForTheSameReasonHoweverOftenTheHeadIsSignedAnew) {
    const content::Verifier verifier({pki().root.certificate});
    Steadiness test([&](const Bytes& file) { return code_of(verifier.verify_head(file, 2)); },
                    {FaultTarget::kHead, FaultTarget::kSignature});
    for (uint64_t signing = 0; signing < 100; ++signing) {
        test.try_signing(new_head(), signing % 10 * 5, 5);
    }
    EXPECT_GE(test.lengths(), 3u);
}

// Every bit that a length's octets have, not only those that some draws pick: a wrong length is
// what could have signature bytes read as structure. Within certificates nothing depends on the
// signature, and judging them takes long.
TEST(Mutation, LetsNoWrongLengthReachTheSignature) {
    const content::Verifier verifier({pki().root.certificate});
    std::map<std::pair<uint64_t, int>, base::Code> codes;
    std::set<size_t> lengths;
    for (int signing = 0; signing < 200; ++signing) {
        const Bytes package = new_package();
        lengths.insert(package.size());
        const auto certificates = certificate_bytes(package);
        for (const Range& range : ranges_of(package, FaultTarget::kLength)) {
            ASSERT_EQ(range.end, range.begin + 1);
            for (int bit = 0; bit < 8 && !certificates.contains(range.begin); ++bit) {
                Bytes damaged = package;
                damaged[range.begin] ^= static_cast<uint8_t>(1u << bit);
                const base::Code code = code_of(verifier.verify(damaged));
                EXPECT_NE(code, base::Code::kNone);
                EXPECT_EQ(codes.try_emplace({range.begin, bit}, code).first->second, code)
                    << "bit " << bit << " of byte " << range.begin;
            }
        }
    }
    EXPECT_GE(lengths.size(), 3u);
    EXPECT_GT(codes.size(), 8u * 20);
}

// --- hostile files -------------------------------------------------------------------------------

void expect_sound(const Bytes& file) {
    for (const FaultTarget target : kEnvelopeTargets) {
        uint64_t before = 0;
        for (const Range& range : ranges_of(file, target)) {
            ASSERT_GE(range.begin, before) << "in order, without overlap";
            ASSERT_LT(range.begin, range.end);
            ASSERT_LE(range.end, file.size());
            before = range.end;
        }
    }
    for (uint64_t offset = 0; offset < file.size() + 2; offset += 7) {
        ASSERT_FALSE(part_at(file, offset).empty());
    }
}

TEST(Mutation, FindsOnlyRangesInsideTheFileWhateverTheFile) {
    const Bytes package = new_package();
    for (uint64_t n = 0; n < 3000; ++n) {
        Bytes file = package;
        for (uint64_t i = 0; i <= n % 4; ++i) {
            file[base::mix64(n * 4 + i) % file.size()] = static_cast<uint8_t>(base::mix64(n + i));
        }
        expect_sound(file);
    }
    for (uint64_t n = 0; n < 3000; ++n) {
        Bytes file(base::mix64(n) % 60);
        for (size_t i = 0; i < file.size(); ++i) {
            file[i] = static_cast<uint8_t>(base::mix64(n ^ i << 20));
        }
        expect_sound(file);
    }
}

// One SEQUENCE within another, twelve thousand deep: walked, not recursed into.
TEST(Mutation, WalksACertificateHoweverDeepItNests) {
    Bytes nested;  // from the inside out, so backwards
    for (int level = 0; level < 12'000; ++level) {
        const size_t length = nested.size();
        for (const int shift : {0, 8, 16}) {
            nested.push_back(static_cast<uint8_t>(length >> shift));
        }
        nested.push_back(0x83);
        nested.push_back(0x30);
    }
    std::ranges::reverse(nested);
    const Bytes package = new_package();
    ASSERT_OK_AND(content::EnvelopeParts parts, content::read_envelope(package));
    parts.certificates = {nested};
    const Bytes envelope = content::write_envelope(parts);
    expect_sound(envelope);
    EXPECT_GE(ranges_of(envelope, FaultTarget::kEncoding).size(), 12'000u);
}

// --- what people read ----------------------------------------------------------------------------

TEST(Mutation, SaysWhichPartAnOffsetIsIn) {
    const Bytes package = new_package();
    EXPECT_EQ(part_at(package, 0), "the envelope's structure, a tag");
    EXPECT_EQ(part_at(package, 1), "the envelope's structure, a length");
    const size_t manifest = place_of(package, manifest_json());
    EXPECT_EQ(part_at(package, manifest + 5),
              "the manifest, byte 5 of " + std::to_string(manifest_json().size()));
    const size_t signature = place_of(package, signature_of(package));
    EXPECT_THAT(part_at(package, signature + 20), HasSubstr("the signature, byte 20 of"));
    const content::Signer& signer = pki().signers.at(content::Feed::kDatasetA);
    for (const auto& certificate : {signer.identity.certificate, signer.chain.at(0)}) {
        EXPECT_THAT(part_at(package, place_of(package, der_of(certificate)) + 200),
                    testing::MatchesRegex("certificate [12] of 2.*"));
    }
    EXPECT_EQ(part_at(package, package.size()), "the file");
    EXPECT_EQ(part_at(base::bytes_of("text"), 1), "the file");
    EXPECT_THAT(part_at(new_head(), 0), HasSubstr("envelope 1 of 2: "));
    EXPECT_THAT(part_at(new_head(), new_head().size() - 10), HasSubstr("envelope 2 of 2: "));
}

}  // namespace
}  // namespace firebreak::faults
