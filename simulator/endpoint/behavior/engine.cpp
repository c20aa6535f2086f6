#include "endpoint/behavior/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <lua.hpp>
#include <span>
#include <utility>

#include "base/text.h"
#include "endpoint/behavior/event_object.h"
#include "endpoint/behavior/rule_api.h"
#include "endpoint/lua/stopwatch.h"

namespace firebreak::endpoint::behavior {
namespace {

using base::Code;
using host::Event;
using host::EventKind;
using lua::End;
using lua::Ended;

LoadReply refuse(Code code, std::string file, std::string message) {
    message.resize(std::min(message.size(), kMaxMessageBytes));
    return {code, 0, std::move(file), 0, std::move(message)};
}

LoadReply refuse(const std::string& file, const Ended& ended) {
    if (ended.how == End::kMemory) {
        return refuse(Code::kOutOfMemory, file, ended.message);
    }
    LoadReply reply = refuse(Code::kRulesDoNotCompile, file, ended.message);
    reply.line = lua::line_of(ended.message, base::printable(file));
    return reply;
}

// About what they take in a reply.
size_t size_of(const Detection& detection) {
    size_t size = 64 + detection.rule.size() + detection.technique.size();
    for (const auto& [name, value] : detection.evidence) {
        size += 8 + name.size() + value.size();
    }
    return size;
}

size_t size_of(const RuleNote& note) {
    return 16 + note.rule.size() + note.message.size();
}

// Adds it unless the rule has had its share.
template <class Value>
void add(std::vector<Value>& list, Value value, size_t& said, size_t share, uint64_t& left_out) {
    const size_t size = size_of(value);
    if (said + size > share) {
        ++left_out;
        return;
    }
    said += size;
    list.push_back(std::move(value));
}

void push_verdict(lua_State* lua, const TellScan& answer) {
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
}

}  // namespace

class Engine::State {
  public:
    static base::Result<std::unique_ptr<State>> create(const EngineLimits& limits);

    LoadReply load(const LoadRules& request);
    EventReply handle(const host::EventLog& log, bool last,
                      const std::vector<HandleEvents::Reputation>& reputations);
    EventReply tell(const TellScan& answer);
    CostReply costs() const;

  private:
    State(std::unique_ptr<lua::Interpreter> interpreter, const EngineLimits& limits)
        : interpreter_(std::move(interpreter)), limits_(limits), objects_(*interpreter_) {}

    // Asked by a rule, and not answered yet.
    struct Waiting {
        RuleIndex rule;
        uint32_t number;
        lua::Function then;
        uint32_t line;  // on which that begins
    };

    std::optional<LoadReply> load_files(RuleFeed feed, std::span<const LoadRules::File> files);
    std::optional<LoadReply> load_file(const LoadRules::File& file, RuleFeed feed);
    std::optional<LoadReply> try_examples(const LoadRules& request);
    std::optional<LoadReply> try_example(const Example& example, const LoadRules& request);
    void handle(const Event& event);
    void run_handlers(lua_State* lua, const Event& event, const std::vector<Handler>& handlers,
                      size_t& next);
    void count_call(Rule& rule);
    void call(lua_State* lua, RuleIndex rule, lua::Function function);
    void note_failure(RuleIndex rule, uint32_t line, Ended ended);
    void add_notes(Rule& rule, std::vector<RuleNote> notes);
    void begin_reply();
    void take_effect(RuleIndex rule);
    void drop_effects();
    void collect_garbage_of(lua_State* lua, Rule& rule);
    uint64_t longest_window_ns() const {
        return static_cast<uint64_t>(limits_.window.count()) * 1000;
    }
    bool is_spent();
    void end_window();

