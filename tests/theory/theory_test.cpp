// Closed forms of queueing and of Poisson processes against the fleet, the crews and the whole lab,
// over many fixed seeds. Each test states the interval that its result must lie in: four standard
// errors on each side unless it says otherwise, so that a right implementation passes with other
// seeds as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "fleet/fleet.h"
#include "lab/lab.h"
#include "lab/recoveries.h"
#include "lab/run_header.h"
#include "record/run_reader.h"
#include "support/result_matchers.h"
#include "support/small_lab.h"

namespace firebreak {
namespace {

using base::SimTime;

constexpr uint64_t kSeeds = 20;
constexpr uint32_t kEndpoints = 2000;
constexpr double kDraws = static_cast<double>(kSeeds) * kEndpoints;

// Four standard errors of the share of all draws.
double four_errors(double share) {
    return 4 * std::sqrt(share * (1 - share) / kDraws);
}

// One release, and what it or a campaign does at a rate. Sets: 0 before, 1 with the release, 2 and
// 3 the same once it has happened.
class OneRelease final : public fleet::Transitions {
  public:
    double harm_per_h = 0;       // to those that run it
    double infection_per_h = 0;  // to those that do not

    static constexpr uint32_t kNothingOffered = 0, kOffered = 1;

    base::Result<std::vector<fleet::Step>> steps(std::span<const Poll> polls) override {
        std::vector<fleet::Step> out;
        for (const Poll& poll : polls) {
            fleet::Step step;
            step.after = poll.set;
            if (poll.context.value == kOffered && poll.set.value % 2 == 0) {
                step.after = {poll.set.value + 1};
                step.category = base::Category::kInstalled;
                step.delivered = true;
                step.release = 0;
            }
            out.push_back(step);
        }
        return out;
    }
    base::Result<std::vector<std::vector<fleet::TriggerStep>>> triggers(
        std::span<const Workload> workloads) override {
        std::vector<std::vector<fleet::TriggerStep>> out(workloads.size());
        for (size_t i = 0; i < workloads.size(); ++i) {
            const uint32_t set = workloads[i].set.value;
            fleet::TriggerStep step;
            step.after = {set + 2};
            step.release = 0;
            if (set == 1 && harm_per_h > 0) {
                step.per_hour = harm_per_h;
                step.category = base::Category::kFalsePositive;
                step.harm = base::Harm::kFileHeld;
                out[i].push_back(step);
            } else if (set == 0 && infection_per_h > 0) {
                step.per_hour = infection_per_h;
                step.category = base::Category::kInfected;
                out[i].push_back(step);
            }
        }
        return out;
    }
    base::Result<fleet::HazardId> hazard(fleet::SetId set) override {
        return fleet::HazardId{set.value};
    }
    base::HarmMask harms(fleet::SetId) const override { return 0; }
    fleet::SetId cured(fleet::SetId set, base::HarmMask, base::Code) override { return set; }
};

fleet::OnlinePattern always() {
    fleet::OnlinePattern out;
    out.fill(1);
    return out;
}

// Runs `hours` of a fleet, with the release on offer within [from, until).
std::vector<fleet::RowEvent> live(uint64_t seed, OneRelease& release,
                                  const fleet::OnlinePattern& pattern, SimTime from, SimTime until,
                                  int64_t hours) {
    const SimTime end{hours * 3600};
    fleet::Fleet fleet(seed, fleet::Population(seed, {{kEndpoints, {1}, 1, 0}}, {pattern}, 0, {0}),
                       end, release);
    EXPECT_TRUE(fleet.redraw({0}).ok());
    std::vector<fleet::RowEvent> out;
    for (int64_t t = 0; t < end.seconds; t += fleet::kSlice_s) {
        const bool on_offer = t >= from.seconds && t < until.seconds;
        const fleet::Context context{
            {on_offer ? OneRelease::kOffered : OneRelease::kNothingOffered}, {}};
        const auto events = fleet.advance({t}, {&context, 1});
        EXPECT_TRUE(events.ok());
        out.insert(out.end(), events->begin(), events->end());
    }
    return out;
}

double before(const std::vector<fleet::RowEvent>& events, base::Category category, SimTime time) {
    return static_cast<double>(
        std::count_if(events.begin(), events.end(), [&](const fleet::RowEvent& event) {
            return event.category == category && event.at < time;
        }));
}

// Machines that are never off poll once an hour at a time of their own: t after the release, within
// the hour, the share t / 3600 s has it. Bound: binomial; phases are drawn one in each equal part
// of the hour, so that the truth is nearer.
TEST(Theory, AdoptionUnderUniformPollingIsLinearWithinTheHour) {
    const SimTime from{7 * 3600 + 25 * 60};
    std::vector<double> adopted(13);
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        OneRelease release;
        const auto events = live(seed, release, always(), from, {9 * 3600}, 9);
        for (size_t i = 0; i < adopted.size(); ++i) {
            adopted[i] += before(events, base::Category::kInstalled,
                                 from + base::minutes(5 * static_cast<int64_t>(i)));
        }
        EXPECT_EQ(before(events, base::Category::kInstalled, from + base::minutes(61)), kEndpoints)
            << "an hour and the jitter";
    }
    for (size_t i = 0; i < adopted.size(); ++i) {
        const double share = static_cast<double>(i) / 12;
        EXPECT_NEAR(adopted[i] / kDraws, share, four_errors(0.5)) << 5 * i << " minutes";
    }
}

// A machine that is on with the chance p(h) in hour h has not got it after k hours with the chance
// Π (1 - p(h)). Interval: four binomial errors, and 1/120 for polls that jitter carries from one
// hour into the next (half a minute of sixty on average).
TEST(Theory, AdoptionUnderAnOnlinePatternIsAProductOverItsHours) {
    fleet::OnlinePattern pattern;
    for (size_t hour = 0; hour < pattern.size(); ++hour) {
        pattern[hour] = hour % 24 >= 8 && hour % 24 < 18 ? 0.3f : 0.05f;
    }
    constexpr int64_t kFrom_h = 4;
    std::vector<double> adopted(24);
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        OneRelease release;
        const auto events = live(seed, release, pattern, {kFrom_h * 3600}, {24 * 3600}, 24);
        for (int64_t hour = kFrom_h; hour < 24; ++hour) {
            adopted[static_cast<size_t>(hour)] +=
                before(events, base::Category::kInstalled, {hour * 3600});
        }
    }
    double without = 1;
    for (size_t hour = kFrom_h; hour < 24; ++hour) {
        EXPECT_NEAR(adopted[hour] / kDraws, 1 - without, four_errors(without) + 1.0 / 120) << hour;
        without *= 1 - static_cast<double>(pattern[hour]);
    }
    EXPECT_LT(without, 0.1) << "there was something to see";
}

