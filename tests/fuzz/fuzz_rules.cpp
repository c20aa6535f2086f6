// A rule of any text whatever, beside an honest one, on events that the text decides: the engine
// lives, replies within its limits, and the honest rule sees and does what it would alone.
//
// The input is Lua. Its bytes also choose the events, so that there is nothing else to mutate.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "endpoint/behavior/engine.h"

namespace {

using namespace firebreak;
using namespace firebreak::endpoint::behavior;
using host::Event;
using host::EventKind;

constexpr std::string_view kHonest = R"(
rule {id = "honest"}
on("dns_query", nil, function(e)
    local s, m = process_state(e.process), machine_state()
    s.n, m.n = (s.n or 0) + 1, (m.n or 0) + 1
    detect {evidence = {query = e.query, process = s.n, machine = m.n}}
end)
)";

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

host::EventLog events_of(base::ByteView input) {
    static constexpr std::array<std::string_view, 4> kTexts = {
        "C:\\Windows\\System32\\cmd.exe", "powershell -enc QQBB", "", "host.example"};
    host::EventLogBuilder builder;
    uint64_t bits = 0x9e3779b97f4a7c15ull + input.size();
    for (const uint8_t byte : input.first(std::min<size_t>(input.size(), 64))) {
        bits = (bits ^ byte) * 0x100000001b3ull;
    }
    for (int i = 0; i < 12; ++i) {
        bits = bits * 6364136223846793005ull + 1442695040888963407ull;
        Event event;
        event.kind = i % 3 == 0 ? EventKind::kDnsQuery
                                : static_cast<EventKind>((bits >> 33) % host::kEventKinds);
        event.process = static_cast<uint32_t>((bits >> 40) % 3);
        event.at_ms = i;
        const auto fields = host::info_of(event.kind).fields;
        for (size_t field = 0; field < fields.size(); ++field) {
            const uint64_t some = bits >> (field % 32);
            if ((some & 1) != 0) {
                event.values[field] = fields[field].type == host::FieldType::kText
                                          ? host::EventValue::of(kTexts[some / 2 % 4])
                                          : host::EventValue::of(some / 2 % 2);
            }
        }
        check(builder.add(event));
    }
    return std::move(builder).build();
}

std::unique_ptr<Engine> engine_with(const std::vector<LoadRules::File>& files, bool& loaded) {
    auto engine =
        Engine::create({.memory_of_rule = 1 << 20, .handler = std::chrono::milliseconds(2)});
    check(engine.ok());
    const LoadReply reply = (*engine)->load({RuleFeed::kBehavior, files});
    check(parse_load_reply(encode(reply)).ok());
    loaded = reply.code == base::Code::kNone;
    return std::move(engine).value();
}

std::vector<Detection> of_the_honest(const EventReply& reply) {
    std::vector<Detection> some;
    for (const Detection& one : reply.detections) {
        if (one.rule == "honest") {
            some.push_back(one);
        }
    }
    return some;
}

// Whether the honest rule does beside the input what it does alone.
bool holds(base::ByteView input, const host::EventLog& log) {
    const LoadRules::File honest{"honest.lua", base::view_of(kHonest)};
    bool loaded = false;
    const auto engine = engine_with({{"fuzzed.lua", input}, honest}, loaded);
    if (!loaded) {
        return true;
    }
    const EventReply reply = engine->handle(log, true);
    check(parse_event_reply(encode(reply)).ok());
    for (const ScanWanted& scan : reply.scans) {
        check(parse_event_reply(encode(engine->tell({scan.number, true, true, "x", {}}))).ok());
    }
    check(parse_cost_reply(encode(engine->costs())).ok());
    // Sensors are there for all: whoever may set them may keep events from others.
    if (base::text_of(input).find("sensor") != std::string_view::npos) {
        return true;
    }
    const auto alone = engine_with({honest}, loaded);
    return of_the_honest(reply) == of_the_honest(alone->handle(log, true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const base::ByteView input(data, size);
    const host::EventLog log = events_of(input);
    // A machine that stands still for as long as the deadline may stop anybody, once.
    check(holds(input, log) || holds(input, log) || holds(input, log));
    return 0;
}
