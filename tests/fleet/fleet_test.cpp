// The kernel against a control plane made of arithmetic, and against a naive shadow that follows
// each endpoint alone through the whole run.
#include "fleet/fleet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "support/result_matchers.h"

namespace firebreak::fleet {
namespace {

constexpr int64_t kDay = 86400;

// Contexts offer version = their id. A set is version * 16 + bits. Variant 0 installs, every other
// is refused. Version 2 has triggers: on persona 1 two deaths back to version 7, a false positive
// and a boot loop, on persona 0 a loss of detection at once. Versions below 9 are infected by a
// campaign.
class Arithmetic final : public Transitions {
  public:
    enum Bit : uint32_t { kRefusedBefore = 1, kHeld = 2, kLost = 4, kInfectedBefore = 8 };
    static uint32_t version(SetId set) { return set.value / 16; }
    static bool has(SetId set, Bit bit) { return (set.value & bit) != 0; }
    static SetId with_version(SetId set, uint32_t version) {
        return {version * 16 + (set.value % 16 & ~uint32_t{kHeld})};  // an update lets go of files
    }

    static Step step(uint32_t offered, SetId set, uint32_t variant) {
        if (offered <= version(set)) {
            return {set};
        }
        Step step;
        step.delivered = true;
        step.release = offered;
        if (variant == 0) {
            step.after = with_version({set.value & ~uint32_t{kRefusedBefore}}, offered);
            step.category = base::Category::kInstalled;
            return step;
        }
        step.after = {set.value | kRefusedBefore};
        step.category = base::Category::kCorrupt;
        step.code = base::Code::kPayloadDigestWrong;
        step.refused = true;
        step.alerts = has(set, kRefusedBefore) ? 0 : 1;
        return step;
    }
    static std::vector<TriggerStep> triggers_of(SetId set, uint8_t persona, bool campaign) {
        std::vector<TriggerStep> out;
        const auto add = [&](double rate, bool at_once, SetId after, base::Category category,
                             base::Code code, base::Harm harm) {
            out.push_back({rate, at_once, after, category, code, 2, harm});
        };
        if (has(set, kLost)) {
            return out;
        }
        if (version(set) == 2 && persona == 1) {
            const SetId back = with_version(set, 7);
            add(0.2, false, back, base::Category::kCrash, base::Code::kKilledBySignal,
                base::Harm::kRestart);
            add(0.05, false, back, base::Category::kCpuLimit, base::Code::kKilledAtCpuLimit,
                base::Harm::kRestart);
            if (!has(set, kHeld)) {
                add(0.3, false, {set.value | kHeld}, base::Category::kFalsePositive,
                    base::Code::kFileHeld, base::Harm::kFileHeld);
            }
            add(0.1, false, {set.value | kLost}, base::Category::kForbidden,
                base::Code::kKilledAtSystemCall, base::Harm::kBootLoop);
        }
        if (version(set) == 2 && persona == 0 && !has(set, kHeld)) {
            add(0, true, {set.value | kHeld}, base::Category::kMissed, base::Code::kSampleNotFound,
                base::Harm::kFileHeld);
        }
        if (campaign && version(set) < 9 && !has(set, kInfectedBefore)) {
            add(0.02, false, {set.value | kInfectedBefore}, base::Category::kInfected,
                base::Code::kCampaign, base::Harm::kNone);
        }
        return out;
    }
    static HazardId hazard_of(SetId set, bool campaign) {
        return {(set.value & ~uint32_t{kRefusedBefore}) * 2 + (campaign && version(set) < 9)};
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
            out.push_back(triggers_of(workload.set, workload.persona, campaign));
        }
        return out;
    }
    base::Result<HazardId> hazard(SetId set) override { return hazard_of(set, campaign); }
    base::HarmMask harms(SetId set) const override {
        return static_cast<base::HarmMask>((has(set, kHeld) ? bit(base::Harm::kFileHeld) : 0) |
                                           (has(set, kLost) ? bit(base::Harm::kBootLoop) : 0));
    }
    SetId cured(SetId set, base::HarmMask harms, base::Code how) override {
        EXPECT_EQ(how, base::Code::kByHand);
        EXPECT_EQ(harms, bit(base::Harm::kBootLoop));
        return {set.value & ~uint32_t{kLost}};
    }

    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, int> asked;
    bool campaign = false;
};

using History = std::map<Row, std::vector<std::tuple<int64_t, base::Category, base::Code>>>;

// A boot loop is mended so long after it began.
constexpr int64_t kRepair_s = 5 * 3600 + 17;

struct Setting {
    uint64_t seed = 11;
    std::vector<SegmentSpec> segments{{40, {1, 1}, 1, 0}, {260, {1, 1}, 3, 1}};
    int64_t days = 3;
    std::vector<FaultDraw> faults;

