// The update client over the durable store, ended at every write and every sync of every step that
// a vendor's releases make it take. store_crash_test.cpp does the same to the store alone.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "endpoint/update/client_bench.h"
#include "endpoint/update/crash_harness.h"
#include "endpoint/update/machine_judge.h"
#include "endpoint/update/release_story.h"

namespace firebreak::endpoint::update::test {
namespace {

using firebreak::test::CrashHarness;
using firebreak::test::SimulatedDisk;
using End = SimulatedDisk::End;

// Loads what it is given from the store, and keeps what it ran before to go back to.
class CarefulComponent final : public ports::Installer {
  public:
    CarefulComponent(Feed feed, ports::Store& store) : feed_(feed), store_(store) {}

    base::Result<ports::Installation> install(const content::Manifest& manifest,
                                              const base::Digest& digest) override {
        for (const content::PayloadFile& payload : manifest.payloads) {
            FB_CHECK(store_.blob(payload.sha384));
        }
        const Release* release = ReleaseStory::instance().find(feed_, digest.hex());
        ports::Installation done;
        if (release == nullptr || release->refused) {
            done.outcome = {base::Stage::kLoad,
                            base::Category::kRejected,
                            base::Code::kRulesDoNotCompile,
                            {{"rule", "a"}}};
            return done;
        }
        done.outcome.category = base::Category::kInstalled;
        FB_TRY(const auto running, store_.get(running_key(feed_)));
        FB_TRY(const auto before, store_.get(before_key(feed_)));
        done.changes[running_key(feed_)] = digest.hex();
        if (running && running != digest.hex()) {
            done.changes[before_key(feed_)] = running;
            if (before) {
                done.changes[ports::package_key(feed_, *before)] = std::nullopt;
            }
        }
        return done;
    }
    base::Result<bool> keeps(const base::Digest& digest) override {
        FB_TRY(const auto running, store_.get(running_key(feed_)));
        FB_TRY(const auto before, store_.get(before_key(feed_)));
        return running == digest.hex() || before == digest.hex();
    }

  private:
    Feed feed_;
    ports::Store& store_;
};

class CarefulComponents final : public ports::Installers {
  public:
    explicit CarefulComponents(ports::Store& store) : store_(store) {}
    ports::Installer& of(Feed feed) override {
        return components_.try_emplace(feed, feed, store_).first->second;
    }

  private:
    ports::Store& store_;
    std::map<Feed, CarefulComponent> components_;
};

// Stands between client and store, and makes something else of what is to be written.
class UnrulyStore final : public ports::Store {
  public:
    struct Rule {
        // In place of one commit, these.
        std::function<std::vector<ports::Changes>(const ports::Changes&)> commits;
        bool keeps_payloads = true;
    };
    UnrulyStore(ports::Store& store, const Rule& rule) : store_(store), rule_(rule) {}

    base::Result<std::optional<std::string>> get(const std::string& key) override {
        return store_.get(key);
    }
    base::Result<std::vector<std::string>> values(const std::string& prefix) override {
        return store_.values(prefix);
    }
    base::Status commit(const ports::Changes& changes) override {
        if (rule_.commits == nullptr) {
            return store_.commit(changes);
        }
        for (const ports::Changes& part : rule_.commits(changes)) {
            FB_CHECK(store_.commit(part));
        }
        return {};
    }
    base::Result<std::unique_ptr<ports::BlobWriter>> new_blob(const base::Digest& digest) override {
        return store_.new_blob(digest);
    }
    base::Result<bool> has_blob(const base::Digest& digest) override {
        return store_.has_blob(digest);
    }
    base::Result<base::Bytes> blob(const base::Digest& digest) override {
        return store_.blob(digest);
    }
    base::Status keep_only(const std::set<base::Digest>& digests) override {
        return store_.keep_only(rule_.keeps_payloads ? digests : std::set<base::Digest>());
    }

  private:
    ports::Store& store_;
    const Rule& rule_;
};

// One endpoint and the CDN that it asks.
class Machine {
  public:
    Machine(uint64_t seed, const Profile& profile)
        : signed_sets_(profile.whole_sets), harness_(seed, MachineJudge(signed_sets_)) {
        settings_.channel = settings_.release_group = kGroup;
        settings_.product_version = "2024.2";
        settings_.profile = profile;
        settings_.built = kStart;
        settings_.memory = 1 << 20;
        clock_.time = hours_later(6);  // after the last moment; the first one's heads are good yet
    }

