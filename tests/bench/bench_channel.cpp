// What the content channel costs: payload digests, packages and signed heads, each beside what
// OpenSSL alone takes for the same, in the same minute on the same core; then whole rounds of the
// update client.
//
//   bench_channel      needs the `openssl` command
//
// Budgets: at least 90 % of the SHA-384 rate of `openssl` on payloads of 64 MB; a check that finds
// nothing new verifies no signature; 1 GB needs no 1 GB of memory.
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>

#include "base/file.h"
#include "bench/channel_client.h"
#include "content/envelope.h"
#include "content/openssl_handles.h"
#include "content/payload_check.h"
#include "support/paths.h"

namespace firebreak::content {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPayload = 64 << 20;
constexpr size_t kPiece = 64 << 10;  // as transports hand payloads on
constexpr int kRounds = 5;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

double seconds_of(const std::function<void()>& work) {
    const Clock::time_point begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Ours and the reference by turns, so that a busy machine slows both; the best of each.
struct Pair {
    double ours = 1e9;
    double reference = 1e9;
};

Pair by_turns(const std::function<void()>& ours, const std::function<void()>& reference) {
    Pair best;
    for (int round = 0; round < kRounds; ++round) {
        best.ours = std::min(best.ours, seconds_of(ours));
        best.reference = std::min(best.reference, seconds_of(reference));
    }
    return best;
}

template <class Take>
void in_pieces(const base::Bytes& payload, Take take) {
    for (size_t at = 0; at < payload.size(); at += kPiece) {
        take(base::ByteView(payload).subspan(at, std::min(kPiece, payload.size() - at)));
    }
}

void check_once(const PayloadFile& expected, const base::Bytes& payload) {
    PayloadCheck check(expected);
    in_pieces(payload, [&](base::ByteView piece) { require(check.take(piece)); });
    require(check.finish() == base::Code::kNone);
}

void digest_once(const base::Bytes& payload) {
    const DigestContext context(EVP_MD_CTX_new());
    EVP_DigestInit_ex(context.get(), EVP_sha384(), nullptr);
    in_pieces(payload, [&](base::ByteView piece) {
        EVP_DigestUpdate(context.get(), piece.data(), piece.size());
    });
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    require(EVP_DigestFinal_ex(context.get(), digest, &length) == 1);
}

void payloads() {
    base::Bytes payload(kPayload);
    for (size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
    }
    const PayloadFile expected{"a.bin", payload.size(), base::sha384(payload)};
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.bin";
    require(base::write_file(file, payload).ok());
    const std::string command = fmt::format("openssl dgst -sha384 '{}' >/dev/null", file.string());

    const auto rate = [](double seconds) { return kPayload / seconds / 1e6; };
    const auto ours = [&] { check_once(expected, payload); };
    const Pair loop = by_turns(ours, [&] { digest_once(payload); });
    const Pair process = by_turns(ours, [&] { require(std::system(command.c_str()) == 0); });
    fmt::print("a payload of {} MB, in pieces of {} KB\n", kPayload >> 20, kPiece >> 10);
    fmt::print("  PayloadCheck        {:>9.0f} MB/s\n", rate(loop.ours));
    fmt::print("  EVP_sha384          {:>9.0f} MB/s   ratio {:.3f}\n", rate(loop.reference),
               loop.reference / loop.ours);
    fmt::print("  PayloadCheck        {:>9.0f} MB/s, once more\n", rate(process.ours));
    fmt::print("  openssl dgst        {:>9.0f} MB/s   ratio {:.3f} (a process, and a file)\n",
               rate(process.reference), process.reference / process.ours);
}

// A bare ECDSA verification, as often as asked.
class Bare {
  public:
    explicit Bare(const Identity& identity) : key_(identity.key) {
        const DigestContext context(EVP_MD_CTX_new());
        size_t length = 0;
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key_.get());
        EVP_DigestSign(context.get(), nullptr, &length, text_.data(), text_.size());
        signature_.resize(length);
        EVP_DigestSign(context.get(), signature_.data(), &length, text_.data(), text_.size());
        signature_.resize(length);
    }
    void verify() const {
        const DigestContext context(EVP_MD_CTX_new());
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key_.get());
        require(EVP_DigestVerify(context.get(), signature_.data(), signature_.size(), text_.data(),
                                 text_.size()) == 1);
    }

  private:
    const base::Bytes text_ = base::Bytes(200, 7);
    PrivateKey key_;
    base::Bytes signature_;
};

// New ones, whose signers' chains are known: what an update costs. Returns what a bare verification
// takes, in seconds.
double signatures() {
    constexpr int kTimes = 100;
    const Pki pki = load_pki(test::fixtures_dir() / "keys").value();
    const Signer& signer = pki.signers.at(Feed::kDatasetA);
    const Manifest manifest{
        Feed::kDatasetA, "1", {{"a.yar", 1, base::sha384(base::view_of("a"))}}, "0", "any", {}};
    const base::Digest digest = base::sha384(canonical_json(manifest));
    std::vector<base::Bytes> packages, heads;
    for (int i = 0; i < kRounds * kTimes; ++i) {
        const base::UtcTime at{1'772'409'600 + i};
        packages.push_back(sign(canonical_json(manifest), signer, at).value());
        const SignedHead head{Feed::kDatasetA, "internal", 7,  digest,
                              digest,          0,          at, at + base::days(1)};
        heads.push_back(
            sign_bundle(canonical_json(head), std::span(pki.heads).first(2), at).value());
    }
    const Verifier verifier({pki.root.certificate});
    const Bare bare(signer.identity);
    const auto some_of = [](const std::vector<base::Bytes>& files, const auto& verify) {
        return [&files, &verify, next = size_t{0}]() mutable {
            for (int i = 0; i < kTimes; ++i) {
                verify(files[next++ % files.size()]);
            }
        };
    };
    const auto one_bare = [&](const base::Bytes&) { bare.verify(); };
    const auto one_package = [&](const base::Bytes& package) {
        require(std::holds_alternative<Verified>(verifier.verify(package)));
    };
    const auto one_head = [&](const base::Bytes& head) {
        require(std::holds_alternative<SignedHead>(verifier.verify_head(head, 2)));
    };
    const auto line = [](const char* what, const Pair& pair) {
        fmt::print("  {:<20}{:>9.0f} /s   {:.3f} bare verifications of {:.0f} us each\n", what,
                   kTimes / pair.ours, pair.ours / pair.reference, pair.reference / kTimes * 1e6);
    };
    const Pair of_packages = by_turns(some_of(packages, one_package), some_of(packages, one_bare));
    const Pair known = by_turns(some_of(packages, one_package), some_of(packages, one_bare));
    const Pair of_heads = by_turns(some_of(heads, one_head), some_of(packages, one_bare));
    fmt::print("signatures, chains known ({} verified)\n", verifier.chains_verified());
    line("a new package", of_packages);
    line("a known package", known);
    line("a new head, two keys", of_heads);
    return of_packages.reference / kTimes;
}

}  // namespace
}  // namespace firebreak::content

int main() {
    firebreak::bench::one_large_package();  // first: how far memory grew shows only while it is
                                            // small
    firebreak::content::payloads();
    const double bare_verification = firebreak::content::signatures();
    firebreak::bench::checks_without_news(bare_verification);
    return 0;
}
