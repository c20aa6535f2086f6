// 100,000 corruptions of everything that is signed or encrypted, seeded, through the real verifier:
// none crashes it, and none proves anything but what its authors signed. Then what stock OpenSSL
// says of such files, and the one other encoding that is good: a signature's twin.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/random.h"
#include "content/encryption.h"
#include "content/openssl_handles.h"
#include "content/packages.h"
#include "content/stock_openssl.h"
#include "support/der_tree.h"
#include "support/result_matchers.h"

namespace firebreak::content {
namespace {

using base::Bytes;
using base::ByteView;
using test::bundle_or_die;
using test::foreign_pki;
using test::sample_head;
using test::sample_json;
using test::sample_manifest;
using test::sample_set;
using test::sample_statement;
using test::sign_or_die;
using test::signing_time;
using test::statement_or_die;
using test::test_pki;

constexpr uint64_t kCorruptionsOfEachKind = 20'000;  // five kinds
constexpr uint64_t kForStock = 500;                  // of packages, and of encrypted payloads
constexpr uint64_t kForTheCommand = 15;
constexpr uint64_t kFlipsForStock = 1'000;

// A good file, and what it proves, in words that are equal exactly if the proofs are.
struct Specimen {
    Bytes file;
    std::string proof;
};

// Proofs or codes of refusal.
struct Answer {
    std::optional<std::string> proof;
    base::Code code = base::Code::kNone;
};

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

// --- damage ------------------------------------------------------------------------------------

void change_bytes(Bytes& file, Draws& draw) {
    for (size_t left = 1 + draw.below(8); left > 0; --left) {
        file[draw.below(file.size())] = draw.byte();
    }
}

void flip_bits(Bytes& file, Draws& draw) {
    for (size_t left = 1 + draw.below(8); left > 0; --left) {
        file[draw.below(file.size())] ^= static_cast<uint8_t>(1u << draw.below(8));
    }
}

void insert_bytes(Bytes& file, Draws& draw) {
    Bytes more(1 + draw.below(8));
    std::ranges::generate(more, [&] { return draw.byte(); });
    const auto at = file.begin() + static_cast<std::ptrdiff_t>(draw.below(file.size() + 1));
    file.insert(at, more.begin(), more.end());
}

// The front of this file, and the end of another: from the same place, or from any.
void splice(Bytes& file, const Bytes& other, Draws& draw) {
    const size_t at = draw.below(file.size());
    const size_t from =
        draw.below(2) == 0 ? std::min(at, other.size()) : draw.below(other.size() + 1);
    file.resize(at);
    file.insert(file.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
}

void change_elements(Bytes& file, const Bytes& other, Draws& draw) {
    auto forest = firebreak::test::read_der(file).value();
    auto donor = firebreak::test::read_der(other).value();
    const auto change =
        static_cast<firebreak::test::DerChange>(draw.below(firebreak::test::kDerChanges));
    change_der(forest, donor, change, [&](size_t bound) { return draw.below(bound); });
    file = write_der(forest);
}

Bytes corrupt_once(const Specimen& specimen, const Specimen& other, Draws& draw) {
    Bytes file = specimen.file;
    switch (draw.below(7)) {
        case 0:
            change_bytes(file, draw);
            break;
        case 1:
            flip_bits(file, draw);
            break;
        case 2:
            file.resize(draw.below(file.size()));
            break;
        case 3:
            insert_bytes(file, draw);
            break;
        case 4:
            splice(file, other.file, draw);
            break;
        default:
            change_elements(file, other.file, draw);
    }
    return file;
}

// Never one of the specimens: those are good.
struct Corruption {
    const Specimen& of;
    Bytes file;
};

Corruption corruption(const std::vector<Specimen>& specimens, uint64_t seed, uint64_t run) {
    Draws draw(seed, run);
    while (true) {
        const Specimen& specimen = specimens[draw.below(specimens.size())];
        Bytes file = corrupt_once(specimen, specimens[draw.below(specimens.size())], draw);
        if (std::ranges::find(specimens, file, &Specimen::file) == specimens.end()) {
            return {specimen, std::move(file)};
        }
    }
}

// --- what is damaged ---------------------------------------------------------------------------

std::string words(ByteView json, std::string_view signer) {
    return fmt::format("{} by {}", base::text_of(json), signer);
}

// Of other versions, feeds, times and signers, so that splices have something to offer.
std::vector<Specimen> packages() {
    std::vector<Specimen> out;
    for (const Feed feed : {Feed::kDatasetA, Feed::kESH}) {
        for (const char* version : {"2026.3.2", "2026.3.3"}) {
            Manifest manifest = sample_manifest(feed);
            manifest.version = version;
            const Bytes json = canonical_json(manifest);
            const Signer& signer = test_pki().signers.at(feed);
            for (const int day : {0, 1}) {
                out.push_back({sign_or_die(json, signer, signing_time() + base::days(day)),
                               words(json, common_name_of(signer.identity.certificate))});
            }
        }
    }
    return out;
}

std::vector<Specimen> heads() {
    std::vector<Specimen> out;
    for (const uint64_t sequence : {7, 8}) {
        for (const Feed feed : {Feed::kDatasetA, Feed::kESH}) {
            SignedHead head = sample_head(feed);
            head.sequence = sequence;
            const Bytes json = canonical_json(head);
            out.push_back({bundle_or_die(json, {1, 2}), words(json, "heads")});
            out.push_back({bundle_or_die(json, {1, 2, 3}), words(json, "heads")});
        }
    }
    return out;
}

std::vector<Specimen> sets() {
    std::vector<Specimen> out;
    for (const uint64_t sequence : {7, 8, 9}) {
        SetManifest set = sample_set();
        set.sequence = sequence;
        const Bytes json = canonical_json(set);
        out.push_back({bundle_or_die(json, {1, 2}), words(json, "heads")});
        out.push_back({bundle_or_die(json, {3, 1, 2}), words(json, "heads")});
    }
    return out;
}

std::vector<Specimen> statements() {
    std::vector<Specimen> out;
    for (const uint64_t number : {1, 2, 3}) {
        RootStatement statement = sample_statement();
        statement.number = number;
        out.push_back({statement_or_die(statement, test_pki().root),
                       words(canonical_json(statement), "the root")});
    }
    return out;
}

const Bytes& key_of(Feed feed) {
    return test_pki().content_keys.at(feed);
}

std::vector<Specimen> encrypted_payloads() {
    std::vector<Specimen> out;
    for (const char* text : {"rule a { condition: false }", "rule b { condition: true }"}) {
        const ByteView plain = base::view_of(text);
        for (const Feed feed : {Feed::kBehavior, Feed::kRepairKit}) {
            out.push_back({encrypt(feed, plain, key_of(feed)).value(), text});
        }
        out.push_back(
            {encrypt(Feed::kBehavior, plain, foreign_pki().content_keys.at(Feed::kBehavior))
                 .value(),
             text});
    }
    return out;
}

// --- who judges --------------------------------------------------------------------------------

template <class Proved, class Words>
Answer answer_of(const std::variant<Proved, base::Outcome>& verdict, const Words& in_words) {
    if (const auto* refusal = std::get_if<base::Outcome>(&verdict)) {
        EXPECT_TRUE(refusal->refused() && !refusal->evidence.empty());
        return {std::nullopt, refusal->code};
    }
    return {in_words(std::get<Proved>(verdict)), base::Code::kNone};
}

using Judge = std::function<Answer(ByteView)>;

Answer judge_package(const Verifier& verifier, ByteView file) {
    return answer_of(verifier.verify(file), [](const Verified& found) {
        return words(canonical_json(found.manifest), found.signer);
    });
}

Answer judge_payload(ByteView file) {
    return answer_of(decrypt(Feed::kBehavior, file, key_of(Feed::kBehavior)),
                     [](const Bytes& plain) { return std::string(base::text_of(plain)); });
}

// The envelopes, whole, of all good bundles that prove this.
std::set<Bytes> envelopes_that_prove(const std::string& proof,
                                     const std::vector<Specimen>& specimens) {
    std::set<Bytes> out;
    for (const Specimen& specimen : specimens) {
        if (specimen.proof == proof) {
            const auto envelopes = split_bundle(specimen.file);
            for (const ByteView envelope : envelopes.value()) {
                out.emplace(envelope.begin(), envelope.end());
            }
        }
    }
    return out;
}

// Good envelopes, whole, and no others: some left out, in another order, or from another bundle of
// the same proof.
bool only_rearranged(ByteView file, const std::set<Bytes>& good) {
    const auto found = split_bundle(file);
    return found.ok() && std::ranges::all_of(*found, [&](ByteView envelope) {
               return good.contains(Bytes(envelope.begin(), envelope.end()));
           });
}

struct Tally {
    std::map<std::string, uint64_t> refused;  // by code
    uint64_t rearranged = 0;                  // accepted, with the same content
    uint64_t accepted = 0;                    // any other way
    uint64_t other_content = 0;
};

Tally judge_all(const std::vector<Specimen>& specimens, uint64_t seed, const Judge& judge) {
    Tally tally;
    for (uint64_t run = 0; run < kCorruptionsOfEachKind; ++run) {
        const Corruption one = corruption(specimens, seed, run);
        const Answer answer = judge(one.file);
        if (!answer.proof) {
            ++tally.refused[std::string(base::to_text(answer.code))];
            continue;
        }
        const bool rearranged =
            only_rearranged(one.file, envelopes_that_prove(one.of.proof, specimens));
        const bool same = *answer.proof == one.of.proof;
        tally.rearranged += rearranged ? 1 : 0;
        tally.accepted += rearranged ? 0 : 1;
        tally.other_content += same ? 0 : 1;
        EXPECT_TRUE(same) << "seed " << seed << ", run " << run << ": " << *answer.proof;
        EXPECT_TRUE(rearranged) << "seed " << seed << ", run " << run;
    }
    return tally;
}

// The share of such corruptions that gets through is, with 95 % confidence, below this if none of
// so many did. Exact; the rule of three says 3 / tried.
double upper_bound(uint64_t tried) {
    return 1 - std::pow(0.05, 1 / static_cast<double>(tried));
}

void say(const char* what, const Tally& tally) {
    std::string text = fmt::format("{}: {} corruptions\n", what, kCorruptionsOfEachKind);
    for (const auto& [code, count] : tally.refused) {
        text += fmt::format("  {:>7}  {}\n", count, code);
    }
    text +=
        fmt::format("  {:>7}  accepted: whole good envelopes, arranged otherwise, same content\n",
                    tally.rearranged);
    text += fmt::format("  {:>7}  accepted in any other encoding\n", tally.accepted);
    text += fmt::format("  {:>7}  accepted with other content or another signer\n",
                        tally.other_content);
    text +=
        fmt::format("  share that does either, 95 %: below {:.2e}; over all five kinds {:.2e}\n",
                    upper_bound(kCorruptionsOfEachKind), upper_bound(5 * kCorruptionsOfEachKind));
    fmt::print("{}", text);
    testing::Test::RecordProperty("corruptions", static_cast<int>(kCorruptionsOfEachKind));
    testing::Test::RecordProperty("bound",
                                  fmt::format("{:.3e}", upper_bound(kCorruptionsOfEachKind)));
}

// Good files are good before they are damaged: else nothing is shown.
void expect_proved(const std::vector<Specimen>& specimens, const Judge& judge) {
    for (const Specimen& specimen : specimens) {
        ASSERT_EQ(judge(specimen.file).proof, specimen.proof);
    }
}

TEST(Corruptions, OfPackagesProveNothingElse) {
    const Verifier verifier({test_pki().root.certificate});
    const Judge judge = [&](ByteView file) { return judge_package(verifier, file); };
    ASSERT_NO_FATAL_FAILURE(expect_proved(packages(), judge));
    const Tally tally = judge_all(packages(), 1, judge);
    EXPECT_EQ(tally.rearranged, 0);
    say("packages", tally);
}

TEST(Corruptions, OfEncryptedPayloadsGiveNoOtherPlainText) {
    const std::vector<Specimen> specimens = encrypted_payloads();
    ASSERT_EQ(judge_payload(specimens.front().file).proof, specimens.front().proof);
    const Tally tally = judge_all(specimens, 2, judge_payload);
    EXPECT_EQ(tally.rearranged, 0);
    say("encrypted payloads", tally);
}

TEST(Corruptions, OfSignedHeadsProveNothingElse) {
    const Verifier verifier({test_pki().root.certificate});
    const Judge judge = [&](ByteView file) {
        return answer_of(verifier.verify_head(file, 2), [](const SignedHead& head) {
            return words(canonical_json(head), "heads");
        });
    };
    ASSERT_NO_FATAL_FAILURE(expect_proved(heads(), judge));
    say("signed heads", judge_all(heads(), 3, judge));
}

TEST(Corruptions, OfSetManifestsProveNothingElse) {
    const Verifier verifier({test_pki().root.certificate});
    const Judge judge = [&](ByteView file) {
        return answer_of(verifier.verify_set(file, 2), [](const SetManifest& set) {
            return words(canonical_json(set), "heads");
        });
    };
    ASSERT_NO_FATAL_FAILURE(expect_proved(sets(), judge));
    say("set manifests", judge_all(sets(), 4, judge));
}

TEST(Corruptions, OfRootStatementsProveNothingElse) {
    const Verifier verifier({test_pki().root.certificate});
    const Judge judge = [&](ByteView file) {
        return answer_of(verifier.verify_root_statement(file), [](const RootStatement& statement) {
            return words(canonical_json(statement), "the root");
        });
    };
    ASSERT_NO_FATAL_FAILURE(expect_proved(statements(), judge));
    const Tally tally = judge_all(statements(), 5, judge);
    EXPECT_EQ(tally.rearranged, 0);
    say("root statements", tally);
}

// --- stock OpenSSL -----------------------------------------------------------------------------

// What `openssl cms -verify -binary -purpose any -attime T` does, by the same calls (apps/cms.c),
// but without a process: the content, if it accepts.
std::optional<Bytes> stock_content(const Bytes& file, base::UtcTime at) {
    const TrustStore store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), test_pki().root.certificate.get());
    X509_VERIFY_PARAM* settings = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_purpose(settings, X509_PURPOSE_ANY);
    X509_VERIFY_PARAM_set_time(settings, at.unix_seconds);
    const Bio in = read_bio(file);
    const Bio out(BIO_new(BIO_s_mem()));
    const CmsMessage message(d2i_CMS_bio(in.get(), nullptr));
    const bool good = message != nullptr && CMS_verify(message.get(), nullptr, store.get(), nullptr,
                                                       out.get(), CMS_BINARY) == 1;
    ERR_clear_error();
    return good ? std::optional(base::bytes_of(contents_of(out.get()))) : std::nullopt;
}

// The same of `openssl cms -decrypt -secretkey KEK -secretkeyid ID`.
std::optional<Bytes> stock_plain(const Bytes& file) {
    Bytes kek = key_of(Feed::kBehavior);
    Bytes id = base::bytes_of(info(Feed::kBehavior).name);
    const Bio in = read_bio(file);
    const Bio out(BIO_new(BIO_s_mem()));
    const CmsMessage message(d2i_CMS_bio(in.get(), nullptr));
    const bool good =
        message != nullptr &&
        CMS_decrypt_set1_key(message.get(), kek.data(), kek.size(), id.data(), id.size()) == 1 &&
        CMS_decrypt(message.get(), nullptr, nullptr, nullptr, out.get(), CMS_BINARY) == 1;
    ERR_clear_error();
    return good ? std::optional(base::bytes_of(contents_of(out.get()))) : std::nullopt;
}

TEST(CorruptionsBesideStock, OfPackagesAreRefusedByUsWheneverStockRefuses) {
    const std::vector<Specimen> specimens = packages();
    const Verifier verifier({test_pki().root.certificate});
    ASSERT_TRUE(stock_content(specimens.front().file, signing_time() + base::days(1)));
    uint64_t stock_takes = 0;
    for (uint64_t run = 0; run < kForStock; ++run) {
        const Corruption one = corruption(specimens, 6, run);
        const bool stock = stock_content(one.file, signing_time() + base::days(1)).has_value();
        EXPECT_TRUE(stock || !judge_package(verifier, one.file).proof) << run;
        if (run < kForTheCommand) {  // the calls are the command's
            EXPECT_EQ(stock, test::stock_openssl_accepts(one.file, signing_time() + base::days(1)))
                << run;
        }
        stock_takes += stock ? 1 : 0;
    }
    fmt::print("of {} corrupted packages stock `openssl cms -verify` takes {}, we none\n",
               kForStock, stock_takes);
}

TEST(CorruptionsBesideStock, OfEncryptedPayloadsAreRefusedByUsWheneverStockRefuses) {
    const std::vector<Specimen> specimens = encrypted_payloads();
    ASSERT_TRUE(stock_plain(specimens.front().file));
    uint64_t stock_takes = 0;
    for (uint64_t run = 0; run < kForStock; ++run) {
        const Corruption one = corruption(specimens, 7, run);
        const auto stock = stock_plain(one.file);
        EXPECT_TRUE(stock || !judge_payload(one.file).proof) << run;
        if (run < kForTheCommand) {
            const auto command = test::stock_openssl_decrypts(
                one.file, base::view_of(info(Feed::kBehavior).name), key_of(Feed::kBehavior));
            EXPECT_EQ(stock.has_value(), command.has_value()) << run;
        }
        stock_takes += stock ? 1 : 0;
    }
    fmt::print("of {} corrupted payloads stock `openssl cms -decrypt` takes {}, we none\n",
               kForStock, stock_takes);
}

TEST(CorruptionsBesideStock, OfOneBitAreTakenByStockNowAndThenAndNeverByUs) {
    const Bytes good = test::sample_envelope();
    const Verifier verifier({test_pki().root.certificate});
    uint64_t stock_takes = 0;
    for (uint64_t run = 0; run < kFlipsForStock; ++run) {
        Draws draw(8, run);
        Bytes file = good;
        file[draw.below(file.size())] ^= static_cast<uint8_t>(1u << draw.below(8));
        EXPECT_FALSE(judge_package(verifier, file).proof);
        if (const auto content = stock_content(file, signing_time())) {
            EXPECT_EQ(*content, sample_json());
            ++stock_takes;
        }
    }
    EXPECT_GT(stock_takes, 0);
    fmt::print(
        "of {} single flipped bits stock `openssl cms -verify` takes {}, with the content "
        "unchanged; we none\n",
        kFlipsForStock, stock_takes);
}

// --- the twin of a signature -------------------------------------------------------------------

// With (r, s) an ECDSA signature (r, n - s) is one as well, and it takes no key to make it.
Bytes twin_of(ByteView signature) {
    const uint8_t* from = signature.data();
    const Handle<ECDSA_SIG, ECDSA_SIG_free> parsed(
        d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(signature.size())));
    const Handle<EC_GROUP, EC_GROUP_free> curve(EC_GROUP_new_by_curve_name(NID_secp384r1));
    BIGNUM* r = BN_dup(ECDSA_SIG_get0_r(parsed.get()));
    BIGNUM* s = BN_new();
    BN_sub(s, EC_GROUP_get0_order(curve.get()), ECDSA_SIG_get0_s(parsed.get()));
    ECDSA_SIG_set0(parsed.get(), r, s);
    Bytes out(static_cast<size_t>(i2d_ECDSA_SIG(parsed.get(), nullptr)));
    uint8_t* to = out.data();
    i2d_ECDSA_SIG(parsed.get(), &to);
    return out;
}

