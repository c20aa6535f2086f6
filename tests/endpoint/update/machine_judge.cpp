#include "endpoint/update/machine_judge.h"

#include <fmt/format.h>

#include <set>

#include "ports/installer.h"

namespace firebreak::endpoint::update::test {

namespace {

using content::Feed;

std::string name_of(Feed feed) {
    return std::string(content::info(feed).name);
}

// A store that cannot be read is the harness's affair.
std::string text_at(ports::Store& store, const std::string& key) {
    return store.get(key).value().value_or("");
}

int64_t number_at(ports::Store& store, const std::string& key) {
    const std::string text = text_at(store, key);
    return text.empty() ? 0 : std::stoll(text);
}

std::string missing_part(ports::Store& store, Feed feed, const std::string& digest) {
    const std::string manifest = text_at(store, ports::package_key(feed, digest));
    if (base::sha384(base::view_of(manifest)).hex() != digest) {
        return "its manifest";
    }
    const Release* release = ReleaseStory::instance().find(feed, digest);
    for (const auto& payload : release->package.draft.manifest.payloads) {
        const auto bytes = store.blob(payload.sha384);
        if (!bytes.ok() || *bytes != release->package.draft.payloads.at(payload.name)) {
            return "its " + payload.name;
        }
    }
    return "";
}

// Of what a component names under this key; empty: it is whole, or there is none.
std::string lost(ports::Store& store, Feed feed, const std::string& key) {
    const std::string digest = text_at(store, key);
    if (digest.empty()) {
        return "";
    }
    if (ReleaseStory::instance().find(feed, digest) == nullptr) {
        return fmt::format("{}: {} names what was never made", name_of(feed), key);
    }
    const std::string missing = missing_part(store, feed, digest);
    return missing.empty() ? "" : fmt::format("{}: {} has lost {}", name_of(feed), key, missing);
}

}  // namespace

std::string running_key(Feed feed) {
    return "component/" + name_of(feed) + "/running";
}

std::string before_key(Feed feed) {
    return "component/" + name_of(feed) + "/before";
}

Standing standing(ports::Store& store) {
    Standing now;
    now.sequence = static_cast<uint64_t>(number_at(store, "update/sequence"));
    now.trust = static_cast<uint64_t>(number_at(store, "update/trust"));
    now.set = text_at(store, "update/set");
    for (const Feed feed : kStoryFeeds) {
        const std::string prefix = "update/" + name_of(feed);
        Standing::OfFeed& of_feed = now.feeds[feed];
        of_feed.floor = number_at(store, prefix + "/floor");
        of_feed.installed = text_at(store, prefix + "/installed");
        const Release* release = ReleaseStory::instance().find(feed, of_feed.installed);
        of_feed.version = release == nullptr ? 0 : release->version;
    }
    return now;
}

std::map<Feed, int> expected(const Standing& before, const Moment& moment, bool signed_sets) {
    std::map<Feed, int> versions;
    bool set_is_good = moment.sequence >= before.sequence;
    for (const auto& [feed, release] : moment.offered) {
        set_is_good = set_is_good && !release->refused;
    }
    for (const auto& [feed, of_feed] : before.feeds) {
        versions[feed] = of_feed.version;
        const auto offered = moment.offered.find(feed);
        if (offered == moment.offered.end()) {
            continue;
        }
        const Release& release = *offered->second;
        const bool new_enough = release.package.signing_time.unix_seconds >= of_feed.floor;
        if (signed_sets ? set_is_good : new_enough && !release.refused) {
            versions[feed] = release.version;
        }
    }
    return versions;
}

std::string MachineJudge::operator()(ports::Store& store) {
    const Standing now = standing(store);
    for (const auto& [feed, of_feed] : now.feeds) {
        if (of_feed.installed != text_at(store, running_key(feed))) {
            return name_of(feed) + ": the component runs something else than is installed";
        }
        for (const std::string& key : {running_key(feed), before_key(feed)}) {
            if (std::string wrong = lost(store, feed, key); !wrong.empty()) {
                return wrong;
            }
        }
    }
    std::string wrong = going_back(now);
    if (wrong.empty() && signed_sets_) {
        wrong = broken_set(now);
    }
    last_ = now;
    return wrong;
}

std::string MachineJudge::going_back(const Standing& now) const {
    if (now.sequence < last_.sequence || now.trust < last_.trust) {
        return "the number of the newest head, or of the newest root statement, went back";
    }
    for (const auto& [feed, of_feed] : now.feeds) {
        const auto last = last_.feeds.find(feed);
        const auto& before = last == last_.feeds.end() ? Standing::OfFeed{} : last->second;
        if (of_feed.floor < before.floor) {
            return name_of(feed) + ": the floor went back";
        }
        if (of_feed.version < before.version) {
            return name_of(feed) + ": an older version was installed";
        }
        const Release* release = ReleaseStory::instance().find(feed, of_feed.installed);
        if (release == nullptr) {
            continue;
        }
        if (release->refused) {
            return name_of(feed) + ": what its component refuses was installed";
        }
        if (of_feed.floor < release->package.signing_time.unix_seconds) {
            return name_of(feed) + ": the floor is older than what is installed";
        }
    }
    return "";
}

std::string MachineJudge::broken_set(const Standing& now) const {
    std::set<int> versions;
    for (const auto& [feed, of_feed] : now.feeds) {
        versions.insert(of_feed.version);
    }
    if (versions.size() != 1) {
        return "half a set runs";
    }
    for (const Moment& moment : ReleaseStory::instance().moments()) {
        if (moment.set.hex() != now.set || moment.offered.empty()) {
            continue;
        }
        for (const auto& [feed, release] : moment.offered) {
            if (now.feeds.at(feed).version != release->version) {
                return "the set that is noted as active does not run";
            }
        }
    }
    return "";
}

}  // namespace firebreak::endpoint::update::test
