#include "endpoint/behavior/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <lua.hpp>

#include "base/text.h"
#include "endpoint/behavior/event_object.h"
#include "endpoint/behavior/rule_api.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Code;
using host::Event;
using host::EventKind;
using lua::End;
using lua::Ended;

// For what handlers cost: no part of what they see or of what comes of them.
uint64_t nanoseconds_now() {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                 std::chrono::nanoseconds(1));
}

LoadReply refuse(Code code, std::string file, std::string message) {
    message.resize(std::min(message.size(), kMaxMessageBytes));
    return {code, 0, std::move(file), 0, std::move(message)};
}

// "rules.lua:3: what is wrong" → 3
uint32_t line_of(std::string_view message, std::string_view file) {
    if (!message.starts_with(file) || message.size() <= file.size() ||
        message[file.size()] != ':') {
        return 0;
    }
    uint32_t line = 0;
    for (const char c : message.substr(file.size() + 1)) {
        if (c < '0' || c > '9') {
            break;
        }
        line = line * 10 + static_cast<uint32_t>(c - '0');
    }
    return line;
}

LoadReply refuse(const std::string& file, const Ended& ended) {
    if (ended.how == End::kMemory) {
        return refuse(Code::kOutOfMemory, file, ended.message);
    }
    LoadReply reply = refuse(Code::kRulesDoNotCompile, file, ended.message);
    reply.line = line_of(ended.message, base::printable(file));
    return reply;
}

template <class Value>
void add(std::vector<Value>& list, Value value, size_t limit, uint64_t& left_out) {
    if (list.size() < limit) {
        list.push_back(std::move(value));
    } else {
        ++left_out;
    }
}

}  // namespace

class Engine::State {
  public:
    State(std::unique_ptr<lua::Interpreter> interpreter, size_t memory_of_rule)
        : interpreter_(std::move(interpreter)),
          memory_of_rule_(memory_of_rule),
          objects_(*interpreter_) {}

    Ended set_up() {
        Ended ended = add_rule_functions(*interpreter_, world_);
        return ended.how == End::kDone ? objects_.add() : ended;
    }

    LoadReply load(const LoadRules& request);
    EventReply handle(const host::EventLog& log, bool last,
                      const std::vector<HandleEvents::Reputation>& reputations);
    EventReply tell(const TellScan& answer);
    CostReply costs() const;

  private:
    // Asked by a rule, and not answered yet.
    struct Waiting {
        RuleIndex rule;
        uint32_t number;
        lua::Function then;
    };

    std::optional<LoadReply> load_file(const LoadRules::File& file, RuleFeed feed);
    void handle(const Event& event);
    void call(RuleIndex rule, lua::Function function, lua::Function argument);
    lua::Function verdict(const TellScan& answer);
    void take_effect(RuleIndex rule);
    void drop_effects();
    void keep_tidy(RuleIndex rule);
    void end_window();

    std::unique_ptr<lua::Interpreter> interpreter_;
    size_t memory_of_rule_;
    EventObjects objects_;
    RuleWorld world_;
    std::optional<RuleFeed> loaded_;  // the last one
    std::vector<Waiting> waiting_;
    uint32_t scans_ = 0;
    uint64_t in_window_ = 0;
    EventReply reply_;       // to the request at hand
    uint64_t clock_ns_ = 0;  // when the last call ended
};

LoadReply Engine::State::load(const LoadRules& request) {
    if (loaded_ && *loaded_ >= request.feed) {
        return refuse(Code::kPayloadSetWrong, "",
                      "this process has loaded these rules, or Behavior, before");
    }
    loaded_ = request.feed;
    world_.loading = true;
    for (const LoadRules::File& file : request.files) {
        if (std::optional<LoadReply> refused = load_file(file, request.feed)) {
            return *std::move(refused);
        }
    }
    world_.loading = false;
    interpreter_->collect_garbage();
    if (request.files.empty()) {
        return refuse(Code::kPayloadSetWrong, "", "no rules at all");
    }
    LoadReply reply;
    reply.loaded = static_cast<uint32_t>(request.files.size());
    return reply;
}

