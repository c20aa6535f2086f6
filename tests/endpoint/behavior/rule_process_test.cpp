// The rule engine in its real process: sandboxed, without a file system, behind a filter of system
// calls that its timer must not need.
#include "endpoint/behavior/rule_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "endpoint/behavior/rule_fixture.h"
#include "endpoint/scanner/real_scanner.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Category;
using host::EventKind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RuleProcessTest : public testing::Test {
  protected:
    RuleProcess::Loaded start(const std::map<std::string, std::string>& behavior,
                              const std::map<std::string, std::string>& product = {}) {
        const auto files_of = [](const auto& sources) {
            RuleProcess::Files files;
            for (const auto& [name, source] : sources) {
                files.push_back({name, base::view_of(source)});
            }
            return files;
        };
        auto loaded = RuleProcess::start(processes_, files_of(product), files_of(behavior));
        EXPECT_TRUE(loaded.ok()) << loaded.error().text();
        return std::move(loaded).value();
    }
    static EventReply handle(RuleProcess& process, const std::vector<host::Event>& events) {
        auto answer = process.handle(log_of(events), true);
        EXPECT_TRUE(answer.ok()) << answer.error().text();
        if (const auto* death = std::get_if<base::Outcome>(&*answer)) {
            ADD_FAILURE() << base::to_text(death->evidence);
            return {};
        }
        return std::get<EventReply>(*answer);
    }

    test::SandboxedScanners processes_{{.component = "behavior",
                                        .memory_bytes = 512ull << 20,
                                        .call_cpu_ms = 5000,
                                        .max_reply_bytes = 16u << 20}};
};

TEST_F(RuleProcessTest, DetectsInItsSandbox) {
    auto loaded =
        start({{"a.lua", rule_for_starts("a", "if core.bad(e.image) then detect {} end")}},
              {{"core.lua", "rule {id = 'core'} provide('bad', function(i) return i == 'x' end)"}});
    ASSERT_NE(loaded.process, nullptr) << base::to_text(loaded.outcome.evidence);
    EXPECT_EQ(loaded.outcome.category, Category::kInstalled);
    EXPECT_THAT(handle(*loaded.process, {start_of(1, "x"), start_of(2, "y")}).detections,
                SizeIs(1));
    const auto costs = loaded.process->costs();
    ASSERT_OK(costs);
    EXPECT_THAT(std::get<CostReply>(*costs).rules, SizeIs(2));
}

TEST_F(RuleProcessTest, SaysWhoseContentDoesNotLoadAndWhere) {
    const auto bad =
        start({{"b.lua", "rule {id = 'b'}\nif"}}, {{"core.lua", "rule {id = 'core'}"}});
    EXPECT_EQ(bad.process, nullptr);
    EXPECT_EQ(bad.feed, RuleFeed::kBehavior);
    EXPECT_EQ(bad.outcome.code, base::Code::kRulesDoNotCompile);
    EXPECT_THAT(base::to_text(bad.outcome.evidence),
                testing::StartsWith("file: b.lua; line: 2; message: unexpected symbol"))
        << "each of them once";
    EXPECT_EQ(start({}, {{"core.lua", "x"}}).feed, RuleFeed::kProductRules);
}

// The timer that stops rules was set before the filter of system calls was.
TEST_F(RuleProcessTest, StopsEndlessRulesAndLives) {
    auto loaded =
        start({{"1.lua", rule_for_starts("loops",
                                         "while true do pcall(function() while true do end "
                                         "end) end")},
               {"2.lua", rule_for_starts("hoards",
                                         "local t = {} while true do t[#t + 1] = 'x' .. #t "
                                         "end")},
               {"3.lua", rule_for_starts("recurs", "local function f() return 1 + f() end f()")},
               {"4.lua", rule_for_starts("works", "detect {}")}});
    ASSERT_NE(loaded.process, nullptr) << base::to_text(loaded.outcome.evidence);
    std::vector<host::Event> events;
    for (uint32_t i = 1; i <= 30; ++i) {
        events.push_back(start_of(i, "a"));
    }
    const EventReply reply = handle(*loaded.process, events);
    EXPECT_THAT(reply.detections, SizeIs(30));
    std::set<std::string> disabled;
    for (const RuleNote& note : reply.notes) {
        if (note.what == RuleNote::What::kDisabled) {
            disabled.insert(note.rule);
        }
    }
    EXPECT_EQ(disabled, (std::set<std::string>{"loops", "hoards", "recurs"}));
    EXPECT_THAT(handle(*loaded.process, {start_of(31, "a")}).notes, IsEmpty());
}

