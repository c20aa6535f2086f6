// Is this rate of events still what it is without any defect? Asked again and again while the
// events come in, without the false alarms that asking again and again would bring.
//
// Wald's sequential probability ratio test for a Poisson rate, one-sided: rate0 against rate1 >
// rate0. After n events in t hours the evidence is n ln(rate1 / rate0) - (rate1 - rate0) t; the
// alarm goes at ln(1 / false_alarms). The likelihood ratio is a martingale under rate0, so by
// Ville's inequality the chance that it ever crosses, however long and however often one looks, is
// at most false_alarms (A. Wald, Sequential Analysis, 1947; J. Ville, 1939). There is no boundary
// for acceptance: the test runs as long as the release does, and finds any rate above
// (rate1 - rate0) / ln(rate1 / rate0) with certainty in the end. At a rate r above that, the
// evidence grows by r ln(rate1 / rate0) - (rate1 - rate0) an hour, and the mean delay from the
// release to the alarm is the threshold over that growth, plus at most the one jump of
// ln(rate1 / rate0) by which the last event oversteps it (Wald's identity).
#pragma once

#include <cstdint>

namespace firebreak::cloud {

struct TestDesign {
    double rate0 = 0;         // events per hour without a defect; > 0
    double rate1 = 0;         // the rate that is worth finding; > rate0
    double false_alarms = 0;  // 0 < false_alarms < 1

    double threshold() const;  // ln(1 / false_alarms)
    double evidence(uint64_t n, double hours) const;
    // The fewest events in so many hours that alarm.
    uint64_t events_to_alarm(double hours) const;
};

class SequentialTest {
  public:
    explicit SequentialTest(TestDesign design) : design_(design) {}

    void watch(double hours) { hours_ += hours; }
    void count(uint64_t events) { events_ += events; }
    double evidence() const { return design_.evidence(events_, hours_); }
    bool alarm() const { return evidence() >= design_.threshold(); }
    uint64_t events() const { return events_; }
    double hours() const { return hours_; }

  private:
    TestDesign design_;
    uint64_t events_ = 0;
    double hours_ = 0;
};

// The smallest rate of additional events (per hour) that so many hours of watching find with this
// chance, by the number of events at their end; what crosses earlier and falls back is left out, so
// the truth is no larger. Hours > 0; 0 < power < 1. It is the r for which a Poisson number of mean
// (rate0 + r) hours reaches events_to_alarm(hours) with this chance, or 0 if rate0 alone does.
double smallest_found(const TestDesign& design, double hours, double power = 0.95);
// The same for a gate that closes at the first event: no design, no background. It is
// -ln(1 - power) / hours, the "rule of three".
double smallest_found_by_gate(double hours, double power = 0.95);

// How many standard deviations a normal value exceeds with this chance: 1.645 for 5 %. 0 < chance
// < 0.5, and no smaller than 1e-300.
double normal_quantile(double chance);

}  // namespace firebreak::cloud