std::optional<LoadReply> Engine::State::load_file(const LoadRules::File& file, RuleFeed feed) {
    world_.running = static_cast<RuleIndex>(world_.rules.size());
    Rule& rule = world_.rules.emplace_back();
    rule.file = clean(file.name, kMaxNameBytes);
    rule.feed = feed;
    rule.owner = interpreter_->add_owner();
    rule.collect_at = memory_of_rule_ / 2;
    lua::Function chunk = 0;
    Ended ended = interpreter_->compile(rule.owner, rule.file, file.source, chunk);
    if (ended.how != End::kDone) {
        return refuse(rule.file, ended);
    }
    lua_rawgeti(interpreter_->state(), LUA_REGISTRYINDEX, chunk);
    ended = interpreter_->run(rule.owner, 0, 0);
    interpreter_->release(chunk);
    if (ended.how != End::kDone) {
        return refuse(rule.file, ended);
    }
    if (!world_.rule().declared) {
        return refuse(Code::kRulesDoNotCompile, rule.file, "it declares no rule: rule{id = …}");
    }
    return std::nullopt;
}

EventReply Engine::State::handle(const host::EventLog& log, bool last,
                                 const std::vector<HandleEvents::Reputation>& reputations) {
    reply_ = {};
    for (const HandleEvents::Reputation& one : reputations) {
        world_.processes.set_reputation(one.process, one.score);
    }
    const auto sink = [this](const Event& event) { handle(event); };
    for (const Event& event : log.events()) {
        world_.processes.note(event);
        world_.sensors.push(event, sink);
    }
    if (last) {
        world_.sensors.flush_all(sink);
    }
    return std::move(reply_);
}

void Engine::State::handle(const Event& event) {
    world_.now_ms = event.at_ms;
    world_.event = &event;
    bool begun = false;
    for (const Handler& handler : world_.handlers[static_cast<size_t>(event.kind)]) {
        if (world_.rules[handler.rule].cost.disabled || !handler.filter.matches(event)) {
            continue;
        }
        if (!begun) {
            if (const Ended ended = objects_.begin(event); ended.how != End::kDone) {
                add(reply_.notes, {RuleNote::What::kMemory, "", ended.message}, kMaxNotes,
                    reply_.left_out);
                break;
            }
            begun = true;
            clock_ns_ = nanoseconds_now();
        }
        call(handler.rule, handler.function, objects_.object());
    }
    if (begun) {
        objects_.end();
    }
    world_.event = nullptr;
    if (event.kind == EventKind::kProcessEnd) {
        drop_states(*interpreter_, world_, event.process);
        world_.processes.forget(event.process);
    }
    if (++in_window_ == kBudgetWindow) {
        end_window();
    }
}

void Engine::State::call(RuleIndex index, lua::Function function, lua::Function argument) {
    lua_State* const lua = interpreter_->state();
    world_.running = index;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, function);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, argument);
    const Ended ended = interpreter_->run(world_.rules[index].owner, 1, 0);
    const uint64_t now = nanoseconds_now();
    ++reply_.handled;
    for (RuleNote& note : world_.rules[index].note_call(ended, now - clock_ns_)) {
        add(reply_.notes, std::move(note), kMaxNotes, reply_.left_out);
    }
    clock_ns_ = now;
    if (ended.how == End::kDone) {
        take_effect(index);
    } else {
        drop_effects();
    }
    keep_tidy(index);
}

void Engine::State::take_effect(RuleIndex index) {
    Effects& effects = world_.effects;
    for (Effects::Tag& tag : effects.tags) {
        world_.processes.tag(tag.process, tag.name);
    }
    for (Detection& detection : effects.detections) {
        ++world_.rules[index].cost.detections;
        add(reply_.detections, std::move(detection), kMaxDetections, reply_.left_out);
    }
    for (Effects::Scan& scan : effects.scans) {
        if (reply_.scans.size() == kMaxScans) {
            ++reply_.left_out;
            interpreter_->release(scan.then);
            continue;
        }
        waiting_.push_back({index, ++scans_, scan.then});
        reply_.scans.push_back({scans_, world_.rules[index].id, std::move(scan.path)});
    }
    effects.tags.clear();
    effects.detections.clear();
    effects.scans.clear();
}

void Engine::State::drop_effects() {
    for (const Effects::Scan& scan : world_.effects.scans) {
        interpreter_->release(scan.then);
    }
    world_.effects = {};
}