    // What the CDN offers in the rounds to come.
    void look_at(const Moment& moment) {
        moment_ = &moment;
        cdn_.files = moment.files;
        cdn_.requests.clear();
    }
    // For rounds that cannot be expected to find what is offered.
    void set_troubled(bool troubled) { troubled_ = troubled; }
    void set_rule(const UnrulyStore::Rule& rule) { rule_ = rule; }

    base::Status round(ports::Store& real) {
        UnrulyStore store(real, rule_);
        CarefulComponents components(store);
        UpdateClient client(settings_, {cdn_, store, clock_, alerts_}, verifier());
        const auto checks = client.check_all(kStoryFeeds, components);
        return checks.ok() ? base::Status() : checks.error();
    }

    // A life of one round; undisturbed, it ends with what is offered, and another finds nothing to
    // write.
    void live(ports::Store& store) {
        const bool judged = !troubled_ && !harness_.disk().ended();
        const Standing before = judged ? standing(store) : Standing();
        const base::Status done = round(store);
        ends_ += harness_.disk().ended() ? 1 : 0;
        if (!judged || harness_.disk().ended()) {
            return;
        }
        if (!done.ok()) {
            harness_.complain("an undisturbed round failed: " + done.error().text());
        }
        const auto wanted = expected(before, *moment_, signed_sets_);
        for (const auto& [feed, of_feed] : standing(store).feeds) {
            if (of_feed.version != wanted.at(feed)) {
                harness_.complain(fmt::format("{} is offered, {} runs version {} and not {}",
                                              moment_->name, content::info(feed).name,
                                              of_feed.version, wanted.at(feed)));
            }
        }
        const uint64_t changes = harness_.disk().changes();
        (void)round(store);
        if (!harness_.disk().ended() && harness_.disk().changes() != changes) {
            harness_.complain("a round without news writes");
        }
    }
    CrashHarness::Life life() {
        return [this](ports::Store& store) { live(store); };
    }

    CrashHarness& harness() { return harness_; }
    ScriptedCdn& cdn() { return cdn_; }
    TestAlerts& alerts() { return alerts_; }
    // Rounds that were not to finish.
    uint64_t ends() const { return ends_; }

  private:
    // Proves each of the story's signatures once; what is found in them is judged every time.
    static const content::Verifier& verifier() {
        static const content::Verifier kVerifier({pki().root.certificate});
        return kVerifier;
    }

