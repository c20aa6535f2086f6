#include "endpoint/applications/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <lua.hpp>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "endpoint/applications/rule_api.h"
#include "endpoint/applications/scripts.h"
#include "endpoint/lua/stopwatch.h"

namespace firebreak::endpoint::applications {
namespace {

using base::Code;
using host::Machine;
using lua::End;
using lua::Ended;
using rules::LoadReply;

LoadReply refuse_rule(Code code, const std::string& file, const std::string& message) {
    return {code, 0, base::printable(file, rules::kMaxNameBytes / 2), 0,
            base::printable(message, kMaxMessageBytes - 20)};
}

LoadReply refuse_rule(const std::string& file, const Ended& ended) {
    if (ended.how == End::kMemory) {
        return refuse_rule(Code::kOutOfMemory, file, ended.message);
    }
    LoadReply reply = refuse_rule(Code::kRulesDoNotCompile, file, ended.message);
    reply.line = lua::line_of(ended.message, base::printable(file));
    return reply;
}

RuleReply::End end_of(End how) {
    switch (how) {
        case End::kDeadline:
            return RuleReply::End::kDeadline;
        case End::kMemory:
            return RuleReply::End::kMemory;
        default:
            return RuleReply::End::kError;
    }
}

// A rule in an interpreter of its own.
class RuleRun {
  public:
    static base::Result<std::unique_ptr<RuleRun>> create(const EngineLimits& limits) {
        FB_TRY(auto interpreter, lua::Interpreter::create(
                                     {.memory_of_one = limits.memory_of_rule,
                                      .memory_of_all = kMemoryOfInterpreter + limits.memory_of_rule,
                                      .run = limits.detection}));
        std::unique_ptr<RuleRun> made(new RuleRun(std::move(interpreter)));
        const Ended ended = add_rule_functions(*made->interpreter_, made->world_);
        if (ended.how != End::kDone) {
            return base::Error{"the rule engine cannot be set up: " + ended.message, "", ""};
        }
        return made;
    }

    Ended load(const std::string& file, base::ByteView source) {
        owner_ = interpreter_->add_owner();
        lua::Function chunk = 0;
        Ended ended = interpreter_->compile(owner_, file, source, chunk);
        if (ended.how == End::kDone) {
            lua_rawgeti(interpreter_->state(), LUA_REGISTRYINDEX, chunk);
            ended = interpreter_->run(owner_, 0, 0);
        }
        world_.loading = false;
        return ended;
    }
    // Once, of what was loaded and has a function that detects.
    RuleReply look_at(const Machine& machine, Scripts& scripts) {
        world_.at_hand.machine = &machine;
        world_.scripts = &scripts;
        lua_rawgeti(interpreter_->state(), LUA_REGISTRYINDEX, world_.detect);
        const Ended ended = interpreter_->run(owner_, 0, 0);
        RuleReply reply;
        reply.claim.application.id = world_.id;
        if (ended.how != End::kDone) {
            reply.end = end_of(ended.how);
            reply.message = base::printable(ended.message, kMaxMessageBytes - 20);
        } else if (!world_.claim.application.evidence.empty()) {
            reply.end = RuleReply::End::kFound;
            reply.claim = std::move(world_.claim);
            reply.claim.application.id = world_.id;
            reply.claim.application.name = world_.name;
        }
        return reply;
    }
    RuleWorld& world() { return world_; }
    size_t memory_bytes() const { return interpreter_->accounts().live(owner_); }

  private:
    static constexpr size_t kMemoryOfInterpreter = 4u * 1024 * 1024;
    explicit RuleRun(std::unique_ptr<lua::Interpreter> interpreter)
        : interpreter_(std::move(interpreter)) {}

    RuleWorld world_;  // outlives the interpreter
    std::unique_ptr<lua::Interpreter> interpreter_;
    lua::Owner owner_ = lua::kEngine;
};

}  // namespace

class Engine::State {
  public:
    // `timer`: as long as it lives, so does the timer that watches over all interpreters; after
    // lockdown there is no other to be had.
    State(const EngineLimits& limits, std::unique_ptr<lua::Interpreter> timer)
        : limits_(limits), timer_(std::move(timer)) {}

    LoadReply load(const LoadRules& request);
    DetectReply detect(const Machine& machine, const PowerShell& powershell);

  private:
    struct Rule {
        std::string file;
        base::Bytes source;
        std::string id = {};
        uint32_t stops = 0;  // in a row
    };

    std::optional<LoadReply> load_rule(Rule& rule);
    std::optional<LoadReply> try_rule(const Rule& rule, const Example& example);
    RuleReply look_at(const Rule& rule, const Machine& machine, Scripts& scripts, RuleCost& cost);