// Garbage counts for its owner until it is collected, and the collector goes by what all have.
void Engine::State::keep_tidy(RuleIndex index) {
    Rule& rule = world_.rules[index];
    if (interpreter_->accounts().live(rule.owner) < rule.collect_at) {
        return;
    }
    interpreter_->collect_garbage();
    rule.collect_at = std::max(memory_of_rule_ / 2,
                               interpreter_->accounts().live(rule.owner) + memory_of_rule_ / 8);
}

void Engine::State::end_window() {
    for (Rule& rule : world_.rules) {
        for (RuleNote& note : rule.note_window(in_window_)) {
            add(reply_.notes, std::move(note), kMaxNotes, reply_.left_out);
        }
    }
    in_window_ = 0;
}

EventReply Engine::State::tell(const TellScan& answer) {
    reply_ = {};
    const auto found = std::ranges::find(waiting_, answer.number, &Waiting::number);
    if (found == waiting_.end()) {
        return {};
    }
    const Waiting waiting = *found;
    waiting_.erase(found);
    if (!world_.rules[waiting.rule].cost.disabled) {
        const lua::Function argument = verdict(answer);
        clock_ns_ = nanoseconds_now();
        call(waiting.rule, waiting.then, argument);
        interpreter_->release(argument);
    }
    interpreter_->release(waiting.then);
    return std::move(reply_);
}

// nil, if there is no memory left for it.
lua::Function Engine::State::verdict(const TellScan& answer) {
    lua::Function kept = LUA_REFNIL;
    interpreter_->protect([&](lua_State* lua) {
        lua_newtable(lua);
        lua_pushboolean(lua, answer.scanned ? 1 : 0);
        lua_setfield(lua, -2, "scanned");
        lua_pushboolean(lua, answer.detected ? 1 : 0);
        lua_setfield(lua, -2, "detected");
        lua_pushlstring(lua, answer.found.data(), answer.found.size());
        lua_setfield(lua, -2, "found");
        if (answer.reputation) {
            lua_pushinteger(lua, *answer.reputation);
            lua_setfield(lua, -2, "reputation");
        }
        kept = luaL_ref(lua, LUA_REGISTRYINDEX);
    });
    return kept;
}

CostReply Engine::State::costs() const {
    CostReply reply;
    for (const Rule& rule : world_.rules) {
        RuleCost cost = rule.cost;
        cost.memory_bytes = interpreter_->accounts().live(rule.owner);
        reply.rules.push_back(std::move(cost));
    }
    for (const host::EventKindInfo& info : host::event_kinds()) {
        const sensors::SensorCounters& counters = world_.sensors.counters(info.kind);
        if (counters.in > 0) {
            reply.sensors.push_back({std::string(info.name), counters.in, counters.merged,
                                     counters.dropped, counters.delivered});
        }
    }
    reply.memory_bytes = interpreter_->accounts().total();
    return reply;
}

base::Result<std::unique_ptr<Engine>> Engine::create(const EngineLimits& limits) {
    FB_TRY(auto interpreter, lua::Interpreter::create({.memory_of_one = limits.memory_of_rule,
                                                       .memory_of_all = limits.memory_of_all,
                                                       .run = limits.handler}));
    auto state = std::make_unique<State>(std::move(interpreter), limits.memory_of_rule);
    if (const Ended ended = state->set_up(); ended.how != End::kDone) {
        return base::Error{"the rule engine cannot be set up: " + ended.message, "", ""};
    }
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

LoadReply Engine::load(const LoadRules& request) {
    return state_->load(request);
}

EventReply Engine::handle(const host::EventLog& log, bool last,
                          const std::vector<HandleEvents::Reputation>& reputations) {
    return state_->handle(log, last, reputations);
}

EventReply Engine::tell(const TellScan& answer) {
    return state_->tell(answer);
}

CostReply Engine::costs() const {
    return state_->costs();
}

base::Bytes Engine::answer(base::ByteView bytes) {
    const base::Result<Request> request = parse_request(bytes);
    if (!request.ok()) {
        return {};
    }
    if (const auto* rules = std::get_if<LoadRules>(&*request)) {
        return encode(load(*rules));
    }
    if (const auto* events = std::get_if<HandleEvents>(&*request)) {
        const auto log = host::EventLog::parse(events->log);
        return log.ok() ? encode(handle(*log, events->last, events->reputations)) : base::Bytes();
    }
    if (const auto* answer = std::get_if<TellScan>(&*request)) {
        return encode(tell(*answer));
    }
    return encode(costs());
}

}  // namespace firebreak::endpoint::behavior
