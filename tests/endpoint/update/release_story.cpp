#include "endpoint/update/release_story.h"

#include <fmt/format.h>

#include <span>

#include "endpoint/update/client_bench.h"
#include "endpoint/update/store_stories.h"
#include "support/value_or_die.h"

namespace firebreak::endpoint::update::test {

namespace {

using firebreak::test::value_or_die;

base::Bytes bundle(const base::Bytes& json, base::UtcTime issued) {
    return value_or_die(content::sign_bundle(json, std::span(pki().heads).first(2), issued));
}

void add_payload(content::Draft& draft, const std::string& name, base::Bytes bytes) {
    draft.manifest.payloads.push_back({name, bytes.size(), base::sha384(bytes)});
    draft.payloads[name] = std::move(bytes);
}

// Version n of each feed is signed in hour n.
base::UtcTime time_of(int version) {
    return hours_later(version);
}

}  // namespace

const ReleaseStory& ReleaseStory::instance() {
    static const ReleaseStory kStory;
    return kStory;
}

ReleaseStory::ReleaseStory() {
    release(1, 1);
    release(2, 2);
    release(3, 3);
    release(5, 2);
    releases_.at(Feed::kDatasetA).at(3).refused = true;
    publish("the first set", 1);
    publish("the second set", 2);
    publish("a set that one component refuses", 3);
    publish("nothing", 0);
    content::RootStatement statement;
    statement.number = trust_ = 1;
    statement.revoked = {base::sha384(base::view_of("somebody"))};
    files_[content::kLatestTrustPath] =
        value_or_die(content::sign_root_statement(statement, pki().root, time_of(4)));
    publish("the fix", 5);
}

// One payload of several pages, one that all versions share, and a small one.
void ReleaseStory::release(int version, int payload) {
    for (const Feed feed : kStoryFeeds) {
        content::Draft draft;
        draft.manifest.feed = feed;
        draft.manifest.version = std::to_string(version);
        const auto seed = static_cast<uint64_t>(payload);
        if (feed == Feed::kDatasetA) {
            add_payload(draft, "always.yar", firebreak::test::payload_of(1'000, 100));
            add_payload(draft, "rules.yar", firebreak::test::payload_of(9'000, seed));
        } else {
            add_payload(draft, "exploits.bin", firebreak::test::payload_of(2'000, 50 + seed));
        }
        Release& made = releases_[feed][version];
        made.version = version;
        made.package = value_or_die(content::sign(draft, pki().signers.at(feed), time_of(version)));
        files_[path_of(made.package)] = made.package.envelope;
        for (const content::PayloadFile& file : draft.manifest.payloads) {
            files_[content::payload_path(file.sha384)] = draft.payloads.at(file.name);
        }
    }
}

// Version 0: nothing is on offer.
void ReleaseStory::publish(const std::string& name, int version) {
    Moment moment;
    moment.name = name;
    moment.sequence = moments_.size() + 1;
    moment.issued = hours_later(static_cast<int64_t>(moment.sequence));
    moment.files = files_;
    for (const Feed feed : kStoryFeeds) {
        if (version != 0) {
            moment.offered[feed] = &releases_.at(feed).at(version);
        }
    }
    publish_heads(moment);
    moments_.push_back(std::move(moment));
}

void ReleaseStory::publish_heads(Moment& moment) const {
    content::SetManifest set{kGroup, moment.sequence, {}};
    for (const auto& [feed, release] : moment.offered) {
        set.packages[feed] = release->package.manifest_digest;
    }
    const base::Bytes json = content::canonical_json(set);
    moment.set = base::sha384(json);
    moment.files[content::set_path(moment.set)] = bundle(json, moment.issued);
    for (const Feed feed : kStoryFeeds) {
        content::SignedHead head;
        head.feed = feed;
        head.group = kGroup;
        head.sequence = moment.sequence;
        if (const auto offered = set.packages.find(feed); offered != set.packages.end()) {
            head.manifest = offered->second;
        }
        head.set = moment.set;
        head.trust = trust_;
        head.issued = moment.issued;
        head.expires = moment.issued + base::hours(24);
        moment.files[content::signed_head_path(kGroup, feed)] =
            bundle(content::canonical_json(head), moment.issued);
        moment.files[content::head_path(kGroup, feed)] =
            content::canonical_json(content::Head{feed, head.manifest});
    }
}

const Release* ReleaseStory::find(Feed feed, const std::string& manifest_digest) const {
    for (const auto& [version, release] : releases_.at(feed)) {
        if (release.package.manifest_digest.hex() == manifest_digest) {
            return &release;
        }
    }
    return nullptr;
}

}  // namespace firebreak::endpoint::update::test
