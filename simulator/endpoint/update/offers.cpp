#include "endpoint/update/offers.h"

#include <fmt/format.h>

#include <algorithm>

namespace firebreak::endpoint::update {

namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

// How far an endpoint's clock may be behind a head's signers before it is worth a word.
constexpr base::Duration kClockSlack = base::hours(1);

base::UtcTime earlier(base::UtcTime time, base::Duration by) {
    return {time.unix_seconds - by.seconds};
}

std::optional<Outcome> judge_pointer(content::Feed feed, const std::string& path,
                                     base::ByteView bytes, Offer& offer) {
    const auto head = content::parse_head(bytes);
    if (!head.ok() || head->feed != feed) {
        const std::string why = head.ok() ? "it is another feed's" : head.error().text();
        return refuse(Category::kCorrupt, Code::kHeadMalformed, {{"path", path}, {"error", why}});
    }
    offer.manifest = head->manifest;
    return std::nullopt;
}

}  // namespace

Offers read_pointers(const Settings& settings, Downloader& downloader,
                     std::span<const content::Feed> feeds) {
    Offers offers;
    for (const content::Feed feed : feeds) {
        Offer& offer = offers.by_feed[feed];
        const std::string path = content::head_path(settings.channel, feed);
        offer.failure =
            downloader
                .fetch(
                    path, Code::kHeadMissing, content::kMaxHeadBytes, settings.memory,
                    [&](base::ByteView bytes) { return judge_pointer(feed, path, bytes, offer); })
                .failure;
    }
    return offers;
}

Offers SignedOffers::read(std::span<const content::Feed> feeds) {
    learn_trust();
    read_heads(feeds);
    follow_newest(feeds);
    watch_freshness();
    return std::move(offers_);
}

// Asked for in every round: who holds stolen head keys would not announce it.
void SignedOffers::learn_trust() {
    newest_trust_ = state_.trust;
    std::optional<content::RootStatement> newest;
    auto failure = read_statement(content::kLatestTrustPath, newest);
    if (failure) {
        // None was ever made, or it is being withheld: heads tell, by its number.
        if (failure->refused()) {
            offers_.warnings.push_back(std::move(*failure));
        }
        return;
    }
    if (newest->number > state_.trust) {
        newest_trust_ = newest->number;
        revoke(*newest);
        catch_up(*newest);
    }
}

std::optional<Outcome> SignedOffers::read_statement(
    const std::string& path, std::optional<content::RootStatement>& statement) {
    return downloader_
        .fetch(path, Code::kHeadMissing, content::kMaxEnvelopeBytes, settings_.memory,
               [&](base::ByteView bytes) -> std::optional<Outcome> {
                   auto verdict = verifier_.verify_root_statement(bytes);
                   if (auto* refusal = std::get_if<Outcome>(&verdict)) {
                       return std::move(*refusal);
                   }
                   statement = std::get<content::RootStatement>(std::move(verdict));
                   return std::nullopt;
               })
        .failure;
}

// Revocations stand in the newest statement, all of them; resets in one statement each, and a
// machine that was off must not miss one. One that cannot be had now is asked for again next time.
void SignedOffers::catch_up(const content::RootStatement& newest) {
    constexpr uint64_t kMostInOneRound = 64;
    const uint64_t last = std::min(newest.number, state_.trust + kMostInOneRound);
    while (state_.trust < last) {
        const uint64_t next = state_.trust + 1;
        std::optional<content::RootStatement> statement = newest;
        if (next != newest.number) {
            auto failure = read_statement(content::trust_path(next), statement);
            if (!failure && statement->number != next) {
                failure = refuse(Category::kCorrupt, Code::kTrustMalformed,
                                 {{"wanted", fmt::format("statement {}", next)},
                                  {"found", fmt::format("statement {}", statement->number)}});
            }
            if (failure) {
                offers_.warnings.push_back(std::move(*failure));
                return;
            }
        }
        apply(*statement);
    }
}

// For good: no statement takes a revocation back.
void SignedOffers::revoke(const content::RootStatement& statement) {
    state_.revoked.revoked.insert(statement.revoked.begin(), statement.revoked.end());
    offers_.changes[state_key("revoked")] = to_text(state_.revoked.revoked);
}