    std::unique_ptr<lua::Interpreter> interpreter_;
    EngineLimits limits_;
    EventObjects objects_;
    RuleWorld world_;
    std::optional<RuleFeed> loaded_;                            // the last one
    std::vector<std::pair<std::string, base::Bytes>> product_;  // for examples of Behavior
    std::vector<Waiting> waiting_;
    uint32_t scans_ = 0;
    uint64_t in_window_ = 0;
    uint64_t ns_in_window_ = 0;  // that all rules took, as it was measured
    uint64_t look_again_ns_ = longest_window_ns();
    uint64_t window_began_ = lua::Stopwatch::processor_time();
    EventReply reply_;  // to the request at hand
    lua::Stopwatch stopwatch_;
    lua::Stopwatch::Count clock_ = 0;  // when the call at hand began
};

LoadReply Engine::State::load(const LoadRules& request) {
    if (loaded_ && *loaded_ >= request.feed) {
        return refuse(Code::kPayloadSetWrong, "",
                      "this process has loaded these rules, or Behavior, before");
    }
    loaded_ = request.feed;
    if (request.files.empty()) {
        return refuse(Code::kPayloadSetWrong, "", "no rules at all");
    }
    if (std::optional<LoadReply> refused = load_files(request.feed, request.files)) {
        return *std::move(refused);
    }
    if (std::optional<LoadReply> refused = try_examples(request)) {
        return *std::move(refused);
    }
    if (request.feed == RuleFeed::kProductRules) {
        for (const LoadRules::File& file : request.files) {
            product_.emplace_back(file.name, base::Bytes(file.source.begin(), file.source.end()));
        }
    }
    interpreter_->collect_garbage();
    window_began_ = lua::Stopwatch::processor_time();  // loading is no event's cost
    LoadReply reply;
    reply.loaded = static_cast<uint32_t>(request.files.size());
    return reply;
}

std::optional<LoadReply> Engine::State::load_files(RuleFeed feed,
                                                   std::span<const LoadRules::File> files) {
    world_.loading = true;
    for (const LoadRules::File& file : files) {
        if (std::optional<LoadReply> refused = load_file(file, feed)) {
            return refused;
        }
    }
    world_.loading = false;
    return std::nullopt;
}

std::optional<LoadReply> Engine::State::try_examples(const LoadRules& request) {
    const std::vector<Example> examples = std::exchange(world_.examples, {});
    if (request.tried) {
        return std::nullopt;
    }
    for (const Example& example : examples) {
        if (std::optional<LoadReply> refused = try_example(example, request)) {
            return refused;
        }
    }
    return std::nullopt;
}

// Beside the core functions the rule alone, so that nothing is left over from it. Of ProductRules
// those before it, too: they may need one another.
std::optional<LoadReply> Engine::State::try_example(const Example& example,
                                                    const LoadRules& request) {
    const Rule& rule = world_.rules[example.rule];
    const auto fails = [&](const std::string& what) {
        return refuse(Code::kRuleSelfTest, rule.file,
                      fmt::format("example `{}`: {}", example.title, what));
    };
    auto made = State::create(limits_);
    if (!made.ok()) {
        return fails(made.error().message);
    }
    State& alone = **made;
    const size_t place = example.rule - (world_.rules.size() - request.files.size());
    const bool is_product = request.feed == RuleFeed::kProductRules;
    std::vector<LoadRules::File> product;
    for (const auto& [name, source] : product_) {
        product.push_back({name, source});
    }
    const auto files = std::span(request.files);
    if (const auto refused = alone.load_files(RuleFeed::kProductRules,
                                              is_product ? files.first(place + 1) : product)) {
        return fails(refused->message);
    }
    if (const auto refused = alone.load_files(
            RuleFeed::kBehavior, is_product ? files.first(0) : files.subspan(place, 1))) {
        return fails(refused->message);
    }
    const EventReply reply = alone.handle(example.events, true, {});
    if (!reply.notes.empty()) {
        return fails(reply.notes.front().message);
    }
    const auto detections =
        static_cast<uint64_t>(std::ranges::count(reply.detections, rule.id, &Detection::rule));
    if (detections != example.detections) {
        return fails(
            fmt::format("{} detections, where {} are expected", detections, example.detections));
    }
    return std::nullopt;
}

std::optional<LoadReply> Engine::State::load_file(const LoadRules::File& file, RuleFeed feed) {
    world_.running = static_cast<RuleIndex>(world_.rules.size());
    Rule& rule = world_.rules.emplace_back();
    rule.file = clean(file.name, kMaxNameBytes);
    rule.feed = feed;
    rule.owner = interpreter_->add_owner();
    rule.collect_at = limits_.memory_of_rule / 2;
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
    begin_reply();
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
    const std::vector<Handler>& handlers = world_.handlers[static_cast<size_t>(event.kind)];
    for (size_t next = 0; next < handlers.size(); ++next) {
        const Ended ended = interpreter_->protect(
            [&](lua_State* lua) { run_handlers(lua, event, handlers, next); });
        if (ended.how == End::kDone) {
            break;
        }
        // And on with those behind it.
        note_failure(handlers[next].rule, handlers[next].line, ended);
    }
    objects_.end();
    world_.event = nullptr;
    if (event.kind == EventKind::kProcessEnd && event.process != 0) {  // 0: nobody's
        drop_states(*interpreter_, world_, event.process);
        world_.processes.forget(event.process);
    }
    if (++in_window_ == kBudgetWindow || is_spent()) {
        end_window();
    }
}

// A window that takes too long ends early. One request may be a window's events, and the process
// has a limit for all of a request: rules that keep to their deadlines, and use most of that at
// each event, would have it killed before anybody has looked at their budgets.
bool Engine::State::is_spent() {
    if (ns_in_window_ < look_again_ns_) {
        return false;
    }
    look_again_ns_ = ns_in_window_ + longest_window_ns();  // a clock is a system call
    return lua::Stopwatch::processor_time() - window_began_ >= longest_window_ns();
}

// Those from `next` on, which says where it is if one of them fails.
void Engine::State::run_handlers(lua_State* lua, const Event& event,
                                 const std::vector<Handler>& handlers, size_t& next) {
    for (; next < handlers.size(); ++next) {
        const Handler& handler = handlers[next];
        if (world_.rules[handler.rule].cost.disabled || !handler.filter.matches(event)) {
            continue;
        }
        if (lua_gettop(lua) == 0) {
            objects_.begin(lua, event);
            clock_ = lua::Stopwatch::now();
        }
        call(lua, handler.rule, handler.function);
    }
}

// What has passed since the last call ended, or the first one began: a clock is read once a call.
void Engine::State::count_call(Rule& rule) {
    const lua::Stopwatch::Count now = lua::Stopwatch::now();
    const uint64_t took = stopwatch_.nanoseconds(now - clock_);
    rule.count_call(took);
    ns_in_window_ += took;
    clock_ = now;
}

// With what lies at the bottom of the stack. Within protection.
void Engine::State::call(lua_State* lua, RuleIndex index, lua::Function function) {
    Rule& rule = world_.rules[index];
    world_.running = index;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, function);
    lua_pushvalue(lua, 1);
    ++reply_.handled;
    interpreter_->enter(rule.owner);
    lua_call(lua, 1, 0);
    interpreter_->leave();
    count_call(rule);
    take_effect(index);
    if (interpreter_->accounts().live(rule.owner) >= rule.collect_at) {
        collect_garbage_of(lua, rule);
    }
}

