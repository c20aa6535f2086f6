#include "fleet/fleet.h"

#include <algorithm>
#include <cmath>

namespace firebreak::fleet {

namespace {

constexpr int32_t kUnknown = -1;
constexpr double kSecondsPerHour = 3600;

bool is_cut_off(base::HarmMask harms) {
    return std::any_of(base::harms().begin(), base::harms().end(),
                       [harms](const base::HarmInfo& one) {
                           return one.cut_off && (harms & base::bit(one.harm)) != 0;
                       });
}

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
      draws_(population_.size()),
      census_(population_.segments() * population_.personas()),
      fault_share_(seed, base::Stream::kFaultShare),
      fault_variant_(seed, base::Stream::kFaultVariant),
      trigger_(seed, base::Stream::kTrigger) {
    for (size_t segment = 0; segment < population_.segments(); ++segment) {
        for (Row row = population_.begin(segment); row < population_.end(segment); ++row) {
            count(segment, row, population_.set(row), +1);
        }
    }
}

base::Status Fleet::redraw(base::SimTime now) {
    slice_end_ = now;  // whatever is drawn now lies ahead
    std::vector<HazardId> before;
    for (uint32_t set = 0; set < sets_.size(); ++set) {
        before.push_back(sets_[set].hazard);
        if (sets_[set].known) {
            FB_TRY(sets_[set].hazard, transitions_.hazard({set}));
        }
    }
    const size_t personas = population_.personas();
    for (uint32_t set = 0; set < before.size(); ++set) {
        if (sets_[set].hazard != before[set] && workload_index_.size() >= (set + 1) * personas) {
            std::fill_n(workload_index_.begin() + static_cast<ptrdiff_t>(set * personas), personas,
                        kUnknown);
        }
    }
    for (size_t segment = 0; segment < population_.segments(); ++segment) {
        for (Row row = population_.begin(segment); row < population_.end(segment); ++row) {
            const SetId set = population_.set(row);
            FB_CHECK(learn(set));
            if (set.value >= before.size() || sets_[set.value].hazard != before[set.value]) {
                FB_CHECK(draw_trigger(row, now));
            }
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

void Fleet::schedule_recovery(Row row, base::SimTime at, base::HarmMask harms, base::Code how) {
    const base::SimTime when = std::max(at, slice_end_);
    if (when < end_) {
        pending_[when.seconds / kSlice_s].push_back({when, row, 0, 0, harms, how});
    }
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
    std::stable_sort(now.begin(), now.end(), [](const Pending& a, const Pending& b) {
        return a.row != b.row ? a.row < b.row : a.at < b.at;
    });
    size_t at = 0;
    for (size_t segment = 0; segment < population_.segments(); ++segment) {
        const size_t first = at;
        while (at < now.size() && now[at].row < population_.end(segment)) {
            ++at;
        }
        FB_CHECK(advance_segment(segment, from, contexts[segment],
                                 std::span(now).subspan(first, at - first)));
    }
    return std::span<const RowEvent>(events_);
}

base::Status Fleet::advance_segment(size_t segment, base::SimTime from, const Context& context,
                                    std::span<const Pending> pending) {
    ContextCache& cache = caches_[context.id];
    const size_t known = cache.idle.size();
    cache.idle.resize(std::max(known, sets_.size()));
    for (size_t set = known; set < cache.idle.size(); ++set) {
        cache.idle[set] = sets_[set].cut_off ? 1 : 0;
    }
    due_.clear();
    polls_ += population_.due_polls(segment, from, slice_end_, cache.idle, due_);
    FB_CHECK(learn_steps(context, cache));
    const uint32_t variants = context.variants();
    auto due = due_.begin();
    auto next = pending.begin();
    while (due != due_.end() || next != pending.end()) {
        const bool polls = next == pending.end() || (due != due_.end() && due->row <= next->row);
        if (polls && (next == pending.end() || next->row != due->row) &&
            poll_quickly(segment, variants, context, cache, *due)) {
            ++due;
            continue;
        }
        const Row row = polls ? due->row : next->row;
        agenda_.clear();
        for (; next != pending.end() && next->row == row; ++next) {
            agenda_.push_back(*next);
        }
        FB_CHECK(advance_row(segment, context, cache, polls ? &*due : nullptr));
        due += polls ? 1 : 0;
    }
    return {};
}

// What is due for one row in this slice, in order of time. No row polls twice in a slice.
base::Status Fleet::advance_row(size_t segment, const Context& context, ContextCache& cache,
                                const Due* due) {
    while (due != nullptr || !agenda_.empty()) {
        const auto first =
            std::min_element(agenda_.begin(), agenda_.end(),
                             [](const Pending& a, const Pending& b) { return a.at < b.at; });
        if (first != agenda_.end() && (due == nullptr || first->at <= due->at)) {
            const Pending pending = *first;
            agenda_.erase(first);
            FB_CHECK(meet(segment, pending));
        } else {
            FB_CHECK(poll(segment, context, cache, *std::exchange(due, nullptr)));
        }
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

base::Result<const Step*> Fleet::step_of(const Context& context, ContextCache& cache, Row row) {
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
    return &steps_[static_cast<size_t>(cache.steps[place])];
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

base::Status Fleet::poll(size_t segment, const Context& context, ContextCache& cache,
                         const Due& due) {
    const SetId set = population_.set(due.row);
    FB_CHECK(learn(set));
    if (sets_[set.value].cut_off) {  // since this slice's sweep
        return {};
    }
    FB_TRY(const Step* step, step_of(context, cache, due.row));
    if (step->category == base::Category::kNothingNew && step->after == set) {
        return {};
    }
    return change_set(segment, event_of(due, *step), step->after, marks_of(*step));
}

RowEvent Fleet::event_of(const Due& due, const Step& step) const {
    return {due.at,
            due.row,
            step.category,
            step.code,
            step.release,
            step.alerts,
            step.delivered,
            step.refused,
            step.harm,
            0,
            0};
}

Marks Fleet::marks_of(const Step& step) const {
    const bool exposes =
        step.delivered && !(step.release < harmless_.size() && harmless_[step.release]);
    return (exposes ? kExposed : 0) | (step.refused ? kRefused : 0) |
           (step.harm != base::Harm::kNone ? kExposed | kAffected : 0);
}

bool Fleet::poll_quickly(size_t segment, uint32_t variants, const Context& context,
                         const ContextCache& cache, const Due& due) {
    const SetId set = population_.set(due.row);
    const uint32_t variant = variants == 1 ? 0 : variant_of(context, due.row);
    const size_t place = static_cast<size_t>(set.value) * variants + variant;
    if (place >= cache.steps.size() || cache.steps[place] == kUnknown || sets_[set.value].cut_off) {
        return false;
    }
    const Step& step = steps_[static_cast<size_t>(cache.steps[place])];
    if (step.after == set) {
        if (step.category != base::Category::kNothingNew) {
            emit(event_of(due, step), marks_of(step));
        }
        return true;
    }
    if (step.after.value >= sets_.size() || !sets_[step.after.value].known) {
        return false;
    }
    if (sets_[set.value].hazard != sets_[step.after.value].hazard) {
        const size_t workload = static_cast<size_t>(step.after.value) * population_.personas() +
                                population_.persona(due.row);
        if (workload >= workload_index_.size() || workload_index_[workload] == kUnknown ||
            !workloads_[static_cast<size_t>(workload_index_[workload])].empty()) {
            return false;
        }
        ++draws_[due.row];
    }
    move(segment, event_of(due, step), step.after, marks_of(step));
    return true;
}

base::Status Fleet::meet(size_t segment, const Pending& pending) {
    if (pending.cures != 0) {
        return recover(segment, pending);
    }
    if (draws_[pending.row] != pending.draw) {
        return {};  // something else runs by now
    }
    const SetId set = population_.set(pending.row);
    FB_TRY(const auto* triggers, triggers_of(set, population_.persona(pending.row)));
    if (pending.trigger >= triggers->size()) {
        return base::Error{"the same hazard met other triggers than before", "", ""};
    }
    const TriggerStep& step = (*triggers)[pending.trigger];
    const bool infection = step.category == base::Category::kInfected;
    return change_set(segment,
                      {pending.at, pending.row, step.category, step.code, step.release, 0, false,
                       false, step.harm, 0, 0},
                      step.after, infection ? kInfected : kExposed | kAffected);
}

base::Status Fleet::recover(size_t segment, const Pending& pending) {
    const SetId set = population_.set(pending.row);
    const auto suffers = static_cast<base::HarmMask>(transitions_.harms(set) & pending.cures);
    if (suffers == 0) {
        return {};  // over already
    }
    return change_set(segment,
                      {pending.at, pending.row, base::Category::kRecovered, pending.how,
                       base::Id<void>::kNone, 0, false, false, base::Harm::kNone, 0, 0},
                      transitions_.cured(set, suffers, pending.how), 0);
}

// Tells the event, with what it ended, and moves the row to its new set.
base::Status Fleet::change_set(size_t segment, RowEvent event, SetId after, Marks marks) {
    const Row row = event.row;
    const SetId before = population_.set(row);
    if (before == after) {
        emit(event, marks);
        return {};
    }
    FB_CHECK(learn(before));
    FB_CHECK(learn(after));
    move(segment, event, after, marks);
    return sets_[before.value].hazard == sets_[after.value].hazard ? base::Status{}
                                                                   : draw_trigger(row, event.at);
}

void Fleet::move(size_t segment, RowEvent event, SetId after, Marks marks) {
    const SetId before = population_.set(event.row);
    event.ended =
        static_cast<base::HarmMask>(sets_[before.value].harms & ~sets_[after.value].harms);
    if (event.category != base::Category::kNothingNew || event.ended != 0) {
        emit(event, marks);
    }
    population_.assign(event.row, after);
    count(segment, event.row, before, -1);
    count(segment, event.row, after, +1);
}

// The first trigger of what now runs, if there is any: the earliest of one exponential waiting time
// for each, counted in time online: a machine that is off meets nothing.
base::Status Fleet::draw_trigger(Row row, base::SimTime at) {
    ++draws_[row];
    const SetId set = population_.set(row);
    FB_TRY(const auto* triggers, triggers_of(set, population_.persona(row)));
    if (triggers->empty()) {
        return {};
    }
    double soonest_h = 0;
    uint32_t which = 0;
    for (uint32_t i = 0; i < triggers->size(); ++i) {
        const TriggerStep& trigger = (*triggers)[i];
        const auto draw = static_cast<uint64_t>(at.seconds) << 10 | i;
        const double wait_h =
            trigger.at_once ? 0 : trigger_.waiting_time(trigger.per_hour, row, draw);
        if (i == 0 || wait_h < soonest_h) {
            soonest_h = wait_h;
            which = i;
        }
    }
    Pending pending{at, row, which, draws_[row], 0, base::Code::kNone};
    if (!(*triggers)[which].at_once) {
        if (soonest_h * kSecondsPerHour >= static_cast<double>((end_ - at).seconds)) {
            return {};
        }
        const auto wait_s = static_cast<int64_t>(std::ceil(soonest_h * kSecondsPerHour));
        pending.at = population_.after_online(row, at, wait_s, end_);
        if (pending.at >= end_) {
            return {};
        }
    }
    if (pending.at < slice_end_) {
        agenda_.push_back(pending);
    } else {
        pending_[pending.at.seconds / kSlice_s].push_back(pending);
    }
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

base::Status Fleet::learn(SetId set) {
    if (set.value < sets_.size() && sets_[set.value].known) {
        return {};
    }
    if (set.value >= sets_.size()) {
        sets_.resize(set.value + 1);
    }
    SetInfo& info = sets_[set.value];
    FB_TRY(info.hazard, transitions_.hazard(set));
    info.harms = transitions_.harms(set);
    info.cut_off = is_cut_off(info.harms);
    info.known = true;
    return {};
}

void Fleet::count(size_t segment, Row row, SetId set, int32_t change) {
    auto& census = census_[segment * population_.personas() + population_.persona(row)];
    if (set.value >= census.size()) {
        census.resize(set.value + 1);
    }
    census[set.value] += static_cast<uint32_t>(change);
}

void Fleet::emit(RowEvent event, Marks marks) {
    marks |= mark_of(event.harm);
    event.first = marks & ~marks_[event.row];
    marks_[event.row] |= marks;
    events_.push_back(event);
}

}  // namespace firebreak::fleet
