#include "endpoint/behavior/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "endpoint/behavior/process_table.h"
#include "endpoint/behavior/rule_fixture.h"
#include "endpoint/behavior/rules.h"
#include "endpoint/lua/stopwatch.h"

namespace firebreak::endpoint::behavior {
namespace {

using host::EventKind;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using What = RuleNote::What;

class EngineTest : public testing::Test {
  protected:
    void load(const std::map<std::string, std::string>& files,
              RuleFeed feed = RuleFeed::kBehavior) {
        const LoadReply reply = behavior::load(*engine_, files, feed);
        ASSERT_EQ(reply.code, base::Code::kNone) << reply.file << ": " << reply.message;
    }
    LoadReply refused(const std::string& source) {
        engine_ = new_engine();
        return behavior::load(*engine_, {{"bad.lua", source}});
    }
    EventReply handle(const std::vector<host::Event>& events) {
        return engine_->handle(log_of(events));
    }
    // The notes of one event that a handler with this body handles.
    EventReply after(const std::string& body) {
        engine_ = new_engine();
        load({{"a.lua", rule_for_starts("a", body)}});
        return handle({start_of(7, "C:\\a.exe", 1000)});
    }
    std::string error_of(const std::string& body) {
        const EventReply reply = after(body);
        return reply.notes.empty() ? "" : reply.notes[0].message;
    }

