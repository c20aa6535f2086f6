#include "fleet/fleet.h"

#include <algorithm>
#include <cmath>

namespace firebreak::fleet {

namespace {

constexpr int32_t kUnknown = -1;
constexpr double kSecondsPerHour = 3600;

}  // namespace

uint32_t Context::variants() const {
    uint32_t product = 1;
    for (const FaultDraw& fault : faults) {
        product *= fault.variants + 1;
    }
    return product;
}

Fleet::Fleet(uint64_t seed, Population population, base::SimTime end, Transitions& transitions)
    : population_(std::move(population)),
      end_(end),
      transitions_(transitions),
      marks_(population_.size()),
      census_(population_.groups()),
      fault_share_(seed, base::Stream::kFaultShare),
      fault_variant_(seed, base::Stream::kFaultVariant),
      trigger_(seed, base::Stream::kTrigger) {
    for (Row row = 0; row < population_.size(); ++row) {
        count(population_.group_of(row), population_.set(row), +1);
    }
}

base::Status Fleet::begin() {
    slice_end_ = {0};  // whatever is drawn now lies ahead
    for (size_t group = 0; group < population_.groups(); ++group) {
        for (Row row = population_.begin(group); row < population_.end(group); ++row) {
            FB_CHECK(draw_trigger(group, row, {0}));
        }
    }
    return {};
}

size_t Fleet::pending_events() const {
    size_t total = 0;
    for (const auto& [slice, events] : pending_) {
        total += events.size();
    }
    return total;
}

base::Result<std::span<const RowEvent>> Fleet::advance(base::SimTime from,
                                                       std::span<const Context> contexts) {
    events_.clear();
    slice_end_ = {from.seconds + kSlice_s};
    std::vector<Pending> now;
    while (!pending_.empty() && pending_.begin()->first <= from.seconds / kSlice_s) {
        const auto first = pending_.begin();
        now.insert(now.end(), first->second.begin(), first->second.end());
        pending_.erase(first);
    }
    std::sort(now.begin(), now.end(), [](const Pending& a, const Pending& b) {
        return a.row != b.row ? a.row < b.row : a.at < b.at;
    });
    size_t at = 0;
    for (size_t group = 0; group < population_.groups(); ++group) {
        const size_t first = at;
        while (at < now.size() && now[at].row < population_.end(group)) {
            ++at;
        }
        FB_CHECK(
            advance_group(group, from, contexts[group], std::span(now).subspan(first, at - first)));
    }
    return std::span<const RowEvent>(events_);
}

base::Status Fleet::advance_group(size_t group, base::SimTime from, const Context& context,
                                  std::span<const Pending> pending) {
    ContextCache& cache = caches_[context.id];
    cache.idle.resize(std::max(cache.idle.size(), census_[group].size()));
    due_.clear();
    polls_ += population_.due_polls(group, from, slice_end_, cache.idle, due_);
    FB_CHECK(learn_steps(context, cache));
    size_t next = 0;
    for (const Due& due : due_) {
        for (; next < pending.size() &&
               (pending[next].row < due.row ||
                (pending[next].row == due.row && pending[next].at <= due.at));
             ++next) {
            FB_CHECK(meet(group, pending[next]));
        }
        FB_CHECK(poll(group, context, cache, due));
    }
    for (; next < pending.size(); ++next) {
        FB_CHECK(meet(group, pending[next]));
    }
    return {};
}

// Asks for all steps at once that this slice's polls need and nobody has asked for before.
base::Status Fleet::learn_steps(const Context& context, ContextCache& cache) {
    const uint32_t variants = context.variants();
    std::vector<Transitions::Poll> unknown;
    for (const Due& due : due_) {
        const SetId set = population_.set(due.row);
        const uint32_t variant = variant_of(context, due.row);
        const size_t place = static_cast<size_t>(set.value) * variants + variant;
        if (place >= cache.steps.size()) {
            cache.steps.resize(static_cast<size_t>(set.value + 1) * variants, kUnknown);
        }
        if (cache.steps[place] == kUnknown) {
            cache.steps[place] = static_cast<int32_t>(steps_.size() + unknown.size());
            unknown.push_back({context.id, set, variant});
        }
    }
    if (unknown.empty()) {
        return {};
    }
    FB_TRY(std::vector<Step> learned, transitions_.steps(unknown));
    steps_.insert(steps_.end(), learned.begin(), learned.end());
    for (const Transitions::Poll& poll : unknown) {
        const auto first = cache.steps.begin() + static_cast<ptrdiff_t>(poll.set.value) * variants;
        const bool idle = std::all_of(first, first + variants, [&](int32_t step) {
            return step != kUnknown &&
                   steps_[static_cast<size_t>(step)].category == base::Category::kNothingNew &&
                   steps_[static_cast<size_t>(step)].after == poll.set;
        });
        if (idle && poll.set.value < cache.idle.size()) {
            cache.idle[poll.set.value] = 1;
        }
    }
    return {};
}

base::Result<Step> Fleet::step_of(const Context& context, ContextCache& cache, Row row) {
    const uint32_t variants = context.variants();
    const SetId set = population_.set(row);
    const uint32_t variant = variant_of(context, row);
    const size_t place = static_cast<size_t>(set.value) * variants + variant;
    if (place >= cache.steps.size()) {
        cache.steps.resize(static_cast<size_t>(set.value + 1) * variants, kUnknown);
    }
    if (cache.steps[place] == kUnknown) {  // its set has changed since learn_steps()
        const Transitions::Poll poll{context.id, set, variant};
        FB_TRY(std::vector<Step> learned, transitions_.steps({&poll, 1}));
        cache.steps[place] = static_cast<int32_t>(steps_.size());
        steps_.push_back(learned.front());
    }
    return steps_[static_cast<size_t>(cache.steps[place])];
}

uint32_t Fleet::variant_of(const Context& context, Row row) const {
    uint32_t variant = 0;
    for (const FaultDraw& fault : context.faults) {
        uint32_t digit = 0;
        if (fault.share >= 1 || fault_share_.unit(row, fault.key) < fault.share) {
            digit = 1 + static_cast<uint32_t>(fault_variant_.below(fault.variants, row, fault.key));
        }
        variant = variant * (fault.variants + 1) + digit;
    }
    return variant;
}

base::Status Fleet::poll(size_t group, const Context& context, ContextCache& cache,
                         const Due& due) {
    FB_TRY(const Step step, step_of(context, cache, due.row));
    if (step.category != base::Category::kNothingNew) {
        const bool exposes =
            step.delivered && !(step.release < harmless_.size() && harmless_[step.release]);
        emit({due.at, due.row, step.category, step.code, step.release, step.alerts, step.delivered,
              step.refused, false, 0},
             static_cast<uint8_t>((exposes ? kExposed : 0) | (step.refused ? kRefused : 0)));
    }
    return change_set(group, due.row, step.after, due.at);
}

base::Status Fleet::meet(size_t group, const Pending& pending) {
    const SetId set = population_.set(pending.row);
    if (running(set) != pending.content) {
        return {};  // something else runs by now
    }
    FB_TRY(const auto* triggers, triggers_of(set, population_.persona(pending.row)));
    if (pending.trigger >= triggers->size()) {
        return base::Error{"the same content met other triggers than before", "", ""};
    }
    const TriggerStep& step = (*triggers)[pending.trigger];
    emit(
        {pending.at, pending.row, step.category, step.code, step.release, 0, false, false, true, 0},
        kAffected);
    return change_set(group, pending.row, step.after, pending.at);
}

base::Status Fleet::change_set(size_t group, Row row, SetId after, base::SimTime at) {
    const SetId before = population_.set(row);
    if (before == after) {
        return {};
    }
    population_.assign(row, after);
    count(group, before, -1);
    count(group, after, +1);
    if (running(before) == running(after)) {
        return {};
    }
    return draw_trigger(group, row, at);
}

// The first trigger of what now runs, if there is any: the earliest of one exponential waiting time
// for each. A machine that is off meets nothing until it is on again.
base::Status Fleet::draw_trigger(size_t group, Row row, base::SimTime at) {
    const SetId set = population_.set(row);
    FB_TRY(const auto* triggers, triggers_of(set, population_.persona(row)));
    if (triggers->empty()) {
        return {};
    }
    double soonest_h = 0;
    uint32_t which = 0;
    for (uint32_t i = 0; i < triggers->size(); ++i) {
        const auto draw = static_cast<uint64_t>(at.seconds) << 10 | i;
        const double wait_h = trigger_.waiting_time((*triggers)[i].per_hour, row, draw);
        if (i == 0 || wait_h < soonest_h) {
            soonest_h = wait_h;
            which = i;
        }
    }
    const auto left = static_cast<double>((end_ - at).seconds);
    if (soonest_h * kSecondsPerHour >= left) {
        return {};
    }
    const auto wait_s = static_cast<int64_t>(std::ceil(soonest_h * kSecondsPerHour));
    const base::SimTime when = population_.next_online(row, {at.seconds + wait_s}, end_);
    if (when >= end_) {
        return {};
    }
    const Pending pending{when, row, running(set), which};
    if (when < slice_end_) {
        return meet(group, pending);
    }
    pending_[when.seconds / kSlice_s].push_back(pending);
    return {};
}

base::Result<const std::vector<TriggerStep>*> Fleet::triggers_of(SetId set, uint8_t persona) {
    const size_t place = static_cast<size_t>(set.value) * population_.personas() + persona;
    if (place >= workload_index_.size()) {
        workload_index_.resize((static_cast<size_t>(set.value) + 1) * population_.personas(),
                               kUnknown);
    }
    if (workload_index_[place] == kUnknown) {
        const Transitions::Workload workload{set, persona};
        FB_TRY(auto learned, transitions_.triggers({&workload, 1}));
        workload_index_[place] = static_cast<int32_t>(workloads_.size());
        workloads_.push_back(std::move(learned.front()));
    }
    return &workloads_[static_cast<size_t>(workload_index_[place])];
}

ContentId Fleet::running(SetId set) {
    if (set.value >= running_.size()) {
        running_.resize(set.value + 1);
    }
    if (!running_[set.value].valid()) {
        running_[set.value] = transitions_.running(set);
    }
    return running_[set.value];
}

void Fleet::count(size_t group, SetId set, int32_t change) {
    if (set.value >= census_[group].size()) {
        census_[group].resize(set.value + 1);
    }
    census_[group][set.value] += static_cast<uint32_t>(change);
}

void Fleet::emit(RowEvent event, uint8_t marks) {
    event.first = static_cast<uint8_t>(marks & ~marks_[event.row]);
    marks_[event.row] |= marks;
    events_.push_back(event);
}

}  // namespace firebreak::fleet
