// The kernel against a control plane made of arithmetic, and against a naive shadow that follows
// each endpoint alone through the whole run.
#include "fleet/fleet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <tuple>

#include "support/result_matchers.h"

namespace firebreak::fleet {
namespace {

constexpr int64_t kDay = 86400;

// Contexts offer version = their id. A set is version * 2 + (1 if it was refused before). Variant 0
// installs, every other is refused. Version 2 has two triggers on persona 1: back to version 1.
class Arithmetic final : public Transitions {
  public:
    static uint32_t version(SetId set) { return set.value / 2; }

    static Step step(uint32_t offered, SetId set, uint32_t variant) {
        if (offered <= version(set)) {
            return {set};
        }
        if (variant == 0) {
            return {{offered * 2}, base::Category::kInstalled, base::Code::kNone, true, false, 0,
                    offered};
        }
        return {{set.value | 1},
                base::Category::kCorrupt,
                base::Code::kPayloadDigestWrong,
                true,
                true,
                set.value % 2 == 0 ? 1u : 0u,
                offered};
    }
    static std::vector<TriggerStep> triggers_of(SetId set, uint8_t persona) {
        if (version(set) != 2 || persona != 1) {
            return {};
        }
        const SetId back{7 * 2 + set.value % 2};  // version 7: what runs after the death
        return {{0.2, back, base::Category::kCrash, base::Code::kKilledBySignal, 2},
                {0.05, back, base::Category::kCpuLimit, base::Code::kKilledAtCpuLimit, 2}};
    }

    base::Result<std::vector<Step>> steps(std::span<const Poll> polls) override {
        std::vector<Step> out;
        for (const Poll& poll : polls) {
            ++asked[{poll.context.value, poll.set.value, poll.variant}];
            out.push_back(step(poll.context.value, poll.set, poll.variant));
        }
        return out;
    }
    base::Result<std::vector<std::vector<TriggerStep>>> triggers(
        std::span<const Workload> workloads) override {
        std::vector<std::vector<TriggerStep>> out;
        for (const Workload& workload : workloads) {
            out.push_back(triggers_of(workload.set, workload.persona));
        }
        return out;
    }
    ContentId running(SetId set) const override { return {version(set)}; }

    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, int> asked;
};

using History = std::map<Row, std::vector<std::tuple<int64_t, base::Category, base::Code>>>;

struct Setting {
    uint64_t seed = 11;
    std::vector<GroupSpec> groups{{40, {1, 1}, 1, 0}, {260, {1, 1}, 3, 1}};
    int64_t days = 3;
    std::vector<FaultDraw> faults;