// Halted D after the release, at a uniform poll u of the share a = min(D, 1 h): who has it is
// harmed by T with the chance 1 - exp(-λ (T - u)). So affected is
// a - (exp(-λ (T - a)) - exp(-λ T)) / λ, within four binomial errors.
TEST(Theory, BlastRadiusUnderAFixedDetectionDelayIsAsPoissonTriggersHaveIt) {
    constexpr double kRate = 0.4;
    const SimTime from{2 * 3600};
    for (const int64_t delay_min : {20, 45, 60}) {
        std::vector<double> affected(3);
        const double a = static_cast<double>(delay_min) / 60;
        const std::vector<int64_t> until_h{1, 3, 8};
        for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
            OneRelease release;
            release.harm_per_h = kRate;
            const auto events =
                live(seed, release, always(), from, from + base::minutes(delay_min), 11);
            for (size_t i = 0; i < until_h.size(); ++i) {
                affected[i] +=
                    before(events, base::Category::kFalsePositive, from + base::hours(until_h[i]));
            }
        }
        for (size_t i = 0; i < until_h.size(); ++i) {
            const auto t = static_cast<double>(until_h[i]);
            const double share = a - (std::exp(-kRate * (t - a)) - std::exp(-kRate * t)) / kRate;
            EXPECT_NEAR(affected[i] / kDraws, share, four_errors(share))
                << "halted after " << delay_min << " minutes, seen after " << until_h[i] << " h";
        }
    }
}

// Whatever the exposure was: harmed less λ times the hours at risk is a martingale, whose variance
// is λ times those hours. Within four standard deviations.
TEST(Theory, AffectedIsHazardTimesExposure) {
    constexpr double kRate = 0.02;
    double at_risk_h = 0;
    double affected = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        OneRelease release;
        release.harm_per_h = kRate;
        const auto events = live(seed, release, always(), {0}, {3 * 3600}, 12);
        for (const fleet::RowEvent& event : events) {
            const auto left_h = static_cast<double>(12 * 3600 - event.at.seconds) / 3600;
            at_risk_h += event.category == base::Category::kInstalled ? left_h : -left_h;
        }
        affected += before(events, base::Category::kFalsePositive, {12 * 3600});
    }
    EXPECT_GT(affected, 1000);
    EXPECT_NEAR(affected, kRate * at_risk_h, 4 * std::sqrt(kRate * at_risk_h));
}