    Population population() const {
        OnlinePattern on, sometimes;
        on.fill(1);
        sometimes.fill(0.6f);
        return Population(seed, segments, {on, sometimes}, 0, {16});
    }
    // Version 1 from the start; version 2 in segment 0 from 8 h, in segment 1 from 20 h; version 9
    // everywhere from 2 days on.
    uint32_t offered(size_t segment, int64_t t) const {
        return t >= 2 * kDay ? 9 : t >= (segment == 0 ? 8 : 20) * 3600 ? 2 : 1;
    }
    // Twice, so that hazards come back.
    bool campaign_at(int64_t t) const {
        return (t >= 10 * 3600 && t < 14 * 3600) || (t >= 30 * 3600 && t < 60 * 3600);
    }
    std::vector<FaultDraw> faults_at(uint32_t version) const {
        return version == 2 ? faults : std::vector<FaultDraw>{};
    }
};

History run(const Setting& setting, Arithmetic& control, uint64_t* polls = nullptr) {
    const base::SimTime end{setting.days * kDay};
    Fleet fleet(setting.seed, setting.population(), end, control);
    EXPECT_TRUE(fleet.redraw({0}).ok());
    History history;
    for (int64_t t = 0; t < end.seconds; t += kSlice_s) {
        if (control.campaign != setting.campaign_at(t)) {
            control.campaign = !control.campaign;
            EXPECT_TRUE(fleet.redraw({t}).ok());
        }
        std::vector<Context> contexts;
        for (size_t s = 0; s < setting.segments.size(); ++s) {
            const uint32_t version = setting.offered(s, t);
            contexts.push_back({{version}, setting.faults_at(version)});
        }
        auto events = fleet.advance({t}, contexts);
        EXPECT_TRUE(events.ok());
        for (const RowEvent& event : *events) {
            EXPECT_GE(event.at.seconds, t);
            EXPECT_LT(event.at.seconds, t + kSlice_s);
            history[event.row].emplace_back(event.at.seconds, event.category, event.code);
            if (event.harm == base::Harm::kBootLoop) {
                fleet.schedule_recovery(event.row, event.at + base::Duration{kRepair_s},
                                        bit(event.harm), base::Code::kByHand);
            }
        }
    }
    if (polls != nullptr) {
        *polls = fleet.polls();
    }
    return history;
}

// One endpoint after the other, second by second of what can happen, with no table, slice or queue.
class Shadow {
  public:
    Shadow(const Setting& setting, const Population& rows, Row row)
        : setting_(setting),
          rows_(rows),
          row_(row),
          segment_(rows.segment_of(row)),
          end_(setting.days * kDay),
          jitter_(setting.seed, base::Stream::kPollJitter),
          phases_(setting.seed, base::Stream::kPollPhase),
          share_(setting.seed, base::Stream::kFaultShare),
          pick_(setting.seed, base::Stream::kFaultVariant),
          trigger_(setting.seed, base::Stream::kTrigger) {}

