// How fast the fleet goes, beside the least that any fleet must do: sweep two columns once per
// poll.
//
//   bench_fleet [ENDPOINTS [DAYS [UPDATES_PER_DAY]]]      default 8,500,000 7 3
//
// The control plane is arithmetic here: transitions cost nothing, so that the figure is the
// kernel's. Reference and fleet run in the same process, one after the other.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <span>
#include <vector>

#include "fleet/fleet.h"

namespace firebreak::fleet {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A poll installs what is offered; nothing ever goes wrong.
class Installs final : public Transitions {
  public:
    base::Result<std::vector<Step>> steps(std::span<const Poll> polls) override {
        std::vector<Step> out;
        for (const Poll& poll : polls) {
            const bool is_new = poll.set.value < poll.context.value;
            Step step;
            step.after = is_new ? SetId{poll.context.value} : poll.set;
            step.category = is_new ? base::Category::kInstalled : base::Category::kNothingNew;
            step.delivered = is_new;
            out.push_back(step);
        }
        asked += polls.size();
        return out;
    }
    base::Result<std::vector<std::vector<TriggerStep>>> triggers(
        std::span<const Workload> workloads) override {
        return std::vector<std::vector<TriggerStep>>(workloads.size());
    }
    base::Result<HazardId> hazard(SetId set) override { return HazardId{set.value}; }
    base::HarmMask harms(SetId) const override { return 0; }
    SetId cured(SetId set, base::HarmMask, base::Code) override { return set; }
    size_t asked = 0;
};

// Two columns, read and compared once for each poll: no phases, groups, draws or decisions.
double reference_polls_per_second(uint32_t endpoints) {
    std::vector<uint32_t> sets(endpoints, 1);
    std::vector<uint8_t> personas(endpoints, 1);
    const Clock::time_point begin = Clock::now();
    uint64_t polls = 0;
    uint64_t due = 0;
    while (seconds_since(begin) < 1) {
        for (uint32_t row = 0; row < endpoints; ++row) {
            due += sets[row] != 1 || personas[row] != 1;
        }
        sets[polls % endpoints] = 1;  // keeps the sweep from being hoisted
        polls += endpoints;
    }
    if (due != 0) {
        std::abort();
    }
    return static_cast<double>(polls) / seconds_since(begin);
}

int run(uint32_t endpoints, int64_t days, int64_t updates_per_day) {
    const double reference = reference_polls_per_second(endpoints);

    const Clock::time_point populate = Clock::now();
    OnlinePattern always, office;
    always.fill(1);
    office.fill(0.9F);
    const std::vector<SegmentSpec> groups = {
        {endpoints / 100, {1, 1}, 10, 0},
        {endpoints / 4, {1, 1}, 100, 10},
        {endpoints - endpoints / 100 - endpoints / 4, {1, 1}, 1000, 110}};
    Installs control;
    const base::SimTime end{days * 86400};
    Fleet fleet(1, Population(1, groups, {always, office}, 0, {0}), end, control);
    if (!fleet.redraw({0}).ok()) {
        return 3;
    }
    const double populate_s = seconds_since(populate);

    // Slices in which nothing is offered that rows lack, and those that deliver, kept apart.
    double idle_s = 0;
    double busy_s = 0;
    uint64_t events = 0;
    const Clock::time_point begin = Clock::now();
    for (base::SimTime t{0}; t < end; t = t + base::Duration{kSlice_s}) {
        const auto version = static_cast<uint32_t>(t.seconds * updates_per_day / 86400 + 1);
        const std::vector<Context> contexts(groups.size(), Context{{version}, {}});
        const Clock::time_point slice = Clock::now();
        const auto happened = fleet.advance(t, contexts);
        if (!happened.ok()) {
            return 3;
        }
        (happened->empty() ? idle_s : busy_s) += seconds_since(slice);
        events += happened->size();
    }
    const double wall = seconds_since(begin);
    const double rate = static_cast<double>(fleet.polls()) / wall;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);

    fmt::print("{} endpoints, {} days, {} updates a day, one thread\n", endpoints, days,
               updates_per_day);
    fmt::print("  polls           {:>14} in {:.2f} s: {:.1f} M polls/s\n", fleet.polls(), wall,
               rate / 1e6);
    fmt::print("  reference       {:>14.1f} M polls/s (a bare sweep over two columns)\n",
               reference / 1e6);
    fmt::print("  ratio           {:>14.3f}\n", rate / reference);
    fmt::print("  events          {:>14} ({:.1f} M/s while slices deliver)\n", events,
               busy_s > 0 ? static_cast<double>(events) / busy_s / 1e6 : 0.0);
    fmt::print("  memory          {:>14} bytes per endpoint in columns; peak {:.0f} MiB\n",
               Population::kBytesPerEndpoint + 3, static_cast<double>(usage.ru_maxrss) / 1024);
    fmt::print("  transitions     {:>14} asked of the control plane\n", control.asked);
    fmt::print("where the time goes\n");
    fmt::print("  populate        {:>13.2f} s\n", populate_s);
    fmt::print("  idle slices     {:>13.2f} s\n", idle_s);
    fmt::print("  busy slices     {:>13.2f} s\n", busy_s);
    return 0;
}

int64_t argument(int argc, char** argv, int index, int64_t fallback) {
    const int64_t value = argc > index ? std::atoll(argv[index]) : fallback;
    return value > 0 ? value : fallback;
}

}  // namespace
}  // namespace firebreak::fleet

int main(int argc, char** argv) {
    using firebreak::fleet::argument;
    return firebreak::fleet::run(
        static_cast<uint32_t>(std::min<int64_t>(argument(argc, argv, 1, 8'500'000), 100'000'000)),
        std::min<int64_t>(argument(argc, argv, 2, 7), 365), argument(argc, argv, 3, 3));
}
