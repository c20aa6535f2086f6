// Real transitions: the real update client, real signatures, real rules in the real worker.
#include "assay/assays.h"

#include <gtest/gtest.h>

#include <map>
#include <span>

#include "content/package.h"
#include "support/paths.h"
#include "support/result_matchers.h"

namespace firebreak::assay {
namespace {

using base::Category;
using base::Code;
using content::Feed;

class Cdn final : public ports::Transport {
  public:
    void store(const content::Package& package) {
        files[content::package_path(package.manifest_digest)] = package.envelope;
        for (const content::PayloadFile& payload : package.draft.manifest.payloads) {
            files[content::payload_path(payload.sha384)] = package.draft.payloads.at(payload.name);
        }
    }
    ports::Fetched get(const std::string& path, uint64_t max_bytes) override {
        const auto found = files.find(path);
        return found == files.end() || found->second.size() > max_bytes
                   ? ports::Fetched{ports::FetchStatus::kMissing, {}}
                   : ports::Fetched{ports::FetchStatus::kOk, found->second};
    }
    std::map<std::string, base::Bytes> files;
};

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
        good_ = sign("good/DatasetA/2026-03-01", "1", 0);
        better_ = sign("good/DatasetA/2026-03-02", "2", 3600);
        fatal_ = sign("defective/DatasetA/forbidden-call", "3", 7200);
        broken_ = sign("corrupt/DatasetA/does-not-compile", "4", 7200);
    }
    content::Package sign(const std::string& source, const std::string& version, int64_t at) {
        auto draft =
            content::build(Feed::kDatasetA, version, test::fixtures_dir() / "content" / source);
        EXPECT_TRUE(draft.ok()) << draft.error().text();
        auto package = content::sign(std::move(draft).value(), pki_.signers.at(Feed::kDatasetA),
                                     {1'772'409'600 + at});
        EXPECT_TRUE(package.ok()) << package.error().text();
        cdn_.store(*package);
        return std::move(package).value();
    }
    Assays assays(unsigned jobs = 1) {
        return Assays({cdn_, *verifier_, spawner_, personas_, "2024.2", jobs, nullptr},
                      [this](StateId, const Transition& done) {
                          log_.push_back(done);
                          return base::Status{};
                      });
    }
    static Stimulus poll(const content::Package* offered, faults::Damage damage = {}) {
        PollStimulus stimulus;
        stimulus.group = "g";
        stimulus.offered = offered;
        stimulus.damage = damage;
        return stimulus;
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
    Cdn cdn_;
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
        EXPECT_EQ(running_content(applied(runs, trigger.changes), Feed::kDatasetA),
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
    const Environment environment{cdn_, *verifier_, spawner_, personas_, "2024.2", 1, nullptr};
    for (const StateId state : states) {
        for (const Stimulus& stimulus :
             {poll(&good_), poll(&better_), poll(&fatal_), workload(1, "server")}) {
            const Transition told = one(all, state, stimulus);
            ASSERT_OK_AND(const Transition asked,
                          perform_once(environment, blobs, all.state(state), stimulus));
            EXPECT_EQ(told.changes, asked.changes) << told.stimulus;
            EXPECT_EQ(told.outcome.code, asked.outcome.code) << told.stimulus;
            EXPECT_EQ(told.triggers.size(), asked.triggers.size()) << told.stimulus;
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
            requests.push_back(
                {all.intern({}),
                 poll(&good_,
                      {faults::DamageKind::kBitFlip, faults::DamageTarget::kPackage, draw, {}})});
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
    std::vector<Transition> recorded;
    {
        Assays all = assays();
        after_good(all);
        ASSERT_OK_AND(Transition line, parse_transition(to_json(log_.at(0))));
        recorded.push_back(std::move(line));
    }
    sandbox::Spawner none{"/nonexistent/firebreak-worker"};
    Assays again({cdn_, *verifier_, none, personas_, "2024.2", 1, nullptr},
                 [](StateId, const Transition&) { return base::Status{}; });
    again.replay_from(std::move(recorded));
    const Transition done = one(again, again.intern({}), poll(&good_));
    EXPECT_EQ(running_content(applied({}, done.changes), Feed::kDatasetA), good_.manifest_digest);
    const Assays::Request other{again.intern({}), poll(&better_)};
    EXPECT_ERROR(again.perform({&other, 1}), "no outcome for");
}

TEST_F(AssaysTest, FailsWhenNoWorkerCanBeStarted) {
    sandbox::Spawner none{"/nonexistent/firebreak-worker"};
    Assays all({cdn_, *verifier_, none, personas_, "2024.2", 1, nullptr},
               [](StateId, const Transition&) { return base::Status{}; });
    const Assays::Request request{all.intern({}), poll(&good_)};
    EXPECT_ERROR(all.perform({&request, 1}), "firebreak-worker");
}

}  // namespace
}  // namespace firebreak::assay
