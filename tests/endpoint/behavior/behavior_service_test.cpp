#include "endpoint/behavior/behavior_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "content/encryption.h"
#include "endpoint/behavior/rule_fixture.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Category;
using base::Code;
using content::Feed;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Sources = std::map<std::string, std::string>;

const base::Bytes kKey(32, 7);

class BehaviorServiceTest : public testing::Test {
  protected:
    // As the update client leaves it in the store.
    test::Stored stored(Feed feed, const std::string& version, const Sources& sources) {
        content::Draft draft;
        draft.manifest.feed = feed;
        draft.manifest.version = version;
        for (const auto& [name, source] : sources) {
            const base::Bytes cipher = content::encrypt(feed, base::view_of(source), kKey).value();
            draft.manifest.payloads.push_back({name, cipher.size(), base::sha384(cipher)});
            draft.payloads[name] = cipher;
        }
        return test::keep(store_, draft);
    }
    base::Outcome install(Feed feed, const std::string& version, const Sources& sources) {
        const test::Stored content = stored(feed, version, sources);
        const auto done = service_.installer(feed).install(content.manifest, content.digest);
        if (!done.ok()) {
            ADD_FAILURE() << done.error().text();
            return {};
        }
        EXPECT_TRUE(store_.commit(done->changes).ok());
        return done->outcome;
    }
    Handled handle(const std::vector<host::Event>& events) {
        const auto handled = service_.handle(log_of(events), true);
        EXPECT_TRUE(handled.ok()) << handled.error().text();
        return handled.ok() ? *handled : Handled{};
    }
    // Which rules detected something.
    std::vector<std::string> found() {
        std::vector<std::string> rules;
        for (const Detection& one : handle({start_of(1, "a")}).reply.detections) {
            rules.push_back(one.rule);
        }
        return rules;
    }
    static Sources detecting(const std::string& id) {
        return {{id + ".lua", rule_for_starts(id, "detect {}")}};
    }
    // None of them is stopped often enough to be disabled before the process has used up its time.
    static Sources deadly() {
        Sources sources;
        for (int i = 0; i < 40; ++i) {
            sources[fmt::format("{}.lua", i)] =
                rule_for_starts(fmt::format("loops-{}", i), "while true do end");
        }
        return sources;
    }
    void expect_death() {
        const Handled died = handle({start_of(1, "a")});
        EXPECT_FALSE(died.handled);
        EXPECT_EQ(died.outcome.category, Category::kCpuLimit);
        last_ = base::to_text(died.outcome.evidence);
    }

    test::MemoryStore store_;
    test::SandboxedScanners processes_{
        {.component = "behavior", .memory_bytes = 512ull << 20, .call_cpu_ms = 200}};
    test::SetUptime uptime_;
    BehaviorService service_{
        {store_, processes_, uptime_},
        {.content_keys = {{Feed::kBehavior, kKey}, {Feed::kProductRulesFeed, kKey}}}};
    std::string last_;  // evidence of the last death
};

TEST_F(BehaviorServiceTest, DecryptsAndRunsBothFeedsInOneProcess) {
    EXPECT_FALSE(handle({start_of(1, "a")}).handled);
    EXPECT_EQ(service_.unhandled(), 1u);
    ASSERT_EQ(install(Feed::kProductRulesFeed, "1",
                      {{"core.lua",
                        "rule {id = 'core'} provide('yes', function() return true "
                        "end)"}})
                  .category,
              Category::kInstalled);
    ASSERT_EQ(install(Feed::kBehavior, "1",
                      {{"a.lua", rule_for_starts("a", "if core.yes() then detect {} end")}})
                  .category,
              Category::kInstalled);
    EXPECT_THAT(found(), testing::ElementsAre("a"));
    ASSERT_OK_AND(const auto costs, service_.costs());
    EXPECT_THAT(costs->rules, SizeIs(2));
}

// The update client commits what all of a round's feeds have changed at once.
TEST_F(BehaviorServiceTest, LoadsBehaviorWithProductRulesThatAreNotCommittedYet) {
    const test::Stored product =
        stored(Feed::kProductRulesFeed, "1",
               {{"core.lua", "rule {id = 'core'} provide('yes', function() return true end)"}});
    const test::Stored behavior =
        stored(Feed::kBehavior, "1",
               {{"a.lua", rule_for_starts("a", "if core.yes() then detect {} end")}});
    ASSERT_OK_AND(
        auto first,
        service_.installer(Feed::kProductRulesFeed).install(product.manifest, product.digest));
    ASSERT_OK_AND(auto second,
                  service_.installer(Feed::kBehavior).install(behavior.manifest, behavior.digest));
    EXPECT_EQ(second.outcome.category, Category::kInstalled)
        << base::to_text(second.outcome.evidence);
    first.changes.merge(second.changes);
    ASSERT_OK(store_.commit(first.changes));
    EXPECT_THAT(found(), testing::ElementsAre("a"));

    const test::Stored never = stored(Feed::kProductRulesFeed, "2",
                                      {{"core.lua",
                                        "rule {id = 'core'} provide('yes', function() return true "
                                        "end) provide('more', function() return 1 end)"}});
    ASSERT_OK(service_.installer(Feed::kProductRulesFeed).install(never.manifest, never.digest));
    EXPECT_THAT(found(), testing::ElementsAre("a"));
    const test::Stored needs_more =
        stored(Feed::kBehavior, "2", {{"a.lua", "rule {id = 'a'} assert(core.more)"}});
    ASSERT_OK_AND(
        const auto refused,
        service_.installer(Feed::kBehavior).install(needs_more.manifest, needs_more.digest));
    EXPECT_EQ(refused.outcome.code, Code::kRulesDoNotCompile)
        << "what nobody committed in its round is over with the first events";
}