// Of n unprotected machines that are never off, a campaign has infected n (1 - exp(-λ t)). Within
// four binomial errors.
TEST(Theory, ACampaignInfectsTheUnprotectedAsAnExponentialDecayOfTheRest) {
    constexpr double kRate = 0.1;
    const std::vector<int64_t> hours{1, 5, 12, 30};
    std::vector<double> infected(hours.size());
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        OneRelease nothing;
        nothing.infection_per_h = kRate;
        const auto events = live(seed, nothing, always(), {0}, {0}, 31);
        for (size_t i = 0; i < hours.size(); ++i) {
            infected[i] += before(events, base::Category::kInfected, {hours[i] * 3600});
        }
    }
    for (size_t i = 0; i < hours.size(); ++i) {
        const double share = -std::expm1(-kRate * static_cast<double>(hours[i]));
        EXPECT_NEAR(infected[i] / kDraws, share, four_errors(share)) << hours[i] << " h";
    }
}

// When the last of `machines`, all harmed at `at`, is mended.
SimTime last_repair(uint32_t machines, uint32_t technicians, base::Duration repair, SimTime at) {
    lab::Crews crews;
    crews.endpoints_per_technician = machines / technicians;
    crews.repair = repair;
    const auto monday = base::parse_utc("2026-03-02T00:00:00Z");
    std::vector<base::Recovery> by;
    for (const base::HarmInfo& one : base::harms()) {
        by.push_back(one.recovery);
    }
    lab::Recoveries recoveries(1, *monday, crews, by, {machines});
    for (fleet::Row row = 0; row < machines; ++row) {
        fleet::RowEvent event;
        event.at = at;
        event.row = row;
        event.harm = base::Harm::kUnbootable;
        recoveries.note(event);
    }
    const fleet::Population rows(1, {{machines, {1}, 1, 0}}, {always()}, 0, {0});
    SimTime last;
    const auto grants = recoveries.grant(rows, {365 * 86400});
    EXPECT_EQ(grants.size(), machines);
    for (const lab::Grant& grant : grants) {
        last = std::max(last, grant.at);
    }
    return last;
}

// N machines, c technicians, r each: the last is mended after N r / c of working time. Exact.
TEST(Theory, ACrewOfCMendsNMachinesInNTimesROverCOfWorkingTime) {
    // Work is from 8 to 18. 100 machines, 4 technicians: 12.5 hours from Monday 08:00.
    EXPECT_EQ(last_repair(100, 4, base::minutes(30), {8 * 3600}), (SimTime{34 * 3600 + 1800}));
    // Eight hours of work fit into Monday.
    EXPECT_EQ(last_repair(64, 4, base::minutes(30), {8 * 3600}), (SimTime{16 * 3600}));
    // In the night nobody works: as from eight o'clock.
    EXPECT_EQ(last_repair(64, 4, base::minutes(30), {2 * 3600}), (SimTime{16 * 3600}));
    // From Friday 16:00: two hours before the weekend, eight after it.
    EXPECT_EQ(last_repair(60, 3, base::minutes(30), {(4 * 24 + 16) * 3600}),
              (SimTime{(7 * 24 + 16) * 3600}));
}

// Twice the crew halves the working time, whatever its length. Exact.
TEST(Theory, TwiceTheCrewHalvesTheTime) {
    for (const uint32_t machines : {8u, 16u, 40u}) {
        const SimTime at{9 * 3600};
        const base::Duration one = last_repair(machines, 1, base::minutes(10), at) - at;
        const base::Duration two = last_repair(machines, 2, base::minutes(10), at) - at;
        EXPECT_EQ(one.seconds, 2 * two.seconds) << machines;
    }
}

// Reboots come as a Poisson process: the mean wait is the setting's, within four standard errors of
// an exponential (its deviation is its mean), and a second for whole ones.
TEST(Theory, RebootsComeAfterAnExponentialWait) {
    lab::Crews crews;
    crews.reboot_every = base::hours(10);
    crews.endpoints_per_technician = 500;
    std::vector<base::Recovery> by(base::kHarms, base::Recovery::kReboot);
    const fleet::Population rows(1, {{kEndpoints, {1}, 1, 0}}, {always()}, 0, {0});
    double sum_h = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        lab::Recoveries recoveries(seed, {0}, crews, by, {kEndpoints});
        for (fleet::Row row = 0; row < kEndpoints; ++row) {
            fleet::RowEvent event;
            event.row = row;
            event.harm = base::Harm::kSlow;
            recoveries.note(event);
        }
        for (const lab::Grant& grant : recoveries.grant(rows, {365 * 86400})) {
            sum_h += static_cast<double>(grant.at.seconds) / 3600;
        }
    }
    EXPECT_NEAR(sum_h / kDraws, 10, 4 * 10 / std::sqrt(kDraws) + 1.0 / 3600);
}