    std::vector<std::tuple<int64_t, base::Category, base::Code>> live() {
        draw(0);
        int64_t campaign_next = next_change(0);
        for (int64_t hour = 0;;) {
            const int64_t poll = poll_time(hour);
            const int64_t next = std::min({poll, trigger_at_, repair_at_, campaign_next});
            if (next >= end_) {
                return history_;
            }
            if (next == campaign_next) {  // before everything else of its slice
                turn(next);
                campaign_next = next_change(next);
            } else if (next == repair_at_ && (repair_first_ || repair_at_ < trigger_at_)) {
                repair();
            } else if (next == trigger_at_) {
                meet();
            } else if (next == repair_at_) {
                repair();
            } else {
                this->poll(poll);
                ++hour;
            }
        }
    }

  private:
    int64_t next_change(int64_t t) const {
        for (int64_t s = (t / kSlice_s + 1) * kSlice_s; s < end_; s += kSlice_s) {
            if (setting_.campaign_at(s) != setting_.campaign_at(s - kSlice_s)) {
                return s;
            }
        }
        return end_;
    }
    int64_t poll_time(int64_t hour) const {
        const uint32_t n = setting_.segments[segment_].endpoints;
        const auto phase =
            static_cast<int64_t>((row_ - rows_.begin(segment_) + phases_.unit(row_)) * 3600 / n);
        return hour * 3600 + phase +
               static_cast<int64_t>(jitter_.below(61, row_, static_cast<uint64_t>(hour)));
    }
    void become(SetId after, int64_t t) {
        const bool other =
            Arithmetic::hazard_of(set_, campaign_) != Arithmetic::hazard_of(after, campaign_);
        set_ = after;
        if (other) {
            draw(t);
        }
    }
    void turn(int64_t t) {
        const HazardId before = Arithmetic::hazard_of(set_, campaign_);
        campaign_ = setting_.campaign_at(t);
        if (before != Arithmetic::hazard_of(set_, campaign_)) {
            draw(t);
        }
    }
    void draw(int64_t t) {
        trigger_at_ = end_;
        double soonest = INFINITY;
        const auto triggers = Arithmetic::triggers_of(set_, rows_.persona(row_), campaign_);
        for (size_t i = 0; i < triggers.size(); ++i) {
            const double wait = triggers[i].at_once
                                    ? 0
                                    : trigger_.waiting_time(triggers[i].per_hour, row_,
                                                            static_cast<uint64_t>(t) << 10 | i);
            if (wait < soonest) {
                soonest = wait;
                pending_ = triggers[i];
            }
        }
        if (std::isfinite(soonest) && soonest * 3600 < static_cast<double>(end_ - t)) {
            // Second by second: only those in which the machine is on count.
            int64_t at = t;
            auto left = static_cast<int64_t>(std::ceil(soonest * 3600));
            while (at < end_ && !pending_.at_once && (left > 0 || !rows_.online(row_, {at}))) {
                left -= rows_.online(row_, {at}) ? 1 : 0;
                ++at;
            }
            trigger_at_ = std::min(at, end_);
        }
        repair_first_ = true;  // whatever was granted before is older than this draw
    }
    void note(int64_t t, base::Category category, base::Code code) {
        history_.emplace_back(t, category, code);
    }
    void meet() {
        const TriggerStep met = pending_;
        const int64_t at = trigger_at_;
        note(at, met.category, met.code);
        if (met.harm == base::Harm::kBootLoop) {
            repair_at_ = std::max(at + kRepair_s, (at / kSlice_s + 1) * kSlice_s);
        }
        become(met.after, at);
    }
    void repair() {
        const int64_t at = std::exchange(repair_at_, INT64_MAX);
        if (Arithmetic::has(set_, Arithmetic::kLost)) {
            note(at, base::Category::kRecovered, base::Code::kByHand);
            become({set_.value & ~uint32_t{Arithmetic::kLost}}, at);
        }
    }
    void poll(int64_t t) {
        if (!rows_.online(row_, {t}) || Arithmetic::has(set_, Arithmetic::kLost)) {
            return;
        }
        // What is offered changes between slices.
        const uint32_t version = setting_.offered(segment_, t / kSlice_s * kSlice_s);
        uint32_t variant = 0;
        for (const FaultDraw& fault : setting_.faults_at(version)) {
            uint32_t digit = 0;
            if (fault.share >= 1 || share_.unit(row_, fault.key) < fault.share) {
                digit = 1 + static_cast<uint32_t>(pick_.below(fault.variants, row_, fault.key));
            }
            variant = variant * (fault.variants + 1) + digit;
        }
        const Step step = Arithmetic::step(version, set_, variant);
        if (step.category != base::Category::kNothingNew) {
            note(t, step.category, step.code);
        }
        become(step.after, t);
    }

