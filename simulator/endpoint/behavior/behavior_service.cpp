#include "endpoint/behavior/behavior_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "endpoint/supervision/plain_text.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;
using content::Feed;

constexpr size_t kProduct = 0, kBehavior = 1;  // places in kRuleFeeds

size_t place_of(Feed feed) {
    return static_cast<size_t>(std::find(kRuleFeeds.begin(), kRuleFeeds.end(), feed) -
                               kRuleFeeds.begin());
}

std::string name_of(Feed feed) {
    return std::string(content::info(feed).name);
}

Feed feed_of(RuleFeed feed) {
    return kRuleFeeds[static_cast<size_t>(feed)];
}

Outcome down() {
    return {Stage::kLoad,
            Category::kRejected,
            Code::kNothingRuns,
            {{"rules", "down: there is no content to run"}}};
}

}  // namespace

bool is_rule_feed(Feed feed) {
    return place_of(feed) < kRuleFeeds.size();
}

class BehaviorService::FeedInstaller final : public ports::Installer {
  public:
    FeedInstaller(BehaviorService& service, size_t place) : service_(service), place_(place) {}
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& manifest_digest) override {
        return service_.install(manifest, manifest_digest.hex());
    }
    base::Result<bool> keeps(const base::Digest& manifest_digest) override {
        return service_.records_[place_].keeps(manifest_digest.hex());
    }

  private:
    BehaviorService& service_;
    size_t place_;
};

BehaviorService::BehaviorService(const BehaviorPorts& ports, BehaviorSetting setting)
    : ports_(ports), setting_(std::move(setting)) {
    for (size_t place = 0; place < kRuleFeeds.size(); ++place) {
        records_.emplace_back(ports.store, "behavior", kRuleFeeds[place]);
        installers_.emplace_back(*this, place);
    }
}

BehaviorService::~BehaviorService() = default;

ports::Installer& BehaviorService::installer(Feed feed) {
    return installers_.at(place_of(feed));
}

base::Result<BehaviorService::Before> BehaviorService::contents() const {
    Before before;
    for (size_t place = 0; place < records_.size(); ++place) {
        FB_TRY(before[place], records_[place].contents());
    }
    return before;
}

// With all that is decrypted in memory for as long as it takes to load.
base::Result<RuleProcess::Loaded> BehaviorService::start(const Pair& pair, bool tried) {
    std::array<std::vector<base::Bytes>, kRuleFeeds.size()> texts;
    std::array<RuleProcess::Files, kRuleFeeds.size()> files;
    for (size_t place = 0; place < pair.size(); ++place) {
        if (!pair[place]) {
            continue;
        }
        const Feed feed = kRuleFeeds[place];
        const auto found = setting_.content_keys.find(feed);
        const base::Bytes key =
            found == setting_.content_keys.end() ? base::Bytes() : found->second;
        texts[place].reserve(pair[place]->payloads.size());
        for (const content::PayloadFile& payload : pair[place]->payloads) {
            FB_TRY(auto plain, supervision::plain_text(ports_.store, feed, payload, key));
            if (auto* refused = std::get_if<Outcome>(&plain)) {
                return RuleProcess::Loaded{nullptr, std::move(*refused),
                                           static_cast<RuleFeed>(place)};
            }
            texts[place].push_back(std::get<base::Bytes>(std::move(plain)));
            files[place].push_back({payload.name, texts[place].back()});
        }
    }
    return RuleProcess::start(ports_.processes, files[kProduct], files[kBehavior], tried);
}

base::Result<ports::Installation> BehaviorService::install(const content::Manifest& manifest,
                                                           const std::string& digest) {
    const size_t place = place_of(manifest.feed), other = 1 - place;
    FB_TRY(const Before before, contents());
    if (before[place].quarantined(digest)) {
        return ports::Installation{{Stage::kLoad,
                                    Category::kRejected,
                                    Code::kQuarantined,
                                    {{"remedy", "release another version"}}},
                                   {}};
    }
    Pair pair;
    pair[place] = manifest;
    if (fresh_[other]) {
        pair[other] = fresh_[other];
    } else {
        FB_TRY(pair[other], records_[other].running());
    }
    FB_TRY(RuleProcess::Loaded loaded, start(pair));
    if (loaded.process == nullptr) {
        if (const Feed failed = feed_of(loaded.feed); failed != manifest.feed) {
            loaded.outcome.evidence.emplace_back("with it does not load", name_of(failed));
        }
        return ports::Installation{std::move(loaded.outcome), {}};
    }
    running_ = std::move(loaded.process);
    fresh_[place] = manifest;
    ports::Changes changes;
    if (before[place].running != digest) {
        records_[other].note_proven(before[other], changes);
        records_[place].note_installed(before[place], digest, changes);
    }
    loaded.outcome.evidence.emplace_back("rules", std::to_string(manifest.payloads.size()));
    return ports::Installation{std::move(loaded.outcome), std::move(changes)};
}