void SignedOffers::apply(const content::RootStatement& statement) {
    state_.trust = statement.number;
    revoke(statement);
    offers_.changes[state_key("trust")] = std::to_string(statement.number);
    if (statement.sequence) {
        state_.sequence = *statement.sequence;
        state_.fresh.reset();
        offers_.changes[state_key("sequence")] = std::to_string(*statement.sequence);
        offers_.changes[state_key("fresh")] = std::nullopt;
    }
    for (const auto& [feed, floor] : statement.floors) {
        if (const auto known = state_.feeds.find(feed); known != state_.feeds.end()) {
            known->second.floor = floor;
        }
        offers_.changes[state_key(feed, "floor")] = std::to_string(floor.unix_seconds);
    }
}

void SignedOffers::read_heads(std::span<const content::Feed> feeds) {
    for (const content::Feed feed : feeds) {
        offers_.by_feed[feed].failure =
            downloader_
                .fetch(content::signed_head_path(settings_.channel, feed), Code::kHeadMissing,
                       content::kMaxBundleBytes, settings_.memory,
                       [&](base::ByteView bundle) { return judge_head(feed, bundle); })
                .failure;
    }
}

std::optional<Outcome> SignedOffers::judge_head(content::Feed feed, base::ByteView bundle) {
    auto verdict = verifier_.verify_head(bundle, settings_.profile.threshold, state_.revoked);
    if (auto* refusal = std::get_if<Outcome>(&verdict)) {
        return std::move(*refusal);
    }
    const auto& head = std::get<content::SignedHead>(verdict);
    if (head.feed != feed) {
        return refuse(Category::kUntrusted, Code::kFeedWrong,
                      {{"wanted", std::string(content::info(feed).name)},
                       {"found", std::string(content::info(head.feed).name)}});
    }
    if (head.group != settings_.channel) {
        return refuse(Category::kUntrusted, Code::kGroupWrong,
                      {{"wanted", settings_.channel}, {"head of", head.group}});
    }
    if (head.sequence < state_.sequence) {
        return refuse(Category::kTooOld, Code::kHeadReplaced,
                      {{"head", fmt::format("number {}", head.sequence)},
                       {"newest seen", fmt::format("number {}", state_.sequence)}});
    }
    if (head.trust > newest_trust_) {
        return refuse(Category::kStale, Code::kTrustMalformed,
                      {{"head names root statement", std::to_string(head.trust)},
                       {"newest that can be had", std::to_string(newest_trust_)}});
    }
    if (auto expired = judge_expiry(head)) {
        return expired;
    }
    heads_[feed] = head;
    return std::nullopt;
}

// Judged against signed times, not only against the clock: an expired head that is newer than every
// one before is late, or the clock is wrong; it is taken, with a warning, since newer is better
// than older. A machine that remembers no head (a re-installed one, say) has only its clock to go
// by.
std::optional<Outcome> SignedOffers::judge_expiry(const content::SignedHead& head) {
    if (!clock_.reached(head.expires)) {
        watch_clock(head);
        return std::nullopt;
    }
    if (state_.fresh && head.issued > *state_.fresh) {
        offers_.warnings.push_back(
            refuse(Category::kStale, Code::kClockDisagrees,
                   {{"head issued", base::to_text(head.issued)},
                    {"expired", base::to_text(head.expires)},
                    {"taken because",
                     "it is newer than every head before: the clock is ahead, or the "
                     "channel late"}}));
        return std::nullopt;
    }
    return refuse(Category::kStale, Code::kHeadExpired,
                  {{"issued", base::to_text(head.issued)},
                   {"expired", base::to_text(head.expires)},
                   {"newest head seen before",
                    state_.fresh ? base::to_text(*state_.fresh) : std::string("none")}});
}

void SignedOffers::watch_clock(const content::SignedHead& head) {
    if (!clock_.reached(earlier(head.issued, kClockSlack))) {
        offers_.warnings.push_back(
            refuse(Category::kStale, Code::kClockDisagrees,
                   {{"head issued", base::to_text(head.issued)},
                    {"taken because", "its signers vouch for the time: the clock is behind"}}));
    }
}