    Population population() const {
        OnlinePattern on, sometimes;
        on.fill(1);
        sometimes.fill(0.6f);
        return Population(seed, groups, {on, sometimes}, 0, {0});
    }
    // Version 1 from the start; version 2 in group 0 from 8 h, in group 1 from 20 h; version 9
    // everywhere from 2 days on.
    uint32_t offered(size_t group, int64_t t) const {
        return t >= 2 * kDay ? 9 : t >= (group == 0 ? 8 : 20) * 3600 ? 2 : 1;
    }
    std::vector<FaultDraw> faults_at(uint32_t version) const {
        return version == 2 ? faults : std::vector<FaultDraw>{};
    }
};

History run(const Setting& setting, Arithmetic& control, uint64_t* polls = nullptr) {
    const base::SimTime end{setting.days * kDay};
    Fleet fleet(setting.seed, setting.population(), end, control);
    EXPECT_TRUE(fleet.begin().ok());
    History history;
    for (int64_t t = 0; t < end.seconds; t += kSlice_s) {
        std::vector<Context> contexts;
        for (size_t g = 0; g < setting.groups.size(); ++g) {
            const uint32_t version = setting.offered(g, t);
            contexts.push_back({{version}, setting.faults_at(version)});
        }
        auto events = fleet.advance({t}, contexts);
        EXPECT_TRUE(events.ok());
        for (const RowEvent& event : *events) {
            EXPECT_GE(event.at.seconds, t);
            EXPECT_LT(event.at.seconds, t + kSlice_s);
            history[event.row].emplace_back(event.at.seconds, event.category, event.code);
        }
    }
    if (polls != nullptr) {
        *polls = fleet.polls();
    }
    return history;
}

// One endpoint after the other, hour by hour, with no table, slice or queue.
History shadow(const Setting& setting) {
    const Population rows = setting.population();
    const base::RandomStream jitter(setting.seed, base::Stream::kPollJitter);
    const base::RandomStream phases(setting.seed, base::Stream::kPollPhase);
    const base::RandomStream share(setting.seed, base::Stream::kFaultShare);
    const base::RandomStream pick(setting.seed, base::Stream::kFaultVariant);
    const base::RandomStream trigger(setting.seed, base::Stream::kTrigger);
    const int64_t end = setting.days * kDay;
    History history;
    for (Row row = 0; row < rows.size(); ++row) {
        const size_t group = rows.group_of(row);
        const uint32_t n = setting.groups[group].endpoints;
        const auto phase =
            static_cast<int64_t>((row - rows.begin(group) + phases.unit(row)) * 3600 / n);
        SetId set{0};
        int64_t next_trigger = end;
        TriggerStep pending;
        const auto note = [&](int64_t t, base::Category category, base::Code code) {
            history[row].emplace_back(t, category, code);
        };
        const auto become = [&](SetId after, int64_t t) {
            const bool other = Arithmetic::version(set) != Arithmetic::version(after);
            set = after;
            if (!other) {
                return;
            }
            next_trigger = end;
            double soonest = INFINITY;
            const auto triggers = Arithmetic::triggers_of(set, rows.persona(row));
            for (size_t i = 0; i < triggers.size(); ++i) {
                const double wait = trigger.waiting_time(triggers[i].per_hour, row,
                                                         static_cast<uint64_t>(t) << 10 | i);
                if (wait < soonest) {
                    soonest = wait;
                    pending = triggers[i];
                }
            }
            if (std::isfinite(soonest) && soonest * 3600 < static_cast<double>(end - t)) {
                int64_t at = t + static_cast<int64_t>(std::ceil(soonest * 3600));
                while (at < end && !rows.online(row, {at})) {
                    at = (at / 3600 + 1) * 3600;
                }
                next_trigger = std::min(at, end);
            }
        };
        for (int64_t hour = 0; hour < end / 3600; ++hour) {
            const int64_t t =
                hour * 3600 + phase +
                static_cast<int64_t>(jitter.below(61, row, static_cast<uint64_t>(hour)));
            while (next_trigger <= t && next_trigger < end) {
                const int64_t at = next_trigger;
                const TriggerStep met = pending;
                note(at, met.category, met.code);
                become(met.after, at);
            }
            if (t >= end || !rows.online(row, {t})) {
                continue;
            }
            // What is offered changes between slices.
            const uint32_t version = setting.offered(group, t / kSlice_s * kSlice_s);
            uint32_t variant = 0;
            for (const FaultDraw& fault : setting.faults_at(version)) {
                uint32_t digit = 0;
                if (fault.share >= 1 || share.unit(row, fault.key) < fault.share) {
                    digit = 1 + static_cast<uint32_t>(pick.below(fault.variants, row, fault.key));
                }
                variant = variant * (fault.variants + 1) + digit;
            }
            const Step step = Arithmetic::step(version, set, variant);
            if (step.category != base::Category::kNothingNew) {
                note(t, step.category, step.code);
            }
            become(step.after, t);
        }
        while (next_trigger < end) {
            const int64_t at = next_trigger;
            const TriggerStep met = pending;
            note(at, met.category, met.code);
            become(met.after, at);
        }
    }
    return history;
}

TEST(Fleet, DoesWhatANaiveShadowDoes) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        Setting setting;
        setting.seed = seed;
        Arithmetic control;
        const History fast = run(setting, control);
        EXPECT_EQ(fast, shadow(setting));
        EXPECT_EQ(fast.size(), 300u) << "something happened to every endpoint";
    }
}

