#include "endpoint/update/client_bench.h"

#include "support/paths.h"
#include "support/value_or_die.h"

namespace firebreak::endpoint::update::test {

namespace {

using firebreak::test::value_or_die;

base::Bytes bundle(const base::Bytes& json, const Issue& issue) {
    std::vector<content::Signer> signers;
    for (const size_t number : issue.signers) {
        signers.push_back(pki().heads.at(number - 1));
    }
    return value_or_die(content::sign_bundle(json, signers, issue.issued));
}

}  // namespace

base::UtcTime hours_later(int64_t n) {
    return kStart + base::hours(n);
}

const content::Pki& pki() {
    static const content::Pki kPki =
        value_or_die(content::load_pki(firebreak::test::fixtures_dir() / "keys"));
    return kPki;
}

// --- TestStore

base::Status TestStore::writable() const {
    return read_only || commits_left == 0
               ? base::Status(base::Error{"the disk is read-only", "the test's store", ""})
               : base::Status();
}

base::Result<std::optional<std::string>> TestStore::get(const std::string& key) {
    const auto found = entries.find(key);
    return found == entries.end() ? std::optional<std::string>() : std::optional(found->second);
}

base::Result<std::vector<std::string>> TestStore::values(const std::string& prefix) {
    std::vector<std::string> out;
    for (auto entry = entries.lower_bound(prefix);
         entry != entries.end() && entry->first.starts_with(prefix); ++entry) {
        out.push_back(entry->second);
    }
    return out;
}

base::Status TestStore::commit(const ports::Changes& changes) {
    FB_CHECK(writable());
    if (commits_left) {
        --*commits_left;
    }
    for (const auto& [key, value] : changes) {
        if (value) {
            entries[key] = *value;
        } else {
            entries.erase(key);
        }
    }
    return {};
}

class TestStore::Writer final : public ports::BlobWriter {
  public:
    Writer(TestStore& store, const base::Digest& digest) : store_(store), digest_(digest) {}