    std::unique_ptr<Engine> engine_ = new_engine();
};

TEST_F(EngineTest, RaisesWhatARuleDetects) {
    load({{"a.lua", R"(
        rule {id = "encoded", title = "Encoded command", technique = "T1059.001", severity = "high"}
        on("process_start", {image = "*\\powershell.exe", command_line = {"*-enc *", "*-e *"}},
           function(e)
               detect {evidence = {command_line = e.command_line, again = 2 > 1, n = 1.5}}
           end)
    )"}});
    const EventReply reply = handle(
        {event_of(EventKind::kProcessStart, 3,
                  {{"image", "C:\\Windows\\PowerShell.exe"}, {"command_line", "x -ENC aGk="}}, 50),
         event_of(EventKind::kProcessStart, 4,
                  {{"image", "C:\\Windows\\PowerShell.exe"}, {"command_line", "x -file a"}}, 60),
         event_of(EventKind::kProcessStart, 5, {{"image", "C:\\x.exe"}, {"command_line", "-enc "}},
                  70)});
    ASSERT_THAT(reply.detections, SizeIs(1));
    const Detection& found = reply.detections[0];
    EXPECT_EQ(found.rule, "encoded");
    EXPECT_EQ(found.technique, "T1059.001");
    EXPECT_EQ(found.severity, Severity::kHigh);
    EXPECT_EQ(found.process, 3u);
    EXPECT_EQ(found.at_ms, 50);
    EXPECT_THAT(found.evidence, ElementsAre(Pair("again", "true"),
                                            Pair("command_line", "x -ENC aGk="), Pair("n", "1.5")));
    EXPECT_EQ(reply.handled, 1u) << "the filter keeps the others out of Lua";
    EXPECT_THAT(reply.notes, IsEmpty());
}

TEST_F(EngineTest, ShowsAllFieldsAndWhatAllEventsHave) {
    const EventReply reply = after(
        "detect {evidence = {k = e.kind, t = e.time, p = e.process, c = e.count, i = e.image, "
        "u = tostring(e.user)}}");
    ASSERT_THAT(reply.detections, SizeIs(1));
    EXPECT_THAT(reply.detections[0].evidence,
                ElementsAre(Pair("c", "1"), Pair("i", "C:\\a.exe"), Pair("k", "process_start"),
                            Pair("p", "7"), Pair("t", "1000"), Pair("u", "nil")));
}

TEST_F(EngineTest, GivesEachEventItsOwnFields) {
    load({{"a.lua", rule_for_starts("a",
                                    "if e.user then detect {evidence = {u = e.user}} end "
                                    "local i = e.image")}});
    const EventReply reply =
        handle({event_of(EventKind::kProcessStart, 1, {{"image", "a"}, {"user", "first"}}),
                event_of(EventKind::kProcessStart, 2, {{"image", "b"}}),
                event_of(EventKind::kProcessStart, 3, {{"user", "third"}})});
    ASSERT_THAT(reply.detections, SizeIs(2));
    EXPECT_THAT(reply.detections[0].evidence, ElementsAre(Pair("u", "first")));
    EXPECT_THAT(reply.detections[1].evidence, ElementsAre(Pair("u", "third")));
}

TEST_F(EngineTest, ProtectsEventsFromRules) {
    EXPECT_THAT(error_of("e.image = 'x'"), HasSubstr("an event cannot be changed"));
    EXPECT_THAT(error_of("return e.imgae"), HasSubstr("process_start has no field `imgae`"));
    EXPECT_THAT(error_of("return e[1]"), HasSubstr("has no field `number`"));
}

TEST_F(EngineTest, RefusesToReadAnEventThatIsOver) {
    load({{"keeps.lua", R"(
        rule {id = "keeps"}
        on("process_start", nil, function(e) machine_state().kept = e end)
        on("dns_query", nil, function() return machine_state().kept.image end)
    )"}});
    const EventReply reply =
        handle({start_of(7, "C:\\a.exe"), event_of(EventKind::kDnsQuery, 7, {})});
    ASSERT_THAT(reply.notes, SizeIs(1));
    EXPECT_THAT(reply.notes[0].message, HasSubstr("this event is over"));
}

TEST_F(EngineTest, KeepsStateOfProcessesAsLongAsTheyRun) {
    load({{"a.lua", R"(
        rule {id = "a"}
        on("dns_query", nil, function(e)
            local s, m = process_state(e.process), machine_state()
            s.n = (s.n or 0) + 1
            m.n = (m.n or 0) + 1
            detect {evidence = {process = s.n, machine = m.n}}
        end)
    )"}});
    const auto query = [](uint32_t process) {
        return event_of(EventKind::kDnsQuery, process, {{"query", "x"}});
    };
    const EventReply reply = handle({start_of(1, "a"), start_of(2, "b"), query(1), query(1),
                                     query(2), event_of(EventKind::kProcessEnd, 1, {}), query(1),
                                     event_of(EventKind::kProcessEnd, 0, {}), query(1)});
    std::vector<std::string> told;
    for (const Detection& one : reply.detections) {
        told.push_back(one.evidence[0].second + "/" + one.evidence[1].second);
    }
    // Process 0 is nobody: with it ends nothing, the machine least of all.
    EXPECT_THAT(told, ElementsAre("1/1", "2/2", "3/1", "4/1", "5/2"));
}

TEST_F(EngineTest, TellsOfProcesses) {
    const EventReply reply = after(
        "local p = process(e.process) "
        "detect {evidence = {i = p.image, none = tostring(process(99)), r = "
        "tostring(reputation(e.process))}}");
    ASSERT_THAT(reply.detections, SizeIs(1));
    EXPECT_THAT(reply.detections[0].evidence,
                ElementsAre(Pair("i", "C:\\a.exe"), Pair("none", "nil"), Pair("r", "nil")));
    const EventReply known = engine_->handle(log_of({start_of(8, "C:\\b.exe")}), false, {{8, 90}});
    EXPECT_THAT(known.detections[0].evidence, testing::Contains(Pair("r", "90")));
}

TEST_F(EngineTest, PassesTagsFromRuleToRule) {
    load({{"1.lua", rule_for_starts("tags",
                                    "tag(e.process, 'suspect') "
                                    "assert(has_tag(e.process, 'suspect'))")},
          {"2.lua", R"(
        rule {id = "asks"}
        on("dns_query", nil, function(e)
            if has_tag(e.process, "suspect") then detect {} end
        end))"}});
    const EventReply reply = handle({start_of(7, "a"), event_of(EventKind::kDnsQuery, 7, {}),
                                     event_of(EventKind::kDnsQuery, 8, {})});
    EXPECT_THAT(reply.notes, IsEmpty());
    ASSERT_THAT(reply.detections, SizeIs(1));
    EXPECT_EQ(reply.detections[0].process, 7u);
}

TEST_F(EngineTest, UndoesWhatAHandlerDidBeforeItFailed) {
    load({{"1.lua", rule_for_starts("fails",
                                    "tag(e.process, 'x') detect {} scan('C:\\\\a', type) "
                                    "error('no')")},
          {"2.lua", rule_for_starts("looks", "if has_tag(e.process, 'x') then detect {} end")}});
    const EventReply reply = handle({start_of(7, "a")});
    EXPECT_THAT(reply.detections, IsEmpty());
    EXPECT_THAT(reply.scans, IsEmpty());
    ASSERT_THAT(reply.notes, SizeIs(1));
    EXPECT_EQ(reply.notes[0].rule, "fails");
    EXPECT_EQ(reply.notes[0].message, "1.lua:3: no");
}

TEST_F(EngineTest, AsksTheScannerAndAnswersTheRule) {
    load({{"a.lua", rule_for_starts("a", R"(
        local process = e.process
        scan("C:\\Temp\\x.exe", function(v)
            if v.detected then
                detect {process = process, evidence = {found = v.found, r = v.reputation}}
            end
        end))")}});
    const EventReply asked = handle({start_of(7, "a")});
    ASSERT_THAT(asked.scans, SizeIs(1));
    EXPECT_EQ(asked.scans[0].path, "C:\\Temp\\x.exe");
    const TellScan answer{asked.scans[0].number, true, true, "Worm", uint8_t{3}};
    const EventReply told = engine_->tell(answer);
    ASSERT_THAT(told.detections, SizeIs(1));
    EXPECT_EQ(told.detections[0].process, 7u);
    EXPECT_THAT(told.detections[0].evidence, ElementsAre(Pair("found", "Worm"), Pair("r", "3")));
    EXPECT_THAT(engine_->tell(answer).detections, IsEmpty()) << "nobody waits for it any more";
}

TEST_F(EngineTest, GivesBehaviorTheCoreFunctionsOfProductRules) {
    load({{"core.lua",
           "rule {id = 'core'} provide('is_shell', function(path) return "
           "text.like(path, '*\\\\cmd.exe') end)"}},
         RuleFeed::kProductRules);
    load({{"a.lua", rule_for_starts("a", "if core.is_shell(e.image) then detect {} end")}});
    EXPECT_THAT(handle({start_of(7, "C:\\CMD.exe"), start_of(8, "C:\\x.exe")}).detections,
                SizeIs(1));
}

TEST_F(EngineTest, LetsNobodyChangeCoreFunctions) {
    load({{"core.lua", "rule {id = 'core'} provide('f', function() return 1 end)"}},
         RuleFeed::kProductRules);
    load({{"a.lua", rule_for_starts("a", "core.f = nil")},
          {"b.lua", rule_for_starts("b", "assert(core.f() == 1) assert(core.g == nil)")}});
    const EventReply reply = handle({start_of(7, "x")});
    ASSERT_THAT(reply.notes, SizeIs(1));
    EXPECT_THAT(reply.notes[0].message, HasSubstr("core cannot be changed"));
}

TEST_F(EngineTest, TriesTheExamplesOfARuleBeforeItRuns) {
    load({{"a.lua", R"(
        rule {id = "burst"}
        local seen = 0
        on("dns_query", {query = "*.example"}, function(e)
            seen = seen + 1
            local s = process_state(e.process)
            s.n = (s.n or 0) + 1
            if s.n == 2 then detect {evidence = {n = seen}} end
        end)
        example("two of one process", {{kind = "dns_query", query = "a.example"},
                                       {kind = "dns_query", query = "b.example"}})
        example("of two processes", {{kind = "dns_query", query = "a.example", process = 7},
                                     {kind = "dns_query", query = "b.example", process = 8}}, 0)
    )"}});
    const auto query = [](const char* name) {
        return event_of(EventKind::kDnsQuery, 7, {{"query", name}});
    };
    const EventReply reply = handle({query("a.example"), query("b.example")});
    ASSERT_THAT(reply.detections, SizeIs(1));
    EXPECT_THAT(reply.detections[0].evidence, ElementsAre(Pair("n", "2")))
        << "nothing is left over from the examples";
    EXPECT_EQ(engine_->costs().rules[0].calls, 2u);
}

TEST_F(EngineTest, RefusesARuleThatFailsItsOwnExample) {
    const auto with = [this](const std::string& rest) {
        return refused(
            "rule {id = 'a'} on('dns_query', nil, function(e) if e.query == 'x' then "
            "detect {} end if e.query == 'y' then local n = nil .. 'z' end end) " +
            rest);
    };
    const LoadReply missed = with("example('finds y', {{kind = 'dns_query', query = 'w'}})");
    EXPECT_EQ(missed.code, base::Code::kRuleSelfTest);
    EXPECT_EQ(missed.file, "bad.lua");
    EXPECT_EQ(missed.message, "example `finds y`: 0 detections, where 1 are expected");
    EXPECT_THAT(with("example('y', {{kind = 'dns_query', query = 'y'}}, 0)").message,
                HasSubstr("example `y`: bad.lua:1: attempt to concatenate"))
        << "a path that is rarely taken";
    EXPECT_EQ(with("example('x', {{kind = 'dns_query', query = 'x'}})").code, base::Code::kNone);
    EXPECT_THAT(with("example('x', {{kind = 'dns_query', qurey = 'x'}})").message,
                HasSubstr("dns_query has no field `qurey`"));
    EXPECT_THAT(with("example('x', {{kind = 'dns_query', query = 7}})").message,
                HasSubstr("`query` is a text"));
    EXPECT_THAT(with("example('x', {{query = 'x'}})").message,
                HasSubstr("event 1 of an example has no `kind`"));
    for (const char* count : {"-1", "0.5", "0/0", "1e300"}) {
        EXPECT_THAT(
            with(std::string("example('x', {{kind = 'dns_query'}}, ") + count + ")").message,
            HasSubstr("`detections` must be a whole number from 0 to"))
            << count;
    }
    EXPECT_THAT(with("example('x', {})").message, HasSubstr("1 to 64 events"));
    EXPECT_THAT(with("example('x', {7})").message, HasSubstr("event 1 of an example is no table"));
    for (const char* count : {"-1", "0.5", "1e300", "1/0", "0/0", "'1'"}) {
        EXPECT_THAT(
            with("example('x', {{kind = 'dns_query'}}, " + std::string(count) + ")").message,
            HasSubstr("`detections` must be a whole number from 0 to"))
            << count;
    }
}

// A process that starts again has no time for what was shown when the content came.
TEST_F(EngineTest, DoesNotTryAgainWhatWasTried) {
    const std::string wrong =
        "rule {id = 'a'} example('none', {{kind = 'dns_query', query = 'x'}})";
    LoadRules request{RuleFeed::kBehavior, {{"a.lua", base::view_of(wrong)}}, true};
    EXPECT_EQ(new_engine()->load(request).code, base::Code::kNone);
    request.tried = false;
    EXPECT_EQ(new_engine()->load(request).code, base::Code::kRuleSelfTest);
}

TEST_F(EngineTest, TriesExamplesWithTheCoreFunctions) {
    load({{"core.lua", "rule {id = 'core'} provide('yes', function() return true end)"}},
         RuleFeed::kProductRules);
    load({{"a.lua", rule_for_starts("a", "if core.yes() then detect {} end") +
                        "example('yes', {{kind = 'process_start', image = 'x'}})"}});
}

TEST_F(EngineTest, HasSensorsMergeAndDropBeforeRulesSeeAnything) {
    load({{"a.lua", R"(
        rule {id = "a"}
        sensor("dns_query", {drop = {query = {"*.example", "local"}}, merge = {"query"},
                             window = 1000})
        on("dns_query", nil, function(e) detect {evidence = {q = e.query, n = e.count}} end)
    )"}});
    const auto query = [](const char* name, int64_t at_ms) {
        return event_of(EventKind::kDnsQuery, 7, {{"query", name}}, at_ms);
    };
    const EventReply reply =
        engine_->handle(log_of({query("a.test", 0), query("x.example", 10), query("a.test", 20),
                                query("LOCAL", 30), query("b.test", 40), query("a.test", 2000)}),
                        true);
    std::vector<std::string> told;
    for (const Detection& one : reply.detections) {
        told.push_back(one.evidence[1].second + " " + one.evidence[0].second);
    }
    EXPECT_THAT(told, ElementsAre("a.test 2", "b.test 1", "a.test 1"));
    const CostReply costs = engine_->costs();
    ASSERT_THAT(costs.sensors, SizeIs(1));
    EXPECT_EQ(costs.sensors[0].kind, "dns_query");
    EXPECT_EQ(costs.sensors[0].in, 6u);
    EXPECT_EQ(costs.sensors[0].merged, 1u);
    EXPECT_EQ(costs.sensors[0].dropped, 2u);
    EXPECT_EQ(costs.sensors[0].delivered, 3u);
}

TEST_F(EngineTest, RefusesSensorsThatCannotBe) {
    const auto with = [this](const std::string& sensor) {
        return refused("rule {id = 'a'} sensor('dns_query', " + sensor + ")").message;
    };
    EXPECT_THAT(with("{merge = {'qurey'}, window = 1}"), HasSubstr("no field `qurey`"));
    EXPECT_THAT(with("{drop = {qurey = 'x'}}"), HasSubstr("no field `qurey`"));
    for (const char* window : {"-1", "0.5", "3600001", "1e18", "1e300", "0/0", "{}"}) {
        EXPECT_THAT(with("{window = " + std::string(window) + "}"),
                    HasSubstr("`window` must be a whole number from 0 to 3600000"))
            << window;
    }
    EXPECT_THAT(with("{drop = {query = 'a*b'}}"), HasSubstr("and not within it"));
    EXPECT_THAT(with("{windw = 1}"), HasSubstr("unknown name `windw`"));
    EXPECT_THAT(with("{drop = {query = {{}}}}"), HasSubstr("a text, or a list of them"));
    EXPECT_EQ(with("{}) sensor('dns_query', {}"),
              "bad.lua:1: the sensor of dns_query is set in bad.lua already");
}

// Rules that a rule has stopped, beside one that has so many handlers, after it has hoarded so many
// tables and asked for as many scans as it may.
std::set<std::string> stopped_by_hoarding(int handlers, int tables) {
    const std::string hoards = fmt::format(
        "local t for i = 1, {} do t = {{t}} end "
        "for i = 1, 4 do scan('x', type) end machine_state()",
        tables);
    std::map<std::string, std::string> files = {{"a", rule_for_starts("hoarder", hoards)}};
    for (int left = handlers; left > 0; left -= static_cast<int>(kMaxHandlers)) {
        files[fmt::format("b{}", left)] = fmt::format(
            "rule {{id = 'honest{}'}} "
            "for i = 1, {} do on('process_start', nil, function() machine_state().x = 1 end) end",
            left, std::min(left, static_cast<int>(kMaxHandlers)));
    }
    const auto engine = new_engine({.memory_of_rule = 20'000});
    EXPECT_EQ(behavior::load(*engine, files).code, base::Code::kNone);
    std::set<std::string> stopped;
    for (int event = 0; event < 3; ++event) {
        for (const RuleNote& note : engine->handle(log_of({start_of(7, "x")})).notes) {
            stopped.insert(note.rule);
        }
    }
    return stopped;
}

// A table that all share and that cannot grow any more loses some of what it has.
TEST_F(EngineTest, KeepsHandlersOfOthersWhereverARuleRunsOutOfMemory) {
    int enough = 100;  // tables
    while (enough < 1000 && stopped_by_hoarding(1, enough).empty()) {
        ++enough;
    }
    for (int handlers = 1; handlers <= 130; ++handlers) {  // the table grows in powers of two
        for (int tables = enough - 4; tables <= enough + 1; ++tables) {
            EXPECT_THAT(stopped_by_hoarding(handlers, tables), IsSubsetOf({"hoarder"}))
                << handlers << " handlers";
        }
    }
    EXPECT_THAT(stopped_by_hoarding(1, enough), ElementsAre("hoarder"));
}

TEST_F(EngineTest, RefusesContentWithItsFileAndLine) {
    const LoadReply reply = refused("rule {id = 'a'}\non('process_start', nil, function(e\n)");
    EXPECT_EQ(reply.code, base::Code::kRulesDoNotCompile);
    EXPECT_EQ(reply.file, "bad.lua");
    EXPECT_EQ(reply.line, 3u) << reply.message;
    EXPECT_THAT(refused("x = 1").message, HasSubstr("it declares no rule"));
    EXPECT_THAT(refused("on('process_start', nil, type)").message,
                HasSubstr("rule{…} must come first"));
    EXPECT_THAT(refused("rule {}").message, HasSubstr("`id` must be a text"));
    EXPECT_THAT(refused("rule {id = 'a', severty = 'high'}").message,
                HasSubstr("unknown name `severty`; there are: id, title, technique, severity"));
    EXPECT_THAT(refused("rule {id = 'a', severity = 'hihg'}").message,
                HasSubstr("no such severity: hihg"));
    EXPECT_THAT(refused("rule {id = 'a'} rule {id = 'b'}").message,
                HasSubstr("a file has one rule"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_begin', nil, type)").message,
                HasSubstr("no such kind of events: process_begin; there are: process_start, "));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', {imgae = 'x'}, type)").message,
                HasSubstr("process_start has no field `imgae`"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', {image = {}}, type)").message,
                HasSubstr("a list without entries matches nothing"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', {image = '*'}, type)").message,
                HasSubstr("matches anything; leave the condition out"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', {image = 'x*y'}, type)").message,
                HasSubstr("and not within it; filter by a part of it"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', {image = 'x'})").message,
                HasSubstr("the handler is no function but left out"));
    EXPECT_THAT(refused("rule {id = 'a'} on('process_start', nil, 7)").message,
                HasSubstr("the handler is no function but number"));
    EXPECT_THAT(refused("rule {id = 'a'} provide('f', type)").message,
                HasSubstr("provide() is for ProductRules"));
    EXPECT_THAT(refused("while true do end").message, HasSubstr("deadline"));
    EXPECT_THAT(refused("rule {id = 'a'} detect {}").message,
                HasSubstr("detect() is for handlers, and not for loading"));
}

TEST_F(EngineTest, RefusesTwoRulesOfOneName) {
    const LoadReply reply = behavior::load(
        *engine_, {{"1.lua", "rule {id = 'same'}"}, {"2.lua", "rule {id = 'same'}"}});
    EXPECT_EQ(reply.file, "2.lua");
    EXPECT_THAT(reply.message, HasSubstr("rule `same` stands in 1.lua too"));
}

TEST_F(EngineTest, DisablesARuleThatKeepsFailingAndNoOther) {
    load({{"1.lua", rule_for_starts("fails", "return nil .. 'x'")},
          {"2.lua", rule_for_starts("works", "detect {}")}});
    std::vector<host::Event> events;
    for (uint32_t i = 1; i <= 30; ++i) {
        events.push_back(start_of(i, "a"));
    }
    const EventReply reply = handle(events);
    EXPECT_THAT(reply.detections, SizeIs(30));
    ASSERT_THAT(reply.notes, SizeIs(kMaxErrors + 1));
    EXPECT_EQ(reply.notes.back().what, What::kDisabled);
    EXPECT_EQ(reply.notes.back().rule, "fails");
    const CostReply costs = engine_->costs();
    EXPECT_EQ(costs.rules[0].calls, kMaxErrors);
    EXPECT_TRUE(costs.rules[0].disabled);
    EXPECT_EQ(costs.rules[1].detections, 30u);
    EXPECT_FALSE(costs.rules[1].disabled);
}

TEST_F(EngineTest, DisablesARuleThatIsStoppedThreeTimes) {
    load({{"1.lua", rule_for_starts("loops",
                                    "while true do pcall(function() while true do end "
                                    "end) end")},
          {"2.lua", rule_for_starts("works", "detect {}")}});
    const EventReply reply =
        handle({start_of(1, "a"), start_of(2, "a"), start_of(3, "a"), start_of(4, "a")});
    EXPECT_THAT(reply.detections, SizeIs(4));
    std::vector<What> notes;
    for (const RuleNote& note : reply.notes) {
        notes.push_back(note.what);
    }
    EXPECT_THAT(notes,
                ElementsAre(What::kDeadline, What::kDeadline, What::kDeadline, What::kDisabled));
    EXPECT_EQ(reply.notes[0].message,
              "1.lua:2: the function here: stopped at its deadline, 10 ms of processor time");
}

TEST_F(EngineTest, WarnsOfARuleOverBudgetBeforeItIsDisabled) {
    load(
        {{"1.lua", rule_for_starts("slow", "for i = 1, 3000 do local x = text.lower(e.image) end")},
         {"2.lua", rule_for_starts("quick", "local x = e.image")}});
    std::vector<host::Event> events;
    for (uint32_t i = 1; i <= 2 * kBudgetWindow + 10; ++i) {
        events.push_back(i % 50 == 0 ? start_of(i, "a") : event_of(EventKind::kDnsQuery, i, {}));
    }
    const EventReply reply = handle(events);
    ASSERT_THAT(reply.notes, SizeIs(2));
    EXPECT_EQ(reply.notes[0].what, What::kOverBudget);
    EXPECT_EQ(reply.notes[0].rule, "slow");
    EXPECT_THAT(reply.notes[0].message, HasSubstr("where 2000 are allowed"));
    EXPECT_EQ(reply.notes[1].what, What::kDisabled);
}

// Else the process would be killed with all rules in it: its limit is for all events of a request.
TEST_F(EngineTest, DisablesRulesThatTakeMostOfTheirTimeAtEachEvent) {
    engine_.reset();  // its deadline would be shared
    engine_ =
        new_engine({.handler = std::chrono::seconds(5), .window = std::chrono::milliseconds(200)});
    const std::string slow = "for i = 1, 8000 do local x = text.lower(e.image) end";
    load({{"1.lua", rule_for_starts("slow", slow)},
          {"2.lua", rule_for_starts("as-slow", slow)},
          {"3.lua", rule_for_starts("quick", "if e.image == 'last' then detect {} end")}});
    std::vector<host::Event> events;
    for (uint32_t i = 1; i < kBudgetWindow - 1; ++i) {
        events.push_back(start_of(i, "a"));
    }
    events.push_back(start_of(kBudgetWindow, "last"));
    const uint64_t before = lua::Stopwatch::processor_time();
    const EventReply reply = handle(events);
    EXPECT_LT(lua::Stopwatch::processor_time() - before, 5'000'000'000u);
    EXPECT_THAT(reply.detections, SizeIs(1)) << "the honest rule sees all of them";
    std::vector<std::pair<std::string, What>> told;
    for (const RuleNote& note : reply.notes) {
        told.emplace_back(note.rule, note.what);
    }
    EXPECT_THAT(told, UnorderedElementsAre(
                          Pair("slow", What::kOverBudget), Pair("as-slow", What::kOverBudget),
                          Pair("slow", What::kDisabled), Pair("as-slow", What::kDisabled)));
}

TEST_F(EngineTest, CollectsGarbageBeforeItCountsAsHoarding) {
    engine_.reset();  // its deadline would be shared
    engine_ = new_engine({.memory_of_rule = 2 << 20, .handler = std::chrono::seconds(5)});
    load({{"a.lua", rule_for_starts("a",
                                    "local t = {} for i = 1, 200 do t[i] = "
                                    "text.rep('x', 1000) .. i end detect {}")}});
    std::vector<host::Event> events;
    for (uint32_t i = 1; i <= 500; ++i) {
        events.push_back(start_of(i, "a"));
    }
    const EventReply reply = handle(events);
    EXPECT_THAT(reply.notes, IsEmpty());
    EXPECT_EQ(engine_->costs().rules[0].detections, 500u);
}

TEST_F(EngineTest, CountsWhatHandlersCost) {
    load({{"a.lua", rule_for_starts("a", "if e.image == 'x' then error('x') end detect {}")}});
    handle({start_of(1, "a"), start_of(2, "x"), start_of(3, "b")});
    const CostReply costs = engine_->costs();
    ASSERT_THAT(costs.rules, SizeIs(1));
    EXPECT_EQ(costs.rules[0].calls, 3u);
    EXPECT_EQ(costs.rules[0].errors, 1u);
    EXPECT_EQ(costs.rules[0].detections, 2u);
    uint64_t in_histogram = 0;
    for (const uint64_t bucket : costs.rules[0].histogram) {
        in_histogram += bucket;
    }
    EXPECT_EQ(in_histogram, 3u);
    EXPECT_GT(costs.rules[0].memory_bytes, 0u);
    EXPECT_GT(costs.memory_bytes, costs.rules[0].memory_bytes);
}

TEST_F(EngineTest, TurnsAwayWhatHandlersMayNotDo) {
    EXPECT_THAT(error_of("on('dns_query', nil, type)"), HasSubstr("is for loading"));
    EXPECT_THAT(error_of("rule {id = 'b'}"), HasSubstr("is for loading"));
    EXPECT_THAT(error_of("for i = 1, 5 do detect {} end"), HasSubstr("more than 4 detections"));
    EXPECT_THAT(error_of("for i = 1, 5 do scan('x', type) end"), HasSubstr("more than 4 scans"));
    EXPECT_THAT(error_of("for i = 1, 17 do tag(1, 'x') end"), HasSubstr("more than 16 tags"));
    EXPECT_THAT(error_of("process_state(0)"), HasSubstr("not a process"));
    EXPECT_THAT(error_of("process(-1)"), HasSubstr("not a process"));
    EXPECT_THAT(error_of("process(1.5)"), HasSubstr("not a process"));
    EXPECT_THAT(error_of("process(1e300)"), HasSubstr("not a process"));
    EXPECT_THAT(error_of("detect {evidence = {x = {}}}"), HasSubstr("not a table"));
    EXPECT_THAT(error_of("detect {proces = 1}"), HasSubstr("unknown name `proces`"));
    EXPECT_THAT(error_of("detect {process = 'x'}"), HasSubstr("`process` is not a process"));
    EXPECT_THAT(error_of("detect {process = 0.5}"), HasSubstr("`process` is not a process"));
    EXPECT_THAT(error_of("detect {evidence = 'x'}"), HasSubstr("`evidence` is a table of values"));
    EXPECT_THAT(error_of("tag(1, text.rep('x', 300))"), HasSubstr("too long"));
    EXPECT_THAT(error_of("local t = {} for i = 1, 9 do t['e' .. i] = i end detect {evidence = t}"),
                HasSubstr("up to 8 values"));
}

TEST_F(EngineTest, SurvivesTenMillionCallsOfItsFunctions) {
    engine_.reset();  // its deadline would be shared
    engine_ = new_engine({.handler = std::chrono::seconds(60)});
    load({{"a.lua", rule_for_starts("a",
                                    "for i = 1, 10000000 do has_tag(e.process, 'x') end "
                                    "detect {}")}});
    EXPECT_THAT(handle({start_of(7, "a")}).detections, SizeIs(1));
}

// What a rule says is never longer than a reply may be: it would count as the process's death.
TEST_F(EngineTest, AnswersWithinItsLimitsWhateverRulesSay) {
    load({{"a.lua", R"(
        rule {id = text.rep("\1", 256), title = text.rep("\200", 256),
              technique = text.rep("x", 256)}
        on("process_start", nil, function(e)
            detect {evidence = {[text.rep("\2", 256)] = text.rep("\3", 5000)}}
            scan(text.rep("\4", 512), type)
            if e.process > 1 then error(text.rep("\5", 5000)) end
        end)
    )"}});
    const EventReply reply = handle({start_of(1, "a"), start_of(2, "a")});
    ASSERT_THAT(reply.detections, SizeIs(1));
    ASSERT_THAT(reply.notes, SizeIs(1));
    ASSERT_OK(parse_event_reply(encode(reply)));
    ASSERT_OK(parse_cost_reply(encode(engine_->costs())));
}

// However much one says, there is room for the others.
TEST_F(EngineTest, LeavesARulesShareToTheOthers) {
    load({{"a.lua", R"(rule {id = "greedy"}
                       local all = {}
                       for i = 1, 8 do all["e" .. i] = text.rep("x", 512) end
                       on("process_start", nil, function(e)
                           for i = 1, 4 do detect {evidence = all} end
                           for i = 1, 4 do scan("C:\\" .. i, function() end) end
                           for i = 1, 16 do tag(e.process, "t" .. i) end
                       end))"},
          {"b.lua", R"(rule {id = "modest"}
                       on("process_start", nil, function(e)
                           tag(e.process, "seen")
                           detect {evidence = {mine = has_tag(e.process, "seen")}}
                           if e.process == 50 then scan("C:\\b.exe", function() end) end
                       end))"}});
    std::vector<host::Event> events;
    for (uint32_t process = 1; process <= 50; ++process) {
        events.push_back(start_of(process, "C:\\a.exe"));
    }
    const EventReply reply = handle(events);
    const auto of = [&](const char* rule) {
        return std::ranges::count(reply.detections, rule, &Detection::rule);
    };
    EXPECT_EQ(of("modest"), 50);
    EXPECT_GT(of("greedy"), 0);
    EXPECT_LT(of("greedy"), 10);
    EXPECT_EQ(std::ranges::count(reply.scans, "modest", &ScanWanted::rule), 1);
    EXPECT_EQ(std::ranges::count(reply.scans, "greedy", &ScanWanted::rule),
              static_cast<std::ptrdiff_t>(kScansOfRequest));
    EXPECT_EQ(reply.left_out, 50 * (4 + 4 + 16) - static_cast<uint64_t>(of("greedy")) -
                                  kScansOfRequest - 50 * kTagsOfRule);
}

TEST_F(EngineTest, LoadsOnceAndProductRulesFirst) {
    load({{"a.lua", "rule {id = 'a'}"}});
    EXPECT_EQ(behavior::load(*engine_, {{"b.lua", "rule {id = 'b'}"}}).code,
              base::Code::kPayloadSetWrong);
    EXPECT_EQ(
        behavior::load(*engine_, {{"c.lua", "rule {id = 'c'}"}}, RuleFeed::kProductRules).code,
        base::Code::kPayloadSetWrong);
    engine_ = new_engine();
    EXPECT_EQ(behavior::load(*engine_, {}).code, base::Code::kPayloadSetWrong);
}

TEST_F(EngineTest, AnswersRequestsAndNothingElse) {
    LoadRules rules{RuleFeed::kBehavior, {}};
    const std::string source = rule_for_starts("a", "detect {}");
    rules.files.push_back({"a.lua", base::view_of(source)});
    const auto loaded = parse_load_reply(engine_->answer(encode(rules).joined()));
    ASSERT_OK(loaded);
    EXPECT_EQ(loaded->loaded, 1u);
    const base::Bytes log = log_of({start_of(7, "a")}).encode();
    const auto handled =
        parse_event_reply(engine_->answer(encode(HandleEvents{log, true, {}}).joined()));
    ASSERT_OK(handled);
    EXPECT_THAT(handled->detections, SizeIs(1));
    ASSERT_OK(parse_cost_reply(engine_->answer(encode(TellCosts{}).joined())));
    EXPECT_THAT(engine_->answer(base::view_of("nonsense")), IsEmpty());
    EXPECT_THAT(engine_->answer(encode(HandleEvents{base::view_of("no log"), true, {}}).joined()),
                IsEmpty());
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