// A release that kills scanners at a rate, as measured elsewhere, and a threshold of k reports.
std::string kth_report(int endpoints, int k, int events_in_1000_h) {
    std::string fleet = test::kOneGroup;
    fleet.replace(fleet.find("endpoints = 60"), 14, "endpoints = " + std::to_string(endpoints));
    fleet.replace(fleet.find("reports = 1_000_000"), 19, "reports = " + std::to_string(k));
    fleet.replace(fleet.find("\"100%\""), 6, "\"0.01%\"");
    return fleet + test::kTinyBaseline + test::release("two", "good", "at = \"0s\"") +
           "[signal.crash_report]\ndelay = \"15m\"\nspread = \"0s\"\nloss = 0\nopt_out = 0\n"
           "background = 0\n[signal.telemetry]\nloss = \"100%\"\n[signal.support_call]\n"
           "loss = \"100%\"\n[[measured]]\nrelease = \"two\"\npersona = \"workstation\"\n"
           "harm = \"restart\"\nwhat = \"a measured death\"\nhours = 1000\nevents = " +
           std::to_string(events_in_1000_h) + "\n";
}

// Through the whole lab: the k-th report comes after the sum of k exponential waits, of rates
// (n - j) λ as those that have fallen back are not at risk any more; before it, half an hour until
// machines have the release on average and the five minutes of the CDN; after it, the channel's 15
// minutes and the two and a half until the next slice. Interval: four standard errors of the mean
// over the seeds, and five minutes for a slice.
TEST(Theory, DetectionDelayUnderPoissonSignalsIsThatOfTheKthReport) {
    constexpr int kMachines = 400;
    constexpr int kReports = 40;
    constexpr double kRate = 0.01;
    constexpr uint64_t kRuns = 16;
    const test::SmallFixtures fixtures;
    const auto experiment = fixtures.experiment(kth_report(kMachines, kReports, 10));
    double sum_h = 0;
    for (uint64_t seed = 1; seed <= kRuns; ++seed) {
        lab::Options with = fixtures.options();
        with.seed = seed;
        const auto lab = test::assemble(experiment, with);
        ASSERT_OK(lab->advance_until(lab->end()));
        ASSERT_OK(lab->finish(0));
        ASSERT_OK_AND(const record::Run run, record::read_run(fixtures.run_file()));
        const auto halt =
            std::find_if(run.timeline.begin(), run.timeline.end(),
                         [](const record::TimelineEntry& entry) { return entry.kind == "halt"; });
        ASSERT_NE(halt, run.timeline.end());
        sum_h += static_cast<double>(halt->at.seconds) / 3600;
    }
    double expected_h = 0.5 + (5 + 15 + 2.5) / 60;
    double variance = 0;
    for (int j = 0; j < kReports; ++j) {
        const double wait_h = 1 / (kRate * (kMachines - j));
        expected_h += wait_h;
        variance += wait_h * wait_h;
    }
    EXPECT_NEAR(sum_h / kRuns, expected_h, 4 * std::sqrt(variance / kRuns) + 5.0 / 60);
}

// How many of the watches see so many Poisson events in time.
double share_that_sees(uint64_t events, double rate, double hours) {
    const base::RandomStream random(3, base::Stream::kTrigger);
    double saw = 0;
    for (uint64_t watch = 0; watch < kEndpoints * kSeeds; ++watch) {
        double at = 0;
        for (uint64_t n = 0; n < events && at <= hours; ++n) {
            at += random.waiting_time(rate, watch, n);
        }
        saw += at <= hours ? 1 : 0;
    }
    return saw / kDraws;
}

// The rate that it names is found with 95 %, within four binomial errors, and 0.8 of it is not. For
// a single event it is the rule of three, exactly.
TEST(Theory, TheSmallestRateFoundByCountIsFoundWithTheChanceThatIsStated) {
    for (const uint64_t events : {1u, 3u, 10u, 50u}) {
        const double rate = lab::smallest_found_by_count(events, 24);
        EXPECT_NEAR(share_that_sees(events, rate, 24), 0.95, four_errors(0.95)) << events;
        EXPECT_LT(share_that_sees(events, 0.8 * rate, 24), 0.95 - four_errors(0.95)) << events;
    }
    EXPECT_NEAR(lab::smallest_found_by_count(1, 24), -std::log(0.05) / 24, 1e-6);
}

}  // namespace
}  // namespace firebreak