    const Setting& setting_;
    const Population& rows_;
    Row row_;
    size_t segment_;
    int64_t end_;
    base::RandomStream jitter_, phases_, share_, pick_, trigger_;
    SetId set_{16};
    bool campaign_ = false;
    int64_t trigger_at_ = 0, repair_at_ = INT64_MAX;
    bool repair_first_ = false;
    TriggerStep pending_;
    std::vector<std::tuple<int64_t, base::Category, base::Code>> history_;
};

History shadow(const Setting& setting) {
    const Population rows = setting.population();
    History history;
    for (Row row = 0; row < rows.size(); ++row) {
        if (auto lived = Shadow(setting, rows, row).live(); !lived.empty()) {
            history[row] = std::move(lived);
        }
    }
    return history;
}

std::map<base::Category, int> by_category(const History& history) {
    std::map<base::Category, int> out;
    for (const auto& [row, events] : history) {
        for (const auto& [at, category, code] : events) {
            ++out[category];
        }
    }
    return out;
}

TEST(Fleet, DoesWhatANaiveShadowDoes) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        Setting setting;
        setting.seed = seed;
        Arithmetic control;
        const History fast = run(setting, control);
        EXPECT_EQ(fast, shadow(setting));
        EXPECT_EQ(fast.size(), 300u) << "something happened to every endpoint";
        const auto seen = by_category(fast);
        for (const auto category :
             {base::Category::kInstalled, base::Category::kCrash, base::Category::kFalsePositive,
              base::Category::kMissed, base::Category::kForbidden, base::Category::kRecovered,
              base::Category::kInfected}) {
            EXPECT_TRUE(seen.contains(category)) << to_text(category);
        }
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
    EXPECT_LT(control.asked.size(), 200u);
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
    ASSERT_OK(fleet.redraw({0}));
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
    ASSERT_OK(fleet.redraw({0}));
    for (int64_t t = 0; t < kDay; t += kSlice_s) {
        std::vector<Context> contexts(2, Context{{2}, {}});
        ASSERT_OK(fleet.advance({t}, contexts));
    }
    for (size_t segment = 0; segment < 2; ++segment) {
        std::map<std::pair<uint8_t, uint32_t>, uint32_t> counted;
        const Population& rows = fleet.population();
        for (Row row = rows.begin(segment); row < rows.end(segment); ++row) {
            ++counted[{rows.persona(row), rows.set(row).value}];
        }
        for (uint8_t persona = 0; persona < 2; ++persona) {
            const auto census = fleet.census(segment, persona);
            for (uint32_t set = 0; set < census.size(); ++set) {
                EXPECT_EQ(census[set], (counted[{persona, set}]));
            }
        }
    }
}