TEST(Malleability, ASignaturesTwinProvesTheSameContentAndSignerAndNoMore) {
    const Bytes good = test::sample_envelope();
    Bytes twin;
    const Bytes other = test::forge(good, [&](EnvelopeParts& parts) {
        twin = twin_of(parts.signature);
        parts.signature = twin;
    });
    ASSERT_NE(other, good);
    const Verifier verifier({test_pki().root.certificate});
    EXPECT_EQ(judge_package(verifier, other).proof, judge_package(verifier, good).proof);
    EXPECT_EQ(stock_content(other, signing_time()), sample_json());  // we are no laxer than it
}

// The same certificate with the twin of its issuer's signature: other bytes, hence another digest.
Bytes certificate_twin(ByteView certificate) {
    auto forest = firebreak::test::read_der(certificate).value();
    Bytes& bits = forest[0].children.at(2).contents;  // a BIT STRING: number of unused bits first
    const Bytes twin = twin_of(ByteView(bits).subspan(1));
    bits.resize(1);
    bits.insert(bits.end(), twin.begin(), twin.end());
    return write_der(forest);
}

TEST(Malleability, ARevokedCertificateStaysRevokedWithTheTwinOfItsSignature) {
    const Bytes good = test::sample_envelope();
    for (const size_t which : {0u, 1u}) {
        Bytes twin;
        base::Digest revoked;
        const Bytes other = test::forge(good, [&](EnvelopeParts& parts) {
            revoked = base::sha384(parts.certificates[which]);
            twin = certificate_twin(parts.certificates[which]);
            parts.certificates[which] = twin;
        });
        ASSERT_NE(other, good);
        SCOPED_TRACE(which);
        const Verifier verifier({test_pki().root.certificate});
        EXPECT_THAT(verifier.verify(other, {{revoked}}),
                    test::RefusedAs(base::Category::kUntrusted, base::Code::kChainRevoked));
    }
}

}  // namespace
}  // namespace firebreak::content
