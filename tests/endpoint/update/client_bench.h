// A vendor, a CDN and one machine on which the update client runs, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "content/package.h"
#include "endpoint/update/scripted_cdn.h"
#include "endpoint/update/update_client.h"

namespace firebreak::endpoint::update::test {

using content::Feed;

inline constexpr base::UtcTime kStart{1'772'409'600};  // 2026-03-02
inline constexpr char kGroup[] = "public-1";

base::UtcTime hours_later(int64_t n);
// The project's published test keys.
const content::Pki& pki();

// A disk in memory, which can be full or read-only.
class TestStore final : public ports::Store {
  public:
    base::Result<std::optional<std::string>> get(const std::string& key) override;
    base::Result<std::vector<std::string>> values(const std::string& prefix) override;
    base::Status commit(const ports::Changes& changes) override;
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override;
    base::Result<bool> has_blob(const base::Digest& digest) override;
    base::Result<base::Bytes> blob(const base::Digest& digest) override;
    base::Status keep_only(const std::set<base::Digest>& digests) override;

    std::map<std::string, std::string> entries;
    std::map<base::Digest, base::Bytes> blobs;
    uint64_t room = 8 << 20;  // for each payload
    bool read_only = false;
    std::optional<int> commits_left;  // until it is read-only

  private:
    class Writer;
    base::Status writable() const;
};

class TestClock final : public ports::Clock {
  public:
    bool reached(base::UtcTime when) override { return time >= when; }
    base::UtcTime time = kStart;
};

class TestAlerts final : public ports::Alerts {
  public:
    void raise(const ports::Alert& alert) override { raised.push_back(alert); }
    std::vector<base::Code> codes() const;
    std::vector<ports::Alert> raised;
};

// Stands in for a feed's component, whose own tests are its own affair: accepts what it is told to.
class Component final : public ports::Installer {
  public:
    Component(Feed feed, ports::Store& store) : feed_(feed), store_(store) {}
    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& digest) override;
    base::Result<bool> keeps(const base::Digest& digest) override { return kept.contains(digest); }
    std::vector<std::string> offered;  // versions
    std::set<base::Digest> kept;
    bool rejects = false;

  private:
    Feed feed_;
    ports::Store& store_;
};

class Components final : public ports::Installers {
  public:
    explicit Components(ports::Store& store) : store_(store) {}
    Component& of(Feed feed) override;

  private:
    ports::Store& store_;
    std::map<Feed, std::unique_ptr<Component>> components_;
};

// What a head says beside what is on offer, and who signs it.
struct Issue {
    std::string group = kGroup;
    uint64_t sequence = 0;
    base::UtcTime issued = kStart;
    base::Duration valid = base::hours(24);
    uint64_t trust = 0;
    std::vector<size_t> signers = {1, 2};  // of pki().heads, counted from 1
};

class ClientTest : public testing::Test {
  protected:
    explicit ClientTest(Profile profile, unsigned edges = 1);

    // --- the vendor
    // Signs one payload under this version.
    content::Package make(const std::string& version, base::UtcTime signed_at,
                          Feed feed = Feed::kDatasetA);
    // Signs the same payload for what `change` makes of the manifest.
    content::Package make_changed(const std::function<void(content::Manifest&)>& change,
                                  base::UtcTime signed_at = kStart);
    // Signed anew at another time: same manifest, same payload.
    content::Package sign_again(const content::Package& package, base::UtcTime signed_at);
    void upload(const content::Package& package);
    // Uploads it and points at it; signed heads are left for issue_heads().
    void offer(const content::Package& package);
    void withdraw(Feed feed);
    // Heads of all feeds on offer, and their set. Returns the set's path.
    std::string issue_heads(const Issue& issue);
    std::string issue_heads(uint64_t sequence, base::UtcTime issued = kStart);
    // One feed's head alone, as it would be in that issue.
    base::Bytes head_of(Feed feed, const Issue& issue);
    content::SetManifest set_of(const Issue& issue) const;
    void state_trust(const content::RootStatement& statement);

    base::Bytes& package_of(const content::Package& package);
    base::Bytes& payload_of(const content::Package& package);

    // --- the machine
    // One round. Nothing but the store is kept from one to the next.
    std::map<Feed, Check> round();
    Check check(Feed feed = Feed::kDatasetA) { return round().at(feed); }
    void expect_refused(const Check& check, base::Category category, base::Code code);
    void expect(const Check& check, base::Category category);
    std::optional<std::string> stored(const std::string& key);
    // Version that this feed's component runs; empty: none.
    std::string running(Feed feed = Feed::kDatasetA);

    Settings settings_;
    std::vector<Feed> feeds_ = {Feed::kDatasetA};
    ScriptedCdn cdn_;
    TestStore store_;
    TestClock clock_;
    TestAlerts alerts_;
    Components components_{store_};
    content::Verifier verifier_{{pki().root.certificate}};

  private:
    std::map<Feed, base::Digest> offered_;
};

std::string path_of(const content::Package& package);
std::string payload_path_of(const content::Package& package);

}  // namespace firebreak::endpoint::update::test
