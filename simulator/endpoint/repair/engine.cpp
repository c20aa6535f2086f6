#include "endpoint/repair/engine.h"

#include <algorithm>
#include <lua.hpp>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "endpoint/repair/rule_api.h"
#include "host/windows_path.h"

namespace firebreak::endpoint::repair {
namespace {

using base::Code;
using lua::End;
using lua::Ended;
using rules::LoadReply;

constexpr size_t kMemoryOfEngine = 4u * 1024 * 1024;  // beside that of the rule

LoadReply refused(Code code, std::string file, std::string message) {
    message.resize(std::min(message.size(), rules::kMaxMessageBytes));
    return {code, 0, std::move(file), 0, std::move(message)};
}

LoadReply refused(const std::string& file, const Ended& ended) {
    const bool is_memory = ended.how == End::kMemory;
    LoadReply reply =
        refused(is_memory ? Code::kOutOfMemory : Code::kRulesDoNotCompile, file, ended.message);
    reply.line = lua::line_of(ended.message, base::printable(file));
    return reply;
}

RuleReport::End end_of(End how) {
    switch (how) {
        case End::kDone:
            return RuleReport::End::kDone;
        case End::kError:
            break;
        case End::kDeadline:
            return RuleReport::End::kDeadline;
        case End::kMemory:
            return RuleReport::End::kMemory;
    }
    return RuleReport::End::kError;
}

// A rule in an interpreter of its own.
class LoneRule {
  public:
    static base::Result<std::unique_ptr<LoneRule>> create(const EngineLimits& limits) {
        FB_TRY(auto interpreter,
               lua::Interpreter::create({.memory_of_one = limits.memory_of_rule,
                                         .memory_of_all = limits.memory_of_rule + kMemoryOfEngine,
                                         .run = limits.rule}));
        std::unique_ptr<LoneRule> made(new LoneRule(std::move(interpreter)));
        const Ended ended = add_rule_functions(*made->interpreter_, made->world_);
        if (ended.how != End::kDone) {
            return base::Error{"the repair engine cannot be set up: " + ended.message, "", ""};
        }
        made->owner_ = made->interpreter_->add_owner();
        return made;
    }

    // Once, first.
    Ended load(const std::string& name, base::ByteView source) {
        lua::Function chunk = 0;
        Ended ended = interpreter_->compile(owner_, name, source, chunk);
        if (ended.how == End::kDone) {
            ended = run(chunk);
        }
        if (ended.how == End::kDone && !world_.has_mend) {
            ended = {End::kError, world_.declared ? "it mends nothing: mend(function() … end)"
                                                  : "it declares no rule: repair{id = …}"};
        }
        world_.loading = false;
        return ended;
    }
    const std::string& id() const { return world_.id; }

    RuleReport mend(Workpiece& work, const Package& package) {
        const Workpiece before = work;
        world_.work = &work;
        world_.package = &package;
        world_.at_hand.machine = &work.machine;
        const Ended ended = run(world_.mend);
        RuleReport report{end_of(ended.how), world_.id, "", {}};
        if (ended.how == End::kDone) {
            report.journal = std::move(world_.journal);
        } else {
            work = before;
            report.message = ended.message.empty() ? "it failed" : ended.message;
        }
        return report;
    }

  private:
    explicit LoneRule(std::unique_ptr<lua::Interpreter> interpreter)
        : interpreter_(std::move(interpreter)) {}

    Ended run(lua::Function function) {
        lua_rawgeti(interpreter_->state(), LUA_REGISTRYINDEX, function);
        return interpreter_->run(owner_, 0, 0);
    }

    RuleWorld world_;  // outlives the interpreter
    std::unique_ptr<lua::Interpreter> interpreter_;
    lua::Owner owner_ = lua::kEngine;
};

Package by_folded_path(const std::vector<PackageFile>& files) {
    Package package;
    for (const PackageFile& file : files) {
        package.try_emplace(host::case_folded(file.path), file);
    }
    return package;
}

}  // namespace

class Engine::State {
  public:
    static base::Result<std::unique_ptr<State>> create(const EngineLimits& limits) {
        FB_TRY(std::unique_ptr<LoneRule> first, LoneRule::create(limits));
        return std::unique_ptr<State>(new State(limits, std::move(first)));
    }

    LoadReply load(const LoadRules& request);
    MendReply mend(const host::Machine& machine, const std::vector<PackageFile>& files);

