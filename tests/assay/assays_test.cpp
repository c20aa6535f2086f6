// Real transitions: the real update client, real signatures, real rules in the real worker.
#include "assay/assays.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <span>

#include "cloud/cdn.h"
#include "content/package.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using content::Feed;

constexpr base::UtcTime kStart{1'772'409'600};

class AssaysTest : public testing::Test {
  protected:
    void SetUp() override {
        auto pki = content::load_pki(test::fixtures_dir() / "keys");
        ASSERT_OK(pki);
        pki_ = std::move(pki).value();
        verifier_ = std::make_unique<content::Verifier>(std::vector{pki_.root.certificate});
        for (const char* name : {"developer", "server"}) {
            auto persona = host::load_persona(test::fixtures_dir() / "personas" /
                                              (std::string(name) + ".toml"));
            ASSERT_OK(persona);
            personas_.push_back(std::move(persona).value());
        }
        trusted_.emplace(HeadKeys{pki_.heads[0], pki_.heads[1]}, base::hours(24));
        good_ = sign("good/DatasetA/2026-03-01", "1", 0);
        better_ = sign("good/DatasetA/2026-03-02", "2", 3600);
        fatal_ = sign("defective/DatasetA/forbidden-call", "3", 7200);
        broken_ = sign("corrupt/DatasetA/does-not-compile", "4", 7200);
    }
    content::Package sign(const std::string& source, const std::string& version, int64_t at,
                          Feed feed = Feed::kDatasetA) {
        auto draft = content::build(feed, version, test::fixtures_dir() / "content" / source);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        auto package = content::sign(std::move(draft).value(), pki_.signers.at(feed),
                                     kStart + base::Duration{at});
        EXPECT_TRUE(package.ok()) << package.error().text();
        cdn_.store(*package);
        return std::move(package).value();
    }
    Environment environment(sandbox::Spawner& spawner, unsigned jobs = 1) {
        Environment out{wire_,    *verifier_,    spawner,  personas_,
                        "2024.2", "windows-x64", profile_, kStart};
        out.jobs = jobs;
        return out;
    }
    Assays assays(unsigned jobs = 1) {
        return Assays(environment(spawner_, jobs), [this](StateId, const Transition& done) {
            log_.push_back(done);
            return base::Status{};
        });
    }
    // A poll of a channel that is offered this, by heads that were issued three hours after kStart
    // and are read then.
    Stimulus poll(const std::map<Feed, const content::Package*>& offered) {
        PollStimulus stimulus;
        stimulus.channel = stimulus.group = "g";
        const cloud::Offering offering{"g", 1, offered};
        std::map<std::string, cloud::HeadFile> files = cloud::pointers(offering);
        stimulus.clock = kStart + base::hours(3);
        if (profile_.threshold > 0) {
            auto heads = trusted_->sign(offering, stimulus.clock);
            EXPECT_TRUE(heads.ok()) << heads.error().text();
            files.merge(*heads);
        }
        for (const auto& [feed, package] : offered) {
            stimulus.feeds.push_back(feed);
        }
        for (const auto& [path, file] : files) {
            if (path.starts_with("sets/")) {
                cdn_.store(path, *file.bytes);
            } else {
                stimulus.files[path] = {file.bytes, file.words};
            }
        }
        return stimulus;
    }
    Stimulus poll(const content::Package* offered) { return poll({{Feed::kDatasetA, offered}}); }
    Stimulus poll(const content::Package* offered, const faults::Fault& fault) {
        Stimulus stimulus = poll(offered);
        std::get<PollStimulus>(stimulus).faults = {fault};
        std::get<PollStimulus>(stimulus).struck.resize(1);
        return stimulus;
    }
    static Stimulus later(Stimulus stimulus, base::Duration by) {
        base::UtcTime& clock = std::get<PollStimulus>(stimulus).clock;
        clock = clock + by;
        return stimulus;
    }
    static faults::Fault damaged_package(uint64_t draw) {
        faults::Fault fault;
        fault.target = faults::FaultTarget::kPackage;
        fault.draw = draw;
        return fault;
    }
    static Stimulus workload(uint32_t persona, const char* name) {
        return WorkloadStimulus{{persona}, name};
    }
    // Performs one request and returns its transition.
    Transition one(Assays& assays, StateId before, const Stimulus& stimulus) {
        const Assays::Request request{before, stimulus};
        auto done = assays.perform({&request, 1});
        EXPECT_TRUE(done.ok()) << done.error().text();
        return done.ok() ? assays[done->front()] : Transition{};
    }
    // The state that it leads to.
    Snapshot after(Assays& assays, StateId before, const Stimulus& stimulus) {
        return applied(assays.state(before), one(assays, before, stimulus).changes);
    }
    StateId after_good(Assays& assays) {
        return assays.intern(after(assays, assays.intern({}), poll(&good_)));
    }

    content::Pki pki_;
    std::unique_ptr<content::Verifier> verifier_;
    sandbox::Spawner spawner_{test::worker_binary()};
    std::vector<host::Persona> personas_;
    using HeadKeys = std::vector<content::Signer>;
    std::optional<cloud::HeadSigner> trusted_;
    cloud::Cdn cdn_;
    DirectWire wire_{cdn_};
    endpoint::update::Profile profile_ = endpoint::update::published();
    content::Package good_, better_, fatal_, broken_;
    std::vector<Transition> log_;
};

TEST_F(AssaysTest, InstallsGoodContentIntoARealScanner) {
    Assays all = assays();
    const Transition done = one(all, all.intern({}), poll(&good_));
    EXPECT_EQ(done.outcome.category, Category::kInstalled) << to_json(done);
    EXPECT_EQ(running_content(applied({}, done.changes), Feed::kDatasetA), good_.manifest_digest);
    EXPECT_EQ(done.manifest, good_.manifest_digest);
}

TEST_F(AssaysTest, PerformsEachDistinctTransitionOnce) {
    Assays all = assays();
    const StateId fresh = all.intern({});
    const std::vector<Assays::Request> requests(5, {fresh, poll(&good_)});
    ASSERT_OK_AND(const auto ids, all.perform(requests));
    EXPECT_EQ(log_.size(), 1u);
    EXPECT_EQ(ids, std::vector(5, ids[0]));
    one(all, fresh, poll(&good_));
    EXPECT_EQ(log_.size(), 1u);
    one(all, fresh, poll(&better_));
    EXPECT_EQ(log_.size(), 2u);
}

TEST_F(AssaysTest, KeepsLastKnownGoodWhenRulesDoNotCompile) {
    Assays all = assays();
    const StateId before = after_good(all);
    const Transition done = one(all, before, poll(&broken_));
    EXPECT_EQ(done.outcome.stage, base::Stage::kLoad);
    EXPECT_EQ(done.outcome.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(running_content(applied(all.state(before), done.changes), Feed::kDatasetA),
              good_.manifest_digest);
    EXPECT_EQ(done.alerts, 1u);
}

TEST_F(AssaysTest, FallsBackToLastKnownGoodWhenContentKillsTheScanner) {
    Assays all = assays();
    const StateId before = after_good(all);
    const Transition installed = one(all, before, poll(&fatal_));
    ASSERT_EQ(installed.outcome.category, Category::kInstalled) << to_json(installed);
    const Snapshot runs = applied(all.state(before), installed.changes);
    const Transition met = one(all, all.intern(runs), workload(1, "server"));
    ASSERT_FALSE(met.triggers.empty());
    EXPECT_EQ(met.triggers.back().outcome.category, Category::kMissed)
        << "what kills the scanner is not found by it";
    for (const Trigger& trigger : std::span(met.triggers).first(met.triggers.size() - 1)) {
        EXPECT_EQ(trigger.outcome.category, Category::kForbidden);
        EXPECT_EQ(trigger.outcome.stage, base::Stage::kRun);
        EXPECT_GT(trigger.per_hour, 0);
        const Snapshot once = applied(runs, trigger.changes);
        EXPECT_EQ(running_content(once, Feed::kDatasetA), fatal_.manifest_digest)
            << "it has another chance";
        const Transition again = one(all, all.intern(once), workload(1, "server"));
        EXPECT_EQ(running_content(applied(once, again.triggers.at(0).changes), Feed::kDatasetA),
                  good_.manifest_digest);
    }
    EXPECT_TRUE(met.changes.empty()) << "what a trigger does is the trigger's affair";
}

TEST_F(AssaysTest, FindsNothingWrongWithGoodContentOnAnyPersona) {
    Assays all = assays();
    const StateId state = after_good(all);
    for (uint32_t persona = 0; persona < 2; ++persona) {
        const Transition met =
            one(all, state, workload(persona, persona == 0 ? "developer" : "server"));
        EXPECT_TRUE(met.triggers.empty()) << to_json(met);
        EXPECT_TRUE(met.outcome.evidence.empty()) << "no detection: " << to_json(met);
    }
}

// Last-known-good is not looked at as long as nothing dies: what runs decides.
TEST_F(AssaysTest, PerformsOnceWhatLooksTheSameToTheComponent) {
    Assays all = assays();
    const StateId direct = all.intern(after(all, all.intern({}), poll(&better_)));
    const StateId upgraded = all.intern(after(all, after_good(all), poll(&better_)));
    ASSERT_NE(direct, upgraded) << "one has a last-known-good";
    const std::vector<Assays::Request> both = {{direct, workload(1, "server")},
                                               {upgraded, workload(1, "server")}};
    log_.clear();
    ASSERT_OK_AND(const auto ids, all.perform(both));
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_EQ(log_.size(), 1u);
    // A death looks at it.
    const StateId alone = all.intern(after(all, all.intern({}), poll(&fatal_)));
    const StateId backed = all.intern(after(all, after_good(all), poll(&fatal_)));
    const std::vector<Assays::Request> deaths = {{alone, workload(1, "server")},
                                                 {backed, workload(1, "server")}};
    ASSERT_OK_AND(const auto died, all.perform(deaths));
    EXPECT_NE(died[0], died[1]);
}

// The memo table is right to answer for a state if a component that is really asked there says the
// same: checked over states that differ in many ways.
TEST_F(AssaysTest, AnswersForOtherStatesWhatTheComponentsWouldSay) {
    for (const auto& profile : {endpoint::update::published(), endpoint::update::hardened()}) {
        profile_ = profile;
        Assays all = assays();
        std::vector<StateId> states = {all.intern({}), after_good(all)};
        for (const content::Package* package : {&better_, &fatal_, &broken_}) {
            for (size_t i = 0, n = states.size(); i < n; ++i) {
                states.push_back(all.intern(after(all, states[i], poll(package))));
            }
        }
        BlobPool blobs;
        for (const content::Package* package : {&good_, &better_, &fatal_, &broken_}) {
            for (const auto& [name, bytes] : package->draft.payloads) {
                blobs.keep(base::sha384(bytes), bytes);
            }
        }
        for (const StateId state : states) {
            for (const Stimulus& stimulus :
                 {poll(&good_), poll(&better_), later(poll(&fatal_), base::hours(30)),
                  workload(1, "server")}) {
                const Transition told = one(all, state, stimulus);
                ASSERT_OK_AND(const Transition asked, perform_once(environment(spawner_), blobs,
                                                                   all.state(state), stimulus));
                EXPECT_EQ(told.changes, asked.changes) << told.stimulus;
                EXPECT_EQ(told.outcome.code, asked.outcome.code) << told.stimulus;
                EXPECT_EQ(told.triggers.size(), asked.triggers.size()) << told.stimulus;
            }
        }
    }
}

TEST_F(AssaysTest, GivesTheSameIdsWhateverTheNumberOfJobs) {
    std::vector<std::vector<std::string>> logs;
    for (const unsigned jobs : {1u, 4u}) {
        Assays all = assays(jobs);
        log_.clear();
        std::vector<Assays::Request> requests;
        for (uint64_t draw = 0; draw < 12; ++draw) {
            requests.push_back({all.intern({}), poll(&good_, damaged_package(draw))});
        }
        requests.push_back({all.intern({}), poll(&better_)});
        ASSERT_OK(all.perform(requests));
        std::vector<std::string> lines;
        for (Transition& done : log_) {
            done.cost_ms = 0;
            lines.push_back(to_json(done));
        }
        logs.push_back(lines);
    }
    EXPECT_EQ(logs[0], logs[1]);
}

TEST_F(AssaysTest, ReplaysFromItsLogWithoutAWorker) {
    for (const auto& profile : {endpoint::update::published(), endpoint::update::hardened()}) {
        profile_ = profile;
        log_.clear();
        std::vector<Transition> recorded;
        {
            Assays all = assays();
            after_good(all);
            ASSERT_OK_AND(Transition line, parse_transition(to_json(log_.at(0))));
            recorded.push_back(std::move(line));
        }
        sandbox::Spawner none{"/nonexistent/firebreak-worker"};
        Assays again(environment(none), [](StateId, const Transition&) { return base::Status{}; });
        again.replay_from(std::move(recorded));
        const Transition done = one(again, again.intern({}), poll(&good_));
        EXPECT_EQ(running_content(applied({}, done.changes), Feed::kDatasetA),
                  good_.manifest_digest);
        const Assays::Request other{again.intern({}), poll(&better_)};
        EXPECT_ERROR(again.perform({&other, 1}), "no outcome for");
    }
}

TEST_F(AssaysTest, FailsWhenNoWorkerCanBeStarted) {
    sandbox::Spawner none{"/nonexistent/firebreak-worker"};
    Assays all(environment(none), [](StateId, const Transition&) { return base::Status{}; });
    const Assays::Request request{all.intern({}), poll(&good_)};
    EXPECT_ERROR(all.perform({&request, 1}), "firebreak-worker");
}

// --- time ---

TEST_F(AssaysTest, AsksNoClockUnderTheVendorsProfile) {
    Assays all = assays();
    const Transition done = one(all, all.intern({}), poll(&good_));
    EXPECT_EQ(done.clock_from.unix_seconds, Transition::kAlways.first);
    EXPECT_EQ(done.clock_until.unix_seconds, Transition::kAlways.second);
    one(all, all.intern({}), later(poll(&good_), base::days(400)));
    EXPECT_EQ(log_.size(), 1u);
}

// What a client did holds for as long as its clock would have said the same, and not a second more.
TEST_F(AssaysTest, AnswersForAnotherTimeOnlyWithinTheClockInterval) {
    profile_ = endpoint::update::hardened();
    Assays all = assays();
    const StateId fresh = all.intern({});
    const Stimulus offer = poll(&good_);
    const base::UtcTime now = clock_of(offer);
    const Transition done = one(all, fresh, offer);
    ASSERT_EQ(done.outcome.category, Category::kInstalled) << to_json(done);
    EXPECT_LE(done.clock_from, now);
    EXPECT_EQ(done.clock_until, now + base::hours(24)) << "the head's end";

    const Stimulus in_the_last_second = later(offer, base::Duration{24 * 3600 - 1});
    EXPECT_EQ(one(all, fresh, in_the_last_second).outcome.category, Category::kInstalled);
    EXPECT_EQ(log_.size(), 1u) << "from memory";
    const Transition expired = one(all, fresh, later(offer, base::hours(24)));
    EXPECT_EQ(log_.size(), 2u) << "a new trial";
    EXPECT_EQ(expired.outcome.category, Category::kStale) << to_json(expired);
    EXPECT_EQ(expired.outcome.code, Code::kHeadExpired);
    EXPECT_EQ(expired.clock_from, done.clock_until);
    EXPECT_EQ(one(all, fresh, offer).outcome.category, Category::kInstalled) << "both are known";
    EXPECT_EQ(log_.size(), 2u);
}

TEST_F(AssaysTest, LooksInARecordForTheOutcomeOfItsTime) {
    profile_ = endpoint::update::hardened();
    const Stimulus offer = poll(&good_);
    {
        Assays all = assays();
        one(all, all.intern({}), offer);
        one(all, all.intern({}), later(offer, base::hours(24)));
    }
    ASSERT_EQ(log_.size(), 2u);
    Assays again = assays();
    again.replay_from(log_);
    EXPECT_EQ(one(again, again.intern({}), later(offer, base::hours(25))).outcome.code,
              Code::kHeadExpired);
    EXPECT_EQ(one(again, again.intern({}), later(offer, base::hours(1))).outcome.category,
              Category::kInstalled);
}

// --- faults and several feeds ---

TEST_F(AssaysTest, PutsTheFaultsOfTheStimulusAroundTheClient) {
    Assays all = assays();
    const Transition damaged = one(all, all.intern({}), poll(&good_, damaged_package(3)));
    EXPECT_TRUE(damaged.outcome.refused()) << to_json(damaged);
    faults::Fault full;
    full.kind = faults::FaultKind::kStoreFull;
    const Transition no_room = one(all, all.intern({}), poll(&good_, full));
    EXPECT_EQ(no_room.outcome.code, Code::kMachineFull) << to_json(no_room);
    EXPECT_TRUE(no_room.changes.empty());
}

// The interval is of the right time: it is the shifted clock's answers that have to stay.
TEST_F(AssaysTest, BoundsAWrongClocksOutcomeByTheRightTime) {
    profile_ = endpoint::update::hardened();
    Assays all = assays();
    faults::Fault wrong;
    wrong.kind = faults::FaultKind::kWrongClock;
    wrong.shift = base::hours(10);
    const Stimulus offer = poll(&good_, wrong);
    const Transition done = one(all, all.intern({}), offer);
    EXPECT_EQ(done.outcome.category, Category::kInstalled) << to_json(done);
    EXPECT_EQ(done.clock_until, clock_of(offer) + base::hours(14));
    EXPECT_EQ(one(all, all.intern({}), later(offer, base::hours(14))).outcome.code,
              Code::kHeadExpired);
}

TEST_F(AssaysTest, TellsAPollOfSeveralFeedsByTheOneThatCameOffWorst) {
    const content::Package ntp =
        sign("good/NTP_OVERRIDES/2026-03-01", "1", 0, Feed::kNTP_OVERRIDES);
    Assays all = assays();
    const Stimulus both = poll({{Feed::kDatasetA, &good_}, {Feed::kNTP_OVERRIDES, &ntp}});
    const Transition good = one(all, all.intern({}), both);
    EXPECT_EQ(good.outcome.category, Category::kInstalled);
    const Snapshot after = applied({}, good.changes);
    EXPECT_EQ(running_content(after, Feed::kDatasetA), good_.manifest_digest);
    EXPECT_EQ(running_content(after, Feed::kNTP_OVERRIDES), ntp.manifest_digest);

    Stimulus damaged = both;
    auto& stimulus = std::get<PollStimulus>(damaged);
    stimulus.faults = {damaged_package(3)};
    stimulus.faults[0].feed = Feed::kNTP_OVERRIDES;
    stimulus.struck = {{content::package_path(ntp.manifest_digest)}};
    const Transition worst = one(all, all.intern({}), damaged);
    EXPECT_TRUE(worst.outcome.refused());
    EXPECT_EQ(worst.feed, Feed::kNTP_OVERRIDES);
    EXPECT_EQ(worst.manifest, ntp.manifest_digest);
    EXPECT_EQ(running_content(applied({}, worst.changes), Feed::kDatasetA), good_.manifest_digest)
        << "its sound neighbour is installed all the same";
}

}  // namespace
}  // namespace firebreak::assay