TEST_F(BehaviorServiceTest, RunsOnWithWhatRanWhenContentIsRefused) {
    ASSERT_EQ(install(Feed::kBehavior, "1", detecting("one")).category, Category::kInstalled);
    const base::Outcome refused = install(Feed::kBehavior, "2", {{"b.lua", "rule {id = 'b'}\nif"}});
    EXPECT_EQ(refused.code, Code::kRulesDoNotCompile);
    EXPECT_EQ(refused.stage, base::Stage::kLoad);
    EXPECT_THAT(base::to_text(refused.evidence), HasSubstr("b.lua"));
    EXPECT_THAT(found(), testing::ElementsAre("one"));
}

TEST_F(BehaviorServiceTest, RefusesWhatItsKeyDoesNotOpen) {
    test::Stored content = stored(Feed::kBehavior, "1", detecting("one"));
    base::Bytes& cipher = store_.blobs[content.manifest.payloads[0].sha384];
    cipher[cipher.size() / 2] ^= 1;
    ASSERT_OK_AND(const auto done,
                  service_.installer(Feed::kBehavior).install(content.manifest, content.digest));
    EXPECT_EQ(done.outcome.category, Category::kCorrupt);
    EXPECT_EQ(done.outcome.stage, base::Stage::kLoad);
    EXPECT_EQ(processes_.started, 0) << "no process has seen any of it";
}

TEST_F(BehaviorServiceTest, RefusesProductRulesWithWhichBehaviorDoesNotLoad) {
    const Sources behavior = {
        {"a.lua",
         "rule {id = 'a'} local yes = core.yes() on('process_start', nil, function() "
         "if yes then detect {} end end)"}};
    const std::string core = "rule {id = 'core'} provide('yes', function() return true end)";
    ASSERT_EQ(install(Feed::kProductRulesFeed, "1", {{"core.lua", core}}).category,
              Category::kInstalled);
    ASSERT_EQ(install(Feed::kBehavior, "1", behavior).category, Category::kInstalled);
    const base::Outcome refused =
        install(Feed::kProductRulesFeed, "2", {{"core.lua", "rule {id = 'core'}"}});
    EXPECT_EQ(refused.code, Code::kRulesDoNotCompile);
    EXPECT_THAT(base::to_text(refused.evidence), HasSubstr("with it does not load: Behavior"));
    EXPECT_THAT(found(), testing::ElementsAre("a"));
}

TEST_F(BehaviorServiceTest, GoesBackAsAPairAndQuarantinesWhatChanged) {
    ASSERT_EQ(install(Feed::kProductRulesFeed, "1", {{"core.lua", "rule {id = 'core'}"}}).category,
              Category::kInstalled);
    ASSERT_EQ(install(Feed::kBehavior, "1", detecting("one")).category, Category::kInstalled);
    ASSERT_EQ(install(Feed::kBehavior, "2", deadly()).category, Category::kInstalled);
    expect_death();
    EXPECT_THAT(last_, HasSubstr("killed it 1 of 2 times"));
    expect_death();
    EXPECT_THAT(last_, HasSubstr("restarted on last-known-good; put into quarantine: Behavior"));
    EXPECT_EQ(service_.unhandled(), 2u);
    EXPECT_THAT(found(), testing::ElementsAre("one"));
    EXPECT_EQ(install(Feed::kBehavior, "2", deadly()).code, Code::kQuarantined);
    EXPECT_EQ(install(Feed::kBehavior, "3", detecting("three")).category, Category::kInstalled);
    EXPECT_THAT(found(), testing::ElementsAre("three"));
}

TEST_F(BehaviorServiceTest, IsDownWhereThereIsNothingToGoBackTo) {
    ASSERT_EQ(install(Feed::kBehavior, "1", deadly()).category, Category::kInstalled);
    expect_death();
    expect_death();
    EXPECT_THAT(last_, HasSubstr("down: no last-known-good"));
    EXPECT_EQ(handle({start_of(1, "a")}).outcome.code, Code::kNothingRuns);
    EXPECT_EQ(install(Feed::kBehavior, "2", detecting("two")).category, Category::kInstalled);
    EXPECT_THAT(found(), testing::ElementsAre("two"));
}

TEST_F(BehaviorServiceTest, PausesBeforeTheThirdStartInARow) {
    ASSERT_EQ(install(Feed::kBehavior, "1", deadly()).category, Category::kInstalled);
    BehaviorService patient({store_, processes_, uptime_},
                            {.content_keys = {{Feed::kBehavior, kKey}}, .kills = 9});
    const auto outcome = [&] { return patient.handle(log_of({start_of(1, "a")})).value().outcome; };
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
    EXPECT_EQ(outcome().code, Code::kRestarting);
    uptime_.now = base::Duration{60};
    EXPECT_EQ(outcome().category, Category::kCpuLimit);
}

TEST_F(BehaviorServiceTest, KnowsAgainWhatRunsAfterARestart) {
    ASSERT_EQ(install(Feed::kBehavior, "1", detecting("one")).category, Category::kInstalled);
    BehaviorService again({store_, processes_, uptime_},
                          {.content_keys = {{Feed::kBehavior, kKey}}});
    ASSERT_OK_AND(const Handled handled, again.handle(log_of({start_of(1, "a")})));
    EXPECT_THAT(handled.reply.detections, SizeIs(1));
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