TEST_F(RuleProcessTest, TakesMoreEventsThanOneRequestHolds) {
    auto loaded = start({{"a.lua", R"(
        rule {id = "a"}
        on("dns_query", nil, function(e)
            local m = machine_state()
            m.n = (m.n or 0) + 1
            if m.n == 25000 then detect {} end
        end))"}});
    ASSERT_NE(loaded.process, nullptr);
    std::vector<host::Event> events;
    for (size_t i = 0; i < 25'000; ++i) {
        events.push_back(event_of(EventKind::kDnsQuery, 7, {}, static_cast<int64_t>(i)));
    }
    const EventReply reply = handle(*loaded.process, events);
    EXPECT_THAT(reply.detections, SizeIs(1));
    EXPECT_EQ(reply.handled, 25'000u);
}

// A process that has ended in one request is none that the next one knows, whatever its reputation.
TEST_F(RuleProcessTest, TellsReputationsWhereTheirProcessesStart) {
    auto loaded =
        start({{"a.lua", rule_for_starts("a",
                                         "if e.image == 'last' then detect {evidence = {first = "
                                         "type(process(1)), last = reputation(e.process)}} end")}});
    ASSERT_NE(loaded.process, nullptr) << base::to_text(loaded.outcome.evidence);
    std::vector<host::Event> events = {start_of(1, "first"),
                                       event_of(EventKind::kProcessEnd, 1, {})};
    while (events.size() < kEventsOfRequest) {
        events.push_back(event_of(EventKind::kDnsQuery, 3, {}));
    }
    events.push_back(start_of(2, "last"));
    auto answer = loaded.process->handle(log_of(events), true, {{1, 50}, {2, 70}});
    ASSERT_OK(answer);
    ASSERT_TRUE(std::holds_alternative<EventReply>(*answer));
    const EventReply& reply = std::get<EventReply>(*answer);
    ASSERT_THAT(reply.detections, SizeIs(1));
    EXPECT_THAT(reply.detections[0].evidence,
                testing::ElementsAre(testing::Pair("first", "nil"), testing::Pair("last", "70")));
}

TEST_F(RuleProcessTest, AnswersScans) {
    auto loaded = start({{"a.lua", rule_for_starts("a",
                                                   "scan('C:\\\\x', function(v) if v.detected "
                                                   "then detect {} end end)")}});
    ASSERT_NE(loaded.process, nullptr);
    const EventReply asked = handle(*loaded.process, {start_of(1, "a")});
    ASSERT_THAT(asked.scans, SizeIs(1));
    ASSERT_OK_AND(const RuleProcess::Answer told,
                  loaded.process->tell({asked.scans[0].number, true, true, "Worm", {}}));
    EXPECT_THAT(std::get<EventReply>(told).detections, SizeIs(1));
}

// Says what a hostile process might.
class Liar final : public ports::ComponentProcess {
  public:
    explicit Liar(const base::Bytes& reply) : reply_(reply) {}
    base::Result<ports::CallResult> call(const base::Gathered&,
                                         std::span<const base::ByteView>) override {
        const bool loads = !loaded_;
        loaded_ = true;
        return ports::CallResult(loads ? encode(LoadReply{base::Code::kNone, 1, "", 0, ""})
                                       : reply_);
    }
    std::chrono::microseconds last_call_cpu() const override { return {}; }

  private:
    const base::Bytes& reply_;
    bool loaded_ = false;
};

class Liars final : public ports::ComponentProcesses {
  public:
    base::Result<std::unique_ptr<ports::ComponentProcess>> start(bool) override {
        return std::unique_ptr<ports::ComponentProcess>(new Liar(reply));
    }
    base::Bytes reply;
};

TEST(RuleProcess, TakesNothingForAReplyThatIsNone) {
    Liars liars;
    const std::string source = "rule {id = 'a'}";
    ASSERT_OK_AND(const RuleProcess::Loaded loaded,
                  RuleProcess::start(liars, {}, {{"a.lua", base::view_of(source)}}));
    ASSERT_NE(loaded.process, nullptr);
    for (const base::Bytes& reply :
         {base::Bytes(), base::bytes_of("nonsense"), encode(CostReply{})}) {
        liars.reply = reply;
        ASSERT_OK_AND(const RuleProcess::Answer answer,
                      loaded.process->handle(log_of({start_of(1, "a")})));
        EXPECT_EQ(std::get<base::Outcome>(answer).category, Category::kProtocol);
    }
    liars.reply = encode(EventReply{});
    ASSERT_OK_AND(const auto costs, loaded.process->costs());
    EXPECT_EQ(std::get<base::Outcome>(costs).category, Category::kProtocol);
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