TEST(Fleet, DoesWhatANaiveShadowDoesUnderFaults) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        Setting setting;
        setting.seed = seed;
        setting.faults = {{0, 0.5, 3}, {1, 0.3, 2}};
        Arithmetic control;
        EXPECT_EQ(run(setting, control), shadow(setting));
    }
}

TEST(Fleet, AsksForEachTransitionOnce) {
    Setting setting;
    setting.faults = {{0, 0.5, 3}};
    Arithmetic control;
    run(setting, control);
    ASSERT_FALSE(control.asked.empty());
    for (const auto& [poll, times] : control.asked) {
        EXPECT_EQ(times, 1);
    }
    EXPECT_LT(control.asked.size(), 40u);
}

TEST(Fleet, CountsEveryPollOfTheRun) {
    Setting setting;
    Arithmetic control;
    uint64_t polls = 0;
    run(setting, control, &polls);
    EXPECT_EQ(polls, 300u * 24 * 3);
}

TEST(Fleet, MarksAnEndpointOnceForWhatHappensOften) {
    Setting setting;
    setting.faults = {{0, 1, 2}};
    Arithmetic control;
    Fleet fleet(setting.seed, setting.population(), {2 * kDay}, control);
    ASSERT_OK(fleet.begin());
    std::map<Row, int> refused_first;
    int refusals = 0;
    for (int64_t t = 0; t < 2 * kDay; t += kSlice_s) {
        std::vector<Context> contexts(2, Context{{2}, setting.faults});
        ASSERT_OK_AND(const auto events, fleet.advance({t}, contexts));
        for (const RowEvent& event : events) {
            refusals += event.refused;
            refused_first[event.row] += (event.first & kRefused) != 0;
        }
    }
    EXPECT_EQ(refused_first.size(), 300u);
    for (const auto& [row, times] : refused_first) {
        EXPECT_EQ(times, 1);
        EXPECT_EQ(fleet.marks(row), kExposed | kRefused);
    }
    EXPECT_GT(refusals, 300 * 20) << "they try again every hour";
}

TEST(Fleet, KeepsItsCensus) {
    Setting setting;
    Arithmetic control;
    Fleet fleet(setting.seed, setting.population(), {kDay}, control);
    ASSERT_OK(fleet.begin());
    for (int64_t t = 0; t < kDay; t += kSlice_s) {
        std::vector<Context> contexts(2, Context{{2}, {}});
        ASSERT_OK(fleet.advance({t}, contexts));
    }
    for (size_t g = 0; g < 2; ++g) {
        std::map<uint32_t, uint32_t> counted;
        for (Row row = fleet.population().begin(g); row < fleet.population().end(g); ++row) {
            ++counted[fleet.population().set(row).value];
        }
        const auto census = fleet.census(g);
        for (uint32_t s = 0; s < census.size(); ++s) {
            EXPECT_EQ(census[s], counted[s]);
        }
    }
}

// With one trigger of rate r per hour online, a machine that is always on survives t hours with
// probability exp(-r t).
TEST(Fleet, MeetsTriggersAtTheRateOfTheWorkload) {
    Setting setting;
    setting.groups = {{20000, {0, 1}, 1, 0}};
    Arithmetic control;
    OnlinePattern on;
    on.fill(1);
    Fleet fleet(5, Population(5, setting.groups, {on, on}, 0, {0}), {kDay}, control);
    ASSERT_OK(fleet.begin());
    int harmed = 0;
    for (int64_t t = 0; t < 5 * 3600; t += kSlice_s) {
        std::vector<Context> contexts(1, Context{{2}, {}});
        ASSERT_OK_AND(const auto events, fleet.advance({t}, contexts));
        for (const RowEvent& event : events) {
            harmed += event.harmed;
        }
    }
    // Installed uniformly over the first hour, then 0.25 an hour: mean over the start times.
    double expected = 0;
    for (int i = 0; i < 1000; ++i) {
        expected += 1 - std::exp(-0.25 * (5 - (i + 0.5) / 1000 - 30.0 / 3600));
    }
    expected *= 20000.0 / 1000;
    EXPECT_NEAR(harmed, expected, 4 * std::sqrt(expected));
}

}  // namespace
}  // namespace firebreak::fleet