// `line`: where the function that failed begins. Where in it a stop came differs from run to run,
// and is not told.
void Engine::State::note_failure(RuleIndex index, uint32_t line, Ended ended) {
    Rule& rule = world_.rules[index];
    if (ended.how == End::kDeadline) {
        ended.message = fmt::format("stopped at its deadline, {} ms of processor time",
                                    limits_.handler.count() / 1000);
    }
    if (ended.how != End::kError && line > 0) {
        ended.message = fmt::format("{}:{}: the function here: {}", rule.file, line, ended.message);
        ended.message.resize(std::min(ended.message.size(), kMaxMessageBytes));
    }
    count_call(rule);
    drop_effects();
    add_notes(rule, rule.note_failure(ended));
    if (interpreter_->accounts().live(rule.owner) >= rule.collect_at) {
        interpreter_->protect([&](lua_State* lua) { collect_garbage_of(lua, rule); });
    }
}

void Engine::State::add_notes(Rule& rule, std::vector<RuleNote> notes) {
    for (RuleNote& note : notes) {
        add(reply_.notes, std::move(note), rule.said.note_bytes, kNoteBytes, reply_.left_out);
    }
}

void Engine::State::begin_reply() {
    reply_ = {};
    for (Rule& rule : world_.rules) {
        rule.said = {};
    }
}