// The highest number wins. Innocent heads disagree too, for as long as edges cache them.
void SignedOffers::follow_newest(std::span<const content::Feed> feeds) {
    const auto newest = std::max_element(
        heads_.begin(), heads_.end(),
        [](const auto& a, const auto& b) { return a.second.sequence < b.second.sequence; });
    if (newest == heads_.end()) {
        return;
    }
    const content::SignedHead& head = newest->second;
    const std::string name = head.set.hex();
    content::SetManifest set;
    const bool active = state_.set == name;
    const auto failure = active ? std::nullopt : read_set(head, set);
    for (const content::Feed feed : feeds) {
        Offer& offer = offers_.by_feed[feed];
        if (failure) {
            offer.failure = offer.failure ? offer.failure : failure;
        } else if (active) {
            const auto& installed = state_.feeds[feed].installed;
            offer.manifest =
                installed ? std::optional(base::parse_digest(*installed).value()) : std::nullopt;
        } else {
            offer_from(set, feed);
        }
    }
    // Heads whose set is withheld bring no news: they are not to pass for fresh ones.
    if (failure) {
        return;
    }
    // A set of which not every feed was asked for is not to count as one that runs.
    if (active || std::ranges::all_of(set.packages, [&](const auto& package) {
            return offers_.by_feed.contains(package.first);
        })) {
        offers_.set = name;
    }
    for (const auto& [feed, taken] : heads_) {
        offers_.trusted = std::max(offers_.trusted.value_or(taken.issued), taken.issued);
    }
    if (head.sequence > state_.sequence) {
        offers_.changes[state_key("sequence")] = std::to_string(head.sequence);
    }
    if (!state_.fresh || *offers_.trusted > *state_.fresh) {
        offers_.changes[state_key("fresh")] = std::to_string(offers_.trusted->unix_seconds);
    }
}

std::optional<Outcome> SignedOffers::read_set(const content::SignedHead& head,
                                              content::SetManifest& set) {
    return downloader_
        .fetch(
            content::set_path(head.set), Code::kHeadMissing, content::kMaxBundleBytes,
            settings_.memory,
            [&](base::ByteView bundle) -> std::optional<Outcome> {
                auto verdict =
                    verifier_.verify_set(bundle, settings_.profile.threshold, state_.revoked);
                if (auto* refusal = std::get_if<Outcome>(&verdict)) {
                    return std::move(*refusal);
                }
                set = std::get<content::SetManifest>(std::move(verdict));
                const base::Digest found = base::sha384(content::canonical_json(set));
                if (found == head.set && set.group == head.group && set.sequence == head.sequence) {
                    return std::nullopt;
                }
                return refuse(Category::kCorrupt, Code::kSetMismatch,
                              {{"head names", head.set.hex()}, {"found", found.hex()}});
            })
        .failure;
}

void SignedOffers::offer_from(const content::SetManifest& set, content::Feed feed) {
    Offer& offer = offers_.by_feed[feed];
    const auto entry = set.packages.find(feed);
    offer.manifest = entry == set.packages.end() ? std::nullopt : std::optional(entry->second);
    const auto head = heads_.find(feed);
    if (head != heads_.end() && head->second.sequence == set.sequence &&
        head->second.manifest != offer.manifest) {
        offer.failure =
            refuse(Category::kCorrupt, Code::kSetMismatch,
                   {{"feed", std::string(content::info(feed).name)},
                    {"head and set", "of the same number, but they name different packages"}});
        return;
    }
    // Its own head was not to be had, or not to be trusted: worth a word, but no reason to wait.
    offer.warning = std::move(offer.failure);
    offer.failure.reset();
}

// Silence is a sign too: a channel that brings no head at all, or old ones one after another, looks
// just like one without news.
void SignedOffers::watch_freshness() {
    const auto& after = settings_.profile.stale_after;
    if (!after) {
        return;
    }
    const base::UtcTime newest =
        offers_.trusted ? *offers_.trusted : state_.fresh.value_or(settings_.built);
    if (clock_.reached(newest + *after)) {
        offers_.warnings.push_back(
            refuse(Category::kStale, Code::kNoFreshHead,
                   {{"newest head", offers_.trusted || state_.fresh ? base::to_text(newest)
                                                                    : std::string("none ever")},
                    {"none since", fmt::format("more than {}", base::to_text(*after))}}));
    }
}

}  // namespace firebreak::endpoint::update
