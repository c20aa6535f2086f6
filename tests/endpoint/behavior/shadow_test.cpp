// Rules do not disturb one another: whatever the others do, a rule sees and does what it would see
// and do alone.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "endpoint/behavior/rule_fixture.h"

namespace firebreak::endpoint::behavior {
namespace {

using host::EventKind;

// What a handler may do wrong, and what it may do right.
const std::vector<std::string> kMischief = {
    "error('no')",
    "local x = nil .. 'x'",
    "e.image = 'changed'",
    "text = nil pcall = nil detect = nil machine_state = nil",
    "local s = process_state(e.process) s.n = 1000",
    "machine_state().n = -1",
    "hoard = hoard or {} for i = 1, 200000 do hoard[#hoard + 1] = 'x' .. i end",
    "while true do end",
    "local function f() return 1 + f() end f()",
    "for i = 1, 5 do detect {} end",
    "core.f = nil",
    "return e.no_such_field",
};
const std::vector<std::string> kHonest = {
    "local m = machine_state() m.n = (m.n or 0) + 1 detect {evidence = {n = m.n}}",
    "local s = process_state(e.process) s.n = (s.n or 0) + 1 if s.n > 1 then detect {evidence = {n "
    "= s.n}} end",
    "if text.ends_with(e.image, 'b.exe') then detect {evidence = {image = e.image}} end",
    "local p = process(e.process) if p then detect {evidence = {image = p.image}} end",
    "local ok = pcall(error, 'x') if not ok then detect {} end",
};

std::string rule_of(const std::string& id, const std::string& body) {
    return fmt::format(
        "rule {{id = '{0}'}} on('process_start', nil, function(e) {1} end) on('file_create', nil, "
        "function(e) {1} end)",
        id, body);
}

std::vector<host::Event> some_events() {
    static const char* const kImages[] = {"C:\\a.exe", "C:\\b.exe", ""};
    std::vector<host::Event> events;
    const int count = *rc::gen::inRange(1, 30);
    for (int i = 0; i < count; ++i) {
        const auto kind = *rc::gen::element(EventKind::kProcessStart, EventKind::kFileCreate,
                                            EventKind::kProcessEnd);
        events.push_back(event_of(kind, *rc::gen::inRange<uint32_t>(1, 4),
                                  {{"image", kImages[*rc::gen::inRange(0, 3)]}}, i));
    }
    return events;
}

EventReply run(const std::map<std::string, std::string>& files,
               const std::vector<host::Event>& events) {
    const auto engine =
        new_engine({.memory_of_rule = 1 << 20, .handler = std::chrono::milliseconds(4)});
    const LoadReply loaded = load(*engine, files);
    RC_ASSERT(loaded.code == base::Code::kNone);
    return engine->handle(log_of(events));
}

std::vector<Detection> of_rule(const EventReply& reply, const std::string& id) {
    std::vector<Detection> some;
    for (const Detection& one : reply.detections) {
        if (one.rule == id) {
            some.push_back(one);
        }
    }
    return some;
}

RC_GTEST_PROP(Rules, DoAmongOthersWhatTheyDoAlone, ()) {
    const std::vector<host::Event> events = some_events();
    std::map<std::string, std::string> files;
    std::vector<std::string> honest;
    const int count = *rc::gen::inRange(2, 7);
    for (int i = 0; i < count; ++i) {
        const std::string id = fmt::format("rule-{}", i);
        const bool bad = *rc::gen::arbitrary<bool>();
        files[id + ".lua"] =
            rule_of(id, bad ? *rc::gen::elementOf(kMischief) : *rc::gen::elementOf(kHonest));
        if (!bad) {
            honest.push_back(id);
        }
    }
    const auto undisturbed = [&] {
        const EventReply together = run(files, events);
        return std::ranges::all_of(honest, [&](const std::string& id) {
            const std::string name = id + ".lua";
            return of_rule(together, id) == of_rule(run({{name, files[name]}}, events), id) &&
                   std::ranges::none_of(together.notes,
                                        [&](const RuleNote& note) { return note.rule == id; });
        });
    };
    // A machine that stands still for as long as the deadline may stop anybody, once.
    RC_ASSERT(undisturbed() || undisturbed() || undisturbed());
}

}  // namespace
}  // namespace firebreak::endpoint::behavior