    EngineLimits limits_;
    std::unique_ptr<lua::Interpreter> timer_;
    std::vector<Rule> rules_;
    lua::Stopwatch stopwatch_;
};

LoadReply Engine::State::load(const LoadRules& request) {
    if (!rules_.empty()) {
        return refuse_rule(Code::kPayloadSetWrong, "", "this process has loaded rules before");
    }
    if (request.files.empty() || request.files.size() > kMaxRules) {
        return refuse_rule(
            Code::kPayloadSetWrong, "",
            fmt::format("{} rules; 1 to {} are expected", request.files.size(), kMaxRules));
    }
    for (const rules::RuleFile& file : request.files) {
        Rule& rule = rules_.emplace_back(
            Rule{file.name, base::Bytes(file.source.begin(), file.source.end())});
        if (std::optional<LoadReply> refused = load_rule(rule)) {
            return *std::move(refused);
        }
    }
    LoadReply reply;
    reply.loaded = static_cast<uint32_t>(rules_.size());
    return reply;
}

std::optional<LoadReply> Engine::State::load_rule(Rule& rule) {
    auto run = RuleRun::create(limits_);
    if (!run.ok()) {
        return refuse_rule(Code::kOutOfMemory, rule.file, run.error().message);
    }
    const Ended ended = (*run)->load(rule.file, rule.source);
    if (ended.how != End::kDone) {
        return refuse_rule(rule.file, ended);
    }
    RuleWorld& world = (*run)->world();
    if (world.id.empty() || !world.has_detect) {
        return refuse_rule(Code::kRulesDoNotCompile, rule.file,
                           world.id.empty() ? "it declares no application: application{id = …}"
                                            : "nothing detects: detect(function() … end)");
    }
    for (const Rule& other : rules_) {
        if (other.id == world.id) {
            return refuse_rule(Code::kRulesDoNotCompile, rule.file,
                               fmt::format("application `{}` stands in {} too", world.id,
                                           base::printable(other.file)));
        }
    }
    rule.id = world.id;
    std::vector<Example> examples = std::move(world.examples);
    examples.insert(examples.begin(),
                    {"a machine on which nothing stands", {}, {}, RuleReply::End::kNotFound});
    for (const Example& example : examples) {
        if (std::optional<LoadReply> refused = try_rule(rule, example)) {
            return refused;
        }
    }
    return std::nullopt;
}

std::optional<LoadReply> Engine::State::try_rule(const Rule& rule, const Example& example) {
    Scripts scripts(example.machine, example.powershell);
    RuleCost cost;
    const RuleReply reply = look_at(rule, example.machine, scripts, cost);
    if (reply.end == example.expected) {
        return std::nullopt;
    }
    return refuse_rule(
        Code::kRuleSelfTest, rule.file,
        fmt::format("example `{}`: {}, where {} is expected{}{}", example.title, to_text(reply.end),
                    to_text(example.expected), reply.message.empty() ? "" : ": ", reply.message));
}

RuleReply Engine::State::look_at(const Rule& rule, const Machine& machine, Scripts& scripts,
                                 RuleCost& cost) {
    const auto failed = [&rule](RuleReply::End end, const std::string& message) {
        RuleReply reply;
        reply.end = end;
        reply.claim.application.id = rule.id;
        reply.message = base::printable(message, kMaxMessageBytes - 20);
        return reply;
    };
    if (rule.stops == kMaxStops) {
        return failed(RuleReply::End::kDisabled,
                      fmt::format("stopped {} times in a row", kMaxStops));
    }
    auto run = RuleRun::create(limits_);
    if (!run.ok()) {
        return failed(RuleReply::End::kMemory, run.error().message);
    }
    const Ended ended = (*run)->load(rule.file, rule.source);
    RuleReply reply = ended.how == End::kDone ? (*run)->look_at(machine, scripts)
                                              : failed(end_of(ended.how), ended.message);
    cost.memory_bytes = (*run)->memory_bytes();
    return reply;
}

DetectReply Engine::State::detect(const Machine& machine, const PowerShell& powershell) {
    DetectReply reply;
    Scripts scripts(machine, powershell);
    for (Rule& rule : rules_) {
        RuleCost& cost = reply.costs.emplace_back();
        const lua::Stopwatch::Count begin = lua::Stopwatch::now();
        const RuleReply& now = reply.rules.emplace_back(look_at(rule, machine, scripts, cost));
        cost.nanoseconds = stopwatch_.nanoseconds(lua::Stopwatch::now() - begin);
        if (now.end == RuleReply::End::kDeadline || now.end == RuleReply::End::kMemory) {
            ++rule.stops;
        } else if (now.end != RuleReply::End::kDisabled) {
            rule.stops = 0;
        }
    }
    reply.scripts = scripts.count();
    reply.scripts_failed = scripts.failed();
    reply.waited_s = scripts.waited_s();
    return reply;
}

base::Result<std::unique_ptr<Engine>> Engine::create(const EngineLimits& limits) {
    FB_TRY(auto timer, lua::Interpreter::create({.run = limits.detection}));
    base::sha384({});  // of which machines are full: at its first use, OpenSSL reads files
    return std::unique_ptr<Engine>(new Engine(std::make_unique<State>(limits, std::move(timer))));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

LoadReply Engine::load(const LoadRules& request) {
    return state_->load(request);
}

DetectReply Engine::detect(const Machine& machine, const PowerShell& powershell) {
    return state_->detect(machine, powershell);
}

base::Bytes Engine::answer(base::ByteView bytes) {
    const base::Result<Request> request = parse_request(bytes);
    if (!request.ok()) {
        return {};
    }
    if (const auto* rules = std::get_if<LoadRules>(&*request)) {
        return encode(load(*rules));
    }
    const auto& look = std::get<Detect>(*request);
    const base::Result<Machine> machine = host::parse_machine(look.machine);
    return machine.ok() ? encode(detect(*machine, look.powershell)) : base::Bytes();
}

}  // namespace firebreak::endpoint::applications