// Triggers of one endpoint compete: the first of rates a, b, … comes after an exponential time of
// rate a + b + …, and is the one of rate a with probability a / (a + b + …).
TEST(Fleet, MeetsTriggersAtTheRatesOfTheWorkload) {
    Setting setting;
    setting.segments = {{20000, {0, 1}, 1, 0}};
    OnlinePattern on;
    on.fill(1);
    std::map<base::Category, double> first;
    double harmed = 0;
    Arithmetic control;
    Fleet fleet(5, Population(5, setting.segments, {on, on}, 0, {16}), {kDay}, control);
    ASSERT_OK(fleet.redraw({0}));
    std::set<Row> seen;
    for (int64_t t = 0; t < 5 * 3600; t += kSlice_s) {
        std::vector<Context> contexts(1, Context{{2}, {}});
        ASSERT_OK_AND(const auto events, fleet.advance({t}, contexts));
        for (const RowEvent& event : events) {
            if (event.harm != base::Harm::kNone && seen.insert(event.row).second) {
                ++first[event.category];
                ++harmed;
            }
        }
    }
    // Installed uniformly over the first hour (and half a minute of jitter), then 0.65 an hour.
    constexpr double kRate = 0.2 + 0.05 + 0.3 + 0.1;
    double expected = 0;
    for (int i = 0; i < 1000; ++i) {
        expected += 20 * (1 - std::exp(-kRate * (5 - (i + 0.5) / 1000 - 30.0 / 3600)));
    }
    // Four standard deviations of a binomial: one seed in 16,000 would fail.
    EXPECT_NEAR(harmed, expected, 4 * std::sqrt(expected * (1 - expected / 20000)));
    for (const auto& [category, rate] :
         std::map<base::Category, double>{{base::Category::kCrash, 0.2},
                                          {base::Category::kCpuLimit, 0.05},
                                          {base::Category::kFalsePositive, 0.3},
                                          {base::Category::kForbidden, 0.1}}) {
        const double share = rate / kRate;
        EXPECT_NEAR(first[category], harmed * share, 4 * std::sqrt(harmed * share * (1 - share)))
            << to_text(category);
    }
}

TEST(Fleet, SaysWhatHarmAnEventEnded) {
    Setting setting;
    Arithmetic control;
    Fleet fleet(setting.seed, setting.population(), {3 * kDay}, control);
    ASSERT_OK(fleet.redraw({0}));
    std::map<Row, base::HarmMask> suffers;
    std::map<base::Category, int> ended;
    for (int64_t t = 0; t < 3 * kDay; t += kSlice_s) {
        const uint32_t version = t < kDay ? 2 : 9;
        std::vector<Context> contexts(2, Context{{version}, {}});
        ASSERT_OK_AND(const auto events, fleet.advance({t}, contexts));
        for (const RowEvent& event : events) {
            base::HarmMask& now = suffers[event.row];
            EXPECT_EQ(event.ended & ~now, 0) << "nothing ends that was not there";
            now = static_cast<base::HarmMask>(now & ~event.ended);
            ended[event.category] += event.ended != 0;
            if (event.harm != base::Harm::kRestart) {
                now |= bit(event.harm);
            }
            if (event.harm == base::Harm::kBootLoop) {
                fleet.schedule_recovery(event.row, event.at + base::Duration{kRepair_s},
                                        bit(event.harm), base::Code::kByHand);
            }
        }
    }
    for (const auto& [row, harms] : suffers) {
        EXPECT_EQ(harms, control.harms(fleet.population().set(row))) << row;
    }
    EXPECT_GT(ended[base::Category::kInstalled], 0);
    EXPECT_GT(ended[base::Category::kRecovered], 0);
}

// A lost machine asks for nothing, whatever is on offer, until it is mended.
TEST(Fleet, HearsNothingFromALostMachine) {
    Setting setting;
    Arithmetic control;
    Fleet fleet(setting.seed, setting.population(), {3 * kDay}, control);
    ASSERT_OK(fleet.redraw({0}));
    std::set<Row> lost;
    for (int64_t t = 0; t < 3 * kDay; t += kSlice_s) {
        const uint32_t version = t < kDay ? 2 : 9;
        std::vector<Context> contexts(2, Context{{version}, {}});
        ASSERT_OK_AND(const auto events, fleet.advance({t}, contexts));
        for (const RowEvent& event : events) {
            EXPECT_FALSE(lost.contains(event.row)) << to_text(event.category);
            if (event.harm == base::Harm::kBootLoop) {
                lost.insert(event.row);
            }
        }
    }
    EXPECT_GT(lost.size(), 10u);
}

}  // namespace
}  // namespace firebreak::fleet