    const bool signed_sets_;
    CrashHarness harness_;
    Settings settings_;
    ScriptedCdn cdn_;
    TestClock clock_;
    TestAlerts alerts_;
    const Moment* moment_ = nullptr;
    bool troubled_ = false;
    uint64_t ends_ = 0;
    UnrulyStore::Rule rule_;
};

const std::vector<Moment>& moments() {
    return ReleaseStory::instance().moments();
}

// ---- At every change

// The story with a replay of its first moment after each of the others.
std::vector<const Moment*> steps() {
    std::vector<const Moment*> all;
    for (const Moment& moment : moments()) {
        all.push_back(&moment);
        if (all.size() > 1) {
            all.push_back(&moments().front());
        }
    }
    return all;
}

// One step, ended at each of its changes; then the machine is up again, and its vendor has moved on
// to `later` perhaps. Returns what is wrong first.
std::string end_everywhere(Machine& machine, const CrashHarness::Beginning& beginning,
                           const Moment& now, const Moment& later, End end) {
    CrashHarness& harness = machine.harness();
    harness.begin_from(beginning);
    const uint64_t before = harness.disk().changes();
    machine.look_at(now);
    harness.live(machine.life());
    const uint64_t changes = harness.disk().changes() - before;
    for (uint64_t n = 1; n <= changes; ++n) {
        harness.begin_from(beginning);
        harness.disk().end_at(n, end);
        machine.look_at(now);
        harness.live(machine.life());
        machine.look_at(later);
        const std::string wrong = harness.start_and_live(machine.life());
        if (!wrong.empty()) {
            return fmt::format("{}, ended at change {} of {}: {}", now.name, n, changes, wrong);
        }
    }
    return "";
}

// The whole story. Returns what is wrong first.
std::string end_everywhere(Machine& machine, End end) {
    CrashHarness& harness = machine.harness();
    CrashHarness::Beginning beginning = harness.beginning();
    const auto all = steps();
    for (size_t i = 0; i < all.size(); ++i) {
        const size_t later = end == End::kKill ? i : std::min(i + 2, all.size() - 1);
        std::string wrong = end_everywhere(machine, beginning, *all[i], *all[later], end);
        if (!wrong.empty()) {
            return wrong;
        }
        harness.begin_from(beginning);
        machine.look_at(*all[i]);
        harness.live(machine.life());
        if (wrong = harness.start(); !wrong.empty()) {
            return fmt::format("{}, undisturbed: {}", all[i]->name, wrong);
        }
        beginning = harness.beginning();
    }
    return "";
}

void expect_holds_all(const Profile& profile, End end) {
    Machine machine(1, profile);
    EXPECT_EQ(end_everywhere(machine, end), "");
    EXPECT_GT(machine.ends(), 600U);
}

TEST(ClientCrash, HardenedHoldsAllAfterAKillAtAnyWrite) {
    expect_holds_all(hardened(), End::kKill);
}

TEST(ClientCrash, HardenedHoldsAllAfterAPowerCutAtAnyWriteOrSync) {
    expect_holds_all(hardened(), End::kPowerCut);
}

TEST(ClientCrash, PublishedHoldsAllAfterAKillAtAnyWrite) {
    expect_holds_all(published(), End::kKill);
}

TEST(ClientCrash, PublishedHoldsAllAfterAPowerCutAtAnyWriteOrSync) {
    expect_holds_all(published(), End::kPowerCut);
}

// ---- Alerts

// Once at least: a machine that ends between telling and noting tells it again.
void expect_told_of_the_refusal(const Profile& profile) {
    Machine machine(1, profile);
    CrashHarness& harness = machine.harness();
    for (const size_t good : {0, 1}) {
        machine.look_at(moments()[good]);
        harness.live(machine.life());
    }
    const CrashHarness::Beginning beginning = harness.beginning();
    machine.look_at(moments()[2]);
    const uint64_t before = harness.disk().changes();
    harness.live(machine.life());
    const uint64_t changes = harness.disk().changes() - before;
    ASSERT_GT(changes, 100U);
    for (uint64_t n = 1; n <= changes; ++n) {
        harness.begin_from(beginning);
        machine.alerts().raised.clear();
        harness.disk().end_at(n, End::kKill);
        harness.live(machine.life());
        harness.live(machine.life());
        ASSERT_THAT(machine.alerts().codes(), testing::Contains(base::Code::kRulesDoNotCompile))
            << "ended at change " << n << " of " << changes;
        machine.alerts().raised.clear();
        harness.live(machine.life());
        ASSERT_THAT(machine.alerts().codes(), testing::IsEmpty()) << "told already";
    }
}

TEST(ClientCrash, TellsOfARefusalWhereverTheMachineEnds) {
    expect_told_of_the_refusal(published());
    expect_told_of_the_refusal(hardened());
}

// ---- What breaks the rules is noticed

std::vector<ports::Changes> without(ports::Changes changes, std::string_view ending) {
    std::erase_if(changes, [&](const auto& change) { return change.first.ends_with(ending); });
    return {changes};
}

// First what contains this, then the rest.
std::vector<ports::Changes> in_two(const ports::Changes& changes, std::string_view first) {
    std::vector<ports::Changes> parts(2);
    for (const auto& change : changes) {
        parts[change.first.find(first) == std::string::npos].insert(change);
    }
    return parts;
}

void expect_noticed(const UnrulyStore::Rule& rule, std::string_view complaint) {
    Machine machine(1, hardened());
    machine.set_rule(rule);
    EXPECT_THAT(end_everywhere(machine, End::kKill), testing::HasSubstr(complaint));
}

TEST(ClientCrash, IsNoticedWhenTheComponentsStateIsCommittedByItself) {
    expect_noticed({[](const auto& changes) { return in_two(changes, "component/"); }},
                   "the component runs something else than is installed");
}

TEST(ClientCrash, IsNoticedWhenTheFeedsOfASetAreCommittedOneAfterAnother) {
    expect_noticed({[](const auto& changes) { return in_two(changes, "/DatasetA/"); }},
                   "half a set runs");
}

TEST(ClientCrash, IsNoticedWhenAFloorIsForgotten) {
    expect_noticed({[](const auto& changes) { return without(changes, "/floor"); }},
                   "the floor is older than what is installed");
}

TEST(ClientCrash, IsNoticedWhenTheNumberOfTheNewestHeadIsForgotten) {
    expect_noticed({[](const auto& changes) { return without(changes, "/sequence"); }},
                   "the first set is offered, DatasetA runs version 2 and not 1");
}

TEST(ClientCrash, IsNoticedWhenPayloadsAreDroppedThatAreStillNamed) {
    expect_noticed({nullptr, /*keeps_payloads=*/false}, "has lost its");
}

TEST(ClientCrash, IsNoticedWhenTheManifestOfWhatRanBeforeIsDropped) {
    expect_noticed({[](ports::Changes changes) {
                       const auto before = changes.find(before_key(Feed::kESH));
                       if (before != changes.end()) {
                           changes[ports::package_key(Feed::kESH, *before->second)] = std::nullopt;
                       }
                       return std::vector{changes};
                   }},
                   "ESH: component/ESH/before has lost its manifest");
}

// ---- Schedules by chance

class Dice {
  public:
    explicit Dice(uint64_t seed) : random_(seed, base::Stream::kFaultVariant) {}
    uint64_t below(uint64_t bound) { return random_.below(bound, 0, n_++); }
    bool one_in(uint64_t n) { return below(n) == 0; }
    End end() { return one_in(3) ? End::kKill : End::kPowerCut; }