base::Result<std::optional<Outcome>> BehaviorService::make_ready() {
    fresh_ = {};
    if (running_ != nullptr) {
        return std::optional<Outcome>();
    }
    Pair pair;
    for (size_t place = 0; place < pair.size(); ++place) {
        FB_TRY(pair[place], records_[place].running());
    }
    if (!pair[kProduct] && !pair[kBehavior]) {
        return std::optional(down());
    }
    const base::Duration up = ports_.uptime.up();
    if (!restarts_.may_start(up)) {
        return std::optional(Outcome{Stage::kLoad,
                                     Category::kRejected,
                                     Code::kRestarting,
                                     {{"in", fmt::format("{} s", restarts_.pause(up).seconds)}}});
    }
    FB_TRY(RuleProcess::Loaded loaded, start(pair, true));
    if (loaded.process == nullptr) {
        FB_TRY(Outcome outcome, died(std::move(loaded.outcome)));
        return std::optional(std::move(outcome));
    }
    running_ = std::move(loaded.process);
    return std::optional<Outcome>();
}

base::Result<Handled> BehaviorService::finish(base::Result<RuleProcess::Answer> answer,
                                              uint64_t events) {
    if (!answer.ok()) {
        running_.reset();  // whatever state it is in
        return answer.error();
    }
    Handled done;
    if (auto* death = std::get_if<Outcome>(&*answer)) {
        unhandled_ += events;
        FB_TRY(done.outcome, died(std::move(*death)));
        return done;
    }
    done.handled = true;
    done.reply = std::get<EventReply>(*std::move(answer));
    return done;
}

base::Result<Handled> BehaviorService::handle(
    const host::EventLog& log, bool last,
    const std::vector<HandleEvents::Reputation>& reputations) {
    FB_TRY(std::optional<Outcome> not_ready, make_ready());
    if (not_ready) {
        unhandled_ += log.events().size();
        return Handled{false, {}, std::move(*not_ready)};
    }
    return finish(running_->handle(log, last, reputations), log.events().size());
}

base::Result<Handled> BehaviorService::tell(const TellScan& answer) {
    if (running_ == nullptr) {
        return Handled{false, {}, down()};  // whoever asked is gone
    }
    return finish(running_->tell(answer), 0);
}

base::Result<std::optional<CostReply>> BehaviorService::costs() {
    if (running_ == nullptr) {
        return std::optional<CostReply>();
    }
    auto told = running_->costs();
    if (!told.ok()) {
        running_.reset();  // whatever state it is in
        return told.error();
    }
    if (auto* death = std::get_if<Outcome>(&*told)) {
        FB_TRY([[maybe_unused]] const Outcome outcome, died(std::move(*death)));
        return std::optional<CostReply>();
    }
    return std::optional(std::get<CostReply>(*std::move(told)));
}

// Nobody can say which of the two feeds it was. Kills count for the one that changed last; where
// neither has, for Behavior.
base::Result<Outcome> BehaviorService::died(Outcome death) {
    running_.reset();
    restarts_.note_death(ports_.uptime.up());
    FB_TRY(const Before before, contents());
    const supervision::Contents& product = before[kProduct];
    const size_t blamed = product.running && product.running != product.last_known_good &&
                                  before[kBehavior].running == before[kBehavior].last_known_good
                              ? kProduct
                              : kBehavior;
    ports::Changes changes;
    std::string now;
    const unsigned kills = before[blamed].kills + 1;
    if (rules::is_kill(death) && before[blamed].running && kills < setting_.kills) {
        records_[blamed].note_kill(before[blamed], changes);
        now = fmt::format("restarts with the same rules, which have killed it {} of {} times",
                          kills, setting_.kills);
    } else {
        FB_TRY(now, fall_back(before, changes));
    }
    FB_CHECK(ports_.store.commit(changes));
    death.evidence.emplace_back("protection service", now);
    return death;
}

// As a pair. Nothing is changed unless last-known-good has been tried for real.
base::Result<std::string> BehaviorService::fall_back(const Before& before,
                                                     ports::Changes& changes) {
    Pair pair;
    std::vector<std::string> fell;
    std::array<std::optional<std::string>, kRuleFeeds.size()> good;
    for (size_t place = 0; place < pair.size(); ++place) {
        good[place] = before[place].last_known_good;
        if (before[place].running && before[place].running != good[place]) {
            fell.push_back(name_of(kRuleFeeds[place]));
        }
        if (good[place]) {
            FB_TRY(pair[place], records_[place].manifest(*good[place]));
        }
    }
    std::string now = "down: no last-known-good";
    if (good[kProduct] || good[kBehavior]) {
        FB_TRY(RuleProcess::Loaded loaded, start(pair));
        running_ = std::move(loaded.process);
        now = running_ != nullptr ? "restarted on last-known-good"
                                  : "down: last-known-good does not load: " +
                                        base::to_text(loaded.outcome.evidence);
    }
    for (size_t place = 0; place < pair.size(); ++place) {
        records_[place].note_fallen_back(before[place],
                                         running_ != nullptr ? good[place] : std::nullopt, changes);
    }
    return now + (fell.empty() ? "" : fmt::format("; put into quarantine: {}", fell.front())) +
           (fell.size() == 2 ? " and " + fell.back() : "");
}

}  // namespace firebreak::endpoint::behavior
