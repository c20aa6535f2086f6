#include "endpoint/behavior/rule_process.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace firebreak::endpoint::behavior {
namespace {

using base::Category;
using base::Code;
using base::Outcome;
using base::Stage;

// Loaded: nothing.
base::Result<std::optional<Outcome>> load(ports::ComponentProcess& process, RuleFeed feed,
                                          const RuleProcess::Files& files, bool tried) {
    return files.empty() ? std::optional<Outcome>()
                         : rules::load(process, encode(LoadRules{feed, files, tried}));
}

void append(EventReply& all, EventReply more) {
    const auto move_to = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()),
                  std::make_move_iterator(from.end()));
    };
    move_to(all.detections, more.detections);
    move_to(all.scans, more.scans);
    move_to(all.notes, more.notes);
    all.left_out += more.left_out;
    all.handled += more.handled;
}

// At most kEventsOfRequest events from there, in a log of their own.
host::EventLog part_of(const host::EventLog& log, size_t from) {
    host::EventLogBuilder builder;
    const auto events = log.events().subspan(from);
    for (const host::Event& event : events.first(std::min(events.size(), kEventsOfRequest))) {
        builder.add(event);
    }
    return std::move(builder).build();
}

// Those of processes that start in this log: of one that has ended before, the engine would know
// again.
std::vector<HandleEvents::Reputation> reputations_in(
    const host::EventLog& log, const std::vector<HandleEvents::Reputation>& all) {
    std::set<uint32_t> started;
    for (const host::Event& event : log.events()) {
        if (event.kind == host::EventKind::kProcessStart) {
            started.insert(event.process);
        }
    }
    std::vector<HandleEvents::Reputation> some;
    std::ranges::copy_if(all, std::back_inserter(some),
                         [&started](const auto& one) { return started.contains(one.process); });
    return some;
}

}  // namespace

base::Result<RuleProcess::Loaded> RuleProcess::start(ports::ComponentProcesses& processes,
                                                     const Files& product, const Files& behavior,
                                                     bool tried) {
    FB_TRY(auto process, processes.start(false));
    for (const auto& [feed, files] :
         {std::pair{RuleFeed::kProductRules, &product}, {RuleFeed::kBehavior, &behavior}}) {
        FB_TRY(std::optional<Outcome> failed, load(*process, feed, *files, tried));
        if (failed) {
            return Loaded{nullptr, std::move(*failed), feed};
        }
    }
    Outcome installed{Stage::kNever, Category::kInstalled, Code::kNone, {}};
    return Loaded{std::unique_ptr<RuleProcess>(new RuleProcess(std::move(process))),
                  std::move(installed), RuleFeed::kBehavior};
}

base::Result<RuleProcess::Answer> RuleProcess::ask(const base::Gathered& request) {
    FB_TRY(ports::CallResult result, process_->call(request));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kRun;
        return Answer(std::move(*death));
    }
    auto reply = parse_event_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return Answer(rules::reply_invalid(Stage::kRun, reply.error()));
    }
    return Answer(*std::move(reply));
}

base::Result<RuleProcess::Answer> RuleProcess::handle(
    const host::EventLog& log, bool last,
    const std::vector<HandleEvents::Reputation>& reputations) {
    EventReply all;
    size_t from = 0;
    do {
        const host::EventLog part = part_of(log, from);
        from += kEventsOfRequest;
        HandleEvents request;
        const base::Bytes bytes = part.encode();
        request.log = bytes;
        request.last = last && from >= log.events().size();
        request.reputations = reputations_in(part, reputations);
        FB_TRY(Answer answer, ask(encode(request)));
        auto* reply = std::get_if<EventReply>(&answer);
        if (reply == nullptr) {
            return answer;
        }
        append(all, std::move(*reply));
    } while (from < log.events().size());
    return Answer(std::move(all));
}

base::Result<RuleProcess::Answer> RuleProcess::tell(const TellScan& answer) {
    return ask(encode(answer));
}

base::Result<std::variant<CostReply, Outcome>> RuleProcess::costs() {
    using Told = std::variant<CostReply, Outcome>;
    FB_TRY(ports::CallResult result, process_->call(encode(TellCosts{})));
    if (auto* death = std::get_if<Outcome>(&result)) {
        death->stage = Stage::kRun;
        return Told(std::move(*death));
    }
    auto reply = parse_cost_reply(std::get<base::Bytes>(result));
    if (!reply.ok()) {
        return Told(rules::reply_invalid(Stage::kRun, reply.error()));
    }
    return Told(*std::move(reply));
}

}  // namespace firebreak::endpoint::behavior