  private:
    struct Rule {
        std::string file;
        base::Bytes source;
        std::string id;
    };

    State(const EngineLimits& limits, std::unique_ptr<LoneRule> first)
        : limits_(limits), first_(std::move(first)) {}

    std::optional<LoadReply> load_file(const rules::RuleFile& file);
    RuleReport mend(const Rule& rule, Workpiece& work, const Package& package);

    EngineLimits limits_;
    std::unique_ptr<LoneRule> first_;  // of no rule: it has the timer that all share
    bool asked_ = false;
    std::vector<Rule> rules_;
};

LoadReply Engine::State::load(const LoadRules& request) {
    if (std::exchange(asked_, true)) {
        return refused(Code::kPayloadSetWrong, "", "this process has loaded rules before");
    }
    if (request.files.empty() || request.files.size() > kMaxRules) {
        return refused(Code::kPayloadSetWrong, "", "a kit has 1 to 64 rules");
    }
    for (const rules::RuleFile& file : request.files) {
        if (std::optional<LoadReply> refusal = load_file(file)) {
            rules_.clear();
            return *std::move(refusal);
        }
    }
    LoadReply reply;
    reply.loaded = static_cast<uint32_t>(rules_.size());
    return reply;
}

std::optional<LoadReply> Engine::State::load_file(const rules::RuleFile& file) {
    const std::string name = base::printable(file.name, rules::kMaxNameBytes / 2);
    auto made = LoneRule::create(limits_);
    if (!made.ok()) {
        return refused(Code::kOutOfMemory, name, made.error().message);
    }
    LoneRule& rule = **made;
    if (const Ended ended = rule.load(name, file.source); ended.how != End::kDone) {
        return refused(name, ended);
    }
    const auto other = std::ranges::find(rules_, rule.id(), &Rule::id);
    if (other != rules_.end()) {
        return refused(Code::kRulesDoNotCompile, name,
                       "rule `" + rule.id() + "` stands in " + other->file + " too");
    }
    Workpiece nothing;
    const RuleReport report = rule.mend(nothing, {});
    if (report.end != RuleReport::End::kDone) {
        return refused(Code::kRuleSelfTest, name, "on an empty machine: " + report.message);
    }
    if (nothing.machine != host::Machine()) {
        return refused(Code::kRuleSelfTest, name, "it changes an empty machine");
    }
    rules_.push_back({name, base::Bytes(file.source.begin(), file.source.end()), rule.id()});
    return std::nullopt;
}

RuleReport Engine::State::mend(const Rule& rule, Workpiece& work, const Package& package) {
    auto made = LoneRule::create(limits_);
    if (!made.ok()) {
        return {RuleReport::End::kMemory, rule.id, made.error().message, {}};
    }
    const Ended ended = (*made)->load(rule.file, rule.source);
    if (ended.how != End::kDone) {
        return {end_of(ended.how), rule.id, ended.message, {}};
    }
    return (*made)->mend(work, package);
}

MendReply Engine::State::mend(const host::Machine& machine, const std::vector<PackageFile>& files) {
    const Package package = by_folded_path(files);
    Workpiece work{machine, {}};
    MendReply reply;
    for (const Rule& rule : rules_) {
        reply.rules.push_back(mend(rule, work, package));
    }
    return reply;
}

base::Result<std::unique_ptr<Engine>> Engine::create(const EngineLimits& limits) {
    base::sha384({});  // of which machines are full: at its first use, OpenSSL reads files
    FB_TRY(std::unique_ptr<State> state, State::create(limits));
    return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

LoadReply Engine::load(const LoadRules& request) {
    return state_->load(request);
}

MendReply Engine::mend(const host::Machine& machine, const std::vector<PackageFile>& package) {
    return state_->mend(machine, package);
}

base::Bytes Engine::answer(base::ByteView bytes) {
    const base::Result<Request> request = parse_request(bytes);
    if (!request.ok()) {
        return {};
    }
    if (const auto* kit = std::get_if<LoadRules>(&*request)) {
        return rules::encode(load(*kit));
    }
    const Mend& work = std::get<Mend>(*request);
    const auto machine = host::parse_machine(work.machine);
    return machine.ok() ? encode(mend(*machine, work.package)) : base::Bytes();
}

}  // namespace firebreak::endpoint::repair