void Engine::State::take_effect(RuleIndex index) {
    Rule& rule = world_.rules[index];
    Effects& effects = world_.effects;
    if (effects.tags.empty() && effects.detections.empty() && effects.scans.empty()) {
        return;
    }
    for (Effects::Tag& tag : effects.tags) {
        reply_.left_out += world_.processes.tag(tag.process, tag.name, index) ? 0 : 1;
    }
    for (Detection& detection : effects.detections) {
        ++rule.cost.detections;
        add(reply_.detections, std::move(detection), rule.said.detection_bytes, kDetectionBytes,
            reply_.left_out);
    }
    for (Effects::Scan& scan : effects.scans) {
        if (rule.said.scans++ >= kScansOfRequest) {
            ++reply_.left_out;
            interpreter_->release(scan.then);
            continue;
        }
        waiting_.push_back({index, ++scans_, scan.then, scan.line});
        reply_.scans.push_back({scans_, rule.id, std::move(scan.path)});
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
void Engine::State::collect_garbage_of(lua_State* lua, Rule& rule) {
    lua_gc(lua, LUA_GCCOLLECT, 0);
    rule.collect_at =
        std::max(limits_.memory_of_rule / 2,
                 interpreter_->accounts().live(rule.owner) + limits_.memory_of_rule / 8);
}

// What is measured of a call goes by while the process waits for a processor, too, and nobody's
// budget is to pay for a busy machine: all that rules took together was no more than what the
// thread was at work.
void Engine::State::end_window() {
    const uint64_t now = lua::Stopwatch::processor_time();
    const uint64_t worked = now - std::exchange(window_began_, now);
    const uint64_t measured = std::exchange(ns_in_window_, 0);
    look_again_ns_ = longest_window_ns();
    const double at_work =
        measured <= worked ? 1 : static_cast<double>(worked) / static_cast<double>(measured);
    for (Rule& rule : world_.rules) {
        add_notes(rule, rule.note_window(in_window_, at_work));
    }
    in_window_ = 0;
}

EventReply Engine::State::tell(const TellScan& answer) {
    begin_reply();
    const auto found = std::ranges::find(waiting_, answer.number, &Waiting::number);
    if (found == waiting_.end()) {
        return {};
    }
    const Waiting waiting = *found;
    waiting_.erase(found);
    if (!world_.rules[waiting.rule].cost.disabled) {
        const Ended ended = interpreter_->protect([&](lua_State* lua) {
            push_verdict(lua, answer);
            clock_ = lua::Stopwatch::now();
            call(lua, waiting.rule, waiting.then);
        });
        if (ended.how != End::kDone) {
            note_failure(waiting.rule, waiting.line, ended);
        }
    }
    interpreter_->release(waiting.then);
    return std::move(reply_);
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

base::Result<std::unique_ptr<Engine::State>> Engine::State::create(const EngineLimits& limits) {
    FB_TRY(auto interpreter, lua::Interpreter::create({.memory_of_one = limits.memory_of_rule,
                                                       .memory_of_all = limits.memory_of_all,
                                                       .run = limits.handler}));
    std::unique_ptr<State> state(new State(std::move(interpreter), limits));
    Ended ended = add_rule_functions(*state->interpreter_, state->world_);
    if (ended.how == End::kDone) {
        ended = state->objects_.add();
    }
    if (ended.how != End::kDone) {
        return base::Error{"the rule engine cannot be set up: " + ended.message, "", ""};
    }
    return state;
}

base::Result<std::unique_ptr<Engine>> Engine::create(const EngineLimits& limits) {
    FB_TRY(std::unique_ptr<State> state, State::create(limits));
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