  private:
    base::RandomStream random_;
    uint64_t n_ = 0;
};

// A file of the CDN's that is missing or damaged, or none of it can be reached.
void trouble_cdn(ScriptedCdn& cdn, Dice& dice) {
    const auto file = std::next(cdn.files.begin(), static_cast<long>(dice.below(cdn.files.size())));
    if (dice.one_in(5)) {
        cdn.unreachable = true;
    } else if (dice.one_in(2)) {
        cdn.spoil(file->first, {Misdeed::Kind::kMissing});
    } else {
        cdn.spoil(file->first, {Misdeed::Kind::kDamaged, dice.below(file->second.size())});
    }
}

// A life under this moment, in which the disk may be full or read-only, the CDN in trouble, and
// which may end anywhere. Returns whether the disk was well until the end.
bool live_by_chance(Machine& machine, const Moment& moment, Dice& dice) {
    SimulatedDisk& disk = machine.harness().disk();
    machine.look_at(moment);
    const bool cdn_in_trouble = dice.one_in(3);
    if (cdn_in_trouble) {
        trouble_cdn(machine.cdn(), dice);
    }
    const uint64_t health = dice.below(8);
    if (health == 0) {
        disk.set_read_only(true);
    } else if (health <= 2) {
        disk.set_capacity(disk.used() + dice.below(400'000));
    }
    if (!dice.one_in(6)) {
        disk.end_at(1 + dice.below(150), dice.end());
    }
    machine.set_troubled(cdn_in_trouble || health <= 2);
    machine.harness().live(machine.life());
    disk.restart(dice.end());
    disk.set_read_only(false);
    disk.set_capacity(std::nullopt);
    machine.cdn().repair();
    machine.cdn().unreachable = false;
    machine.set_troubled(false);
    return health > 2;
}

void damage_a_copy(SimulatedDisk& disk, Dice& dice) {
    const std::string file = dice.one_in(2) ? "./a.db" : "./b.db";
    const auto image = disk.image();
    const auto found = image.find(file);
    for (int n = 0; n < 5 && found != image.end() && !found->second.empty(); ++n) {
        disk.flip_bit(file, dice.below(8 * found->second.size()));
    }
}

// Some lives while the vendor moves on, or somebody replays what it said before; starts that are
// interrupted, too. At last, one undisturbed round.
std::string story_by_chance(uint64_t seed, uint64_t& ends) {
    Dice dice(seed);
    Machine machine(seed, dice.one_in(2) ? published() : hardened());
    CrashHarness& harness = machine.harness();
    size_t now = 0;
    const uint64_t lives = 1 + dice.below(3);
    for (uint64_t life = 0; life < lives; ++life) {
        now = std::min<size_t>(now + dice.below(3), moments().size() - 1);
        const size_t offered = dice.one_in(5) ? dice.below(now + 1) : now;
        const bool well = live_by_chance(machine, moments()[offered], dice);
        // The first life may end before there are two copies.
        if (well && life > 0 && dice.one_in(2)) {
            damage_a_copy(harness.disk(), dice);
        }
        std::vector<uint64_t> interruptions;
        while (dice.one_in(4)) {
            interruptions.push_back(1 + dice.below(40));
        }
        if (std::string wrong = harness.start(interruptions, dice.end()); !wrong.empty()) {
            return wrong;
        }
    }
    ends += machine.ends();
    machine.look_at(moments()[now]);
    return harness.start_and_live(machine.life());
}

class ClientCrashSchedule : public testing::TestWithParam<uint64_t> {};

TEST_P(ClientCrashSchedule, HoldsAllWhereverItEnds) {
    uint64_t ends = 0;
    for (uint64_t seed = GetParam(); seed < GetParam() + 250; ++seed) {
        ASSERT_EQ(story_by_chance(seed, ends), "") << "seed " << seed;
    }
    EXPECT_GT(ends, 200U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClientCrashSchedule, testing::Values(1, 251, 501, 751));

}  // namespace
}  // namespace firebreak::endpoint::update::test
