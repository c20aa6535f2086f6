#include "bench/channel_client.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>

#include "content/envelope.h"
#include "content/head.h"
#include "content/package.h"
#include "endpoint/delivery/delivered_content.h"
#include "endpoint/update/durable_store.h"
#include "endpoint/update/update_client.h"
#include "ports/whole_file.h"
#include "support/paths.h"

namespace firebreak::bench {
namespace {

using namespace content;
using endpoint::update::Check;
using endpoint::update::Profile;
using Clock = std::chrono::steady_clock;

constexpr base::UtcTime kNow{1'772'409'600};  // 2026-03-02
constexpr char kGroup[] = "public-1";
constexpr uint64_t kLarge = 1 << 30;
constexpr uint64_t kPiece = 64 << 10;

template <class Value>
Value must(base::Result<Value> result) {
    if (!result.ok()) {
        fmt::print(stderr, "{}\n", result.error().text());
        std::abort();
    }
    return std::move(result).value();
}

const Pki& pki() {
    static const Pki keys = must(load_pki(test::fixtures_dir() / "keys"));
    return keys;
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Files in memory, and one that is made up as it is served.
class Cdn final : public ports::Transport {
  public:
    unsigned edges() const override { return 1; }
    ports::FetchStatus get(const ports::Request& request, ports::Receiver& receiver) override {
        if (request.path == large) {
            return serve_large(receiver);
        }
        const auto file = files.find(request.path);
        return file == files.end() ? ports::FetchStatus::kMissing
                                   : ports::deliver(file->second, request.offset, receiver);
    }

    static const base::Bytes& piece() {
        static const base::Bytes bytes = [] {
            base::Bytes out(kPiece);
            for (size_t i = 0; i < out.size(); ++i) {
                out[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
            }
            return out;
        }();
        return bytes;
    }

    std::map<std::string, base::Bytes> files;
    std::string large;

  private:
    static ports::FetchStatus serve_large(ports::Receiver& receiver) {
        if (!receiver.begin(ports::Encoding::kIdentity, 0)) {
            return ports::FetchStatus::kStopped;
        }
        for (uint64_t at = kPiece; at <= kLarge; at += kPiece) {
            const ports::Elapsed elapsed(at * 1000 / ports::kUsualBytesPerSecond);
            if (!receiver.receive(piece(), elapsed)) {
                return ports::FetchStatus::kStopped;
            }
        }
        return ports::FetchStatus::kOk;
    }
};

class Components final : public ports::Installers {
  public:
    explicit Components(ports::Store& store) : content_(store) {}
    ports::Installer& of(Feed feed) override {
        content_.select(feed);
        return content_;
    }

  private:
    endpoint::delivery::DeliveredContent content_;
};

class FixedClock final : public ports::Clock {
  public:
    bool reached(base::UtcTime time) override { return kNow >= time; }
};

class NoAlerts final : public ports::Alerts {
  public:
    void raise(const ports::Alert&) override { std::abort(); }
};

// A vendor's CDN with one package for each of these feeds, and one endpoint.
class Channel {
  public:
    Channel(const Profile& profile, std::vector<Feed> feeds)
        : feeds_(std::move(feeds)), store_(must(open(folder_.path()))), components_(*store_) {
        settings_.channel = settings_.release_group = kGroup;
        settings_.product_version = "2026.1";
        settings_.profile = profile;
        settings_.built = kNow;
        for (const Feed feed : feeds_) {
            const base::Bytes payload = base::bytes_of(info(feed).name);
            publish(feed, {std::string(info(feed).name), payload.size(), base::sha384(payload)});
            cdn_.files[payload_path(base::sha384(payload))] = payload;
        }
    }

    void publish(Feed feed, const PayloadFile& payload) {
        const Manifest manifest{feed, "1", {payload}, "0", "any", {}};
        const base::Bytes json = canonical_json(manifest);
        offered_[feed] = base::sha384(json);
        cdn_.files[package_path(offered_[feed])] = must(sign(json, pki().signers.at(feed), kNow));
        ++sequence_;
        const SetManifest set{kGroup, sequence_, offered_};
        const auto by_two = std::span(pki().heads).first(2);
        const base::Bytes set_json = canonical_json(set);
        cdn_.files[set_path(base::sha384(set_json))] = must(sign_bundle(set_json, by_two, kNow));
        for (const auto& [on_offer, digest] : offered_) {
            const SignedHead head{
                on_offer, kGroup, sequence_,           digest, base::sha384(set_json),
                0,        kNow,   kNow + base::days(1)};
            cdn_.files[signed_head_path(kGroup, on_offer)] =
                must(sign_bundle(canonical_json(head), by_two, kNow));
            cdn_.files[head_path(kGroup, on_offer)] = canonical_json(Head{on_offer, digest});
        }
        cdn_.files[kLatestTrustPath] = must(sign_root_statement({1, {}, {}}, pki().root, kNow));
    }

    void check(base::Category expected) {
        endpoint::update::UpdateClient client(settings_, {cdn_, *store_, clock_, alerts_},
                                              verifier_);
        for (const Check& check : must(client.check_all(feeds_, components_))) {
            if (check.outcome.category != expected) {
                fmt::print(stderr, "{}\n", base::to_text(check.outcome.evidence));
                std::abort();
            }
        }
    }

    Cdn& cdn() { return cdn_; }
    uint64_t signatures_verified() const { return verifier_.signatures_verified(); }

  private:
    static base::Result<std::unique_ptr<ports::Store>> open(const std::filesystem::path& folder) {
        FB_TRY(auto store, endpoint::update::DurableStore::open(folder));
        return std::unique_ptr<ports::Store>(std::move(store));
    }

    std::vector<Feed> feeds_;
    test::TemporaryFolder folder_;
    std::unique_ptr<ports::Store> store_;
    Components components_;
    endpoint::update::Settings settings_;
    Cdn cdn_;
    FixedClock clock_;
    NoAlerts alerts_;
    Verifier verifier_{{pki().root.certificate}};
    std::map<Feed, base::Digest> offered_;
    uint64_t sequence_ = 0;
};

std::vector<Feed> first_feeds(size_t count) {
    std::vector<Feed> feeds;
    for (const FeedInfo& feed : catalogue()) {
        if (feeds.size() < count) {
            feeds.push_back(feed.feed);
        }
    }
    return feeds;
}

// Of this process, and never less than before.
uint64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) << 10;
}

}  // namespace

void checks_without_news(double bare_verification) {
    constexpr int kChecks = 500;
    fmt::print("checks that find nothing new, one core\n");
    for (const Profile& profile : {endpoint::update::published(), endpoint::update::hardened()}) {
        for (const size_t feeds : {size_t{1}, catalogue().size()}) {
            Channel channel(profile, first_feeds(feeds));
            channel.check(base::Category::kInstalled);
            channel.check(base::Category::kNothingNew);
            const uint64_t before = channel.signatures_verified();
            double best = 1e9;
            for (int round = 0; round < 3; ++round) {
                const Clock::time_point begin = Clock::now();
                for (int i = 0; i < kChecks; ++i) {
                    channel.check(base::Category::kNothingNew);
                }
                best = std::min(best, seconds_since(begin) / kChecks);
            }
            fmt::print(
                "  {:<10}{:>3} feeds {:>9.0f} /s   {:.3f} of a bare verification, {} "
                "signatures verified\n",
                profile.name, feeds, 1 / best, best / bare_verification,
                channel.signatures_verified() - before);
        }
    }
}

void one_large_package() {
    base::Sha384 whole;
    const Clock::time_point hashing = Clock::now();
    for (uint64_t at = 0; at < kLarge; at += kPiece) {
        whole.add(Cdn::piece());
    }
    const PayloadFile payload{"large.bin", kLarge, whole.finish()};
    const double digest = seconds_since(hashing);

    Profile profile = endpoint::update::hardened();
    Channel channel(profile, first_feeds(1));
    channel.check(base::Category::kInstalled);
    channel.cdn().large = payload_path(payload.sha384);
    channel.publish(first_feeds(1).front(), payload);
    const uint64_t before = peak_memory();
    const Clock::time_point begin = Clock::now();
    channel.check(base::Category::kInstalled);
    const double whole_round = seconds_since(begin);
    fmt::print(
        "a package of {} MiB, from check to confirm, on disk twice: {:.1f} s ({:.0f} MB/s), {:.1f} "
        "times its digest alone\n  the process grew by {} MiB\n",
        kLarge >> 20, whole_round, kLarge / whole_round / 1e6, whole_round / digest,
        (peak_memory() - before) >> 20);
}

}  // namespace firebreak::bench
