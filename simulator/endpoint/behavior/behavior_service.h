// The protection service's side of an endpoint: which rules run, and what happens when they kill
// their process.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "content/manifest.h"
#include "endpoint/behavior/rule_process.h"
#include "endpoint/supervision/content_record.h"
#include "endpoint/supervision/restarts.h"
#include "ports/component_process.h"
#include "ports/installer.h"
#include "ports/store.h"
#include "ports/uptime.h"

namespace firebreak::endpoint::behavior {

// In the order in which they are loaded.
inline constexpr std::array kRuleFeeds = {content::Feed::kProductRulesFeed,
                                          content::Feed::kBehavior};
bool is_rule_feed(content::Feed feed);

struct BehaviorSetting {
    // By which payloads are decrypted (content/encryption.h): the component's own key store.
    std::map<content::Feed, base::Bytes> content_keys = {};
    // Content that has killed the process so often is put into quarantine, and the pair of feeds
    // goes back to what ran before. At least 1.
    unsigned kills = 2;
};

struct BehaviorPorts {
    ports::Store& store;
    ports::ComponentProcesses& processes;
    ports::Uptime& uptime;
};

// What became of events, or of an answer: rules handled them, or nothing did, and why.
struct Handled {
    bool handled = false;
    EventReply reply;
    base::Outcome outcome;  // if not handled
};

// ProductRules and Behavior share one interpreter, which is one fault domain: of a death nobody can
// say whose it was. So the two are installed against each other and go back as a pair, to the
// last pair that ran. Store keys under behavior/<feed>/ as supervision::ContentRecord has them; the
// feed that did not change is its own last-known-good. Not thread-safe.
class BehaviorService {
  public:
    BehaviorService(const BehaviorPorts& ports, BehaviorSetting setting = {});
    ~BehaviorService();

    // Of a feed of kRuleFeeds. install() decrypts the content and loads it into a fresh process,
    // with what runs of the other feed: verify, decrypt, load, swap. Refused, dead while loading,
    // in quarantine, or the other feed does not load with it: what runs runs on.
    ports::Installer& installer(content::Feed feed);

    // By what runs. If the process dies: the events are counted as unhandled, and the next call,
    // after a pause, has a fresh process that knows nothing of what was before. Rules that run with
    // no Behavior installed are ProductRules alone.
    base::Result<Handled> handle(const host::EventLog& log, bool last = false,
                                 const std::vector<HandleEvents::Reputation>& reputations = {});
    base::Result<Handled> tell(const TellScan& answer);
    // Nothing: nothing runs.
    base::Result<std::optional<CostReply>> costs();

    // Events that no rule has seen, or that were lost with a process: the protection gap.
    uint64_t unhandled() const { return unhandled_; }

  private:
    class FeedInstaller;
    using Feed = content::Feed;
    using Pair = std::array<std::optional<content::Manifest>, kRuleFeeds.size()>;
    // Of both feeds.
    using Before = std::array<supervision::Contents, kRuleFeeds.size()>;

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const std::string& digest);
    base::Result<Before> contents() const;
    base::Result<RuleProcess::Loaded> start(const Pair& pair, bool tried = false);
    // Nothing: there is a process.
    base::Result<std::optional<base::Outcome>> make_ready();
    base::Result<Handled> finish(base::Result<RuleProcess::Answer> answer, uint64_t events);
    base::Result<base::Outcome> died(base::Outcome death);
    base::Result<std::string> fall_back(const Before& before, ports::Changes& changes);

    BehaviorPorts ports_;
    BehaviorSetting setting_;
    supervision::Restarts restarts_;
    std::vector<supervision::ContentRecord> records_;  // in the order of kRuleFeeds
    std::vector<FeedInstaller> installers_;
    std::unique_ptr<RuleProcess> running_;  // null: down, or not started yet
    Pair fresh_;  // installed since there were events: whoever asked may not have committed it yet
    uint64_t unhandled_ = 0;
};

}  // namespace firebreak::endpoint::behavior