    base::Status write(base::ByteView bytes) override {
        if (bytes_.size() + bytes.size() > store_.room) {
            return base::Error{"no room left", "the test's store", ""};
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }
    base::Status finish() override {
        if (base::sha384(bytes_) != digest_) {
            return base::Error{"what was written has another digest", "", ""};
        }
        store_.blobs[digest_] = bytes_;
        return {};
    }

  private:
    TestStore& store_;
    base::Digest digest_;
    base::Bytes bytes_;
};

base::Result<std::unique_ptr<ports::BlobWriter>> TestStore::new_blob(const base::Digest& digest) {
    FB_CHECK(writable());
    return std::unique_ptr<ports::BlobWriter>(std::make_unique<Writer>(*this, digest));
}

base::Result<bool> TestStore::has_blob(const base::Digest& digest) {
    return blobs.contains(digest);
}

base::Result<base::Bytes> TestStore::blob(const base::Digest& digest) {
    const auto found = blobs.find(digest);
    if (found == blobs.end()) {
        return base::Error{"no such payload", digest.hex(), ""};
    }
    return found->second;
}

base::Status TestStore::keep_only(const std::set<base::Digest>& digests) {
    FB_CHECK(writable());
    std::erase_if(blobs, [&](const auto& blob) { return !digests.contains(blob.first); });
    return {};
}

// --- alerts and components

std::vector<base::Code> TestAlerts::codes() const {
    std::vector<base::Code> out;
    for (const ports::Alert& alert : raised) {
        out.push_back(alert.outcome.code);
    }
    return out;
}

base::Result<ports::Installation> Component::install(const content::Manifest& manifest,
                                                     const base::Digest&) {
    offered.push_back(manifest.version);
    for (const content::PayloadFile& payload : manifest.payloads) {
        const auto bytes = store_.blob(payload.sha384);
        if (!bytes.ok()) {
            return bytes.error();
        }
    }
    ports::Installation done;
    if (rejects) {
        done.outcome = {base::Stage::kLoad,
                        base::Category::kRejected,
                        base::Code::kRulesDoNotCompile,
                        {{"rule", "a"}}};
        return done;
    }
    done.outcome.category = base::Category::kInstalled;
    done.changes["component/" + std::string(content::info(feed_).name)] = manifest.version;
    return done;
}

Component& Components::of(Feed feed) {
    auto& component = components_[feed];
    if (component == nullptr) {
        component = std::make_unique<Component>(feed, store_);
    }
    return *component;
}

// --- the vendor

ClientTest::ClientTest(Profile profile, unsigned edges) : cdn_(edges) {
    settings_.channel = kGroup;
    settings_.release_group = kGroup;
    settings_.product_version = "2024.2";
    settings_.profile = profile;
    settings_.built = hours_later(-24);
    settings_.memory = 1 << 20;
}

content::Package ClientTest::make(const std::string& version, base::UtcTime signed_at, Feed feed) {
    content::Draft draft;
    const base::Bytes bytes = base::bytes_of("rule a { condition: false } // " + version +
                                             std::string(content::info(feed).name));
    draft.manifest.feed = feed;
    draft.manifest.version = version;
    draft.manifest.payloads = {{"rules.yar", bytes.size(), base::sha384(bytes)}};
    draft.payloads["rules.yar"] = bytes;
    return value_or_die(content::sign(draft, pki().signers.at(feed), signed_at));
}

content::Package ClientTest::make_changed(const std::function<void(content::Manifest&)>& change,
                                          base::UtcTime signed_at) {
    content::Draft draft = make("1", signed_at).draft;
    change(draft.manifest);
    return value_or_die(content::sign(draft, pki().signers.at(draft.manifest.feed), signed_at));
}

content::Package ClientTest::sign_again(const content::Package& package, base::UtcTime signed_at) {
    const content::Signer& signer = pki().signers.at(package.draft.manifest.feed);
    return value_or_die(content::sign(package.draft, signer, signed_at));
}

void ClientTest::upload(const content::Package& package) {
    package_of(package) = package.envelope;
    for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
        cdn_.files[content::payload_path(payload.sha384)] = package.draft.payloads.at(payload.name);
    }
}

void ClientTest::offer(const content::Package& package) {
    upload(package);
    const Feed feed = package.draft.manifest.feed;
    offered_[feed] = package.manifest_digest;
    cdn_.files[content::head_path(kGroup, feed)] =
        content::canonical_json(content::Head{feed, package.manifest_digest});
}

void ClientTest::withdraw(Feed feed) {
    offered_.erase(feed);
    cdn_.files[content::head_path(kGroup, feed)] =
        content::canonical_json(content::Head{feed, std::nullopt});
}

content::SetManifest ClientTest::set_of(const Issue& issue) const {
    return {issue.group, issue.sequence, offered_};
}

base::Bytes ClientTest::head_of(Feed feed, const Issue& issue) {
    content::SignedHead head;
    head.feed = feed;
    head.group = issue.group;
    head.sequence = issue.sequence;
    if (const auto on_offer = offered_.find(feed); on_offer != offered_.end()) {
        head.manifest = on_offer->second;
    }
    head.set = base::sha384(content::canonical_json(set_of(issue)));
    head.trust = issue.trust;
    head.issued = issue.issued;
    head.expires = issue.issued + issue.valid;
    return bundle(content::canonical_json(head), issue);
}

std::string ClientTest::issue_heads(const Issue& issue) {
    for (const Feed feed : feeds_) {
        cdn_.files[content::signed_head_path(kGroup, feed)] = head_of(feed, issue);
    }
    const base::Bytes json = content::canonical_json(set_of(issue));
    const std::string path = content::set_path(base::sha384(json));
    cdn_.files[path] = bundle(json, issue);
    return path;
}

std::string ClientTest::issue_heads(uint64_t sequence, base::UtcTime issued) {
    Issue issue;
    issue.sequence = sequence;
    issue.issued = issued;
    return issue_heads(issue);
}

void ClientTest::state_trust(const content::RootStatement& statement) {
    const base::Bytes envelope =
        value_or_die(content::sign_root_statement(statement, pki().root, kStart));
    cdn_.files[content::kLatestTrustPath] = envelope;
    cdn_.files[content::trust_path(statement.number)] = envelope;
}

base::Bytes& ClientTest::package_of(const content::Package& package) {
    return cdn_.files[path_of(package)];
}

base::Bytes& ClientTest::payload_of(const content::Package& package) {
    return cdn_.files[payload_path_of(package)];
}

// --- the machine

std::map<Feed, Check> ClientTest::round() {
    UpdateClient client(settings_, {cdn_, store_, clock_, alerts_}, verifier_);
    std::map<Feed, Check> checks;
    for (Check& check : value_or_die(client.check_all(feeds_, components_))) {
        const Feed feed = check.feed;
        checks[feed] = std::move(check);
    }
    return checks;
}

void ClientTest::expect_refused(const Check& check, base::Category category, base::Code code) {
    EXPECT_EQ(to_text(check.outcome.category), to_text(category));
    EXPECT_EQ(to_text(check.outcome.code), to_text(code));
    EXPECT_TRUE(check.outcome.refused());
    EXPECT_FALSE(check.outcome.evidence.empty());
}

void ClientTest::expect(const Check& check, base::Category category) {
    EXPECT_EQ(to_text(check.outcome.category), to_text(category))
        << to_text(check.outcome.code) << "; " << base::to_text(check.outcome.evidence);
}

std::optional<std::string> ClientTest::stored(const std::string& key) {
    const auto found = store_.entries.find(key);
    return found == store_.entries.end() ? std::nullopt : std::optional(found->second);
}

std::string ClientTest::running(Feed feed) {
    return stored("component/" + std::string(content::info(feed).name)).value_or("");
}

std::string path_of(const content::Package& package) {
    return content::package_path(package.manifest_digest);
}

std::string payload_path_of(const content::Package& package) {
    return content::payload_path(package.draft.manifest.payloads.front().sha384);
}

}  // namespace firebreak::endpoint::update::test
