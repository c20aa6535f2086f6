// The event kernel: applies component transitions to rows, slice by slice.
//
// Rows are independent of one another within a slice: what an endpoint does depends on its own
// columns, its segment's context and counter-based draws. So the order in which rows are visited
// changes nothing, and any row can be recomputed alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/harm.h"
#include "base/outcome.h"
#include "base/result.h"
#include "fleet/population.h"

namespace firebreak::fleet {

// Sets of equal hazard meet the same triggers, in the same order and at the same rates.
using HazardId = base::Id<struct HazardTag>;
using ContextId = base::Id<struct ContextTag>;

// The fleet advances in slices of this length. Decisions take effect between slices, so no signal
// may be quicker than one.
inline constexpr int64_t kSlice_s = 300;
inline constexpr double kSlice_h = kSlice_s / 3600.0;

// Some of a segment's endpoints meet a damaged CDN: `share` of them, each one of `variants`
// damages.
struct FaultDraw {
    uint64_t key = 0;  // tells faults apart in the random streams
    double share = 1;
    uint32_t variants = 1;
};

// What the polls of a segment meet during a slice. Equal ids: equal offers and faults.
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
    base::Harm harm = base::Harm::kNone;       // that the installation itself did
};

// What one trigger of a workload does to an endpoint.
struct TriggerStep {
    double per_hour = 0;   // of online time
    bool at_once = false;  // no waiting time: it is there as soon as the content is
    SetId after;
    base::Category category = base::Category::kCrash;
    base::Code code = base::Code::kNone;
    uint32_t release = base::Id<void>::kNone;
    base::Harm harm = base::Harm::kNone;  // kNone: an infection
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
    // The triggers of each workload, in order. After an at-once trigger the set's hazard is
    // another, so that it is met once.
    virtual base::Result<std::vector<std::vector<TriggerStep>>> triggers(
        std::span<const Workload> workloads) = 0;
    virtual base::Result<HazardId> hazard(SetId set) = 0;
    // The harm that an endpoint in this set suffers.
    virtual base::HarmMask harms(SetId set) const = 0;
    // The set once these harms have been ended so (kByReboot and the like).
    virtual SetId cured(SetId set, base::HarmMask harms, base::Code how) = 0;
};

// What ever happened to a row: a bit each, and one for each harm.
using Marks = uint32_t;
inline constexpr Marks kExposed = 1, kRefused = 2, kAffected = 4, kInfected = 8;
constexpr Marks mark_of(base::Harm harm) {
    return Marks{base::bit(harm)} << 4;
}

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
    base::Harm harm = base::Harm::kNone;  // that it did
    base::HarmMask ended = 0;             // that it ended
    Marks first = 0;                      // that this row had not had before
};

class Fleet {
  public:
    // `end`: of the run; events beyond it are not kept. `transitions` must outlive the fleet.
    Fleet(uint64_t seed, Population population, base::SimTime end, Transitions& transitions);

    // Draws anew the triggers of every row whose hazard has changed since it was last asked for:
    // at the start, and when a campaign begins or ends. Between slices only.
    base::Status redraw(base::SimTime now);

    // These harms of this row end at that time, if it still suffers them then; not before the
    // next slice. `how`: kByReboot and the like.
    void schedule_recovery(Row row, base::SimTime at, base::HarmMask harms, base::Code how);

    // Applies everything that happens in the slice that begins at `from` (a multiple of kSlice_s);
    // one context per segment. The events of the slice, by segment, within a segment by row, within
    // a row by time; valid until the next call.
    base::Result<std::span<const RowEvent>> advance(base::SimTime from,
                                                    std::span<const Context> contexts);

    const Population& population() const { return population_; }
    Marks marks(Row row) const { return marks_[row]; }
    // How many rows of the segment and persona have each content set; index: SetId. Sets without a
    // row may be missing at the end.
    std::span<const uint32_t> census(size_t segment, uint8_t persona) const {
        return census_[segment * population_.personas() + persona];
    }
    uint64_t polls() const { return polls_; }
    size_t pending_events() const;

    // Releases whose delivery does not count as exposure (fixes), unless they do harm.
    void set_harmless(std::vector<bool> by_release) { harmless_ = std::move(by_release); }

  private:
    struct Pending {  // a trigger that will be met, or a recovery that will come
        base::SimTime at;
        Row row = 0;
        uint32_t trigger = 0;      // index into the workload's triggers
        uint8_t draw = 0;          // triggers: void once the row has drawn again
        base::HarmMask cures = 0;  // recoveries
        base::Code how = base::Code::kNone;
    };
    struct ContextCache {
        std::vector<int32_t> steps;  // [set * variants + variant] → index into steps_, -1: unknown
        std::vector<uint8_t> idle;   // [set] → 1: every variant finds nothing new
    };
    // What the kernel knows of a set.
    struct SetInfo {
        bool known = false;
        bool cut_off = false;  // reaches nobody: polls are not made
        base::HarmMask harms = 0;
        HazardId hazard;
    };

    base::Status advance_segment(size_t segment, base::SimTime from, const Context& context,
                                 std::span<const Pending> pending);
    base::Status advance_row(size_t segment, const Context& context, ContextCache& cache,
                             const Due* due);
    base::Status learn_steps(const Context& context, ContextCache& cache);
    base::Result<const Step*> step_of(const Context& context, ContextCache& cache, Row row);
    base::Status poll(size_t segment, const Context& context, ContextCache& cache, const Due& due);
    base::Status meet(size_t segment, const Pending& pending);
    base::Status recover(size_t segment, const Pending& pending);
    RowEvent event_of(const Due& due, const Step& step) const;
    Marks marks_of(const Step& step) const;
    // Polls as most of them go: everything about them is known, and the row has nothing to draw.
    // False: nothing was done, take the long way.
    bool poll_quickly(size_t segment, uint32_t variants, const Context& context,
                      const ContextCache& cache, const Due& due);
    base::Status change_set(size_t segment, RowEvent event, SetId after, Marks marks);
    void move(size_t segment, RowEvent event, SetId after, Marks marks);
    base::Status draw_trigger(Row row, base::SimTime at);
    base::Result<const std::vector<TriggerStep>*> triggers_of(SetId set, uint8_t persona);
    base::Status learn(SetId set);
    uint32_t variant_of(const Context& context, Row row) const;
    void count(size_t segment, Row row, SetId set, int32_t change);
    void emit(RowEvent event, Marks marks);

    Population population_;
    base::SimTime end_;
    Transitions& transitions_;
    std::vector<Marks> marks_;
    std::vector<uint8_t> draws_;  // how often each row has drawn its trigger, modulo 256
    std::vector<bool> harmless_;
    std::vector<std::vector<uint32_t>> census_;        // [segment * personas + persona][set]
    std::map<int64_t, std::vector<Pending>> pending_;  // by number of the slice
    base::SimTime slice_end_;                          // of the slice under way
    std::unordered_map<ContextId, ContextCache> caches_;
    std::deque<Step> steps_;               // does not move: callers hold on to one
    std::vector<int32_t> workload_index_;  // [set * personas + persona] → workloads_, -1: unknown
    std::deque<std::vector<TriggerStep>> workloads_;  // does not move
    std::vector<SetInfo> sets_;
    std::vector<RowEvent> events_;
    std::vector<Due> due_;
    std::vector<Pending> agenda_;  // of the row at hand, within the slice
    uint64_t polls_ = 0;
    base::RandomStream fault_share_, fault_variant_, trigger_;
};

}  // namespace firebreak::fleet
