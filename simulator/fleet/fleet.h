// The event kernel: applies component transitions to rows, slice by slice.
//
// Rows are independent of one another within a slice: what an endpoint does depends on its own
// columns, its group's context and counter-based draws. So the order in which rows are visited
// changes nothing, and any row can be recomputed alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/outcome.h"
#include "base/result.h"
#include "fleet/population.h"

namespace firebreak::fleet {

using ContentId = base::Id<struct ContentTag>;  // what runs: a release's content, or the baseline's
using ContextId = base::Id<struct ContextTag>;

// The fleet advances in slices of this length. Decisions take effect between slices, so no signal
// may be quicker than one.
inline constexpr int64_t kSlice_s = 300;

// Some of a group's endpoints meet a damaged CDN: `share` of them, each one of `variants` damages.
struct FaultDraw {
    uint64_t key = 0;  // tells faults apart in the random streams
    double share = 1;
    uint32_t variants = 1;
};

// What the polls of a group meet during a slice. Equal ids: equal offers and faults.
struct Context {
    ContextId id;
    std::vector<FaultDraw>
        faults;                 // at most one per feed; variant numbers are mixed radix over them
    uint32_t variants() const;  // how many different ones endpoints can meet; 0 is "no damage"
};

// What one poll does to an endpoint.
struct Step {
    SetId after;
    base::Category category = base::Category::kNothingNew;
    base::Code code = base::Code::kNone;
    bool delivered = false;
    bool refused = false;
    uint32_t alerts = 0;
    uint32_t release = base::Id<void>::kNone;  // number of the release concerned, if any
};

// What one trigger of a workload does to an endpoint. Triggers of the same content and persona come
// in the same order whatever else is in the set.
struct TriggerStep {
    double per_hour = 0;
    SetId after;
    base::Category category = base::Category::kCrash;
    base::Code code = base::Code::kNone;
    uint32_t release = base::Id<void>::kNone;
};

// The control plane, as far as the fleet sees it. Called only for what has not been met before.
class Transitions {
  public:
    struct Poll {
        ContextId context;
        SetId set;
        uint32_t variant = 0;
    };
    struct Workload {
        SetId set;
        uint8_t persona = 0;
    };
    virtual ~Transitions() = default;
    // A step per poll, in order. All at once, so that assays can run side by side.
    virtual base::Result<std::vector<Step>> steps(std::span<const Poll> polls) = 0;
    // The triggers of each workload, in order.
    virtual base::Result<std::vector<std::vector<TriggerStep>>> triggers(
        std::span<const Workload> workloads) = 0;
    // Equal ids: the same content runs in every component of these sets.
    virtual ContentId running(SetId set) const = 0;
};

// Something that happened to an endpoint, other than a poll that found nothing.
struct RowEvent {
    base::SimTime at;
    Row row = 0;
    base::Category category = base::Category::kNothingNew;
    base::Code code = base::Code::kNone;
    uint32_t release = base::Id<void>::kNone;
    uint32_t alerts = 0;
    bool delivered = false;
    bool refused = false;
    bool harmed = false;  // a component died under its workload
    uint8_t first = 0;    // Mark bits that this row had not had before
};

// What ever happened to a row.
enum Mark : uint8_t { kExposed = 1, kRefused = 2, kAffected = 4 };

class Fleet {
  public:
    // `end`: of the run; events beyond it are not kept. `transitions` must outlive the fleet.
    Fleet(uint64_t seed, Population population, base::SimTime end, Transitions& transitions);

    // Draws the triggers of what runs at the start.
    base::Status begin();

    // Applies everything that happens in the slice that begins at `from` (a multiple of kSlice_s);
    // one context per group. The events of the slice, by group, within a group by row, within a row
    // by time; valid until the next call.
    base::Result<std::span<const RowEvent>> advance(base::SimTime from,
                                                    std::span<const Context> contexts);

    const Population& population() const { return population_; }
    uint8_t marks(Row row) const { return marks_[row]; }
    // How many rows of the group have each content set; index: SetId. Sets without a row may be
    // missing at the end.
    std::span<const uint32_t> census(size_t group) const { return census_[group]; }
    uint64_t polls() const { return polls_; }
    size_t pending_events() const;

    // Releases whose delivery does not count as exposure (fixes).
    void set_harmless(std::vector<bool> by_release) { harmless_ = std::move(by_release); }

  private:
    struct Pending {  // a trigger that will be met
        base::SimTime at;
        Row row;
        ContentId content;  // drawn for this; void once something else runs
        uint32_t trigger;   // index into the workload's triggers
    };
    struct ContextCache {
        std::vector<int32_t> steps;  // [set * variants + variant] → index into steps_, -1: unknown
        std::vector<uint8_t> idle;   // [set] → 1: every variant finds nothing new
    };

    base::Status advance_group(size_t group, base::SimTime from, const Context& context,
                               std::span<const Pending> pending);
    base::Status learn_steps(const Context& context, ContextCache& cache);
    base::Result<Step> step_of(const Context& context, ContextCache& cache, Row row);
    base::Status poll(size_t group, const Context& context, ContextCache& cache, const Due& due);
    base::Status meet(size_t group, const Pending& pending);
    base::Status change_set(size_t group, Row row, SetId after, base::SimTime at);
    base::Status draw_trigger(size_t group, Row row, base::SimTime at);
    base::Result<const std::vector<TriggerStep>*> triggers_of(SetId set, uint8_t persona);
    ContentId running(SetId set);
    uint32_t variant_of(const Context& context, Row row) const;
    void count(size_t group, SetId set, int32_t change);
    void emit(RowEvent event, uint8_t marks);

    Population population_;
    base::SimTime end_;
    Transitions& transitions_;
    std::vector<uint8_t> marks_;
    std::vector<bool> harmless_;
    std::vector<std::vector<uint32_t>> census_;
    std::map<int64_t, std::vector<Pending>> pending_;  // by number of the slice
    base::SimTime slice_end_;                          // of the slice under way
    std::unordered_map<ContextId, ContextCache> caches_;
    std::vector<Step> steps_;
    std::vector<int32_t> workload_index_;  // [set * personas + persona] → workloads_, -1: unknown
    std::deque<std::vector<TriggerStep>> workloads_;  // does not move: callers hold on to one
    std::vector<ContentId> running_;                  // by set; invalid: not asked yet
    std::vector<RowEvent> events_;
    std::vector<Due> due_;
    uint64_t polls_ = 0;
    base::RandomStream fault_share_, fault_variant_, trigger_;
};

}  // namespace firebreak::fleet
